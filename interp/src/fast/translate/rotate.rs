//! Loops that begin with a test: a branch back to it becomes the test once more and a
//! branch to what is behind it, so that an iteration takes one branch instead of two.
//!
//! Not where iterations are counted: there every branch back leads to the cell that counts.

use super::Translator;
use super::backend::NONE;
use super::ir::{Class, Inst, Label, Op, Src};

/// How many instructions may stand in front of the branch that ends a test.
const LENGTH: usize = 2;

/// The test that a loop begins with.
pub(super) struct LoopTest {
    header: Label,
    /// The position of the conditional branch that it ends with.
    at: usize,
    /// The label behind that, once something leads there.
    behind: Option<Label>,
}

/// Whether an instruction may be done in another place: it computes something and runs no
/// other code.
fn computes(inst: &Inst) -> bool {
    matches!(
        inst.op,
        Op::Un(_)
            | Op::Bin(_)
            | Op::Copy(_)
            | Op::GlobalGet(..)
            | Op::Load(..)
            | Op::LoadSum(..)
            | Op::StructGet(..)
            | Op::ArrayGet(..)
            | Op::ArrayLen
    )
}

/// Where a conditional branch leads, and the same one that leads elsewhere: when its
/// condition does not hold, if `turned`.
fn led_to(op: Op, turned: bool, target: Label) -> Option<(Label, Op)> {
    Some(match op {
        Op::BrUn { op, negate, target: old } => {
            (old, Op::BrUn { op, negate: negate != turned, target })
        }
        Op::BrBin { op, negate, target: old } => {
            (old, Op::BrBin { op, negate: negate != turned, target })
        }
        Op::AddBr { op, step, negate, target: old } => {
            (old, Op::AddBr { op, step, negate: negate != turned, target })
        }
        _ => return None,
    })
}

impl Translator<'_> {
    /// A conditional branch was appended: takes note of it if a loop begins with it, or with
    /// little in front of it.
    pub(super) fn note_test(&mut self) {
        let Some(&(header, _)) = self.loops.last().filter(|_| self.fusions.rotate) else { return };
        let start = self.labels[header.0 as usize] as usize;
        let known = self.tests.last().is_some_and(|test| test.header == header);
        let Some(at) = self.insts.len().checked_sub(1) else { return };
        // No other label has been placed since.
        if known || start != self.barrier || at < start || at - start > LENGTH {
            return;
        }
        let is_test = led_to(self.insts[at].op, false, header).is_some();
        if is_test && self.insts[start..at].iter().all(computes) {
            self.tests.push(LoopTest { header, at, behind: None });
        }
    }

    /// Does the test that a loop begins with once more, instead of a branch to the loop's
    /// header. Returns whether there is such a test.
    pub(super) fn test_again(&mut self, header: Label) -> bool {
        let Ok(index) = self.tests.binary_search_by_key(&header.0, |test| test.header.0) else {
            return false;
        };
        let (start, at) = (self.labels[header.0 as usize] as usize, self.tests[index].at);
        let behind = self.behind(index);
        let Some((target, _)) = led_to(self.insts[at].op, false, header) else { return false };
        // The way out of a loop has no place yet.
        let turned = self.labels[target.0 as usize] == u32::MAX;
        let (often, seldom) = if turned { (behind, target) } else { (target, behind) };
        let Some((_, op)) = led_to(self.insts[at].op, turned, often) else { return false };
        for from in start..=at {
            let mut inst = self.insts[from];
            if from == start {
                self.read_again(&mut inst);
            }
            if from < at {
                self.insts.push(inst);
            } else if !self.step_and_test(op, inst.args) {
                self.insts.push(Inst { op, ..inst });
            }
        }
        self.keep_stores();
        self.emit(Op::Br(seldom), NONE, 0);
        self.exit = self.insts.len();
        true
    }

    /// The label behind a test.
    fn behind(&mut self, index: usize) -> Label {
        if let Some(label) = self.tests[index].behind {
            return label;
        }
        let label = self.label();
        self.labels[label.0 as usize] = self.tests[index].at as u32 + 1;
        self.tests[index].behind = Some(label);
        self.rotated.push((label, self.tests[index].header));
        label
    }

    /// The first operand of an instruction may be in the accumulator here.
    fn read_again(&mut self, inst: &mut Inst) {
        let class = match inst.op {
            Op::Un(op) | Op::Bin(op) | Op::BrUn { op, .. } | Op::BrBin { op, .. } => {
                Class::of(op.params()[0])
            }
            Op::Load(..) => Class::Int,
            _ => return,
        };
        if let Src::Slot(slot) = inst.args[0] {
            inst.args[0] = self.read(slot, class, false);
        }
    }

    /// The test in one cell with the step in front of it, if that is possible.
    fn step_and_test(&mut self, op: Op, args: [Src; 3]) -> bool {
        match op {
            Op::BrUn { op, negate, target } => self.add_branch(op, args, true, !negate, target),
            Op::BrBin { op, negate, target } => self.add_branch(op, args, false, !negate, target),
            _ => false,
        }
    }

    /// A label gets its place: a branch out of a loop that would lead to the next instruction
    /// is not needed.
    pub(super) fn drop_exit(&mut self, label: Label) {
        let here = self.insts.len();
        let leads_here =
            matches!(self.insts.last().map(|inst| inst.op), Some(Op::Br(to)) if to == label);
        if leads_here && self.exit == here && self.barrier < here {
            self.insts.pop();
        }
    }
}
