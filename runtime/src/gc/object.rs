//! Objects in the heap, byte by byte.
//!
//! **What must never happen here:** an address is formed from anything but the
//! heap's base, the offset of an object and an offset of its layout, or a Rust
//! reference into the heap is made. A collection moves objects: no address and
//! no [`GcRef`] outside the roots lives across an allocation.

use std::ops::Range;

use bimetal_core::value::Slot;

use super::GcRef;
use super::layout::{ARRAY_LENGTH, Field, FieldKind, ObjectKind};
use crate::vmctx::{VmFuncRef, VmStore};

/// In the upper half of a header during a collection: the object has moved, and
/// the lower half is its new offset.
pub(super) const FORWARDED: u32 = 1;
/// Where the [`ObjectKind`] stands in the upper half of a header.
const KIND_SHIFT: u32 = 1;

/// The first word of an object: its canonical type below, flags above.
pub(crate) const fn header(type_id: u32, kind: ObjectKind) -> u64 {
    type_id as u64 | ((kind as u64) << KIND_SHIFT) << 32
}

/// The kind and the canonical type in a header.
pub(super) const fn parse_header(header: u64) -> (u64, u32) {
    ((header >> 32) >> KIND_SHIFT, header as u32)
}

/// The heap of the store whose code runs, and its functions.
#[derive(Clone, Copy, Debug)]
pub struct Objects {
    store: *mut VmStore,
}

impl Objects {
    /// The objects of a store.
    ///
    /// # Safety
    /// The store outlives the result, which is used by the store's thread only.
    /// The methods are given references to objects of the store, and fields of
    /// their types; no collection has run since the references were read.
    pub const unsafe fn of(store: *mut VmStore) -> Objects {
        Objects { store }
    }

    #[inline(always)]
    fn at(self, object: GcRef, offset: u32) -> *mut u8 {
        // SAFETY: by the promise of `of` the object lies in the heap and its part
        // at `offset` in the object.
        unsafe { (*self.store).heap.base.add(object.bits() as usize).add(offset as usize) }
    }

    /// The first word of an object.
    #[inline(always)]
    pub fn header(self, object: GcRef) -> u64 {
        // SAFETY: every object begins with its header, at its alignment of 8.
        unsafe { self.at(object, 0).cast::<u64>().read() }
    }

    /// The canonical type of an object.
    #[inline(always)]
    pub fn type_id(self, object: GcRef) -> u32 {
        parse_header(self.header(object)).1
    }

    /// Whether an object is of this kind.
    #[inline(always)]
    pub fn is(self, object: GcRef, kind: ObjectKind) -> bool {
        parse_header(self.header(object)).0 == kind as u64
    }

    /// The length of an array.
    #[inline(always)]
    pub fn length(self, array: GcRef) -> u32 {
        // SAFETY: every array has its length there.
        unsafe { self.at(array, ARRAY_LENGTH).cast::<u32>().read() }
    }

    /// Writes what stands behind the header of arrays and exceptions: the length,
    /// or the tag.
    pub(crate) fn set_second_word(self, object: GcRef, value: u32) {
        // SAFETY: both have 32 bits there.
        unsafe { self.at(object, ARRAY_LENGTH).cast::<u32>().write(value) };
    }

    /// The tag of an exception, as its number in the store.
    pub fn exception_tag(self, exception: GcRef) -> u32 {
        self.length(exception)
    }

    /// The element of an array at an index below its length, as a field.
    #[inline(always)]
    pub fn element(first: Field, index: u32) -> u64 {
        u64::from(first.offset) + (u64::from(index) << first.kind.size_log2())
    }

    /// The value of a field; packed ones are extended with zeros, and the second
    /// slot counts for vectors only.
    #[inline(always)] // folds to one access where the kind is known
    pub fn get(self, object: GcRef, field: Field) -> [Slot; 2] {
        self.read(object, u64::from(field.offset), field.kind)
    }

    /// The value of an element: the index is below the array's length.
    #[inline(always)] // folds to one access where the kind is known
    pub fn get_element(self, array: GcRef, first: Field, index: u32) -> [Slot; 2] {
        self.read(array, Objects::element(first, index), first.kind)
    }

    /// Sets a field.
    #[inline(always)] // folds to one access where the kind is known
    pub fn set(self, object: GcRef, field: Field, value: [Slot; 2]) {
        self.write(object, u64::from(field.offset), field.kind, value);
    }

    /// Sets an element: the index is below the array's length.
    #[inline(always)] // folds to one access where the kind is known
    pub fn set_element(self, array: GcRef, first: Field, index: u32, value: [Slot; 2]) {
        self.write(array, Objects::element(first, index), first.kind, value);
    }

