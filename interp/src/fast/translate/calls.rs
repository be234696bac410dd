//! Calls and tail calls: from the walker's verbs to instructions, and their cells.

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use bimetal_core::ops::num::NumOp;
use bimetal_core::types::FuncType;
use bimetal_parser::walk::{Callee, Control, Operand, Stack};

use super::Translator;
use super::branch::{Structure, Test};
use super::cell::wide_table;
use super::ir::{Class, Op, Src};
use super::link::Linker;
use super::operands::Value;
use crate::fast::exec::call::{Call, CallImport, CallIndirect, CallRef, CallReference};
use crate::fast::exec::profile::{CountedCall, NOTES, Noted, Unnoted};
use crate::fast::exec::tail::{ReturnCall, ReturnCallRef};

/// Operands that an instruction does not have.
const NONE: [Src; 3] = [Src::Acc; 3];

impl Translator<'_> {
    /// Brings the arguments to their slots. Returns the first one. They are the
    /// callee's from now on, and whoever is called by an array call reads them
    /// before anything else: no collection looks for them here.
    fn arguments(&mut self, stack: &mut Stack<Value>, ty: &FuncType) -> u32 {
        let count = ty.params.len();
        self.flush_top(stack, count);
        self.safepoint(&stack.all()[..stack.len() - count]);
        stack.top(count).first().map_or(stack.next_slot(), |arg| arg.slot)
    }

    /// The operands of a call: its index or reference, if it has one.
    fn callee(&mut self, callee: &Callee<Value>) -> [Src; 3] {
        match *callee {
            Callee::Direct(_) => NONE,
            Callee::Indirect { index: operand, .. } | Callee::Ref { func: operand, .. } => {
                [self.take_slot(operand), Src::Acc, Src::Acc]
            }
        }
    }

    /// A call.
    pub(super) fn emit_call(
        &mut self,
        stack: &mut Stack<Value>,
        callee: Callee<Value>,
        ty: &FuncType,
    ) {
        let base = self.arguments(stack, ty);
        let args = self.callee(&callee);
        let op = match callee {
            Callee::Direct(func) => Op::Call { func, base },
            Callee::Indirect { table, ty, .. } => Op::CallIndirect { table, ty, base },
            Callee::Ref { ty, .. } => Op::CallRef { ty, base },
        };
        self.emit(op, args, 0);
        self.forget();
        if let [result] = *ty.results {
            self.returned(base, result);
        }
    }

    /// A tail call.
    pub(super) fn emit_return_call(
        &mut self,
        stack: &mut Stack<Value>,
        callee: Callee<Value>,
        ty: &FuncType,
    ) {
        let base = self.arguments(stack, ty);
        let args = self.callee(&callee);
        let op = match callee {
            Callee::Direct(func) => Op::ReturnCall { func, base },
            Callee::Indirect { table, ty, .. } => Op::ReturnCallIndirect { table, ty, base },
            Callee::Ref { ty, .. } => Op::ReturnCallRef { ty, base },
        };
        self.emit(op, args, 0);
        self.forget();
    }

    /// Brings a popped reference, which is going to be pushed again, to its slot.
    pub(super) fn settle(&mut self, reference: Operand<Value>) {
        if reference.value != Value::Temp {
            self.copy_operand(reference, reference.slot);
            self.discard(reference);
        }
    }

    /// `ref.as_non_null`
    pub(super) fn check_non_null(&mut self, reference: Operand<Value>) -> Value {
        self.settle(reference);
        // The reference is read here and again by whoever uses it.
        self.keep_stores();
        self.emit(Op::NonNull, [Src::Slot(reference.slot), Src::Acc, Src::Acc], 0);
        Value::Temp
    }

    /// `br_on_null`
    pub(super) fn branch_on_null(
        &mut self,
        stack: &mut Stack<Value>,
        target: &Control<Value, Structure>,
        arity: usize,
        reference: Operand<Value>,
    ) -> Value {
        self.settle(reference);
        let test = self.null_test(reference);
        self.branch_test(stack, target, arity, &(test, true));
        Value::Temp
    }

    /// `br_on_non_null`
    pub(super) fn branch_on_non_null(
        &mut self,
        stack: &mut Stack<Value>,
        target: &Control<Value, Structure>,
        arity: usize,
    ) {
        self.flush_top(stack, arity);
        if let [reference] = *stack.top(1) {
            let test = self.null_test(reference);
            self.branch_test(stack, target, arity, &(test, false));
        }
    }

    /// Whether a reference, which stays in its slot, is null.
    fn null_test(&mut self, reference: Operand<Value>) -> Test {
        self.keep_stores();
        let src = self.read(reference.slot, Class::Int, false);
        Test::Of { op: NumOp::i64_eqz, args: [src, Src::Acc, Src::Acc], unary: true }
    }
}

