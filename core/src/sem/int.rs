//! Integer arithmetic, bit operations and sign extension.
//!
//! Integers have no sign in WebAssembly: values are the signed Rust types, and
//! the `_u` operations reinterpret their operands. Everything wraps, in debug
//! builds too. Specification: "Integer operations" under Numerics.

use crate::trap::TrapCode;

/// `i32.clz`: leading zero bits; 32 for zero.
#[inline]
pub fn i32_clz(a: i32) -> i32 {
    a.leading_zeros() as i32
}

/// `i32.ctz`: trailing zero bits; 32 for zero.
#[inline]
pub fn i32_ctz(a: i32) -> i32 {
    a.trailing_zeros() as i32
}

/// `i32.popcnt`: the number of one bits.
#[inline]
pub fn i32_popcnt(a: i32) -> i32 {
    a.count_ones() as i32
}

/// `i32.add`: sum, wrapping.
#[inline]
pub fn i32_add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

/// `i32.sub`: difference, wrapping.
#[inline]
pub fn i32_sub(a: i32, b: i32) -> i32 {
    a.wrapping_sub(b)
}

/// `i32.mul`: product, wrapping.
#[inline]
pub fn i32_mul(a: i32, b: i32) -> i32 {
    a.wrapping_mul(b)
}

/// `i32.div_s`: signed quotient toward zero; traps on a zero divisor and on `MIN / -1`.
#[inline]
pub fn i32_div_s(a: i32, b: i32) -> Result<i32, TrapCode> {
    if b == 0 {
        return Err(TrapCode::IntegerDivideByZero);
    }
    a.checked_div(b).ok_or(TrapCode::IntegerOverflow)
}

/// `i32.div_u`: unsigned quotient; traps on a zero divisor.
#[inline]
pub fn i32_div_u(a: i32, b: i32) -> Result<i32, TrapCode> {
    match (a as u32).checked_div(b as u32) {
        Some(quotient) => Ok(quotient as i32),
        None => Err(TrapCode::IntegerDivideByZero),
    }
}

/// `i32.rem_s`: signed remainder with the dividend's sign, 0 for `MIN % -1`; traps on a
/// zero divisor.
#[inline]
pub fn i32_rem_s(a: i32, b: i32) -> Result<i32, TrapCode> {
    if b == 0 {
        return Err(TrapCode::IntegerDivideByZero);
    }
    Ok(a.wrapping_rem(b))
}

/// `i32.rem_u`: unsigned remainder; traps on a zero divisor.
#[inline]
pub fn i32_rem_u(a: i32, b: i32) -> Result<i32, TrapCode> {
    match (a as u32).checked_rem(b as u32) {
        Some(remainder) => Ok(remainder as i32),
        None => Err(TrapCode::IntegerDivideByZero),
    }
}

/// `i32.and`: bitwise and.
#[inline]
pub fn i32_and(a: i32, b: i32) -> i32 {
    a & b
}

/// `i32.or`: bitwise or.
#[inline]
pub fn i32_or(a: i32, b: i32) -> i32 {
    a | b
}

/// `i32.xor`: bitwise exclusive or.
#[inline]
pub fn i32_xor(a: i32, b: i32) -> i32 {
    a ^ b
}

/// `i32.shl`: shift left by `b` modulo 32.
#[inline]
pub fn i32_shl(a: i32, b: i32) -> i32 {
    a.wrapping_shl(b as u32)
}

/// `i32.shr_s`: shift right by `b` modulo 32, copying the sign.
#[inline]
pub fn i32_shr_s(a: i32, b: i32) -> i32 {
    a.wrapping_shr(b as u32)
}

/// `i32.shr_u`: shift right by `b` modulo 32, filling with zeros.
#[inline]
pub fn i32_shr_u(a: i32, b: i32) -> i32 {
    (a as u32).wrapping_shr(b as u32) as i32
}

/// `i32.rotl`: rotate left by `b` modulo 32.
#[inline]
pub fn i32_rotl(a: i32, b: i32) -> i32 {
    a.rotate_left(b as u32 % 32)
}

/// `i32.rotr`: rotate right by `b` modulo 32.
#[inline]
pub fn i32_rotr(a: i32, b: i32) -> i32 {
    a.rotate_right(b as u32 % 32)
}

/// `i32.extend8_s`: the low 8 bits, sign-extended.
#[inline]
pub fn i32_extend8_s(a: i32) -> i32 {
    a as i8 as i32
}

/// `i32.extend16_s`: the low 16 bits, sign-extended.
#[inline]
pub fn i32_extend16_s(a: i32) -> i32 {
    a as i16 as i32
}

/// `i64.clz`: leading zero bits; 64 for zero.
#[inline]
pub fn i64_clz(a: i64) -> i64 {
    a.leading_zeros() as i64
}

/// `i64.ctz`: trailing zero bits; 64 for zero.
#[inline]
pub fn i64_ctz(a: i64) -> i64 {
    a.trailing_zeros() as i64
}

