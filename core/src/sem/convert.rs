//! Conversions between the number types.
//!
//! `trunc` rounds toward zero and traps on a NaN and on what does not fit;
//! `trunc_sat` gives 0 for a NaN and the nearest end of the range instead, which
//! is what `as` does. Specification: "Conversions" under Numerics.

use crate::trap::TrapCode;

/// Why a float outside the integer type's range cannot be converted.
#[inline]
fn trunc_error(is_nan: bool) -> TrapCode {
    if is_nan { TrapCode::BadConversionToInteger } else { TrapCode::IntegerOverflow }
}

/// `i32.wrap_i64`: the low 32 bits.
#[inline]
pub fn i32_wrap_i64(a: i64) -> i32 {
    a as i32
}

/// `i64.extend_i32_s`: sign-extended.
#[inline]
pub fn i64_extend_i32_s(a: i32) -> i64 {
    a as i64
}

/// `i64.extend_i32_u`: zero-extended.
#[inline]
pub fn i64_extend_i32_u(a: i32) -> i64 {
    a as u32 as i64
}

/// `i32.trunc_f32_s`: to a signed integer.
#[inline]
pub fn i32_trunc_f32_s(a: f32) -> Result<i32, TrapCode> {
    if (-2147483648.0..2147483648.0).contains(&a) {
        Ok(a as i32)
    } else {
        Err(trunc_error(a.is_nan()))
    }
}

/// `i32.trunc_f32_u`: to an unsigned integer.
#[inline]
pub fn i32_trunc_f32_u(a: f32) -> Result<i32, TrapCode> {
    if a > -1.0 && a < 4294967296.0 { Ok(a as u32 as i32) } else { Err(trunc_error(a.is_nan())) }
}

/// `i32.trunc_f64_s`: to a signed integer.
#[inline]
pub fn i32_trunc_f64_s(a: f64) -> Result<i32, TrapCode> {
    if a > -2147483649.0 && a < 2147483648.0 { Ok(a as i32) } else { Err(trunc_error(a.is_nan())) }
}

/// `i32.trunc_f64_u`: to an unsigned integer.
#[inline]
pub fn i32_trunc_f64_u(a: f64) -> Result<i32, TrapCode> {
    if a > -1.0 && a < 4294967296.0 { Ok(a as u32 as i32) } else { Err(trunc_error(a.is_nan())) }
}

/// `i64.trunc_f32_s`: to a signed integer.
#[inline]
pub fn i64_trunc_f32_s(a: f32) -> Result<i64, TrapCode> {
    if (-9223372036854775808.0..9223372036854775808.0).contains(&a) {
        Ok(a as i64)
    } else {
        Err(trunc_error(a.is_nan()))
    }
}

/// `i64.trunc_f32_u`: to an unsigned integer.
#[inline]
pub fn i64_trunc_f32_u(a: f32) -> Result<i64, TrapCode> {
    if a > -1.0 && a < 18446744073709551616.0 {
        Ok(a as u64 as i64)
    } else {
        Err(trunc_error(a.is_nan()))
    }
}

/// `i64.trunc_f64_s`: to a signed integer.
#[inline]
pub fn i64_trunc_f64_s(a: f64) -> Result<i64, TrapCode> {
    if (-9223372036854775808.0..9223372036854775808.0).contains(&a) {
        Ok(a as i64)
    } else {
        Err(trunc_error(a.is_nan()))
    }
}

/// `i64.trunc_f64_u`: to an unsigned integer.
#[inline]
pub fn i64_trunc_f64_u(a: f64) -> Result<i64, TrapCode> {
    if a > -1.0 && a < 18446744073709551616.0 {
        Ok(a as u64 as i64)
    } else {
        Err(trunc_error(a.is_nan()))
    }
}

/// `i32.trunc_sat_f32_s`: to a signed integer, saturating.
#[inline]
pub fn i32_trunc_sat_f32_s(a: f32) -> i32 {
    a as i32
}

/// `i32.trunc_sat_f32_u`: to an unsigned integer, saturating.
#[inline]
pub fn i32_trunc_sat_f32_u(a: f32) -> i32 {
    a as u32 as i32
}

