//! Two instructions in one cell that have to do with vectors; as `combine`.

use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::vec::VecOp;
use bimetal_core::ops::vec_mem::VecLoadOp;

use super::access::is_plain;
use super::cell::place;
use super::ir::{Inst, Op, Src};
use super::link::Linker;
use crate::fast::exec::vec_fused::{load_then_handlers, test_handlers};

impl Linker<'_> {
    /// Appends the cell of two instructions, if there is such a cell. Returns whether it
    /// did.
    pub(super) fn combine_vector(&mut self, first: &Inst, second: &Inst) -> bool {
        if first.to_slot || !self.tier.fusions.vector_pairs {
            return false;
        }
        match (first.op, second.op) {
            (Op::Vec(op, _), Op::BrUn { .. }) => self.branch_on_vector(op, first, second),
            (Op::VecLoad(..), Op::Vec(op, _)) => self.load_then(op, first, second),
            _ => false,
        }
    }

    /// A test of a vector and the branch on it.
    fn branch_on_vector(&mut self, op: VecOp, test: &Inst, branch: &Inst) -> bool {
        let (Op::BrUn { op: NumOp::i32_eqz, negate, target }, Src::Acc) =
            (branch.op, branch.args[0])
        else {
            return false;
        };
        let Some(handlers) = test_handlers(op, self.tier.fusions.extensions) else { return false };
        let slot = match test.args[0] {
            Src::Slot(slot) => self.slot(slot) as u16,
            _ => 0,
        };
        self.push_handler(handlers[place(test.args[0])][usize::from(negate)]);
        self.fields([0, slot, 0, 0]);
        self.branch_target(target, branch.offset);
        true
    }

    /// A load of a vector and an instruction on it.
    fn load_then(&mut self, op: VecOp, load: &Inst, then: &Inst) -> bool {
        let (other, loaded_first) = match then.args {
            [Src::Acc, Src::Acc, _] => return false,
            [Src::Acc, other, _] => (other, true),
            [other, Src::Acc, _] => (other, false),
            _ => return false,
        };
        let Op::VecLoad(VecLoadOp::v128_load, arg) = load.op else { return false };
        let Some(handlers) = load_then_handlers(op, self.tier.fusions.extensions) else {
            return false;
        };
        let forms = handlers[usize::from(loaded_first)][place(load.args[0])][place(other)];
        let (Some(forms), true) = (forms, is_plain(&self.tier.module, arg)) else { return false };
        let slot = |src| match src {
            Src::Slot(slot) => self.slot(slot) as u16,
            _ => 0,
        };
        let fields = [self.slot(then.dst) as u16, slot(load.args[0]), slot(other), 0];
        self.position(load);
        self.push_handler(forms[usize::from(then.to_slot)]);
        self.fields(fields);
        self.halves(0, arg.offset as u32);
        if let Src::Vector(vector) = other {
            self.vector(self.ir.vectors[vector as usize]);
        }
        true
    }
}
