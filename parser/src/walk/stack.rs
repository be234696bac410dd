//! The abstract operand stack of a walk: types, canonical slots and the tier's
//! own values.

use bimetal_core::types::ValType;

/// One operand.
#[derive(Clone, Copy, Debug)]
pub struct Operand<V> {
    /// Its type.
    pub ty: ValType,
    /// Its canonical slot: see [`crate::walk`].
    pub slot: u32,
    /// What the tier knows it as.
    pub value: V,
}

/// How many operands there is room for at first: enough for most functions.
const ROOM: usize = 16;

/// The operands of the function being walked, bottom first.
#[derive(Debug)]
pub struct Stack<V> {
    operands: Vec<Operand<V>>,
    next_slot: u32,
    max_slots: u32,
}

impl<V: Copy> Stack<V> {
    /// An empty stack whose first operand gets the slot `first_slot`.
    pub(crate) fn new(first_slot: u32) -> Stack<V> {
        Stack { operands: Vec::with_capacity(ROOM), next_slot: first_slot, max_slots: first_slot }
    }

    /// The number of operands.
    #[inline]
    pub fn len(&self) -> usize {
        self.operands.len()
    }

    /// Whether there is no operand.
    pub fn is_empty(&self) -> bool {
        self.operands.is_empty()
    }

    /// The canonical slot of the next operand pushed.
    #[inline]
    pub fn next_slot(&self) -> u32 {
        self.next_slot
    }

    /// One more than the highest slot that any operand or local had so far.
    pub fn max_slots(&self) -> u32 {
        self.max_slots
    }

    /// All operands, bottom first.
    #[inline]
    pub fn all(&self) -> &[Operand<V>] {
        &self.operands
    }

    /// All operands, bottom first, for a tier that moves values about.
    #[inline]
    pub fn all_mut(&mut self) -> &mut [Operand<V>] {
        &mut self.operands
    }

    /// The topmost `count` operands, bottom first.
    ///
    /// # Panics
    /// If there are fewer: validation has ruled that out.
    #[inline]
    pub fn top(&self, count: usize) -> &[Operand<V>] {
        &self.operands[self.operands.len() - count..]
    }

    /// The topmost `count` operands, bottom first.
    ///
    /// # Panics
    /// If there are fewer: validation has ruled that out.
    #[inline]
    pub fn top_mut(&mut self, count: usize) -> &mut [Operand<V>] {
        let start = self.operands.len() - count;
        &mut self.operands[start..]
    }

    #[inline]
    pub(crate) fn push(&mut self, ty: ValType, value: V) {
        self.operands.push(Operand { ty, slot: self.next_slot, value });
        self.next_slot += ty.slots();
        self.max_slots = self.max_slots.max(self.next_slot);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Operand<V> {
        let operand = self.operands.pop().expect("validated: an operand is there");
        self.next_slot = operand.slot;
        operand
    }

    pub(crate) fn truncate(&mut self, height: usize) {
        if let Some(first) = self.operands.get(height) {
            self.next_slot = first.slot;
            self.operands.truncate(height);
        }
    }
}
