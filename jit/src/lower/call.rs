//! Calls.

use std::collections::hash_map;

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_parser::walk::{Callee, Operand, Stack};
use bimetal_runtime::layout::{
    CODE_NATIVE, CX_IS_SUBTYPE, FUNC_REF_CODE, FUNC_REF_CX, FUNC_REF_TYPE_ID,
};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    ExtFuncData, ExternalName, FuncRef, InstBuilder, MemFlagsData, Signature, Value, types,
};

use super::Lower;
use crate::abi::{PTR, Shape, clif_trap, host};
use crate::env::{Calls, Region, Symbol};

/// Flags of a load from the record of a function: records never change, but only
/// behind the null check is there one.
const RECORD: MemFlagsData = MemFlagsData::trusted().with_readonly();

/// How a callee is reached.
pub(super) enum Entry {
    /// Directly: a defined function of the module.
    Defined(u32),
    /// Through a code slot, with another context.
    Slot { code: Value, cx: Value },
}

impl Lower<'_> {
    pub(super) fn call(&mut self, stack: &Stack<Value>, callee: Callee<Value>, ty: &FuncType) {
        let values = self.arguments(stack, ty);
        if let Some(limit) = self.inlining.limit(self.env, self.offset) {
            if let Callee::Direct(func) = callee
                && let Some(defined) = self.env.defined(func)
                && self.inline(defined, &values[1..], ty, self.direct_limit(limit))
            {
                return;
            }
            if self.guess(callee, &values, ty, limit) {
                return;
            }
        }
        let entry = self.entry(callee);
        self.call_entry(entry, values, ty);
    }

    /// How large a body may be that takes the place of a direct call.
    fn direct_limit(&self, limit: u32) -> u32 {
        if self.env.optimisations.inline_calls { limit } else { 0 }
    }

    /// Calls what has been found. `values`: the context and the arguments.
    pub(super) fn call_entry(&mut self, entry: Entry, mut values: Vec<Value>, ty: &FuncType) {
        self.safepoints += 1;
        let call = match entry {
            Entry::Defined(defined) => {
                let callee = self.callee(Symbol::Defined(defined), || Shape::new(ty).native());
                if self.inside_try() {
                    return self.try_call(callee, &values, &Shape::new(ty).results);
                }
                self.builder.ins().call(callee, &values)
            }
            Entry::Slot { code, cx } => {
                let native = self.native(code);
                values[0] = cx;
                let sig = self.builder.import_signature(Shape::new(ty).native());
                if self.inside_try() {
                    return self.try_call_indirect(sig, native, &values, &Shape::new(ty).results);
                }
                self.builder.ins().call_indirect(sig, native, &values)
            }
        };
        self.take_results(call);
    }

    /// The arguments of a call: the context, then the topmost operands.
    pub(super) fn arguments(&self, stack: &Stack<Value>, ty: &FuncType) -> Vec<Value> {
        let args = stack.top(ty.params.len()).iter().map(|operand| operand.value);
        std::iter::once(self.cx).chain(args).collect()
    }

    /// Finds the callee, or traps.
    pub(super) fn entry(&mut self, callee: Callee<Value>) -> Entry {
        match callee {
            Callee::Direct(func) => match self.env.defined(func) {
                Some(defined) if self.env.calls == Calls::Slots => {
                    Entry::Slot { code: self.own_code(defined), cx: self.cx }
                }
                Some(defined) => Entry::Defined(defined),
                None => self.import_entry(func),
            },
            callee => {
                let record = self.record(callee);
                self.record_entry(record, callee)
            }
        }
    }

    /// The record of a callee that is none of the module's own, or traps.
    pub(super) fn record(&mut self, callee: Callee<Value>) -> Value {
        match callee {
            Callee::Direct(func) => {
                let offset = i64::from(self.env.layout.import(func));
                self.builder.ins().iadd_imm_u(self.cx, offset)
            }
            Callee::Indirect { table, ty, index } => self.element_record(table, ty, index),
            Callee::Ref { func, .. } => {
                let null = clif_trap(TrapCode::NullFunctionReference);
                self.builder.ins().trapz(func.value, null);
                func.value
            }
        }
    }

    /// The import's record lies in the context and never changes; the entry that
    /// stands in its code slot may.
    fn import_entry(&mut self, func: FuncIdx) -> Entry {
        let record = self.env.layout.import(func) as i32;
        let code = self.cx_constant(PTR, record + FUNC_REF_CODE);
        let cx = self.cx_constant(PTR, record + FUNC_REF_CX);
        Entry::Slot { code, cx }
    }

    fn element_record(&mut self, table: TableIdx, ty: TypeIdx, index: Operand<Value>) -> Value {
        let func_ref = self.element(table, index);
        self.check_element(func_ref, ty);
        func_ref
    }

    /// The element of a table that an indirect call names: null or a record.
    pub(super) fn element(&mut self, table: TableIdx, index: Operand<Value>) -> Value {
        let at = self.element_address(table, index, TrapCode::UndefinedElement);
        let elements = self.trusted(Region::Elements);
        self.builder.ins().load(PTR, elements, at, 0)
    }

    /// Traps unless an element can be called as a function of this type.
    pub(super) fn check_element(&mut self, func_ref: Value, ty: TypeIdx) {
        self.builder.ins().trapz(func_ref, clif_trap(TrapCode::UninitializedElement));
        let actual = self.builder.ins().load(types::I32, RECORD, func_ref, FUNC_REF_TYPE_ID);
        let expected = self.cx_constant(types::I32, self.env.layout.type_id(ty) as i32);
        let differs = self.builder.ins().icmp(IntCC::NotEqual, actual, expected);
        if self.env.module.types[ty.index()].is_final {
            self.trap_if(differs, TrapCode::IndirectCallTypeMismatch);
        } else {
            self.check_subtype(differs, actual, expected);
        }
    }

    /// Where the types differ, asks the runtime whether one is a subtype of the
    /// other.
    fn check_subtype(&mut self, differs: Value, actual: Value, expected: Value) {
        let (ask, done) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(ask);
        self.builder.ins().brif(differs, ask, &[], done, &[]);
        self.builder.switch_to_block(ask);
        self.seal(ask);
        self.safepoints += 1;
        let is_subtype = self.cx_constant(PTR, CX_IS_SUBTYPE);
        let sig = host(&[PTR, types::I32, types::I32], &[types::I32]);
        let sig = self.builder.import_signature(sig);
        let args = [self.cx, actual, expected];
        let call = self.builder.ins().call_indirect(sig, is_subtype, &args);
        let answer = self.builder.inst_results(call)[0];
        self.builder.ins().trapz(answer, clif_trap(TrapCode::IndirectCallTypeMismatch));
        self.builder.ins().jump(done, &[]);
        self.builder.switch_to_block(done);
        self.seal(done);
    }

    /// The callee behind a reference that is not null. A function of the module's own
    /// has the same context: what it needs of that does not wait for its record then.
    pub(super) fn record_entry(&mut self, func_ref: Value, callee: Callee<Value>) -> Entry {
        let code = self.builder.ins().load(PTR, RECORD, func_ref, FUNC_REF_CODE);
        let own = match callee {
            Callee::Indirect { table, .. } if self.env.optimisations.own_contexts => {
                self.env.module.holds_own_functions(table)
            }
            _ => false,
        };
        let cx = match own {
            true => self.cx,
            false => self.builder.ins().load(PTR, RECORD, func_ref, FUNC_REF_CX),
        };
        Entry::Slot { code, cx }
    }

    /// The machine code behind a code slot.
    pub(super) fn native(&mut self, code: Value) -> Value {
        let flags = self.trusted(Region::Vm);
        self.builder.ins().load(PTR, flags, code, CODE_NATIVE)
    }

    fn take_results(&mut self, call: cranelift_codegen::ir::Inst) {
        self.results.clear();
        self.results.extend_from_slice(self.builder.inst_results(call));
    }

    /// A callee that code is linked with, declared once per function.
    pub(super) fn callee(&mut self, symbol: Symbol, sig: impl FnOnce() -> Signature) -> FuncRef {
        match self.callees.entry(symbol) {
            hash_map::Entry::Occupied(known) => *known.get(),
            hash_map::Entry::Vacant(entry) => {
                let signature = self.builder.import_signature(sig());
                let name = self.builder.func.declare_imported_user_function(symbol.name());
                *entry.insert(self.builder.import_function(ExtFuncData {
                    name: ExternalName::user(name),
                    signature,
                    colocated: !symbol.is_outside(),
                    patchable: false,
                }))
            }
        }
    }
}
