//! The second step of translation: from instructions on canonical slots to cells
//! with addresses.
//!
//! Canonical slot `s` is slot `s` of the frame if it is a parameter's, else `s`
//! plus the two slots of the header. Cells name slots with 16 bits. In a frame
//! with more slots the first ones behind the header are scratch: operands beyond
//! the reach of a cell are copied there before it and the result from there
//! after it.

use bimetal_core::ops::num::NumOp;
use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};

use super::cell::{cell_of, place};
use super::counting;
use super::ir::{self, Class, HEADER, Inst, Ir, Label, Op, SCRATCH, Src};
use super::pins::Pins;
use super::sampling::{self, Branch, Join};
use super::scratch;
use crate::fast::code::{FastModule, FuncCode, PREFIX_WORDS, TryTable};
use crate::fast::dispatch::{Exec, Handler, Word, handler};
use crate::fast::exec::data::{CopyImm, CopySpan, CopyTwo, ZeroSpan};
use crate::fast::hot::CallSite;

/// The position of the result among values in scratch slots.
const SCRATCH_DST: usize = 3;

/// Code in the making.
pub(super) struct Linker<'a> {
    pub(super) tier: &'a FastModule,
    pub(super) ir: &'a Ir,
    pub(super) words: Vec<Word>,
    /// Words to be replaced by the address of a label.
    pub(super) fixups: Vec<(usize, Label)>,
    offsets: Vec<(u32, u32)>,
    sites: Vec<CallSite>,
    /// Conditional branches, if somebody wants to know about them.
    pub(super) conditional: Vec<Branch>,
    /// The cells that do what a watched branch does as well, once it is settled.
    pub(super) joins: Vec<Join>,
    pub(super) wide: bool,
    pub(super) pins: Pins,
    /// Where each cell begins, if somebody wants to know.
    pub(super) cells: Vec<u32>,
    /// The cells of `br`, and where they lead to.
    pub(super) branches: Vec<(u32, Label)>,
}

/// Links a function. Also returns the position of each instruction's code.
pub(super) fn link(tier: &FastModule, ir: &Ir, defined: usize) -> (FuncCode, Vec<u32>) {
    let slots = ir.slots + HEADER;
    let wide = ir.is_wide();
    let mut linker = Linker {
        tier,
        ir,
        words: scratch::words(),
        fixups: Vec::new(),
        offsets: Vec::new(),
        sites: Vec::new(),
        conditional: Vec::new(),
        joins: Vec::new(),
        wide,
        pins: Pins::of(tier, ir),
        cells: scratch::cells(),
        branches: Vec::new(),
    };
    // Room for the results, and for the header of a function that is called with
    // the topmost operands.
    let frame = (slots + if wide { SCRATCH } else { 0 } + HEADER).max(ir.results);
    linker.words.push(Word { bits: u64::from(frame) * size_of::<Slot>() as u64 });
    linker.count_calls(defined);
    linker.zero_locals();
    linker.enter_pins();
    let targets = targets(ir);
    let mut positions = Vec::with_capacity(ir.insts.len());
    while let Some(inst) = ir.insts.get(positions.len()) {
        let index = positions.len();
        positions.push(linker.words.len() as u32);
        linker.pins.go_to(index);
        let threaded = if tier.fusions.thread_return { return_at(ir, index) } else { None };
        if let Some(threaded) = threaded {
            linker.inst(&threaded);
        } else if !targets[index + 1] && linker.two(index) {
            positions.push(linker.words.len() as u32);
        } else if !targets[index] && linker.branch_table_on_acc(index) {
        } else {
            linker.inst(inst);
        }
    }
    (linker.finish(&positions, defined), positions)
}

/// Which instructions, and the position behind the last one, labels stand before.
fn targets(ir: &Ir) -> Vec<bool> {
    let mut targets = vec![false; ir.insts.len() + 1];
    for &at in &ir.labels {
        if let Some(target) = targets.get_mut(at as usize) {
            *target = true;
        }
    }
    targets
}

/// The `return` that is as good as the instruction at a position: a branch to a
/// `return`, or a copy in front of one whose source can be returned at once.
fn return_at(ir: &Ir, index: usize) -> Option<Inst> {
    let inst = &ir.insts[index];
    let target = |label: Label| ir.insts[ir.labels[label.0 as usize] as usize];
    match inst.op {
        Op::Br(label) => {
            let target = target(label);
            matches!(target.op, Op::Return0 | Op::Return(_)).then_some(target)
        }
        Op::Copy(_) => {
            let target = match ir.insts.get(index + 1)?.op {
                Op::Br(label) => target(label),
                _ => return None,
            };
            let returned =
                matches!(target.op, Op::Return(_)) && target.args[0] == Src::Slot(inst.dst);
            returned.then_some(Inst { args: inst.args, ..target })
        }
        _ => None,
    }
}

