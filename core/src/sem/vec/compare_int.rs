//! Integer comparisons: a lane of ones where it holds, of zeros elsewhere.
//!
//! Specification: "Vector instructions", `vrelop`, and "Integer operations".

use super::lanes::zip;
use crate::value::V128;

/// `i8x16.eq`: equal.
#[inline]
pub fn i8x16_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i8, b| -i8::from(a == b))
}

/// `i8x16.ne`: not equal.
#[inline]
pub fn i8x16_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i8, b| -i8::from(a != b))
}

/// `i8x16.lt_s`: less, signed.
#[inline]
pub fn i8x16_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i8, b| -i8::from(a < b))
}

/// `i8x16.lt_u`: less, unsigned.
#[inline]
pub fn i8x16_lt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u8, b| -i8::from(a < b))
}

/// `i8x16.gt_s`: greater, signed.
#[inline]
pub fn i8x16_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i8, b| -i8::from(a > b))
}

/// `i8x16.gt_u`: greater, unsigned.
#[inline]
pub fn i8x16_gt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u8, b| -i8::from(a > b))
}

/// `i8x16.le_s`: less or equal, signed.
#[inline]
pub fn i8x16_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i8, b| -i8::from(a <= b))
}

/// `i8x16.le_u`: less or equal, unsigned.
#[inline]
pub fn i8x16_le_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u8, b| -i8::from(a <= b))
}

/// `i8x16.ge_s`: greater or equal, signed.
#[inline]
pub fn i8x16_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i8, b| -i8::from(a >= b))
}

/// `i8x16.ge_u`: greater or equal, unsigned.
#[inline]
pub fn i8x16_ge_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u8, b| -i8::from(a >= b))
}

/// `i16x8.eq`: equal.
#[inline]
pub fn i16x8_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| -i16::from(a == b))
}

/// `i16x8.ne`: not equal.
#[inline]
pub fn i16x8_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| -i16::from(a != b))
}

/// `i16x8.lt_s`: less, signed.
#[inline]
pub fn i16x8_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| -i16::from(a < b))
}

/// `i16x8.lt_u`: less, unsigned.
#[inline]
pub fn i16x8_lt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u16, b| -i16::from(a < b))
}

/// `i16x8.gt_s`: greater, signed.
#[inline]
pub fn i16x8_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| -i16::from(a > b))
}

/// `i16x8.gt_u`: greater, unsigned.
#[inline]
pub fn i16x8_gt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u16, b| -i16::from(a > b))
}

/// `i16x8.le_s`: less or equal, signed.
#[inline]
pub fn i16x8_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| -i16::from(a <= b))
}

/// `i16x8.le_u`: less or equal, unsigned.
#[inline]
pub fn i16x8_le_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u16, b| -i16::from(a <= b))
}

/// `i16x8.ge_s`: greater or equal, signed.
#[inline]
pub fn i16x8_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| -i16::from(a >= b))
}

/// `i16x8.ge_u`: greater or equal, unsigned.
#[inline]
pub fn i16x8_ge_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u16, b| -i16::from(a >= b))
}

/// `i32x4.eq`: equal.
#[inline]
pub fn i32x4_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i32, b| -i32::from(a == b))
}

/// `i32x4.ne`: not equal.
#[inline]
pub fn i32x4_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i32, b| -i32::from(a != b))
}

/// `i32x4.lt_s`: less, signed.
#[inline]
pub fn i32x4_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i32, b| -i32::from(a < b))
}

/// `i32x4.lt_u`: less, unsigned.
#[inline]
pub fn i32x4_lt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u32, b| -i32::from(a < b))
}

/// `i32x4.gt_s`: greater, signed.
#[inline]
pub fn i32x4_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i32, b| -i32::from(a > b))
}

/// `i32x4.gt_u`: greater, unsigned.
#[inline]
pub fn i32x4_gt_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u32, b| -i32::from(a > b))
}

