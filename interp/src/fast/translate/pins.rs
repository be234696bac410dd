//! Pins: the locals of a function that are in registers as well as in their slots.
//!
//! Only floats are: a float that goes through memory costs an iteration of a loop a dozen
//! cycles, an integer one. Every write of a pinned local also writes its slot, so that
//! whoever looks at a frame needs to know nothing of pins. They are read from their slots
//! on entry and after whatever runs other code.
//!
//! **What must never happen here:** a cell writes a pinned local's slot, or runs a
//! function, and no cell behind it reads the pin again ([`Linker::keep_pins`]).

use bimetal_core::ops::mem::LoadOp;
use bimetal_core::ops::num::NumOp;

use super::cell::{Cell, bulk_handler, place};
use super::ir::{Inst, Ir, Label, Op, Src};
use super::link::Linker;
use super::text::has_result;
use crate::fast::code::FastModule;
use crate::fast::dispatch::Handler;
use crate::fast::exec::pinned::{LoadPins, PINS, is_pinned, pinned, pinned_load};

/// How deep loops count: an operand is worth ten times as much in each.
const DEPTH: usize = 5;

/// The pinned locals of a function.
#[derive(Default)]
pub(super) struct Pins {
    /// Their canonical slots.
    slots: Vec<u32>,
    /// Whether the cell in the making has written the pin that its instruction writes.
    written: bool,
}

impl Pins {
    /// Which locals are worth it.
    pub(super) fn of(tier: &FastModule, ir: &Ir) -> Pins {
        // Who catches an exception would have to read pins again; such functions wait for
        // other things.
        let none = ir.floats.is_empty() || ir.is_wide() || !ir.try_tables.is_empty();
        if none || !tier.fusions.pins {
            return Pins::default();
        }
        let depths = depths(ir);
        let mut worth = vec![0_i64; ir.floats.iter().max().map_or(0, |&slot| slot as usize + 1)];
        for &slot in &ir.floats {
            worth[slot as usize] = 1;
        }
        let mut reloads = 0;
        for (inst, &depth) in ir.insts.iter().zip(&depths).filter(|(_, depth)| **depth > 0) {
            let weight = 10_i64.pow(depth.min(DEPTH) as u32);
            if runs_other_code(&inst.op) {
                reloads += weight;
            }
            let mut count = |slot: u32, value: i64| {
                if let Some(worth) = worth.get_mut(slot as usize).filter(|worth| **worth != 0) {
                    *worth += value * weight;
                }
            };
            match inst.op {
                Op::Bin(op) if is_pinned(op) => {
                    for arg in &inst.args[..2] {
                        if let Src::Slot(slot) = *arg {
                            count(slot, 2);
                        }
                    }
                }
                Op::Load(..) | Op::LoadSum(..) => {}
                _ if has_result(&inst.op) => count(inst.dst, -3),
                _ => {}
            }
        }
        let mut slots: Vec<u32> = ir.floats.clone();
        slots.retain(|&slot| worth[slot as usize] > 1);
        slots.sort_by_key(|&slot| std::cmp::Reverse(worth[slot as usize]));
        slots.truncate(PINS);
        let all: i64 = slots.iter().map(|&slot| worth[slot as usize]).sum();
        if all <= 6 * reloads { Pins::default() } else { Pins { slots, written: false } }
    }

    /// Whether a canonical slot is a pinned local's.
    pub(super) fn are(&self, slot: u32) -> bool {
        self.slots.contains(&slot)
    }
}

/// Whether other functions run, or bytes are moved, which leave nothing in the pins.
fn runs_other_code(op: &Op) -> bool {
    matches!(op, Op::Call { .. } | Op::CallIndirect { .. } | Op::CallRef { .. } | Op::Slow { .. })
}

