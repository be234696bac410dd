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
        let builtins = self.cx_constant(PTR, CX_BUILTINS);
        let offset = op as i32 * PTR.bytes() as i32;
        let builtin = self.builder.ins().load(PTR, CONSTANT, builtins, offset);
        let imm = self.builder.ins().iconst(types::I64, imm.pack() as i64);
        let mut values = vec![self.cx, builtin, imm];
        for position in 0..3 {
            let value = match args.get(position) {
                Some(&operand) => self.index(operand),
                None => self.builder.ins().iconst(types::I64, 0),
            };
            values.push(value);
        }
        let stub = self.callee(Symbol::SlowCall, slow_call);
        let call = self.builder.ins().call(stub, &values);
        let value = self.builder.inst_results(call)[0];
        result.map(|ty| self.length_as(value, ty))
    }
}
