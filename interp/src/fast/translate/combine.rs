//! Several instructions in one cell, chosen when they are linked: what the first ones
//! leave in the accumulator, and nowhere else, goes straight into the next.
//!
//! The instructions follow each other, and no label stands between them.

use bimetal_core::ops::num::NumOp;
use bimetal_core::types::{AddrType, ValType};

use super::ir::{Access, Class, Inst, Label, Op, Src};
use super::link::Linker;
use crate::fast::exec::control::{BrTable, BrTableAdd};
use crate::fast::exec::data::ImmTwo;
use crate::fast::exec::load_tee::load_tee;
use crate::fast::exec::pair::{ByConstants, commutes, pair_handlers};
use crate::fast::exec::place::{A, S};

/// The first of two instructions, with its operands as cells of both can have them: `a` is
/// in a slot or the accumulator, `b` in a slot or constant.
pub(super) struct First {
    pub(super) op: NumOp,
    pub(super) a: Src,
    pub(super) b: Src,
}

impl First {
    pub(super) fn of(inst: &Inst) -> Option<First> {
        let Op::Bin(op) = inst.op else { return None };
        let [a, b] = match (inst.args[0], inst.args[1]) {
            (a @ (Src::Slot(_) | Src::Acc), b @ (Src::Slot(_) | Src::Const(_))) => [a, b],
            (b @ (Src::Slot(_) | Src::Const(_)), a @ (Src::Slot(_) | Src::Acc)) if commutes(op) => {
                [a, b]
            }
            _ => return None,
        };
        Some(First { op, a, b })
    }
}

/// The operands of a cell made of two instructions: as fields, and as constants if there
/// are any.
pub(super) struct Operands {
    /// Whether `a` is in the accumulator, `b` and `c` are constants.
    pub(super) forms: [usize; 3],
    fields: [u16; 3],
    constants: Option<[u32; 2]>,
}

