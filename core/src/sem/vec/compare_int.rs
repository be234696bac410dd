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