/// `i32.trunc_sat_f64_s`: to a signed integer, saturating.
#[inline]
pub fn i32_trunc_sat_f64_s(a: f64) -> i32 {
    a as i32
}

/// `i32.trunc_sat_f64_u`: to an unsigned integer, saturating.
#[inline]
pub fn i32_trunc_sat_f64_u(a: f64) -> i32 {
    a as u32 as i32
}

/// `i64.trunc_sat_f32_s`: to a signed integer, saturating.
#[inline]
pub fn i64_trunc_sat_f32_s(a: f32) -> i64 {
    a as i64
}

/// `i64.trunc_sat_f32_u`: to an unsigned integer, saturating.
#[inline]
pub fn i64_trunc_sat_f32_u(a: f32) -> i64 {
    a as u64 as i64
}

/// `i64.trunc_sat_f64_s`: to a signed integer, saturating.
#[inline]
pub fn i64_trunc_sat_f64_s(a: f64) -> i64 {
    a as i64
}

/// `i64.trunc_sat_f64_u`: to an unsigned integer, saturating.
#[inline]
pub fn i64_trunc_sat_f64_u(a: f64) -> i64 {
    a as u64 as i64
}

/// `f32.convert_i32_s`: from a signed integer, rounded to nearest.
#[inline]
pub fn f32_convert_i32_s(a: i32) -> f32 {
    a as f32
}

/// `f32.convert_i32_u`: from an unsigned integer, rounded to nearest.
#[inline]
pub fn f32_convert_i32_u(a: i32) -> f32 {
    a as u32 as f32
}

/// `f32.convert_i64_s`: from a signed integer, rounded to nearest.
#[inline]
pub fn f32_convert_i64_s(a: i64) -> f32 {
    a as f32
}

/// `f32.convert_i64_u`: from an unsigned integer, rounded to nearest.
#[inline]
pub fn f32_convert_i64_u(a: i64) -> f32 {
    a as u64 as f32
}

/// `f64.convert_i32_s`: from a signed integer, exactly.
#[inline]
pub fn f64_convert_i32_s(a: i32) -> f64 {
    a as f64
}

/// `f64.convert_i32_u`: from an unsigned integer, exactly.
#[inline]
pub fn f64_convert_i32_u(a: i32) -> f64 {
    a as u32 as f64
}

/// `f64.convert_i64_s`: from a signed integer, rounded to nearest.
#[inline]
pub fn f64_convert_i64_s(a: i64) -> f64 {
    a as f64
}

/// `f64.convert_i64_u`: from an unsigned integer, rounded to nearest.
#[inline]
pub fn f64_convert_i64_u(a: i64) -> f64 {
    a as u64 as f64
}

/// `f32.demote_f64`: rounded to nearest; the hardware quiets a NaN.
#[inline]
pub fn f32_demote_f64(a: f64) -> f32 {
    a as f32
}

/// `f64.promote_f32`: exactly; the hardware quiets a NaN.
#[inline]
pub fn f64_promote_f32(a: f32) -> f64 {
    a as f64
}

/// `i32.reinterpret_f32`: the same bits.
#[inline]
pub fn i32_reinterpret_f32(a: f32) -> i32 {
    a.to_bits() as i32
}

/// `f32.reinterpret_i32`: the same bits.
#[inline]
pub fn f32_reinterpret_i32(a: i32) -> f32 {
    f32::from_bits(a as u32)
}

/// `i64.reinterpret_f64`: the same bits.
#[inline]
pub fn i64_reinterpret_f64(a: f64) -> i64 {
    a.to_bits() as i64
}

