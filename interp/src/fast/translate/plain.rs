//! Plain instructions and assignments.

use bimetal_core::index::LocalIdx;
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::types::ValType;
use bimetal_parser::walk::{MemArg, Operand, Stack};

use super::Translator;
use super::backend::NONE;
use super::ir::{Class, Op, Src};
use super::operands::Value;

impl Translator<'_> {
    /// Whether a load or store has a form for its address.
    pub(super) fn plain_memory(&self, arg: MemArg) -> bool {
        super::cell::is_plain(self.module, arg)
    }

    /// A load or store with the operands `args`; `result` is the slot and type of a
    /// load's result.
    pub(super) fn access(
        &mut self,
        op: Op,
        arg: MemArg,
        args: &[Operand<Value>],
        result: Option<(u32, ValType)>,
    ) -> Value {
        let plain = self.plain_memory(arg);
        let mut srcs = [Src::Acc; 3];
        for (i, (src, operand)) in srcs.iter_mut().zip(args).enumerate() {
            let constants = i == 1 && matches!(op, Op::Store(..));
            *src = if plain { self.take(*operand, constants) } else { self.take_slot(*operand) };
        }
        match result {
            Some((dst, ty)) => self.result(op, srcs, dst, ty, plain),
            None => {
                self.emit(op, srcs, 0);
                Value::Temp
            }
        }
    }

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
        self.preserve(stack, local.0);
        let last = self.last.filter(|last| last + 1 == self.insts.len());
        match last {
            Some(last) if self.fusions.retarget && self.insts[last].dst == value.slot => {
                self.insts[last].dst = to;
                self.wrote(to);
                if let Some(acc) = &mut self.acc[Class::of(value.ty).acc()] {
                    acc.slot = to;
                    acc.producer = None;
                }
                self.last = None;
            }
            _ => {
                let from = self.take(value, false);
                self.copy(Class::of(value.ty), from, to);
            }
        }
    }

    /// A plain numeric instruction.
    pub(super) fn numeric(
        &mut self,
        stack: &mut Stack<Value>,
        op: NumOp,
        args: &[Operand<Value>],
    ) -> Value {
        if let Some(bits) = self.fold(op, args) {
            return self.symbolic(stack, Value::Const(bits));
        }
        let (op, srcs) = match *args {
            [a, b] => {
                let b_const = matches!(b.value, Value::Const(_));
                let (a, b) = (self.take(a, !b_const), self.take(b, true));
                (Op::Bin(op), [a, b, Src::Acc])
            }
            [a] => (Op::Un(op), [self.take(a, false), Src::Acc, Src::Acc]),
            _ => (Op::Unreachable, NONE),
        };
        let ty = match op {
            Op::Un(op) | Op::Bin(op) => op.result(),
            _ => ValType::I32,
        };
        self.result(op, srcs, stack.next_slot(), ty, true)
    }

    /// Appends a call of the runtime, with its result in `dst` if there is one.
    pub(super) fn runtime_op(
        &mut self,
        dst: u32,
        op: SlowOp,
        imm: SlowImm,
        args: &[Operand<Value>],
    ) -> Value {
        let mut srcs = [Src::Slot(dst); 3];
        for (to, operand) in srcs.iter_mut().zip(args) {
            *to = self.take_slot(*operand);
        }
        let end = args.last().map_or(dst, |last| last.slot);
        let top = end.max(dst) + 1;
        self.emit(Op::Slow { op, imm, top }, srcs, dst);
        self.forget();
        Value::Temp
    }
}
