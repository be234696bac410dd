//! Float arithmetic: each lane as the scalar instruction does it.
//!
//! `pmin` and `pmax` are comparison and choice, so they give one operand bit for
//! bit: a NaN only where `a` is one, and `a` where both are zeros. Specification:
//! "Floating-point operations" under Numerics.

use super::lanes::{map, zip};
use super::select::{f32_max, f32_min, f32_round, f64_max, f64_min, f64_round};
use crate::sem;
use crate::value::V128;

/// `f32x4.abs`: clears the sign bits.
#[inline]
pub fn f32x4_abs(a: V128) -> V128 {
    map(a, sem::f32_abs)
}

/// `f32x4.neg`: flips the sign bits.
#[inline]
pub fn f32x4_neg(a: V128) -> V128 {
    map(a, sem::f32_neg)
}

/// `f32x4.sqrt`: square roots.
#[inline]
pub fn f32x4_sqrt(a: V128) -> V128 {
    map(a, sem::f32_sqrt)
}

/// `f32x4.ceil`: the next integers up.
#[inline]
pub fn f32x4_ceil(a: V128) -> V128 {
    map(a, |a: f32| f32_round(a, |near| if near < a { near + 1.0 } else { near }))
}

/// `f32x4.floor`: the next integers down.
#[inline]
pub fn f32x4_floor(a: V128) -> V128 {
    map(a, |a: f32| f32_round(a, |near| if near > a { near - 1.0 } else { near }))
}

/// `f32x4.trunc`: the next integers toward zero.
#[inline]
pub fn f32x4_trunc(a: V128) -> V128 {
    map(a, |a: f32| {
        f32_round(a, |near| if near.abs() > a.abs() { near - 1_f32.copysign(a) } else { near })
    })
}

/// `f32x4.nearest`: the nearest integers, ties to even.
#[inline]
pub fn f32x4_nearest(a: V128) -> V128 {
    map(a, |a: f32| f32_round(a, |near| near))
}

/// `f32x4.add`: sums.
#[inline]
pub fn f32x4_add(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_add)
}

/// `f32x4.sub`: differences.
#[inline]
pub fn f32x4_sub(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_sub)
}

/// `f32x4.mul`: products.
#[inline]
pub fn f32x4_mul(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_mul)
}

/// `f32x4.div`: quotients.
#[inline]
pub fn f32x4_div(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f32_div)
}

/// `f32x4.min`: the smaller; `-0` is below `+0`; NaN if either is NaN.
#[inline]
pub fn f32x4_min(a: V128, b: V128) -> V128 {
    zip(a, b, f32_min)
}

/// `f32x4.max`: the larger; `+0` is above `-0`; NaN if either is NaN.
#[inline]
pub fn f32x4_max(a: V128, b: V128) -> V128 {
    zip(a, b, f32_max)
}

/// `f32x4.pmin`: `b` where it is less than `a`, else `a`.
#[inline]
pub fn f32x4_pmin(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| if b < a { b } else { a })
}

/// `f32x4.pmax`: `b` where `a` is less than it, else `a`.
#[inline]
pub fn f32x4_pmax(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| if a < b { b } else { a })
}

/// `f64x2.abs`: clears the sign bits.
#[inline]
pub fn f64x2_abs(a: V128) -> V128 {
    map(a, sem::f64_abs)
}

/// `f64x2.neg`: flips the sign bits.
#[inline]
pub fn f64x2_neg(a: V128) -> V128 {
    map(a, sem::f64_neg)
}

/// `f64x2.sqrt`: square roots.
#[inline]
pub fn f64x2_sqrt(a: V128) -> V128 {
    map(a, sem::f64_sqrt)
}

/// `f64x2.ceil`: the next integers up.
#[inline]
pub fn f64x2_ceil(a: V128) -> V128 {
    map(a, |a: f64| f64_round(a, |near| if near < a { near + 1.0 } else { near }))
}

/// `f64x2.floor`: the next integers down.
#[inline]
pub fn f64x2_floor(a: V128) -> V128 {
    map(a, |a: f64| f64_round(a, |near| if near > a { near - 1.0 } else { near }))
}

/// `f64x2.trunc`: the next integers toward zero.
#[inline]
pub fn f64x2_trunc(a: V128) -> V128 {
    map(a, |a: f64| {
        f64_round(a, |near| if near.abs() > a.abs() { near - 1_f64.copysign(a) } else { near })
    })
}

/// `f64x2.nearest`: the nearest integers, ties to even.
#[inline]
pub fn f64x2_nearest(a: V128) -> V128 {
    map(a, |a: f64| f64_round(a, |near| near))
}

