//! Plain instructions and assignments.

use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::types::ValType;
use bimetal_parser::walk::{MemArg, Operand, Stack};

use super::Translator;
use super::access::is_plain;
use super::backend::NONE;
use super::ir::{Op, Src};
use super::operands::Value;

impl Translator<'_> {
    /// A load or store with the operands `args`; `result` is the slot and type of a
    /// load's result.
    pub(super) fn access(
        &mut self,
        op: Op,
        arg: MemArg,
        args: &[Operand<Value>],
        result: Option<(u32, ValType)>,
    ) -> Value {
        let plain = match op {
            Op::Load(_, access) | Op::Store(_, access) => access.address.is_some(),
            _ => is_plain(self.module, arg),
        };
        let mut srcs = [Src::Acc; 3];
        for (i, (src, operand)) in srcs.iter_mut().zip(args).enumerate() {
            let constants = match op {
                Op::Store(..) if i == 1 => true,
                Op::Store(..) | Op::Load(..) => self.constant_address(arg, *operand),
                _ => false,
            };
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

    /// Whether an address is a constant that is still a 32-bit number with the offset
    /// added to it.
    fn constant_address(&self, arg: MemArg, address: Operand<Value>) -> bool {
        let Value::Const(bits) = address.value else { return false };
        let bits = if address.ty == ValType::I32 { u64::from(bits as u32) } else { bits };
        let fits = bits.checked_add(arg.offset).is_some_and(|sum| u32::try_from(sum).is_ok());
        self.fusions.constant_address && fits
    }

    /// An atomic access with the operands `args`; `result` is the slot and type of its
    /// result.
    pub(super) fn atomic_access(
        &mut self,
        op: AtomicOp,
        arg: MemArg,
        args: &[Operand<Value>],
        result: Option<(u32, ValType)>,
    ) -> Option<Value> {
        let mut srcs = NONE;
        for (src, operand) in srcs.iter_mut().zip(args) {
            *src = self.take_slot(*operand);
        }
        let op = Op::Atomic(op, arg);
        if result.is_none() {
            self.emit(op, srcs, 0);
        }
        result.map(|(dst, ty)| self.result(op, srcs, dst, ty, false))
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
        if let [operand] = *args
            && op == NumOp::i32_wrap_i64
            && self.fusions.wrap
        {
            // The operand stays where it is, with another type.
            self.discard(operand);
            return match operand.value {
                Value::Temp => Value::Temp,
                value => self.symbolic(stack, value),
            };
        }
        if self.add_to_sum(op, args) {
            return Value::Temp;
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

    /// Appends a call of the runtime, with its result on the stack if there is one.
    pub(super) fn runtime_op(
        &mut self,
        stack: &Stack<Value>,
        op: SlowOp,
        imm: SlowImm,
        args: &[Operand<Value>],
    ) -> Value {
        let dst = stack.next_slot();
        let mut srcs = [Src::Slot(dst); 3];
        for (to, operand) in srcs.iter_mut().zip(args) {
            *to = self.take_slot(*operand);
        }
        let end = args.last().map_or(dst, |last| last.slot);
        let top = end.max(dst) + 1;
        self.safepoint(stack.all());
        self.emit(Op::Slow { op, imm, top }, srcs, dst);
        self.forget();
        Value::Temp
    }
}
