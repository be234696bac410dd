//! Comparisons: every one answers an `i32`, 1 for true and 0 for false.
//!
//! A float comparison with a NaN is false, except `ne`, which is true; the two
//! zeros are equal. Specification: the relations under Numerics.

/// `i32.eqz`: whether `a` is zero.
#[inline]
pub fn i32_eqz(a: i32) -> i32 {
    i32::from(a == 0)
}

/// `i32.eq`: whether `a == b`.
#[inline]
pub fn i32_eq(a: i32, b: i32) -> i32 {
    i32::from(a == b)
}

/// `i32.ne`: whether `a != b`.
#[inline]
pub fn i32_ne(a: i32, b: i32) -> i32 {
    i32::from(a != b)
}

/// `i32.lt_s`: whether `a < b`, signed.
#[inline]
pub fn i32_lt_s(a: i32, b: i32) -> i32 {
    i32::from(a < b)
}

/// `i32.lt_u`: whether `a < b`, unsigned.
#[inline]
pub fn i32_lt_u(a: i32, b: i32) -> i32 {
    i32::from((a as u32) < (b as u32))
}

/// `i32.gt_s`: whether `a > b`, signed.
#[inline]
pub fn i32_gt_s(a: i32, b: i32) -> i32 {
    i32::from(a > b)
}

/// `i32.gt_u`: whether `a > b`, unsigned.
#[inline]
pub fn i32_gt_u(a: i32, b: i32) -> i32 {
    i32::from((a as u32) > (b as u32))
}

/// `i32.le_s`: whether `a <= b`, signed.
#[inline]
pub fn i32_le_s(a: i32, b: i32) -> i32 {
    i32::from(a <= b)
}

/// `i32.le_u`: whether `a <= b`, unsigned.
#[inline]
pub fn i32_le_u(a: i32, b: i32) -> i32 {
    i32::from((a as u32) <= (b as u32))
}

/// `i32.ge_s`: whether `a >= b`, signed.
#[inline]
pub fn i32_ge_s(a: i32, b: i32) -> i32 {
    i32::from(a >= b)
}

/// `i32.ge_u`: whether `a >= b`, unsigned.
#[inline]
pub fn i32_ge_u(a: i32, b: i32) -> i32 {
    i32::from((a as u32) >= (b as u32))
}

/// `i64.eqz`: whether `a` is zero.
#[inline]
pub fn i64_eqz(a: i64) -> i32 {
    i32::from(a == 0)
}

/// `i64.eq`: whether `a == b`.
#[inline]
pub fn i64_eq(a: i64, b: i64) -> i32 {
    i32::from(a == b)
}

/// `i64.ne`: whether `a != b`.
#[inline]
pub fn i64_ne(a: i64, b: i64) -> i32 {
    i32::from(a != b)
}

/// `i64.lt_s`: whether `a < b`, signed.
#[inline]
pub fn i64_lt_s(a: i64, b: i64) -> i32 {
    i32::from(a < b)
}

/// `i64.lt_u`: whether `a < b`, unsigned.
#[inline]
pub fn i64_lt_u(a: i64, b: i64) -> i32 {
    i32::from((a as u64) < (b as u64))
}

/// `i64.gt_s`: whether `a > b`, signed.
#[inline]
pub fn i64_gt_s(a: i64, b: i64) -> i32 {
    i32::from(a > b)
}

/// `i64.gt_u`: whether `a > b`, unsigned.
#[inline]
pub fn i64_gt_u(a: i64, b: i64) -> i32 {
    i32::from((a as u64) > (b as u64))
}

/// `i64.le_s`: whether `a <= b`, signed.
#[inline]
pub fn i64_le_s(a: i64, b: i64) -> i32 {
    i32::from(a <= b)
}

/// `i64.le_u`: whether `a <= b`, unsigned.
#[inline]
pub fn i64_le_u(a: i64, b: i64) -> i32 {
    i32::from((a as u64) <= (b as u64))
}

/// `i64.ge_s`: whether `a >= b`, signed.
#[inline]
pub fn i64_ge_s(a: i64, b: i64) -> i32 {
    i32::from(a >= b)
}

/// `i64.ge_u`: whether `a >= b`, unsigned.
#[inline]
pub fn i64_ge_u(a: i64, b: i64) -> i32 {
    i32::from((a as u64) >= (b as u64))
}

/// `f32.eq`: whether `a == b`.
#[inline]
pub fn f32_eq(a: f32, b: f32) -> i32 {
    i32::from(a == b)
}

/// `f32.ne`: whether `a != b`.
#[inline]
pub fn f32_ne(a: f32, b: f32) -> i32 {
    i32::from(a != b)
}

/// `f32.lt`: whether `a < b`.
#[inline]
pub fn f32_lt(a: f32, b: f32) -> i32 {
    i32::from(a < b)
}

