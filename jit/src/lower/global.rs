//! Globals.

use bimetal_core::index::GlobalIdx;
use bimetal_core::types::ValType;
use bimetal_runtime::layout::GLOBAL_VALUE;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};

use super::Lower;
use crate::abi::{PTR, clif_type};
use crate::env::{CONSTANT, Region};

impl Lower<'_> {
    fn global_place(&mut self, global: GlobalIdx) -> (Value, MemFlagsData) {
        let address = self.cx_constant(PTR, self.env.layout.global(global) as i32);
        let ty = self.env.module.globals[global.index()].ty;
        // A collection changes references wherever they are.
        let flags = if ty.mutable || self.env.module.is_collected(ty.content) {
            self.trusted(Region::of_global(self.env, global))
        } else {
            // Written before any code of the instance runs.
            CONSTANT
        };
        (address, flags)
    }

    pub(super) fn global_get(&mut self, global: GlobalIdx, ty: ValType) -> Value {
        let (address, flags) = self.global_place(global);
        let value = self.builder.ins().load(clif_type(ty), flags, address, GLOBAL_VALUE);
        self.rooted(ty, value)
    }

    pub(super) fn global_set(&mut self, global: GlobalIdx, value: Value) {
        let (address, flags) = self.global_place(global);
        self.builder.ins().store(flags, value, address, GLOBAL_VALUE);
    }
}
