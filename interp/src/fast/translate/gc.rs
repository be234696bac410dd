//! Instructions on objects and casts: from the walker's verbs to instructions, and
//! their cells.

use bimetal_core::index::TypeIdx;
use bimetal_core::ops::gc::{GcBuiltinOp, cast_imm};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::types::{HeapType, RefType, ValType};
use bimetal_parser::walk::{BrOnCast, Control, Extend, GcOp, Operand, Stack};
use bimetal_runtime::gc::layout::Field;

use super::Translator;
use super::backend::NONE;
use super::branch::Structure;
use super::cell::{Cell, place};
use super::ir::{Op, Src};
use super::link::Linker;
use super::operands::Value;
use crate::fast::dispatch::handler;
use crate::fast::exec::gc::{GcCall, RefCast, RefTest};
use crate::fast::exec::object::{AccessHandlers, access_handlers};
use crate::fast::exec::place::{ToAcc, ToSlot};

impl Translator<'_> {
    /// An instruction on objects.
    pub(super) fn object_op(
        &mut self,
        stack: &mut Stack<Value>,
        op: GcOp,
        args: &[Operand<Value>],
        ty: Option<ValType>,
    ) -> Option<Value> {
        use GcBuiltinOp::*;
        let imm = |ty: TypeIdx, b| SlowImm { a: ty.0, b };
        let (builtin, imm) = match op {
            GcOp::StructNew(of) => (struct_new, imm(of, 0)),
            GcOp::StructNewDefault(of) => (struct_new_default, imm(of, 0)),
            GcOp::ArrayNew(of) => (array_new, imm(of, 0)),
            GcOp::ArrayNewDefault(of) => (array_new_default, imm(of, 0)),
            GcOp::ArrayNewFixed(of, length) => (array_new_fixed, imm(of, length)),
            GcOp::ArrayNewData(of, data) => (array_new_data, imm(of, data.0)),
            GcOp::ArrayNewElem(of, elem) => (array_new_elem, imm(of, elem.0)),
            GcOp::ArrayFill(of) => (array_fill, imm(of, 0)),
            GcOp::ArrayCopy(to, from) => (array_copy, imm(to, from.0)),
            GcOp::ArrayInitData(of, data) => (array_init_data, imm(of, data.0)),
            GcOp::ArrayInitElem(of, elem) => (array_init_elem, imm(of, elem.0)),
            _ => return self.inline_op(stack, op, args, ty),
        };
        Some(self.gc_call(stack, builtin, imm, args, ty))
    }

    /// An instruction of the runtime: its operands are in their slots, and what
    /// else is on the stack is known to a collection.
    fn gc_call(
        &mut self,
        stack: &Stack<Value>,
        op: GcBuiltinOp,
        imm: SlowImm,
        args: &[Operand<Value>],
        ty: Option<ValType>,
    ) -> Value {
        let base = stack.next_slot();
        let mut top = base + 1;
        for &arg in args {
            self.settle(arg);
            top = top.max(arg.slot + arg.ty.slots());
        }
        self.safepoint(stack.all());
        self.emit(Op::GcCall { op, imm, base, top }, NONE, 0);
        self.forget();
        if let Some(ty) = ty {
            self.returned(base, ty);
        }
        Value::Temp
    }

    /// An instruction that has handlers of its own.
    #[allow(clippy::too_many_lines, reason = "a switchboard, one short arm per operator")]
    fn inline_op(
        &mut self,
        stack: &mut Stack<Value>,
        op: GcOp,
        args: &[Operand<Value>],
        ty: Option<ValType>,
    ) -> Option<Value> {
        let dst = stack.next_slot();
        let ty = ty.unwrap_or(ValType::I32);
        Some(match (op, args) {
            (GcOp::StructGet(of, field, extend), &[object]) => {
                let srcs = [self.take(object, false), Src::Acc, Src::Acc];
                let op = Op::StructGet(self.field(of, field), extend == Extend::Signed);
                self.result(op, srcs, dst, ty, true)
            }
            (GcOp::StructSet(of, field), &[object, value]) => {
                let object = self.take_slot(object);
                let srcs = [object, self.take(value, false), Src::Acc];
                self.emit(Op::StructSet(self.field(of, field)), srcs, 0);
                return None;
            }
            (GcOp::ArrayGet(of, extend), &[array, index]) => {
                let array = self.take_slot(array);
                let srcs = [array, self.take(index, false), Src::Acc];
                let op = Op::ArrayGet(self.field(of, 0), extend == Extend::Signed);
                self.result(op, srcs, dst, ty, true)
            }
            (GcOp::ArraySet(of), &[array, index, value]) => {
                let (array, index) = (self.take_slot(array), self.take_slot(index));
                let srcs = [array, index, self.take(value, false)];
                self.emit(Op::ArraySet(self.field(of, 0)), srcs, 0);
                return None;
            }
            (GcOp::RefEq, args) => self.numeric(stack, NumOp::i64_eq, args),
            // One representation serves both hierarchies.
            (GcOp::AnyConvertExtern | GcOp::ExternConvertAny, &[operand]) => {
                self.discard(operand);
                match operand.value {
                    Value::Temp => Value::Temp,
                    value => self.symbolic(stack, value),
                }
            }
            (GcOp::RefCast(to), &[reference]) => {
                self.settle(reference);
                // The reference is read here and again by whoever uses it.
                self.keep_stores();
                self.emit(Op::RefCast(to), [Src::Slot(reference.slot), Src::Acc, Src::Acc], 0);
                Value::Temp
            }
            (op, &[operand]) => {
                let srcs = [self.take_slot(operand), Src::Acc, Src::Acc];
                let (op, optional) = match op {
                    GcOp::RefI31 => (Op::RefI31, false),
                    GcOp::I31GetS => (Op::I31Get(true), false),
                    GcOp::I31GetU => (Op::I31Get(false), false),
                    GcOp::RefTest(to) => (Op::RefTest(to), true),
                    _ => (Op::ArrayLen, false),
                };
                self.result(op, srcs, dst, ty, optional)
            }
            _ => return None,
        })
    }

    /// Where a field of a structure, or an array's first element, lies.
    fn field(&self, ty: TypeIdx, index: u32) -> Field {
        self.layouts.get(self.module)[ty.index()].fields[index as usize]
    }

    /// `br_on_cast`, `br_on_cast_fail`
    pub(super) fn branch_on_cast(
        &mut self,
        stack: &mut Stack<Value>,
        target: &Control<Value, Structure>,
        arity: usize,
        cast: BrOnCast,
    ) {
        self.flush_top(stack, arity);
        let [reference] = *stack.top(1) else { return };
        self.keep_stores();
        let (slot, ty) = (stack.next_slot(), ValType::I32);
        let srcs = [Src::Slot(reference.slot), Src::Acc, Src::Acc];
        let value = self.result(Op::RefTest(cast.to), srcs, slot, ty, true);
        let (test, sense) = self.test(Operand { ty, slot, value });
        self.branch_test(stack, target, arity, &(test, sense == cast.if_matches));
    }
}

