//! Operands: what is known about them without an instruction having run, and how
//! they become slots.
//!
//! An operand is a constant, the current value of a local, or in its canonical
//! slot. Symbolic operands are copied to their slots where control meets (starts
//! and ends of structures, branches that take them along) and when their local is
//! about to change.

use bimetal_core::ops::num::NumOp;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_parser::walk::{Operand, Stack};

use super::Translator;
use super::ir::{Class, Inst, Op, Src};

/// What the translator knows an operand as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Value {
    /// Its canonical slot.
    Temp,
    /// The value that the local has now.
    Local(u32),
    /// A constant: the bits of a slot.
    Const(u64),
    /// A constant: one of the function's vectors.
    Vector(u32),
}

/// What an accumulator holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acc {
    /// The same as this slot.
    pub(super) slot: u32,
    /// The instruction whose store to the slot can be left out, if there is one.
    pub(super) producer: Option<usize>,
}

/// How many operands are looked at one by one before all are copied at once: the
/// bound that keeps translation linear.
const SCAN: usize = 32;

/// Whether a cell can hold a constant of this type.
fn fits(ty: ValType, bits: u64) -> bool {
    match ty {
        ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64 => true,
        ValType::Ref(_) => bits == 0,
        ValType::V128 => false, // not one of these constants
    }
}

