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
