//! Vector instructions that touch no memory: one line each.
//!
//! Operands and results are known as sixteen bytes; an instruction looks at them
//! as lanes of its type. Where it takes several steps, they are in
//! [`super::vec_steps`].

use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_parser::walk::Operand;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{InstBuilder, Value};

use super::Lower;

impl Lower<'_> {
    /// The value of a vector instruction.
    #[expect(clippy::too_many_lines, reason = "one line per arm")]
    pub(super) fn vec(&mut self, op: VecOp, imm: VecImm, args: &[Operand<Value>]) -> Value {
        use VecOp::*;
        let a = args[0].value;
        // Only instructions that have so many operands look at these.
        let b = args.get(1).map_or(a, |operand| operand.value);
        let c = args.get(2).map_or(a, |operand| operand.value);
        // One CLIF instruction each: from one vector, from two, from a vector and
        // a count, from a vector to a number.
        macro_rules! un {
            ($lanes:ident, $inst:ident) => {{
                let a = self.lanes($lanes, a);
                let value = self.builder.ins().$inst(a);
                self.bits(value)
            }};
        }
        macro_rules! bin {
            ($lanes:ident, $inst:ident) => {{
                let (a, b) = (self.lanes($lanes, a), self.lanes($lanes, b));
                let value = self.builder.ins().$inst(a, b);
                self.bits(value)
            }};
        }
        macro_rules! shift {
            ($lanes:ident, $inst:ident) => {{
                let a = self.lanes($lanes, a);
                let value = self.builder.ins().$inst(a, b);
                self.bits(value)
            }};
        }
        macro_rules! test {
            ($lanes:ident, $inst:ident) => {{
                let a = self.lanes($lanes, a);
                let bit = self.builder.ins().$inst(a);
                self.builder.ins().uextend(I32, bit)
            }};
        }
        macro_rules! convert {
            ($from:ident, $inst:ident, $to:ident) => {{
                let a = self.lanes($from, a);
                let value = self.builder.ins().$inst($to, a);
                self.bits(value)
            }};
        }
        // Doubles to integers in the low half, and integers in the low half to
        // doubles, by way of integers as wide as doubles.
        macro_rules! narrow {
            ($convert:ident, $narrow:ident) => {{
                let a = self.lanes(F64X2, a);
                let wide = self.builder.ins().$convert(I64X2, a);
                let zero = self.zero_vector(I64X2);
                let value = self.builder.ins().$narrow(wide, zero);
                self.bits(value)
            }};
        }
        macro_rules! widen {
            ($widen:ident, $convert:ident) => {{
                let a = self.lanes(I32X4, a);
                let wide = self.builder.ins().$widen(a);
                let value = self.builder.ins().$convert(F64X2, wide);
                self.bits(value)
            }};
        }
        macro_rules! extmul {
            ($lanes:ident, $widen:ident) => {{
                let (a, b) = (self.lanes($lanes, a), self.lanes($lanes, b));
                let (a, b) = (self.builder.ins().$widen(a), self.builder.ins().$widen(b));
                let value = self.builder.ins().imul(a, b);
                self.bits(value)
            }};
        }
        macro_rules! pairwise {
            ($lanes:ident, $low:ident, $high:ident) => {{
                let a = self.lanes($lanes, a);
                let (low, high) = (self.builder.ins().$low(a), self.builder.ins().$high(a));
                let value = self.builder.ins().iadd_pairwise(low, high);
                self.bits(value)
            }};
        }
        match op {
            i8x16_shuffle => self.shuffle(a, b, imm.lanes()),
            i8x16_swizzle => bin!(I8X16, swizzle),
            i8x16_extract_lane_s => {
                let lane = self.extract(I8X16, a, imm);
                self.builder.ins().sextend(I32, lane)
            }
            i8x16_extract_lane_u => {
                let lane = self.extract(I8X16, a, imm);
                self.builder.ins().uextend(I32, lane)
            }
            i16x8_extract_lane_s => {
                let lane = self.extract(I16X8, a, imm);
                self.builder.ins().sextend(I32, lane)
            }
            i16x8_extract_lane_u => {
                let lane = self.extract(I16X8, a, imm);
                self.builder.ins().uextend(I32, lane)
            }
            i32x4_extract_lane => self.extract(I32X4, a, imm),
            i64x2_extract_lane => self.extract(I64X2, a, imm),
            f32x4_extract_lane => self.extract(F32X4, a, imm),
            f64x2_extract_lane => self.extract(F64X2, a, imm),
            i8x16_replace_lane => self.replace(I8X16, a, b, imm),
            i16x8_replace_lane => self.replace(I16X8, a, b, imm),
            i32x4_replace_lane => self.replace(I32X4, a, b, imm),
            i64x2_replace_lane => self.replace(I64X2, a, b, imm),
            f32x4_replace_lane => self.replace(F32X4, a, b, imm),
            f64x2_replace_lane => self.replace(F64X2, a, b, imm),
            i8x16_splat => self.splat(I8X16, a),
            i16x8_splat => self.splat(I16X8, a),
            i32x4_splat => self.splat(I32X4, a),
            i64x2_splat => self.splat(I64X2, a),
            f32x4_splat => self.splat(F32X4, a),
            f64x2_splat => self.splat(F64X2, a),
            i8x16_eq => self.compare_ints(I8X16, IntCC::Equal, a, b),
            i8x16_ne => self.compare_ints(I8X16, IntCC::NotEqual, a, b),
            i8x16_lt_s => self.compare_ints(I8X16, IntCC::SignedLessThan, a, b),
            i8x16_lt_u => self.compare_ints(I8X16, IntCC::UnsignedLessThan, a, b),
            i8x16_gt_s => self.compare_ints(I8X16, IntCC::SignedGreaterThan, a, b),
            i8x16_gt_u => self.compare_ints(I8X16, IntCC::UnsignedGreaterThan, a, b),
            i8x16_le_s => self.compare_ints(I8X16, IntCC::SignedLessThanOrEqual, a, b),
            i8x16_le_u => self.compare_ints(I8X16, IntCC::UnsignedLessThanOrEqual, a, b),
            i8x16_ge_s => self.compare_ints(I8X16, IntCC::SignedGreaterThanOrEqual, a, b),
            i8x16_ge_u => self.compare_ints(I8X16, IntCC::UnsignedGreaterThanOrEqual, a, b),
            i16x8_eq => self.compare_ints(I16X8, IntCC::Equal, a, b),
            i16x8_ne => self.compare_ints(I16X8, IntCC::NotEqual, a, b),
            i16x8_lt_s => self.compare_ints(I16X8, IntCC::SignedLessThan, a, b),
            i16x8_lt_u => self.compare_ints(I16X8, IntCC::UnsignedLessThan, a, b),
            i16x8_gt_s => self.compare_ints(I16X8, IntCC::SignedGreaterThan, a, b),
            i16x8_gt_u => self.compare_ints(I16X8, IntCC::UnsignedGreaterThan, a, b),
            i16x8_le_s => self.compare_ints(I16X8, IntCC::SignedLessThanOrEqual, a, b),
            i16x8_le_u => self.compare_ints(I16X8, IntCC::UnsignedLessThanOrEqual, a, b),
            i16x8_ge_s => self.compare_ints(I16X8, IntCC::SignedGreaterThanOrEqual, a, b),
            i16x8_ge_u => self.compare_ints(I16X8, IntCC::UnsignedGreaterThanOrEqual, a, b),
            i32x4_eq => self.compare_ints(I32X4, IntCC::Equal, a, b),
            i32x4_ne => self.compare_ints(I32X4, IntCC::NotEqual, a, b),
            i32x4_lt_s => self.compare_ints(I32X4, IntCC::SignedLessThan, a, b),
            i32x4_lt_u => self.compare_ints(I32X4, IntCC::UnsignedLessThan, a, b),
            i32x4_gt_s => self.compare_ints(I32X4, IntCC::SignedGreaterThan, a, b),
            i32x4_gt_u => self.compare_ints(I32X4, IntCC::UnsignedGreaterThan, a, b),
            i32x4_le_s => self.compare_ints(I32X4, IntCC::SignedLessThanOrEqual, a, b),
            i32x4_le_u => self.compare_ints(I32X4, IntCC::UnsignedLessThanOrEqual, a, b),
            i32x4_ge_s => self.compare_ints(I32X4, IntCC::SignedGreaterThanOrEqual, a, b),
            i32x4_ge_u => self.compare_ints(I32X4, IntCC::UnsignedGreaterThanOrEqual, a, b),
            i64x2_eq => self.compare_ints(I64X2, IntCC::Equal, a, b),
            i64x2_ne => self.compare_ints(I64X2, IntCC::NotEqual, a, b),
            i64x2_lt_s => self.compare_ints(I64X2, IntCC::SignedLessThan, a, b),
            i64x2_gt_s => self.compare_ints(I64X2, IntCC::SignedGreaterThan, a, b),
            i64x2_le_s => self.compare_ints(I64X2, IntCC::SignedLessThanOrEqual, a, b),
            i64x2_ge_s => self.compare_ints(I64X2, IntCC::SignedGreaterThanOrEqual, a, b),
            f32x4_eq => self.compare_floats(F32X4, FloatCC::Equal, a, b),
            f32x4_ne => self.compare_floats(F32X4, FloatCC::NotEqual, a, b),
            f32x4_lt => self.compare_floats(F32X4, FloatCC::LessThan, a, b),
            f32x4_gt => self.compare_floats(F32X4, FloatCC::GreaterThan, a, b),
            f32x4_le => self.compare_floats(F32X4, FloatCC::LessThanOrEqual, a, b),
            f32x4_ge => self.compare_floats(F32X4, FloatCC::GreaterThanOrEqual, a, b),
            f64x2_eq => self.compare_floats(F64X2, FloatCC::Equal, a, b),
            f64x2_ne => self.compare_floats(F64X2, FloatCC::NotEqual, a, b),
            f64x2_lt => self.compare_floats(F64X2, FloatCC::LessThan, a, b),
            f64x2_gt => self.compare_floats(F64X2, FloatCC::GreaterThan, a, b),
            f64x2_le => self.compare_floats(F64X2, FloatCC::LessThanOrEqual, a, b),
            f64x2_ge => self.compare_floats(F64X2, FloatCC::GreaterThanOrEqual, a, b),
            v128_not => un!(I8X16, bnot),
            v128_and => bin!(I8X16, band),
            v128_andnot => bin!(I8X16, band_not),
            v128_or => bin!(I8X16, bor),
            v128_xor => bin!(I8X16, bxor),
            v128_bitselect => self.builder.ins().bitselect(c, a, b),
            v128_any_true => test!(I8X16, vany_true),
            i8x16_all_true => test!(I8X16, vall_true),
            i16x8_all_true => test!(I16X8, vall_true),
            i32x4_all_true => test!(I32X4, vall_true),
            i64x2_all_true => test!(I64X2, vall_true),
            i8x16_bitmask => self.bitmask(I8X16, a),
            i16x8_bitmask => self.bitmask(I16X8, a),
            i32x4_bitmask => self.bitmask(I32X4, a),
            i64x2_bitmask => self.bitmask(I64X2, a),
            i8x16_abs => un!(I8X16, iabs),
            i16x8_abs => un!(I16X8, iabs),
            i32x4_abs => un!(I32X4, iabs),
            i64x2_abs => un!(I64X2, iabs),
            i8x16_neg => un!(I8X16, ineg),
            i16x8_neg => un!(I16X8, ineg),
            i32x4_neg => un!(I32X4, ineg),
            i64x2_neg => un!(I64X2, ineg),
            i8x16_popcnt => un!(I8X16, popcnt),
            i8x16_shl => shift!(I8X16, ishl),
            i8x16_shr_s => shift!(I8X16, sshr),
            i8x16_shr_u => shift!(I8X16, ushr),
            i16x8_shl => shift!(I16X8, ishl),
            i16x8_shr_s => shift!(I16X8, sshr),
            i16x8_shr_u => shift!(I16X8, ushr),
            i32x4_shl => shift!(I32X4, ishl),
            i32x4_shr_s => shift!(I32X4, sshr),
            i32x4_shr_u => shift!(I32X4, ushr),
            i64x2_shl => shift!(I64X2, ishl),
            i64x2_shr_s => shift!(I64X2, sshr),
            i64x2_shr_u => shift!(I64X2, ushr),
            i8x16_add => bin!(I8X16, iadd),
            i8x16_sub => bin!(I8X16, isub),
            i16x8_add => bin!(I16X8, iadd),
            i16x8_sub => bin!(I16X8, isub),
            i16x8_mul => bin!(I16X8, imul),
            i32x4_add => bin!(I32X4, iadd),
            i32x4_sub => bin!(I32X4, isub),
            i32x4_mul => bin!(I32X4, imul),
            i64x2_add => bin!(I64X2, iadd),
            i64x2_sub => bin!(I64X2, isub),
            i64x2_mul => bin!(I64X2, imul),
            i8x16_add_sat_s => bin!(I8X16, sadd_sat),
            i8x16_add_sat_u => bin!(I8X16, uadd_sat),
            i8x16_sub_sat_s => bin!(I8X16, ssub_sat),
            i8x16_sub_sat_u => bin!(I8X16, usub_sat),
            i16x8_add_sat_s => bin!(I16X8, sadd_sat),
            i16x8_add_sat_u => bin!(I16X8, uadd_sat),
            i16x8_sub_sat_s => bin!(I16X8, ssub_sat),
            i16x8_sub_sat_u => bin!(I16X8, usub_sat),
            i8x16_min_s => bin!(I8X16, smin),
            i8x16_min_u => bin!(I8X16, umin),
            i8x16_max_s => bin!(I8X16, smax),
            i8x16_max_u => bin!(I8X16, umax),
            i16x8_min_s => bin!(I16X8, smin),
            i16x8_min_u => bin!(I16X8, umin),
            i16x8_max_s => bin!(I16X8, smax),
            i16x8_max_u => bin!(I16X8, umax),
            i32x4_min_s => bin!(I32X4, smin),
            i32x4_min_u => bin!(I32X4, umin),
            i32x4_max_s => bin!(I32X4, smax),
            i32x4_max_u => bin!(I32X4, umax),
            i8x16_avgr_u => bin!(I8X16, avg_round),
            i16x8_avgr_u => bin!(I16X8, avg_round),
            i16x8_q15mulr_sat_s => bin!(I16X8, sqmul_round_sat),
            i8x16_narrow_i16x8_s => bin!(I16X8, snarrow),
            i8x16_narrow_i16x8_u => bin!(I16X8, unarrow),
            i16x8_narrow_i32x4_s => bin!(I32X4, snarrow),
            i16x8_narrow_i32x4_u => bin!(I32X4, unarrow),
            i16x8_extend_low_i8x16_s => un!(I8X16, swiden_low),
            i16x8_extend_low_i8x16_u => un!(I8X16, uwiden_low),
            i16x8_extend_high_i8x16_s => un!(I8X16, swiden_high),
            i16x8_extend_high_i8x16_u => un!(I8X16, uwiden_high),
            i32x4_extend_low_i16x8_s => un!(I16X8, swiden_low),
            i32x4_extend_low_i16x8_u => un!(I16X8, uwiden_low),
            i32x4_extend_high_i16x8_s => un!(I16X8, swiden_high),
            i32x4_extend_high_i16x8_u => un!(I16X8, uwiden_high),
            i64x2_extend_low_i32x4_s => un!(I32X4, swiden_low),
            i64x2_extend_low_i32x4_u => un!(I32X4, uwiden_low),
            i64x2_extend_high_i32x4_s => un!(I32X4, swiden_high),
            i64x2_extend_high_i32x4_u => un!(I32X4, uwiden_high),
            i16x8_extmul_low_i8x16_s => extmul!(I8X16, swiden_low),
            i16x8_extmul_low_i8x16_u => extmul!(I8X16, uwiden_low),
            i16x8_extmul_high_i8x16_s => extmul!(I8X16, swiden_high),
            i16x8_extmul_high_i8x16_u => extmul!(I8X16, uwiden_high),
            i32x4_extmul_low_i16x8_s => extmul!(I16X8, swiden_low),
            i32x4_extmul_low_i16x8_u => extmul!(I16X8, uwiden_low),
            i32x4_extmul_high_i16x8_s => extmul!(I16X8, swiden_high),
            i32x4_extmul_high_i16x8_u => extmul!(I16X8, uwiden_high),
            i64x2_extmul_low_i32x4_s => extmul!(I32X4, swiden_low),
            i64x2_extmul_low_i32x4_u => extmul!(I32X4, uwiden_low),
            i64x2_extmul_high_i32x4_s => extmul!(I32X4, swiden_high),
            i64x2_extmul_high_i32x4_u => extmul!(I32X4, uwiden_high),
            i16x8_extadd_pairwise_i8x16_s => pairwise!(I8X16, swiden_low, swiden_high),
            i16x8_extadd_pairwise_i8x16_u => pairwise!(I8X16, uwiden_low, uwiden_high),
            i32x4_extadd_pairwise_i16x8_s => pairwise!(I16X8, swiden_low, swiden_high),
            i32x4_extadd_pairwise_i16x8_u => pairwise!(I16X8, uwiden_low, uwiden_high),
            i32x4_dot_i16x8_s => self.dot(a, b),
            f32x4_ceil => un!(F32X4, ceil),
            f32x4_floor => un!(F32X4, floor),
            f32x4_trunc => un!(F32X4, trunc),
            f32x4_nearest => un!(F32X4, nearest),
            f32x4_abs => un!(F32X4, fabs),
            f32x4_neg => un!(F32X4, fneg),
            f32x4_sqrt => un!(F32X4, sqrt),
            f32x4_add => bin!(F32X4, fadd),
            f32x4_sub => bin!(F32X4, fsub),
            f32x4_mul => bin!(F32X4, fmul),
            f32x4_div => bin!(F32X4, fdiv),
            f32x4_min => bin!(F32X4, fmin),
            f32x4_max => bin!(F32X4, fmax),
            f32x4_pmin => self.pseudo_min(F32X4, a, b),
            f32x4_pmax => self.pseudo_max(F32X4, a, b),
            f64x2_ceil => un!(F64X2, ceil),
            f64x2_floor => un!(F64X2, floor),
            f64x2_trunc => un!(F64X2, trunc),
            f64x2_nearest => un!(F64X2, nearest),
            f64x2_abs => un!(F64X2, fabs),
            f64x2_neg => un!(F64X2, fneg),
            f64x2_sqrt => un!(F64X2, sqrt),
            f64x2_add => bin!(F64X2, fadd),
            f64x2_sub => bin!(F64X2, fsub),
            f64x2_mul => bin!(F64X2, fmul),
            f64x2_div => bin!(F64X2, fdiv),
            f64x2_min => bin!(F64X2, fmin),
            f64x2_max => bin!(F64X2, fmax),
            f64x2_pmin => self.pseudo_min(F64X2, a, b),
            f64x2_pmax => self.pseudo_max(F64X2, a, b),
            i32x4_trunc_sat_f32x4_s => convert!(F32X4, fcvt_to_sint_sat, I32X4),
            f32x4_convert_i32x4_s => convert!(I32X4, fcvt_from_sint, F32X4),
            i32x4_trunc_sat_f32x4_u => convert!(F32X4, fcvt_to_uint_sat, I32X4),
            f32x4_convert_i32x4_u => convert!(I32X4, fcvt_from_uint, F32X4),
            i32x4_trunc_sat_f64x2_s_zero => narrow!(fcvt_to_sint_sat, snarrow),
            i32x4_trunc_sat_f64x2_u_zero => narrow!(fcvt_to_uint_sat, uunarrow),
            f64x2_convert_low_i32x4_s => widen!(swiden_low, fcvt_from_sint),
            f64x2_convert_low_i32x4_u => widen!(uwiden_low, fcvt_from_uint),
            f32x4_demote_f64x2_zero => un!(F64X2, fvdemote),
            f64x2_promote_low_f32x4 => un!(F32X4, fvpromote_low),
            i8x16_relaxed_swizzle_modulo => bin!(I8X16, x86_pshufb),
            i32x4_relaxed_trunc_f32x4_s_least => convert!(F32X4, x86_cvtt2dq, I32X4),
            i32x4_relaxed_trunc_f64x2_s_zero_least => narrow!(x86_cvtt2dq, snarrow),
            f32x4_canonical_nan => self.canonical_nans(F32X4, a),
            f64x2_canonical_nan => self.canonical_nans(F64X2, a),
            f32x4_relaxed_madd_unfused => self.multiply_add(F32X4, a, b, c),
            f32x4_relaxed_nmadd_unfused => {
                let a = un!(F32X4, fneg);
                self.multiply_add(F32X4, a, b, c)
            }
            f32x4_relaxed_madd_fused => self.fused_multiply_add(F32X4, a, b, c),
            f32x4_relaxed_nmadd_fused => {
                let a = un!(F32X4, fneg);
                self.fused_multiply_add(F32X4, a, b, c)
            }
            f64x2_relaxed_madd_unfused => self.multiply_add(F64X2, a, b, c),
            f64x2_relaxed_nmadd_unfused => {
                let a = un!(F64X2, fneg);
                self.multiply_add(F64X2, a, b, c)
            }
            f64x2_relaxed_madd_fused => self.fused_multiply_add(F64X2, a, b, c),
            f64x2_relaxed_nmadd_fused => {
                let a = un!(F64X2, fneg);
                self.fused_multiply_add(F64X2, a, b, c)
            }
            i8x16_relaxed_laneselect_top_bit => self.blend(I8X16, c, a, b),
            i32x4_relaxed_laneselect_top_bit => self.blend(I32X4, c, a, b),
            i64x2_relaxed_laneselect_top_bit => self.blend(I64X2, c, a, b),
            i16x8_relaxed_laneselect_top_bit => self.select_by_top_bit(c, a, b),
            i16x8_relaxed_q15mulr_s_wrapping => bin!(I16X8, x86_pmulhrsw),
            i16x8_relaxed_dot_i8x16_i7x16_s_signed => self.dot_signed(a, b),
            i16x8_relaxed_dot_i8x16_i7x16_s_unsigned => self.dot_unsigned(a, b),
            i32x4_relaxed_dot_i8x16_i7x16_add_s_signed => {
                let dot = self.dot_signed(a, b);
                self.accumulate(dot, c)
            }
            i32x4_relaxed_dot_i8x16_i7x16_add_s_unsigned => {
                let dot = self.dot_unsigned(a, b);
                self.accumulate(dot, c)
            }
        }
    }
}
