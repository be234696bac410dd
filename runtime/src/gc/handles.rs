//! The references that the host holds: objects move, so the host names them
//! through handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bimetal_core::value::Slot;

use super::GcRef;
use super::roots::RootVisitor;

/// Names a reference until the scope that was open when it was made is closed;
/// without a scope, as long as the store lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Handle {
    index: u32,
    /// Tells the handle from a later one at the same place. For what needs no
    /// place: the reference itself.
    stamp: u64,
}

/// The index of handles of references that a collection has nothing to do with.
const NO_PLACE: u32 = u32::MAX;

/// A moment in the life of a store: closing it forgets the handles made since.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "a scope that nobody closes keeps its handles"]
pub struct Scope(u32);

/// Names a reference until it and all its clones are dropped, wherever that is.
#[derive(Clone, Debug)]
pub struct OwnedHandle(Arc<AtomicU64>);

impl OwnedHandle {
    /// The reference, which is good in the handle's store.
    pub fn get(&self) -> Slot {
        Slot::from_bits(self.0.load(Ordering::Relaxed))
    }
}

/// The handles of a store.
#[derive(Debug, Default)]
pub struct Handles {
    /// Last in, first out: the references and the stamps of their handles.
    scoped: Vec<(Slot, u64)>,
    stamp: u64,
    /// Those that the store alone still has belong to nobody.
    owned: Vec<OwnedHandle>,
    /// How many owned handles there are when the dropped ones are looked for.
    crowded: usize,
}

impl Handles {
    /// A handle for a reference, in the innermost scope.
    pub fn add(&mut self, reference: Slot) -> Handle {
        if !GcRef::from_slot(reference).is_collected() {
            return Handle { index: NO_PLACE, stamp: reference.bits() };
        }
        let index = u32::try_from(self.scoped.len()).ok().filter(|&index| index != NO_PLACE);
        let index = index.expect("fewer than 2^32 handles fit in memory");
        self.scoped.push((reference, self.stamp));
        Handle { index, stamp: self.stamp }
    }

    /// The reference behind a handle; `None` if its scope is closed.
    pub fn get(&self, handle: Handle) -> Option<Slot> {
        if handle.index == NO_PLACE {
            return Some(Slot::from_bits(handle.stamp));
        }
        let &(reference, stamp) = self.scoped.get(handle.index as usize)?;
        (stamp == handle.stamp).then_some(reference)
    }

    /// Opens a scope.
    #[inline]
    pub fn open(&self) -> Scope {
        Scope(self.scoped.len() as u32)
    }

    /// Closes a scope and those opened since.
    #[inline]
    pub fn close(&mut self, scope: Scope) {
        let kept = scope.0 as usize;
        if kept < self.scoped.len() {
            self.scoped.truncate(kept);
            self.stamp += 1;
        }
    }

    /// An owned handle for a reference.
    pub fn own(&mut self, reference: Slot) -> OwnedHandle {
        let handle = OwnedHandle(Arc::new(AtomicU64::new(reference.bits())));
        if GcRef::from_slot(reference).is_collected() {
            if self.owned.len() >= self.crowded {
                self.forget_dropped();
            }
            self.owned.push(handle.clone());
        }
        handle
    }

    /// Forgets the owned handles that nobody has any more.
    fn forget_dropped(&mut self) {
        self.owned.retain(|handle| Arc::strong_count(&handle.0) > 1);
        self.crowded = (2 * self.owned.len()).max(64);
    }

    /// Reports every reference.
    pub(super) fn visit(&mut self, visit: &mut dyn RootVisitor) {
        self.scoped.iter_mut().for_each(|(reference, _)| visit.slot(reference));
        self.forget_dropped();
        for handle in &self.owned {
            let mut reference = handle.get();
            visit.slot(&mut reference);
            handle.0.store(reference.bits(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Slot = Slot::from_bits(8);
    const B: Slot = Slot::from_bits(16);

    #[test]
    fn a_handle_dies_with_its_scope_and_is_not_mistaken_for_a_later_one() {
        let mut handles = Handles::default();
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
    fn what_no_collection_touches_needs_no_place() {
        let mut handles = Handles::default();
        let scope = handles.open();
        let number = handles.add(GcRef::i31(-1).slot());
        let _ = handles.own(Slot::ZERO);
        handles.close(scope);
        assert_eq!(handles.get(number), Some(GcRef::i31(-1).slot()));
        assert!(handles.scoped.is_empty() && handles.owned.is_empty());
    }

    #[test]
    fn dropped_handles_are_forgotten_as_others_are_made() {
        let mut handles = Handles::default();
        let kept = handles.own(A);
        for _ in 0..1000 {
            drop(handles.own(B).clone());
        }
        assert_eq!(kept.get(), A);
        assert!(handles.owned.len() <= 64);
        handles.forget_dropped();
        assert_eq!(handles.owned.len(), 1);
    }
}
