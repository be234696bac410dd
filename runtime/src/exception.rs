//! Tags and exceptions.
//!
//! An exception is an object of the heap: its type is the function type of its
//! tag, behind the header stands the tag itself, and then the payload
//! ([`crate::gc::layout`]). So it lives as long as somebody can reach it. While
//! the guest is unwound, the store can ([`Store::pending`]).

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use crate::gc::GcRef;
use crate::gc::layout::ObjectLayout;
use crate::limits::ResourceError;
use crate::store::{Store, TagId};
use crate::trap::Unwind;

/// How many tags a store can hold.
const MAX_TAGS: usize = 1 << 29;

impl Store {
    /// Makes a tag of a function type with this canonical id.
    ///
    /// # Errors
    /// If there are too many.
    pub fn new_tag(&mut self, type_id: u32) -> Result<TagId, ResourceError> {
        ResourceError::check("tags", self.tags.len(), MAX_TAGS)?;
        self.tags.push(type_id);
        Ok(TagId(self.tags.len() as u32 - 1))
    }

    /// The canonical id of the function type of a tag.
    pub fn tag_type(&self, tag: TagId) -> u32 {
        self.tags[tag.0 as usize]
    }

    /// Makes an exception of a tag. The slots of its payload are updated if the
    /// heap is collected meanwhile.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`]
    ///
    /// # Safety
    /// As for [`Store::allocate`]; `payload` leads to slots that hold values of the
    /// tag's type.
    pub unsafe fn new_exception(
        &mut self,
        tag: TagId,
        payload: *mut Slot,
    ) -> Result<Slot, TrapCode> {
        let id = self.tag_type(tag);
        // SAFETY: the caller's promise.
        let exception = unsafe { self.new_struct(id, payload)? };
        self.objects().set_second_word(exception, tag.0);
        Ok(exception.slot())
    }

    /// The tag of an exception; `None` for null.
    #[inline]
    pub fn exception_tag(&self, exception: Slot) -> Option<TagId> {
        let exception = GcRef::from_slot(exception);
        exception.is_object().then(|| TagId(self.objects().exception_tag(exception)))
    }

    /// Writes the payload of an exception, which is not null, slot after slot;
    /// returns where it ends.
    ///
    /// # Safety
    /// There is room for it.
    pub unsafe fn read_payload(&mut self, exception: Slot, mut to: *mut Slot) -> *mut Slot {
        let exception = GcRef::from_slot(exception);
        let objects = self.objects();
        let id = objects.type_id(exception);
        let ty = *self.type_table(id).get(id);
        let layout: &ObjectLayout = ty.layout();
        for &field in &layout.fields {
            let value = objects.get(exception, field);
            // SAFETY: the caller's promise.
            unsafe {
                to.copy_from_nonoverlapping(value.as_ptr(), field.kind.slots());
                to = to.add(field.kind.slots());
            }
        }
        to
    }

    /// Unwinds the guest for an exception from now on.
    #[inline]
    pub fn set_pending_exception(&mut self, exception: Slot) {
        self.pending = Some(Unwind::Exception { exception, backtrace: None });
    }

    /// The exception that is the reason for the present unwinding.
    #[inline]
    pub fn pending_exception(&self) -> Option<Slot> {
        match self.pending {
            Some(Unwind::Exception { exception, .. }) => Some(exception),
            _ => None,
        }
    }
}
