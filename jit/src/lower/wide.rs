//! Instructions with two results: Cranelift has 128-bit integers for them.

use bimetal_core::ops::wide::WideOp;
use bimetal_parser::walk::Operand;
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::Lower;

impl Lower<'_> {
    /// The low half and the high half of what the instruction computes.
    pub(super) fn wide(&mut self, op: WideOp, args: &[Operand<Value>]) -> [Value; 2] {
        let value = match op {
            WideOp::i64_add128 => {
                let (a, b) = (self.joined(&args[..2]), self.joined(&args[2..]));
                self.builder.ins().iadd(a, b)
            }
            WideOp::i64_sub128 => {
                let (a, b) = (self.joined(&args[..2]), self.joined(&args[2..]));
                self.builder.ins().isub(a, b)
            }
            // A product of extended numbers is one instruction of the machine.
            WideOp::i64_mul_wide_s => {
                let a = self.builder.ins().sextend(types::I128, args[0].value);
                let b = self.builder.ins().sextend(types::I128, args[1].value);
                self.builder.ins().imul(a, b)
            }
            WideOp::i64_mul_wide_u => {
                let a = self.builder.ins().uextend(types::I128, args[0].value);
                let b = self.builder.ins().uextend(types::I128, args[1].value);
                self.builder.ins().imul(a, b)
            }
        };
        let (low, high) = self.builder.ins().isplit(value);
        [low, high]
    }

    /// Two halves, the low one first, as one number.
    fn joined(&mut self, halves: &[Operand<Value>]) -> Value {
        self.builder.ins().iconcat(halves[0].value, halves[1].value)
    }
}
