//! What relaxed instructions may do besides what a plain instruction does.
//!
//! Each function here is one of the outcomes that the specification allows for
//! the instruction it is named after, with a word that tells it from the others:
//! those x86-64 has instructions for, and both roundings of a multiply-add. The
//! outcomes of each instruction are listed in [`crate::ops::relaxed`].
//! Specification: "Relaxed operations" under Numerics.

use super::lanes::{low, map, pairs, zip, zip_pairs, zip3};
use crate::value::V128;

/// `i8x16.relaxed_swizzle`: indices of 16 to 127 count modulo 16; those above
/// give zero (`pshufb`).
#[inline]
pub fn i8x16_relaxed_swizzle_modulo(a: V128, b: V128) -> V128 {
    V128(b.0.map(|lane| if lane < 128 { a.0[lane as usize % 16] } else { 0 }))
}

/// `i32x4.relaxed_trunc_f32x4_s`: the least integer for a NaN and for what does
/// not fit (`cvttps2dq`).
#[inline]
pub fn i32x4_relaxed_trunc_f32x4_s_least(a: V128) -> V128 {
    // Below the range, saturation gives the least integer already.
    map(a, |a: f32| if a < 2147483648.0 { a as i32 } else { i32::MIN })
}

/// `i32x4.relaxed_trunc_f64x2_s_zero`: the least integer for a NaN and for what
/// does not fit, in the low half (`cvttpd2dq`).
#[inline]
pub fn i32x4_relaxed_trunc_f64x2_s_zero_least(a: V128) -> V128 {
    // Below the range, saturation gives the least integer already.
    low(a, |a: f64| if a < 2147483648.0 { a as i32 } else { i32::MIN })
}

/// `f32x4.relaxed_madd`: `a * b + c`, rounded twice.
#[inline]
pub fn f32x4_relaxed_madd_unfused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, |a: f32, b, c| a * b + c)
}

/// `f32x4.relaxed_madd`: `a * b + c`, rounded once.
#[inline]
pub fn f32x4_relaxed_madd_fused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, f32::mul_add)
}

/// `f32x4.relaxed_nmadd`: `-a * b + c`, rounded twice.
#[inline]
pub fn f32x4_relaxed_nmadd_unfused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, |a: f32, b, c| -a * b + c)
}

/// `f32x4.relaxed_nmadd`: `-a * b + c`, rounded once.
#[inline]
pub fn f32x4_relaxed_nmadd_fused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, |a: f32, b, c| (-a).mul_add(b, c))
}

/// `f64x2.relaxed_madd`: `a * b + c`, rounded twice.
#[inline]
pub fn f64x2_relaxed_madd_unfused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, |a: f64, b, c| a * b + c)
}

/// `f64x2.relaxed_madd`: `a * b + c`, rounded once.
#[inline]
pub fn f64x2_relaxed_madd_fused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, f64::mul_add)
}

/// `f64x2.relaxed_nmadd`: `-a * b + c`, rounded twice.
#[inline]
pub fn f64x2_relaxed_nmadd_unfused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, |a: f64, b, c| -a * b + c)
}

/// `f64x2.relaxed_nmadd`: `-a * b + c`, rounded once.
#[inline]
pub fn f64x2_relaxed_nmadd_fused(a: V128, b: V128, c: V128) -> V128 {
    zip3(a, b, c, |a: f64, b, c| (-a).mul_add(b, c))
}

/// `i8x16.relaxed_laneselect`: the lanes of `a` where the top bit of `mask` is
/// one, of `b` elsewhere (`pblendvb`).
#[inline]
pub fn i8x16_relaxed_laneselect_top_bit(a: V128, b: V128, mask: V128) -> V128 {
    zip3(a, b, mask, |a: i8, b, mask| if mask < 0 { a } else { b })
}

/// `i16x8.relaxed_laneselect`: the lanes of `a` where the top bit of `mask` is
/// one, of `b` elsewhere.
#[inline]
pub fn i16x8_relaxed_laneselect_top_bit(a: V128, b: V128, mask: V128) -> V128 {
    zip3(a, b, mask, |a: i16, b, mask| if mask < 0 { a } else { b })
}

/// `i32x4.relaxed_laneselect`: the lanes of `a` where the top bit of `mask` is
/// one, of `b` elsewhere (`blendvps`).
#[inline]
pub fn i32x4_relaxed_laneselect_top_bit(a: V128, b: V128, mask: V128) -> V128 {
    zip3(a, b, mask, |a: i32, b, mask| if mask < 0 { a } else { b })
}

/// `i64x2.relaxed_laneselect`: the lanes of `a` where the top bit of `mask` is
/// one, of `b` elsewhere (`blendvpd`).
#[inline]
pub fn i64x2_relaxed_laneselect_top_bit(a: V128, b: V128, mask: V128) -> V128 {
    zip3(a, b, mask, |a: i64, b, mask| if mask < 0 { a } else { b })
}

/// `i16x8.relaxed_q15mulr_s`: -1 times -1 gives -1 (`pmulhrsw`).
#[inline]
pub fn i16x8_relaxed_q15mulr_s_wrapping(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b| ((a as i32 * b as i32 + 0x4000) >> 15) as i16)
}

/// The nearest `i16`.
#[inline(always)] // with its caller, the body of one instruction
fn saturate(a: i32) -> i16 {
    a.clamp(i16::MIN as i32, i16::MAX as i32) as i16
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`: sums of two neighbouring products,
/// saturating; the lanes of `b` are signed.
#[inline]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s_signed(a: V128, b: V128) -> V128 {
    zip_pairs(a, b, |a: [i8; 2], b: [i8; 2]| {
        saturate(a[0] as i32 * b[0] as i32 + a[1] as i32 * b[1] as i32)
    })
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`: sums of two neighbouring products,
/// saturating; the lanes of `b` are unsigned (`pmaddubsw`).
#[inline]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s_unsigned(a: V128, b: V128) -> V128 {
    zip_pairs(a, b, |a: [i8; 2], b: [u8; 2]| {
        saturate(a[0] as i32 * b[0] as i32 + a[1] as i32 * b[1] as i32)
    })
}

/// The sums of neighbours in `dot`, added to `c`, wrapping.
#[inline(always)] // with its caller, the body of one instruction
fn accumulate(dot: V128, c: V128) -> V128 {
    super::i32x4_add(pairs(dot, |a: i16, b: i16| a as i32 + b as i32), c)
}

/// `i32x4.relaxed_dot_i8x16_i7x16_add_s`: `c` and the sums of four neighbouring
/// products, each two saturating at 16 bits; the lanes of `b` are signed.
#[inline]
pub fn i32x4_relaxed_dot_i8x16_i7x16_add_s_signed(a: V128, b: V128, c: V128) -> V128 {
    accumulate(i16x8_relaxed_dot_i8x16_i7x16_s_signed(a, b), c)
}

/// `i32x4.relaxed_dot_i8x16_i7x16_add_s`: `c` and the sums of four neighbouring
/// products, each two saturating at 16 bits; the lanes of `b` are unsigned.
#[inline]
pub fn i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned(a: V128, b: V128, c: V128) -> V128 {
    accumulate(i16x8_relaxed_dot_i8x16_i7x16_s_unsigned(a, b), c)
}
