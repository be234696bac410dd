//! Plain numeric instructions: one line each.

use bimetal_core::ops::num::NumOp;
use bimetal_parser::walk::Operand;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Lower;

const I8: Type = types::I8;
const I16: Type = types::I16;
const I32: Type = types::I32;
const I64: Type = types::I64;
const F32: Type = types::F32;
const F64: Type = types::F64;

impl Lower<'_> {
    /// The value of a plain numeric instruction.
    #[expect(clippy::too_many_lines, reason = "one line per arm")]
    pub(super) fn num(&mut self, op: NumOp, args: &[Operand<Value>]) -> Value {
        use NumOp::*;
        let a = args[0].value;
        // The second operand of the instructions that have one.
        let b = args.get(1).map_or(a, |operand| operand.value);
        match op {
            i32_eqz | i64_eqz => self.is_zero(a),
            i32_eq | i64_eq => self.icmp(IntCC::Equal, a, b),
            i32_ne | i64_ne => self.icmp(IntCC::NotEqual, a, b),
            i32_lt_s | i64_lt_s => self.icmp(IntCC::SignedLessThan, a, b),
            i32_lt_u | i64_lt_u => self.icmp(IntCC::UnsignedLessThan, a, b),
            i32_gt_s | i64_gt_s => self.icmp(IntCC::SignedGreaterThan, a, b),
            i32_gt_u | i64_gt_u => self.icmp(IntCC::UnsignedGreaterThan, a, b),
            i32_le_s | i64_le_s => self.icmp(IntCC::SignedLessThanOrEqual, a, b),
            i32_le_u | i64_le_u => self.icmp(IntCC::UnsignedLessThanOrEqual, a, b),
            i32_ge_s | i64_ge_s => self.icmp(IntCC::SignedGreaterThanOrEqual, a, b),
            i32_ge_u | i64_ge_u => self.icmp(IntCC::UnsignedGreaterThanOrEqual, a, b),
            f32_eq | f64_eq => self.fcmp(FloatCC::Equal, a, b),
            f32_ne | f64_ne => self.fcmp(FloatCC::NotEqual, a, b),
            f32_lt | f64_lt => self.fcmp(FloatCC::LessThan, a, b),
            f32_gt | f64_gt => self.fcmp(FloatCC::GreaterThan, a, b),
            f32_le | f64_le => self.fcmp(FloatCC::LessThanOrEqual, a, b),
            f32_ge | f64_ge => self.fcmp(FloatCC::GreaterThanOrEqual, a, b),
            i32_clz | i64_clz => self.builder.ins().clz(a),
            i32_ctz | i64_ctz => self.builder.ins().ctz(a),
            i32_popcnt | i64_popcnt => self.builder.ins().popcnt(a),
            i32_add | i64_add => self.builder.ins().iadd(a, b),
            i32_sub | i64_sub => self.builder.ins().isub(a, b),
            i32_mul | i64_mul => self.product(a, b),
            i32_div_s | i64_div_s => self.builder.ins().sdiv(a, b),
            i32_div_u | i64_div_u => self.quotient(a, b),
            i32_rem_s | i64_rem_s => self.builder.ins().srem(a, b),
            i32_rem_u | i64_rem_u => self.remainder(a, b),
            i32_and | i64_and => self.and(a, b),
            i32_or | i64_or => self.builder.ins().bor(a, b),
            i32_xor | i64_xor => self.builder.ins().bxor(a, b),
            i32_shl | i64_shl => self.builder.ins().ishl(a, b),
            i32_shr_s | i64_shr_s => self.builder.ins().sshr(a, b),
            i32_shr_u | i64_shr_u => self.builder.ins().ushr(a, b),
            i32_rotl | i64_rotl => self.builder.ins().rotl(a, b),
            i32_rotr | i64_rotr => self.builder.ins().rotr(a, b),
            f32_abs | f64_abs => self.builder.ins().fabs(a),
            f32_neg | f64_neg => self.builder.ins().fneg(a),
            f32_ceil | f64_ceil => self.builder.ins().ceil(a),
            f32_floor | f64_floor => self.builder.ins().floor(a),
            f32_trunc | f64_trunc => self.builder.ins().trunc(a),
            f32_nearest | f64_nearest => self.builder.ins().nearest(a),
            f32_sqrt | f64_sqrt => self.builder.ins().sqrt(a),
            f32_add | f64_add => self.builder.ins().fadd(a, b),
            f32_sub | f64_sub => self.builder.ins().fsub(a, b),
            f32_mul | f64_mul => self.builder.ins().fmul(a, b),
            f32_div | f64_div => self.builder.ins().fdiv(a, b),
            f32_min | f64_min => self.builder.ins().fmin(a, b),
            f32_max | f64_max => self.builder.ins().fmax(a, b),
            f32_copysign | f64_copysign => self.builder.ins().fcopysign(a, b),
            f32_canonical_nan | f64_canonical_nan => self.canonical_nan(a),
            i32_wrap_i64 => self.builder.ins().ireduce(I32, a),
            i32_trunc_f32_s | i32_trunc_f64_s => self.builder.ins().fcvt_to_sint(I32, a),
            i32_trunc_f32_u | i32_trunc_f64_u => self.builder.ins().fcvt_to_uint(I32, a),
            i64_extend_i32_s => self.builder.ins().sextend(I64, a),
            i64_extend_i32_u => self.builder.ins().uextend(I64, a),
            i64_trunc_f32_s | i64_trunc_f64_s => self.builder.ins().fcvt_to_sint(I64, a),
            i64_trunc_f32_u | i64_trunc_f64_u => self.builder.ins().fcvt_to_uint(I64, a),
            f32_convert_i32_s | f32_convert_i64_s => self.builder.ins().fcvt_from_sint(F32, a),
            f32_convert_i32_u => self.builder.ins().fcvt_from_uint(F32, a),
            f32_convert_i64_u => self.float_from_u64(F32, a),
            f32_demote_f64 => self.builder.ins().fdemote(F32, a),
            f64_convert_i32_s | f64_convert_i64_s => self.builder.ins().fcvt_from_sint(F64, a),
            f64_convert_i32_u => self.builder.ins().fcvt_from_uint(F64, a),
            f64_convert_i64_u => self.float_from_u64(F64, a),
            f64_promote_f32 => self.builder.ins().fpromote(F64, a),
            i32_reinterpret_f32 => self.reinterpret(I32, a),
            i64_reinterpret_f64 => self.reinterpret(I64, a),
            f32_reinterpret_i32 => self.reinterpret(F32, a),
            f64_reinterpret_i64 => self.reinterpret(F64, a),
            i32_extend8_s => self.extend_low(I8, I32, a),
            i32_extend16_s => self.extend_low(I16, I32, a),
            i64_extend8_s => self.extend_low(I8, I64, a),
            i64_extend16_s => self.extend_low(I16, I64, a),
            i64_extend32_s => self.extend_low(I32, I64, a),
            i32_trunc_sat_f32_s | i32_trunc_sat_f64_s => {
                self.builder.ins().fcvt_to_sint_sat(I32, a)
            }
            i32_trunc_sat_f32_u | i32_trunc_sat_f64_u => {
                self.builder.ins().fcvt_to_uint_sat(I32, a)
            }
            i64_trunc_sat_f32_s | i64_trunc_sat_f64_s => {
                self.builder.ins().fcvt_to_sint_sat(I64, a)
            }
            i64_trunc_sat_f32_u | i64_trunc_sat_f64_u => {
                self.builder.ins().fcvt_to_uint_sat(I64, a)
            }
        }
    }
}
