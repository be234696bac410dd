//! Writing locals.

use bimetal_core::index::LocalIdx;
use bimetal_parser::walk::{Operand, Stack};

use super::Translator;
use super::ir::{Class, Inst, Src};
use super::operands::Value;

impl Translator<'_> {
    /// The local's value becomes that of a popped operand.
    pub(super) fn assign(
        &mut self,
        stack: &mut Stack<Value>,
        local: LocalIdx,
        value: Operand<Value>,
    ) {
        self.zero.write(local.index());
        let to = self.local_slots[local.index()];
        if value.value == Value::Local(local.0) {
            return self.discard(value);
        }
        if value.value != Value::Temp {
            let from = match value.value {
                Value::Const(bits) => Src::Const(bits),
                Value::Vector(vector) => Src::Vector(vector),
                _ => self.take(value, false),
            };
            self.preserve(stack, local.0);
            return self.copy(Class::of(value.ty), from, to);
        }
        let last = self.last.filter(|last| last + 1 == self.insts.len());
        match last.map(|last| self.insts[last]) {
            Some(inst) if self.fusions.retarget && inst.dst == value.slot => {
                // Copies of the last value stand before the instruction.
                self.insts.pop();
                self.preserve(stack, local.0);
                self.insts.push(Inst { dst: to, ..inst });
                self.wrote(to);
                if let Some(acc) = &mut self.acc[Class::of(value.ty).acc()] {
                    acc.slot = to;
                    acc.producer = None;
                }
                self.last = None;
            }
            _ => {
                self.preserve(stack, local.0);
                let from = self.take(value, false);
                self.copy(Class::of(value.ty), from, to);
            }
        }
    }
}