/// In how many loops each instruction is.
fn depths(ir: &Ir) -> Vec<usize> {
    let at = |label: Label| ir.labels[label.0 as usize] as usize;
    // The last instruction that leads back to each header.
    let mut ends = vec![0; ir.insts.len() + 1];
    let mut back = |from: usize, label: Label| {
        let to = at(label);
        if to <= from
            && let Some(end) = ends.get_mut(to)
        {
            *end = from.max(*end);
        }
    };
    for (from, inst) in ir.insts.iter().enumerate() {
        match inst.op {
            Op::Br(target)
            | Op::BrUn { target, .. }
            | Op::BrBin { target, .. }
            | Op::AddBr { target, .. } => back(from, target),
            Op::BrTable { first, count } => {
                let targets = &ir.targets[first as usize..(first + count) as usize];
                targets.iter().for_each(|&target| back(from, target));
            }
            _ => {}
        }
    }
    let mut changes = vec![0_i64; ir.insts.len() + 1];
    for &(header, _) in &ir.loops {
        let start = at(header);
        if ends[start] >= start && ends[start] > 0 {
            changes[start] += 1;
            changes[ends[start] + 1] -= 1;
        }
    }
    let mut depth = 0;
    let sum = |change: &i64| {
        depth += change;
        depth.max(0) as usize
    };
    changes[..ir.insts.len()].iter().map(sum).collect()
}

impl Linker<'_> {
    /// Reads on entry the pins that have a value then.
    pub(super) fn enter_pins(&mut self) {
        let ir = self.ir;
        let zeroed =
            |slot| ir.zero.iter().any(|&(start, count)| slot >= start && slot - start < count);
        if self.pins.slots.iter().any(|&slot| slot < ir.params || zeroed(slot)) {
            self.load_pins();
        }
    }

    /// Appends the cell that reads all pins from their slots.
    pub(super) fn load_pins(&mut self) {
        let Some(&first) = self.pins.slots.first() else { return };
        let slot = |index| *self.pins.slots.get(index).unwrap_or(&first);
        let fields = [slot(0), slot(1), slot(2), first].map(|slot| self.slot(slot) as u16);
        self.handler::<LoadPins>();
        self.fields(fields);
    }

    /// Reads the pins again behind the cell of an instruction that has left them behind.
    pub(super) fn keep_pins(&mut self, inst: &Inst) {
        let written = std::mem::take(&mut self.pins.written);
        if self.pins.slots.is_empty() {
            return;
        }
        let bulk = matches!(inst.op, Op::Slow { op, imm, .. }
            if bulk_handler(self, op, imm).is_some());
        let left = has_result(&inst.op) && inst.to_slot && self.pins.are(inst.dst) && !written;
        let other = !matches!(inst.op, Op::Slow { .. }) && runs_other_code(&inst.op);
        if left || bulk || other {
            self.load_pins();
        }
    }

    /// The pin that is a slot of the frame.
    fn pin(&self, frame_slot: u16) -> Option<usize> {
        self.pins.slots.iter().position(|&slot| self.slot(slot) as u16 == frame_slot)
    }

    /// The pin that a result goes to.
    fn pinned_result(&mut self, cell: &Cell<'_>) -> Option<usize> {
        let pin = self.pin(cell.d).filter(|_| cell.form == 1);
        self.pins.written |= pin.is_some();
        pin
    }

    /// The handler of an instruction with two operands, if a pin is among its operands or
    /// its result goes to one.
    pub(super) fn pinned_binary(&mut self, op: NumOp, cell: &Cell<'_>) -> Option<Handler> {
        if self.pins.slots.is_empty() || !is_pinned(op) {
            return None;
        }
        let at = |this: &Self, index: usize| match cell.args[index] {
            Src::Slot(_) => this.pin(cell.f[index]).map_or(0, |pin| 3 + pin),
            src => place(src),
        };
        let (a, b) = (at(self, 0), at(self, 1));
        let result = self.pinned_result(cell).map_or(cell.form, |pin| 2 + pin);
        pinned(op, a, b, result)
    }

    /// The handler of a load to a pin. `sum`: from a sum, whose second part has the place.
    pub(super) fn pinned_load(
        &mut self,
        op: LoadOp,
        sum: bool,
        cell: &Cell<'_>,
        place: usize,
    ) -> Option<Handler> {
        let forms = pinned_load(op, sum)?;
        Some(forms[place][self.pinned_result(cell)?])
    }
}