impl Translator<'_> {
    /// Appends an instruction. Returns its position.
    pub(super) fn emit(&mut self, op: Op, args: [Src; 3], dst: u32) -> usize {
        let inst = Inst { op, args, dst, to_slot: true, offset: self.offset };
        self.insts.push(inst);
        self.insts.len() - 1
    }

    /// A slot got another value: accumulators that were the same no longer are.
    pub(super) fn wrote(&mut self, slot: u32) {
        for acc in &mut self.acc {
            if acc.is_some_and(|acc| acc.slot == slot) {
                *acc = None;
            }
        }
    }

    /// Nothing is known of the accumulators.
    pub(super) fn forget(&mut self) {
        self.acc = [None; 2];
        self.last = None;
    }

    /// Appends an instruction that leaves its result in `dst` and the accumulator
    /// of `ty`. `optional`: there is a form without the store.
    pub(super) fn result(
        &mut self,
        op: Op,
        args: [Src; 3],
        dst: u32,
        ty: ValType,
        optional: bool,
    ) -> Value {
        let position = self.emit(op, args, dst);
        self.wrote(dst);
        let producer = optional.then_some(position);
        self.acc[Class::of(ty).acc()] = Some(Acc { slot: dst, producer });
        self.last = Some(position);
        Value::Temp
    }

    /// A call leaves its only result in its slot and in the accumulator.
    pub(super) fn returned(&mut self, slot: u32, ty: ValType) {
        self.acc[Class::of(ty).acc()] = Some(Acc { slot, producer: None });
    }

    /// Where a slot's value is read from. `consume`: it is an operand's last use.
    pub(super) fn read(&mut self, slot: u32, class: Class, consume: bool) -> Src {
        let Some(acc) = self.acc[class.acc()] else { return Src::Slot(slot) };
        if acc.slot != slot || !self.fusions.accumulators {
            return Src::Slot(slot);
        }
        if consume && let Some(producer) = acc.producer {
            self.insts[producer].to_slot = false;
        }
        Src::Acc
    }

    /// An operand that is a local is no longer on the stack.
    fn release(&mut self, local: u32) {
        let (generation, count) = &mut self.pending[local as usize];
        if *generation == self.generation {
            *count = count.saturating_sub(1);
        }
    }

    /// Where a popped operand is read from; a constant only if `constants`.
    pub(super) fn take(&mut self, operand: Operand<Value>, constants: bool) -> Src {
        let class = Class::of(operand.ty);
        match operand.value {
            Value::Temp => self.read(operand.slot, class, true),
            Value::Local(local) => {
                self.release(local);
                self.read(self.local_slots[local as usize], class, false)
            }
            Value::Const(bits) if constants && self.fusions.constants && fits(operand.ty, bits) => {
                Src::Const(bits)
            }
            Value::Vector(vector) if constants && self.fusions.constants => Src::Vector(vector),
            Value::Const(_) | Value::Vector(_) => {
                self.copy_operand(operand, operand.slot);
                Src::Slot(operand.slot)
            }
        }
    }

    /// The slot that holds a popped operand.
    pub(super) fn take_slot(&mut self, operand: Operand<Value>) -> Src {
        match operand.value {
            Value::Temp => Src::Slot(operand.slot),
            Value::Local(local) => {
                self.release(local);
                Src::Slot(self.local_slots[local as usize])
            }
            Value::Const(_) | Value::Vector(_) => {
                self.copy_operand(operand, operand.slot);
                Src::Slot(operand.slot)
            }
        }
    }

    /// A popped operand is not used.
    pub(super) fn discard(&mut self, operand: Operand<Value>) {
        if let Value::Local(local) = operand.value {
            self.release(local);
        }
    }

    /// Copies to a value's slots.
    pub(super) fn copy(&mut self, class: Class, from: Src, to: u32) {
        self.emit(Op::Copy(class), [from, Src::Acc, Src::Acc], to);
        self.wrote(to);
    }

    /// Copies an operand that stays on the stack to a slot.
    pub(super) fn copy_operand(&mut self, operand: Operand<Value>, to: u32) {
        let class = Class::of(operand.ty);
        let from = match operand.value {
            Value::Temp if operand.slot == to => return,
            Value::Temp => self.read(operand.slot, class, false),
            Value::Local(local) => self.read(self.local_slots[local as usize], class, false),
            Value::Const(bits) => Src::Const(bits),
            Value::Vector(vector) => Src::Vector(vector),
        };
        self.copy(class, from, to);
    }

    /// An operand that is not in its slot is about to be pushed.
    pub(super) fn symbolic(&mut self, stack: &Stack<Value>, value: Value) -> Value {
        self.flushed = self.flushed.min(stack.len());
        if let Value::Local(local) = value {
            let pending = &mut self.pending[local as usize];
            if pending.0 != self.generation {
                *pending = (self.generation, 0);
            }
            pending.1 += 1;
        }
        value
    }

    /// Brings the operand at a position to its slot.
    fn flush_one(&mut self, stack: &mut Stack<Value>, index: usize) {
        let operand = stack.all()[index];
        if operand.value == Value::Temp {
            return;
        }
        self.copy_operand(operand, operand.slot);
        self.discard(operand);
        stack.all_mut()[index].value = Value::Temp;
    }

    /// Brings all operands to their slots.
    pub(super) fn flush(&mut self, stack: &mut Stack<Value>) {
        for index in self.flushed..stack.len() {
            self.flush_one(stack, index);
        }
        self.flushed = stack.len();
    }

    /// Brings the topmost operands to their slots.
    pub(super) fn flush_top(&mut self, stack: &mut Stack<Value>, count: usize) {
        if count > SCAN {
            return self.flush(stack);
        }
        let first = stack.len() - count;
        for index in first.max(self.flushed)..stack.len() {
            self.flush_one(stack, index);
        }
        if first <= self.flushed {
            self.flushed = stack.len();
        }
    }

    /// A local is about to change: copies the operands that are its value.
    pub(super) fn preserve(&mut self, stack: &mut Stack<Value>, local: u32) {
        let waiting = |this: &Self| {
            let (generation, count) = this.pending[local as usize];
            generation == this.generation && count > 0
        };
        let lowest = stack.len().saturating_sub(SCAN);
        for index in (lowest..stack.len()).rev() {
            if !waiting(self) {
                return;
            }
            if stack.all()[index].value == Value::Local(local) {
                self.flush_one(stack, index);
            }
        }
        if waiting(self) {
            self.flush(stack);
        }
    }

    /// All operands are in their slots: a structure ended and took with it what
    /// the walker dropped.
    pub(super) fn all_flushed(&mut self) {
        self.generation += 1;
    }

    /// The value of a numeric instruction on constants, if it has one.
    pub(super) fn fold(&self, op: NumOp, args: &[Operand<Value>]) -> Option<u64> {
        let mut bits = [Slot::ZERO; 2];
        for (to, operand) in bits.iter_mut().zip(args) {
            let Value::Const(value) = operand.value else { return None };
            *to = Slot::from_bits(value);
        }
        if !self.fusions.fold {
            return None;
        }
        op.eval(&bits[..args.len()]).ok().map(Slot::bits)
    }
}
