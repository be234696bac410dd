//! Lanes made twice as wide, or half as wide with saturation.
//!
//! Specification: "Vector instructions", `vcvtop` and `narrow`.

use super::lanes::{high, join, low};
use crate::value::V128;

/// `i16x8.extend_low_i8x16_s`: the low half, sign-extended.
#[inline]
pub fn i16x8_extend_low_i8x16_s(a: V128) -> V128 {
    low(a, |a: i8| a as i16)
}

/// `i16x8.extend_low_i8x16_u`: the low half, zero-extended.
#[inline]
pub fn i16x8_extend_low_i8x16_u(a: V128) -> V128 {
    low(a, |a: u8| a as u16)
}

/// `i16x8.extend_high_i8x16_s`: the high half, sign-extended.
#[inline]
pub fn i16x8_extend_high_i8x16_s(a: V128) -> V128 {
    high(a, |a: i8| a as i16)
}

/// `i16x8.extend_high_i8x16_u`: the high half, zero-extended.
#[inline]
pub fn i16x8_extend_high_i8x16_u(a: V128) -> V128 {
    high(a, |a: u8| a as u16)
}

/// `i32x4.extend_low_i16x8_s`: the low half, sign-extended.
#[inline]
pub fn i32x4_extend_low_i16x8_s(a: V128) -> V128 {
    low(a, |a: i16| a as i32)
}

/// `i32x4.extend_low_i16x8_u`: the low half, zero-extended.
#[inline]
pub fn i32x4_extend_low_i16x8_u(a: V128) -> V128 {
    low(a, |a: u16| a as u32)
}

/// `i32x4.extend_high_i16x8_s`: the high half, sign-extended.
#[inline]
pub fn i32x4_extend_high_i16x8_s(a: V128) -> V128 {
    high(a, |a: i16| a as i32)
}

/// `i32x4.extend_high_i16x8_u`: the high half, zero-extended.
#[inline]
pub fn i32x4_extend_high_i16x8_u(a: V128) -> V128 {
    high(a, |a: u16| a as u32)
}

/// `i64x2.extend_low_i32x4_s`: the low half, sign-extended.
#[inline]
pub fn i64x2_extend_low_i32x4_s(a: V128) -> V128 {
    low(a, |a: i32| a as i64)
}

/// `i64x2.extend_low_i32x4_u`: the low half, zero-extended.
#[inline]
pub fn i64x2_extend_low_i32x4_u(a: V128) -> V128 {
    low(a, |a: u32| a as u64)
}

/// `i64x2.extend_high_i32x4_s`: the high half, sign-extended.
#[inline]
pub fn i64x2_extend_high_i32x4_s(a: V128) -> V128 {
    high(a, |a: i32| a as i64)
}

/// `i64x2.extend_high_i32x4_u`: the high half, zero-extended.
#[inline]
pub fn i64x2_extend_high_i32x4_u(a: V128) -> V128 {
    high(a, |a: u32| a as u64)
}

/// `i8x16.narrow_i16x8_s`: signed lanes of `a`, then of `b`, clamped to the signed range.
#[inline]
pub fn i8x16_narrow_i16x8_s(a: V128, b: V128) -> V128 {
    join(a, b, |a: i16| a.clamp(i8::MIN as i16, i8::MAX as i16) as i8)
}

/// `i8x16.narrow_i16x8_u`: signed lanes of `a`, then of `b`, clamped to the unsigned range.
#[inline]
pub fn i8x16_narrow_i16x8_u(a: V128, b: V128) -> V128 {
    join(a, b, |a: i16| a.clamp(0, u8::MAX as i16) as u8)
}

/// `i16x8.narrow_i32x4_s`: signed lanes of `a`, then of `b`, clamped to the signed range.
#[inline]
pub fn i16x8_narrow_i32x4_s(a: V128, b: V128) -> V128 {
    join(a, b, |a: i32| a.clamp(i16::MIN as i32, i16::MAX as i32) as i16)
}

