//! The values of the host that guests have references to.
//!
//! A reference is the number of a value's place: nothing moves. A collection marks
//! the values that it meets; the places of the others are free then.
//!
//! **What must never happen here:** a value is dropped while the heap is collected
//! or the guest runs. To drop it runs code of the host, which may panic. So a
//! collection sets dead values aside, and the host drops them when it is its turn.

use std::any::Any;

use crate::limits::ResourceError;
use crate::store::Store;

use super::GcRef;
use bimetal_core::value::Slot;

/// A value of the host.
pub type HostValue = Box<dyn Any + Send + Sync>;

/// How many values there must be before making one more collects the heap.
const FIRST_COLLECTION: usize = 1 << 12;

#[derive(Debug, Default)]
struct Place {
    value: Option<HostValue>,
    /// Whether the collection that is under way has met it.
    marked: bool,
}

/// All values of the host in a store.
#[derive(Debug, Default)]
pub(crate) struct HostValues {
    places: Vec<Place>,
    /// Places without a value.
    free: Vec<u32>,
    /// What nobody can reach any more.
    dead: Vec<HostValue>,
    /// How many values lived after the last collection.
    lived: usize,
}

impl HostValues {
    fn count(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Whether there is something to collect, be there objects or not.
    pub(super) fn is_any(&self) -> bool {
        self.count() > 0
    }

    /// Whether there are twice as many as after the last collection.
    fn many(&self) -> bool {
        self.count() >= FIRST_COLLECTION.max(2 * self.lived)
    }

    fn add(&mut self, value: HostValue) -> Result<GcRef, ResourceError> {
        let place = Place { value: Some(value), marked: false };
        let Some(index) = self.free.pop() else {
            let index = self.places.len();
            ResourceError::check("host values", index, GcRef::HOST_VALUES as usize)?;
            self.places.push(place);
            return Ok(GcRef::host(index as u32));
        };
        self.places[index as usize] = place;
        Ok(GcRef::host(index))
    }

    /// A collection has met the value at this place.
    #[inline]
    pub(super) fn mark(&mut self, index: u32) {
        if let Some(place) = self.places.get_mut(index as usize) {
            place.marked = true;
        }
    }

    /// A collection is over.
    pub(super) fn sweep(&mut self) {
        for (index, place) in (0..).zip(&mut self.places) {
            if !std::mem::take(&mut place.marked)
                && let Some(value) = place.value.take()
            {
                self.dead.push(value);
                self.free.push(index);
            }
        }
        self.lived = self.count();
    }
}

impl Store {
    /// Keeps a host value for as long as it can be reached and returns the bits of
    /// the reference to it.
    ///
    /// # Errors
    /// If the store holds as many host values as references can tell apart.
    ///
    /// # Safety
    /// As for [`Store::collect`].
    pub unsafe fn new_extern_ref(&mut self, value: HostValue) -> Result<Slot, ResourceError> {
        if self.settings.gc_stress || self.host_values.many() {
            // Without memory for a collection there may be enough for one value more.
            // SAFETY: the caller's promise.
            let _ = unsafe { self.collect() };
        }
        self.host_values.add(value).map(GcRef::slot)
    }

    /// The host value behind a reference; `None` for null and for bits that are
    /// no reference of this store.
    pub fn extern_ref(&self, bits: Slot) -> Option<&(dyn Any + Send + Sync)> {
        let index = GcRef::from_slot(bits).host_index()?;
        self.host_values.places.get(index as usize)?.value.as_deref()
    }

    /// As [`Store::extern_ref`].
    pub fn extern_ref_mut(&mut self, bits: Slot) -> Option<&mut (dyn Any + Send + Sync)> {
        let index = GcRef::from_slot(bits).host_index()?;
        self.host_values.places.get_mut(index as usize)?.value.as_deref_mut()
    }

    /// Whether there are host values to be dropped.
    #[inline]
    pub fn has_dead_host_values(&self) -> bool {
        !self.host_values.dead.is_empty()
    }

    /// A host value that nobody can reach any more, for the host to drop.
    pub fn take_dead_host_value(&mut self) -> Option<HostValue> {
        self.host_values.dead.pop()
    }
}
