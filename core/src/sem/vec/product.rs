//! Products and sums in lanes twice as wide as the operands', so that they fit.
//!
//! Specification: "Vector instructions", `vextunop` and `vextbinop`.

use super::lanes::{pairs, zip_high, zip_low, zip_pairs};
use crate::value::V128;

/// `i16x8.extmul_low_i8x16_s`: products of the low halves, signed.
#[inline]
pub fn i16x8_extmul_low_i8x16_s(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: i8, b| a as i16 * b as i16)
}

/// `i16x8.extmul_low_i8x16_u`: products of the low halves, unsigned.
#[inline]
pub fn i16x8_extmul_low_i8x16_u(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: u8, b| a as u16 * b as u16)
}

/// `i16x8.extmul_high_i8x16_s`: products of the high halves, signed.
#[inline]
pub fn i16x8_extmul_high_i8x16_s(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: i8, b| a as i16 * b as i16)
}

/// `i16x8.extmul_high_i8x16_u`: products of the high halves, unsigned.
#[inline]
pub fn i16x8_extmul_high_i8x16_u(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: u8, b| a as u16 * b as u16)
}

/// `i32x4.extmul_low_i16x8_s`: products of the low halves, signed.
#[inline]
pub fn i32x4_extmul_low_i16x8_s(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: i16, b| a as i32 * b as i32)
}

/// `i32x4.extmul_low_i16x8_u`: products of the low halves, unsigned.
#[inline]
pub fn i32x4_extmul_low_i16x8_u(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: u16, b| a as u32 * b as u32)
}

/// `i32x4.extmul_high_i16x8_s`: products of the high halves, signed.
#[inline]
pub fn i32x4_extmul_high_i16x8_s(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: i16, b| a as i32 * b as i32)
}

/// `i32x4.extmul_high_i16x8_u`: products of the high halves, unsigned.
#[inline]
pub fn i32x4_extmul_high_i16x8_u(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: u16, b| a as u32 * b as u32)
}

/// `i64x2.extmul_low_i32x4_s`: products of the low halves, signed.
#[inline]
pub fn i64x2_extmul_low_i32x4_s(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: i32, b| a as i64 * b as i64)
}

/// `i64x2.extmul_low_i32x4_u`: products of the low halves, unsigned.
#[inline]
pub fn i64x2_extmul_low_i32x4_u(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: u32, b| a as u64 * b as u64)
}

/// `i64x2.extmul_high_i32x4_s`: products of the high halves, signed.
#[inline]
pub fn i64x2_extmul_high_i32x4_s(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: i32, b| a as i64 * b as i64)
}

/// `i64x2.extmul_high_i32x4_u`: products of the high halves, unsigned.
#[inline]
pub fn i64x2_extmul_high_i32x4_u(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: u32, b| a as u64 * b as u64)
}

/// `i16x8.extadd_pairwise_i8x16_s`: sums of neighbours, signed.
#[inline]
pub fn i16x8_extadd_pairwise_i8x16_s(a: V128) -> V128 {
    pairs(a, |a: i8, b: i8| a as i16 + b as i16)
}

/// `i16x8.extadd_pairwise_i8x16_u`: sums of neighbours, unsigned.
#[inline]
pub fn i16x8_extadd_pairwise_i8x16_u(a: V128) -> V128 {
    pairs(a, |a: u8, b: u8| a as u16 + b as u16)
}

/// `i32x4.extadd_pairwise_i16x8_s`: sums of neighbours, signed.
#[inline]
pub fn i32x4_extadd_pairwise_i16x8_s(a: V128) -> V128 {
    pairs(a, |a: i16, b: i16| a as i32 + b as i32)
}

/// `i32x4.extadd_pairwise_i16x8_u`: sums of neighbours, unsigned.
#[inline]
pub fn i32x4_extadd_pairwise_i16x8_u(a: V128) -> V128 {
    pairs(a, |a: u16, b: u16| a as u32 + b as u32)
}

/// `i32x4.dot_i16x8_s`: sums of two neighbouring products, signed; only four times the
/// least lane wraps.
#[inline]
pub fn i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 {
    zip_pairs(a, b, |a: [i16; 2], b: [i16; 2]| {
        (a[0] as i32 * b[0] as i32).wrapping_add(a[1] as i32 * b[1] as i32)
    })
}
