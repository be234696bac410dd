//! Operations on all 128 bits, and questions about all lanes.
//!
//! Specification: "Vector instructions", `vvunop` to `vbitmask`.

use super::lanes::Lanes;
use crate::value::V128;

/// One bit for each lane, that of lane 0 in the lowest.
#[inline(always)] // with its caller, the body of one instruction
fn bitmask<const N: usize>(lanes: [bool; N]) -> i32 {
    lanes.into_iter().enumerate().fold(0, |mask, (i, bit)| mask | i32::from(bit) << i)
}

/// `v128.not`: flips every bit.
#[inline]
pub fn v128_not(a: V128) -> V128 {
    V128::from_u128(!a.to_u128())
}

/// `v128.and`: the bits set in both.
#[inline]
pub fn v128_and(a: V128, b: V128) -> V128 {
    V128::from_u128(a.to_u128() & b.to_u128())
}

/// `v128.andnot`: the bits set in `a` and not in `b`.
#[inline]
pub fn v128_andnot(a: V128, b: V128) -> V128 {
    V128::from_u128(a.to_u128() & !b.to_u128())
}

/// `v128.or`: the bits set in either.
#[inline]
pub fn v128_or(a: V128, b: V128) -> V128 {
    V128::from_u128(a.to_u128() | b.to_u128())
}

/// `v128.xor`: the bits set in one.
#[inline]
pub fn v128_xor(a: V128, b: V128) -> V128 {
    V128::from_u128(a.to_u128() ^ b.to_u128())
}

/// `v128.bitselect`: the bits of `a` where `mask` is one, of `b` elsewhere.
#[inline]
pub fn v128_bitselect(a: V128, b: V128, mask: V128) -> V128 {
    V128::from_u128((a.to_u128() & mask.to_u128()) | (b.to_u128() & !mask.to_u128()))
}

/// `v128.any_true`: whether any bit is one.
#[inline]
pub fn v128_any_true(a: V128) -> i32 {
    i32::from(a.to_u128() != 0)
}

/// `i8x16.all_true`: whether no lane is zero.
#[inline]
pub fn i8x16_all_true(a: V128) -> i32 {
    let zeros = <[i8; 16]>::from_v128(a).map(|lane| lane == 0);
    i32::from(!zeros.into_iter().fold(false, |any, zero| any | zero))
}

/// `i16x8.all_true`: whether no lane is zero.
#[inline]
pub fn i16x8_all_true(a: V128) -> i32 {
    let zeros = <[i16; 8]>::from_v128(a).map(|lane| lane == 0);
    i32::from(!zeros.into_iter().fold(false, |any, zero| any | zero))
}

/// `i32x4.all_true`: whether no lane is zero.
#[inline]
pub fn i32x4_all_true(a: V128) -> i32 {
    let zeros = <[i32; 4]>::from_v128(a).map(|lane| lane == 0);
    i32::from(!zeros.into_iter().fold(false, |any, zero| any | zero))
}

/// `i64x2.all_true`: whether no lane is zero.
#[inline]
pub fn i64x2_all_true(a: V128) -> i32 {
    let zeros = <[i64; 2]>::from_v128(a).map(|lane| lane == 0);
    i32::from(!zeros.into_iter().fold(false, |any, zero| any | zero))
}

/// `i8x16.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i8x16_bitmask(a: V128) -> i32 {
    bitmask(<[i8; 16]>::from_v128(a).map(|lane| lane < 0))
}

/// `i16x8.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i16x8_bitmask(a: V128) -> i32 {
    bitmask(<[i16; 8]>::from_v128(a).map(|lane| lane < 0))
}

/// `i32x4.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i32x4_bitmask(a: V128) -> i32 {
    bitmask(<[i32; 4]>::from_v128(a).map(|lane| lane < 0))
}

/// `i64x2.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i64x2_bitmask(a: V128) -> i32 {
    bitmask(<[i64; 2]>::from_v128(a).map(|lane| lane < 0))
}
