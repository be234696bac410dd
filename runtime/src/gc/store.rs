//! The heap as part of its store: allocation, and when to collect.

use bimetal_core::trap::TrapCode;

use crate::limits::ResourceError;
use crate::store::Store;
use crate::vmctx::VmHeap;

use super::heap::Heap;
use super::layout::ObjectKind;
use super::roots::RootVisitor;
use super::{GcRef, Objects};

/// References that an allocation has to keep, besides the roots of the store: of
/// operands, say, which have left their frame already.
pub type Operands<'a> = &'a mut dyn FnMut(&mut dyn RootVisitor);

impl Store {
    /// Makes sure that the store has a heap.
    ///
    /// # Errors
    /// If the system refuses the address space.
    pub fn ensure_heap(&mut self) -> Result<(), ResourceError> {
        if self.heap.is_none() {
            let (max, stress) = (self.limits.max_heap_bytes, self.settings.gc_stress);
            self.heap = Some(Heap::new(max, stress, self.vm_heap())?);
        }
        Ok(())
    }

    /// What guest code reads of the heap.
    fn vm_heap<'a>(&mut self) -> &'a mut VmHeap {
        // SAFETY: the structure lives as long as the store; the result is not used
        // beyond the methods of this file, during which no guest code runs.
        unsafe { &mut (*self.vm()).heap }
    }

    /// The objects of the store.
    pub fn objects(&self) -> Objects {
        // SAFETY: a store is used by one thread at a time and outlives its uses.
        unsafe { Objects::of(self.vm()) }
    }

    /// Bytes that objects take, dead ones included.
    pub fn heap_used(&mut self) -> u64 {
        let vm = self.vm_heap();
        self.heap.as_ref().map_or(0, |heap| heap.used(vm))
    }

    /// How often the heap was collected.
    pub fn collections(&self) -> u64 {
        self.heap.as_ref().map_or(0, |heap| heap.collections)
    }

    /// Collects the heap now.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`] if the system has no memory for it; nothing has
    /// changed then.
    ///
    /// # Safety
    /// Every activation of the store has current exit fields; every reference that
    /// is to survive is in a root.
    pub unsafe fn collect(&mut self) -> Result<(), TrapCode> {
        // SAFETY: the caller's promise.
        unsafe { self.collect_for(0, &mut |_| {}) }
    }

    unsafe fn collect_for(&mut self, needed: u64, operands: Operands<'_>) -> Result<(), TrapCode> {
        if self.host_values.is_any() {
            self.ensure_heap().map_err(|_| TrapCode::HeapExhausted)?;
        }
        let Some(mut heap) = self.heap.take() else { return Ok(()) };
        let types = self.types.table();
        let mut hosts = std::mem::take(&mut self.host_values);
        let result = heap.collect(self.vm_heap(), &types, &mut hosts, needed, &mut |visit| {
            operands(visit);
            // SAFETY: the caller's promise.
            unsafe { self.visit_roots(visit) };
        });
        self.heap = Some(heap);
        self.host_values = hosts;
        result.map_err(|_| TrapCode::HeapExhausted)
    }

    /// Allocates an object with zeros in all its parts. `length` is that of an
    /// array.
    ///
    /// # Errors
    /// [`TrapCode::HeapExhausted`]; objects may have moved, but none is lost.
    ///
    /// # Safety
    /// As for [`Store::collect`]; `operands` reports references that are in no
    /// root. `type_id` is the canonical id of a structure, an array, or (for
    /// exceptions) a function type.
    pub unsafe fn allocate(
        &mut self,
        type_id: u32,
        length: u32,
        operands: Operands<'_>,
    ) -> Result<GcRef, TrapCode> {
        self.ensure_heap().map_err(|_| TrapCode::HeapExhausted)?;
        let table = self.type_table(type_id);
        let ty = table.get(type_id);
        let size = ty.layout().size_with(length);
        // SAFETY: the caller's promise.
        let object = unsafe { self.reserve(size, operands)? };
        // SAFETY: `reserve` has made room for `size` bytes at the object.
        unsafe {
            let at = self.vm_heap().base.add(object.bits() as usize);
            at.write_bytes(0, size as usize);
            at.cast::<u64>().write(ty.header);
        }
        if ty.layout().kind == ObjectKind::Array {
            self.objects().set_second_word(object, length);
        }
        Ok(object)
    }

    /// Room for an object, after a collection if need be.
    unsafe fn reserve(&mut self, size: u64, operands: Operands<'_>) -> Result<GcRef, TrapCode> {
        let vm = self.vm_heap();
        let heap = self.heap.as_ref().ok_or(TrapCode::HeapExhausted)?;
        if !heap.can_hold(size) {
            return Err(TrapCode::HeapExhausted);
        }
        if !heap.stress()
            && let Some(object) = heap.bump(vm, size)
        {
            return Ok(object);
        }
        // SAFETY: the caller's promise.
        unsafe { self.collect_for(size, operands)? };
        let heap = self.heap.as_ref().ok_or(TrapCode::HeapExhausted)?;
        heap.bump(vm, size).ok_or(TrapCode::HeapExhausted)
    }
}
