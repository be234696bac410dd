//! Constant expressions (spec: *Validation / Instructions / Constant Expressions*).

use bimetal_core::index::TypeIdx;
use bimetal_core::ops::num::NumOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::AddrType;
use bimetal_core::value::Slot;
use bimetal_parser::module::{ConstExpr, ConstOp};

use crate::gc::GcRef;
use crate::gc::roots::RootVisitor;
use crate::store::{InstanceId, Store};

/// A value on the stack of an expression.
#[derive(Clone, Copy, Default)]
struct Value {
    slots: [Slot; 2],
    /// Whether a collection follows it.
    collected: bool,
}

impl Value {
    fn plain(slots: [Slot; 2]) -> Value {
        Value { slots, collected: false }
    }

    fn object(reference: GcRef) -> Value {
        Value { slots: [reference.slot(), Slot::ZERO], collected: true }
    }
}

/// An expression that is being evaluated.
struct Evaluation<'a> {
    store: &'a mut Store,
    instance: InstanceId,
    type_ids: &'a [u32],
    stack: Vec<Value>,
}

/// The value of an expression that is the same for all instances, as far as one sees
/// that without evaluating it.
pub(crate) fn constant(expr: &ConstExpr) -> Option<[Slot; 2]> {
    match *expr.0 {
        [ConstOp::Const(slot)] => Some([slot, Slot::ZERO]),
        [ConstOp::V128(vector)] => Some(vector.to_slots()),
        [ConstOp::RefNull(_)] => Some([Slot::ZERO; 2]),
        _ => None,
    }
}

/// The value of an expression in an instance whose functions, and globals as far
/// as the expression uses them, exist. The expression may make objects, and so
/// move others.
///
/// Validation has checked the stack; a missing operand reads as zero.
///
/// # Errors
/// If a numeric instruction traps (none that validation admits today does) or the
/// heap is exhausted.
pub(crate) fn eval(
    expr: &ConstExpr,
    store: &mut Store,
    instance: InstanceId,
    type_ids: &[u32],
) -> Result<[Slot; 2], TrapCode> {
    if let Some(value) = constant(expr) {
        return Ok(value);
    }
    let mut evaluation = Evaluation { store, instance, type_ids, stack: Vec::new() };
    for op in &expr.0 {
        let value = evaluation.op(*op)?;
        evaluation.stack.push(value);
    }
    Ok(evaluation.pop().slots)
}