/// `i16x8.narrow_i32x4_u`: signed lanes of `a`, then of `b`, clamped to the unsigned range.
#[inline]
pub fn i16x8_narrow_i32x4_u(a: V128, b: V128) -> V128 {
    join(a, b, |a: i32| a.clamp(0, u16::MAX as i32) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn a_half_is_extended_by_sign_or_by_zeros() {
        let bytes = [-1_i8, -128, 127, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 127, -128].into_v128();
        let low_s = [-1_i16, -128, 127, 3, 4, 5, 6, 7].into_v128();
        let low_u = [255_i16, 128, 127, 3, 4, 5, 6, 7].into_v128();
        assert_eq!(
            (i16x8_extend_low_i8x16_s(bytes), i16x8_extend_low_i8x16_u(bytes)),
            (low_s, low_u)
        );
        let high_s = [8_i16, 9, 10, 11, 12, 13, 127, -128].into_v128();
        let high_u = [8_i16, 9, 10, 11, 12, 13, 127, 128].into_v128();
        assert_eq!(
            (i16x8_extend_high_i8x16_s(bytes), i16x8_extend_high_i8x16_u(bytes)),
            (high_s, high_u)
        );
        let lanes = [-1_i16, 2, 3, 4, 5, 6, 7, i16::MIN].into_v128();
        assert_eq!(i32x4_extend_low_i16x8_s(lanes), [-1, 2, 3, 4].into_v128());
        assert_eq!(i32x4_extend_low_i16x8_u(lanes), [0xffff, 2, 3, 4].into_v128());
        assert_eq!(i32x4_extend_high_i16x8_s(lanes), [5, 6, 7, -0x8000].into_v128());
        assert_eq!(i32x4_extend_high_i16x8_u(lanes), [5, 6, 7, 0x8000].into_v128());
        let lanes = [-1, 2, 3, i32::MIN].into_v128();
        assert_eq!(i64x2_extend_low_i32x4_s(lanes), [-1_i64, 2].into_v128());
        assert_eq!(i64x2_extend_low_i32x4_u(lanes), [0xffff_ffff_i64, 2].into_v128());
        assert_eq!(i64x2_extend_high_i32x4_s(lanes), [3_i64, -0x8000_0000].into_v128());
        assert_eq!(i64x2_extend_high_i32x4_u(lanes), [3_i64, 0x8000_0000].into_v128());
    }

    #[test]
    fn narrowing_reads_signed_lanes_and_clamps_to_the_range_of_the_result() {
        let a = [i16::MIN, -129, -128, -1, 0, 127, 128, i16::MAX].into_v128();
        let b = [255_i16, 256, 1, 2, 3, 4, 5, 6].into_v128();
        let signed = [-128_i8, -128, -128, -1, 0, 127, 127, 127, 127, 127, 1, 2, 3, 4, 5, 6];
        let unsigned = [0_u8, 0, 0, 0, 0, 127, 128, 255, 255, 255, 1, 2, 3, 4, 5, 6];
        assert_eq!(i8x16_narrow_i16x8_s(a, b), signed.into_v128());
        assert_eq!(i8x16_narrow_i16x8_u(a, b), unsigned.into_v128());
        let (a, b) = (
            [i32::MIN, -0x8001, -1, 0].into_v128(),
            [0x7fff, 0x8000, 0xffff, i32::MAX].into_v128(),
        );
        let signed = [i16::MIN, i16::MIN, -1, 0, i16::MAX, i16::MAX, i16::MAX, i16::MAX];
        let unsigned = [0_u16, 0, 0, 0, 0x7fff, 0x8000, 0xffff, 0xffff];
        assert_eq!(i16x8_narrow_i32x4_s(a, b), signed.into_v128());
        assert_eq!(i16x8_narrow_i32x4_u(a, b), unsigned.into_v128());
    }
}
