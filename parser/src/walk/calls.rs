//! Calls, tail calls and what else is done with references to functions.

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use bimetal_core::types::{RefType, ValType};

use super::Walker;
use super::backend::Backend;
use super::blocks::mark_end;
use super::info::Callee;

impl<B: Backend> Walker<'_, B> {
    pub(super) fn call(&mut self, func: FuncIdx) {
        self.call_typed(Callee::Direct(func), self.module.funcs[func.index()]);
    }

    pub(super) fn call_indirect(&mut self, table: u32, ty: u32) {
        let callee = self.indirect(table, ty);
        self.call_typed(callee, TypeIdx(ty));
    }

    pub(super) fn call_ref(&mut self, ty: u32) {
        let callee = self.reference(ty);
        self.call_typed(callee, TypeIdx(ty));
    }

    pub(super) fn return_call(&mut self, func: FuncIdx) {
        self.return_call_typed(Callee::Direct(func), self.module.funcs[func.index()]);
    }

    pub(super) fn return_call_indirect(&mut self, table: u32, ty: u32) {
        let callee = self.indirect(table, ty);
        self.return_call_typed(callee, TypeIdx(ty));
    }

    pub(super) fn return_call_ref(&mut self, ty: u32) {
        let callee = self.reference(ty);
        self.return_call_typed(callee, TypeIdx(ty));
    }

    fn indirect(&mut self, table: u32, ty: u32) -> Callee<B::Value> {
        Callee::Indirect { table: TableIdx(table), ty: TypeIdx(ty), index: self.stack.pop() }
    }

    fn reference(&mut self, ty: u32) -> Callee<B::Value> {
        Callee::Ref { ty: TypeIdx(ty), func: self.stack.pop() }
    }

    fn call_typed(&mut self, callee: Callee<B::Value>, ty: TypeIdx) {
        let ty = self.module.func_type(ty);
        self.backend.call(&mut self.stack, callee, ty);
        let height = self.stack.len() - ty.params.len();
        self.stack.truncate(height);
        for (index, &ty) in ty.results.iter().enumerate() {
            let value = self.backend.call_result(&mut self.stack, index, ty);
            self.stack.push(ty, value);
        }
    }

    fn return_call_typed(&mut self, callee: Callee<B::Value>, ty: TypeIdx) {
        self.backend.return_call(&mut self.stack, callee, self.module.func_type(ty));
        self.reachable = false;
    }

    pub(super) fn ref_as_non_null(&mut self) {
        let operand = self.stack.pop();
        let value = self.backend.ref_as_non_null(&mut self.stack, operand);
        self.stack.push(non_null(operand.ty), value);
    }

    pub(super) fn br_on_null(&mut self, depth: u32) {
        let reference = self.stack.pop();
        let target = self.controls.target_mut(depth);
        let arity = target.branch_types(self.module).len();
        mark_end(target);
        let value = self.backend.br_on_null(&mut self.stack, target, arity, reference);
        self.stack.push(non_null(reference.ty), value);
    }

    pub(super) fn br_on_non_null(&mut self, depth: u32) {
        let target = self.controls.target_mut(depth);
        let arity = target.branch_types(self.module).len();
        mark_end(target);
        self.backend.br_on_non_null(&mut self.stack, target, arity);
        self.stack.pop();
    }
}

/// The type of a reference that is known not to be null.
fn non_null(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(RefType { nullable: false, ..ty }),
        number => number,
    }
}
