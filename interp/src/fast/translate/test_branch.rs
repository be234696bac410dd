//! Cells that make a number, compare it and branch: what an instruction on integers gives,
//! or a load.

use bimetal_core::ops::num::NumOp;

use super::combine::First;
use super::ir::{Access, Inst, Label, Op, Src};
use super::link::Linker;
use crate::fast::exec::load_branch::load_branch;
use crate::fast::exec::pair::{
    mirrored, opposite, pair_branch_handlers, step_branch_handlers, sum_branch_handlers,
};

/// What a branch compares the accumulator with: it is taken if the comparison holds with
/// the accumulator as the first operand.
struct Comparison {
    op: NumOp,
    other: Src,
    target: Label,
}

impl Comparison {
    /// The comparison of a branch on 32-bit integers.
    fn of(inst: &Inst) -> Option<Comparison> {
        let (op, other, negate, target) = match (inst.op, inst.args) {
            (Op::BrUn { op: NumOp::i32_eqz, negate, target }, [Src::Acc, ..]) => {
                (NumOp::i32_eq, Src::Const(0), negate, target)
            }
            (
                Op::BrBin { op, negate, target },
                [Src::Acc, other @ (Src::Slot(_) | Src::Const(_)), _],
            ) => (op, other, negate, target),
            (
                Op::BrBin { op, negate, target },
                [other @ (Src::Slot(_) | Src::Const(_)), Src::Acc, _],
            ) => (mirrored(op)?, other, negate, target),
            _ => return None,
        };
        Some(Comparison { op: if negate { opposite(op)? } else { op }, other, target })
    }
}

impl Linker<'_> {
    /// A slot or constant as half a word, and whether it is a constant.
    fn half(&self, src: Src) -> Option<(u32, usize)> {
        match src {
            Src::Slot(slot) => Some((self.slot(slot), 0)),
            Src::Const(bits) => Some((bits as u32, 1)),
            _ => None,
        }
    }

    /// An instruction whose result nothing else uses, and the branch on it.
    pub(super) fn pair_branch(&mut self, inst: &Inst, branch: &Inst) -> bool {
        let (Some(first), Some(compared)) = (First::of(inst), Comparison::of(branch)) else {
            return false;
        };
        let handlers = pair_branch_handlers(first.op, compared.op);
        let operands = self.pair_operands(&first, compared.other);
        let (Some(handlers), Some(operands)) = (handlers, operands) else { return false };
        let target = Some((compared.target, branch.offset));
        self.pair_cell(&handlers[operands.forms[0]], 0, &operands, target);
        true
    }

    /// A sum that goes to a slot, and the branch on it.
    pub(super) fn sum_branch(&mut self, inst: &Inst, branch: &Inst) -> bool {
        let (Some(first), Some(compared)) = (First::of(inst), Comparison::of(branch)) else {
            return false;
        };
        let b = match (first.op, first.b) {
            (NumOp::i32_add, b) => b,
            (NumOp::i32_sub, Src::Const(bits)) => Src::Const(bits.wrapping_neg()),
            _ => return false,
        };
        let Src::Slot(a) = first.a else { return false };
        let handlers = match self.pins.int(inst.dst) {
            Some(pin) if a == inst.dst => step_branch_handlers(compared.op, pin),
            Some(_) => return false,
            None => sum_branch_handlers(compared.op),
        };
        let operands = self.pair_operands(&First { b, ..first }, compared.other);
        let (Some(handlers), Some(operands)) = (handlers, operands) else { return false };
        let target = Some((compared.target, branch.offset));
        self.pair_cell(handlers, self.slot(inst.dst) as u16, &operands, target);
        true
    }

    /// A load, and the branch on what it gives.
    pub(super) fn load_branch(&mut self, first: &Inst, second: &Inst) -> bool {
        let (load, access, form, at, summand) = match (first.op, first.args) {
            (Op::Load(load, access), [Src::Slot(slot), ..]) => {
                (load, access, 0, self.slot(slot), 0)
            }
            (Op::Load(load, access), [Src::Acc, ..]) => (load, access, 1, 0, 0),
            (Op::LoadSum(load, access), [Src::Slot(slot), Src::Const(bits), _]) => {
                (load, access, 2, self.slot(slot), bits as u32)
            }
            _ => return false,
        };
        if first.to_slot && self.pins.are(first.dst) {
            return false;
        }
        let Some(Comparison { op, other, target }) = Comparison::of(second) else { return false };
        let Access { arg, address: Some(address) } = access else { return false };
        let (Some(forms), Some((c, constant))) = (load_branch(load, op), self.half(other)) else {
            return false;
        };
        self.position(first);
        self.push_handler(forms[address as usize][form][constant]);
        self.fields_imm([self.slot(first.dst) as u16, at as u16], arg.offset as u32);
        self.branch_target(target, second.offset);
        self.halves(summand, c);
        true
    }
}