/// `f64.reinterpret_i64`: the same bits.
#[inline]
pub fn f64_reinterpret_i64(a: i64) -> f64 {
    f64::from_bits(a as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    const NAN: TrapCode = TrapCode::BadConversionToInteger;
    const RANGE: TrapCode = TrapCode::IntegerOverflow;

    #[test]
    fn f32_to_i32_takes_the_whole_range_and_nothing_more() {
        assert_eq!(i32_trunc_f32_s(2147483520.0), Ok(2147483520));
        assert_eq!(i32_trunc_f32_s(2147483647.0), Err(RANGE)); // rounds to 2^31
        assert_eq!(i32_trunc_f32_s(-2147483648.0), Ok(i32::MIN));
        assert_eq!(i32_trunc_f32_s(-2147483904.0), Err(RANGE));
        assert_eq!(i32_trunc_f32_u(4294967040.0), Ok(-256));
        assert_eq!(i32_trunc_f32_u(4294967296.0), Err(RANGE));
    }

    #[test]
    fn f64_to_i32_takes_fractions_beyond_the_ends() {
        assert_eq!(i32_trunc_f64_s(2147483647.9), Ok(i32::MAX));
        assert_eq!(i32_trunc_f64_s(2147483648.0), Err(RANGE));
        assert_eq!(i32_trunc_f64_s(-2147483648.9), Ok(i32::MIN));
        assert_eq!(i32_trunc_f64_s(-2147483649.0), Err(RANGE));
        assert_eq!(i32_trunc_f64_u(4294967295.9), Ok(-1));
        assert_eq!(i32_trunc_f64_u(4294967296.0), Err(RANGE));
    }

    #[test]
    fn floats_to_i64_stop_at_the_powers_of_two() {
        assert_eq!(i64_trunc_f32_s(9223371487098961920.0), Ok(0x7fff_ff80_0000_0000));
        assert_eq!(i64_trunc_f32_s(9223372036854775808.0), Err(RANGE));
        assert_eq!(i64_trunc_f32_s(-9223372036854775808.0), Ok(i64::MIN));
        assert_eq!(i64_trunc_f32_s(-9223373136366403584.0), Err(RANGE));
        assert_eq!(i64_trunc_f64_s(9223372036854774784.0), Ok(0x7fff_ffff_ffff_fc00));
        assert_eq!(i64_trunc_f64_s(9223372036854775808.0), Err(RANGE));
        assert_eq!(i64_trunc_f64_s(-9223372036854775808.0), Ok(i64::MIN));
        assert_eq!(i64_trunc_f64_s(-9223372036854777856.0), Err(RANGE));
        assert_eq!(i64_trunc_f32_u(18446742974197923840.0), Ok(-0x100_0000_0000));
        assert_eq!(i64_trunc_f32_u(18446744073709551616.0), Err(RANGE));
        assert_eq!(i64_trunc_f64_u(18446744073709549568.0), Ok(-2048));
        assert_eq!(i64_trunc_f64_u(18446744073709551616.0), Err(RANGE));
    }

    #[test]
    fn unsigned_truncation_takes_what_rounds_to_zero_from_below() {
        assert_eq!(i32_trunc_f32_u(-0.99999994), Ok(0));
        assert_eq!(i32_trunc_f64_u(-0.9999999999999999), Ok(0));
        assert_eq!(i64_trunc_f32_u(-0.0), Ok(0));
        assert_eq!(i64_trunc_f64_u(-0.5), Ok(0));
        for op in [i32_trunc_f32_u as fn(f32) -> _, |a| i64_trunc_f32_u(a).map(|r| r as i32)] {
            assert_eq!(op(-1.0), Err(RANGE));
        }
        for op in [i32_trunc_f64_u as fn(f64) -> _, |a| i64_trunc_f64_u(a).map(|r| r as i32)] {
            assert_eq!(op(-1.0), Err(RANGE));
        }
    }

    #[test]
    fn truncating_a_nan_is_another_trap_than_truncating_an_infinity() {
        for (a, trap) in [(f32::NAN, NAN), (f32::INFINITY, RANGE), (-f32::INFINITY, RANGE)] {
            assert_eq!((i32_trunc_f32_s(a), i32_trunc_f32_u(a)), (Err(trap), Err(trap)));
            assert_eq!((i64_trunc_f32_s(a), i64_trunc_f32_u(a)), (Err(trap), Err(trap)));
        }
        for (a, trap) in [(f64::NAN, NAN), (f64::INFINITY, RANGE), (-f64::INFINITY, RANGE)] {
            assert_eq!((i32_trunc_f64_s(a), i32_trunc_f64_u(a)), (Err(trap), Err(trap)));
            assert_eq!((i64_trunc_f64_s(a), i64_trunc_f64_u(a)), (Err(trap), Err(trap)));
        }
    }

    #[test]
    fn saturating_truncation_clamps_and_makes_a_nan_zero() {
        let inputs = [f32::NAN, -1.9, 1e30, -1e30];
        assert_eq!(inputs.map(i32_trunc_sat_f32_s), [0, -1, i32::MAX, i32::MIN]);
        assert_eq!(inputs.map(i32_trunc_sat_f32_u), [0, 0, -1, 0]);
        assert_eq!(inputs.map(i64_trunc_sat_f32_s), [0, -1, i64::MAX, i64::MIN]);
        assert_eq!(inputs.map(i64_trunc_sat_f32_u), [0, 0, -1, 0]);
        let inputs = [f64::NAN, -1.9, f64::INFINITY, -1e300];
        assert_eq!(inputs.map(i32_trunc_sat_f64_s), [0, -1, i32::MAX, i32::MIN]);
        assert_eq!(inputs.map(i32_trunc_sat_f64_u), [0, 0, -1, 0]);
        assert_eq!(inputs.map(i64_trunc_sat_f64_s), [0, -1, i64::MAX, i64::MIN]);
        assert_eq!(inputs.map(i64_trunc_sat_f64_u), [0, 0, -1, 0]);
    }

    #[test]
    fn integers_become_the_nearest_float_in_one_rounding() {
        assert_eq!(f32_convert_i32_s(0x0100_0001), 16777216.0);
        assert_eq!(f32_convert_i32_s(0x0100_0003), 16777220.0);
        assert_eq!(f32_convert_i32_u(-1), 4294967296.0);
        assert_eq!(f32_convert_i64_s(i64::MIN), -9223372036854775808.0);
        assert_eq!(f32_convert_i64_s(0x20_0000_2000_0001).to_bits(), 0x5a00_0001);
        assert_eq!(f32_convert_i64_u(0x8000_0080_0000_0001_u64 as i64), 9223373136366403584.0);
        assert_eq!(
            (f64_convert_i32_s(i32::MIN), f64_convert_i32_u(-1)),
            (-2147483648.0, 4294967295.0)
        );
        assert_eq!(f64_convert_i64_s(0x20_0000_0000_0001), 9007199254740992.0);
        assert_eq!(f64_convert_i64_u(-1), 18446744073709551616.0);
        assert_eq!(f64_convert_i64_u(0x8000_0000_0000_0401_u64 as i64), 9223372036854777856.0);
    }

    #[test]
    fn width_changes_keep_or_drop_the_upper_bits() {
        assert_eq!(i32_wrap_i64(0x1_8000_0000), i32::MIN);
        assert_eq!(i64_extend_i32_s(i32::MIN), -0x8000_0000);
        assert_eq!(i64_extend_i32_u(i32::MIN), 0x8000_0000);
    }

    #[test]
    fn demote_and_promote_round_and_quiet() {
        assert_eq!(f32_demote_f64(f64::MAX), f32::INFINITY);
        assert_eq!(f32_demote_f64(-1e-300).to_bits(), 0x8000_0000);
        assert_eq!(f32_demote_f64(1.0 + f64::EPSILON), 1.0);
        assert_eq!(f64_promote_f32(1e-45), f64::from_bits((1023 - 149) << 52));
        let wide = f32_demote_f64(black_box(f64::from_bits(0xfff4_0000_0000_0000)));
        // Under Miri arithmetic may leave a NaN signalling.
        assert!(wide.is_nan() && (cfg!(miri) || wide.to_bits() == 0xffe0_0000));
        let narrow = f64_promote_f32(black_box(f32::from_bits(0x7fa0_0000)));
        assert!(narrow.is_nan() && (cfg!(miri) || narrow.to_bits() == 0x7ffc_0000_0000_0000));
    }

    #[test]
    fn reinterpretation_keeps_every_bit_of_a_signalling_nan() {
        assert_eq!(i32_reinterpret_f32(f32_reinterpret_i32(0x7fa0_0001)), 0x7fa0_0001);
        assert_eq!(
            i64_reinterpret_f64(f64_reinterpret_i64(0x7ff4_0000_0000_0001)),
            0x7ff4_0000_0000_0001
        );
        assert_eq!(i32_reinterpret_f32(-0.0), i32::MIN);
    }
}
