//! Vectors as arrays of lanes, and the loops over lanes that the rest of this
//! folder is made of.
//!
//! Loops of a constant length over arrays, without early exits, are what LLVM
//! turns into vector instructions; the conversions cost nothing, for the bytes
//! are already in place on a little-endian machine.

use crate::value::V128;

/// An array of lanes that fills a vector, lane 0 first.
pub trait Lanes: Copy {
    /// The lanes of a vector.
    fn from_v128(v: V128) -> Self;
    /// The vector of these lanes.
    fn into_v128(self) -> V128;
}

macro_rules! lanes {
    ($($lane:ident $count:literal)*) => {$(
        impl Lanes for [$lane; $count] {
            #[inline(always)] // a cast: must vanish
            fn from_v128(v: V128) -> Self {
                let mut lanes = [$lane::default(); $count];
                for (lane, bytes) in lanes.iter_mut().zip(v.0.as_chunks().0) {
                    *lane = $lane::from_le_bytes(*bytes);
                }
                lanes
            }
            #[inline(always)] // a cast: must vanish
            fn into_v128(self) -> V128 {
                let mut v = V128::default();
                for (bytes, lane) in v.0.as_chunks_mut().0.iter_mut().zip(self) {
                    *bytes = lane.to_le_bytes();
                }
                v
            }
        }
    )*};
}
lanes!(i8 16 u8 16 i16 8 u16 8 i32 4 u32 4 i64 2 u64 2 f32 4 f64 2);

/// `f` of each lane.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn map<A: Copy, R: Copy + Default, const N: usize>(a: V128, f: impl Fn(A) -> R) -> V128
where
    [A; N]: Lanes,
    [R; N]: Lanes,
{
    let a = <[A; N]>::from_v128(a);
    let mut result = [R::default(); N];
    for i in 0..N {
        result[i] = f(a[i]);
    }
    result.into_v128()
}

/// `f` of the lanes of `a` and `b` at each place.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn zip<A: Copy, R: Copy + Default, const N: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A, A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; N]: Lanes,
{
    let (a, b) = (<[A; N]>::from_v128(a), <[A; N]>::from_v128(b));
    let mut result = [R::default(); N];
    for i in 0..N {
        result[i] = f(a[i], b[i]);
    }
    result.into_v128()
}

/// `f` of the lanes of `a`, `b` and `c` at each place.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn zip3<A: Copy + Default, const N: usize>(
    a: V128,
    b: V128,
    c: V128,
    f: impl Fn(A, A, A) -> A,
) -> V128
where
    [A; N]: Lanes,
{
    let (a, b) = (<[A; N]>::from_v128(a), <[A; N]>::from_v128(b));
    let c = <[A; N]>::from_v128(c);
    let mut result = [A::default(); N];
    for i in 0..N {
        result[i] = f(a[i], b[i], c[i]);
    }
    result.into_v128()
}

/// `f` of the lanes in the low half; where the result has more lanes than that,
/// the rest are zero.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn low<A: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: V128,
    f: impl Fn(A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; M]: Lanes,
{
    let a = <[A; N]>::from_v128(a);
    let mut result = [R::default(); M];
    for (result, a) in result.iter_mut().zip(a) {
        *result = f(a);
    }
    result.into_v128()
}

/// `f` of the lanes in the high half.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn high<A: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: V128,
    f: impl Fn(A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; M]: Lanes,
{
    let a = <[A; N]>::from_v128(a);
    let mut result = [R::default(); M];
    for i in 0..M {
        result[i] = f(a[N - M + i]);
    }
    result.into_v128()
}

/// `f` of the lanes at each place of the low halves.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn zip_low<A: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A, A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; M]: Lanes,
{
    let (a, b) = (<[A; N]>::from_v128(a), <[A; N]>::from_v128(b));
    let mut result = [R::default(); M];
    for i in 0..M {
        result[i] = f(a[i], b[i]);
    }
    result.into_v128()
}

/// `f` of the lanes at each place of the high halves.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn zip_high<A: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A, A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; M]: Lanes,
{
    let (a, b) = (<[A; N]>::from_v128(a), <[A; N]>::from_v128(b));
    let mut result = [R::default(); M];
    for i in 0..M {
        result[i] = f(a[N - M + i], b[N - M + i]);
    }
    result.into_v128()
}

/// `f` of each pair of neighbours.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn pairs<A: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: V128,
    f: impl Fn(A, A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; M]: Lanes,
{
    let a = <[A; N]>::from_v128(a);
    let mut result = [R::default(); M];
    for i in 0..M {
        result[i] = f(a[2 * i], a[2 * i + 1]);
    }
    result.into_v128()
}

/// `f` of the lanes of `a`, then of those of `b`.
#[inline(always)] // with `f`, the body of one instruction
pub(super) fn join<A: Copy, R: Copy + Default, const N: usize, const M: usize>(
    a: V128,
    b: V128,
    f: impl Fn(A) -> R,
) -> V128
where
    [A; N]: Lanes,
    [R; M]: Lanes,
{
    let (a, b) = (<[A; N]>::from_v128(a), <[A; N]>::from_v128(b));
    let mut result = [R::default(); M];
    for i in 0..N {
        result[i] = f(a[i]);
        result[M - N + i] = f(b[i]);
    }
    result.into_v128()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lane_zero_is_in_the_lowest_bits_and_lanes_survive() {
        let v = V128::from_u128(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0180);
        assert_eq!(<[u32; 4]>::from_v128(v), [0x0302_0180, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c]);
        assert_eq!(<[i8; 16]>::from_v128(v)[0], -128);
        assert_eq!(<[u64; 2]>::from_v128(v)[1], 0x0f0e_0d0c_0b0a_0908);
        assert_eq!(<[i16; 8]>::from_v128(v).into_v128(), v);
        assert_eq!(<[f64; 2]>::from_v128(v).into_v128(), v);
    }

    #[test]
    fn a_signalling_nan_survives_its_lanes() {
        let v = [0x7fa0_0001_u32; 4].into_v128();
        assert_eq!(<[f32; 4]>::from_v128(v).into_v128(), v);
    }

    #[test]
    fn halves_pairs_and_joins_take_the_lanes_they_name() {
        let v = [1_i32, 2, 3, 4].into_v128();
        let wide = |x: i32| x as i64;
        assert_eq!(<[i64; 2]>::from_v128(low(v, wide)), [1, 2]);
        assert_eq!(<[i64; 2]>::from_v128(high(v, wide)), [3, 4]);
        assert_eq!(<[i64; 2]>::from_v128(pairs(v, |x: i32, y| (x * 10 + y) as i64)), [12, 34]);
        let narrow = join(v, [5_i32, 6, 7, 8].into_v128(), |x: i32| x as i16);
        assert_eq!(<[i16; 8]>::from_v128(narrow), [1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
