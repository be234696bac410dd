//! Float arithmetic and sign operations.
//!
//! Numbers are IEEE 754, rounded to nearest, ties to even. A NaN that comes out
//! of arithmetic must be quiet ("arithmetic NaN"); its sign and payload are free.
//! That is left to the hardware, which quiets on every target we have. `abs`,
//! `neg` and `copysign` only touch the sign bit, of a NaN too, and keep a
//! signalling NaN as it is. Specification: "Floating-point operations" under
//! Numerics.

/// `f32.abs`: clears the sign bit.
#[inline]
pub fn f32_abs(a: f32) -> f32 {
    a.abs()
}

/// `f32.neg`: flips the sign bit.
#[inline]
pub fn f32_neg(a: f32) -> f32 {
    -a
}

/// `f32.sqrt`: the square root; NaN below zero, `-0` for `-0`.
#[inline]
pub fn f32_sqrt(a: f32) -> f32 {
    a.sqrt()
}

/// `f32.add`: sum.
#[inline]
pub fn f32_add(a: f32, b: f32) -> f32 {
    a + b
}

/// `f32.sub`: difference.
#[inline]
pub fn f32_sub(a: f32, b: f32) -> f32 {
    a - b
}

/// `f32.mul`: product.
#[inline]
pub fn f32_mul(a: f32, b: f32) -> f32 {
    a * b
}

/// `f32.div`: quotient; never traps.
#[inline]
pub fn f32_div(a: f32, b: f32) -> f32 {
    a / b
}

/// `f32.min`: the smaller; `-0` is below `+0`; NaN if either is NaN.
#[inline]
pub fn f32_min(a: f32, b: f32) -> f32 {
    if a == b {
        // Equal operands have equal bits, unless they are the two zeros.
        f32::from_bits(a.to_bits() | b.to_bits())
    } else if a.is_nan() || b.is_nan() {
        a + b
    } else if a < b {
        a
    } else {
        b
    }
}

/// `f32.max`: the larger; `+0` is above `-0`; NaN if either is NaN.
#[inline]
pub fn f32_max(a: f32, b: f32) -> f32 {
    if a == b {
        // Equal operands have equal bits, unless they are the two zeros.
        f32::from_bits(a.to_bits() & b.to_bits())
    } else if a.is_nan() || b.is_nan() {
        a + b
    } else if a > b {
        a
    } else {
        b
    }
}

/// `f32.copysign`: `a` with the sign bit of `b`.
#[inline]
pub fn f32_copysign(a: f32, b: f32) -> f32 {
    a.copysign(b)
}

/// `f64.abs`: clears the sign bit.
#[inline]
pub fn f64_abs(a: f64) -> f64 {
    a.abs()
}

/// `f64.neg`: flips the sign bit.
#[inline]
pub fn f64_neg(a: f64) -> f64 {
    -a
}

/// `f64.sqrt`: the square root; NaN below zero, `-0` for `-0`.
#[inline]
pub fn f64_sqrt(a: f64) -> f64 {
    a.sqrt()
}

/// `f64.add`: sum.
#[inline]
pub fn f64_add(a: f64, b: f64) -> f64 {
    a + b
}

/// `f64.sub`: difference.
#[inline]
pub fn f64_sub(a: f64, b: f64) -> f64 {
    a - b
}

/// `f64.mul`: product.
#[inline]
pub fn f64_mul(a: f64, b: f64) -> f64 {
    a * b
}

/// `f64.div`: quotient; never traps.
#[inline]
pub fn f64_div(a: f64, b: f64) -> f64 {
    a / b
}

/// `f64.min`: the smaller; `-0` is below `+0`; NaN if either is NaN.
#[inline]
pub fn f64_min(a: f64, b: f64) -> f64 {
    if a == b {
        // Equal operands have equal bits, unless they are the two zeros.
        f64::from_bits(a.to_bits() | b.to_bits())
    } else if a.is_nan() || b.is_nan() {
        a + b
    } else if a < b {
        a
    } else {
        b
    }
}

/// `f64.max`: the larger; `+0` is above `-0`; NaN if either is NaN.
#[inline]
pub fn f64_max(a: f64, b: f64) -> f64 {
    if a == b {
        // Equal operands have equal bits, unless they are the two zeros.
        f64::from_bits(a.to_bits() & b.to_bits())
    } else if a.is_nan() || b.is_nan() {
        a + b
    } else if a > b {
        a
    } else {
        b
    }
}

/// `f64.copysign`: `a` with the sign bit of `b`.
#[inline]
pub fn f64_copysign(a: f64, b: f64) -> f64 {
    a.copysign(b)
}

/// `a`, but the positive canonical NaN if it is a NaN: what the deterministic
/// profile puts in place of a NaN that arithmetic made.
#[inline]
pub fn f32_canonical_nan(a: f32) -> f32 {
    if a.is_nan() { f32::from_bits(0x7fc0_0000) } else { a }
}