/// `f32.gt`: whether `a > b`.
#[inline]
pub fn f32_gt(a: f32, b: f32) -> i32 {
    i32::from(a > b)
}

/// `f32.le`: whether `a <= b`.
#[inline]
pub fn f32_le(a: f32, b: f32) -> i32 {
    i32::from(a <= b)
}

/// `f32.ge`: whether `a >= b`.
#[inline]
pub fn f32_ge(a: f32, b: f32) -> i32 {
    i32::from(a >= b)
}

/// `f64.eq`: whether `a == b`.
#[inline]
pub fn f64_eq(a: f64, b: f64) -> i32 {
    i32::from(a == b)
}

/// `f64.ne`: whether `a != b`.
#[inline]
pub fn f64_ne(a: f64, b: f64) -> i32 {
    i32::from(a != b)
}

/// `f64.lt`: whether `a < b`.
#[inline]
pub fn f64_lt(a: f64, b: f64) -> i32 {
    i32::from(a < b)
}

/// `f64.gt`: whether `a > b`.
#[inline]
pub fn f64_gt(a: f64, b: f64) -> i32 {
    i32::from(a > b)
}

/// `f64.le`: whether `a <= b`.
#[inline]
pub fn f64_le(a: f64, b: f64) -> i32 {
    i32::from(a <= b)
}

/// `f64.ge`: whether `a >= b`.
#[inline]
pub fn f64_ge(a: f64, b: f64) -> i32 {
    i32::from(a >= b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_the_only_integer_equal_to_zero() {
        assert_eq!([i32_eqz(0), i32_eqz(1), i32_eqz(i32::MIN)], [1, 0, 0]);
        assert_eq!([i64_eqz(0), i64_eqz(1 << 32), i64_eqz(-1)], [1, 0, 0]);
    }

    #[test]
    fn signed_comparisons_put_minus_one_below_zero() {
        let ops32 = [i32_eq, i32_ne, i32_lt_s, i32_gt_s, i32_le_s, i32_ge_s];
        assert_eq!(ops32.map(|op| op(-1, 0)), [0, 1, 1, 0, 1, 0]);
        assert_eq!(ops32.map(|op| op(7, 7)), [1, 0, 0, 0, 1, 1]);
        let ops64 = [i64_eq, i64_ne, i64_lt_s, i64_gt_s, i64_le_s, i64_ge_s];
        assert_eq!(ops64.map(|op| op(i64::MIN, i64::MAX)), [0, 1, 1, 0, 1, 0]);
        assert_eq!(ops64.map(|op| op(-7, -7)), [1, 0, 0, 0, 1, 1]);
    }

    #[test]
    fn unsigned_comparisons_put_minus_one_above_everything() {
        let ops32 = [i32_lt_u, i32_gt_u, i32_le_u, i32_ge_u];
        assert_eq!(ops32.map(|op| op(-1, 0)), [0, 1, 0, 1]);
        assert_eq!(ops32.map(|op| op(-1, -1)), [0, 0, 1, 1]);
        let ops64 = [i64_lt_u, i64_gt_u, i64_le_u, i64_ge_u];
        assert_eq!(ops64.map(|op| op(i64::MAX, i64::MIN)), [1, 0, 1, 0]);
        assert_eq!(ops64.map(|op| op(3, 3)), [0, 0, 1, 1]);
    }

    #[test]
    fn a_nan_differs_from_everything_and_is_ordered_with_nothing() {
        let ops32 = [f32_eq, f32_ne, f32_lt, f32_gt, f32_le, f32_ge];
        let ops64 = [f64_eq, f64_ne, f64_lt, f64_gt, f64_le, f64_ge];
        for other in [f32::NAN, 0.0, f32::INFINITY] {
            assert_eq!(ops32.map(|op| op(f32::NAN, other)), [0, 1, 0, 0, 0, 0]);
            assert_eq!(ops32.map(|op| op(other, f32::NAN)), [0, 1, 0, 0, 0, 0]);
        }
        assert_eq!(ops64.map(|op| op(f64::NAN, 1.0)), [0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn the_two_zeros_are_equal() {
        let ops32 = [f32_eq, f32_ne, f32_lt, f32_gt, f32_le, f32_ge];
        assert_eq!(ops32.map(|op| op(-0.0, 0.0)), [1, 0, 0, 0, 1, 1]);
        let ops64 = [f64_eq, f64_ne, f64_lt, f64_gt, f64_le, f64_ge];
        assert_eq!(ops64.map(|op| op(0.0, -0.0)), [1, 0, 0, 0, 1, 1]);
        assert_eq!(ops64.map(|op| op(-1.0, f64::INFINITY)), [0, 1, 1, 0, 1, 0]);
    }
}
