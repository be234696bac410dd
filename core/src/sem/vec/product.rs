//! Products and sums in lanes twice as wide as the operands', so that they fit.
//!
//! Specification: "Vector instructions", `vextunop` and `vextbinop`.

use super::lanes::{pairs, zip, zip_high, zip_low};
use crate::value::V128;

/// `i16x8.extmul_low_i8x16_s`: products of the low halves, signed.
#[inline]
pub fn i16x8_extmul_low_i8x16_s(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: i8, b| a as i16 * b as i16)
}

/// `i16x8.extmul_low_i8x16_u`: products of the low halves, unsigned.
#[inline]
pub fn i16x8_extmul_low_i8x16_u(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: u8, b| a as u16 * b as u16)
}

/// `i16x8.extmul_high_i8x16_s`: products of the high halves, signed.
#[inline]
pub fn i16x8_extmul_high_i8x16_s(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: i8, b| a as i16 * b as i16)
}

/// `i16x8.extmul_high_i8x16_u`: products of the high halves, unsigned.
#[inline]
pub fn i16x8_extmul_high_i8x16_u(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: u8, b| a as u16 * b as u16)
}

/// `i32x4.extmul_low_i16x8_s`: products of the low halves, signed.
#[inline]
pub fn i32x4_extmul_low_i16x8_s(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: i16, b| a as i32 * b as i32)
}

/// `i32x4.extmul_low_i16x8_u`: products of the low halves, unsigned.
#[inline]
pub fn i32x4_extmul_low_i16x8_u(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: u16, b| a as u32 * b as u32)
}

/// `i32x4.extmul_high_i16x8_s`: products of the high halves, signed.
#[inline]
pub fn i32x4_extmul_high_i16x8_s(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: i16, b| a as i32 * b as i32)
}

/// `i32x4.extmul_high_i16x8_u`: products of the high halves, unsigned.
#[inline]
pub fn i32x4_extmul_high_i16x8_u(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: u16, b| a as u32 * b as u32)
}

/// `i64x2.extmul_low_i32x4_s`: products of the low halves, signed.
#[inline]
pub fn i64x2_extmul_low_i32x4_s(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: i32, b| a as i64 * b as i64)
}

/// `i64x2.extmul_low_i32x4_u`: products of the low halves, unsigned.
#[inline]
pub fn i64x2_extmul_low_i32x4_u(a: V128, b: V128) -> V128 {
    zip_low(a, b, |a: u32, b| a as u64 * b as u64)
}

/// `i64x2.extmul_high_i32x4_s`: products of the high halves, signed.
#[inline]
pub fn i64x2_extmul_high_i32x4_s(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: i32, b| a as i64 * b as i64)
}

/// `i64x2.extmul_high_i32x4_u`: products of the high halves, unsigned.
#[inline]
pub fn i64x2_extmul_high_i32x4_u(a: V128, b: V128) -> V128 {
    zip_high(a, b, |a: u32, b| a as u64 * b as u64)
}

/// `i16x8.extadd_pairwise_i8x16_s`: sums of neighbours, signed.
#[inline]
pub fn i16x8_extadd_pairwise_i8x16_s(a: V128) -> V128 {
    pairs(a, |a: i8, b: i8| a as i16 + b as i16)
}

/// `i16x8.extadd_pairwise_i8x16_u`: sums of neighbours, unsigned.
#[inline]
pub fn i16x8_extadd_pairwise_i8x16_u(a: V128) -> V128 {
    pairs(a, |a: u8, b: u8| a as u16 + b as u16)
}

/// `i32x4.extadd_pairwise_i16x8_s`: sums of neighbours, signed.
#[inline]
pub fn i32x4_extadd_pairwise_i16x8_s(a: V128) -> V128 {
    pairs(a, |a: i16, b: i16| a as i32 + b as i32)
}

/// `i32x4.extadd_pairwise_i16x8_u`: sums of neighbours, unsigned.
#[inline]
pub fn i32x4_extadd_pairwise_i16x8_u(a: V128) -> V128 {
    pairs(a, |a: u16, b: u16| a as u32 + b as u32)
}

