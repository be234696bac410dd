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
    look_up(a, b.0.map(|lane| lane.min(16)))
}

/// The bytes of `a` that `lanes` name, zero for 16. Without a branch for each.
#[inline(always)] // with its caller, the body of one instruction
pub(super) fn look_up(a: V128, lanes: [u8; 16]) -> V128 {
    let bytes = [a.0, [0; 16]];
    V128(lanes.map(|lane| bytes.as_flattened()[lane as usize % 32]))
}

#[cfg(test)]
mod tests {
    use super::*;
    const BYTES: V128 = V128([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff]);

    #[test]
    fn a_splat_fills_every_lane_with_the_low_bits() {
        assert_eq!(i8x16_splat(0x1ff), V128([0xff; 16]));
        assert_eq!(i16x8_splat(0x1_8001), [0x8001_u16; 8].into_v128());
        assert_eq!(i32x4_splat(-7), [-7; 4].into_v128());
        assert_eq!(i64x2_splat(i64::MIN), [i64::MIN; 2].into_v128());
        assert_eq!(f32x4_splat(f32::from_bits(0x7fa0_0001)), [0x7fa0_0001_u32; 4].into_v128());
        assert_eq!(f64x2_splat(-0.0), [-0.0_f64; 2].into_v128());
    }

    #[test]
    fn narrow_lanes_come_out_extended_as_the_suffix_says() {
        assert_eq!((i8x16_extract_lane_s(BYTES, 15), i8x16_extract_lane_u(BYTES, 15)), (-1, 255));
        assert_eq!(
            (i16x8_extract_lane_s(BYTES, 7), i16x8_extract_lane_u(BYTES, 7)),
            (-242, 0xff0e)
        );
        assert_eq!(i32x4_extract_lane(BYTES, 1), 0x0706_0504);
        assert_eq!(i64x2_extract_lane(BYTES, 0), 0x0706_0504_0302_0100);
        let floats = [1.5_f32, 2.5, 3.5, f32::from_bits(0x7fa0_0001)].into_v128();
        assert_eq!(f32x4_extract_lane(floats, 2), 3.5);
        assert_eq!(f32x4_extract_lane(floats, 3).to_bits(), 0x7fa0_0001);
        assert_eq!(f64x2_extract_lane([1.5, 2.5].into_v128(), 1), 2.5);
    }

    #[test]
    fn one_lane_is_replaced_and_the_others_stay() {
        let zero = V128::default();
        assert_eq!(i8x16_replace_lane(zero, 0x1ab, 3), V128::from_u128(0xab << 24));
        assert_eq!(i16x8_replace_lane(zero, -1, 1), V128::from_u128(0xffff << 16));
        assert_eq!(i32x4_replace_lane(zero, -1, 3), V128::from_u128(0xffff_ffff << 96));
        assert_eq!(i64x2_replace_lane(BYTES, 5, 1), [0x0706_0504_0302_0100_i64, 5].into_v128());
        assert_eq!(f32x4_replace_lane(zero, -0.0, 2), V128::from_u128(1 << 95));
        assert_eq!(f64x2_replace_lane(zero, -0.0, 0), V128::from_u128(1 << 63));
    }

    #[test]
    fn a_shuffle_picks_bytes_of_both_vectors() {
        let lanes = [31, 0, 16, 15, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22];
        let found = i8x16_shuffle(BYTES, V128([0x80; 16]), lanes);
        let expected = [0x80, 0, 0x80, 0xff, 1, 0x80, 2, 0x80, 3, 0x80, 4, 0x80, 5, 0x80, 6, 0x80];
        assert_eq!(found, V128(expected));
    }

    #[test]
    fn a_swizzle_gives_zero_for_an_index_out_of_range() {
        let lanes = [15, 16, 0, 17, 127, 128, 255, 1, 31, 2, 32, 3, 143, 4, 144, 5];
        let expected = [0xff, 0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5];
        assert_eq!(i8x16_swizzle(BYTES, V128(lanes)), V128(expected));
    }

    #[test]
    fn an_invalid_lane_does_not_panic() {
        assert_eq!(i8x16_extract_lane_u(BYTES, 0xff), 0xff);
        assert_eq!(i64x2_replace_lane(BYTES, 0, 0xfe).to_slots()[0].bits(), 0);
        assert_eq!(i8x16_shuffle(BYTES, BYTES, [0xff; 16]), V128([0xff; 16]));
    }
}
