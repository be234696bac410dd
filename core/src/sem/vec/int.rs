//! Integer arithmetic, lane by lane. Everything wraps, in debug builds too.
//!
//! Specification: "Integer operations" under Numerics.

use super::lanes::{map, zip};
use crate::value::V128;

/// `i8x16.abs`: magnitudes; the least lane stays as it is.
#[inline]
pub fn i8x16_abs(a: V128) -> V128 {
    map(a, i8::wrapping_abs)
}

/// `i8x16.neg`: negated lanes, wrapping.
#[inline]
pub fn i8x16_neg(a: V128) -> V128 {
    map(a, i8::wrapping_neg)
}

/// `i8x16.popcnt`: the number of one bits in each lane.
#[inline]
pub fn i8x16_popcnt(a: V128) -> V128 {
    map(a, |a: u8| a.count_ones() as u8)
}

/// `i8x16.add`: sums, wrapping.
#[inline]
pub fn i8x16_add(a: V128, b: V128) -> V128 {
    zip(a, b, i8::wrapping_add)
}

/// `i8x16.sub`: differences, wrapping.
#[inline]
pub fn i8x16_sub(a: V128, b: V128) -> V128 {
    zip(a, b, i8::wrapping_sub)
}

/// `i8x16.min_s`: the smaller, signed.
#[inline]
pub fn i8x16_min_s(a: V128, b: V128) -> V128 {
    zip(a, b, i8::min)
}

/// `i8x16.min_u`: the smaller, unsigned.
#[inline]
pub fn i8x16_min_u(a: V128, b: V128) -> V128 {
    zip(a, b, u8::min)
}

/// `i8x16.max_s`: the larger, signed.
#[inline]
pub fn i8x16_max_s(a: V128, b: V128) -> V128 {
    zip(a, b, i8::max)
}

/// `i8x16.max_u`: the larger, unsigned.
#[inline]
pub fn i8x16_max_u(a: V128, b: V128) -> V128 {
    zip(a, b, u8::max)
}

/// `i16x8.abs`: magnitudes; the least lane stays as it is.
#[inline]
pub fn i16x8_abs(a: V128) -> V128 {
    map(a, i16::wrapping_abs)
}

/// `i16x8.neg`: negated lanes, wrapping.
#[inline]
pub fn i16x8_neg(a: V128) -> V128 {
    map(a, i16::wrapping_neg)
}

/// `i16x8.add`: sums, wrapping.
#[inline]
pub fn i16x8_add(a: V128, b: V128) -> V128 {
    zip(a, b, i16::wrapping_add)
}

/// `i16x8.sub`: differences, wrapping.
#[inline]
pub fn i16x8_sub(a: V128, b: V128) -> V128 {
    zip(a, b, i16::wrapping_sub)
}

/// `i16x8.mul`: products, wrapping.
#[inline]
pub fn i16x8_mul(a: V128, b: V128) -> V128 {
    zip(a, b, i16::wrapping_mul)
}

/// `i16x8.min_s`: the smaller, signed.
#[inline]
pub fn i16x8_min_s(a: V128, b: V128) -> V128 {
    zip(a, b, i16::min)
}

/// `i16x8.min_u`: the smaller, unsigned.
#[inline]
pub fn i16x8_min_u(a: V128, b: V128) -> V128 {
    zip(a, b, u16::min)
}

/// `i16x8.max_s`: the larger, signed.
#[inline]
pub fn i16x8_max_s(a: V128, b: V128) -> V128 {
    zip(a, b, i16::max)
}

/// `i16x8.max_u`: the larger, unsigned.
#[inline]
pub fn i16x8_max_u(a: V128, b: V128) -> V128 {
    zip(a, b, u16::max)
}

/// `i32x4.abs`: magnitudes; the least lane stays as it is.
#[inline]
pub fn i32x4_abs(a: V128) -> V128 {
    map(a, i32::wrapping_abs)
}

/// `i32x4.neg`: negated lanes, wrapping.
#[inline]
pub fn i32x4_neg(a: V128) -> V128 {
    map(a, i32::wrapping_neg)
}

/// `i32x4.add`: sums, wrapping.
#[inline]
pub fn i32x4_add(a: V128, b: V128) -> V128 {
    zip(a, b, i32::wrapping_add)
}

/// `i32x4.sub`: differences, wrapping.
#[inline]
pub fn i32x4_sub(a: V128, b: V128) -> V128 {
    zip(a, b, i32::wrapping_sub)
}

/// `i32x4.mul`: products, wrapping.
#[inline]
pub fn i32x4_mul(a: V128, b: V128) -> V128 {
    zip(a, b, i32::wrapping_mul)
}

/// `i32x4.min_s`: the smaller, signed.
#[inline]
pub fn i32x4_min_s(a: V128, b: V128) -> V128 {
    zip(a, b, i32::min)
}

/// `i32x4.min_u`: the smaller, unsigned.
#[inline]
pub fn i32x4_min_u(a: V128, b: V128) -> V128 {
    zip(a, b, u32::min)
}

/// `i32x4.max_s`: the larger, signed.
#[inline]
pub fn i32x4_max_s(a: V128, b: V128) -> V128 {
    zip(a, b, i32::max)
}

