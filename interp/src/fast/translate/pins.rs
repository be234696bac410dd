//! Pins: the locals of a function that are in registers as well as in their slots.
//!
//! A value that goes from one iteration of a loop to the next through memory costs it a
//! dozen cycles if it is a float, and half as many if it is an integer. So floats can be
//! operands of most instructions, and integers of those that make their next value out of
//! their last one. Every write of a pinned local also writes its slot, so that
//! whoever looks at a frame needs to know nothing of pins. They are read from their slots
//! on entry and after whatever runs other code.
//!
//! **What must never happen here:** a cell writes a pinned local's slot, or runs a
//! function, and no cell behind it reads the pin again ([`Linker::keep_pins`]).

use bimetal_core::ops::mem::LoadOp;
use bimetal_core::ops::num::NumOp;
use bimetal_core::types::AddrType;

use super::bulk::bulk_handler;
use super::cell::{Cell, expect, place};
use super::ir::{Inst, Ir, Label, Op, Src};
use super::link::Linker;
use super::live::Live;
use super::text::has_result;
use crate::fast::code::FastModule;
use crate::fast::dispatch::Handler;
use crate::fast::exec::add_branch::{ByOther, add_br_handlers};
use crate::fast::exec::pair::commutes;
use crate::fast::exec::pinned::{LoadPins, PINS, is_pinned, pinned, pinned_load};
use crate::fast::exec::step::{COPY_TO_PIN, INT_PINS, LoadIntPins, step};

/// How deep loops count: an operand is worth ten times as much in each.
const DEPTH: usize = 5;

/// The pinned locals of a function.
pub(super) struct Pins {
    /// The canonical slots of floats.
    floats: Vec<u32>,
    /// The canonical slots of integers.
    ints: Vec<u32>,
    /// Whether the cell in the making has written the pin that its instruction writes.
    written: bool,
    /// The instruction whose cell is in the making: the last one of several.
    at: usize,
    /// Where they are read.
    live: Live,
}

/// What pinning each of some locals is worth, by ascending slots.
struct Worth(Vec<(u32, i64)>);

impl Worth {
    fn of(slots: impl Iterator<Item = u32>) -> Worth {
        let mut slots: Vec<(u32, i64)> = slots.map(|slot| (slot, 0)).collect();
        slots.sort_unstable();
        slots.dedup();
        Worth(slots)
    }

    fn add(&mut self, slot: u32, value: i64) {
        if let Ok(index) = self.0.binary_search_by_key(&slot, |&(slot, _)| slot) {
            self.0[index].1 += value;
        }
    }

    /// The locals that are worth most, if together they are worth more than `least`.
    fn best(self, count: usize, least: i64) -> Vec<u32> {
        let mut slots: Vec<(i64, u32)> =
            self.0.into_iter().map(|(slot, worth)| (-worth, slot)).collect();
        slots.retain(|&(worth, _)| worth < 0);
        slots.sort_unstable();
        slots.truncate(count);
        let all: i64 = slots.iter().map(|(worth, _)| -worth).sum();
        if all <= least { Vec::new() } else { slots.into_iter().map(|(_, slot)| slot).collect() }
    }
}

impl Pins {
    /// Which locals are worth it.
    pub(super) fn of(tier: &FastModule, ir: &Ir) -> Pins {
        // Who catches an exception would have to read pins again; such functions wait for
        // other things.
        let none = ir.loops.is_empty() || ir.is_wide() || !ir.try_tables.is_empty();
        if none || !(tier.fusions.pins || tier.fusions.steps) {
            return Pins::new(Vec::new(), Vec::new());
        }
        let operands = tier.fusions.operand_pins.then(|| float_operands(ir)).into_iter().flatten();
        let mut floats = Worth::of(ir.floats.iter().copied().chain(operands));
        let mut ints = Worth::of(ir.ints.iter().copied());
        let mut reloads = 0;
        for (inst, &depth) in ir.insts.iter().zip(&depths(ir)).filter(|(_, depth)| **depth > 0) {
            let weight = 10_i64.pow(depth.min(DEPTH) as u32);
            if runs_other_code(&inst.op) {
                reloads += weight;
            }
            for arg in uses(inst) {
                floats.add(arg, 2 * weight);
            }
            let float = matches!(inst.op, Op::Bin(op) if is_pinned(op)) || is_float_load(&inst.op);
            if !float {
                floats.add(inst.dst, if has_result(&inst.op) { -3 * weight } else { 0 });
            }
            if steps(inst) {
                ints.add(inst.dst, 2 * weight);
            } else if has_result(&inst.op) && !matches!(inst.op, Op::Copy(_)) {
                // The cell that reads the pin again; and what uses the accumulator would
                // have shared a cell with what is before it.
                let cost = if inst.args[..2].contains(&Src::Acc) { 20 } else { 6 };
                ints.add(inst.dst, -cost * weight);
            }
        }
        let floats = if tier.fusions.pins { floats.best(PINS, 6 * reloads) } else { Vec::new() };
        let ints = if tier.fusions.steps { ints.best(INT_PINS, 6 * reloads) } else { Vec::new() };
        let mut pins = Pins::new(floats, ints);
        if tier.fusions.live_pins && !(pins.floats.is_empty() && pins.ints.is_empty()) {
            pins.live = Live::of(ir, &pins);
        }
        pins
    }

