//! What atomic read-modify-writes leave in memory (proposal *threads*), on 64 bits:
//! narrower accesses keep the low ones.

/// `rmw.add`
#[inline(always)]
pub const fn atomic_add(old: u64, operand: u64) -> u64 {
    old.wrapping_add(operand)
}

/// `rmw.sub`
#[inline(always)]
pub const fn atomic_sub(old: u64, operand: u64) -> u64 {
    old.wrapping_sub(operand)
}

/// `rmw.and`
#[inline(always)]
pub const fn atomic_and(old: u64, operand: u64) -> u64 {
    old & operand
}

/// `rmw.or`
#[inline(always)]
pub const fn atomic_or(old: u64, operand: u64) -> u64 {
    old | operand
}

/// `rmw.xor`
#[inline(always)]
pub const fn atomic_xor(old: u64, operand: u64) -> u64 {
    old ^ operand
}

/// `rmw.xchg`
#[inline(always)]
pub const fn atomic_xchg(_: u64, operand: u64) -> u64 {
    operand
}

/// `rmw.cmpxchg`: `expected` is as wide as `old`.
#[inline(always)]
pub const fn atomic_cmpxchg(old: u64, expected: u64, replacement: u64) -> u64 {
    if old == expected { replacement } else { old }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_wrap_and_only_the_expected_is_replaced() {
        assert_eq!((atomic_add(u64::MAX, 2), atomic_sub(0, 1)), (1, u64::MAX));
        assert_eq!((atomic_and(6, 3), atomic_or(6, 3), atomic_xor(6, 3)), (2, 7, 5));
        assert_eq!(atomic_xchg(1, 2), 2);
        assert_eq!((atomic_cmpxchg(1, 1, 2), atomic_cmpxchg(1, 0, 2)), (2, 1));
    }
}
