//! The relaxed vector instructions: each may have one of several outcomes, and an
//! engine fixes which.
//!
//! Every tier must fix the same, for an instance moves from one to another while
//! it runs. So nobody executes a [`RelaxedOp`]: who translates a function asks
//! [`RelaxedOp::choose`] for the [`VecOp`] that stands for it, and a
//! [`RelaxedChoice`] is part of the engine's settings. Specification: "Relaxed
//! operations" under Numerics, "Deterministic profile" in the appendix.

use super::vec::VecOp;
use crate::types::ValType;

/// One relaxed instruction in rows:
/// `name Operator (operands) -> result = deterministic, choice: other;`,
/// in opcode order.
///
/// `deterministic` is the [`VecOp`] of the deterministic profile, `other` the one
/// where the field `choice` of [`RelaxedChoice`] is set. Two outcomes of the
/// specification that no target computes faster are left out: other answers for
/// unsigned truncation, and all-or-nothing answers of minimum and maximum.
/// Called like [`for_each_vec_op!`](crate::for_each_vec_op).
#[macro_export]
macro_rules! for_each_relaxed_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            i8x16_relaxed_swizzle I8x16RelaxedSwizzle (V128, V128) -> V128 =
                i8x16_swizzle, swizzle: i8x16_relaxed_swizzle_modulo;
            i32x4_relaxed_trunc_f32x4_s I32x4RelaxedTruncF32x4S (V128) -> V128 =
                i32x4_trunc_sat_f32x4_s, trunc_s: i32x4_relaxed_trunc_f32x4_s_least;
            i32x4_relaxed_trunc_f32x4_u I32x4RelaxedTruncF32x4U (V128) -> V128 =
                i32x4_trunc_sat_f32x4_u;
            i32x4_relaxed_trunc_f64x2_s_zero I32x4RelaxedTruncF64x2SZero (V128) -> V128 =
                i32x4_trunc_sat_f64x2_s_zero, trunc_s: i32x4_relaxed_trunc_f64x2_s_zero_least;
            i32x4_relaxed_trunc_f64x2_u_zero I32x4RelaxedTruncF64x2UZero (V128) -> V128 =
                i32x4_trunc_sat_f64x2_u_zero;
            f32x4_relaxed_madd F32x4RelaxedMadd (V128, V128, V128) -> V128 =
                f32x4_relaxed_madd_unfused, fmadd: f32x4_relaxed_madd_fused;
            f32x4_relaxed_nmadd F32x4RelaxedNmadd (V128, V128, V128) -> V128 =
                f32x4_relaxed_nmadd_unfused, fmadd: f32x4_relaxed_nmadd_fused;
            f64x2_relaxed_madd F64x2RelaxedMadd (V128, V128, V128) -> V128 =
                f64x2_relaxed_madd_unfused, fmadd: f64x2_relaxed_madd_fused;
            f64x2_relaxed_nmadd F64x2RelaxedNmadd (V128, V128, V128) -> V128 =
                f64x2_relaxed_nmadd_unfused, fmadd: f64x2_relaxed_nmadd_fused;
            i8x16_relaxed_laneselect I8x16RelaxedLaneselect (V128, V128, V128) -> V128 =
                v128_bitselect, laneselect: i8x16_relaxed_laneselect_top_bit;
            i16x8_relaxed_laneselect I16x8RelaxedLaneselect (V128, V128, V128) -> V128 =
                v128_bitselect, laneselect: i16x8_relaxed_laneselect_top_bit;
            i32x4_relaxed_laneselect I32x4RelaxedLaneselect (V128, V128, V128) -> V128 =
                v128_bitselect, laneselect: i32x4_relaxed_laneselect_top_bit;
            i64x2_relaxed_laneselect I64x2RelaxedLaneselect (V128, V128, V128) -> V128 =
                v128_bitselect, laneselect: i64x2_relaxed_laneselect_top_bit;
            f32x4_relaxed_min F32x4RelaxedMin (V128, V128) -> V128 =
                f32x4_min, fmin: f32x4_pmin;
            f32x4_relaxed_max F32x4RelaxedMax (V128, V128) -> V128 =
                f32x4_max, fmax: f32x4_pmax;
            f64x2_relaxed_min F64x2RelaxedMin (V128, V128) -> V128 =
                f64x2_min, fmin: f64x2_pmin;
            f64x2_relaxed_max F64x2RelaxedMax (V128, V128) -> V128 =
                f64x2_max, fmax: f64x2_pmax;
            i16x8_relaxed_q15mulr_s I16x8RelaxedQ15mulrS (V128, V128) -> V128 =
                i16x8_q15mulr_sat_s, q15mulr: i16x8_relaxed_q15mulr_s_wrapping;
            i16x8_relaxed_dot_i8x16_i7x16_s I16x8RelaxedDotI8x16I7x16S (V128, V128) -> V128 =
                i16x8_relaxed_dot_i8x16_i7x16_s_signed, dot: i16x8_relaxed_dot_i8x16_i7x16_s_unsigned;
            i32x4_relaxed_dot_i8x16_i7x16_add_s I32x4RelaxedDotI8x16I7x16AddS (V128, V128, V128) -> V128 =
                i32x4_relaxed_dot_i8x16_i7x16_add_s_signed, dot: i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned;
        }
    };
}

