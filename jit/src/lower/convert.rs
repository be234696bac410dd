//! Comparisons and conversions that take more than one CLIF instruction.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Type, Value, types};

use super::Lower;

impl Lower<'_> {
    // A comparison gives eight bits. Where it feeds a branch, the optimiser sees
    // through the extension.

    pub(super) fn icmp(&mut self, condition: IntCC, a: Value, b: Value) -> Value {
        let bit = self.builder.ins().icmp(condition, a, b);
        self.builder.ins().uextend(types::I32, bit)
    }

    pub(super) fn fcmp(&mut self, condition: FloatCC, a: Value, b: Value) -> Value {
        let bit = self.builder.ins().fcmp(condition, a, b);
        self.builder.ins().uextend(types::I32, bit)
    }

    /// Whether an integer or a reference is zero.
    pub(super) fn is_zero(&mut self, a: Value) -> Value {
        let bit = self.builder.ins().icmp_imm_u(IntCC::Equal, a, 0);
        self.builder.ins().uextend(types::I32, bit)
    }

    pub(super) fn reinterpret(&mut self, to: Type, a: Value) -> Value {
        self.builder.ins().bitcast(to, MemFlagsData::new(), a)
    }

    /// A float, but the positive canonical NaN if it is a NaN.
    pub(super) fn canonical_nan(&mut self, a: Value) -> Value {
        let nan = if self.builder.func.dfg.value_type(a) == types::F32 {
            self.builder.ins().f32const(Ieee32::with_bits(0x7fc0_0000))
        } else {
            self.builder.ins().f64const(Ieee64::with_bits(0x7ff8_0000_0000_0000))
        };
        let is_nan = self.builder.ins().fcmp(FloatCC::Unordered, a, a);
        self.builder.ins().select(is_nan, nan, a)
    }

    /// The low part of an integer, sign-extended.
    pub(super) fn extend_low(&mut self, low: Type, to: Type, a: Value) -> Value {
        let low = self.builder.ins().ireduce(low, a);
        self.builder.ins().sextend(to, low)
    }

    /// An unsigned 64-bit integer as a float.
    ///
    /// The signed conversion does for all but the largest integers; Cranelift's
    /// unsigned one waits for the previous value of its destination register on
    /// x86-64, which makes loops up to five times slower on some processors.
    pub(super) fn float_from_u64(&mut self, to: Type, a: Value) -> Value {
        if !self.env.optimisations.signed_conversions {
            return self.builder.ins().fcvt_from_uint(to, a);
        }
        let small = self.builder.create_block();
        let large = self.builder.create_block();
        let end = self.builder.create_block();
        let result = self.builder.append_block_param(end, to);
        self.builder.set_cold_block(large);
        let negative = self.builder.ins().icmp_imm_s(IntCC::SignedLessThan, a, 0);
        self.builder.ins().brif(negative, large, &[], small, &[]);
        self.seal(large);
        self.seal(small);
        self.builder.switch_to_block(small);
        let value = self.builder.ins().fcvt_from_sint(to, a);
        self.builder.ins().jump(end, &[value.into()]);
        self.builder.switch_to_block(large);
        let value = self.builder.ins().fcvt_from_uint(to, a);
        self.builder.ins().jump(end, &[value.into()]);
        self.seal(end);
        self.builder.switch_to_block(end);
        result
    }
}