impl Evaluation<'_> {
    fn op(&mut self, op: ConstOp) -> Result<Value, TrapCode> {
        Ok(match op {
            ConstOp::Const(slot) => Value::plain([slot, Slot::ZERO]),
            ConstOp::V128(vector) => Value::plain(vector.to_slots()),
            ConstOp::GlobalGet(index) => self.global(index.index()),
            ConstOp::RefNull(_) => Value::default(),
            ConstOp::RefFunc(func) => {
                let function = self.store.instances.get(self.instance.0).func_slot(func);
                Value::plain([function, Slot::ZERO])
            }
            ConstOp::Num(op) => self.num(op)?,
            ConstOp::StructNew(ty) => self.struct_new(ty)?,
            ConstOp::StructNewDefault(ty) => Value::object(self.allocate(ty, 0)?),
            ConstOp::ArrayNew(ty) => {
                let length = self.pop().slots[0].u32();
                self.array_new(ty, length)?
            }
            ConstOp::ArrayNewDefault(ty) => {
                let length = self.pop().slots[0].u32();
                Value::object(self.allocate(ty, length)?)
            }
            ConstOp::ArrayNewFixed(ty, length) => self.array_new_fixed(ty, length)?,
            ConstOp::RefI31 => Value::object(GcRef::i31(self.pop().slots[0].i32())),
            // One representation serves both hierarchies.
            ConstOp::AnyConvertExtern | ConstOp::ExternConvertAny => self.pop(),
        })
    }

    fn pop(&mut self) -> Value {
        self.stack.pop().unwrap_or_default()
    }

    fn global(&mut self, index: usize) -> Value {
        let instance = self.store.instances.get(self.instance.0);
        let Some(id) = instance.globals().get(index) else { return Value::default() };
        let global = self.store.globals.get(id.0);
        Value { slots: global.get(), collected: self.store.types.is_collected(global.ty().content) }
    }

    fn num(&mut self, op: NumOp) -> Result<Value, TrapCode> {
        let mut args = [Slot::ZERO; 2];
        let arity = op.params().len();
        for arg in args[..arity].iter_mut().rev() {
            *arg = self.pop().slots[0];
        }
        Ok(Value::plain([op.eval(&args[..arity])?, Slot::ZERO]))
    }

    /// A new object with zeros in all its parts. What is on the stack is kept.
    fn allocate(&mut self, ty: TypeIdx, length: u32) -> Result<GcRef, TrapCode> {
        let stack = &mut self.stack;
        let mut operands = |visit: &mut dyn RootVisitor| {
            let objects = stack.iter_mut().filter(|value| value.collected);
            objects.for_each(|value| visit.slot(&mut value.slots[0]));
        };
        // SAFETY: guest code does not run; the host has left every activation.
        unsafe { self.store.allocate(self.type_ids[ty.index()], length, &mut operands) }
    }

    fn struct_new(&mut self, ty: TypeIdx) -> Result<Value, TrapCode> {
        let object = self.allocate(ty, 0)?;
        let table = self.store.type_table(self.type_ids[ty.index()]);
        let objects = self.store.objects();
        for &field in table.get(self.type_ids[ty.index()]).layout().fields.iter().rev() {
            let value = self.pop().slots;
            objects.set(object, field, value);
        }
        Ok(Value::object(object))
    }

    fn array_new(&mut self, ty: TypeIdx, length: u32) -> Result<Value, TrapCode> {
        let array = self.allocate(ty, length)?;
        let value = self.pop().slots;
        let table = self.store.type_table(self.type_ids[ty.index()]);
        let element = table.get(self.type_ids[ty.index()]).layout().element();
        let objects = self.store.objects();
        (0..length).for_each(|index| objects.set_element(array, element, index, value));
        Ok(Value::object(array))
    }

    fn array_new_fixed(&mut self, ty: TypeIdx, length: u32) -> Result<Value, TrapCode> {
        let array = self.allocate(ty, length)?;
        let table = self.store.type_table(self.type_ids[ty.index()]);
        let element = table.get(self.type_ids[ty.index()]).layout().element();
        let objects = self.store.objects();
        for index in (0..length).rev() {
            let value = self.pop().slots;
            objects.set_element(array, element, index, value);
        }
        Ok(Value::object(array))
    }
}

/// An operand that is an index or a length in an address space: 32 bits of it,
/// or all.
pub(crate) fn address(ty: AddrType, operand: u64) -> u64 {
    match ty {
        AddrType::I32 => u64::from(operand as u32),
        AddrType::I64 => operand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_tier::{instantiate, store};
    use ConstOp::{Const, Num, V128};
    use bimetal_core::ops::num::NumOp;

    fn value(ops: &[ConstOp]) -> [u64; 2] {
        let mut store = store();
        let id = instantiate(&mut store, "(module)", &[]).unwrap();
        let expr = ConstExpr(ops.into());
        eval(&expr, &mut store, id, &[]).unwrap().map(Slot::bits)
    }

    #[test]
    fn numeric_instructions_take_their_operands_in_order() {
        let [a, b, c] = [10, 3, 2].map(|number| Const(Slot::from_i32(number)));
        // 10 - 3 * 2
        assert_eq!(value(&[a, b, c, Num(NumOp::i32_mul), Num(NumOp::i32_sub)]), [4, 0]);
    }

    #[test]
    fn a_vector_takes_both_slots() {
        let vector = bimetal_core::value::V128::from_u128(1 | 2 << 64);
        assert_eq!(value(&[V128(vector)]), [1, 2]);
    }

    #[test]
    fn an_address_of_32_bits_ignores_the_upper_half() {
        assert_eq!(address(AddrType::I32, u64::MAX), 0xffff_ffff);
        assert_eq!(address(AddrType::I64, u64::MAX), u64::MAX);
    }
}