/// Which outcome instructions have where the specification leaves it open: a field
/// for each parameter of the relaxed ones, and one for NaNs; `false` is the
/// deterministic profile's.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct RelaxedChoice {
    /// A swizzle takes indices of 16 to 127 modulo 16, not as out of range.
    pub swizzle: bool,
    /// Signed truncation gives the least integer for a NaN and for what does not
    /// fit, and does not saturate.
    pub trunc_s: bool,
    /// A multiply-add rounds once, not twice.
    pub fmadd: bool,
    /// Minimum is `pmin`.
    pub fmin: bool,
    /// Maximum is `pmax`.
    pub fmax: bool,
    /// A lane selection looks at the top bit of each lane, not at every bit.
    pub laneselect: bool,
    /// The rounding product of two least lanes wraps and does not saturate.
    pub q15mulr: bool,
    /// A dot product takes the lanes of its second operand as unsigned.
    pub dot: bool,
    /// A NaN that arithmetic makes has any sign and payload, and is not the positive
    /// canonical one: see [`canonical_nan`](super::nan).
    pub any_nan: bool,
}

impl RelaxedChoice {
    /// The choice of the specification's deterministic profile.
    pub const DETERMINISTIC: RelaxedChoice = RelaxedChoice {
        swizzle: false,
        trunc_s: false,
        fmadd: false,
        fmin: false,
        fmax: false,
        laneselect: false,
        q15mulr: false,
        dot: false,
        any_nan: false,
    };

    /// What an x86-64 CPU with these features does in the fewest instructions.
    pub const fn x86_64(ssse3: bool, sse41: bool, fma: bool) -> RelaxedChoice {
        RelaxedChoice {
            swizzle: ssse3,
            trunc_s: true,
            fmadd: fma,
            fmin: true,
            fmax: true,
            laneselect: sse41,
            q15mulr: ssse3,
            dot: ssse3,
            any_nan: true,
        }
    }

    /// What the CPU that runs this does in the fewest instructions. Away from
    /// x86-64, all but the multiply-add and NaNs are the deterministic profile's.
    pub fn host() -> RelaxedChoice {
        #[cfg(target_arch = "x86_64")]
        return RelaxedChoice::x86_64(
            std::is_x86_feature_detected!("ssse3"),
            std::is_x86_feature_detected!("sse4.1"),
            std::is_x86_feature_detected!("fma"),
        );
        #[cfg(not(target_arch = "x86_64"))]
        return RelaxedChoice {
            fmadd: cfg!(any(target_arch = "aarch64", target_arch = "s390x")),
            any_nan: true,
            ..RelaxedChoice::DETERMINISTIC
        };
    }
}

macro_rules! relaxed_ops {
    ($($name:ident $operator:ident ($($param:ident),+) -> $result:ident =
        $deterministic:ident $(, $choice:ident: $other:ident)?;)+) => {
        /// A relaxed vector instruction.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum RelaxedOp {
            $(
                #[doc = concat!("[`VecOp::", stringify!($deterministic), "`]"
                    $(, " or [`VecOp::", stringify!($other), "`]")?, ".")]
                $name,
            )+
        }

        impl RelaxedOp {
            /// Every instruction, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [RelaxedOp] = &[$(RelaxedOp::$name),+];

            /// The text-format mnemonic, such as `f32x4.relaxed_madd`.
            pub const fn name(self) -> &'static str {
                match self { $(RelaxedOp::$name => super::mnemonic!($name),)+ }
            }

            /// The possible outcomes, that of the deterministic profile first.
            pub const fn outcomes(self) -> &'static [VecOp] {
                match self {
                    $(RelaxedOp::$name => &[VecOp::$deterministic $(, VecOp::$other)?],)+
                }
            }

            /// The instruction to execute in its place.
            pub const fn choose(self, choice: RelaxedChoice) -> VecOp {
                match self {
                    $(RelaxedOp::$name => {
                        $(if choice.$choice { return VecOp::$other; })?
                        VecOp::$deterministic
                    })+
                }
            }

            /// The operand types, the one pushed last at the end.
            pub const fn params(self) -> &'static [ValType] {
                self.outcomes()[0].params()
            }

            /// The result type.
            pub const fn result(self) -> ValType {
                self.outcomes()[0].result()
            }
        }
    };
}
for_each_relaxed_op!(relaxed_ops);