    fn new(floats: Vec<u32>, ints: Vec<u32>) -> Pins {
        Pins { floats, ints, written: false, at: 0, live: Live::all() }
    }

    /// The cell that comes next is of this instruction, or ends with it.
    pub(super) fn go_to(&mut self, index: usize) {
        self.at = index;
    }

    /// Whether a canonical slot is a pinned local's.
    pub(super) fn are(&self, slot: u32) -> bool {
        self.floats.contains(&slot) || self.ints.contains(&slot)
    }

    /// The pin that a canonical slot is, as a bit; zero if it is none.
    pub(super) fn mask(&self, slot: u32) -> u8 {
        self.mask_of(slot, 1)
    }

    /// The pins among canonical slots, as a bit each.
    fn mask_of(&self, from: u32, count: u32) -> u8 {
        let all = self.ints.iter().chain(&self.floats);
        all.zip(0..)
            .filter(|(pinned, _)| pinned.wrapping_sub(from) < count)
            .fold(0, |mask, (_, bit)| mask | 1 << bit)
    }

    /// The bits of the pinned integers, and of the pinned floats.
    fn masks(&self) -> [u8; 2] {
        let ints = (1 << self.ints.len()) - 1;
        [ints, !ints]
    }

    /// The pin of a float.
    pub(super) fn float(&self, slot: u32) -> Option<usize> {
        self.floats.iter().position(|&pinned| pinned == slot)
    }

    /// The cell in the making writes the pin that its instruction writes.
    pub(super) fn write(&mut self) {
        self.written = true;
    }

    /// The pin of an integer.
    pub(super) fn int(&self, slot: u32) -> Option<usize> {
        self.ints.iter().position(|&pinned| pinned == slot)
    }
}

/// The slots that an instruction can take from pins that are floats.
fn uses(inst: &Inst) -> impl Iterator<Item = u32> {
    let count = if matches!(inst.op, Op::Bin(op) if is_pinned(op)) { 2 } else { 0 };
    inst.args.into_iter().take(count).filter_map(|arg| match arg {
        Src::Slot(slot) => Some(slot),
        _ => None,
    })
}

fn is_float_load(op: &Op) -> bool {
    matches!(op, Op::Load(op, _) | Op::LoadSum(op, _) if pinned_load(*op, false).is_some())
}

/// The slots that results of instructions on floats go to, of locals or operands. Other
/// values may be there at other times: what writes those need not know of pins, because
/// who reads a float has it from a write of a float.
fn float_operands(ir: &Ir) -> impl Iterator<Item = u32> {
    let made = |inst: &&Inst| matches!(inst.op, Op::Bin(op) if is_pinned(op)) && inst.to_slot;
    ir.insts.iter().filter(made).map(|inst| inst.dst)
}

/// Whether an instruction makes the next value of a local out of its last one.
fn steps(inst: &Inst) -> bool {
    match inst.op {
        Op::AddBr { .. } => true,
        Op::Bin(op) if step(op).is_some() && inst.to_slot => {
            let own = Src::Slot(inst.dst);
            // What is in the accumulator goes better into a cell with what made it.
            inst.args[0] == own && inst.args[1] != Src::Acc
                || inst.args[1] == own && inst.args[0] != Src::Acc && commutes(op)
        }
        _ => false,
    }
}

/// Whether other functions run, or bytes are moved, which leave nothing in the pins.
pub(super) fn runs_other_code(op: &Op) -> bool {
    matches!(op, Op::Call { .. } | Op::CallIndirect { .. } | Op::CallRef { .. } | Op::Slow { .. })
}

