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