impl Linker<'_> {
    fn zero_locals(&mut self) {
        let runs = &self.ir.zero;
        // Several runs cost more dispatches than a few slots zeroed needlessly.
        let span = match (runs.first(), runs.last()) {
            (Some(&(start, _)), Some(&(last, length))) => Some((start, last + length - start)),
            _ => None,
        };
        let needed: u32 = runs.iter().map(|(_, length)| length).sum();
        let all: &[(u32, u32)] = match &span {
            Some(span) if span.1 <= needed + 16 => std::slice::from_ref(span),
            _ => runs,
        };
        for &(start, length) in all {
            if length == 1 && !self.wide {
                self.handler::<CopyImm>();
                self.fields_imm([self.slot(start) as u16, 0], 0);
                continue;
            }
            self.handler::<ZeroSpan>();
            self.fields([0; 4]);
            self.halves(self.slot(start), length);
        }
    }

    /// Makes one cell of an instruction and the one behind it. Returns whether it did.
    fn two(&mut self, index: usize) -> bool {
        self.tier.fusions.copy_two && self.copy_two(index) || self.combine(index)
    }

    /// Makes one cell of two copies between slots. Returns whether it did.
    fn copy_two(&mut self, index: usize) -> bool {
        let copy = |inst: &Inst| match (inst.op, inst.args[0]) {
            (Op::Copy(Class::Int | Class::Float), Src::Slot(from)) => Some((inst.dst, from)),
            _ => None,
        };
        let first = self.ir.insts.get(index).and_then(copy);
        let second = self.ir.insts.get(index + 1).and_then(copy);
        let (Some(first), Some(second), false) = (first, second, self.wide) else { return false };
        if self.pins.are(first.0) || self.pins.are(second.0) {
            return false;
        }
        self.handler::<CopyTwo>();
        let slots = [first.0, first.1, second.0, second.1];
        self.fields(slots.map(|slot| self.slot(slot) as u16));
        true
    }

    fn inst(&mut self, inst: &Inst) {
        let mut inst = *inst;
        if let Op::AddBr { op, step, negate, target } = inst.op
            && self.wide
        {
            return self.add_then_branch(&inst, step, Op::BrBin { op, negate, target });
        }
        let mut dst = self.slot(inst.dst);
        let spill = if self.wide { self.use_scratch(&mut inst, &mut dst) } else { None };
        let fields = inst.args.map(|src| match src {
            Src::Slot(slot) => slot,
            Src::Acc | Src::Const(_) | Src::Vector(_) => 0,
        });
        if inst.op.has_position() {
            self.position(&inst);
        }
        // Slots that do not fit 16 bits went to scratch slots, except those of
        // instructions whose cells take wider ones.
        let fields = fields.map(|slot| self.frame_slot(slot) as u16);
        cell_of(self, &inst, fields, dst);
        self.keep_pins(&inst);
        if let Some((from, to)) = spill {
            self.copy_span(from, to, inst.op.result_slots());
        }
    }

    /// The next cell is where an instruction traps or calls.
    pub(super) fn position(&mut self, inst: &Inst) {
        self.offsets.push((self.words.len() as u32, inst.offset));
    }

    /// The word behind the handler of the next cell stands for its second instruction, where
    /// both can trap.
    pub(super) fn position_behind(&mut self, inst: &Inst) {
        self.offsets.push((self.words.len() as u32 + 1, inst.offset));
    }

    /// The two instructions that [`Op::AddBr`] is: a branch cannot be followed by
    /// a copy from a scratch slot.
    fn add_then_branch(&mut self, inst: &Inst, step: i32, branch: Op) {
        let Op::BrBin { op, .. } = branch else { return };
        let add = if op.params()[0] == ValType::I32 { NumOp::i32_add } else { NumOp::i64_add };
        let step = Src::Const(i64::from(step) as u64);
        let args = [Src::Slot(inst.dst), step, Src::Acc];
        self.inst(&Inst { op: Op::Bin(add), args, ..*inst });
        self.inst(&Inst { op: branch, args: [Src::Acc, inst.args[0], Src::Acc], dst: 0, ..*inst });
    }

    /// Copies operands that no cell can name to scratch slots. Returns the copy
    /// that the result needs.
    fn use_scratch(&mut self, inst: &mut Inst, dst: &mut u32) -> Option<(u32, u32)> {
        if matches!(inst.op, Op::CopySpan { .. } | Op::Wide { .. } | Op::Catch { .. }) {
            return None;
        }
        for i in 0..inst.args.len() {
            if let Src::Slot(slot) = inst.args[i]
                && self.slot(slot) > u32::from(u16::MAX)
            {
                let scratch = self.scratch(i);
                // Two in any case: behind the topmost operand is the callee's header.
                self.copy_span(self.slot(slot), scratch, 2);
                inst.args[i] = Src::Slot(scratch | FRAME_SLOT);
            }
        }
        if *dst <= u32::from(u16::MAX) || !inst.to_slot {
            return None;
        }
        let scratch = self.scratch(SCRATCH_DST);
        let to = std::mem::replace(dst, scratch);
        Some((scratch, to))
    }

    fn scratch(&self, index: usize) -> u32 {
        self.ir.params + HEADER + 2 * index as u32
    }

    /// Appends a copy between slots of the frame.
    pub(super) fn copy_span(&mut self, from: u32, to: u32, count: u32) {
        self.handler::<CopySpan>();
        self.fields([0; 4]);
        self.halves(to, from);
        self.halves(count, 0);
    }

    /// The slot of the frame for an operand's slot, which may be one already.
    fn frame_slot(&self, slot: u32) -> u32 {
        if slot & FRAME_SLOT != 0 { slot & !FRAME_SLOT } else { self.slot(slot) }
    }

    /// The slot of the frame for a canonical slot.
    pub(super) fn slot(&self, canonical: u32) -> u32 {
        self.ir.frame_slot(canonical)
    }

    /// Appends the handler of a body that has one form.
    pub(super) fn handler<E: Exec>(&mut self) {
        self.push_handler(handler::<E>);
    }

    /// Appends a handler.
    pub(super) fn push_handler(&mut self, handler: Handler) {
        self.cells.push(self.words.len() as u32);
        self.words.push(Word { handler });
    }

    /// Appends an operand word.
    pub(super) fn fields(&mut self, fields: [u16; 4]) {
        self.words.push(Word { fields });
    }

    /// Appends an operand word with a 32-bit field.
    pub(super) fn fields_imm(&mut self, fields: [u16; 2], imm: u32) {
        let [low, high] = split(imm);
        self.fields([fields[0], fields[1], low, high]);
    }

    /// Appends a word of two 32-bit halves.
    pub(super) fn halves(&mut self, low: u32, high: u32) {
        self.words.push(Word { halves: [low, high] });
    }

    /// Appends a word of 64 bits.
    pub(super) fn bits(&mut self, bits: u64) {
        self.words.push(Word { bits });
    }

    /// Appends the two words of a vector.
    pub(super) fn vector(&mut self, vector: V128) {
        for slot in vector.to_slots() {
            self.bits(slot.bits());
        }
    }

    /// Appends an address.
    pub(super) fn pointer(&mut self, ptr: *const u8) {
        self.words.push(Word { ptr });
    }

    /// Appends the address of a label.
    pub(super) fn target(&mut self, label: Label) {
        self.fixups.push((self.words.len(), label));
        self.bits(0);
    }

    /// Appends the handler for an operand's place out of a table for classes.
    pub(super) fn by_class(&mut self, table: &[[Handler; 3]; 3], class: Class, src: Src) {
        self.push_handler(table[class as usize][place(src)]);
    }

    /// Whether the cell of the call that comes next notes what it does: then it is one
    /// of the function's sites.
    pub(super) fn notes_call(&mut self, callee: Option<u32>) -> bool {
        let Some(&(cell, offset)) = self.offsets.last() else { return false };
        let notes = self.tier.hot.is_some();
        if notes {
            self.sites.push(CallSite { cell, offset, callee });
        }
        notes
    }

    /// A `try_table` in terms of code.
    fn try_table(&self, table: &ir::TryTable, positions: &[u32]) -> TryTable {
        let at = |label: Label| positions[self.ir.labels[label.0 as usize] as usize];
        TryTable {
            body: at(table.start)..at(table.end),
            slot: self.slot(table.slot),
            clauses: table.clauses.iter().map(|&(tag, label)| (tag, at(label))).collect(),
        }
    }

    fn finish(mut self, positions: &[u32], defined: usize) -> FuncCode {
        let watched = self.watched(positions);
        self.branch_to(positions, &watched);
        self.join_neighbours(&watched);
        let counters = self.count_loops();
        let try_tables =
            self.ir.try_tables.iter().map(|table| self.try_table(table, positions)).collect();
        let Linker { words: used, fixups, offsets, sites, joins, ir, .. } = self;
        let records = sampling::room(&watched, &joins);
        let mut words = Vec::with_capacity(records + used.len());
        words.resize(records, Word { bits: 0 });
        words.extend_from_slice(&used);
        scratch::keep_words(used);
        let base = words.as_mut_ptr().wrapping_add(records);
        for (word, label) in fixups {
            // Every label that is branched to was bound inside the code.
            let inst = ir.labels[label.0 as usize] as usize;
            let target = base.wrapping_add(positions[inst] as usize);
            words[records + word] = Word { code: target };
        }
        debug_assert!(words.len() > PREFIX_WORDS);
        let loops = counting::sites(defined, &counters, base);
        let branches = sampling::sites(&watched, joins, &ir.skips, base);
        let (offsets, sites) = (offsets.into(), sites.into());
        FuncCode { words, base, offsets, sites, branches, try_tables, loops }
    }
}

/// Marks a slot of the frame where a canonical slot is expected: beyond all
/// canonical slots.
const FRAME_SLOT: u32 = 1 << 31;

/// The two 16-bit fields that are one 32-bit field.
fn split(imm: u32) -> [u16; 2] {
    // In the order that a 32-bit read expects.
    let [a, b, c, d] = imm.to_ne_bytes();
    [u16::from_ne_bytes([a, b]), u16::from_ne_bytes([c, d])]
}
