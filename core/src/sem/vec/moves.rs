//! Lanes moved: splat, extract, replace, shuffle and swizzle.
//!
//! Lane immediates are validated; taking them modulo the number of lanes only
//! spares a check. Specification: "Vector instructions".

use super::lanes::Lanes;
use crate::value::V128;

/// `i8x16.splat`: the low bits of the number in every lane.
#[inline]
pub fn i8x16_splat(a: i32) -> V128 {
    [a as i8; 16].into_v128()
}

/// `i16x8.splat`: the low bits of the number in every lane.
#[inline]
pub fn i16x8_splat(a: i32) -> V128 {
    [a as i16; 8].into_v128()
}

/// `i32x4.splat`: the number in every lane.
#[inline]
pub fn i32x4_splat(a: i32) -> V128 {
    [a; 4].into_v128()
}

/// `i64x2.splat`: the number in every lane.
#[inline]
pub fn i64x2_splat(a: i64) -> V128 {
    [a; 2].into_v128()
}

/// `f32x4.splat`: the number in every lane.
#[inline]
pub fn f32x4_splat(a: f32) -> V128 {
    [a; 4].into_v128()
}

/// `f64x2.splat`: the number in every lane.
#[inline]
pub fn f64x2_splat(a: f64) -> V128 {
    [a; 2].into_v128()
}

/// `i8x16.extract_lane_s`: one lane, sign-extended.
#[inline]
pub fn i8x16_extract_lane_s(a: V128, lane: u8) -> i32 {
    <[i8; 16]>::from_v128(a)[lane as usize % 16] as i32
}

/// `i8x16.extract_lane_u`: one lane, zero-extended.
#[inline]
pub fn i8x16_extract_lane_u(a: V128, lane: u8) -> i32 {
    <[u8; 16]>::from_v128(a)[lane as usize % 16] as i32
}

/// `i16x8.extract_lane_s`: one lane, sign-extended.
#[inline]
pub fn i16x8_extract_lane_s(a: V128, lane: u8) -> i32 {
    <[i16; 8]>::from_v128(a)[lane as usize % 8] as i32
}

/// `i16x8.extract_lane_u`: one lane, zero-extended.
#[inline]
pub fn i16x8_extract_lane_u(a: V128, lane: u8) -> i32 {
    <[u16; 8]>::from_v128(a)[lane as usize % 8] as i32
}

/// `i32x4.extract_lane`: one lane.
#[inline]
pub fn i32x4_extract_lane(a: V128, lane: u8) -> i32 {
    <[i32; 4]>::from_v128(a)[lane as usize % 4]
}

/// `i64x2.extract_lane`: one lane.
#[inline]
pub fn i64x2_extract_lane(a: V128, lane: u8) -> i64 {
    <[i64; 2]>::from_v128(a)[lane as usize % 2]
}

/// `f32x4.extract_lane`: one lane.
#[inline]
pub fn f32x4_extract_lane(a: V128, lane: u8) -> f32 {
    <[f32; 4]>::from_v128(a)[lane as usize % 4]
}

/// `f64x2.extract_lane`: one lane.
#[inline]
pub fn f64x2_extract_lane(a: V128, lane: u8) -> f64 {
    <[f64; 2]>::from_v128(a)[lane as usize % 2]
}

/// `i8x16.replace_lane`: the vector with one lane replaced by the low bits of `b`.
#[inline]
pub fn i8x16_replace_lane(a: V128, b: i32, lane: u8) -> V128 {
    let mut lanes = <[i8; 16]>::from_v128(a);
    lanes[lane as usize % 16] = b as i8;
    lanes.into_v128()
}

/// `i16x8.replace_lane`: the vector with one lane replaced by the low bits of `b`.
#[inline]
pub fn i16x8_replace_lane(a: V128, b: i32, lane: u8) -> V128 {
    let mut lanes = <[i16; 8]>::from_v128(a);
    lanes[lane as usize % 8] = b as i16;
    lanes.into_v128()
}

/// `i32x4.replace_lane`: the vector with one lane replaced.
#[inline]
pub fn i32x4_replace_lane(a: V128, b: i32, lane: u8) -> V128 {
    let mut lanes = <[i32; 4]>::from_v128(a);
    lanes[lane as usize % 4] = b;
    lanes.into_v128()
}

/// `i64x2.replace_lane`: the vector with one lane replaced.
#[inline]
pub fn i64x2_replace_lane(a: V128, b: i64, lane: u8) -> V128 {
    let mut lanes = <[i64; 2]>::from_v128(a);
    lanes[lane as usize % 2] = b;
    lanes.into_v128()
}

/// `f32x4.replace_lane`: the vector with one lane replaced.
#[inline]
pub fn f32x4_replace_lane(a: V128, b: f32, lane: u8) -> V128 {
    let mut lanes = <[f32; 4]>::from_v128(a);
    lanes[lane as usize % 4] = b;
    lanes.into_v128()
}

/// `f64x2.replace_lane`: the vector with one lane replaced.
#[inline]
pub fn f64x2_replace_lane(a: V128, b: f64, lane: u8) -> V128 {
    let mut lanes = <[f64; 2]>::from_v128(a);
    lanes[lane as usize % 2] = b;
    lanes.into_v128()
}

/// `i8x16.shuffle`: the bytes that `lanes` names: 0 to 15 those of `a`, 16 to 31 those of `b`.
#[inline]
pub fn i8x16_shuffle(a: V128, b: V128, lanes: [u8; 16]) -> V128 {
    let bytes = [a.0, b.0];
    V128(lanes.map(|lane| bytes.as_flattened()[lane as usize % 32]))
}

/// `i8x16.swizzle`: the bytes of `a` that those of `b` name; zero for 16 and above.
#[inline]
pub fn i8x16_swizzle(a: V128, b: V128) -> V128 {
    V128(b.0.map(|lane| if lane < 16 { a.0[lane as usize % 16] } else { 0 }))
}
