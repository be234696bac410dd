//! Shifts of every lane by one count, which is taken modulo the lane's width.
//!
//! Specification: "Vector instructions", `vshiftop`.

use super::lanes::map;
use crate::value::V128;

/// `i8x16.shl`: to the left.
#[inline]
pub fn i8x16_shl(a: V128, count: i32) -> V128 {
    map(a, |a: i8| a.wrapping_shl(count as u32))
}

/// `i8x16.shr_s`: to the right, copying the sign.
#[inline]
pub fn i8x16_shr_s(a: V128, count: i32) -> V128 {
    map(a, |a: i8| a.wrapping_shr(count as u32))
}

/// `i8x16.shr_u`: to the right, filling with zeros.
#[inline]
pub fn i8x16_shr_u(a: V128, count: i32) -> V128 {
    map(a, |a: u8| a.wrapping_shr(count as u32))
}

/// `i16x8.shl`: to the left.
#[inline]
pub fn i16x8_shl(a: V128, count: i32) -> V128 {
    map(a, |a: i16| a.wrapping_shl(count as u32))
}

/// `i16x8.shr_s`: to the right, copying the sign.
#[inline]
pub fn i16x8_shr_s(a: V128, count: i32) -> V128 {
    map(a, |a: i16| a.wrapping_shr(count as u32))
}

/// `i16x8.shr_u`: to the right, filling with zeros.
#[inline]
pub fn i16x8_shr_u(a: V128, count: i32) -> V128 {
    map(a, |a: u16| a.wrapping_shr(count as u32))
}

/// `i32x4.shl`: to the left.
#[inline]
pub fn i32x4_shl(a: V128, count: i32) -> V128 {
    map(a, |a: i32| a.wrapping_shl(count as u32))
}

/// `i32x4.shr_s`: to the right, copying the sign.
#[inline]
pub fn i32x4_shr_s(a: V128, count: i32) -> V128 {
    map(a, |a: i32| a.wrapping_shr(count as u32))
}

/// `i32x4.shr_u`: to the right, filling with zeros.
#[inline]
pub fn i32x4_shr_u(a: V128, count: i32) -> V128 {
    map(a, |a: u32| a.wrapping_shr(count as u32))
}

/// `i64x2.shl`: to the left.
#[inline]
pub fn i64x2_shl(a: V128, count: i32) -> V128 {
    map(a, |a: i64| a.wrapping_shl(count as u32))
}

/// `i64x2.shr_s`: to the right, copying the sign.
#[inline]
pub fn i64x2_shr_s(a: V128, count: i32) -> V128 {
    map(a, |a: i64| a.wrapping_shr(count as u32))
}

/// `i64x2.shr_u`: to the right, filling with zeros.
#[inline]
pub fn i64x2_shr_u(a: V128, count: i32) -> V128 {
    map(a, |a: u64| a.wrapping_shr(count as u32))
}
