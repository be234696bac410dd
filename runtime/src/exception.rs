//! Tags and exceptions.
//!
//! An exception is kept by its store: a reference to one is the number of its
//! place, and a collection has nothing to move. The place of an exception that was
//! caught without a reference to it is used again; one that guest or host has a
//! reference to lives as long as the store.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use crate::gc::GcRef;
use crate::gc::roots::RootVisitor;
use crate::limits::ResourceError;
use crate::store::{Store, TagId};

/// An exception.
#[derive(Debug)]
struct Exception {
    tag: TagId,
    payload: Box<[Slot]>,
    /// Whether somebody may have a reference to it.
    shared: bool,
}

/// The tags and exceptions of a store.
#[derive(Debug, Default)]
pub(crate) struct Exceptions {
    /// The canonical id of the function type of each tag.
    tags: Vec<u32>,
    /// `None` where a place is free.
    exceptions: Vec<Option<Exception>>,
    free: Vec<u32>,
    /// Bytes of all exceptions.
    bytes: u64,
}

impl Exception {
    fn bytes(&self) -> u64 {
        (size_of::<Option<Exception>>() + size_of_val(&*self.payload)) as u64
    }
}

impl Exceptions {
    fn get(&self, exception: Slot) -> Option<&Exception> {
        let index = GcRef::from_slot(exception).host_index()?;
        self.exceptions.get(index as usize)?.as_ref()
    }

    fn get_mut(&mut self, exception: Slot) -> Option<&mut Exception> {
        let index = GcRef::from_slot(exception).host_index()?;
        self.exceptions.get_mut(index as usize)?.as_mut()
    }

    fn add(&mut self, exception: Exception, max_bytes: u64) -> Option<Slot> {
        let bytes = self.bytes + exception.bytes();
        if bytes > max_bytes || self.exceptions.len() >= GcRef::HOST_VALUES as usize {
            return None;
        }
        self.bytes = bytes;
        let index = self.free.pop().unwrap_or(self.exceptions.len() as u32);
        match self.exceptions.get_mut(index as usize) {
            Some(place) => *place = Some(exception),
            None => self.exceptions.push(Some(exception)),
        }
        Some(GcRef::host(index).slot())
    }

    fn remove(&mut self, exception: Slot) {
        let Some(index) = GcRef::from_slot(exception).host_index() else { return };
        let place = self.exceptions.get_mut(index as usize);
        if let Some(exception) = place.and_then(Option::take) {
            self.bytes -= exception.bytes();
            self.free.push(index);
        }
    }
}

impl Store {
    /// Makes a tag of a function type with this canonical id.
    ///
    /// # Errors
    /// If there are too many.
    pub fn new_tag(&mut self, type_id: u32) -> Result<TagId, ResourceError> {
        let tags = &mut self.exceptions.tags;
        ResourceError::check("tags", tags.len(), GcRef::HOST_VALUES as usize)?;
        tags.push(type_id);
        Ok(TagId(tags.len() as u32 - 1))
    }

    /// The canonical id of the function type of a tag.
    pub fn tag_type(&self, tag: TagId) -> u32 {
        self.exceptions.tags[tag.0 as usize]
    }

    /// Makes an exception of a tag with this payload, of the tag's type.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`] if exceptions take as much as objects may.
    pub fn new_exception(&mut self, tag: TagId, payload: &[Slot]) -> Result<Slot, TrapCode> {
        let exception = Exception { tag, payload: payload.into(), shared: false };
        // As much as a heap can hold.
        let max = self.limits.max_heap_bytes.min(1 << 32);
        self.exceptions.add(exception, max).ok_or(TrapCode::HeapExhausted)
    }

    /// The tag of an exception; `None` for null.
    pub fn exception_tag(&self, exception: Slot) -> Option<TagId> {
        self.exceptions.get(exception).map(|exception| exception.tag)
    }

    /// The payload of an exception, slot after slot.
    pub fn exception_payload(&self, exception: Slot) -> &[Slot] {
        self.exceptions.get(exception).map_or(&[], |exception| &exception.payload)
    }

    /// Keeps an exception for as long as the store lives: somebody is given a
    /// reference to it.
    pub fn share_exception(&mut self, exception: Slot) {
        if let Some(exception) = self.exceptions.get_mut(exception) {
            exception.shared = true;
        }
    }

    /// An exception was caught by somebody who keeps no reference to it.
    pub fn exception_caught(&mut self, exception: Slot) {
        if self.exceptions.get(exception).is_some_and(|exception| !exception.shared) {
            self.exceptions.remove(exception);
        }
    }

    /// The exception that is the reason for the present unwinding.
    pub fn pending_exception(&self) -> Option<Slot> {
        match self.pending {
            Some(crate::trap::Unwind::Exception(exception)) => Some(exception),
            _ => None,
        }
    }

    /// Reports the references to objects in payloads.
    pub(crate) fn visit_exceptions(&mut self, visit: &mut dyn RootVisitor) {
        for exception in self.exceptions.exceptions.iter_mut().flatten() {
            let ty = self.types.get(self.exceptions.tags[exception.tag.0 as usize]);
            let mut at = 0;
            for &param in ty.as_func().map_or(&[][..], |ty| &ty.params) {
                if self.types.is_collected(param) {
                    visit.slot(&mut exception.payload[at]);
                }
                at += param.slots() as usize;
            }
        }
    }
}
