//! 128-bit arithmetic on pairs of 64-bit integers, the low half first (proposal
//! *wide arithmetic*).

/// `i64.add128`
#[inline(always)]
pub const fn i64_add128(a_low: i64, a_high: i64, b_low: i64, b_high: i64) -> (i64, i64) {
    split(join(a_low, a_high).wrapping_add(join(b_low, b_high)))
}

/// `i64.sub128`
#[inline(always)]
pub const fn i64_sub128(a_low: i64, a_high: i64, b_low: i64, b_high: i64) -> (i64, i64) {
    split(join(a_low, a_high).wrapping_sub(join(b_low, b_high)))
}

/// `i64.mul_wide_s`: the whole product of signed numbers.
#[inline(always)]
pub const fn i64_mul_wide_s(a: i64, b: i64) -> (i64, i64) {
    // No product of two 64-bit numbers leaves 128 bits.
    split((a as i128).wrapping_mul(b as i128) as u128)
}

/// `i64.mul_wide_u`: the whole product of unsigned numbers.
#[inline(always)]
pub const fn i64_mul_wide_u(a: i64, b: i64) -> (i64, i64) {
    split((a as u64 as u128).wrapping_mul(b as u64 as u128))
}

#[inline(always)]
const fn join(low: i64, high: i64) -> u128 {
    low as u64 as u128 | (high as u64 as u128) << 64
}

#[inline(always)]
const fn split(value: u128) -> (i64, i64) {
    (value as i64, (value >> 64) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carries_and_borrows_reach_the_high_half() {
        assert_eq!(i64_add128(-1, 0, 1, 0), (0, 1));
        assert_eq!(i64_add128(-1, -1, 1, 0), (0, 0));
        assert_eq!(i64_add128(i64::MIN, i64::MAX, i64::MIN, 0), (0, i64::MIN));
        assert_eq!(i64_sub128(0, 1, 1, 0), (-1, 0));
        assert_eq!(i64_sub128(0, 0, 1, 0), (-1, -1));
    }

    #[test]
    fn products_keep_all_128_bits_and_their_sign() {
        assert_eq!(i64_mul_wide_u(-1, -1), (1, -2));
        assert_eq!(i64_mul_wide_s(-1, -1), (1, 0));
        assert_eq!(i64_mul_wide_s(i64::MIN, i64::MIN), (0, 1 << 62));
        assert_eq!(i64_mul_wide_s(i64::MIN, 1), (i64::MIN, -1));
        assert_eq!(i64_mul_wide_u(i64::MIN, 2), (0, 1));
    }
}
