//! Float comparisons: a lane of ones where it holds, of zeros elsewhere.
//!
//! A NaN differs from everything and is ordered with nothing; the zeros are equal.

use super::lanes::zip;
use crate::value::V128;

/// `f32x4.eq`: equal.
#[inline]
pub fn f32x4_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a == b))
}

/// `f32x4.ne`: not equal.
#[inline]
pub fn f32x4_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a != b))
}

/// `f32x4.lt`: less.
#[inline]
pub fn f32x4_lt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a < b))
}

/// `f32x4.gt`: greater.
#[inline]
pub fn f32x4_gt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a > b))
}

/// `f32x4.le`: less or equal.
#[inline]
pub fn f32x4_le(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a <= b))
}

/// `f32x4.ge`: greater or equal.
#[inline]
pub fn f32x4_ge(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f32, b| -i32::from(a >= b))
}

/// `f64x2.eq`: equal.
#[inline]
pub fn f64x2_eq(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a == b))
}

/// `f64x2.ne`: not equal.
#[inline]
pub fn f64x2_ne(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a != b))
}

/// `f64x2.lt`: less.
#[inline]
pub fn f64x2_lt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a < b))
}

/// `f64x2.gt`: greater.
#[inline]
pub fn f64x2_gt(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a > b))
}

/// `f64x2.le`: less or equal.
#[inline]
pub fn f64x2_le(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a <= b))
}

/// `f64x2.ge`: greater or equal.
#[inline]
pub fn f64x2_ge(a: V128, b: V128) -> V128 {
    zip(a, b, |a: f64, b| -i64::from(a >= b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sem::vec::Lanes;

    #[test]
    fn a_nan_differs_from_everything_and_the_zeros_are_equal() {
        let a = [f32::NAN, 0.0, -1.0, f32::INFINITY].into_v128();
        let b = [f32::NAN, -0.0, 1.0, 2.0].into_v128();
        let ops = [f32x4_eq, f32x4_ne, f32x4_lt, f32x4_gt, f32x4_le, f32x4_ge];
        let found = ops.map(|op| <[i32; 4]>::from_v128(op(a, b)));
        let expected = [
            [0, -1, 0, 0],
            [-1, 0, -1, -1],
            [0, 0, -1, 0],
            [0, 0, 0, -1],
            [0, -1, -1, 0],
            [0, -1, 0, -1],
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn doubles_are_compared_one_by_one() {
        let (a, b) = ([f64::NAN, -0.0].into_v128(), [1.0, 0.0].into_v128());
        let ops = [f64x2_eq, f64x2_ne, f64x2_lt, f64x2_gt, f64x2_le, f64x2_ge];
        let found = ops.map(|op| <[i64; 2]>::from_v128(op(a, b)));
        assert_eq!(found, [[0, -1], [-1, 0], [0, 0], [0, 0], [0, -1], [0, -1]]);
        let (a, b) = ([1.0, 2.0].into_v128(), [2.0, 1.0].into_v128());
        let found = ops.map(|op| <[i64; 2]>::from_v128(op(a, b)));
        assert_eq!(found, [[0, 0], [-1, -1], [-1, 0], [0, -1], [-1, 0], [0, -1]]);
    }
}
