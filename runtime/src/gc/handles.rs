//! The references that the host holds: objects move, so the host names them
//! through handles.

use std::cell::RefCell;

use bimetal_core::value::Slot;

use super::roots::RootVisitor;

/// Names a reference until the scope that was open when it was made is closed;
/// without a scope, as long as the store lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Handle {
    index: u32,
    /// Tells the handle from a later one at the same place.
    stamp: u32,
}

/// A moment in the life of a store: closing it forgets the handles made since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a scope that nobody closes keeps its handles"]
pub struct Scope(u32);

/// Names a reference until it is released.
#[derive(PartialEq, Eq, Debug)]
#[must_use = "an owned handle that nobody releases keeps its object alive"]
pub struct OwnedHandle(u32);

/// The handles of a store.
///
/// The host makes them while it merely reads its store, so they are behind a cell.
#[derive(Debug, Default)]
pub struct Handles(RefCell<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Last in, first out: the references and the stamps of their handles.
    scoped: Vec<(Slot, u32)>,
    stamp: u32,
    /// By owned handle; null where there is none.
    owned: Vec<Slot>,
    free: Vec<u32>,
}

impl Handles {
    /// A handle for a reference, in the innermost scope.
    pub fn add(&self, reference: Slot) -> Handle {
        let mut inner = self.0.borrow_mut();
        let (index, stamp) = (inner.scoped.len() as u32, inner.stamp);
        inner.scoped.push((reference, stamp));
        Handle { index, stamp }
    }

    /// The reference behind a handle; `None` if its scope is closed.
    pub fn get(&self, handle: Handle) -> Option<Slot> {
        let &(reference, stamp) = self.0.borrow().scoped.get(handle.index as usize)?;
        (stamp == handle.stamp).then_some(reference)
    }

    /// Opens a scope.
    pub fn open(&self) -> Scope {
        Scope(self.0.borrow().scoped.len() as u32)
    }

    /// Closes a scope and those opened since.
    pub fn close(&self, scope: Scope) {
        let mut inner = self.0.borrow_mut();
        let kept = scope.0 as usize;
        if kept < inner.scoped.len() {
            inner.scoped.truncate(kept);
            inner.stamp = inner.stamp.wrapping_add(1);
        }
    }

    /// An owned handle for a reference.
    pub fn own(&self, reference: Slot) -> OwnedHandle {
        let mut inner = self.0.borrow_mut();
        if let Some(index) = inner.free.pop() {
            inner.owned[index as usize] = reference;
            return OwnedHandle(index);
        }
        inner.owned.push(reference);
        OwnedHandle(inner.owned.len() as u32 - 1)
    }

    /// The reference behind an owned handle of these handles.
    pub fn owned(&self, handle: &OwnedHandle) -> Slot {
        self.0.borrow().owned.get(handle.0 as usize).copied().unwrap_or_default()
    }

    /// Forgets an owned handle.
    pub fn release(&self, handle: OwnedHandle) {
        let mut inner = self.0.borrow_mut();
        if let Some(reference) = inner.owned.get_mut(handle.0 as usize) {
            *reference = Slot::ZERO;
            inner.free.push(handle.0);
        }
    }

    /// Reports every reference.
    pub(super) fn visit(&mut self, visit: &mut dyn RootVisitor) {
        let inner = self.0.get_mut();
        inner.scoped.iter_mut().for_each(|(reference, _)| visit.slot(reference));
        visit.slots(&mut inner.owned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Slot = Slot::from_bits(8);
    const B: Slot = Slot::from_bits(16);

    #[test]
    fn a_handle_dies_with_its_scope_and_is_not_mistaken_for_a_later_one() {
        let handles = Handles::default();
        let outer = handles.add(A);
        let scope = handles.open();
        let inner = handles.add(B);
        let nested = handles.open();
        let innermost = handles.add(B);
        handles.close(scope);
        let later = handles.add(A);
        assert_eq!((handles.get(outer), handles.get(later)), (Some(A), Some(A)));
        assert_eq!((handles.get(inner), handles.get(innermost)), (None, None));
        handles.close(nested);
        assert_eq!(handles.get(later), Some(A));
    }

    #[test]
    fn the_place_of_a_released_handle_is_used_again() {
        let handles = Handles::default();
        let (a, b) = (handles.own(A), handles.own(B));
        assert_eq!((handles.owned(&a), handles.owned(&b)), (A, B));
        handles.release(a);
        let c = handles.own(B);
        assert_eq!((handles.owned(&c), handles.0.borrow().owned.len()), (B, 2));
    }
}
