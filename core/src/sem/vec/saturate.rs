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