/// In how many loops each instruction is.
fn depths(ir: &Ir) -> Vec<usize> {
    let at = |label: Label| ir.labels[label.0 as usize] as usize;
    // The last instruction that leads back to each header.
    let mut ends = vec![0; ir.insts.len() + 1];
    let mut back = |from: usize, label: Label| {
        let rotated = ir.rotated.binary_search_by_key(&label.0, |(behind, _)| behind.0);
        let to = at(rotated.map_or(label, |index| ir.rotated[index].1));
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
        let runs =
            |slot: u32| ir.zero.iter().any(|&(start, count)| slot.wrapping_sub(start) < count);
        let alive = |slots: &[u32]| slots.iter().any(|&slot| slot < ir.params || runs(slot));
        let [ints, floats] = self.pins.masks().map(|mask| self.pins.live.at_entry(mask));
        let (floats, ints) = (floats && alive(&self.pins.floats), ints && alive(&self.pins.ints));
        self.load_pins(floats, ints);
    }

    /// Appends the cells that read pins from their slots.
    fn load_pins(&mut self, floats: bool, ints: bool) {
        if let (Some(&first), true) = (self.pins.floats.first(), floats) {
            let slot = |index| *self.pins.floats.get(index).unwrap_or(&first);
            let fields = [slot(0), slot(1), slot(2), first].map(|slot| self.slot(slot) as u16);
            self.handler::<LoadPins>();
            self.fields(fields);
        }
        if let (Some(&first), true) = (self.pins.ints.first(), ints) {
            let second = *self.pins.ints.get(1).unwrap_or(&first);
            let fields = [first, second, first, first].map(|slot| self.slot(slot) as u16);
            self.handler::<LoadIntPins>();
            self.fields(fields);
        }
    }

    /// Reads the pins again behind the cell of an instruction that has left them behind.
    pub(super) fn keep_pins(&mut self, inst: &Inst) {
        let written = std::mem::take(&mut self.pins.written);
        let bulk = matches!(inst.op, Op::Slow { op, imm, .. }
            if bulk_handler(self, op, imm).is_some());
        if bulk || !matches!(inst.op, Op::Slow { .. }) && runs_other_code(&inst.op) {
            let live = |mask| self.pins.live.behind(self.pins.at, mask);
            let [ints, floats] = self.pins.masks().map(live);
            return self.load_pins(floats, ints);
        }
        let count = match inst.op {
            Op::CopySpan { count, .. } => count,
            _ => 1,
        };
        let live =
            |this: &Self| this.pins.live.behind(this.pins.at, this.pins.mask_of(inst.dst, count));
        if has_result(&inst.op) && inst.to_slot && !written && live(self) {
            let float = self.pins.floats.iter().any(|slot| slot.wrapping_sub(inst.dst) < count);
            let int = self.pins.ints.contains(&inst.dst);
            self.load_pins(float, int);
        }
    }

    /// The pin of an integer that is a slot of the frame.
    fn int_pin(&self, frame_slot: u16) -> Option<usize> {
        self.pins.ints.iter().position(|&slot| self.slot(slot) as u16 == frame_slot)
    }

    /// The pin of a float that is a slot of the frame.
    fn float_pin(&self, frame_slot: u16) -> Option<usize> {
        self.pins.floats.iter().position(|&slot| self.slot(slot) as u16 == frame_slot)
    }

    /// The cell of an instruction on a pinned integer that is its result as well, but for
    /// the words of constants. `None` if it is another instruction.
    pub(super) fn step(&mut self, op: NumOp, cell: &Cell<'_>) -> Option<Option<u64>> {
        let pin = self.int_pin(cell.d).filter(|_| cell.form == 1)?;
        let own =
            |index: usize| matches!(cell.args[index], Src::Slot(_)) && cell.f[index] == cell.d;
        let forms = &step(op)?[pin];
        if own(0) {
            self.pins.written = true;
            self.push_handler(forms[place(cell.args[1])]);
            return Some(cell.operands(self, op));
        }
        if !own(1) || !commutes(op) || matches!(cell.args[0], Src::Const(_)) {
            return None;
        }
        self.pins.written = true;
        self.push_handler(forms[place(cell.args[0])]);
        self.fields([cell.d, cell.d, cell.f[0], 0]);
        Some(None)
    }

    /// The handlers of an addition to an integer and a branch.
    pub(super) fn add_branch(&self, op: NumOp, cell: &Cell<'_>) -> &'static ByOther {
        let handlers = expect(add_br_handlers(op));
        self.int_pin(cell.d).map_or(&handlers.slot, |pin| &handlers.pins[pin])
    }

    /// The handler of a copy to a pinned integer.
    pub(super) fn copy_to_pin(&mut self, cell: &Cell<'_>) -> Option<Handler> {
        let pin = self.int_pin(cell.d)?;
        self.pins.written = true;
        Some(COPY_TO_PIN[pin][place(cell.args[0])])
    }

    /// The pin that a result goes to.
    fn pinned_result(&mut self, cell: &Cell<'_>) -> Option<usize> {
        let pin = self.float_pin(cell.d).filter(|_| cell.form == 1);
        self.pins.written |= pin.is_some();
        pin
    }

    /// The handler of an instruction with two operands, if a pin is among its operands or
    /// its result goes to one.
    pub(super) fn pinned_binary(&mut self, op: NumOp, cell: &Cell<'_>) -> Option<Handler> {
        if self.pins.floats.is_empty() || !is_pinned(op) {
            return None;
        }
        let at = |this: &Self, index: usize| match cell.args[index] {
            Src::Slot(_) => this.float_pin(cell.f[index]).map_or(0, |pin| 3 + pin),
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
        address: AddrType,
        sum: bool,
        cell: &Cell<'_>,
        place: usize,
    ) -> Option<Handler> {
        let forms = pinned_load(op, sum)?;
        Some(forms[address as usize][place][self.pinned_result(cell)?])
    }
}
