//! Scalar float operations again, with every case computed and then selected.
//!
//! The functions in [`crate::sem`] branch, which is faster for one number but
//! keeps LLVM from doing a vector at once: `f32x4.ceil` is 125 instructions from
//! them and a third of that from here. A test compares the two.

/// `a` rounded to an integer: `correct` of the nearest one, ties to even.
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn f32_round(a: f32, correct: impl Fn(f32) -> f32) -> f32 {
    const INTEGERS: f32 = (1_u64 << 23) as f32;
    let magnitude = a.abs();
    let near = ((magnitude + INTEGERS) - INTEGERS).copysign(a);
    let rounded = correct(near).copysign(a);
    let quiet = f32::from_bits(a.to_bits() | if a.is_nan() { 0x0040_0000 } else { 0 });
    if magnitude < INTEGERS { rounded } else { quiet }
}

/// As [`sem::f32_min`](crate::sem::f32_min).
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn f32_min(a: f32, b: f32) -> f32 {
    let (nan, equal) = (a + b, f32::from_bits(a.to_bits() | b.to_bits()));
    let less = if a < b { a } else { b };
    let ordered = if a == b { equal } else { less };
    if a.is_nan() | b.is_nan() { nan } else { ordered }
}

/// As [`sem::f32_max`](crate::sem::f32_max).
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn f32_max(a: f32, b: f32) -> f32 {
    let (nan, equal) = (a + b, f32::from_bits(a.to_bits() & b.to_bits()));
    let greater = if a > b { a } else { b };
    let ordered = if a == b { equal } else { greater };
    if a.is_nan() | b.is_nan() { nan } else { ordered }
}

/// `a` rounded to an integer: `correct` of the nearest one, ties to even.
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn f64_round(a: f64, correct: impl Fn(f64) -> f64) -> f64 {
    const INTEGERS: f64 = (1_u64 << 52) as f64;
    let magnitude = a.abs();
    let near = ((magnitude + INTEGERS) - INTEGERS).copysign(a);
    let rounded = correct(near).copysign(a);
    let quiet = f64::from_bits(a.to_bits() | if a.is_nan() { 0x0008_0000_0000_0000 } else { 0 });
    if magnitude < INTEGERS { rounded } else { quiet }
}

/// As [`sem::f64_min`](crate::sem::f64_min).
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn f64_min(a: f64, b: f64) -> f64 {
    let (nan, equal) = (a + b, f64::from_bits(a.to_bits() | b.to_bits()));
    let less = if a < b { a } else { b };
    let ordered = if a == b { equal } else { less };
    if a.is_nan() | b.is_nan() { nan } else { ordered }
}

/// As [`sem::f64_max`](crate::sem::f64_max).
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn f64_max(a: f64, b: f64) -> f64 {
    let (nan, equal) = (a + b, f64::from_bits(a.to_bits() & b.to_bits()));
    let greater = if a > b { a } else { b };
    let ordered = if a == b { equal } else { greater };
    if a.is_nan() | b.is_nan() { nan } else { ordered }
}