pub(super) fn gc_call(l: &mut Linker<'_>, op: GcBuiltinOp, imm: SlowImm, base: u32, top: u32) {
    l.handler::<GcCall>();
    l.fields_imm([op as u16, 0], l.slot(base));
    l.bits(imm.pack());
    l.halves(l.slot(top), 0);
}

impl Cell<'_> {
    pub(super) fn struct_get(&self, l: &mut Linker<'_>, field: Field, signed: bool) {
        let AccessHandlers { struct_get, .. } = access_handlers(field.kind, signed);
        l.push_handler(struct_get[place(self.args[0])][self.form]);
        l.fields_imm([self.d, self.f[0]], field.offset);
    }

    pub(super) fn struct_set(&self, l: &mut Linker<'_>, field: Field) {
        let AccessHandlers { struct_set, .. } = access_handlers(field.kind, false);
        l.push_handler(struct_set[place(self.args[1])]);
        l.fields_imm([self.f[1], self.f[0]], field.offset);
    }

    pub(super) fn array_get(&self, l: &mut Linker<'_>, element: Field, signed: bool) {
        let AccessHandlers { array_get, .. } = access_handlers(element.kind, signed);
        l.push_handler(array_get[place(self.args[1])][self.form]);
        l.fields([self.d, self.f[0], self.f[1], 0]);
        l.halves(element.offset, 0);
    }

    pub(super) fn array_set(&self, l: &mut Linker<'_>, element: Field) {
        let AccessHandlers { array_set, .. } = access_handlers(element.kind, false);
        l.push_handler(array_set[place(self.args[2])]);
        l.fields([self.f[2], self.f[0], self.f[1], 0]);
        l.halves(element.offset, 0);
    }

    pub(super) fn ref_test(&self, l: &mut Linker<'_>, to: RefType) {
        l.push_handler([handler::<RefTest<ToAcc>>, handler::<RefTest<ToSlot>>][self.form]);
        self.cast(l, to);
    }

    pub(super) fn ref_cast(&self, l: &mut Linker<'_>, to: RefType) {
        l.handler::<RefCast>();
        self.cast(l, to);
    }

    /// The words of a test for a type.
    fn cast(&self, l: &mut Linker<'_>, to: RefType) {
        l.fields([self.d, self.f[0], 0, 0]);
        l.bits(cast_imm(to).pack());
        let tier = l.tier;
        let id = match to.heap {
            HeapType::Concrete(ty) if tier.module.is_collected(ValType::Ref(to)) => {
                tier.layout.type_id(TypeIdx(ty))
            }
            _ => 0,
        };
        l.halves(id, 0);
    }
}
