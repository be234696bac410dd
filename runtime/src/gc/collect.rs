//! The collector: copies what can be reached into the other half (Cheney).
//!
//! **What must never happen here:** recursion over objects, or a look at an
//! object's fields before it was copied. What is copied and not yet looked
//! through stands between `scan` and `free`: that is the whole work list.

use crate::types::{Trace, TypeTable};
use crate::vmctx::VmHeap;

use super::GcRef;
use super::heap::{Exhausted, Heap};
use super::host_values::HostValues;
use super::layout::{ARRAY_LENGTH, ObjectKind};
use super::object::{FORWARDED, parse_header};
use super::roots::RootVisitor;

/// A collection that is under way.
struct Copying<'a> {
    types: &'a TypeTable,
    hosts: &'a mut HostValues,
    base: *mut u8,
    /// The half that is being left.
    from: std::ops::Range<u64>,
    /// Where the next object is copied to.
    free: u64,
}

impl Heap {
    /// Collects: `roots` reports every reference that guest and host hold, each of
    /// which is updated. Values of the host that none leads to are set aside. Afterwards `needed` more bytes fit, if that is possible
    /// at all.
    ///
    /// # Errors
    /// If the system refuses memory for the copies: nothing has changed then.
    pub(crate) fn collect(
        &mut self,
        vm: &mut VmHeap,
        types: &TypeTable,
        hosts: &mut HostValues,
        needed: u64,
        roots: &mut dyn FnMut(&mut dyn RootVisitor),
    ) -> Result<(), Exhausted> {
        let (from, to) = (self.active(), 1 - self.active());
        // All of it may be alive.
        self.commit(to, self.used(vm))?;
        let start = self.start(to);
        let from = self.start(from)..vm.bump;
        let mut copying = Copying { types, hosts, base: vm.base, from, free: start };
        roots(&mut copying);
        let mut scan = start;
        while scan < copying.free {
            scan += copying.scan(scan);
        }
        let live = copying.free - start;
        hosts.sweep();
        self.switch(vm, to, live, needed);
        Ok(())
    }
}

impl Copying<'_> {
    /// A word of the heap.
    ///
    /// # Safety
    /// `offset` is inside an object or where the next one is copied to.
    unsafe fn word<T>(&self, offset: u64) -> *mut T {
        // SAFETY: the caller's promise: it is inside the heap.
        unsafe { self.base.add(offset as usize).cast() }
    }

    /// Where an object is after the collection; copies it if nobody has.
    fn forward(&mut self, reference: GcRef) -> GcRef {
        let offset = u64::from(reference.bits());
        if !reference.is_object() || !self.from.contains(&offset) {
            if let Some(index) = reference.host_index() {
                self.hosts.mark(index);
            }
            return reference;
        }
        // SAFETY: an object stands at the offset, whole and in the half that is
        // being left; the other half has room for all objects of this one.
        unsafe {
            let header = self.word::<u64>(offset);
            let value = header.read();
            if (value >> 32) as u32 & FORWARDED != 0 {
                return GcRef::from_bits(value as u32);
            }
            let size = self.size(offset);
            let (source, target) = (self.word::<u8>(offset), self.word::<u8>(self.free));
            target.copy_from_nonoverlapping(source, size as usize);
            header.write(self.free | u64::from(FORWARDED) << 32);
        }
        let copy = GcRef::from_bits(self.free as u32);
        // SAFETY: the copy is whole.
        self.free += unsafe { self.size(self.free) };
        copy
    }

    /// The size of the object at an offset.
    ///
    /// # Safety
    /// A whole object, not forwarded, stands there.
    unsafe fn size(&self, offset: u64) -> u64 {
        // SAFETY: the caller's promise; arrays have a length.
        let (kind, id) = parse_header(unsafe { self.word::<u64>(offset).read() });
        let ty = self.types.get(id);
        if kind != ObjectKind::Array as u64 {
            return u64::from(ty.size);
        }
        // SAFETY: as above.
        let length = unsafe { self.word::<u32>(offset + u64::from(ARRAY_LENGTH)).read() };
        (u64::from(ty.size) + (u64::from(length) << ty.element_log2)).next_multiple_of(8)
    }

    /// Forwards what an object that was copied refers to; returns its size.
    fn scan(&mut self, offset: u64) -> u64 {
        // SAFETY: a copy stands at the offset: whole, and not forwarded itself.
        let (size, header) = unsafe { (self.size(offset), self.word::<u64>(offset).read()) };
        let ty = *self.types.get(parse_header(header).1);
        match ty.trace {
            Trace::Nothing => {}
            Trace::Fields => {
                for &field in &ty.layout().refs {
                    self.forward_at(offset + u64::from(field));
                }
            }
            Trace::Elements => {
                // SAFETY: only arrays are traced by elements.
                let length = unsafe { self.word::<u32>(offset + u64::from(ARRAY_LENGTH)).read() };
                let first = offset + u64::from(ty.size);
                for index in 0..u64::from(length) {
                    self.forward_at(first + (index << ty.element_log2));
                }
            }
        }
        size
    }

    /// Forwards the reference that stands at an offset.
    fn forward_at(&mut self, offset: u64) {
        // SAFETY: the caller found the offset in the layout of a copied object.
        let at = unsafe { self.word::<u32>(offset) };
        // SAFETY: as above.
        unsafe { at.write(self.forward(GcRef::from_bits(at.read())).bits()) };
    }
}

impl RootVisitor for Copying<'_> {
    fn visit(&mut self, reference: &mut GcRef) {
        *reference = self.forward(*reference);
    }
}
