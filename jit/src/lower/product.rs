//! Products, quotients and remainders by constants that are a power of two and one: what
//! is multiplied back is a sum, which takes one cycle where a multiplication takes three.

use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Lower;

const I32: Type = types::I32;
const I64: Type = types::I64;

/// A constant by which is multiplied and divided.
struct Factor {
    value: u64,
    /// It is one more than two to this power, by which an address is scaled as well.
    power: i64,
    /// Divides every 32-bit number: the product with the first, shifted by the second.
    reciprocal: (u32, i64),
}

const FACTORS: [Factor; 3] = [
    Factor { value: 3, power: 1, reciprocal: (0xaaaa_aaab, 33) },
    Factor { value: 5, power: 2, reciprocal: (0xcccc_cccd, 34) },
    Factor { value: 9, power: 3, reciprocal: (0x38e3_8e39, 33) },
];

impl Lower<'_> {
    /// A product.
    pub(super) fn product(&mut self, a: Value, b: Value) -> Value {
        for (a, b) in [(a, b), (b, a)] {
            if let Some(factor) = self.factor(b) {
                return self.multiple(a, factor);
            }
        }
        self.builder.ins().imul(a, b)
    }

    /// An unsigned quotient.
    pub(super) fn quotient(&mut self, a: Value, b: Value) -> Value {
        match self.factor(b).filter(|_| self.builder.func.dfg.value_type(a) == I32) {
            Some(factor) => self.part(a, factor),
            None => self.builder.ins().udiv(a, b),
        }
    }

    /// An unsigned remainder.
    pub(super) fn remainder(&mut self, a: Value, b: Value) -> Value {
        match self.factor(b).filter(|_| self.builder.func.dfg.value_type(a) == I32) {
            Some(factor) => {
                let quotient = self.part(a, factor);
                let whole = self.multiple(quotient, factor);
                self.builder.ins().isub(a, whole)
            }
            None => self.builder.ins().urem(a, b),
        }
    }

    fn factor(&self, value: Value) -> Option<&'static Factor> {
        let constant = self.constant_of(value).filter(|_| self.env.optimisations.cheap_products)?;
        FACTORS.iter().find(|factor| factor.value == constant)
    }

    fn multiple(&mut self, value: Value, factor: &Factor) -> Value {
        let shifted = self.builder.ins().ishl_imm_u(value, factor.power);
        self.builder.ins().iadd(value, shifted)
    }

    /// A 32-bit quotient, from a 64-bit product: the high half of a 32-bit product, which
    /// the code generator takes, comes a cycle later.
    fn part(&mut self, value: Value, factor: &Factor) -> Value {
        let (reciprocal, shift) = factor.reciprocal;
        let value = self.builder.ins().uextend(I64, value);
        let reciprocal = self.builder.ins().iconst(I64, i64::from(reciprocal));
        let product = self.builder.ins().imul(value, reciprocal);
        let quotient = self.builder.ins().ushr_imm_u(product, shift);
        self.builder.ins().ireduce(I32, quotient)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_sums_and_their_reciprocals_divide_every_number() {
        for Factor { value, power, reciprocal: (reciprocal, shift) } in FACTORS {
            assert_eq!(value, (1 << power) + 1);
            // A number below 2^32 times the reciprocal is the quotient's 2^shift and less
            // than one more of them.
            let excess = u128::from(reciprocal) * u128::from(value) - (1_u128 << shift);
            assert!(excess << 32 <= 1_u128 << shift, "{value}");
        }
    }
}
