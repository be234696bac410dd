//! Where the registers of pinned locals are read before they are written again: elsewhere
//! nobody needs to bring them up to date.

use super::ir::{Inst, Ir, Op, Src};
use super::pins::{Pins, runs_other_code};
use super::text::has_result;

/// How often the code is gone through. Loops in loops need one more each; code that needs
/// more than this is taken to read all pins everywhere, so that no module is slow to
/// translate.
const ROUNDS: usize = 8;

/// Which pins are read later, by instruction: behind it, and in front of the first one.
pub(super) struct Live {
    behind: Vec<u8>,
    entry: u8,
}

impl Live {
    /// Nothing is known: everything may be read.
    pub(super) fn all() -> Live {
        Live { behind: Vec::new(), entry: u8::MAX }
    }

    /// Of the pins of a function.
    pub(super) fn of(ir: &Ir, pins: &Pins) -> Live {
        let mut at = vec![0; ir.insts.len() + 1];
        let mut behind = vec![0; ir.insts.len()];
        for _ in 0..ROUNDS {
            let mut changed = false;
            for (index, inst) in ir.insts.iter().enumerate().rev() {
                behind[index] = following(ir, &at, index);
                let before = transfer(inst, behind[index], pins);
                changed |= std::mem::replace(&mut at[index], before) != before;
            }
            if !changed {
                return Live { behind, entry: at[0] };
            }
        }
        Live::all()
    }

    /// Whether a pin, or any of several, is read behind an instruction.
    pub(super) fn behind(&self, index: usize, pins: u8) -> bool {
        self.behind.get(index).is_none_or(|live| live & pins != 0)
    }

    /// The same when the function begins.
    pub(super) fn at_entry(&self, pins: u8) -> bool {
        self.entry & pins != 0
    }
}

/// What is read behind an instruction, as far as `at` knows what is read at others.
fn following(ir: &Ir, at: &[u8], index: usize) -> u8 {
    let target = |label: super::ir::Label| at[ir.labels[label.0 as usize] as usize];
    match ir.insts[index].op {
        Op::Br(label) => target(label),
        Op::BrUn { target: label, .. }
        | Op::BrBin { target: label, .. }
        | Op::AddBr { target: label, .. } => at[index + 1] | target(label),
        Op::BrTable { first, count } => {
            let labels = &ir.targets[first as usize..(first + count) as usize];
            labels.iter().fold(0, |live, &label| live | target(label))
        }
        _ => at[index + 1],
    }
}

/// What is read from an instruction on, given what is behind it.
fn transfer(inst: &Inst, behind: u8, pins: &Pins) -> u8 {
    // Pins are read from their slots behind whatever leaves nothing in them.
    let mut live = if runs_other_code(&inst.op) { 0 } else { behind };
    let written = if has_result(&inst.op) && inst.to_slot { pins.mask(inst.dst) } else { 0 };
    live &= !written;
    if matches!(inst.op, Op::AddBr { .. }) {
        live |= pins.mask(inst.dst);
    }
    for arg in inst.args {
        if let Src::Slot(slot) = arg {
            live |= pins.mask(slot);
        }
    }
    live
}
