//! The operand stack: slots, and which of them a collection follows.

use std::ops::{Index, IndexMut, Range, RangeFrom};

use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_parser::Module;
use bimetal_runtime::gc::roots::RootVisitor;

/// Locals and operands of all frames.
///
/// Each slot has a mark that says whether it holds a reference which a collection
/// follows. Whoever pushes knows; copies take their mark along.
#[derive(Debug)]
pub(super) struct OperandStack {
    slots: Vec<Slot>,
    /// As long as `slots`.
    marks: Vec<bool>,
}

/// The marks of the slots of values of these types.
fn marks<'a>(module: &'a Module, types: &'a [ValType]) -> impl Iterator<Item = bool> + 'a {
    types.iter().flat_map(|&ty| {
        let collected = module.is_collected(ty);
        std::iter::repeat_n(collected, ty.slots() as usize)
    })
}

impl OperandStack {
    /// A stack with values of these types of the module on it.
    pub(super) fn new(slots: &[Slot], module: &Module, types: &[ValType]) -> OperandStack {
        OperandStack { slots: slots.to_vec(), marks: marks(module, types).collect() }
    }

    /// The number of slots.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// The bottom slot.
    pub(super) fn as_ptr(&self) -> *const Slot {
        self.slots.as_ptr()
    }

    /// Pushes a slot that is no reference, or one to a function.
    pub(super) fn push(&mut self, slot: Slot) {
        self.push_marked(slot, false);
    }

    /// Pushes a slot and its mark.
    pub(super) fn push_marked(&mut self, slot: Slot, collected: bool) {
        self.slots.push(slot);
        self.marks.push(collected);
    }

    /// Pops a slot.
    pub(super) fn pop(&mut self) -> Option<Slot> {
        self.marks.pop();
        self.slots.pop()
    }

    /// Pushes a copy of the slot at a position.
    pub(super) fn push_copy(&mut self, position: usize) {
        self.push_marked(self.slots[position], self.marks[position]);
    }

    /// Pops a slot into another position.
    pub(super) fn pop_into(&mut self, position: usize) {
        let top = self.slots.len() - 1;
        self.slots[position] = self.slots[top];
        self.marks[position] = self.marks[top];
        self.truncate(top);
    }

    /// Removes all slots from a position on.
    pub(super) fn truncate(&mut self, len: usize) {
        self.slots.truncate(len);
        self.marks.truncate(len);
    }

    /// Removes a range.
    pub(super) fn drain(&mut self, range: Range<usize>) {
        self.slots.drain(range.clone());
        self.marks.drain(range);
    }

    /// Makes the stack this long; new slots hold no references.
    pub(super) fn resize(&mut self, len: usize, slot: Slot) {
        self.slots.resize(len, slot);
        self.marks.resize(len, false);
    }

    /// Marks the slots from a position on as values of these types of the module.
    pub(super) fn retype(&mut self, start: usize, module: &Module, types: &[ValType]) {
        self.marks[start..].iter_mut().zip(marks(module, types)).for_each(|(to, mark)| *to = mark);
    }

    /// Where the slots are while nothing is pushed.
    pub(super) fn published(&mut self) -> Published {
        Published {
            slots: self.slots.as_mut_ptr(),
            marks: self.marks.as_ptr(),
            len: self.slots.len(),
        }
    }
}

impl Index<usize> for OperandStack {
    type Output = Slot;

    fn index(&self, position: usize) -> &Slot {
        &self.slots[position]
    }
}

impl Index<RangeFrom<usize>> for OperandStack {
    type Output = [Slot];

    fn index(&self, range: RangeFrom<usize>) -> &[Slot] {
        &self.slots[range]
    }
}

impl IndexMut<RangeFrom<usize>> for OperandStack {
    fn index_mut(&mut self, range: RangeFrom<usize>) -> &mut [Slot] {
        &mut self.slots[range]
    }
}

/// A stack as others find it while the machine is left.
#[derive(Debug)]
pub(super) struct Published {
    slots: *mut Slot,
    marks: *const bool,
    len: usize,
}

impl Published {
    /// A stack that is not published yet.
    pub(super) const NONE: Published =
        Published { slots: std::ptr::null_mut(), marks: std::ptr::null(), len: 0 };

    /// Reports the references on the stack.
    ///
    /// # Safety
    /// The machine has not run since it published the stack.
    pub(super) unsafe fn visit(&self, visit: &mut dyn RootVisitor) {
        for at in 0..self.len {
            // SAFETY: the caller's promise: both vectors are where they were, and
            // nobody else uses them now.
            unsafe {
                if *self.marks.add(at) {
                    visit.slot(&mut *self.slots.add(at));
                }
            }
        }
    }
}
