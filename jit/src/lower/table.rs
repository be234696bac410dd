//! Tables: their elements are references in one slot each.

use bimetal_core::index::TableIdx;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_parser::walk::Operand;
use bimetal_runtime::layout::{TABLE_BASE, TABLE_LEN};
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Lower;
use crate::abi::PTR;
use crate::env::Region;

impl Lower<'_> {
    fn table_field(&mut self, table: TableIdx, ty: Type, offset: i32) -> Value {
        let header = self.cx_constant(PTR, self.env.layout.table(table) as i32);
        let flags = self.trusted(Region::TableHeader);
        self.builder.ins().load(ty, flags, header, offset)
    }

    /// The address of an element; traps with `code` if there is none.
    pub(super) fn element_address(
        &mut self,
        table: TableIdx,
        index: Operand<Value>,
        code: TrapCode,
    ) -> Value {
        let len = self.table_field(table, types::I64, TABLE_LEN);
        let index = self.check_index(index, len, code);
        let base = self.table_field(table, PTR, TABLE_BASE);
        let offset = self.builder.ins().ishl_imm_u(index, 3);
        self.builder.ins().iadd(base, offset)
    }

    pub(super) fn table_get(&mut self, table: TableIdx, index: Operand<Value>) -> Value {
        let at = self.element_address(table, index, TrapCode::TableOutOfBounds);
        let flags = self.trusted(Region::Elements);
        let value = self.builder.ins().load(types::I64, flags, at, 0);
        self.rooted(ValType::Ref(self.env.module.tables[table.index()].ty.element), value)
    }

    pub(super) fn table_set(&mut self, table: TableIdx, index: Operand<Value>, value: Value) {
        let at = self.element_address(table, index, TrapCode::TableOutOfBounds);
        let flags = self.trusted(Region::Elements);
        self.builder.ins().store(flags, value, at, 0);
    }

    pub(super) fn table_size(&mut self, table: TableIdx) -> Value {
        let len = self.table_field(table, types::I64, TABLE_LEN);
        let ty = self.env.module.tables[table.index()].ty.addr.val_type();
        self.length_as(len, ty)
    }
}
