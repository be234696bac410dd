//! Instructions that the runtime executes.

use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::types::ValType;
use bimetal_parser::walk::Operand;
use bimetal_runtime::layout::CX_BUILTINS;
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::Lower;
use crate::abi::{PTR, slow_call};
use crate::env::{CONSTANT, Symbol};

impl Lower<'_> {
    pub(super) fn slow(
        &mut self,
        op: SlowOp,
        imm: SlowImm,
        args: &[Operand<Value>],
        result: Option<ValType>,
    ) -> Option<Value> {
        if op == SlowOp::atomic_fence {
            self.builder.ins().fence();
            return None;
        }
        if self.bulk(op, imm, args) {
            return None;
        }
        let operands = [0, 1, 2].map(|position| match args.get(position) {
            Some(&operand) => self.index(operand),
            None => self.builder.ins().iconst(types::I64, 0),
        });
        let value = match op {
            SlowOp::memory_copy_run | SlowOp::memory_fill_run => self.run(op, imm, operands),
            _ => self.call_builtin(CX_BUILTINS, op as usize, imm, operands),
        };
        result.map(|ty| self.length_as(value, ty))
    }

    /// The address of the builtin at a position of a list of the context.
    pub(super) fn builtin(&mut self, list: i32, position: usize) -> Value {
        let builtins = self.cx_constant(PTR, list);
        let offset = position as i32 * PTR.bytes() as i32;
        self.builder.ins().load(PTR, CONSTANT, builtins, offset)
    }

    /// Calls the builtin at a position of a list of the context.
    pub(super) fn call_builtin(
        &mut self,
        list: i32,
        position: usize,
        imm: SlowImm,
        operands: [Value; 3],
    ) -> Value {
        let builtin = self.builtin(list, position);
        let imm = self.builder.ins().iconst(types::I64, imm.pack() as i64);
        self.safepoints += 1;
        let [a, b, c] = operands;
        let stub = self.callee(Symbol::SlowCall, slow_call);
        let call = self.builder.ins().call(stub, &[self.cx, builtin, imm, a, b, c]);
        self.builder.inst_results(call)[0]
    }
}
