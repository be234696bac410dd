//! Vector instructions that LLVM does not find in `sem`, as instructions of x86-64
//! with AVX2. A test compares each with its meaning.
//!
//! **What must never happen here:** an evaluation on a machine without AVX2.
//! [`super::vec_avx2`] hands out no handler there.

use std::arch::x86_64::*;
use std::mem::transmute;

use bimetal_core::ops::vec::{VecBinOp, VecOp, VecTernOp, VecUnOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;

use super::place::{Dest, Place};
use super::straight::Straight;
use super::vec::{FIRST, SECOND};
use crate::fast::dispatch::Regs;
use std::marker::PhantomData;

/// A result as an instruction gives it.
trait Machine<R> {
    fn result(self) -> R;
}

impl Machine<i32> for i32 {
    #[inline(always)] // nothing at all
    fn result(self) -> i32 {
        self
    }
}

macro_rules! machine {
    ($($ty:ident)*) => {$(
        impl Machine<V128> for $ty {
            #[inline(always)] // nothing at all
            fn result(self) -> V128 {
                // SAFETY: sixteen bytes, any of which are valid.
                unsafe { transmute::<$ty, V128>(self) }
            }
        }
    )*};
}
machine!(__m128i __m128 __m128d);

/// The lanes of a vector, as instructions on integers take them.
#[inline(always)] // nothing at all
fn lanes(v: V128) -> __m128i {
    // SAFETY: sixteen bytes, any of which are valid.
    unsafe { transmute::<V128, __m128i>(v) }
}

macro_rules! one {
    ($($name:ident($a:ident: $from:ty) -> $r:ty = $body:expr;)*) => {
        $(
            #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
            pub(crate) enum $name {}

            impl VecUnOp for $name {
                type A = V128;
                type R = $r;
                const OP: VecOp = VecOp::$name;
                #[inline(always)] // a handler's body: must vanish into it
                fn eval(a: V128) -> $r {
                    // SAFETY: sixteen bytes, any of which are valid; the machine has
                    // the instructions, by the rule of this file.
                    unsafe {
                        let $a = transmute::<V128, $from>(a);
                        Machine::<$r>::result($body)
                    }
                }
            }
        )*

        /// What has one operand.
        #[cfg(test)]
        pub(crate) const ONE: &[(VecOp, fn(V128) -> [bimetal_core::value::Slot; 2])] = &[$((
            VecOp::$name,
            |a| bimetal_core::value::VecValue::into_slots(<$name as VecUnOp>::eval(a)),
        )),*];
    };
}

one! {
    i8x16_bitmask(a: __m128i) -> i32 = _mm_movemask_epi8(a);
    i16x8_bitmask(a: __m128i) -> i32 = _mm_movemask_epi8(_mm_packs_epi16(a, _mm_setzero_si128()));
    i32x4_bitmask(a: __m128) -> i32 = _mm_movemask_ps(a);
    i64x2_bitmask(a: __m128d) -> i32 = _mm_movemask_pd(a);
    f32x4_ceil(a: __m128) -> V128 = _mm_ceil_ps(a);
    f32x4_floor(a: __m128) -> V128 = _mm_floor_ps(a);
    f32x4_trunc(a: __m128) -> V128 = _mm_round_ps::<TOWARDS_ZERO>(a);
    f32x4_nearest(a: __m128) -> V128 = _mm_round_ps::<TO_NEAREST>(a);
    f64x2_ceil(a: __m128d) -> V128 = _mm_ceil_pd(a);
    f64x2_floor(a: __m128d) -> V128 = _mm_floor_pd(a);
    f64x2_trunc(a: __m128d) -> V128 = _mm_round_pd::<TOWARDS_ZERO>(a);
    f64x2_nearest(a: __m128d) -> V128 = _mm_round_pd::<TO_NEAREST>(a);
    i16x8_extadd_pairwise_i8x16_s(a: __m128i) -> V128 = _mm_maddubs_epi16(_mm_set1_epi8(1), a);
    i16x8_extadd_pairwise_i8x16_u(a: __m128i) -> V128 = _mm_maddubs_epi16(a, _mm_set1_epi8(1));
    i32x4_extadd_pairwise_i16x8_s(a: __m128i) -> V128 = _mm_madd_epi16(a, _mm_set1_epi16(1));
    i32x4_trunc_sat_f32x4_s(a: __m128) -> V128 = {
        // What does not fit becomes the least integer: of numbers too large, flipped.
        let number = _mm_and_ps(a, _mm_cmpord_ps(a, a));
        let large = _mm_cmpge_ps(a, _mm_set1_ps(TWO_31));
        _mm_xor_si128(_mm_cvttps_epi32(number), _mm_castps_si128(large))
    };
    i32x4_trunc_sat_f32x4_u(a: __m128) -> V128 = {
        // The sum of what fits into 31 bits, or the top bit, and of what is above.
        let positive = _mm_max_ps(a, _mm_setzero_ps());
        let above = _mm_sub_ps(positive, _mm_set1_ps(TWO_31));
        let large = _mm_castps_si128(_mm_cmpge_ps(above, _mm_set1_ps(TWO_31)));
        let above = _mm_xor_si128(_mm_cvttps_epi32(above), large);
        _mm_add_epi32(_mm_cvttps_epi32(positive), _mm_max_epi32(above, _mm_setzero_si128()))
    };
    i32x4_relaxed_trunc_f32x4_s_least(a: __m128) -> V128 = _mm_cvttps_epi32(a);
    i32x4_relaxed_trunc_f64x2_s_zero_least(a: __m128d) -> V128 = _mm_cvttpd_epi32(a);
}

const TO_NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
const TOWARDS_ZERO: i32 = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
const TWO_31: f32 = 2_147_483_648.0;

macro_rules! two {
    ($($name:ident($a:ident, $b:ident) = $body:expr;)*) => {
        $(
            #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
            pub(crate) enum $name {}

            impl VecBinOp for $name {
                type A = V128;
                type B = V128;
                type R = V128;
                const OP: VecOp = VecOp::$name;
                #[inline(always)] // a handler's body: must vanish into it
                fn eval(a: V128, b: V128) -> V128 {
                    let ($a, $b) = (lanes(a), lanes(b));
                    // SAFETY: as for one operand.
                    unsafe {
                        $body.result()
                    }
                }
            }
        )*

        /// What has two operands.
        #[cfg(test)]
        pub(crate) const TWO: &[(VecOp, fn(V128, V128) -> V128)] =
            &[$((VecOp::$name, <$name as VecBinOp>::eval)),*];
    };
}

two! {
    // Indices from 16 on get their top bit, which stands for zero.
    i8x16_swizzle(a, b) = _mm_shuffle_epi8(a, _mm_adds_epu8(b, _mm_set1_epi8(0x70)));
    i8x16_relaxed_swizzle_modulo(a, b) = _mm_shuffle_epi8(a, b);
    i32x4_dot_i16x8_s(a, b) = _mm_madd_epi16(a, b);
    i16x8_q15mulr_sat_s(a, b) = {
        // The only product that does not fit is the one that gives the least number.
        let product = _mm_mulhrs_epi16(a, b);
        _mm_xor_si128(product, _mm_cmpeq_epi16(product, _mm_set1_epi16(i16::MIN)))
    };
    i16x8_relaxed_q15mulr_s_wrapping(a, b) = _mm_mulhrs_epi16(a, b);
    i16x8_relaxed_dot_i8x16_i7x16_s_unsigned(a, b) = _mm_maddubs_epi16(b, a);
}

/// `i32x4.relaxed_dot_i8x16_i7x16_add_s` with an unsigned second operand.
#[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
pub(crate) enum i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned {}

impl VecTernOp for i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned {
    const OP: VecOp = VecOp::i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned;
    #[inline(always)] // a handler's body: must vanish into it
    fn eval(a: V128, b: V128, c: V128) -> V128 {
        // SAFETY: as for one operand.
        unsafe {
            let dot = _mm_maddubs_epi16(lanes(b), lanes(a));
            _mm_add_epi32(_mm_madd_epi16(dot, _mm_set1_epi16(1)), lanes(c)).result()
        }
    }
}

/// The bytes of both vectors that `bytes`, below 32, name.
///
/// # Safety
/// The machine has AVX2.
#[inline(always)] // a handler's body: must vanish into it
pub(crate) unsafe fn shuffle(a: V128, b: V128, bytes: V128) -> V128 {
    // SAFETY: as for one operand.
    unsafe {
        // The top bit stands for zero: of indices from 16 on, then of those below.
        let of_a = _mm_add_epi8(lanes(bytes), _mm_set1_epi8(0x70));
        let of_b = _mm_sub_epi8(lanes(bytes), _mm_set1_epi8(16));
        _mm_or_si128(_mm_shuffle_epi8(lanes(a), of_a), _mm_shuffle_epi8(lanes(b), of_b)).result()
    }
}

/// `i8x16.shuffle`: `[handler, dst a b ., lanes, lanes]`.
pub(crate) struct Shuffle<P, Q, D>(PhantomData<(P, Q, D)>);

impl<P: Place, Q: Place, D: Dest> Straight for Shuffle<P, Q, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places; its lanes are validated.
        unsafe {
            let a = P::read::<V128>(r, FIRST, 2);
            let b = Q::read::<V128>(r, SECOND, 2);
            let lanes = r.words(2).cast::<V128>().read_unaligned();
            Ok(D::write(r, shuffle(a, b, lanes)).behind(4))
        }
    }
}
