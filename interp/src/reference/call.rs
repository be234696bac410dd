//! Calls: functions of this tier become frames, all others are called through
//! their array entry.

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
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
        let index = index(index_ty, self.pop());
        let cx = self.frame().cx;
        let function = cx.table_function(table, index, ty)?;
        self.call_function(function, cx.module().module().func_type(ty))
    }

    fn call_function(&mut self, function: Function<'s>, ty: &FuncType) -> Result<(), Exit> {
        match function.code() {
            Code::Reference(cx, defined) => self.push_frame(cx, defined),
            Code::Foreign(entry) => self.call_foreign(function, entry, ty),
        }
    }
}
