//! The heap of a store: two halves of one reserved range, of which one holds the
//! objects.
//!
//! References are offsets from the base, so the first 64 KiB are never
//! accessible: a null dereference with a small offset faults. Objects stand one
//! behind another from the start of a half; allocating is moving
//! [`VmHeap::bump`]. What lies above it has no particular content.

use crate::limits::ResourceError;
use crate::memory::Mapping;
use crate::vmctx::VmHeap;

use super::GcRef;
use super::layout::NULL_GUARD;

/// Address space of a heap: all that a reference can name.
const RESERVED: u64 = 1 << 32;
/// Where the second half begins.
const MIDDLE: u64 = RESERVED / 2;
/// Bytes at the beginning that are never accessible.
const GUARD: u64 = NULL_GUARD as u64;
/// The most that a half can hold.
pub(crate) const MAX_BYTES: u64 = MIDDLE - GUARD;
/// What a half holds at first.
const FIRST_BYTES: u64 = 1 << 20;
/// A half that is left with more than this gives its memory back.
const KEEP_BYTES: u64 = 16 << 20;

/// The memory is exhausted: the limit is reached or the system refuses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Exhausted;

/// A heap.
#[derive(Debug)]
pub(crate) struct Heap {
    space: Mapping,
    /// Which half holds the objects.
    active: usize,
    /// How many bytes of each half are accessible.
    accessible: [u64; 2],
    /// How many bytes objects may take before the next collection.
    capacity: u64,
    /// What `capacity` never exceeds.
    max: u64,
    /// Collect at every allocation.
    stress: bool,
    /// How often it was collected.
    pub(super) collections: u64,
}

impl Heap {
    /// An empty heap for at most `max` bytes of objects, to be used with `vm`.
    ///
    /// # Errors
    /// If the system refuses the address space.
    pub(crate) fn new(max: u64, stress: bool, vm: &mut VmHeap) -> Result<Heap, ResourceError> {
        let refused = |error| ResourceError::new(format!("cannot reserve a heap: {error}"));
        let space = Mapping::reserve(RESERVED as usize).map_err(refused)?;
        let max = max.min(MAX_BYTES) & !7;
        vm.base = space.base();
        let capacity = FIRST_BYTES.min(max);
        let mut heap =
            Heap { space, active: 0, accessible: [0; 2], capacity, max, stress, collections: 0 };
        // What the system refuses now it may grant at the first collection.
        let _ = heap.commit(0, capacity);
        vm.bump = heap.start(0);
        heap.publish(vm);
        Ok(heap)
    }

    /// The offset at which a half begins.
    pub(super) fn start(&self, half: usize) -> u64 {
        if half == 0 { GUARD } else { MIDDLE }
    }

    /// The half that holds the objects.
    pub(super) fn active(&self) -> usize {
        self.active
    }

    /// Bytes that objects, dead ones included, take.
    pub(crate) fn used(&self, vm: &VmHeap) -> u64 {
        vm.bump - self.start(self.active)
    }

    /// Whether every allocation is to collect first.
    pub(super) fn stress(&self) -> bool {
        self.stress
    }

    /// Whether an object of this size can ever be allocated.
    pub(super) fn can_hold(&self, size: u64) -> bool {
        size <= self.max
    }

    /// Lets compiled code allocate up to the end of the capacity; not at all if
    /// every allocation is to collect.
    fn publish(&self, vm: &mut VmHeap) {
        vm.limit = if self.stress { vm.bump } else { self.end() };
    }

    /// Behind the last byte that may be allocated.
    fn end(&self) -> u64 {
        self.start(self.active) + self.capacity.min(self.accessible[self.active])
    }

    /// Takes `size` bytes, a multiple of 8, if they are there without a collection.
    pub(super) fn bump(&self, vm: &mut VmHeap, size: u64) -> Option<GcRef> {
        let end = vm.bump.checked_add(size).filter(|&end| end <= self.end())?;
        let object = GcRef::from_bits(vm.bump as u32);
        vm.bump = end;
        if self.stress {
            vm.limit = end;
        }
        Some(object)
    }

    /// Makes the first `bytes` of a half accessible.
    pub(super) fn commit(&mut self, half: usize, bytes: u64) -> Result<(), Exhausted> {
        let start = self.start(half);
        let have = self.accessible[half];
        if bytes > have {
            let range = ((start + have) as usize, (start + bytes) as usize);
            self.space.make_accessible(range.0, range.1).map_err(|_| Exhausted)?;
            // The mapping rounds up to pages of the host, and so may the next call.
            self.accessible[half] = bytes;
        }
        Ok(())
    }

    /// After a collection: `half` holds `live` bytes. Grows so that `needed` more
    /// fit and, if possible, most of the heap is free.
    pub(super) fn switch(&mut self, vm: &mut VmHeap, half: usize, live: u64, needed: u64) {
        self.collections += 1;
        let wanted = live + needed;
        while self.capacity < self.max && (wanted > self.capacity || live * 5 > self.capacity * 2) {
            self.capacity = (self.capacity * 2).clamp(FIRST_BYTES.min(self.max), self.max);
        }
        if self.commit(half, self.capacity).is_err() {
            // Less than wanted may still be enough; `end` knows.
            let _ = self.commit(half, wanted.min(self.max));
        }
        let left = self.active;
        self.active = half;
        vm.bump = self.start(half) + live;
        self.publish(vm);
        if self.accessible[left] > KEEP_BYTES {
            let start = self.start(left) as usize;
            self.space.discard(start, start + self.accessible[left] as usize);
        }
    }
}
