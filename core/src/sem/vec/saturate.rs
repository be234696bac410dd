//! Arithmetic that stays in the lane's range: saturating sums, averages, and
//! products of fixed-point fractions.
//!
//! Specification: "Integer operations" under Numerics.

use super::lanes::zip;
use crate::value::V128;

/// `i8x16.add_sat_s`: sums, clamped to the signed range.
#[inline]
pub fn i8x16_add_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i8::saturating_add)
}

/// `i8x16.add_sat_u`: sums, clamped to the unsigned range.
#[inline]
pub fn i8x16_add_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u8::saturating_add)
}

/// `i8x16.sub_sat_s`: differences, clamped to the signed range.
#[inline]
pub fn i8x16_sub_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i8::saturating_sub)
}

/// `i8x16.sub_sat_u`: differences, clamped to the unsigned range.
#[inline]
pub fn i8x16_sub_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u8::saturating_sub)
}

/// `i8x16.avgr_u`: averages of unsigned lanes, halves rounded up.
#[inline]
pub fn i8x16_avgr_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u8, b| ((a as u16 + b as u16 + 1) >> 1) as u8)
}

/// `i16x8.add_sat_s`: sums, clamped to the signed range.
#[inline]
pub fn i16x8_add_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i16::saturating_add)
}

/// `i16x8.add_sat_u`: sums, clamped to the unsigned range.
#[inline]
pub fn i16x8_add_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u16::saturating_add)
}

/// `i16x8.sub_sat_s`: differences, clamped to the signed range.
#[inline]
pub fn i16x8_sub_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, i16::saturating_sub)
}

/// `i16x8.sub_sat_u`: differences, clamped to the unsigned range.
#[inline]
pub fn i16x8_sub_sat_u(a: V128, b: V128) -> V128 {
    zip(a, b, u16::saturating_sub)
}

/// `i16x8.avgr_u`: averages of unsigned lanes, halves rounded up.
#[inline]
pub fn i16x8_avgr_u(a: V128, b: V128) -> V128 {
    zip(a, b, |a: u16, b| ((a as u32 + b as u32 + 1) >> 1) as u16)
}

/// `i16x8.q15mulr_sat_s`: products of fractions of 2^15, rounded to nearest; -1 times -1,
/// which does not fit, gives the greatest fraction.
#[inline]
pub fn i16x8_q15mulr_sat_s(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| ((a as i32 * b as i32 + 0x4000) >> 15).min(i16::MAX as i32) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn sums_and_differences_of_bytes_are_clamped() {
        for (x, y) in (0..=255_u8).flat_map(|x| (0..=255_u8).map(move |y| (x, y))) {
            let (a, b) = (V128([x; 16]), V128([y; 16]));
            let (u, v) = (x as i32, y as i32);
            let (s, t) = (x as i8 as i32, y as i8 as i32);
            assert_eq!(i8x16_add_sat_u(a, b).0[3], (u + v).min(255) as u8);
            assert_eq!(i8x16_sub_sat_u(a, b).0[4], (u - v).max(0) as u8);
            assert_eq!(i8x16_add_sat_s(a, b).0[5], (s + t).clamp(-128, 127) as u8);
            assert_eq!(i8x16_sub_sat_s(a, b).0[6], (s - t).clamp(-128, 127) as u8);
            assert_eq!(i8x16_avgr_u(a, b).0[7], ((u + v + 1) / 2) as u8);
        }
    }

    #[test]
    fn sums_and_differences_of_16_bits_are_clamped() {
        let a = [i16::MAX, i16::MIN, -1, 0, i16::MIN, 5, 0x7000, -1].into_v128();
        let b = [1_i16, -1, -1, i16::MIN, i16::MIN, -9, 0x1000, 1].into_v128();
        let results = [i16x8_add_sat_s, i16x8_sub_sat_s, i16x8_add_sat_u, i16x8_sub_sat_u];
        let found = results.map(|op| <[i16; 8]>::from_v128(op(a, b)));
        let (max, min) = (i16::MAX, i16::MIN);
        let expected = [
            [max, min, -2, min, min, -4, max, 0],
            [max - 1, min + 1, 0, max, 0, 14, 0x6000, -2],
            [min, -1, -1, min, -1, -4, min, -1],
            [max - 1, 0, 0, 0, 0, 0, 0x6000, -2],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn an_average_rounds_up_and_does_not_overflow() {
        assert_eq!(i8x16_avgr_u(V128([0x80; 16]), V128([0xff; 16])), V128([0xc0; 16]));
        let (a, b) = ([0xffff_u16; 8].into_v128(), [0xfffe_u16; 8].into_v128());
        assert_eq!(i16x8_avgr_u(a, b), [0xffff_u16; 8].into_v128());
        assert_eq!(
            i16x8_avgr_u([0_u16; 8].into_v128(), [1_u16; 8].into_v128()),
            [1_u16; 8].into_v128()
        );
    }

    #[test]
    fn a_product_of_fractions_rounds_and_saturates() {
        let a = [i16::MIN, i16::MIN, i16::MAX, 0x4000, 1, 1, -1, i16::MIN].into_v128();
        let b =
            [i16::MIN, i16::MAX, i16::MAX, 0x4000, 0x4000, 0x3fff, 0x4000, -i16::MAX].into_v128();
        let expected = [i16::MAX, -i16::MAX, 0x7ffe, 0x2000, 1, 0, 0, i16::MAX].into_v128();
        assert_eq!(i16x8_q15mulr_sat_s(a, b), expected);
    }
}