    /// Sets the elements of a range, which lies inside the array.
    pub fn fill(self, array: GcRef, first: Field, range: Range<u32>, [low, high]: [Slot; 2]) {
        let at = self.bytes(array, Objects::element(first, range.start));
        let count = range.len();
        // SAFETY: elements of this kind stand there, as many as the range has.
        unsafe {
            match first.kind {
                FieldKind::I8 => at.write_bytes(low.bits() as u8, count),
                FieldKind::I16 => fill(at, count, low.bits() as u16),
                FieldKind::I32 | FieldKind::F32 => fill(at, count, low.u32()),
                FieldKind::Ref => {
                    fill(at, count, low.u32());
                    write_barrier(self.store, array);
                }
                FieldKind::Func => fill(at, count, self.slab_index(low)),
                FieldKind::I64 | FieldKind::F64 => fill(at, count, low.bits()),
                FieldKind::V128 => fill(at, count, [low.bits(), high.bits()]),
            }
        }
    }

    /// Copies elements between arrays, which may be the same; both ranges lie
    /// inside them, and their elements are of one kind.
    pub fn copy(self, first: Field, to: (GcRef, u32), from: (GcRef, u32), count: u32) {
        let target = self.bytes(to.0, Objects::element(first, to.1));
        let source = self.bytes(from.0, Objects::element(first, from.1));
        let bytes = (count as usize) << first.kind.size_log2();
        // SAFETY: both ranges lie inside their arrays; the copy allows an overlap.
        unsafe {
            target.copy_from(source, bytes);
            write_barrier(self.store, to.0);
        }
    }

    /// Writes elements that are numbers, byte for byte; they lie inside the array.
    pub fn write_bytes(self, array: GcRef, first: Field, start: u32, bytes: &[u8]) {
        let target = self.bytes(array, Objects::element(first, start));
        // SAFETY: the range lies inside the array, and nobody refers into the heap.
        unsafe { target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }

    /// The address of bytes of an object.
    #[inline(always)]
    pub(super) fn bytes(self, object: GcRef, offset: u64) -> *mut u8 {
        // SAFETY: as in `at`; an object is smaller than the address space.
        unsafe { self.at(object, 0).add(offset as usize) }
    }

    #[inline(always)] // folds to one access where the kind is known
    fn read(self, object: GcRef, offset: u64, kind: FieldKind) -> [Slot; 2] {
        let at = self.bytes(object, offset);
        // SAFETY: a field of this kind stands there; vectors are aligned to 8 only.
        unsafe {
            let low = match kind {
                FieldKind::I8 => u64::from(at.read()),
                FieldKind::I16 => u64::from(at.cast::<u16>().read()),
                FieldKind::I32 | FieldKind::F32 | FieldKind::Ref => {
                    u64::from(at.cast::<u32>().read())
                }
                FieldKind::Func => self.func(at.cast::<u32>().read()),
                FieldKind::I64 | FieldKind::F64 | FieldKind::V128 => at.cast::<u64>().read(),
            };
            let high = match kind {
                FieldKind::V128 => at.cast::<u64>().add(1).read(),
                _ => 0,
            };
            [Slot::from_bits(low), Slot::from_bits(high)]
        }
    }

    #[inline(always)] // folds to one access where the kind is known
    fn write(self, object: GcRef, offset: u64, kind: FieldKind, [low, high]: [Slot; 2]) {
        let at = self.bytes(object, offset);
        // SAFETY: as in `read`.
        unsafe {
            match kind {
                FieldKind::I8 => at.write(low.bits() as u8),
                FieldKind::I16 => at.cast::<u16>().write(low.bits() as u16),
                FieldKind::I32 | FieldKind::F32 => at.cast::<u32>().write(low.u32()),
                FieldKind::Ref => {
                    at.cast::<u32>().write(low.u32());
                    write_barrier(self.store, object);
                }
                FieldKind::Func => at.cast::<u32>().write(self.slab_index(low)),
                FieldKind::I64 | FieldKind::F64 => at.cast::<u64>().write(low.bits()),
                FieldKind::V128 => {
                    at.cast::<u64>().write(low.bits());
                    at.cast::<u64>().add(1).write(high.bits());
                }
            }
        }
    }

    /// The bits of the function reference at a place of the slab.
    #[inline(always)] // two loads
    fn func(self, index: u32) -> u64 {
        // SAFETY: objects hold places of the slab only, which never shrinks; the
        // first is null.
        let record = unsafe { *(*self.store).funcs.add(index as usize) };
        record.expose_provenance() as u64
    }

    /// The place in the slab of a function reference.
    #[inline(always)] // a test and a load
    fn slab_index(self, bits: Slot) -> u32 {
        let record = std::ptr::with_exposed_provenance::<VmFuncRef>(bits.bits() as usize);
        // SAFETY: a function reference is null or the address of a record.
        unsafe { record.as_ref() }.map_or(0, |record| record.slab)
    }
}

/// Writes a value so many times, one behind the other.
///
/// # Safety
/// There is room for them, aligned for the type.
unsafe fn fill<T: Copy>(at: *mut u8, count: usize, value: T) {
    for index in 0..count {
        // SAFETY: the caller's promise.
        unsafe { at.cast::<T>().add(index).write(value) };
    }
}

/// To be called by whoever writes a reference into an object that may be older
/// than the newest objects: the hook of a collector with generations. The present
/// one needs none.
///
/// # Safety
/// The store is valid and the object is one of it.
#[inline(always)]
pub unsafe fn write_barrier(_store: *mut VmStore, _object: GcRef) {}