/// `f64x2.add`: sums.
#[inline]
pub fn f64x2_add(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_add)
}

/// `f64x2.sub`: differences.
#[inline]
pub fn f64x2_sub(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_sub)
}

/// `f64x2.mul`: products.
#[inline]
pub fn f64x2_mul(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_mul)
}

/// `f64x2.div`: quotients.
#[inline]
pub fn f64x2_div(a: V128, b: V128) -> V128 {
    zip(a, b, sem::f64_div)
}

/// `f64x2.min`: the smaller; `-0` is below `+0`; NaN if either is NaN.
#[inline]
pub fn f64x2_min(a: V128, b: V128) -> V128 {
    zip(a, b, f64_min)
}

/// `f64x2.max`: the larger; `+0` is above `-0`; NaN if either is NaN.
#[inline]
pub fn f64x2_max(a: V128, b: V128) -> V128 {
    zip(a, b, f64_max)
}

/// `f64x2.pmin`: `b` where it is less than `a`, else `a`.
#[inline]
pub fn f64x2_pmin(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| if b < a { b } else { a })
}

/// `f64x2.pmax`: `b` where `a` is less than it, else `a`.
#[inline]
pub fn f64x2_pmax(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| if a < b { b } else { a })
}

/// Lanes of 32 bits, with the positive canonical NaN for every NaN.
#[inline]
pub fn f32x4_canonical_nan(a: V128) -> V128 {
    map(a, sem::f32_canonical_nan)
}