/// `i32x4.dot_i16x8_s`: sums of two neighbouring products, signed; only four times the
/// least lane wraps.
#[inline]
pub fn i32x4_dot_i16x8_s(a: V128, b: V128) -> V128 {
    // Neighbours are the halves of a 32-bit lane.
    zip(a, b, |a: i32, b: i32| {
        (a as i16 as i32 * b as i16 as i32).wrapping_add((a >> 16) * (b >> 16))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn the_products_of_extremes_fit_the_wider_lane() {
        let (least, ones) = (V128([0x80; 16]), V128([0xff; 16]));
        for op in [i16x8_extmul_low_i8x16_s, i16x8_extmul_high_i8x16_s] {
            assert_eq!(op(least, least), [0x4000_i16; 8].into_v128());
            assert_eq!(op(least, ones), [128_i16; 8].into_v128());
        }
        for op in [i16x8_extmul_low_i8x16_u, i16x8_extmul_high_i8x16_u] {
            assert_eq!(op(ones, ones), [0xfe01_u16; 8].into_v128());
        }
        for op in [i32x4_extmul_low_i16x8_u, i32x4_extmul_high_i16x8_u] {
            assert_eq!(op(ones, ones), [0xfffe_0001_u32; 4].into_v128());
        }
        for op in [i64x2_extmul_low_i32x4_u, i64x2_extmul_high_i32x4_u] {
            assert_eq!(op(ones, ones), [0xffff_fffe_0000_0001_u64; 2].into_v128());
        }
        let least = [i16::MIN; 8].into_v128();
        for op in [i32x4_extmul_low_i16x8_s, i32x4_extmul_high_i16x8_s] {
            assert_eq!(op(least, least), [0x4000_0000; 4].into_v128());
        }
        let least = [i32::MIN; 4].into_v128();
        for op in [i64x2_extmul_low_i32x4_s, i64x2_extmul_high_i32x4_s] {
            assert_eq!(op(least, least), [1_i64 << 62; 2].into_v128());
        }
    }

    #[test]
    fn the_halves_are_those_of_the_name() {
        let (a, b) = ([1, 2, 3, -4].into_v128(), [5, 6, 7, 8].into_v128());
        assert_eq!(i64x2_extmul_low_i32x4_s(a, b), [5_i64, 12].into_v128());
        assert_eq!(i64x2_extmul_high_i32x4_s(a, b), [21_i64, -32].into_v128());
        let a = [1_i16, 2, 3, 4, 5, 6, 7, -8].into_v128();
        assert_eq!(i32x4_extmul_low_i16x8_s(a, a), [1, 4, 9, 16].into_v128());
        assert_eq!(i32x4_extmul_high_i16x8_s(a, a), [25, 36, 49, 64].into_v128());
    }

    #[test]
    fn sums_of_neighbours_do_not_overflow() {
        let (least, ones) = (V128([0x80; 16]), V128([0xff; 16]));
        assert_eq!(i16x8_extadd_pairwise_i8x16_s(least), [-256_i16; 8].into_v128());
        assert_eq!(i16x8_extadd_pairwise_i8x16_u(ones), [510_i16; 8].into_v128());
        assert_eq!(
            i32x4_extadd_pairwise_i16x8_s([i16::MIN; 8].into_v128()),
            [-0x1_0000; 4].into_v128()
        );
        assert_eq!(i32x4_extadd_pairwise_i16x8_u(ones), [0x1_fffe; 4].into_v128());
        let lanes = [1_i16, 2, 3, 4, 5, 6, 7, -8].into_v128();
        assert_eq!(i32x4_extadd_pairwise_i16x8_s(lanes), [3, 7, 11, -1].into_v128());
    }

    #[test]
    fn a_dot_product_wraps_only_for_four_least_lanes() {
        let a = [i16::MIN, i16::MIN, i16::MIN, i16::MAX, 2, -3, 0, 1].into_v128();
        let b = [i16::MIN, i16::MIN, i16::MIN, i16::MIN, 10, 100, 5, -7].into_v128();
        assert_eq!(i32x4_dot_i16x8_s(a, b), [i32::MIN, 0x8000, -280, -7].into_v128());
    }
}