impl Linker<'_> {
    /// Appends the cell of an instruction and the one behind it, if there is such a cell.
    /// Returns whether it did.
    pub(super) fn combine(&mut self, index: usize) -> bool {
        let insts = self.ir.insts.as_slice();
        let (Some(first), Some(second), false) =
            (insts.get(index), insts.get(index + 1), self.wide)
        else {
            return false;
        };
        let fusions = self.tier.fusions;
        self.pins.go_to(index + 1);
        let done = match (&first.op, &second.op) {
            (Op::Bin(_), Op::Bin(_)) => {
                fusions.pairs && self.pair(first, second)
                    || fusions.mul_add && self.mul_add(first, second)
            }
            (Op::Bin(_), Op::BrBin { .. } | Op::BrUn { .. }) => {
                if first.to_slot {
                    fusions.sum_branch && self.sum_branch(first, second)
                } else {
                    fusions.pair_branch && self.pair_branch(first, second)
                }
            }
            (Op::Load(..) | Op::LoadSum(..), Op::BrBin { .. } | Op::BrUn { .. }) => {
                fusions.load_branch && self.load_branch(first, second)
            }
            (Op::Load(..) | Op::LoadSum(..), Op::Store(..) | Op::StoreSum(..)) => {
                fusions.load_store && self.load_store(first, second)
            }
            (Op::Bin(_), Op::Load(..)) => fusions.load_tee && self.load_tee(first, second),
            (Op::Bin(_), Op::BrTable { .. }) => {
                fusions.branch_table && self.add_branch_table(first, second)
            }
            (Op::Copy(_), Op::Copy(_)) => fusions.copy_two && self.imm_two(first, second),
            _ => self.combine_vector(first, second),
        };
        if done {
            self.keep_pins(second);
        } else {
            self.pins.go_to(index);
        }
        done
    }

    /// The operands `a`, `b` and `c` as a cell of two instructions has them.
    pub(super) fn pair_operands(&self, first: &First, c: Src) -> Option<Operands> {
        let wide = first.op.result() == ValType::I64;
        let mut fields = [0; 3];
        let mut bits = [0; 2];
        for (field, src) in fields.iter_mut().zip([first.a, first.b, c]) {
            if let Src::Slot(slot) = src {
                *field = self.slot(slot) as u16;
            }
        }
        for (to, src) in bits.iter_mut().zip([first.b, c]) {
            match src {
                Src::Const(value) if !wide || value as i64 == i64::from(value as i32) => {
                    *to = value as u32;
                }
                Src::Slot(_) => {}
                _ => return None,
            }
        }
        let constant = |src| usize::from(matches!(src, Src::Const(_)));
        let forms = [usize::from(first.a == Src::Acc), constant(first.b), constant(c)];
        let constants = (forms[1] + forms[2] > 0).then_some(bits);
        Some(Operands { forms, fields, constants })
    }

    /// Appends the cell of two instructions. `branch`: where it leads to, and its offset in
    /// the module.
    pub(super) fn pair_cell(
        &mut self,
        handlers: &ByConstants,
        dst: u16,
        operands: &Operands,
        branch: Option<(Label, u32)>,
    ) {
        let [_, b, c] = operands.forms;
        self.push_handler(handlers[b][c]);
        let [a, b, c] = operands.fields;
        self.fields([dst, a, b, c]);
        if let Some((target, offset)) = branch {
            self.branch_target(target, offset);
        }
        if let Some([b, c]) = operands.constants {
            self.halves(b, c);
        }
    }

    fn pair(&mut self, inst: &Inst, second: &Inst) -> bool {
        let (Some(first), Op::Bin(op), false) = (First::of(inst), second.op, inst.to_slot) else {
            return false;
        };
        let (c, swapped) = match (second.args[0], second.args[1]) {
            (Src::Acc, Src::Acc) => return false,
            (Src::Acc, c) => (c, false),
            (c, Src::Acc) => (c, true),
            _ => return false,
        };
        // A pin's next value is made by a cell that knows of pins.
        if second.to_slot && self.pins.are(second.dst) {
            return false;
        }
        let Some(handlers) = pair_handlers(first.op, op, swapped) else { return false };
        let Some(operands) = self.pair_operands(&first, c) else { return false };
        let dst = self.slot(second.dst) as u16;
        self.pair_cell(&handlers[operands.forms[0]], dst, &operands, None);
        true
    }

    /// A local that becomes the sum of a slot and a constant: its slot, the summand's and
    /// the constant.
    fn increment(&self, inst: &Inst, address: AddrType) -> Option<(u16, u16, u32)> {
        let (Src::Slot(from), Src::Const(bits), true) = (inst.args[0], inst.args[1], inst.to_slot)
        else {
            return None;
        };
        let fits = bits as i64 == i64::from(bits as i32);
        let step = match (inst.op, address) {
            (Op::Bin(NumOp::i32_add), AddrType::I32) => bits as u32,
            (Op::Bin(NumOp::i32_sub), AddrType::I32) => (bits as u32).wrapping_neg(),
            (Op::Bin(NumOp::i64_add), AddrType::I64) if fits => bits as u32,
            _ => return None,
        };
        Some((self.slot(inst.dst) as u16, self.slot(from) as u16, step))
    }

    fn load_tee(&mut self, first: &Inst, second: &Inst) -> bool {
        let (Op::Load(op, Access { arg, address: Some(address) }), Src::Acc) =
            (second.op, second.args[0])
        else {
            return false;
        };
        let Some((sum, from, step)) = self.increment(first, address) else { return false };
        let pin = self.pins.int(first.dst);
        let steps = pin.is_some() && from == sum;
        if pin.is_some() != steps {
            return false;
        }
        self.position(second);
        let handlers = load_tee(op);
        let forms = pin.map_or(&handlers.slot, |pin| &handlers.pins[pin]);
        self.push_handler(forms[address as usize][usize::from(second.to_slot)]);
        self.fields([self.slot(second.dst) as u16, sum, from, 0]);
        self.halves(arg.offset as u32, step);
        true
    }

    fn add_branch_table(&mut self, first: &Inst, second: &Inst) -> bool {
        let (Op::BrTable { first: targets, count }, Op::Bin(NumOp::i32_add)) =
            (second.op, first.op)
        else {
            return false;
        };
        let (Src::Const(bits), true) = (first.args[1], first.to_slot) else { return false };
        if second.args[0] != Src::Slot(first.dst) || self.pins.are(first.dst) {
            return false;
        }
        let index = match first.args[0] {
            Src::Slot(slot) => {
                self.handler::<BrTableAdd<S>>();
                self.slot(slot) as u16
            }
            Src::Acc => {
                self.handler::<BrTableAdd<A>>();
                0
            }
            _ => return false,
        };
        self.fields_imm([self.slot(first.dst) as u16, index], count);
        self.halves(bits as u32, 0);
        self.branch_targets(targets, count);
        true
    }

    /// The words of the targets of a branch table.
    pub(super) fn branch_targets(&mut self, first: u32, count: u32) {
        for i in first..first + count {
            let target: Label = self.ir.targets[i as usize];
            self.target(target);
        }
    }

    /// Whether the accumulator has the index of a branch table, and it is from there that
    /// the cell takes it.
    pub(super) fn branch_table_on_acc(&mut self, index: usize) -> bool {
        let inst = &self.ir.insts[index];
        let Op::BrTable { first, count } = inst.op else { return false };
        let Some(last) = index.checked_sub(1).map(|last| &self.ir.insts[last]) else {
            return false;
        };
        let result = matches!(
            last.op,
            Op::Un(_) | Op::Bin(_) | Op::Load(..) | Op::LoadSum(..) | Op::Select(Class::Int)
        );
        let found = result && last.to_slot && inst.args[0] == Src::Slot(last.dst);
        if !found || self.wide || !self.tier.fusions.branch_table {
            return false;
        }
        self.handler::<BrTable<A>>();
        self.fields_imm([0; 2], count);
        self.branch_targets(first, count);
        true
    }

    fn imm_two(&mut self, first: &Inst, second: &Inst) -> bool {
        let constant = |inst: &Inst| match inst.args[0] {
            Src::Const(bits) if bits as i64 == i64::from(bits as i32) => Some(bits as u32),
            _ => None,
        };
        let (Some(one), Some(two)) = (constant(first), constant(second)) else { return false };
        if self.pins.are(first.dst) || self.pins.are(second.dst) {
            return false;
        }
        self.handler::<ImmTwo>();
        self.fields([self.slot(first.dst) as u16, self.slot(second.dst) as u16, 0, 0]);
        self.halves(one, two);
        true
    }
}
