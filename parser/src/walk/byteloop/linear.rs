//! Sums of locals, each times a constant, modulo 2^32.

/// How many locals a sum may have.
const MAX_TERMS: usize = 3;

/// A constant plus locals times factors. Equal sums are equal values of this type.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Linear {
    pub(super) constant: u32,
    /// Locals in ascending order and their factors, which are not zero.
    terms: [(u32, u32); MAX_TERMS],
    len: u8,
}

impl Linear {
    pub(super) fn constant(constant: u32) -> Linear {
        Linear { constant, ..Linear::default() }
    }

    pub(super) fn local(local: u32) -> Linear {
        let mut sum = Linear { len: 1, ..Linear::default() };
        sum.terms[0] = (local, 1);
        sum
    }

    pub(super) fn terms(&self) -> &[(u32, u32)] {
        &self.terms[..usize::from(self.len)]
    }

    /// The value if there is no local in it.
    pub(super) fn as_constant(&self) -> Option<u32> {
        self.terms().is_empty().then_some(self.constant)
    }

    /// The sum of both, unless it has too many locals.
    pub(super) fn add(self, other: Linear) -> Option<Linear> {
        let mut sum = self;
        sum.constant = sum.constant.wrapping_add(other.constant);
        for &(local, factor) in other.terms() {
            sum.add_term(local, factor)?;
        }
        Some(sum)
    }

    fn add_term(&mut self, local: u32, factor: u32) -> Option<()> {
        let len = usize::from(self.len);
        let at = self.terms().partition_point(|&(other, _)| other < local);
        match self.terms[..len].get_mut(at) {
            Some((other, sum)) if *other == local => {
                *sum = sum.wrapping_add(factor);
                if *sum == 0 {
                    self.terms.copy_within(at + 1..len, at);
                    self.terms[len - 1] = (0, 0);
                    self.len -= 1;
                }
            }
            _ if factor == 0 => {}
            _ if len == MAX_TERMS => return None,
            _ => {
                self.terms.copy_within(at..len, at + 1);
                self.terms[at] = (local, factor);
                self.len += 1;
            }
        }
        Some(())
    }

    pub(super) fn sub(self, other: Linear) -> Option<Linear> {
        self.add(other.times(u32::MAX)?)
    }

    pub(super) fn times(self, factor: u32) -> Option<Linear> {
        let mut product = Linear::constant(self.constant.wrapping_mul(factor));
        for &(local, old) in self.terms() {
            product.add_term(local, old.wrapping_mul(factor))?;
        }
        Some(product)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sums_are_equal_values() {
        let [a, b, c] = [Linear::local(5), Linear::local(1), Linear::constant(7)];
        let left = a.add(b).unwrap().add(c).unwrap();
        let right = c.add(b).unwrap().add(a).unwrap();
        assert_eq!(left, right);
        assert_eq!(left.sub(a).unwrap(), b.add(c).unwrap());
        assert_eq!(left.sub(right).unwrap(), Linear::default());
        let double = a.times(2).unwrap();
        assert_eq!(double, a.add(a).unwrap());
        assert_eq!(double.times(1 << 31).unwrap().as_constant(), Some(0));
    }

    #[test]
    fn a_sum_of_four_locals_is_refused() {
        let sum = |locals: &[u32]| {
            let mut locals = locals.iter().map(|&local| Linear::local(local));
            locals.try_fold(Linear::default(), Linear::add)
        };
        assert_eq!(sum(&[1, 2, 3, 4]), None);
        assert!(sum(&[3, 2, 1, 3]).is_some_and(|sum| sum.terms() == [(1, 1), (2, 1), (3, 2)]));
    }
}