/// `a`, but the positive canonical NaN if it is a NaN: what the deterministic
/// profile puts in place of a NaN that arithmetic made.
#[inline]
pub fn f64_canonical_nan(a: f64) -> f64 {
    if a.is_nan() { f64::from_bits(0x7ff8_0000_0000_0000) } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    /// Signalling NaNs with a payload.
    const SNAN32: u32 = 0xffa0_1234;
    const SNAN64: u64 = 0x7ff4_0000_0000_5678;
    /// The top bit of the fraction: set in a quiet NaN.
    const QUIET32: u32 = 0x0040_0000;
    const QUIET64: u64 = 0x0008_0000_0000_0000;

    fn bits32(results: &[f32]) -> Vec<u32> {
        results.iter().map(|r| r.to_bits()).collect()
    }

    fn bits64(results: &[f64]) -> Vec<u64> {
        results.iter().map(|r| r.to_bits()).collect()
    }

    #[test]
    fn minimum_and_maximum_order_the_zeros() {
        for (a, b) in [(0.0, -0.0), (-0.0, 0.0)] {
            assert_eq!(bits32(&[f32_min(a, b), f32_max(a, b)]), bits32(&[-0.0, 0.0]));
        }
        for (a, b) in [(0.0, -0.0), (-0.0, 0.0)] {
            assert_eq!(bits64(&[f64_min(a, b), f64_max(a, b)]), bits64(&[-0.0, 0.0]));
        }
        assert_eq!((f32_min(1.0, -2.0), f32_max(1.0, -2.0)), (-2.0, 1.0));
        assert_eq!((f64_min(-2.0, 1.0), f64_max(-2.0, 1.0)), (-2.0, 1.0));
        assert_eq!((f64_min(-3.0, -3.0), f64_max(-3.0, -3.0)), (-3.0, -3.0));
    }

    /// Under Miri arithmetic may leave a NaN signalling.
    fn is_quiet32(result: f32) -> bool {
        result.is_nan() && (cfg!(miri) || result.to_bits() & QUIET32 != 0)
    }

    fn is_quiet64(result: f64) -> bool {
        result.is_nan() && (cfg!(miri) || result.to_bits() & QUIET64 != 0)
    }

    #[test]
    fn arithmetic_quiets_a_nan() {
        let nan = f32::from_bits(SNAN32);
        assert!(is_quiet32(f32_sqrt(black_box(nan))));
        for op in [f32_add, f32_sub, f32_mul, f32_div, f32_min, f32_max] {
            for (a, b) in [(nan, 1.0), (1.0, nan), (nan, nan)] {
                assert!(is_quiet32(op(black_box(a), black_box(b))));
            }
        }
        let nan = f64::from_bits(SNAN64);
        assert!(is_quiet64(f64_sqrt(black_box(nan))));
        for op in [f64_add, f64_sub, f64_mul, f64_div, f64_min, f64_max] {
            for (a, b) in [(nan, 1.0), (1.0, nan), (nan, nan)] {
                assert!(is_quiet64(op(black_box(a), black_box(b))));
            }
        }
    }

    #[test]
    fn sign_operations_keep_a_signalling_nan() {
        let nan = f32::from_bits(SNAN32);
        assert_eq!(f32_abs(nan).to_bits(), 0x7fa0_1234);
        assert_eq!(f32_neg(nan).to_bits(), 0x7fa0_1234);
        assert_eq!(f32_copysign(nan, 1.0).to_bits(), 0x7fa0_1234);
        let nan = f64::from_bits(SNAN64);
        assert_eq!(f64_abs(nan).to_bits(), SNAN64);
        assert_eq!(f64_neg(nan).to_bits(), SNAN64 | 1 << 63);
        assert_eq!(f64_copysign(nan, -0.0).to_bits(), SNAN64 | 1 << 63);
    }

    #[test]
    fn sign_operations_see_the_sign_of_zero_and_of_nan() {
        assert_eq!(bits32(&[f32_neg(0.0), f32_abs(-0.0)]), bits32(&[-0.0, 0.0]));
        assert_eq!(f32_copysign(1.5, f32::from_bits(SNAN32)), -1.5);
        assert_eq!(bits64(&[f64_neg(-0.0), f64_abs(-0.0)]), bits64(&[0.0, 0.0]));
        assert_eq!(f64_copysign(-1.5, 0.0), 1.5);
    }

    #[test]
    fn arithmetic_on_the_edges_is_ieee() {
        assert_eq!(f32_div(1.0, -0.0), f32::NEG_INFINITY);
        assert!(f32_div(0.0, 0.0).is_nan() && f32_sub(f32::INFINITY, f32::INFINITY).is_nan());
        assert_eq!(f32_mul(f32::MAX, 2.0), f32::INFINITY);
        assert_eq!(f32_add(f32::MIN_POSITIVE, -f32::MIN_POSITIVE).to_bits(), 0);
        assert_eq!(f64_div(-1.0, 0.0), f64::NEG_INFINITY);
        assert!(f64_mul(f64::INFINITY, 0.0).is_nan() && f64_sqrt(-1.0).is_nan());
        assert_eq!(f64_sqrt(-0.0).to_bits(), (-0.0f64).to_bits());
        assert_eq!((f64_add(0.1, 0.2), f64_sub(0.0, 5e-324)), (0.30000000000000004, -5e-324));
    }
}
