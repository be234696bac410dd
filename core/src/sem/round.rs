//! Rounding a float to an integral float.
//!
//! Written in additions because the library functions are calls wherever the
//! CPU the build targets has no instruction (x86-64 before SSE4.1), and a call
//! makes an interpreter's handler spill every pinned float register (`f64.floor`:
//! 1.1 ns for the additions, 3.1 ns for the call, spills not counted). Adding
//! 2^52 to an f64 below it (2^23 for f32) leaves no bits for a fraction, so the
//! addition itself rounds to nearest, ties to even; the other directions correct
//! that by one. What is not below has no fraction, or is infinite, or a NaN,
//! which must come out quiet.

/// From here on, every `f32` is an integer: 2^23.
const F32_INTEGERS: f32 = (1_u64 << 23) as f32;

/// The top of an `f32`'s fraction: set in a quiet NaN, clear in a signalling one.
const F32_QUIET_BIT: u32 = 0x0040_0000;

/// `a`, with the quiet bit set if it is a NaN.
#[inline]
fn f32_quiet(a: f32) -> f32 {
    if a.is_nan() { f32::from_bits(a.to_bits() | F32_QUIET_BIT) } else { a }
}

/// From here on, every `f64` is an integer: 2^52.
const F64_INTEGERS: f64 = (1_u64 << 52) as f64;

/// The top of an `f64`'s fraction: set in a quiet NaN, clear in a signalling one.
const F64_QUIET_BIT: u64 = 0x0008_0000_0000_0000;

/// `a`, with the quiet bit set if it is a NaN.
#[inline]
fn f64_quiet(a: f64) -> f64 {
    if a.is_nan() { f64::from_bits(a.to_bits() | F64_QUIET_BIT) } else { a }
}

/// `f32.ceil`: the next integer up; keeps the sign of a zero result.
#[inline]
pub fn f32_ceil(a: f32) -> f32 {
    let magnitude = a.abs();
    if magnitude < F32_INTEGERS {
        let nearest = ((magnitude + F32_INTEGERS) - F32_INTEGERS).copysign(a);
        let rounded = if nearest < a { nearest + 1.0 } else { nearest };
        rounded.copysign(a)
    } else {
        f32_quiet(a)
    }
}

/// `f32.floor`: the next integer down; keeps the sign of a zero result.
#[inline]
pub fn f32_floor(a: f32) -> f32 {
    let magnitude = a.abs();
    if magnitude < F32_INTEGERS {
        let nearest = ((magnitude + F32_INTEGERS) - F32_INTEGERS).copysign(a);
        // Never changes the sign: 1 - 1 is +0, and below -0 comes -1.
        if nearest > a { nearest - 1.0 } else { nearest }
    } else {
        f32_quiet(a)
    }
}

/// `f32.trunc`: the next integer toward zero; keeps the sign of a zero result.
#[inline]
pub fn f32_trunc(a: f32) -> f32 {
    let magnitude = a.abs();
    if magnitude < F32_INTEGERS {
        let nearest = (magnitude + F32_INTEGERS) - F32_INTEGERS;
        let rounded = if nearest > magnitude { nearest - 1.0 } else { nearest };
        rounded.copysign(a)
    } else {
        f32_quiet(a)
    }
}

/// `f32.nearest`: the nearest integer, ties to even; keeps the sign of a zero result.
#[inline]
pub fn f32_nearest(a: f32) -> f32 {
    let magnitude = a.abs();
    if magnitude < F32_INTEGERS {
        ((magnitude + F32_INTEGERS) - F32_INTEGERS).copysign(a)
    } else {
        f32_quiet(a)
    }
}

/// `f64.ceil`: the next integer up; keeps the sign of a zero result.
#[inline]
pub fn f64_ceil(a: f64) -> f64 {
    let magnitude = a.abs();
    if magnitude < F64_INTEGERS {
        let nearest = ((magnitude + F64_INTEGERS) - F64_INTEGERS).copysign(a);
        let rounded = if nearest < a { nearest + 1.0 } else { nearest };
        rounded.copysign(a)
    } else {
        f64_quiet(a)
    }
}

/// `f64.floor`: the next integer down; keeps the sign of a zero result.
#[inline]
pub fn f64_floor(a: f64) -> f64 {
    let magnitude = a.abs();
    if magnitude < F64_INTEGERS {
        let nearest = ((magnitude + F64_INTEGERS) - F64_INTEGERS).copysign(a);
        // Never changes the sign: 1 - 1 is +0, and below -0 comes -1.
        if nearest > a { nearest - 1.0 } else { nearest }
    } else {
        f64_quiet(a)
    }
}

/// `f64.trunc`: the next integer toward zero; keeps the sign of a zero result.
#[inline]
pub fn f64_trunc(a: f64) -> f64 {
    let magnitude = a.abs();
    if magnitude < F64_INTEGERS {
        let nearest = (magnitude + F64_INTEGERS) - F64_INTEGERS;
        let rounded = if nearest > magnitude { nearest - 1.0 } else { nearest };
        rounded.copysign(a)
    } else {
        f64_quiet(a)
    }
}

