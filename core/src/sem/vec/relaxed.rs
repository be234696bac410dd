//! What relaxed instructions may do besides what a plain instruction does.
//!
//! Each function here is one of the outcomes that the specification allows for
//! the instruction it is named after, with a word that tells it from the others:
//! those x86-64 has instructions for, and both roundings of a multiply-add. The
//! outcomes of each instruction are listed in [`crate::ops::relaxed`].
//! Specification: "Relaxed operations" under Numerics.

use super::lanes::{low, map, pairs, zip, zip3};
use super::moves::look_up;
use crate::value::V128;

/// `i8x16.relaxed_swizzle`: indices of 16 to 127 count modulo 16; those above
/// give zero (`pshufb`).
#[inline]
pub fn i8x16_relaxed_swizzle_modulo(a: V128, b: V128) -> V128 {
    look_up(a, b.0.map(|lane| (lane & 0x8f).min(16)))
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

/// `i16x8.relaxed_dot_i8x16_i7x16_s`: sums of two neighbouring products,
/// saturating; the lanes of `b` are signed.
#[inline]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s_signed(a: V128, b: V128) -> V128 {
    // Neighbours are the halves of a 16-bit lane; their products fit one.
    zip(a, b, |a: i16, b: i16| {
        (a as i8 as i16 * b as i8 as i16).saturating_add((a >> 8) * (b >> 8))
    })
}

