//! Vector instructions that touch no memory.

use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::value::V128;
use bimetal_parser::walk::Operand;
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::Lower;

impl Lower<'_> {
    pub(super) fn vec_const(&mut self, vector: V128) -> Value {
        let constant = self.builder.func.dfg.constants.insert(vector.0.to_vec().into());
        self.builder.ins().vconst(types::I8X16, constant)
    }

    pub(super) fn vec(&mut self, op: VecOp, _: VecImm, _: &[Operand<Value>]) -> Value {
        self.refuse(format!("{} is not supported", op.name()));
        self.zero(crate::abi::clif_type(op.result()), &mut [None; 5])
    }
}
