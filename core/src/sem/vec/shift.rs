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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn the_count_is_taken_modulo_the_width() {
        let v = V128([0x81; 16]);
        for (op, width) in [
            (i8x16_shl as fn(V128, i32) -> V128, 8),
            (i8x16_shr_s, 8),
            (i8x16_shr_u, 8),
            (i16x8_shl, 16),
            (i16x8_shr_s, 16),
            (i16x8_shr_u, 16),
            (i32x4_shl, 32),
            (i32x4_shr_s, 32),
            (i32x4_shr_u, 32),
            (i64x2_shl, 64),
            (i64x2_shr_s, 64),
            (i64x2_shr_u, 64),
        ] {
            assert_eq!(op(v, width), v);
            assert_eq!(op(v, width + 3), op(v, 3));
            assert_eq!(op(v, -1), op(v, width - 1));
            assert_ne!(op(v, 3), v);
        }
    }

    #[test]
    fn bits_leave_their_lane_and_sign_or_zeros_enter() {
        let v = V128([0x81; 16]);
        assert_eq!(i8x16_shl(v, 1), V128([0x02; 16]));
        assert_eq!(i8x16_shr_s(v, 1), V128([0xc0; 16]));
        assert_eq!(i8x16_shr_u(v, 1), V128([0x40; 16]));
        let least = [i16::MIN; 8].into_v128();
        assert_eq!(i16x8_shr_s(least, 15), [-1_i16; 8].into_v128());
        assert_eq!(i16x8_shr_u(least, 15), [1_i16; 8].into_v128());
        assert_eq!(i16x8_shl(least, 1), V128([0; 16]));
        let lanes = [-8, 8, 1, i32::MIN].into_v128();
        assert_eq!(i32x4_shr_s(lanes, 2), [-2, 2, 0, -0x2000_0000].into_v128());
        assert_eq!(i32x4_shr_u(lanes, 2), [0x3fff_fffe, 2, 0, 0x2000_0000].into_v128());
        assert_eq!(i32x4_shl(lanes, 30), [0, 0, 0x4000_0000, 0].into_v128());
        let lanes = [i64::MIN, 3].into_v128();
        assert_eq!(i64x2_shr_s(lanes, 63), [-1_i64, 0].into_v128());
        assert_eq!(i64x2_shr_u(lanes, 63), [1_i64, 0].into_v128());
        assert_eq!(i64x2_shl(lanes, 62), [0, 3_i64 << 62].into_v128());
    }
}
