//! Vector instructions that take several steps in CLIF.

use bimetal_core::ops::vec::VecImm;
use bimetal_core::value::V128;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32X4, I8, I8X16, I16, I16X8, I32, I32X4};
use cranelift_codegen::ir::{Endianness, InstBuilder, MemFlagsData, Type, Value};

use super::Lower;

impl Lower<'_> {
    /// A vector as lanes of a type.
    pub(super) fn lanes(&mut self, ty: Type, vector: Value) -> Value {
        if self.builder.func.dfg.value_type(vector) == ty {
            return vector;
        }
        let flags = MemFlagsData::new().with_endianness(Endianness::Little);
        self.builder.ins().bitcast(ty, flags, vector)
    }

    /// A vector of any lanes as operands are known.
    pub(super) fn bits(&mut self, vector: Value) -> Value {
        self.lanes(I8X16, vector)
    }

    pub(super) fn vec_const(&mut self, vector: V128) -> Value {
        self.constant_lanes(I8X16, vector)
    }

    /// A vector of this type that is all zeros.
    pub(super) fn zero_vector(&mut self, ty: Type) -> Value {
        self.constant_lanes(ty, V128::default())
    }

    fn constant_lanes(&mut self, ty: Type, vector: V128) -> Value {
        let constant = self.builder.func.dfg.constants.insert(vector.0.to_vec().into());
        self.builder.ins().vconst(ty, constant)
    }

    pub(super) fn shuffle(&mut self, a: Value, b: Value, lanes: [u8; 16]) -> Value {
        let lanes = self.builder.func.dfg.immediates.push(lanes.to_vec().into());
        self.builder.ins().shuffle(a, b, lanes)
    }

    /// One lane as a number of its own width.
    pub(super) fn extract(&mut self, ty: Type, vector: Value, imm: VecImm) -> Value {
        let vector = self.lanes(ty, vector);
        self.builder.ins().extractlane(vector, imm.lane())
    }

    pub(super) fn replace(&mut self, ty: Type, vector: Value, value: Value, imm: VecImm) -> Value {
        let lane = self.lane(ty, value);
        let vector = self.lanes(ty, vector);
        let vector = self.builder.ins().insertlane(vector, lane, imm.lane());
        self.bits(vector)
    }

    pub(super) fn splat(&mut self, ty: Type, value: Value) -> Value {
        let lane = self.lane(ty, value);
        let vector = self.builder.ins().splat(ty, lane);
        self.bits(vector)
    }

    /// A number operand as a lane: of narrow lanes, its low part.
    fn lane(&mut self, ty: Type, value: Value) -> Value {
        match ty.lane_type() {
            narrow @ (I8 | I16) => self.builder.ins().ireduce(narrow, value),
            _ => value,
        }
    }

    pub(super) fn compare_ints(&mut self, ty: Type, cond: IntCC, a: Value, b: Value) -> Value {
        let (a, b) = (self.lanes(ty, a), self.lanes(ty, b));
        let value = self.builder.ins().icmp(cond, a, b);
        self.bits(value)
    }

    pub(super) fn compare_floats(&mut self, ty: Type, cond: FloatCC, a: Value, b: Value) -> Value {
        let (a, b) = (self.lanes(ty, a), self.lanes(ty, b));
        let value = self.builder.ins().fcmp(cond, a, b);
        self.bits(value)
    }

    pub(super) fn bitmask(&mut self, ty: Type, vector: Value) -> Value {
        let vector = self.lanes(ty, vector);
        self.builder.ins().vhigh_bits(I32, vector)
    }

    /// Float lanes, with the positive canonical NaN for every NaN.
    pub(super) fn canonical_nans(&mut self, ty: Type, vector: Value) -> Value {
        let vector = self.lanes(ty, vector);
        // NaN in each lane, lane 0 lowest.
        let nan = match ty {
            F32X4 => 0x7fc0_0000_7fc0_0000_7fc0_0000_7fc0_0000,
            _ => 0x7ff8_0000_0000_0000_7ff8_0000_0000_0000,
        };
        let nan = self.constant_lanes(ty, V128::from_u128(nan));
        let is_nan = self.builder.ins().fcmp(FloatCC::Unordered, vector, vector);
        let mask = self.lanes(ty, is_nan);
        let value = self.builder.ins().bitselect(mask, nan, vector);
        self.bits(value)
    }

    /// The pattern that Cranelift knows as `minps`: `b < a ? b : a`.
    pub(super) fn pseudo_min(&mut self, ty: Type, a: Value, b: Value) -> Value {
        let (a, b) = (self.lanes(ty, a), self.lanes(ty, b));
        let less = self.builder.ins().fcmp(FloatCC::LessThan, b, a);
        let mask = self.lanes(ty, less);
        let value = self.builder.ins().bitselect(mask, b, a);
        self.bits(value)
    }

    /// The pattern that Cranelift knows as `maxps`: `a < b ? b : a`.
    pub(super) fn pseudo_max(&mut self, ty: Type, a: Value, b: Value) -> Value {
        let (a, b) = (self.lanes(ty, a), self.lanes(ty, b));
        let less = self.builder.ins().fcmp(FloatCC::LessThan, a, b);
        let mask = self.lanes(ty, less);
        let value = self.builder.ins().bitselect(mask, b, a);
        self.bits(value)
    }

    /// `a * b + c`, rounded twice.
    pub(super) fn multiply_add(&mut self, ty: Type, a: Value, b: Value, c: Value) -> Value {
        let [a, b, c] = [a, b, c].map(|vector| self.lanes(ty, vector));
        let product = self.builder.ins().fmul(a, b);
        let value = self.builder.ins().fadd(product, c);
        self.bits(value)
    }

    /// `a * b + c`, rounded once.
    pub(super) fn fused_multiply_add(&mut self, ty: Type, a: Value, b: Value, c: Value) -> Value {
        let [a, b, c] = [a, b, c].map(|vector| self.lanes(ty, vector));
        let value = self.builder.ins().fma(a, b, c);
        self.bits(value)
    }

    /// The lanes of `a` where the top bit of the mask is one, of `b` elsewhere.
    pub(super) fn blend(&mut self, ty: Type, mask: Value, a: Value, b: Value) -> Value {
        let [mask, a, b] = [mask, a, b].map(|vector| self.lanes(ty, vector));
        let value = self.builder.ins().blendv(mask, a, b);
        self.bits(value)
    }

    /// As [`Lower::blend`] for lanes of 16 bits, which no instruction blends.
    pub(super) fn select_by_top_bit(&mut self, mask: Value, a: Value, b: Value) -> Value {
        let [mask, a, b] = [mask, a, b].map(|vector| self.lanes(I16X8, vector));
        let mask = self.shift_right(mask, 15);
        let value = self.builder.ins().bitselect(mask, a, b);
        self.bits(value)
    }

    fn shift_right(&mut self, vector: Value, count: i64) -> Value {
        let count = self.builder.ins().iconst(I32, count);
        self.builder.ins().sshr(vector, count)
    }

    /// `i32x4.dot_i16x8_s`
    pub(super) fn dot(&mut self, a: Value, b: Value) -> Value {
        let (a, b) = (self.lanes(I16X8, a), self.lanes(I16X8, b));
        let (a_low, b_low) = (self.builder.ins().swiden_low(a), self.builder.ins().swiden_low(b));
        let low = self.builder.ins().imul(a_low, b_low);
        let (a_high, b_high) =
            (self.builder.ins().swiden_high(a), self.builder.ins().swiden_high(b));
        let high = self.builder.ins().imul(a_high, b_high);
        let value = self.builder.ins().iadd_pairwise(low, high);
        self.bits(value)
    }

    /// Sums of two neighbouring products of signed bytes, saturating at 16 bits:
    /// the bytes of each 16-bit lane, sign-extended, give products that fit one.
    pub(super) fn dot_signed(&mut self, a: Value, b: Value) -> Value {
        let (a, b) = (self.lanes(I16X8, a), self.lanes(I16X8, b));
        let (a_even, b_even) = (self.even_bytes(a), self.even_bytes(b));
        let even = self.builder.ins().imul(a_even, b_even);
        let (a_odd, b_odd) = (self.shift_right(a, 8), self.shift_right(b, 8));
        let odd = self.builder.ins().imul(a_odd, b_odd);
        let value = self.builder.ins().sadd_sat(even, odd);
        self.bits(value)
    }

    /// The low byte of each 16-bit lane, sign-extended.
    fn even_bytes(&mut self, vector: Value) -> Value {
        let count = self.builder.ins().iconst(I32, 8);
        let high = self.builder.ins().ishl(vector, count);
        self.shift_right(high, 8)
    }

    /// As [`Lower::dot_signed`] with the bytes of `b` unsigned.
    pub(super) fn dot_unsigned(&mut self, a: Value, b: Value) -> Value {
        let value = self.builder.ins().x86_pmaddubsw(a, b);
        self.bits(value)
    }

    /// The sums of neighbouring 16-bit lanes, added to `c`.
    pub(super) fn accumulate(&mut self, dot: Value, c: Value) -> Value {
        let (dot, c) = (self.lanes(I16X8, dot), self.lanes(I32X4, c));
        let (low, high) = (self.builder.ins().swiden_low(dot), self.builder.ins().swiden_high(dot));
        let sums = self.builder.ins().iadd_pairwise(low, high);
        let value = self.builder.ins().iadd(sums, c);
        self.bits(value)
    }
}