/// Lanes of 64 bits, with the positive canonical NaN for every NaN.
#[inline]
pub fn f64x2_canonical_nan(a: V128) -> V128 {
    map(a, sem::f64_canonical_nan)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    /// Both zeros, both infinities, NaNs quiet and signalling, ties, extremes.
    const EDGES: [u32; 20] = [
        0,
        0x8000_0000,
        0x7f80_0000,
        0xff80_0000,
        0x7fc0_0000,
        0xffc0_0001,
        0x7fa0_0001,
        1,
        0x807f_ffff,
        0x3f00_0000,
        0xbf00_0000,
        0x3fc0_0000,
        0x4020_0000,
        0xc020_0000,
        0x3eff_ffff,
        0x4b00_0001,
        0xcaff_ffff,
        0x7f7f_ffff,
        0xff7f_ffff,
        0x3f80_0000,
    ];

    fn edges64() -> impl Iterator<Item = f64> {
        let tie =
            [4503599627370496.5, 4503599627370495.5, -4503599627370495.5, 0.49999999999999994];
        let nan = f64::from_bits(0xfff4_0000_0000_0001);
        EDGES.map(|bits| f32::from_bits(bits) as f64).into_iter().chain(tie).chain([nan, 5e-324])
    }

    /// The same bits, or both a NaN that arithmetic may have made: under Miri any.
    fn same32(found: f32, expected: f32) -> bool {
        found.to_bits() == expected.to_bits()
            || expected.is_nan()
                && found.is_nan()
                && (cfg!(miri) || found.to_bits() & 0x0040_0000 != 0)
    }

    fn same64(found: f64, expected: f64) -> bool {
        found.to_bits() == expected.to_bits()
            || expected.is_nan()
                && found.is_nan()
                && (cfg!(miri) || found.to_bits() & (1 << 51) != 0)
    }

    #[test]
    fn every_lane_is_what_the_scalar_instruction_gives_for_one_operand() {
        type Op<T> = (fn(V128) -> V128, fn(T) -> T);
        let ops32: [Op<f32>; 5] = [
            (f32x4_sqrt, sem::f32_sqrt),
            (f32x4_ceil, sem::f32_ceil),
            (f32x4_floor, sem::f32_floor),
            (f32x4_trunc, sem::f32_trunc),
            (f32x4_nearest, sem::f32_nearest),
        ];
        let ops64: [Op<f64>; 5] = [
            (f64x2_sqrt, sem::f64_sqrt),
            (f64x2_ceil, sem::f64_ceil),
            (f64x2_floor, sem::f64_floor),
            (f64x2_trunc, sem::f64_trunc),
            (f64x2_nearest, sem::f64_nearest),
        ];
        let slower = if cfg!(miri) { 1009 } else { 1 };
        let steps = (0..=u32::MAX).step_by(65_521 * slower).map(f32::from_bits);
        for a in EDGES.map(f32::from_bits).into_iter().chain(steps) {
            for (op, scalar) in ops32 {
                let [_, _, found, _] = <[f32; 4]>::from_v128(op([0.25, 1.0, a, 2.0].into_v128()));
                assert!(same32(found, scalar(a)), "{a:e}: {found:e}, not {:e}", scalar(a));
            }
        }
        let steps = (0..=u64::MAX).step_by(314_159_265_358_979 * slower).map(f64::from_bits);
        for a in edges64().chain(steps) {
            for (op, scalar) in ops64 {
                let [_, found] = <[f64; 2]>::from_v128(op([0.25, a].into_v128()));
                assert!(same64(found, scalar(a)), "{a:e}: {found:e}, not {:e}", scalar(a));
            }
        }
    }

    #[test]
    fn every_lane_is_what_the_scalar_instruction_gives_for_two_operands() {
        type Op<T> = (fn(V128, V128) -> V128, fn(T, T) -> T);
        let ops32: [Op<f32>; 6] = [
            (f32x4_add, sem::f32_add),
            (f32x4_sub, sem::f32_sub),
            (f32x4_mul, sem::f32_mul),
            (f32x4_div, sem::f32_div),
            (f32x4_min, sem::f32_min),
            (f32x4_max, sem::f32_max),
        ];
        let ops64: [Op<f64>; 6] = [
            (f64x2_add, sem::f64_add),
            (f64x2_sub, sem::f64_sub),
            (f64x2_mul, sem::f64_mul),
            (f64x2_div, sem::f64_div),
            (f64x2_min, sem::f64_min),
            (f64x2_max, sem::f64_max),
        ];
        for (a, b) in
            EDGES.into_iter().flat_map(|a| EDGES.map(|b| (f32::from_bits(a), f32::from_bits(b))))
        {
            for (op, scalar) in ops32 {
                let result = op([1.0, a, 1.0, b].into_v128(), [1.0, b, 2.0, a].into_v128());
                let [_, found, _, swapped] = <[f32; 4]>::from_v128(result);
                assert!(
                    same32(found, scalar(a, b)) && same32(swapped, scalar(b, a)),
                    "{a:e} {b:e}"
                );
            }
        }
        for (a, b) in edges64().flat_map(|a| edges64().map(move |b| (a, b))) {
            for (op, scalar) in ops64 {
                let [found, swapped] =
                    <[f64; 2]>::from_v128(op([a, b].into_v128(), [b, a].into_v128()));
                assert!(
                    same64(found, scalar(a, b)) && same64(swapped, scalar(b, a)),
                    "{a:e} {b:e}"
                );
            }
        }
    }

    #[test]
    fn a_pseudo_minimum_is_the_first_operand_unless_the_second_is_less() {
        let nan = f32::from_bits(0x7fa0_0001);
        let (a, b) = ([nan, 1.0, 0.0, -0.0].into_v128(), [1.0, nan, -0.0, 0.0].into_v128());
        assert_eq!(f32x4_pmin(a, b), a);
        assert_eq!(f32x4_pmax(a, b), a);
        let (a, b) = (
            [1.0_f32, 2.0, -3.0, f32::INFINITY].into_v128(),
            [2.0_f32, 1.0, -4.0, 0.0].into_v128(),
        );
        assert_eq!(f32x4_pmin(a, b), [1.0_f32, 1.0, -4.0, 0.0].into_v128());
        assert_eq!(f32x4_pmax(a, b), [2.0, 2.0, -3.0, f32::INFINITY].into_v128());
        let (a, b) = ([f64::NAN, -0.0].into_v128(), [1.0, 0.0].into_v128());
        assert_eq!((f64x2_pmin(a, b), f64x2_pmax(a, b)), (a, a));
        let (a, b) = ([1.0_f64, 2.0].into_v128(), [2.0_f64, 1.0].into_v128());
        assert_eq!(
            (f64x2_pmin(a, b), f64x2_pmax(b, a)),
            ([1.0_f64; 2].into_v128(), [2.0_f64; 2].into_v128())
        );
    }

    #[test]
    fn sign_operations_keep_a_signalling_nan() {
        let nans = [0xffa0_0001_u32, 0x7fa0_0001, 0x8000_0000, 0].into_v128();
        assert_eq!(f32x4_abs(nans), [0x7fa0_0001_u32, 0x7fa0_0001, 0, 0].into_v128());
        assert_eq!(f32x4_neg(nans), [0x7fa0_0001_u32, 0xffa0_0001, 0, 0x8000_0000].into_v128());
        let nans = [0xfff4_0000_0000_0001_u64, 0].into_v128();
        assert_eq!(f64x2_abs(nans), [0x7ff4_0000_0000_0001_u64, 0].into_v128());
        assert_eq!(f64x2_neg(nans), [0x7ff4_0000_0000_0001_u64, 1 << 63].into_v128());
    }
}
