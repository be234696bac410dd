//! New objects from values in slots.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use crate::store::Store;

use super::GcRef;
use super::layout::{Field, FieldKind};
use super::roots::RootVisitor;

/// The value of a field of this kind in slots.
///
/// # Safety
/// The slots hold it.
unsafe fn value(slots: *const Slot, kind: FieldKind) -> [Slot; 2] {
    // SAFETY: the caller's promise.
    unsafe { [*slots, if kind.slots() == 2 { *slots.add(1) } else { Slot::ZERO }] }
}

impl Store {
    /// As [`Store::allocate`], with the references among values of these kinds as
    /// what the allocation has to keep.
    ///
    /// # Errors
    /// As [`Store::allocate`].
    ///
    /// # Safety
    /// As for [`Store::allocate`]; the values stand one behind another from `slots`
    /// on.
    pub(crate) unsafe fn allocate_from(
        &mut self,
        type_id: u32,
        length: u32,
        slots: *mut Slot,
        kinds: impl Iterator<Item = FieldKind> + Clone,
    ) -> Result<GcRef, TrapCode> {
        let mut operands = |visit: &mut dyn RootVisitor| {
            let mut at = slots;
            for kind in kinds.clone() {
                // SAFETY: the caller's promise.
                unsafe {
                    if kind == FieldKind::Ref {
                        visit.slot(&mut *at);
                    }
                    at = at.add(kind.slots());
                }
            }
        };
        // SAFETY: the caller's promise.
        unsafe { self.allocate(type_id, length, &mut operands) }
    }

    /// A structure, or an exception without its tag, with these values in its
    /// fields. The slots are updated if the heap is collected.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`]
    ///
    /// # Safety
    /// As for [`Store::allocate`]; the slots hold values of the fields' types.
    pub unsafe fn new_struct(&mut self, type_id: u32, slots: *mut Slot) -> Result<GcRef, TrapCode> {
        let ty = *self.type_table(type_id).get(type_id);
        let fields: &[Field] = &ty.layout().fields;
        let kinds = fields.iter().map(|field| field.kind);
        // SAFETY: the caller's promise.
        let object = unsafe { self.allocate_from(type_id, 0, slots, kinds)? };
        let (objects, mut at) = (self.objects(), slots);
        for &field in fields {
            // SAFETY: the caller's promise.
            unsafe {
                objects.set(object, field, value(at, field.kind));
                at = at.add(field.kind.slots());
            }
        }
        Ok(object)
    }

    /// An array with the value in these slots as every element. The slots are
    /// updated if the heap is collected.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`]
    ///
    /// # Safety
    /// As for [`Store::allocate`]; the slots hold a value of the elements' type.
    pub unsafe fn new_array(
        &mut self,
        type_id: u32,
        length: u32,
        slots: *mut Slot,
    ) -> Result<GcRef, TrapCode> {
        let element = self.type_table(type_id).get(type_id).layout().element();
        let kinds = std::iter::once(element.kind);
        // SAFETY: the caller's promise.
        unsafe {
            let array = self.allocate_from(type_id, length, slots, kinds)?;
            self.objects().fill(array, element, 0..length, value(slots, element.kind));
            Ok(array)
        }
    }

    /// An array with these values as its elements. The slots are updated if the heap
    /// is collected.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`]
    ///
    /// # Safety
    /// As for [`Store::allocate`]; the slots hold so many values of the elements'
    /// type.
    pub unsafe fn new_array_fixed(
        &mut self,
        type_id: u32,
        length: u32,
        slots: *mut Slot,
    ) -> Result<GcRef, TrapCode> {
        let element = self.type_table(type_id).get(type_id).layout().element();
        let kinds = std::iter::repeat_n(element.kind, length as usize);
        // SAFETY: the caller's promise.
        unsafe {
            let array = self.allocate_from(type_id, length, slots, kinds)?;
            let objects = self.objects();
            for index in 0..length {
                let at = slots.add(index as usize * element.kind.slots());
                objects.set_element(array, element, index, value(at, element.kind));
            }
            Ok(array)
        }
    }
}
