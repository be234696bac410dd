//! Instructions on objects, `i31` and casts (spec: *Execution / Instructions /
//! Reference, Aggregate Instructions*).

use bimetal_core::index::{GlobalIdx, TypeIdx};
use bimetal_core::ops::gc::{GcBuiltinOp, cast_imm};
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::RefType;
use bimetal_core::value::Slot;
use bimetal_parser::walk::{Extend, GcOp};
use bimetal_runtime::gc::GcRef;
use bimetal_runtime::gc::layout::FieldKind;

use super::code::Target;
use super::machine::{Exit, Machine};

impl Machine<'_> {
    /// An instruction on objects; its operands take so many slots.
    pub(super) fn gc(&mut self, op: GcOp, slots: usize) -> Result<(), Exit> {
        use GcBuiltinOp::*;
        let imm = |ty: TypeIdx, b| SlowImm { a: ty.0, b };
        match op {
            GcOp::StructNew(ty) => self.make(struct_new, imm(ty, 0), slots)?,
            GcOp::StructNewDefault(ty) => self.make(struct_new_default, imm(ty, 0), slots)?,
            GcOp::StructGet(ty, field, extend) => self.struct_get(ty, field, extend)?,
            GcOp::StructSet(ty, field) => self.struct_set(ty, field)?,
            GcOp::ArrayNew(ty) => self.make(array_new, imm(ty, 0), slots)?,
            GcOp::ArrayNewDefault(ty) => self.make(array_new_default, imm(ty, 0), slots)?,
            GcOp::ArrayNewFixed(ty, length) => {
                self.make(array_new_fixed, imm(ty, length), slots)?;
            }
            GcOp::ArrayNewData(ty, data) => self.make(array_new_data, imm(ty, data.0), slots)?,
            GcOp::ArrayNewElem(ty, elem) => self.make(array_new_elem, imm(ty, elem.0), slots)?,
            GcOp::ArrayGet(ty, extend) => self.array_get(ty, extend)?,
            GcOp::ArraySet(ty) => self.array_set(ty)?,
            GcOp::ArrayLen => self.array_len()?,
            GcOp::ArrayFill(ty) => self.bulk(array_fill, imm(ty, 0), slots)?,
            GcOp::ArrayCopy(to, from) => self.bulk(array_copy, imm(to, from.0), slots)?,
            GcOp::ArrayInitData(ty, data) => self.bulk(array_init_data, imm(ty, data.0), slots)?,
            GcOp::ArrayInitElem(ty, elem) => self.bulk(array_init_elem, imm(ty, elem.0), slots)?,
            GcOp::RefI31 => self.ref_i31(),
            GcOp::I31GetS => self.i31_get(GcRef::i31_signed)?,
            GcOp::I31GetU => self.i31_get(GcRef::i31_unsigned)?,
            GcOp::RefEq => self.ref_eq(),
            GcOp::RefTest(to) => self.ref_test(to)?,
            GcOp::RefCast(to) => self.ref_cast(to)?,
            // One representation serves both hierarchies.
            GcOp::AnyConvertExtern | GcOp::ExternConvertAny => {}
        }
        Ok(())
    }

    /// Has the runtime execute an instruction whose operands are on the stack:
    /// there a collection finds and updates them.
    pub(super) fn builtin(
        &mut self,
        op: GcBuiltinOp,
        imm: SlowImm,
        slots: usize,
    ) -> Result<(Slot, usize), Exit> {
        let start = self.stack.len() - slots;
        let operands = self.stack[start..].as_mut_ptr();
        self.leave();
        let result = self.frame().cx.gc_builtin(op, imm, operands)?;
        Ok((result, start))
    }

    /// An instruction that makes an object.
    fn make(&mut self, op: GcBuiltinOp, imm: SlowImm, slots: usize) -> Result<(), Exit> {
        let (object, start) = self.builtin(op, imm, slots)?;
        self.stack.truncate(start);
        self.stack.push_marked(object, true);
        Ok(())
    }

    /// An instruction without result.
    fn bulk(&mut self, op: GcBuiltinOp, imm: SlowImm, slots: usize) -> Result<(), Exit> {
        let (_, start) = self.builtin(op, imm, slots)?;
        self.stack.truncate(start);
        Ok(())
    }

    fn pop_ref(&mut self) -> GcRef {
        GcRef::from_slot(self.pop())
    }

    /// Pops a value of a field of this kind.
    fn pop_field(&mut self, kind: FieldKind) -> [Slot; 2] {
        match kind {
            FieldKind::V128 => self.pop_n(),
            _ => [self.pop(), Slot::ZERO],
        }
    }

    /// Pushes the value of a field of this kind.
    fn push_field(&mut self, kind: FieldKind, [low, high]: [Slot; 2], extend: Extend) {
        let low = match (kind, extend) {
            (FieldKind::I8, Extend::Signed) => Slot::from_i32(i32::from(low.u32() as i8)),
            (FieldKind::I16, Extend::Signed) => Slot::from_i32(i32::from(low.u32() as i16)),
            _ => low,
        };
        self.stack.push_marked(low, kind == FieldKind::Ref);
        if kind == FieldKind::V128 {
            self.push(high);
        }
    }

    fn struct_get(&mut self, ty: TypeIdx, field: u32, extend: Extend) -> Result<(), Exit> {
        let object = self.pop_ref();
        if object.is_null() {
            return Err(TrapCode::NullStructureReference.into());
        }
        let cx = self.frame().cx;
        let field = cx.field(ty, field);
        self.push_field(field.kind, cx.objects().get(object, field), extend);
        Ok(())
    }

    fn struct_set(&mut self, ty: TypeIdx, field: u32) -> Result<(), Exit> {
        let cx = self.frame().cx;
        let field = cx.field(ty, field);
        let value = self.pop_field(field.kind);
        let object = self.pop_ref();
        if object.is_null() {
            return Err(TrapCode::NullStructureReference.into());
        }
        cx.objects().set(object, field, value);
        Ok(())
    }

    fn array_get(&mut self, ty: TypeIdx, extend: Extend) -> Result<(), Exit> {
        let index = self.pop().u32();
        let array = self.pop_ref();
        let cx = self.frame().cx;
        cx.check_element(array, index)?;
        let element = cx.field(ty, 0);
        let value = cx.objects().get_element(array, element, index);
        self.push_field(element.kind, value, extend);
        Ok(())
    }

    fn array_set(&mut self, ty: TypeIdx) -> Result<(), Exit> {
        let cx = self.frame().cx;
        let element = cx.field(ty, 0);
        let value = self.pop_field(element.kind);
        let index = self.pop().u32();
        let array = self.pop_ref();
        cx.check_element(array, index)?;
        cx.objects().set_element(array, element, index, value);
        Ok(())
    }

    fn array_len(&mut self) -> Result<(), Exit> {
        let array = self.pop_ref();
        if array.is_null() {
            return Err(TrapCode::NullArrayReference.into());
        }
        let length = self.frame().cx.objects().length(array);
        self.push(Slot::from_bits(length.into()));
        Ok(())
    }

    fn ref_i31(&mut self) {
        let value = GcRef::i31(self.pop().i32());
        self.stack.push_marked(value.slot(), true);
    }

    fn i31_get(&mut self, get: impl FnOnce(GcRef) -> Option<i32>) -> Result<(), Exit> {
        let value = get(self.pop_ref()).ok_or(TrapCode::NullI31Reference)?;
        self.push(Slot::from_i32(value));
        Ok(())
    }

    fn ref_eq(&mut self) {
        let [a, b] = self.pop_n();
        self.push(Slot::from_i32(i32::from(a == b)));
    }

    /// Whether the topmost operand is of a type.
    fn top_has_type(&mut self, to: RefType) -> Result<bool, Exit> {
        let (result, _) = self.builtin(GcBuiltinOp::ref_test, cast_imm(to), 1)?;
        Ok(result != Slot::ZERO)
    }

    fn ref_test(&mut self, to: RefType) -> Result<(), Exit> {
        let has = self.top_has_type(to)?;
        self.pop();
        self.push(Slot::from_i32(has.into()));
        Ok(())
    }

    fn ref_cast(&mut self, to: RefType) -> Result<(), Exit> {
        if self.top_has_type(to)? { Ok(()) } else { Err(TrapCode::CastFailure.into()) }
    }

    /// `br_on_cast`, `br_on_cast_fail`
    pub(super) fn br_on_cast(
        &mut self,
        target: Target,
        to: RefType,
        if_matches: bool,
    ) -> Result<(), Exit> {
        if self.top_has_type(to)? == if_matches {
            self.branch(target);
        }
        Ok(())
    }

    /// `global.get` of one slot.
    pub(super) fn global_get(&mut self, global: GlobalIdx, half: usize) {
        let cx = self.frame().cx;
        self.stack.push_marked(cx.global_get(global, half), cx.global_is_collected(global));
    }
}