/// `i64.popcnt`: the number of one bits.
#[inline]
pub fn i64_popcnt(a: i64) -> i64 {
    a.count_ones() as i64
}

/// `i64.add`: sum, wrapping.
#[inline]
pub fn i64_add(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// `i64.sub`: difference, wrapping.
#[inline]
pub fn i64_sub(a: i64, b: i64) -> i64 {
    a.wrapping_sub(b)
}

/// `i64.mul`: product, wrapping.
#[inline]
pub fn i64_mul(a: i64, b: i64) -> i64 {
    a.wrapping_mul(b)
}

/// `i64.div_s`: signed quotient toward zero; traps on a zero divisor and on `MIN / -1`.
#[inline]
pub fn i64_div_s(a: i64, b: i64) -> Result<i64, TrapCode> {
    if b == 0 {
        return Err(TrapCode::IntegerDivideByZero);
    }
    a.checked_div(b).ok_or(TrapCode::IntegerOverflow)
}

/// `i64.div_u`: unsigned quotient; traps on a zero divisor.
#[inline]
pub fn i64_div_u(a: i64, b: i64) -> Result<i64, TrapCode> {
    match (a as u64).checked_div(b as u64) {
        Some(quotient) => Ok(quotient as i64),
        None => Err(TrapCode::IntegerDivideByZero),
    }
}

/// `i64.rem_s`: signed remainder with the dividend's sign, 0 for `MIN % -1`; traps on a
/// zero divisor.
#[inline]
pub fn i64_rem_s(a: i64, b: i64) -> Result<i64, TrapCode> {
    if b == 0 {
        return Err(TrapCode::IntegerDivideByZero);
    }
    Ok(a.wrapping_rem(b))
}

/// `i64.rem_u`: unsigned remainder; traps on a zero divisor.
#[inline]
pub fn i64_rem_u(a: i64, b: i64) -> Result<i64, TrapCode> {
    match (a as u64).checked_rem(b as u64) {
        Some(remainder) => Ok(remainder as i64),
        None => Err(TrapCode::IntegerDivideByZero),
    }
}

/// `i64.and`: bitwise and.
#[inline]
pub fn i64_and(a: i64, b: i64) -> i64 {
    a & b
}

/// `i64.or`: bitwise or.
#[inline]
pub fn i64_or(a: i64, b: i64) -> i64 {
    a | b
}

/// `i64.xor`: bitwise exclusive or.
#[inline]
pub fn i64_xor(a: i64, b: i64) -> i64 {
    a ^ b
}

/// `i64.shl`: shift left by `b` modulo 64.
#[inline]
pub fn i64_shl(a: i64, b: i64) -> i64 {
    a.wrapping_shl(b as u32)
}

/// `i64.shr_s`: shift right by `b` modulo 64, copying the sign.
#[inline]
pub fn i64_shr_s(a: i64, b: i64) -> i64 {
    a.wrapping_shr(b as u32)
}

/// `i64.shr_u`: shift right by `b` modulo 64, filling with zeros.
#[inline]
pub fn i64_shr_u(a: i64, b: i64) -> i64 {
    (a as u64).wrapping_shr(b as u32) as i64
}

/// `i64.rotl`: rotate left by `b` modulo 64.
#[inline]
pub fn i64_rotl(a: i64, b: i64) -> i64 {
    a.rotate_left(b as u32 % 64)
}

/// `i64.rotr`: rotate right by `b` modulo 64.
#[inline]
pub fn i64_rotr(a: i64, b: i64) -> i64 {
    a.rotate_right(b as u32 % 64)
}

/// `i64.extend8_s`: the low 8 bits, sign-extended.
#[inline]
pub fn i64_extend8_s(a: i64) -> i64 {
    a as i8 as i64
}

/// `i64.extend16_s`: the low 16 bits, sign-extended.
#[inline]
pub fn i64_extend16_s(a: i64) -> i64 {
    a as i16 as i64
}

/// `i64.extend32_s`: the low 32 bits, sign-extended.
#[inline]
pub fn i64_extend32_s(a: i64) -> i64 {
    a as i32 as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIVIDE_BY_ZERO: TrapCode = TrapCode::IntegerDivideByZero;
    const OVERFLOW: TrapCode = TrapCode::IntegerOverflow;

    #[test]
    fn addition_subtraction_and_multiplication_wrap() {
        assert_eq!(i32_add(i32::MAX, 1), i32::MIN);
        assert_eq!(i32_sub(i32::MIN, 1), i32::MAX);
        assert_eq!(i32_mul(0x1234_5678, 0x7654_3210), 0xb88d780);
        assert_eq!(i64_add(i64::MAX, 1), i64::MIN);
        assert_eq!(i64_sub(i64::MIN, 1), i64::MAX);
        assert_eq!(i64_mul(i64::MIN, -1), i64::MIN);
    }

    #[test]
    fn signed_division_rounds_toward_zero() {
        assert_eq!(i32_div_s(-7, 2), Ok(-3));
        assert_eq!(i32_rem_s(-7, 2), Ok(-1));
        assert_eq!(i32_rem_s(7, -2), Ok(1));
        assert_eq!(i64_div_s(-7, 2), Ok(-3));
        assert_eq!(i64_rem_s(-7, 2), Ok(-1));
    }

    #[test]
    fn unsigned_division_reads_all_bits_as_magnitude() {
        assert_eq!(i32_div_u(-1, 2), Ok(i32::MAX));
        assert_eq!(i32_div_u(i32::MIN, -1), Ok(0));
        assert_eq!(i32_rem_u(i32::MIN, -1), Ok(i32::MIN));
        assert_eq!(i64_div_u(-1, 2), Ok(i64::MAX));
        assert_eq!(i64_rem_u(-1, 10), Ok(5));
    }

    #[test]
    fn a_zero_divisor_traps_before_anything_else() {
        for a in [0, 1, i32::MIN] {
            for op in [i32_div_s, i32_div_u, i32_rem_s, i32_rem_u] {
                assert_eq!(op(a, 0), Err(DIVIDE_BY_ZERO));
            }
        }
        for a in [0, 1, i64::MIN] {
            for op in [i64_div_s, i64_div_u, i64_rem_s, i64_rem_u] {
                assert_eq!(op(a, 0), Err(DIVIDE_BY_ZERO));
            }
        }
    }

    #[test]
    fn minimum_over_minus_one_overflows_but_its_remainder_is_zero() {
        assert_eq!(i32_div_s(i32::MIN, -1), Err(OVERFLOW));
        assert_eq!(i32_rem_s(i32::MIN, -1), Ok(0));
        assert_eq!(i64_div_s(i64::MIN, -1), Err(OVERFLOW));
        assert_eq!(i64_rem_s(i64::MIN, -1), Ok(0));
    }

    #[test]
    fn shift_counts_are_taken_modulo_the_width() {
        assert_eq!(i32_shl(1, 32), 1);
        assert_eq!(i32_shl(1, 33), 2);
        assert_eq!(i32_shl(1, -1), i32::MIN);
        assert_eq!(i32_shr_s(i32::MIN, 31), -1);
        assert_eq!(i32_shr_s(-8, 33), -4);
        assert_eq!(i32_shr_u(-1, 63), 1);
        assert_eq!(i64_shl(1, 64), 1);
        assert_eq!(i64_shl(1, -1), i64::MIN);
        assert_eq!(i64_shr_s(i64::MIN, 127), -1);
        assert_eq!(i64_shr_u(-1, 127), 1);
        // The count is the low six bits, not the low 32 bits saturated.
        assert_eq!(i64_shl(1, 1 << 32), 1);
    }

    #[test]
    fn rotates_take_any_count() {
        assert_eq!(i32_rotl(0x8000_0001_u32 as i32, 1), 3);
        assert_eq!(i32_rotl(0x1234_5678, 36), 0x2345_6781);
        assert_eq!(i32_rotr(0x1234_5678, 4), 0x8123_4567_u32 as i32);
        assert_eq!(i32_rotr(1, -1), 2);
        assert_eq!(i64_rotl(i64::MIN, 1), 1);
        assert_eq!(i64_rotr(1, 65), i64::MIN);
        assert_eq!(i64_rotl(5, -64), 5);
    }

    #[test]
    fn bit_counts_of_zero_and_of_the_extremes() {
        assert_eq!((i32_clz(0), i32_ctz(0), i32_popcnt(0)), (32, 32, 0));
        assert_eq!((i32_clz(-1), i32_ctz(-1), i32_popcnt(-1)), (0, 0, 32));
        assert_eq!((i32_clz(1), i32_ctz(i32::MIN)), (31, 31));
        assert_eq!((i64_clz(0), i64_ctz(0), i64_popcnt(0)), (64, 64, 0));
        assert_eq!((i64_clz(1), i64_ctz(i64::MIN), i64_popcnt(-1)), (63, 63, 64));
    }

    #[test]
    fn bitwise_operations_work_bit_by_bit() {
        assert_eq!((i32_and(12, 10), i32_or(12, 10), i32_xor(12, 10)), (8, 14, 6));
        assert_eq!((i64_and(-1, 10), i64_or(-1, 10), i64_xor(-1, 10)), (10, -1, -11));
    }

    #[test]
    fn sign_extension_ignores_the_upper_bits() {
        assert_eq!(i32_extend8_s(0x7fff_ff80), -128);
        assert_eq!(i32_extend8_s(-129), 127);
        assert_eq!(i32_extend16_s(0x0001_8000), -32768);
        assert_eq!(i64_extend8_s(0xff), -1);
        assert_eq!(i64_extend16_s(0x7fff), 0x7fff);
        assert_eq!(i64_extend32_s(0x1_8000_0000), i32::MIN as i64);
    }
}
