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
