//! Calls: functions of this tier become frames, all others are called through
//! their array entry. A tail call removes the caller's frame first.

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::{AddrType, FuncType};

use super::access::{Code, Function};
use super::machine::{Exit, Machine};
use super::step::index;

impl<'s> Machine<'s> {
    /// `call`
    pub(super) fn call(&mut self, func: FuncIdx) -> Result<(), Exit> {
        let cx = self.frame().cx;
        let module = cx.module().module();
        match module.defined_index(func) {
            Some(defined) => self.push_frame(cx, defined),
            None => self.call_function(cx.import(func), module.type_of_func(func)),
        }
    }

    /// `call_indirect`
    pub(super) fn call_indirect(
        &mut self,
        table: TableIdx,
        index_ty: AddrType,
        ty: TypeIdx,
    ) -> Result<(), Exit> {
        let function = self.indirect(table, index_ty, ty)?;
        self.call_function(function, self.func_type(ty))
    }

    /// `call_ref`
    pub(super) fn call_ref(&mut self, ty: TypeIdx) -> Result<(), Exit> {
        let function = self.reference()?;
        self.call_function(function, self.func_type(ty))
    }

    /// `return_call`
    pub(super) fn return_call(&mut self, func: FuncIdx) -> Result<(), Exit> {
        let cx = self.frame().cx;
        let module = cx.module().module();
        match module.defined_index(func) {
            Some(defined) => self.replace_frame(cx, defined),
            None => self.return_call_function(cx.import(func), module.type_of_func(func)),
        }
    }

    /// `return_call_indirect`
    pub(super) fn return_call_indirect(
        &mut self,
        table: TableIdx,
        index_ty: AddrType,
        ty: TypeIdx,
    ) -> Result<(), Exit> {
        let function = self.indirect(table, index_ty, ty)?;
        self.return_call_function(function, self.func_type(ty))
    }

    /// `return_call_ref`
    pub(super) fn return_call_ref(&mut self, ty: TypeIdx) -> Result<(), Exit> {
        let function = self.reference()?;
        self.return_call_function(function, self.func_type(ty))
    }

    fn func_type(&self, ty: TypeIdx) -> &'s FuncType {
        self.frame().cx.module().module().func_type(ty)
    }

    /// The function at the index operand.
    fn indirect(
        &mut self,
        table: TableIdx,
        index_ty: AddrType,
        ty: TypeIdx,
    ) -> Result<Function<'s>, TrapCode> {
        let index = index(index_ty, self.pop());
        self.frame().cx.table_function(table, index, ty)
    }

    /// The function of the reference operand.
    fn reference(&mut self) -> Result<Function<'s>, TrapCode> {
        let reference = self.pop();
        self.frame().cx.function(reference).ok_or(TrapCode::NullFunctionReference)
    }

    fn call_function(&mut self, function: Function<'s>, ty: &FuncType) -> Result<(), Exit> {
        match function.code() {
            Code::Reference(cx, defined) => self.push_frame(cx, defined),
            Code::Foreign(entry) => {
                let module = self.frame().cx.module().module();
                self.call_foreign(function, entry, (module, ty))
            }
        }
    }

    fn return_call_function(&mut self, function: Function<'s>, ty: &FuncType) -> Result<(), Exit> {
        match function.code() {
            Code::Reference(cx, defined) => self.replace_frame(cx, defined),
            Code::Foreign(entry) => {
                let module = self.frame().cx.module().module();
                self.drop_frame(ty.param_slots() as usize);
                self.call_foreign(function, entry, (module, ty))
            }
        }
    }
}
