//! Operations on all 128 bits, and questions about all lanes.
//!
//! Specification: "Vector instructions", `vvunop` to `vbitmask`.

use super::lanes::Lanes;
use crate::value::V128;

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
    // The product moves the top bits of eight bytes into its top byte.
    let [low, high] = <[u64; 2]>::from_v128(a)
        .map(|half| (half & 0x8080_8080_8080_8080).wrapping_mul(0x0002_0408_1020_4081) >> 56);
    (low | high << 8) as i32
}

/// `i16x8.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i16x8_bitmask(a: V128) -> i32 {
    // The product moves four bits from 0, 16, 32 and 48 to 48 and up.
    let [low, high] = <[u64; 2]>::from_v128(a).map(|half| {
        (half >> 15 & 0x0001_0001_0001_0001).wrapping_mul(0x0001_0002_0004_0008) >> 48 & 15
    });
    (low | high << 4) as i32
}

/// `i32x4.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i32x4_bitmask(a: V128) -> i32 {
    let [a, b, c, d] = <[u32; 4]>::from_v128(a).map(|lane| lane >> 31);
    (a | b << 1 | c << 2 | d << 3) as i32
}

/// `i64x2.bitmask`: the top bits of the lanes, that of lane 0 in the lowest.
#[inline]
pub fn i64x2_bitmask(a: V128) -> i32 {
    let [a, b] = <[u64; 2]>::from_v128(a).map(|lane| lane >> 63);
    (a | b << 1) as i32
}

#[cfg(test)]
mod tests {
    use super::*;
    const A: V128 = V128([0b1100; 16]);
    const B: V128 = V128([0b1010; 16]);

    #[test]
    fn logic_works_on_every_bit() {
        let results =
            [v128_not(A), v128_and(A, B), v128_andnot(A, B), v128_or(A, B), v128_xor(A, B)];
        let expected = [!0b1100, 0b1000, 0b0100, 0b1110, 0b0110_u8];
        assert_eq!(results, expected.map(|byte| V128([byte; 16])));
    }

    #[test]
    fn a_mask_selects_bits_of_the_first_vector() {
        assert_eq!(v128_bitselect(A, B, V128([0b0110; 16])), V128([0b1100; 16]));
        assert_eq!(v128_bitselect(A, B, V128([0b1001; 16])), V128([0b1010; 16]));
        assert_eq!(v128_bitselect(A, B, V128([0xff; 16])), A);
    }

    #[test]
    fn any_true_wants_a_bit_and_all_true_a_bit_in_every_lane() {
        let all_true = [i8x16_all_true, i16x8_all_true, i32x4_all_true, i64x2_all_true];
        assert_eq!(v128_any_true(V128([0; 16])), 0);
        assert_eq!(v128_any_true(V128::from_u128(1 << 127)), 1);
        assert_eq!(all_true.map(|op| op(V128([0x80; 16]))), [1; 4]);
        // One byte in sixteen is zero, then all but one in every eight.
        assert_eq!(all_true.map(|op| op(V128::from_u128(!0xff))), [0, 1, 1, 1]);
        assert_eq!(all_true.map(|op| op([1_u64 << 63, 1].into_v128())), [0, 0, 0, 1]);
        assert_eq!(all_true.map(|op| op([1_u64, 0].into_v128())), [0; 4]);
    }

    #[test]
    fn a_bitmask_has_the_top_bit_of_each_lane_and_nothing_else() {
        let ops = [i8x16_bitmask, i16x8_bitmask, i32x4_bitmask, i64x2_bitmask];
        assert_eq!(ops.map(|op| op(V128([0xff; 16]))), [0xffff, 0xff, 0xf, 0x3]);
        assert_eq!(ops.map(|op| op(V128([0x7f; 16]))), [0; 4]);
        for bit in 0..128_i32 {
            let v = V128::from_u128(1 << bit);
            let top = |width: i32| if bit % width == width - 1 { 1 << (bit / width) } else { 0 };
            assert_eq!(ops.map(|op| op(v)), [8, 16, 32, 64].map(top), "bit {bit}");
            assert_eq!(ops.map(|op| op(v128_not(v))), {
                let all = [0xffff, 0xff, 0xf, 0x3];
                let gone = [8, 16, 32, 64].map(top);
                [0, 1, 2, 3].map(|i| all[i] & !gone[i])
            });
        }
    }
}
