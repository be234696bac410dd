//! The register class that holds floats and vectors: one machine vector register
//! where the dispatch shell keeps values in registers.
//!
//! A float lives in the lowest lane; the other lanes are unspecified then.

#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
mod imp {
    use std::arch::x86_64::*;

    use bimetal_core::value::V128;

    /// A register for floats and vectors.
    pub(in crate::fast) type VReg = __m128;

    /// A float as a whole register, whatever its other lanes are: in the one in which
    /// handlers pass the accumulator, so that the float is computed there. Setting the
    /// other lanes would cost an instruction, and keeping what they were would make
    /// the float wait for the last one.
    macro_rules! in_first_register {
        ($float:expr, $vector:ident) => {
            std::arch::asm!(
                "",
                in("xmm0") $float,
                lateout("xmm0") $vector,
                options(pure, nomem, nostack, preserves_flags)
            )
        };
    }

    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn zero() -> VReg {
        // SAFETY: every x86-64 target has SSE2.
        unsafe { _mm_setzero_ps() }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn f32(v: VReg) -> f32 {
        // SAFETY: every x86-64 target has SSE2.
        unsafe { _mm_cvtss_f32(v) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn with_f32(_: VReg, x: f32) -> VReg {
        let v: VReg;
        // SAFETY: no instruction at all.
        unsafe { in_first_register!(x, v) }
        v
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn f64(v: VReg) -> f64 {
        // SAFETY: every x86-64 target has SSE2.
        unsafe { _mm_cvtsd_f64(_mm_castps_pd(v)) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn with_f64(_: VReg, x: f64) -> VReg {
        let v: VReg;
        // SAFETY: no instruction at all.
        unsafe { in_first_register!(x, v) }
        v
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn of_f64(x: f64) -> VReg {
        // SAFETY: every x86-64 target has SSE2.
        unsafe { _mm_castpd_ps(_mm_set_sd(x)) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn v128(v: VReg) -> V128 {
        // SAFETY: sixteen bytes, any of which are valid.
        unsafe { std::mem::transmute(v) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn of_v128(x: V128) -> VReg {
        // SAFETY: sixteen bytes, any of which are valid.
        unsafe { std::mem::transmute(x) }
    }
}

#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "aarch64"))]
mod imp {
    use std::arch::aarch64::*;

    use bimetal_core::value::V128;

    /// A register for floats and vectors.
    pub(in crate::fast) type VReg = float64x2_t;

    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn zero() -> VReg {
        // SAFETY: every aarch64 target that this engine knows has vectors.
        unsafe { vdupq_n_f64(0.0) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn f32(v: VReg) -> f32 {
        // SAFETY: as above.
        unsafe { vgetq_lane_f32::<0>(vreinterpretq_f32_f64(v)) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn with_f32(v: VReg, x: f32) -> VReg {
        // SAFETY: as above.
        unsafe { vreinterpretq_f64_f32(vsetq_lane_f32::<0>(x, vreinterpretq_f32_f64(v))) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn f64(v: VReg) -> f64 {
        // SAFETY: as above.
        unsafe { vgetq_lane_f64::<0>(v) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn with_f64(v: VReg, x: f64) -> VReg {
        // SAFETY: as above.
        unsafe { vsetq_lane_f64::<0>(x, v) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn of_f64(x: f64) -> VReg {
        with_f64(zero(), x)
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn v128(v: VReg) -> V128 {
        // SAFETY: sixteen bytes, any of which are valid.
        unsafe { std::mem::transmute(v) }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn of_v128(x: V128) -> VReg {
        // SAFETY: sixteen bytes, any of which are valid.
        unsafe { std::mem::transmute(x) }
    }
}

#[cfg(not(all(
    bimetal_tail_calls,
    not(debug_assertions),
    not(miri),
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod imp {
    use bimetal_core::value::{Slot, V128};

    /// A register for floats and vectors: the two slots of a vector, a float in
    /// the first. Floats, because where these travel in registers of their own,
    /// four such pairs have places there.
    #[derive(Clone, Copy)]
    #[repr(C)]
    pub(in crate::fast) struct VReg {
        low: f64,
        high: f64,
    }

    pub(in crate::fast) fn zero() -> VReg {
        VReg { low: 0.0, high: 0.0 }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn f32(v: VReg) -> f32 {
        f32::from_bits(v.low.to_bits() as u32)
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn with_f32(v: VReg, x: f32) -> VReg {
        with_f64(v, f64::from_bits(u64::from(x.to_bits())))
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn f64(v: VReg) -> f64 {
        v.low
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn with_f64(v: VReg, x: f64) -> VReg {
        VReg { low: x, high: v.high }
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn of_f64(x: f64) -> VReg {
        with_f64(zero(), x)
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn v128(v: VReg) -> V128 {
        V128::from_slots([Slot::from_f64(v.low), Slot::from_f64(v.high)])
    }
    #[inline(always)] // vanishes into handlers
    pub(in crate::fast) fn of_v128(x: V128) -> VReg {
        let [low, high] = x.to_slots().map(Slot::f64);
        VReg { low, high }
    }
}

pub(super) use imp::{VReg, f32, f64, of_f64, of_v128, v128, with_f32, with_f64, zero};
