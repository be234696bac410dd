//! Float comparisons: a lane of ones where it holds, of zeros elsewhere.
//!
//! A NaN differs from everything and is ordered with nothing; the zeros are equal.

use super::lanes::zip;
use crate::value::V128;

/// `f32x4.eq`: equal.
#[inline]
pub fn f32x4_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a == b))
}

/// `f32x4.ne`: not equal.
#[inline]
pub fn f32x4_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a != b))
}

/// `f32x4.lt`: less.
#[inline]
pub fn f32x4_lt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a < b))
}

/// `f32x4.gt`: greater.
#[inline]
pub fn f32x4_gt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a > b))
}

/// `f32x4.le`: less or equal.
#[inline]
pub fn f32x4_le(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a <= b))
}

/// `f32x4.ge`: greater or equal.
#[inline]
pub fn f32x4_ge(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a >= b))
}

/// `f64x2.eq`: equal.
#[inline]
pub fn f64x2_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a == b))
}

/// `f64x2.ne`: not equal.
#[inline]
pub fn f64x2_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a != b))
}

/// `f64x2.lt`: less.
#[inline]
pub fn f64x2_lt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a < b))
}

/// `f64x2.gt`: greater.
#[inline]
pub fn f64x2_gt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a > b))
}

/// `f64x2.le`: less or equal.
#[inline]
pub fn f64x2_le(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a <= b))
}

/// `f64x2.ge`: greater or equal.
#[inline]
pub fn f64x2_ge(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a >= b))
}