/// `i16x8.relaxed_dot_i8x16_i7x16_s`: sums of two neighbouring products,
/// saturating; the lanes of `b` are unsigned (`pmaddubsw`).
#[inline]
pub fn i16x8_relaxed_dot_i8x16_i7x16_s_unsigned(a: V128, b: V128) -> V128 {
    zip(a, b, |a: i16, b: i16| {
        (a as i8 as i16 * (b & 0xff)).saturating_add((a >> 8) * (b >> 8 & 0xff))
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

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;

    /// A power of two. Under Miri `powi` is off by a little.
    fn power32(exponent: i32) -> f32 {
        f32::from_bits(((127 + exponent) as u32) << 23)
    }

    fn power64(exponent: i64) -> f64 {
        f64::from_bits(((1023 + exponent) as u64) << 52)
    }

    #[test]
    fn a_modulo_swizzle_gives_zero_only_for_negative_indices() {
        let a = V128([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
        let b = V128([15, 16, 0, 17, 127, 128, 255, 1, 31, 2, 32, 3, 143, 4, 144, 5]);
        let expected = [25, 10, 10, 11, 25, 0, 0, 11, 25, 12, 10, 13, 0, 14, 0, 15];
        assert_eq!(i8x16_relaxed_swizzle_modulo(a, b), V128(expected));
    }

    #[test]
    fn what_does_not_fit_becomes_the_least_integer() {
        let a = [f32::NAN, 2147483648.0, -1e30, -1.9].into_v128();
        let least = i32::MIN;
        assert_eq!(i32x4_relaxed_trunc_f32x4_s_least(a), [least, least, least, -1].into_v128());
        let a = [2147483520.0_f32, f32::INFINITY, 0.9, -2147483648.0].into_v128();
        assert_eq!(i32x4_relaxed_trunc_f32x4_s_least(a), [2147483520, least, 0, least].into_v128());
        let found = [[f64::NAN, 2147483647.9], [2147483648.0, -1e300], [-2147483648.9, 7.0]]
            .map(|a| i32x4_relaxed_trunc_f64x2_s_zero_least(a.into_v128()));
        let expected = [[least, i32::MAX, 0, 0], [least, least, 0, 0], [least, 7, 0, 0]];
        assert_eq!(found, expected.map(Lanes::into_v128));
    }

    #[test]
    fn a_fused_multiply_add_rounds_once() {
        // The exact product is 1 + 2^-11 + 2^-24: a tie that rounding drops.
        let (a, c) = ([1.0 + power32(-12); 4].into_v128(), [-(1.0 + power32(-11)); 4].into_v128());
        assert_eq!(f32x4_relaxed_madd_unfused(a, a, c), [0.0_f32; 4].into_v128());
        assert_eq!(f32x4_relaxed_madd_fused(a, a, c), [power32(-24); 4].into_v128());
        let d = f32x4_neg(c);
        assert_eq!(f32x4_relaxed_nmadd_unfused(a, a, d), [0.0_f32; 4].into_v128());
        assert_eq!(f32x4_relaxed_nmadd_fused(a, a, d), [-(power32(-24)); 4].into_v128());
        let (a, c) = ([1.0 + power64(-27); 2].into_v128(), [-(1.0 + power64(-26)); 2].into_v128());
        assert_eq!(f64x2_relaxed_madd_unfused(a, a, c), [0.0_f64; 2].into_v128());
        assert_eq!(f64x2_relaxed_madd_fused(a, a, c), [power64(-54); 2].into_v128());
        let d = f64x2_neg(c);
        assert_eq!(f64x2_relaxed_nmadd_unfused(a, a, d), [0.0_f64; 2].into_v128());
        assert_eq!(f64x2_relaxed_nmadd_fused(a, a, d), [-(power64(-54)); 2].into_v128());
    }

    #[test]
    fn multiply_add_takes_its_operands_in_order() {
        let (a, b, c) =
            ([2.0_f32; 4].into_v128(), [3.0_f32; 4].into_v128(), [10.0_f32; 4].into_v128());
        for op in [f32x4_relaxed_madd_unfused, f32x4_relaxed_madd_fused] {
            assert_eq!(op(a, b, c), [16.0_f32; 4].into_v128());
        }
        for op in [f32x4_relaxed_nmadd_unfused, f32x4_relaxed_nmadd_fused] {
            assert_eq!(op(a, b, c), [4.0_f32; 4].into_v128());
        }
    }

    #[test]
    fn a_top_bit_selects_the_whole_lane() {
        let (a, b) = (V128([0xaa; 16]), V128([0xbb; 16]));
        // Top bits of the odd bytes, that is, of every lane of 16 bits and more.
        let mask = [0x8000_u16; 8].into_v128();
        assert_eq!(i8x16_relaxed_laneselect_top_bit(a, b, mask), [0xaabb_u16; 8].into_v128());
        assert_eq!(i16x8_relaxed_laneselect_top_bit(a, b, mask), a);
        assert_eq!(
            i32x4_relaxed_laneselect_top_bit(a, b, [i32::MAX, i32::MIN, 0, -1].into_v128()),
            [0xbbbb_bbbb_u32, 0xaaaa_aaaa, 0xbbbb_bbbb, 0xaaaa_aaaa].into_v128()
        );
        assert_eq!(
            i64x2_relaxed_laneselect_top_bit(a, b, [i64::MAX, i64::MIN].into_v128()).0,
            [[0xbb; 8], [0xaa; 8]].as_flattened()
        );
        let masks = V128([0xff; 16]);
        for op in
            [i8x16_relaxed_laneselect_top_bit, i16x8_relaxed_laneselect_top_bit, v128_bitselect]
        {
            assert_eq!(op(a, b, masks), a);
        }
    }

    #[test]
    fn a_wrapping_product_of_fractions_differs_in_one_case_only() {
        let edges = [i16::MIN, -i16::MAX, -1, 0, 1, 0x4000, i16::MAX, 0x1234];
        for (a, b) in edges.into_iter().flat_map(|a| edges.map(|b| (a, b))) {
            let (v, w) = ([a; 8].into_v128(), [b; 8].into_v128());
            let wraps = a == i16::MIN && b == i16::MIN;
            let expected = if wraps { v } else { i16x8_q15mulr_sat_s(v, w) };
            assert_eq!(i16x8_relaxed_q15mulr_s_wrapping(v, w), expected, "{a} {b}");
        }
    }

    #[test]
    fn the_dot_products_agree_while_the_second_operand_has_seven_bits() {
        for (x, y) in (i8::MIN..=i8::MAX).flat_map(|x| (0..=i8::MAX).map(move |y| (x, y))) {
            let (a, b) = (
                [x, 7, -128, x, x, x, 0, 1, x, x, x, x, 1, 2, 3, 4],
                [y, 127, y, y, 1, 2, y, y, 127, 127, y, 0, 5, 6, 7, 8],
            );
            let sum = |i: usize| a[i] as i32 * b[i] as i32 + a[i + 1] as i32 * b[i + 1] as i32;
            let dot = [0, 2, 4, 6, 8, 10, 12, 14].map(|i| sum(i) as i16).into_v128();
            let wide = [0, 4, 8, 12].map(|i| 5 + sum(i) + sum(i + 2)).into_v128();
            let (a, b, c) = (a.into_v128(), b.into_v128(), [5; 4].into_v128());
            assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s_signed(a, b), dot);
            assert_eq!(i16x8_relaxed_dot_i8x16_i7x16_s_unsigned(a, b), dot);
            assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s_signed(a, b, c), wide);
            assert_eq!(i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned(a, b, c), wide);
        }
    }

    #[test]
    fn the_dot_products_saturate_at_16_bits() {
        let (a, b) = (V128([0x80; 16]), V128([0x81; 16]));
        let signed = i16x8_relaxed_dot_i8x16_i7x16_s_signed(a, b);
        let unsigned = i16x8_relaxed_dot_i8x16_i7x16_s_unsigned(a, b);
        assert_eq!((signed, unsigned), ([32512_i16; 8].into_v128(), [i16::MIN; 8].into_v128()));
        let signed = i16x8_relaxed_dot_i8x16_i7x16_s_signed(a, a);
        assert_eq!(signed, [i16::MAX; 8].into_v128());
        let ones = [1; 4].into_v128();
        let signed = i32x4_relaxed_dot_i8x16_i7x16_add_s_signed(a, b, ones);
        let unsigned = i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned(a, b, ones);
        assert_eq!((signed, unsigned), ([65025; 4].into_v128(), [-65535; 4].into_v128()));
        let largest = [i32::MAX; 4].into_v128();
        let wrapped = i32x4_relaxed_dot_i8x16_i7x16_add_s_signed(ones, ones, largest);
        assert_eq!(wrapped, [i32::MIN; 4].into_v128());
    }
}
