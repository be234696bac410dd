//! Objects: refused, so that the function stays where it can run.

use bimetal_core::types::ValType;
use cranelift_codegen::ir::Value;

use super::Lower;
use crate::abi::clif_type;

impl Lower<'_> {
    /// Refuses an instruction on objects; what it gives is not used.
    pub(super) fn refuse_objects(&mut self, result: Option<ValType>) -> Option<Value> {
        self.refuse("instructions on objects are not supported by the compiler");
        result.map(|ty| self.zero(clif_type(ty), &mut []))
    }
}