/// `i32x4.le_s`: less or equal, signed.
#[inline]
pub fn i32x4_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i32, b| -i32::from(a <= b))
}

/// `i32x4.le_u`: less or equal, unsigned.
#[inline]
pub fn i32x4_le_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u32, b| -i32::from(a <= b))
}

/// `i32x4.ge_s`: greater or equal, signed.
#[inline]
pub fn i32x4_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i32, b| -i32::from(a >= b))
}

/// `i32x4.ge_u`: greater or equal, unsigned.
#[inline]
pub fn i32x4_ge_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u32, b| -i32::from(a >= b))
}

/// `i64x2.eq`: equal.
#[inline]
pub fn i64x2_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i64, b| -i64::from(a == b))
}

/// `i64x2.ne`: not equal.
#[inline]
pub fn i64x2_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i64, b| -i64::from(a != b))
}

/// `i64x2.lt_s`: less, signed.
#[inline]
pub fn i64x2_lt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i64, b| -i64::from(a < b))
}

/// `i64x2.gt_s`: greater, signed.
#[inline]
pub fn i64x2_gt_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i64, b| -i64::from(a > b))
}

/// `i64x2.le_s`: less or equal, signed.
#[inline]
pub fn i64x2_le_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i64, b| -i64::from(a <= b))
}

/// `i64x2.ge_s`: greater or equal, signed.
#[inline]
pub fn i64x2_ge_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i64, b| -i64::from(a >= b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn signed_comparisons_put_minus_one_below_zero() {
        let (a, b) = (V128([0xff; 16]), V128([0; 16]));
        let ops = [
            [i8x16_eq, i8x16_ne, i8x16_lt_s, i8x16_gt_s, i8x16_le_s, i8x16_ge_s],
            [i16x8_eq, i16x8_ne, i16x8_lt_s, i16x8_gt_s, i16x8_le_s, i16x8_ge_s],
            [i32x4_eq, i32x4_ne, i32x4_lt_s, i32x4_gt_s, i32x4_le_s, i32x4_ge_s],
            [i64x2_eq, i64x2_ne, i64x2_lt_s, i64x2_gt_s, i64x2_le_s, i64x2_ge_s],
        ];
        for family in ops {
            assert_eq!(family.map(|op| op(a, b) == a), [false, true, true, false, true, false]);
            assert_eq!(family.map(|op| op(a, b) == b), [true, false, false, true, false, true]);
            assert_eq!(family.map(|op| op(a, a) == a), [true, false, false, false, true, true]);
        }
    }

    #[test]
    fn unsigned_comparisons_put_minus_one_above_everything() {
        let (a, b) = (V128([0xff; 16]), V128([0x7f; 16]));
        let ops = [
            [i8x16_lt_u, i8x16_gt_u, i8x16_le_u, i8x16_ge_u],
            [i16x8_lt_u, i16x8_gt_u, i16x8_le_u, i16x8_ge_u],
            [i32x4_lt_u, i32x4_gt_u, i32x4_le_u, i32x4_ge_u],
        ];
        for family in ops {
            assert_eq!(family.map(|op| op(a, b) == a), [false, true, false, true]);
            assert_eq!(family.map(|op| op(a, a) == a), [false, false, true, true]);
        }
    }

    #[test]
    fn lanes_are_compared_one_by_one() {
        let (a, b) = ([1_i32, -5, 7, i32::MIN].into_v128(), [2_i32, -5, -7, i32::MAX].into_v128());
        assert_eq!(i32x4_lt_s(a, b), [-1_i32, 0, 0, -1].into_v128());
        assert_eq!(i32x4_lt_u(a, b), [-1_i32, 0, -1, 0].into_v128());
        let (a, b) = ([i64::MIN, 3].into_v128(), [i64::MAX, 3].into_v128());
        assert_eq!(i64x2_ge_s(a, b), [0_i64, -1].into_v128());
    }
}
