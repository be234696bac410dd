//! Branches: tests, and the operands that they take along.

use std::collections::HashMap;

use bimetal_core::ops::num::NumOp;
use bimetal_parser::walk::{Control, ControlKind, Controls, Operand, Stack};

use super::Translator;
use super::ir::{Class, Label, Op, Src};
use super::operands::Value;
use crate::fast::exec::num::is_test;

/// What the translator knows a structure as.
#[derive(Debug)]
pub(crate) struct Structure {
    /// Where branches to it lead: the start of a loop, the end of anything else.
    pub(super) target: Label,
    /// The start of the second arm of an `if`.
    pub(super) else_: Option<Label>,
    /// The start of the body of a `try_table`.
    pub(super) start: Option<Label>,
}

/// What decides a branch.
pub(super) enum Test {
    /// Nothing: it is known.
    Known(bool),
    /// Whether the result of a test is not zero.
    Of { op: NumOp, args: [Src; 3], unary: bool },
}

impl Translator<'_> {
    /// A label without a place yet.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(u32::MAX);
        Label(self.labels.len() as u32 - 1)
    }

    /// A new label for a branch over what the module's own branch leads to.
    fn skip_label(&mut self) -> Label {
        let label = self.label();
        self.skips.push(label);
        label
    }

    /// Gives a label its place: here.
    pub(super) fn bind(&mut self, label: Label) {
        self.drop_exit(label);
        self.barrier = self.insts.len();
        self.labels[label.0 as usize] = self.barrier as u32;
        self.forget();
    }

    /// An `if` without `else` needs no branch over the missing arm.
    fn drop_branch_over_nothing(&mut self, structure: &Structure) {
        let Some(else_) = structure.else_ else { return };
        let here = self.insts.len() as u32;
        let branch = matches!(self.insts.last(), Some(inst)
            if matches!(inst.op, Op::Br(target) if target == structure.target));
        if branch && self.labels[else_.0 as usize] == here {
            self.insts.pop();
            self.labels[else_.0 as usize] = here - 1;
        }
    }

    /// Takes the test that a condition is the result of, and whether the branch
    /// is taken when the test succeeds, given that it is taken when the condition
    /// is not zero.
    pub(super) fn test(&mut self, condition: Operand<Value>) -> (Test, bool) {
        let mut sense = true;
        if let Value::Const(bits) = condition.value {
            return (Test::Known(bits as u32 != 0), sense);
        }
        let mut slot = condition.slot;
        while condition.value == Value::Temp && self.fusions.compare_branch {
            let Some(last) = self.last.filter(|last| last + 1 == self.insts.len()) else { break };
            let inst = self.insts[last];
            let (op, unary) = match inst.op {
                Op::Un(op) if is_test(op) => (op, true),
                Op::Bin(op) if is_test(op) => (op, false),
                _ => break,
            };
            if inst.dst != slot {
                break;
            }
            self.insts.pop();
            self.forget();
            if op != NumOp::i32_eqz {
                return (Test::Of { op, args: inst.args, unary }, sense);
            }
            sense = !sense;
            // `eqz` of a test is the opposite test.
            match self.insts.last() {
                Some(test) if inst.args[0] == Src::Acc && !test.to_slot => {
                    slot = test.dst;
                    self.last = Some(self.insts.len() - 1);
                    if matches!(test.op, Op::Un(op) | Op::Bin(op) if is_test(op)) {
                        continue;
                    }
                    self.last = None;
                }
                _ => {}
            }
            return (Test::Of { op, args: inst.args, unary }, !sense);
        }
        let src = self.take(condition, false);
        (Test::Of { op: NumOp::i32_eqz, args: [src, Src::Acc, Src::Acc], unary: true }, !sense)
    }

    /// Branches if a test comes out as `sense` says.
    fn emit_test(&mut self, test: &Test, sense: bool, target: Label) {
        match *test {
            Test::Known(known) if known == sense => {
                self.emit(Op::Br(target), [Src::Acc; 3], 0);
            }
            Test::Known(_) => {}
            Test::Of { op, args, unary } if self.add_branch(op, args, unary, sense, target) => {}
            Test::Of { op, args, unary: true } => {
                self.emit(Op::BrUn { op, negate: !sense, target }, args, 0);
            }
            Test::Of { op, args, unary: false } => {
                self.emit(Op::BrBin { op, negate: !sense, target }, args, 0);
            }
        }
        self.note_test();
        self.keep_stores();
    }

    /// What is stored now may be read where a branch leads: results that are
    /// known to be in an accumulator keep their stores.
    pub(super) fn keep_stores(&mut self) {
        for acc in self.acc.iter_mut().flatten() {
            acc.producer = None;
        }
        self.last = None;
    }

    /// The second arm of an `if` begins.
    pub(super) fn second_arm(
        &mut self,
        stack: &mut Stack<Value>,
        control: &Control<Value, Structure>,
        reachable: bool,
    ) {
        let (target, else_) = (control.label().target, control.label().else_);
        if reachable {
            self.flush(stack);
            self.emit(Op::Br(target), [Src::Acc; 3], 0);
        }
        self.all_flushed();
        self.zero.close();
        self.zero.open();
        if let Some(else_) = else_ {
            self.bind(else_);
        }
    }

    /// A structure ends.
    pub(super) fn close(
        &mut self,
        stack: &mut Stack<Value>,
        control: &Control<Value, Structure>,
        reachable: bool,
    ) {
        if reachable {
            self.flush(stack);
        }
        self.all_flushed();
        self.zero.close();
        if control.end_reached && !matches!(control.kind, ControlKind::Loop(_)) {
            self.drop_branch_over_nothing(control.label());
            self.bind(control.label().target);
        }
    }

    /// Branches to a new label if the condition of an `if` is zero. All operands
    /// are in their slots before.
    pub(super) fn branch_to_else(
        &mut self,
        stack: &mut Stack<Value>,
        condition: Operand<Value>,
    ) -> Label {
        let (test, sense) = self.test(condition);
        self.flush(stack);
        let target = self.skip_label();
        self.emit_test(&test, !sense, target);
        target
    }

    /// `br_if`: the moves of operands are skipped with the branch.
    pub(super) fn branch_if(
        &mut self,
        stack: &mut Stack<Value>,
        target: &Control<Value, Structure>,
        arity: usize,
        condition: Operand<Value>,
    ) {
        let test = self.test(condition);
        self.branch_test(stack, target, arity, &test);
    }

    /// Branches if a test comes out as the flag beside it says.
    pub(super) fn branch_test(
        &mut self,
        stack: &mut Stack<Value>,
        target: &Control<Value, Structure>,
        arity: usize,
        (test, sense): &(Test, bool),
    ) {
        let sense = *sense;
        if target.kind != ControlKind::Func && in_place(stack, target.base_slot, arity) {
            self.flush_top(stack, arity);
            let label = target.label().target;
            return self.emit_test(test, sense, label);
        }
        if arity > 1 {
            self.flush_top(stack, arity);
        }
        let skip = self.skip_label();
        self.emit_test(test, !sense, skip);
        if target.kind == ControlKind::Func {
            self.emit_return(stack, arity, false);
        } else {
            self.emit_moves(stack, target.base_slot, arity);
            let label = target.label().target;
            self.emit(Op::Br(label), [Src::Acc; 3], 0);
        }
        self.bind(skip);
    }

    /// `br`
    pub(super) fn branch(
        &mut self,
        stack: &mut Stack<Value>,
        target: &Control<Value, Structure>,
        arity: usize,
    ) {
        if arity > 1 || in_place(stack, target.base_slot, arity) {
            self.flush_top(stack, arity);
        }
        self.emit_moves(stack, target.base_slot, arity);
        let label = target.label().target;
        if !(matches!(target.kind, ControlKind::Loop(_)) && self.test_again(label)) {
            self.emit(Op::Br(label), [Src::Acc; 3], 0);
        }
        self.forget();
    }

    /// `br_table`: a target whose operands must move, and the function itself,
    /// get a piece of code of their own behind the table.
    pub(super) fn branch_table(
        &mut self,
        stack: &mut Stack<Value>,
        controls: &Controls<Value, Structure>,
        depths: &[u32],
        arity: usize,
        index: Operand<Value>,
    ) {
        self.flush_top(stack, arity);
        let index = self.take_slot(index);
        let first = self.targets.len() as u32;
        let mut pieces: HashMap<u32, Label> = HashMap::new();
        let mut pending = Vec::new();
        for &depth in depths {
            let target = controls.target(depth);
            let direct = !controls.is_return(depth) && in_place(stack, target.base_slot, arity);
            let label = if direct {
                target.label().target
            } else if let Some(&label) = pieces.get(&depth) {
                label
            } else {
                let label = self.label();
                pieces.insert(depth, label);
                pending.push((depth, label));
                label
            };
            self.targets.push(label);
        }
        let count = depths.len() as u32;
        self.emit(Op::BrTable { first, count }, [index, Src::Acc, Src::Acc], 0);
        for (depth, label) in pending {
            self.bind(label);
            if controls.is_return(depth) {
                self.emit_return(stack, arity, false);
            } else {
                let target = controls.target(depth);
                self.emit_moves(stack, target.base_slot, arity);
                self.emit(Op::Br(target.label().target), [Src::Acc; 3], 0);
            }
        }
        self.forget();
    }

    /// Copies the topmost operands, which are in their slots if there are
    /// several, to the slots from `base` on.
    fn emit_moves(&mut self, stack: &Stack<Value>, base: u32, arity: usize) {
        let top = stack.top(arity);
        match top {
            [] => {}
            [operand] => self.copy_operand(*operand, base),
            _ if top[0].slot == base => {}
            _ => {
                let count = stack.next_slot() - top[0].slot;
                let op = Op::CopySpan { from: top[0].slot, count };
                self.emit(op, [Src::Acc; 3], base);
                self.forget();
            }
        }
    }

    /// Returns the topmost operands. `consume`: nothing runs after on any path.
    pub(super) fn emit_return(&mut self, stack: &mut Stack<Value>, arity: usize, consume: bool) {
        let top = stack.top(arity);
        match *top {
            [] => {
                self.emit(Op::Return0, [Src::Acc; 3], 0);
            }
            [operand] => {
                let src = match operand.value {
                    Value::Const(bits) => Src::Const(bits),
                    Value::Vector(vector) => Src::Vector(vector),
                    Value::Temp if !consume => Src::Slot(operand.slot),
                    Value::Local(local) if !consume => Src::Slot(self.local_slots[local as usize]),
                    _ => self.take(operand, true),
                };
                let class = Class::of(operand.ty);
                self.emit(Op::Return(class), [src, Src::Acc, Src::Acc], 0);
            }
            _ => {
                let from = top[0].slot;
                self.flush_top(stack, arity);
                let count = stack.next_slot() - from;
                self.emit(Op::ReturnSpan { from, count }, [Src::Acc; 3], 0);
            }
        }
    }
}

/// Whether the topmost operands' slots are those that a branch must fill.
fn in_place(stack: &Stack<Value>, base: u32, arity: usize) -> bool {
    stack.top(arity).first().is_none_or(|first| first.slot == base)
}