pub(super) fn call(l: &mut Linker<'_>, func: FuncIdx, base: u32) {
    let tier = l.tier;
    if let Some(defined) = tier.module.defined_index(func) {
        if l.notes_call(Some(defined as u32)) {
            l.handler::<CountedCall>();
            direct(l, func, base);
            return l.bits(0);
        }
        l.handler::<Call>();
        return direct(l, func, base);
    }
    l.handler::<CallImport<CallRef<Unnoted>>>();
    imported(l, func, base);
}

pub(super) fn return_call(l: &mut Linker<'_>, func: FuncIdx, base: u32) {
    let tier = l.tier;
    if tier.module.defined_index(func).is_some() {
        l.handler::<ReturnCall>();
        direct(l, func, base);
        l.bits(0);
    } else {
        l.handler::<CallImport<ReturnCallRef>>();
        imported(l, func, base);
    }
    own_params(l);
}

/// The words of a call of a defined function.
fn direct(l: &mut Linker<'_>, func: FuncIdx, base: u32) {
    let tier = l.tier;
    let params = tier.module.type_of_func(func).param_slots();
    l.fields_imm([params as u16, 0], l.slot(base));
    let slot = tier.module.defined_index(func).map(|defined| &raw const tier.slots[defined]);
    l.pointer(slot.unwrap_or(std::ptr::null()).cast());
}

/// The words of a call of an imported function.
fn imported(l: &mut Linker<'_>, func: FuncIdx, base: u32) {
    let tier = l.tier;
    let ty = tier.module.type_of_func(func);
    l.fields_imm([ty.param_slots() as u16, 0], l.slot(base));
    l.halves(tier.layout.import(func), 0);
    l.halves(ty.result_slots(), 0);
}

pub(super) fn call_indirect(
    l: &mut Linker<'_>,
    index: u16,
    table: TableIdx,
    ty: TypeIdx,
    base: u32,
) {
    if l.notes_call(None) {
        l.handler::<CallIndirect<CallRef<Noted>>>();
        indirect(l, index, table, ty, base);
        NOTES.into_iter().for_each(|word| l.bits(word));
    } else {
        l.handler::<CallIndirect<CallRef<Unnoted>>>();
        indirect(l, index, table, ty, base);
    }
}

pub(super) fn return_call_indirect(
    l: &mut Linker<'_>,
    index: u16,
    table: TableIdx,
    ty: TypeIdx,
    base: u32,
) {
    l.handler::<CallIndirect<ReturnCallRef>>();
    indirect(l, index, table, ty, base);
    own_params(l);
}

/// The words of an indirect call.
fn indirect(l: &mut Linker<'_>, index: u16, table: TableIdx, ty: TypeIdx, base: u32) {
    let tier = l.tier;
    let func_ty = tier.module.func_type(ty);
    l.fields_imm([func_ty.param_slots() as u16, index], l.slot(base));
    l.halves(tier.layout.table(table), tier.layout.type_id(ty));
    l.halves(func_ty.result_slots(), wide_table(l, table));
}

pub(super) fn call_ref(l: &mut Linker<'_>, func: u16, ty: TypeIdx, base: u32) {
    if l.notes_call(None) {
        l.handler::<CallReference<CallRef<Noted>>>();
        reference(l, func, ty, base);
        NOTES.into_iter().for_each(|word| l.bits(word));
    } else {
        l.handler::<CallReference<CallRef<Unnoted>>>();
        reference(l, func, ty, base);
    }
}

pub(super) fn return_call_ref(l: &mut Linker<'_>, func: u16, ty: TypeIdx, base: u32) {
    l.handler::<CallReference<ReturnCallRef>>();
    reference(l, func, ty, base);
    own_params(l);
}

/// The words of a call of a reference.
fn reference(l: &mut Linker<'_>, func: u16, ty: TypeIdx, base: u32) {
    let tier = l.tier;
    let ty = tier.module.func_type(ty);
    l.fields_imm([ty.param_slots() as u16, func], l.slot(base));
    l.bits(0);
    l.halves(ty.result_slots(), 0);
}

/// The last word of a tail call.
fn own_params(l: &mut Linker<'_>) {
    l.halves(l.ir.params, 0);
}
