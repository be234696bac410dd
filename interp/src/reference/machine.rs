//! The state of a run: one operand stack, one stack of frames, both on the heap.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_parser::Error;
use bimetal_runtime::vmctx::VmStore;

use super::access::Context;
use super::code::{FuncCode, Instr, Label, Target};
use super::stack::{OperandStack, Published};

/// What a frame counts for against the limit, in slots.
const FRAME_SLOTS: usize = size_of::<Frame<'_>>().div_ceil(size_of::<Slot>());

/// A function that runs.
#[derive(Clone, Copy)]
pub(super) struct Frame<'s> {
    /// Its instance.
    pub(super) cx: Context<'s>,
    /// Its code.
    pub(super) code: &'s FuncCode,
    /// The instruction that comes next.
    pub(super) pc: usize,
    /// Where its locals begin in the stack; its operands are above them.
    pub(super) base: usize,
}

/// Why a run ends without results.
#[derive(Debug)]
pub(super) enum Exit {
    /// An instruction trapped.
    Trap(TrapCode),
    /// A function that was validated at its first call is invalid.
    Invalid(Error),
    /// A callee unwinds: the reason is in the store.
    Unwind,
}

impl From<TrapCode> for Exit {
    fn from(code: TrapCode) -> Exit {
        Exit::Trap(code)
    }
}

/// One activation of the interpreter.
pub(super) struct Machine<'s> {
    /// The store that runs.
    pub(super) store: *mut VmStore,
    /// Locals and operands of all frames.
    pub(super) stack: OperandStack,
    /// The running functions, the innermost last.
    pub(super) frames: Vec<Frame<'s>>,
    /// What a collection finds of `stack`; outside the machine, which may be borrowed.
    pub(super) published: Box<Published>,
    /// Slots that machines further out take.
    taken: usize,
    /// How many slots stacks and frames of all machines may take together.
    limit: usize,
}

impl<'s> Machine<'s> {
    /// An idle machine with these arguments on its stack.
    pub(super) fn new(
        store: *mut VmStore,
        args: OperandStack,
        taken: usize,
        limit: usize,
    ) -> Machine<'s> {
        let published = Box::new(Published::NONE);
        Machine { store, stack: args, frames: Vec::new(), published, taken, limit }
    }

    /// Slots that this machine and those further out take.
    pub(super) fn used(&self) -> usize {
        self.taken + self.stack.len() + self.frames.len() * FRAME_SLOTS
    }

    /// Runs a function of this tier, whose arguments are on the stack, until it
    /// has returned: its results are then on the stack.
    pub(super) fn run(&mut self, cx: Context<'s>, defined: usize) -> Result<(), Exit> {
        self.push_frame(cx, defined)?;
        while !self.frames.is_empty() {
            if let Err(exit) = self.step() {
                self.land(exit)?;
            }
        }
        Ok(())
    }

    /// Begins a function of this tier, whose arguments are on the stack.
    pub(super) fn push_frame(&mut self, cx: Context<'s>, defined: usize) -> Result<(), Exit> {
        let code = cx.module().code(defined).map_err(Exit::Invalid)?;
        let base = self.stack.len() - code.params;
        self.check_limit(base, code, self.frames.len() + 1)?;
        self.begin(cx, code, base);
        Ok(())
    }

    /// Begins a function of this tier, whose arguments are the topmost operands,
    /// in place of the innermost one.
    pub(super) fn replace_frame(&mut self, cx: Context<'s>, defined: usize) -> Result<(), Exit> {
        let code = cx.module().code(defined).map_err(Exit::Invalid)?;
        let base = self.frame().base;
        self.check_limit(base, code, self.frames.len())?;
        self.drop_frame(code.params);
        self.begin(cx, code, base);
        Ok(())
    }

    /// Whether a function fits whose locals begin at `base`, as one of so many.
    fn check_limit(&self, base: usize, code: &FuncCode, frames: usize) -> Result<(), TrapCode> {
        let slots = self.taken + base + code.max_slots + frames * FRAME_SLOTS;
        if slots > self.limit { Err(TrapCode::StackOverflow) } else { Ok(()) }
    }

    fn begin(&mut self, cx: Context<'s>, code: &'s FuncCode, base: usize) {
        self.stack.resize(base + code.locals, Slot::ZERO);
        self.frames.push(Frame { cx, code, pc: 0, base });
    }

    /// Ends the innermost function: its results take the place of its locals.
    pub(super) fn pop_frame(&mut self) {
        self.drop_frame(self.frame().code.results);
    }

    /// Ends the innermost function but for its topmost `count` slots, which take
    /// the place of its locals.
    pub(super) fn drop_frame(&mut self, count: usize) {
        self.keep_top(count, self.frame().base);
        self.frames.pop();
    }

    /// The innermost frame.
    pub(super) fn frame(&self) -> Frame<'s> {
        *self.frames.last().expect("a function runs")
    }

    pub(super) fn frame_mut(&mut self) -> &mut Frame<'s> {
        self.frames.last_mut().expect("a function runs")
    }

    /// The next instruction, and on to the one behind it.
    pub(super) fn fetch(&mut self) -> Instr {
        let frame = self.frame_mut();
        let instr = frame.code.instrs[frame.pc];
        frame.pc += 1;
        instr
    }

    /// Goes on at a label.
    pub(super) fn jump(&mut self, label: Label) {
        let frame = self.frame_mut();
        frame.pc = frame.code.labels[label.0];
    }

    /// Takes a branch.
    pub(super) fn branch(&mut self, target: Target) {
        match target {
            Target::Return => self.pop_frame(),
            Target::Block { label, arity, height } => {
                let frame = self.frame();
                self.keep_top(arity, frame.base + frame.code.locals + height);
                self.jump(label);
            }
        }
    }

    /// Removes what lies between position `bottom` and the topmost `count` slots.
    fn keep_top(&mut self, count: usize, bottom: usize) {
        let top = self.stack.len() - count;
        self.stack.drain(bottom..top);
    }

    /// Pushes an operand.
    pub(super) fn push(&mut self, value: Slot) {
        self.stack.push(value);
    }

    /// Pops an operand.
    pub(super) fn pop(&mut self) -> Slot {
        let frame = self.frame();
        let bottom = frame.base + frame.code.locals;
        assert!(self.stack.len() > bottom, "validated: an operand is there");
        self.stack.pop().expect("just checked")
    }

    /// Pops as many operands as `N`, in stack order.
    pub(super) fn pop_n<const N: usize>(&mut self) -> [Slot; N] {
        let mut values = [Slot::ZERO; N];
        values.iter_mut().rev().for_each(|value| *value = self.pop());
        values
    }

    /// The position of a slot of the innermost function's locals.
    pub(super) fn local(&self, slot: usize) -> usize {
        let frame = self.frame();
        assert!(slot < frame.code.locals, "validated: a local of the function");
        frame.base + slot
    }
}
