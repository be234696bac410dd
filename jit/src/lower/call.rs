//! Calls.

use std::collections::hash_map::Entry;

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_parser::walk::{Callee, Operand, Stack};
use bimetal_runtime::layout::{CODE_NATIVE, FUNC_REF_CODE, FUNC_REF_CX, FUNC_REF_TYPE_ID};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    ExtFuncData, ExternalName, FuncRef, InstBuilder, MemFlagsData, Signature, Value, types,
};

use super::Lower;
use crate::abi::{PTR, Shape, clif_trap};
use crate::env::{Region, Symbol};

impl Lower<'_> {
    pub(super) fn call(&mut self, stack: &Stack<Value>, callee: Callee<Value>, ty: &FuncType) {
        let args = stack.top(ty.params.len()).iter().map(|operand| operand.value);
        let mut values = Vec::with_capacity(1 + ty.params.len());
        values.push(self.cx);
        values.extend(args);
        match callee {
            Callee::Direct(func) => match self.env.defined(func) {
                Some(defined) => self.call_defined(defined, ty, &values),
                None => self.call_import(func, ty, values),
            },
            Callee::Indirect { table, ty: index_type, index } => {
                self.call_indirect(table, index_type, index, ty, values);
            }
        }
    }

    fn call_defined(&mut self, defined: u32, ty: &FuncType, values: &[Value]) {
        let callee = self.callee(Symbol::Defined(defined), || Shape::new(ty).native());
        let call = self.builder.ins().call(callee, values);
        self.take_results(call);
    }

    /// The import's record lies in the context and never changes; the entry that
    /// stands in its code slot may.
    fn call_import(&mut self, func: FuncIdx, ty: &FuncType, values: Vec<Value>) {
        let record = self.env.layout.import(func) as i32;
        let code = self.cx_constant(PTR, record + FUNC_REF_CODE);
        let cx = self.cx_constant(PTR, record + FUNC_REF_CX);
        self.call_slot(code, cx, ty, values);
    }

    fn call_indirect(
        &mut self,
        table: TableIdx,
        index_type: TypeIdx,
        index: Operand<Value>,
        ty: &FuncType,
        values: Vec<Value>,
    ) {
        let at = self.element_address(table, index, TrapCode::UndefinedElement);
        let elements = self.trusted(Region::Elements);
        let func_ref = self.builder.ins().load(PTR, elements, at, 0);
        self.builder.ins().trapz(func_ref, clif_trap(TrapCode::UninitializedElement));
        // Records never change, but only behind the null check is there one.
        let record = MemFlagsData::trusted().with_readonly();
        let actual = self.builder.ins().load(types::I32, record, func_ref, FUNC_REF_TYPE_ID);
        let expected = self.cx_constant(types::I32, self.env.layout.type_id(index_type) as i32);
        let differs = self.builder.ins().icmp(IntCC::NotEqual, actual, expected);
        self.trap_if(differs, TrapCode::IndirectCallTypeMismatch);
        let code = self.builder.ins().load(PTR, record, func_ref, FUNC_REF_CODE);
        let cx = self.builder.ins().load(PTR, record, func_ref, FUNC_REF_CX);
        self.call_slot(code, cx, ty, values);
    }

    /// Calls through a code slot; `values` begins with the caller's context,
    /// which gives way to the callee's.
    fn call_slot(&mut self, code: Value, cx: Value, ty: &FuncType, mut values: Vec<Value>) {
        let flags = self.trusted(Region::Vm);
        let native = self.builder.ins().load(PTR, flags, code, CODE_NATIVE);
        values[0] = cx;
        let sig = self.builder.import_signature(Shape::new(ty).native());
        let call = self.builder.ins().call_indirect(sig, native, &values);
        self.take_results(call);
    }

    fn take_results(&mut self, call: cranelift_codegen::ir::Inst) {
        self.results.clear();
        self.results.extend_from_slice(self.builder.inst_results(call));
    }

    /// A callee in the same block of code, declared once per function.
    pub(super) fn callee(&mut self, symbol: Symbol, sig: impl FnOnce() -> Signature) -> FuncRef {
        match self.callees.entry(symbol) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(entry) => {
                let signature = self.builder.import_signature(sig());
                let name = self.builder.func.declare_imported_user_function(symbol.name());
                *entry.insert(self.builder.import_function(ExtFuncData {
                    name: ExternalName::user(name),
                    signature,
                    colocated: true,
                    patchable: false,
                }))
            }
        }
    }
}
