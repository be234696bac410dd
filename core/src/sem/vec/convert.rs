//! Conversions between integer and float lanes, and between float widths.
//!
//! `trunc_sat` rounds toward zero, gives 0 for a NaN and the nearest end of the
//! range for what does not fit, which is what `as` does. Specification:
//! "Conversions" under Numerics.

use super::lanes::{low, map};
use crate::value::V128;

/// `i32x4.trunc_sat_f32x4_s`: to signed integers, saturating.
#[inline]
pub fn i32x4_trunc_sat_f32x4_s(a: V128) -> V128 {
    map(a, |a: f32| a as i32)
}

/// `i32x4.trunc_sat_f32x4_u`: to unsigned integers, saturating.
#[inline]
pub fn i32x4_trunc_sat_f32x4_u(a: V128) -> V128 {
    map(a, |a: f32| a as u32)
}

/// `i32x4.trunc_sat_f64x2_s_zero`: to signed integers, saturating, in the low half; the high is zero.
#[inline]
pub fn i32x4_trunc_sat_f64x2_s_zero(a: V128) -> V128 {
    low(a, |a: f64| a as i32)
}

/// `i32x4.trunc_sat_f64x2_u_zero`: to unsigned integers, saturating, in the low half; the high is zero.
#[inline]
pub fn i32x4_trunc_sat_f64x2_u_zero(a: V128) -> V128 {
    low(a, |a: f64| a as u32)
}

/// `f32x4.convert_i32x4_s`: from signed integers, rounded to nearest.
#[inline]
pub fn f32x4_convert_i32x4_s(a: V128) -> V128 {
    map(a, |a: i32| a as f32)
}

/// `f32x4.convert_i32x4_u`: from unsigned integers, rounded to nearest.
#[inline]
pub fn f32x4_convert_i32x4_u(a: V128) -> V128 {
    map(a, |a: u32| a as f32)
}

/// `f64x2.convert_low_i32x4_s`: from the signed integers in the low half, exactly.
#[inline]
pub fn f64x2_convert_low_i32x4_s(a: V128) -> V128 {
    low(a, |a: i32| a as f64)
}

/// `f64x2.convert_low_i32x4_u`: from the unsigned integers in the low half, exactly.
#[inline]
pub fn f64x2_convert_low_i32x4_u(a: V128) -> V128 {
    low(a, |a: u32| a as f64)
}

/// `f32x4.demote_f64x2_zero`: rounded to nearest, in the low half; the high is zero.
#[inline]
pub fn f32x4_demote_f64x2_zero(a: V128) -> V128 {
    low(a, |a: f64| a as f32)
}

/// `f64x2.promote_low_f32x4`: the low half, exactly.
#[inline]
pub fn f64x2_promote_low_f32x4(a: V128) -> V128 {
    low(a, |a: f32| a as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn truncation_saturates_and_makes_a_nan_zero() {
        let a = [f32::NAN, 1e30, -1e30, -1.9].into_v128();
        assert_eq!(i32x4_trunc_sat_f32x4_s(a), [0, i32::MAX, i32::MIN, -1].into_v128());
        assert_eq!(i32x4_trunc_sat_f32x4_u(a), [0, u32::MAX, 0, 0].into_v128());
        let a = [2147483648.0_f32, 4294967040.0, 2147483520.0, -0.9].into_v128();
        assert_eq!(i32x4_trunc_sat_f32x4_s(a), [i32::MAX, i32::MAX, 2147483520, 0].into_v128());
        assert_eq!(
            i32x4_trunc_sat_f32x4_u(a),
            [0x8000_0000_u32, 0xffff_ff00, 2147483520, 0].into_v128()
        );
    }

    #[test]
    fn truncated_doubles_are_in_the_low_half_under_zeros() {
        let a = [-2147483648.9, f64::INFINITY].into_v128();
        assert_eq!(i32x4_trunc_sat_f64x2_s_zero(a), [i32::MIN, i32::MAX, 0, 0].into_v128());
        let a = [4294967295.9, -1.0].into_v128();
        assert_eq!(i32x4_trunc_sat_f64x2_u_zero(a), [u32::MAX, 0, 0, 0].into_v128());
        let a = [f64::NAN, 3000000000.5].into_v128();
        assert_eq!(i32x4_trunc_sat_f64x2_s_zero(a), [0, i32::MAX, 0, 0].into_v128());
        assert_eq!(i32x4_trunc_sat_f64x2_u_zero(a), [0, 3000000000_u32, 0, 0].into_v128());
    }

    #[test]
    fn integers_become_the_nearest_float() {
        let a = [0x0100_0001, 0x0100_0003, -1, i32::MIN].into_v128();
        let signed = [16777216.0_f32, 16777220.0, -1.0, -2147483648.0].into_v128();
        let unsigned = [16777216.0_f32, 16777220.0, 4294967296.0, 2147483648.0].into_v128();
        assert_eq!((f32x4_convert_i32x4_s(a), f32x4_convert_i32x4_u(a)), (signed, unsigned));
        let a = [-1, i32::MIN, 7, 8].into_v128();
        assert_eq!(f64x2_convert_low_i32x4_s(a), [-1.0, -2147483648.0].into_v128());
        assert_eq!(f64x2_convert_low_i32x4_u(a), [4294967295.0, 2147483648.0].into_v128());
    }

    #[test]
    fn demotion_fills_the_low_half_and_promotion_reads_it() {
        let a = [f64::MAX, -1e-300].into_v128();
        assert_eq!(f32x4_demote_f64x2_zero(a), [f32::INFINITY, -0.0, 0.0, 0.0].into_v128());
        let a = [1e-45_f32, -0.0, 3.0, 4.0].into_v128();
        assert_eq!(
            f64x2_promote_low_f32x4(a),
            [f64::from_bits((1023 - 149) << 52), -0.0].into_v128()
        );
    }
}
