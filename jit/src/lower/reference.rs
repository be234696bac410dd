//! References.

use bimetal_core::index::FuncIdx;
use bimetal_core::trap::TrapCode;
use bimetal_runtime::layout::{CX_FUNC_REFS, FUNC_REF_SIZE};
use cranelift_codegen::ir::{InstBuilder, Value, types};

use super::Lower;
use crate::abi::{PTR, clif_trap};

impl Lower<'_> {
    pub(super) fn ref_null(&mut self) -> Value {
        self.builder.ins().iconst(types::I64, 0)
    }

    pub(super) fn ref_is_null(&mut self, operand: Value) -> Value {
        self.is_zero(operand)
    }

    pub(super) fn ref_as_non_null(&mut self, operand: Value) -> Value {
        self.builder.ins().trapz(operand, clif_trap(TrapCode::NullReference));
        operand
    }

    /// The address of the function's record.
    pub(super) fn ref_func(&mut self, func: FuncIdx) -> Value {
        if self.env.defined(func).is_none() {
            let offset = i64::from(self.env.layout.import(func));
            return self.builder.ins().iadd_imm_u(self.cx, offset);
        }
        let Some(index) = self.env.module.escaping_index(func) else {
            self.refuse("a reference to a function that the module does not declare");
            return self.ref_null();
        };
        let records = self.cx_constant(PTR, CX_FUNC_REFS);
        let offset = index as i64 * i64::from(FUNC_REF_SIZE);
        self.builder.ins().iadd_imm_u(records, offset)
    }
}
