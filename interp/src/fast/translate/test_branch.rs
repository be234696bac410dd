//! Cells that make a number, compare it and branch: a sum, or what a load gives.

use bimetal_core::ops::num::NumOp;

use super::ir::{Access, Inst, Label, Op, Src};
use super::link::Linker;
use crate::fast::exec::branch::{load_branch, sum_branch};
use crate::fast::exec::pair::{mirrored, opposite};
use crate::fast::exec::step::step_sum_branch;

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

    /// A sum that goes to a slot, and the branch on it.
    pub(super) fn sum_branch(&mut self, first: &Inst, second: &Inst) -> bool {
        let (Src::Slot(a), true) = (first.args[0], first.to_slot) else { return false };
        let (b, constant) = match (first.op, first.args[1]) {
            (Op::Bin(NumOp::i32_add), Src::Slot(slot)) => (self.slot(slot) as u16, None),
            (Op::Bin(NumOp::i32_add), Src::Const(bits)) => (0, Some(bits as u32)),
            (Op::Bin(NumOp::i32_sub), Src::Const(bits)) => (0, Some((bits as u32).wrapping_neg())),
            _ => return false,
        };
        let Some(Comparison { op, other, target }) = Comparison::of(second) else { return false };
        let (Some(forms), Some((c, form))) = (sum_branch(op), self.half(other)) else {
            return false;
        };
        let pin = self.pins.int(first.dst);
        let forms = match pin.and_then(|pin| Some(&step_sum_branch(op)?[pin])) {
            Some(pinned) if a == first.dst => pinned,
            Some(_) => return false,
            None => forms,
        };
        self.push_handler(forms[usize::from(constant.is_some())][form]);
        self.fields([self.slot(first.dst) as u16, self.slot(a) as u16, b, 0]);
        self.branch_target(target, second.offset);
        self.halves(constant.unwrap_or(0), c);
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