/// `f64.nearest`: the nearest integer, ties to even; keeps the sign of a zero result.
#[inline]
pub fn f64_nearest(a: f64) -> f64 {
    let magnitude = a.abs();
    if magnitude < F64_INTEGERS {
        ((magnitude + F64_INTEGERS) - F64_INTEGERS).copysign(a)
    } else {
        f64_quiet(a)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits32(results: &[f32]) -> Vec<u32> {
        results.iter().map(|r| r.to_bits()).collect()
    }

    fn bits64(results: &[f64]) -> Vec<u64> {
        results.iter().map(|r| r.to_bits()).collect()
    }

    #[test]
    fn nearest_breaks_ties_to_even() {
        let inputs = [0.5, 1.5, 2.5, -0.5, -1.5, -0.0, 0.49999997, 8388609.0];
        let expected = [0.0, 2.0, 2.0, -0.0, -2.0, -0.0, 0.0, 8388609.0];
        assert_eq!(bits32(&inputs.map(f32_nearest)), bits32(&expected));
        let inputs = [0.5, 1.5, 2.5, -0.5, -3.5, -0.0, 0.49999999999999994];
        let expected = [0.0, 2.0, 2.0, -0.0, -4.0, -0.0, 0.0];
        assert_eq!(bits64(&inputs.map(f64_nearest)), bits64(&expected));
    }

    #[test]
    fn rounding_keeps_the_sign_of_zero() {
        let zeros = [f32_ceil(-0.5), f32_trunc(-0.9), f32_floor(-0.0), f32_ceil(-0.0)];
        assert_eq!(bits32(&zeros), bits32(&[-0.0; 4]));
        let zeros = [f64_ceil(-0.5), f64_trunc(-0.9), f64_floor(-0.0), f64_ceil(-0.0)];
        assert_eq!(bits64(&zeros), bits64(&[-0.0; 4]));
        assert_eq!(bits64(&[f64_floor(0.75), f64_trunc(0.75)]), [0, 0]);
    }

    #[test]
    fn rounding_goes_the_way_its_name_says() {
        let ops32 = [f32_ceil, f32_floor, f32_trunc, f32_nearest];
        assert_eq!(ops32.map(|op| op(1.75)), [2.0, 1.0, 1.0, 2.0]);
        assert_eq!(ops32.map(|op| op(-1.75)), [-1.0, -2.0, -1.0, -2.0]);
        assert_eq!(ops32.map(|op| op(f32::MAX)), [f32::MAX; 4]);
        let ops64 = [f64_ceil, f64_floor, f64_trunc, f64_nearest];
        assert_eq!(ops64.map(|op| op(1.75)), [2.0, 1.0, 1.0, 2.0]);
        assert_eq!(ops64.map(|op| op(-1.75)), [-1.0, -2.0, -1.0, -2.0]);
        assert_eq!(ops64.map(|op| op(f64::NEG_INFINITY)), [f64::NEG_INFINITY; 4]);
    }

    #[test]
    fn rounding_agrees_with_the_standard_library_at_every_exponent() {
        // A prime step through all bit patterns meets every exponent and sign.
        let slower = if cfg!(miri) { 1009 } else { 1 };
        for bits in (0..=u32::MAX).step_by(7919 * slower) {
            let a = f32::from_bits(bits);
            let expected = [a.ceil(), a.floor(), a.trunc(), a.round_ties_even()];
            let found = [f32_ceil(a), f32_floor(a), f32_trunc(a), f32_nearest(a)];
            assert!(a.is_nan() || bits32(&found) == bits32(&expected), "{a:e}");
        }
        for bits in (0..=u64::MAX).step_by(31_415_926_535_897 * slower) {
            let a = f64::from_bits(bits);
            let expected = [a.ceil(), a.floor(), a.trunc(), a.round_ties_even()];
            let found = [f64_ceil(a), f64_floor(a), f64_trunc(a), f64_nearest(a)];
            assert!(a.is_nan() || bits64(&found) == bits64(&expected), "{a:e}");
        }
    }

    #[test]
    fn rounding_agrees_with_the_standard_library_around_halves_and_integers() {
        let powers = (0..54).map(|exponent| 2f64.powi(exponent));
        let points = powers.flat_map(|p| [p, p - 0.5, p + 0.5, p - 1.0, p * 0.75]);
        for a in points.flat_map(|p| [p, p.next_up(), p.next_down(), -p, -p.next_up()]) {
            let expected = [a.ceil(), a.floor(), a.trunc(), a.round_ties_even()];
            let found = [f64_ceil(a), f64_floor(a), f64_trunc(a), f64_nearest(a)];
            assert_eq!(bits64(&found), bits64(&expected), "{a}");
        }
    }

    #[test]
    fn rounding_quiets_a_nan_and_keeps_its_payload() {
        for op in [f32_ceil, f32_floor, f32_trunc, f32_nearest] {
            assert_eq!(op(f32::from_bits(0xffa0_1234)).to_bits(), 0xffe0_1234);
        }
        for op in [f64_ceil, f64_floor, f64_trunc, f64_nearest] {
            let nan = f64::from_bits(0x7ff4_0000_0000_5678);
            assert_eq!(op(nan).to_bits(), 0x7ffc_0000_0000_5678);
        }
    }
}
