//! The state of a lowering and what its verbs have in common.

use bimetal_core::index::LocalIdx;
use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_core::types::ValType;
use bimetal_parser::Module;
use bimetal_parser::walk::{self, Control, MemArg};

use super::code::{Address, Instr, Label, Target, TryTable};

pub(super) type Stack = walk::Stack<()>;
pub(super) type Operand = walk::Operand<()>;

/// What an open structure needs.
#[derive(Clone, Copy)]
pub(super) struct Labels {
    /// Where a branch to it goes.
    pub(super) branch: Label,
    /// Where its `else` begins, if it is an `if`.
    pub(super) otherwise: Option<Label>,
    /// The instruction that a `try_table` begins with.
    pub(super) start: usize,
}

/// The code so far.
pub(super) struct Lowering<'a> {
    pub(super) module: &'a Module,
    pub(super) relaxed: RelaxedChoice,
    pub(super) instrs: Vec<Instr>,
    pub(super) offsets: Vec<u32>,
    pub(super) labels: Vec<usize>,
    pub(super) tables: Vec<Target>,
    pub(super) try_tables: Vec<TryTable>,
    /// Of the instruction being lowered.
    pub(super) offset: u32,
    /// The first slot of each local.
    pub(super) locals: Vec<u32>,
    /// The slot of the bottom operand.
    pub(super) first_operand: u32,
}

impl Lowering<'_> {
    pub(super) fn emit(&mut self, instr: Instr) {
        self.instrs.push(instr);
        self.offsets.push(self.offset);
    }

    /// A label that is not bound yet; every one is bound before the walk ends.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(usize::MAX);
        Label(self.labels.len() - 1)
    }

    pub(super) fn bind(&mut self, label: Label) {
        self.labels[label.0] = self.instrs.len();
    }

    /// The target of a branch that is not a return.
    pub(super) fn target(
        &self,
        stack: &Stack,
        control: &Control<(), Labels>,
        arity: usize,
    ) -> Target {
        let height = (control.base_slot - self.first_operand) as usize;
        Target::Block { label: control.label().branch, arity: slots(stack.top(arity)), height }
    }

    pub(super) fn any_target(
        &self,
        stack: &Stack,
        control: &Control<(), Labels>,
        arity: usize,
    ) -> Target {
        if control.kind == walk::ControlKind::Func {
            return Target::Return;
        }
        self.target(stack, control, arity)
    }

    pub(super) fn address(&self, arg: MemArg) -> Address {
        let index = self.module.memories[arg.memory.index()].addr;
        Address { memory: arg.memory, index, offset: arg.offset }
    }

    /// The slots of a local, first to last.
    pub(super) fn local(&self, local: LocalIdx, ty: ValType) -> std::ops::Range<usize> {
        let first = self.locals[local.index()] as usize;
        first..first + ty.slots() as usize
    }
}

/// How many slots these operands take.
pub(super) fn slots(operands: &[Operand]) -> usize {
    operands.iter().map(|operand| operand.ty.slots() as usize).sum()
}