/// `i32x4.max_u`: the larger, unsigned.
#[inline]
pub fn i32x4_max_u(a: V128, b: V128) -> V128 {
    zip(a, b, u32::max)
}

/// `i64x2.abs`: magnitudes; the least lane stays as it is.
#[inline]
pub fn i64x2_abs(a: V128) -> V128 {
    map(a, i64::wrapping_abs)
}

/// `i64x2.neg`: negated lanes, wrapping.
#[inline]
pub fn i64x2_neg(a: V128) -> V128 {
    map(a, i64::wrapping_neg)
}

/// `i64x2.add`: sums, wrapping.
#[inline]
pub fn i64x2_add(a: V128, b: V128) -> V128 {
    zip(a, b, i64::wrapping_add)
}

/// `i64x2.sub`: differences, wrapping.
#[inline]
pub fn i64x2_sub(a: V128, b: V128) -> V128 {
    zip(a, b, i64::wrapping_sub)
}

/// `i64x2.mul`: products, wrapping.
#[inline]
pub fn i64x2_mul(a: V128, b: V128) -> V128 {
    zip(a, b, i64::wrapping_mul)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn everything_wraps() {
        let least = V128([0x80; 16]);
        assert_eq!(i8x16_abs(least), least);
        assert_eq!(i8x16_neg(least), least);
        assert_eq!(i16x8_abs([i16::MIN; 8].into_v128()), [i16::MIN; 8].into_v128());
        assert_eq!(i32x4_neg([i32::MIN; 4].into_v128()), [i32::MIN; 4].into_v128());
        assert_eq!(i64x2_abs([i64::MIN, -7].into_v128()), [i64::MIN, 7].into_v128());
        assert_eq!(i8x16_add(least, least), V128([0; 16]));
        assert_eq!(
            i16x8_sub([i16::MIN; 8].into_v128(), [1_i16; 8].into_v128()),
            [i16::MAX; 8].into_v128()
        );
        assert_eq!(
            i16x8_mul([0x100_i16; 8].into_v128(), [0x101_i16; 8].into_v128()),
            [0x100_i16; 8].into_v128()
        );
        assert_eq!(
            i32x4_mul([-1; 4].into_v128(), [i32::MIN; 4].into_v128()),
            [i32::MIN; 4].into_v128()
        );
        assert_eq!(
            i64x2_mul([i64::MAX, 3].into_v128(), [2_i64, -5].into_v128()),
            [-2_i64, -15].into_v128()
        );
    }

    #[test]
    fn carries_stay_in_their_lane() {
        let (a, b) = (V128([0xff; 16]), V128([1; 16]));
        assert_eq!(i8x16_add(a, b), V128([0; 16]));
        assert_eq!(i16x8_add(a, b), [0x0100_i16; 8].into_v128());
        assert_eq!(i32x4_add(a, b), [0x0101_0100; 4].into_v128());
        assert_eq!(i64x2_add(a, b), [0x0101_0101_0101_0100_i64; 2].into_v128());
        assert_eq!(i64x2_sub(b, a), [0x0101_0101_0101_0102_i64; 2].into_v128());
        assert_eq!(i32x4_sub(b, a), [0x0101_0102; 4].into_v128());
        assert_eq!(i8x16_sub(b, a), V128([2; 16]));
    }

    #[test]
    fn minimum_and_maximum_see_the_sign_only_if_signed() {
        let (a, b) = (V128([0x80; 16]), V128([0x7f; 16]));
        let smaller =
            [i8x16_min_s, i16x8_min_s, i32x4_min_s, i8x16_max_u, i16x8_max_u, i32x4_max_u];
        assert_eq!(smaller.map(|op| op(a, b)), [a; 6]);
        assert_eq!(smaller.map(|op| op(b, a)), [a; 6]);
        let larger = [i8x16_max_s, i16x8_max_s, i32x4_max_s, i8x16_min_u, i16x8_min_u, i32x4_min_u];
        assert_eq!(larger.map(|op| op(a, b)), [b; 6]);
        assert_eq!(larger.map(|op| op(b, a)), [b; 6]);
    }

    #[test]
    fn popcnt_counts_each_byte() {
        let bytes = [0, 1, 3, 7, 15, 31, 63, 127, 255, 0x80, 0xaa, 0x55, 0x10, 0xfe, 0x81, 0x18];
        let counts = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1, 4, 4, 1, 7, 2, 2];
        assert_eq!(i8x16_popcnt(V128(bytes)), V128(counts));
    }

    #[test]
    fn magnitudes_and_negations_are_those_of_each_lane() {
        assert_eq!(i32x4_abs([-1, 0, 5, i32::MAX].into_v128()), [1, 0, 5, i32::MAX].into_v128());
        assert_eq!(
            i16x8_neg([1_i16, -1, 0, 7, 8, -8, 9, -9].into_v128()),
            [-1_i16, 1, 0, -7, -8, 8, -9, 9].into_v128()
        );
        assert_eq!(i64x2_neg([1_i64, -9].into_v128()), [-1_i64, 9].into_v128());
    }
}
