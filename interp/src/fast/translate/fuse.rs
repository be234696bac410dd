//! Fusions that look at the last instruction.

use bimetal_core::ops::num::NumOp;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_parser::walk::Operand;

use super::Translator;
use super::ir::{Inst, Label, Op, Src};
use super::operands::Value;
use crate::fast::exec::add_branch::add_br_handlers;

impl Translator<'_> {
    /// Makes one cell of a test and the addition of a constant to a local in
    /// front of it, whose sum is what is tested. Returns whether it did.
    pub(super) fn add_branch(
        &mut self,
        op: NumOp,
        args: [Src; 3],
        unary: bool,
        sense: bool,
        target: Label,
    ) -> bool {
        let (op, other) = match (op, unary) {
            (NumOp::i32_eqz, true) => (NumOp::i32_eq, Src::Const(0)),
            (NumOp::i64_eqz, true) => (NumOp::i64_eq, Src::Const(0)),
            _ => (op, args[1]),
        };
        if !self.fusions.add_branch || args[0] != Src::Acc || add_br_handlers(op).is_none() {
            return false;
        }
        let Some(&Inst { op: add, args: [first, Src::Const(step), _], dst, to_slot: true, .. }) =
            self.insts.last()
        else {
            return false;
        };
        // A wrapped sum is tested as another type than it was added.
        let Op::Bin(add_op) = add else { return false };
        if add_op.result() != op.params()[0] {
            return false;
        }
        // The cell has 32 bits for the step of either type.
        if add_op.result() == ValType::I64 && step as i64 != i64::from(step as i32) {
            return false;
        }
        let step = match add_op {
            NumOp::i32_add | NumOp::i64_add => step as i32,
            NumOp::i32_sub | NumOp::i64_sub => (step as i32).wrapping_neg(),
            _ => return false,
        };
        // The negated least number would be another step in 64 bits.
        if first != Src::Slot(dst) || step == i32::MIN || matches!(other, Src::Acc) {
            return false;
        }
        if other == Src::Slot(dst) {
            return false;
        }
        self.insts.pop();
        self.emit(Op::AddBr { op, step, negate: !sense, target }, [other, Src::Acc, Src::Acc], dst);
        true
    }

    /// Adds a constant to the sum that the last instruction has made, if a constant is part
    /// of that already: of its own or of a sum that is part of it. Returns whether it did.
    pub(super) fn add_to_sum(&mut self, op: NumOp, args: &[Operand<Value>]) -> bool {
        let (true, [sum, Operand { value: Value::Const(more), .. }]) =
            (self.fusions.sums && matches!(op, NumOp::i32_add | NumOp::i64_add), args)
        else {
            return false;
        };
        let Some(last) = self.last.filter(|last| last + 1 == self.insts.len()) else {
            return false;
        };
        let adds = |inst: &Inst| matches!(inst.op, Op::Bin(found) if found == op);
        let inst = &self.insts[last];
        if sum.value != Value::Temp || inst.dst != sum.slot || !adds(inst) {
            return false;
        }
        let of_part =
            matches!(inst.args, [Src::Acc, Src::Slot(_), _] | [Src::Slot(_), Src::Acc, _]);
        let index = if of_part { last.checked_sub(1) } else { Some(last) };
        let Some(part) = index.and_then(|index| self.insts.get_mut(index)) else { return false };
        let Src::Const(constant) = part.args[1] else { return false };
        if !adds(part) || of_part && part.to_slot {
            return false;
        }
        let operands = [constant, *more].map(Slot::from_bits);
        let Ok(all) = op.eval(&operands) else { return false };
        part.args[1] = Src::Const(all.bits());
        true
    }
}
