//! Float arithmetic: each lane as the scalar instruction does it.
//!
//! `pmin` and `pmax` are comparison and choice, so they give one operand bit for
//! bit: a NaN only where `a` is one, and `a` where both are zeros. Specification:
//! "Floating-point operations" under Numerics.

use super::lanes::{map, zip};
use crate::sem;
use crate::value::V128;

/// `f32x4.abs`: clears the sign bits.
#[inline]
pub fn f32x4_abs(a: V128) -> V128 {
    map(a, sem::f32_abs)
}

/// `f32x4.neg`: flips the sign bits.
#[inline]
pub fn f32x4_neg(a: V128) -> V128 {
    map(a, sem::f32_neg)
}

/// `f32x4.sqrt`: square roots.
#[inline]
pub fn f32x4_sqrt(a: V128) -> V128 {
    map(a, sem::f32_sqrt)
}

/// `f32x4.ceil`: the next integers up.
#[inline]
pub fn f32x4_ceil(a: V128) -> V128 {
    map(a, sem::f32_ceil)
}

/// `f32x4.floor`: the next integers down.
#[inline]
pub fn f32x4_floor(a: V128) -> V128 {
    map(a, sem::f32_floor)
}

/// `f32x4.trunc`: the next integers toward zero.
#[inline]
pub fn f32x4_trunc(a: V128) -> V128 {
    map(a, sem::f32_trunc)
}

/// `f32x4.nearest`: the nearest integers, ties to even.
#[inline]
pub fn f32x4_nearest(a: V128) -> V128 {
    map(a, sem::f32_nearest)
}

/// `f32x4.add`: sums.
#[inline]
pub fn f32x4_add(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_add)
}

/// `f32x4.sub`: differences.
#[inline]
pub fn f32x4_sub(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_sub)
}

/// `f32x4.mul`: products.
#[inline]
pub fn f32x4_mul(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_mul)
}

/// `f32x4.div`: quotients.
#[inline]
pub fn f32x4_div(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_div)
}

/// `f32x4.min`: the smaller; `-0` is below `+0`; NaN if either is NaN.
#[inline]
pub fn f32x4_min(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_min)
}

/// `f32x4.max`: the larger; `+0` is above `-0`; NaN if either is NaN.
#[inline]
pub fn f32x4_max(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_max)
}

/// `f32x4.pmin`: `b` where it is less than `a`, else `a`.
#[inline]
pub fn f32x4_pmin(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| if b < a { b } else { a })
}

/// `f32x4.pmax`: `b` where `a` is less than it, else `a`.
#[inline]
pub fn f32x4_pmax(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| if a < b { b } else { a })
}

/// `f64x2.abs`: clears the sign bits.
#[inline]
pub fn f64x2_abs(a: V128) -> V128 {
    map(a, sem::f64_abs)
}

/// `f64x2.neg`: flips the sign bits.
#[inline]
pub fn f64x2_neg(a: V128) -> V128 {
    map(a, sem::f64_neg)
}

/// `f64x2.sqrt`: square roots.
#[inline]
pub fn f64x2_sqrt(a: V128) -> V128 {
    map(a, sem::f64_sqrt)
}

/// `f64x2.ceil`: the next integers up.
#[inline]
pub fn f64x2_ceil(a: V128) -> V128 {
    map(a, sem::f64_ceil)
}

/// `f64x2.floor`: the next integers down.
#[inline]
pub fn f64x2_floor(a: V128) -> V128 {
    map(a, sem::f64_floor)
}

/// `f64x2.trunc`: the next integers toward zero.
#[inline]
pub fn f64x2_trunc(a: V128) -> V128 {
    map(a, sem::f64_trunc)
}

/// `f64x2.nearest`: the nearest integers, ties to even.
#[inline]
pub fn f64x2_nearest(a: V128) -> V128 {
    map(a, sem::f64_nearest)
}

/// `f64x2.add`: sums.
#[inline]
pub fn f64x2_add(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_add)
}

/// `f64x2.sub`: differences.
#[inline]
pub fn f64x2_sub(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_sub)
}

/// `f64x2.mul`: products.
#[inline]
pub fn f64x2_mul(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_mul)
}

/// `f64x2.div`: quotients.
#[inline]
pub fn f64x2_div(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_div)
}

/// `f64x2.min`: the smaller; `-0` is below `+0`; NaN if either is NaN.
#[inline]
pub fn f64x2_min(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_min)
}

/// `f64x2.max`: the larger; `+0` is above `-0`; NaN if either is NaN.
#[inline]
pub fn f64x2_max(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_max)
}

/// `f64x2.pmin`: `b` where it is less than `a`, else `a`.
#[inline]
pub fn f64x2_pmin(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| if b < a { b } else { a })
}

/// `f64x2.pmax`: `b` where `a` is less than it, else `a`.
#[inline]
pub fn f64x2_pmax(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| if a < b { b } else { a })
}
