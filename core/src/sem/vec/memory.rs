//! Between a vector and what lies in memory, given as a number of its width.
//!
//! Specification: "Memory instructions", `vload` and its relatives.

use super::lanes::Lanes;
use crate::value::V128;

/// `v128.load`: the vector itself.
#[inline]
pub fn v128_load(mem: V128) -> V128 {
    mem
}

/// `v128.load8x8_s`: eight bytes, sign-extended.
#[inline]
pub fn v128_load8x8_s(mem: u64) -> V128 {
    mem.to_le_bytes().map(|byte| byte as i8 as i16).into_v128()
}

/// `v128.load8x8_u`: eight bytes, zero-extended.
#[inline]
pub fn v128_load8x8_u(mem: u64) -> V128 {
    mem.to_le_bytes().map(|byte| byte as u16).into_v128()
}

/// `v128.load16x4_s`: four 16-bit numbers, sign-extended.
#[inline]
pub fn v128_load16x4_s(mem: u64) -> V128 {
    [0, 16, 32, 48].map(|shift| (mem >> shift) as i16 as i32).into_v128()
}

/// `v128.load16x4_u`: four 16-bit numbers, zero-extended.
#[inline]
pub fn v128_load16x4_u(mem: u64) -> V128 {
    [0, 16, 32, 48].map(|shift| (mem >> shift) as u16 as u32).into_v128()
}

/// `v128.load32x2_s`: two 32-bit numbers, sign-extended.
#[inline]
pub fn v128_load32x2_s(mem: u64) -> V128 {
    [0, 32].map(|shift| (mem >> shift) as i32 as i64).into_v128()
}

/// `v128.load32x2_u`: two 32-bit numbers, zero-extended.
#[inline]
pub fn v128_load32x2_u(mem: u64) -> V128 {
    [0, 32].map(|shift| (mem >> shift) as u32 as u64).into_v128()
}

/// `v128.load8_splat`: one byte in every lane.
#[inline]
pub fn v128_load8_splat(mem: u8) -> V128 {
    [mem; 16].into_v128()
}

/// `v128.load16_splat`: one 16-bit number in every lane.
#[inline]
pub fn v128_load16_splat(mem: u16) -> V128 {
    [mem; 8].into_v128()
}

/// `v128.load32_splat`: one 32-bit number in every lane.
#[inline]
pub fn v128_load32_splat(mem: u32) -> V128 {
    [mem; 4].into_v128()
}

/// `v128.load64_splat`: one 64-bit number in both lanes.
#[inline]
pub fn v128_load64_splat(mem: u64) -> V128 {
    [mem; 2].into_v128()
}

/// `v128.load32_zero`: one 32-bit number in lane 0, zeros above.
#[inline]
pub fn v128_load32_zero(mem: u32) -> V128 {
    V128::from_u128(mem as u128)
}

/// `v128.load64_zero`: one 64-bit number in lane 0, zero above.
#[inline]
pub fn v128_load64_zero(mem: u64) -> V128 {
    V128::from_u128(mem as u128)
}

/// `v128.store`: the vector itself.
#[inline]
pub fn v128_store(a: V128) -> V128 {
    a
}

/// `v128.load8_lane`: the vector with one lane replaced.
#[inline]
pub fn v128_load8_lane(a: V128, mem: u8, lane: u8) -> V128 {
    super::i8x16_replace_lane(a, mem as i32, lane)
}

/// `v128.load16_lane`: the vector with one lane replaced.
#[inline]
pub fn v128_load16_lane(a: V128, mem: u16, lane: u8) -> V128 {
    super::i16x8_replace_lane(a, mem as i32, lane)
}

/// `v128.load32_lane`: the vector with one lane replaced.
#[inline]
pub fn v128_load32_lane(a: V128, mem: u32, lane: u8) -> V128 {
    super::i32x4_replace_lane(a, mem as i32, lane)
}

/// `v128.load64_lane`: the vector with one lane replaced.
#[inline]
pub fn v128_load64_lane(a: V128, mem: u64, lane: u8) -> V128 {
    super::i64x2_replace_lane(a, mem as i64, lane)
}

/// `v128.store8_lane`: one lane.
#[inline]
pub fn v128_store8_lane(a: V128, lane: u8) -> u8 {
    super::i8x16_extract_lane_u(a, lane) as u8
}

/// `v128.store16_lane`: one lane.
#[inline]
pub fn v128_store16_lane(a: V128, lane: u8) -> u16 {
    super::i16x8_extract_lane_u(a, lane) as u16
}

/// `v128.store32_lane`: one lane.
#[inline]
pub fn v128_store32_lane(a: V128, lane: u8) -> u32 {
    super::i32x4_extract_lane(a, lane) as u32
}

/// `v128.store64_lane`: one lane.
#[inline]
pub fn v128_store64_lane(a: V128, lane: u8) -> u64 {
    super::i64x2_extract_lane(a, lane) as u64
}
