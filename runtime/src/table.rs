//! Tables: references in slots.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ptr::NonNull;

use bimetal_core::addr::range_in_bounds;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::TableType;
use bimetal_core::value::Slot;

use crate::limits::ResourceError;
use crate::vmctx::VmTable;

/// A table.
///
/// The elements lie in a raw allocation of `capacity` slots, all initialised,
/// that guest code reaches through [`VmTable`].
#[derive(Debug)]
pub struct Table {
    ty: TableType,
    capacity: usize,
    /// The limit of growth in elements: the type's, the store's and the allocator's.
    max: u64,
    /// What guest code reads: a raw allocation, because guest code keeps its
    /// address while `self` is borrowed.
    vm: NonNull<VmTable>,
}

impl Table {
    /// A table of its minimal size, every element `init`, that may never have more
    /// than `most`. `ty` holds canonical type ids.
    ///
    /// # Errors
    /// If it has more already, or the system refuses it.
    pub fn new(ty: TableType, init: Slot, most: u64) -> Result<Table, ResourceError> {
        let max = ty.limits.max.unwrap_or(u64::MAX).min(most);
        let too_large = || {
            ResourceError::new(format!(
                "a table of {} elements exceeds the limit of {max}",
                ty.limits.min
            ))
        };
        if ty.limits.min > max {
            return Err(too_large());
        }
        let len = usize::try_from(ty.limits.min).map_err(|_| too_large())?;
        let base = allocate(len).ok_or_else(|| {
            ResourceError::new(format!("cannot allocate a table of {len} elements"))
        })?;
        let vm = Box::new(VmTable { base: base.as_ptr(), len: len as u64 });
        let vm = NonNull::from(Box::leak(vm));
        let mut table = Table { ty, capacity: len, max, vm };
        if init != Slot::ZERO {
            table.elements_mut().fill(init);
        }
        Ok(table)
    }

    /// The type it was made with, in canonical type ids.
    pub fn ty(&self) -> &TableType {
        &self.ty
    }

    /// The structure that guest code reads: valid as long as the table.
    pub fn vm(&self) -> *mut VmTable {
        self.vm.as_ptr()
    }

    /// The length in elements.
    pub fn len(&self) -> u64 {
        // SAFETY: `vm` is valid as long as `self`.
        unsafe { (*self.vm.as_ptr()).len }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements.
    pub fn elements(&self) -> &[Slot] {
        // SAFETY: `base` points to `len` initialised slots; nobody writes while
        // the store is borrowed.
        unsafe {
            let vm = self.vm.as_ptr();
            std::slice::from_raw_parts((*vm).base, (*vm).len as usize)
        }
    }

    /// The elements.
    pub fn elements_mut(&mut self) -> &mut [Slot] {
        // SAFETY: as in `elements`, and the borrow is the only one.
        unsafe {
            let vm = self.vm.as_ptr();
            std::slice::from_raw_parts_mut((*vm).base, (*vm).len as usize)
        }
    }

    /// An element; `None` outside the table.
    pub fn get(&self, index: u64) -> Option<Slot> {
        self.elements().get(usize::try_from(index).ok()?).copied()
    }

    /// Writes an element, which must be of the element type.
    ///
    /// # Errors
    /// [`TrapCode::TableOutOfBounds`]
    pub fn set(&mut self, index: u64, value: Slot) -> Result<(), TrapCode> {
        let index = usize::try_from(index).map_err(|_| TrapCode::TableOutOfBounds)?;
        *self.elements_mut().get_mut(index).ok_or(TrapCode::TableOutOfBounds)? = value;
        Ok(())
    }

    /// Grows by `delta` elements and returns the previous length, or `None`,
    /// without effect, if the type, the store's limits or the system forbid it
    /// (spec: *Execution / Modules / Growing tables*).
    pub fn grow(&mut self, delta: u64, init: Slot) -> Option<u64> {
        let old = self.len();
        let new = old.checked_add(delta).filter(|&new| new <= self.max)?;
        let (from, to) = (usize::try_from(old).ok()?, usize::try_from(new).ok()?);
        if to > self.capacity {
            self.reserve(to)?;
        }
        // SAFETY: `vm` is valid as long as `self`, and the capacity holds `new`
        // initialised slots.
        unsafe { (*self.vm.as_ptr()).len = new };
        self.elements_mut()[from..].fill(init);
        Some(old)
    }

    /// Moves the elements to an allocation of at least `needed` slots.
    fn reserve(&mut self, needed: usize) -> Option<()> {
        let ample = needed.max(self.capacity.saturating_mul(2));
        let capacity = ample.min(usize::try_from(self.max).unwrap_or(usize::MAX));
        let base = allocate(capacity)?;
        // SAFETY: the new allocation holds at least as many slots as the old one,
        // which nobody uses any more once `vm` names the new one.
        unsafe {
            let vm = self.vm.as_ptr();
            std::ptr::copy_nonoverlapping((*vm).base, base.as_ptr(), (*vm).len as usize);
            release((*vm).base, self.capacity);
            (*vm).base = base.as_ptr();
        }
        self.capacity = capacity;
        Some(())
    }

    /// Fills `count` elements from `start` on (spec: `table.fill`).
    ///
    /// # Errors
    /// [`TrapCode::TableOutOfBounds`], without effect.
    pub fn fill(&mut self, start: u64, value: Slot, count: u64) -> Result<(), TrapCode> {
        let range = range(start, count, self.len())?;
        self.elements_mut()[range].fill(value);
        Ok(())
    }

    /// Copies `count` references, one after another (spec: `table.init`).
    ///
    /// # Errors
    /// [`TrapCode::TableOutOfBounds`], without effect.
    pub(crate) fn init_with(
        &mut self,
        to: u64,
        items: impl ExactSizeIterator<Item = Slot>,
    ) -> Result<(), TrapCode> {
        let to = range(to, items.len() as u64, self.len())?;
        self.elements_mut()[to].iter_mut().zip(items).for_each(|(element, item)| *element = item);
        Ok(())
    }

    /// Copies from a slice of references (spec: `table.init`).
    ///
    /// # Errors
    /// [`TrapCode::TableOutOfBounds`], without effect.
    pub fn init(&mut self, to: u64, items: &[Slot], from: u64, count: u64) -> Result<(), TrapCode> {
        let from = range(from, count, items.len() as u64)?;
        let to = range(to, count, self.len())?;
        self.elements_mut()[to].copy_from_slice(&items[from]);
        Ok(())
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        // SAFETY: made in `new` and `reserve`, freed only here.
        unsafe {
            release((*self.vm.as_ptr()).base, self.capacity);
            drop(Box::from_raw(self.vm.as_ptr()));
        }
    }
}

/// Copies `count` elements between tables, which may be the same (spec:
/// `table.copy`).
///
/// # Errors
/// [`TrapCode::TableOutOfBounds`], without effect.
///
/// # Safety
/// Both tables are valid, and neither is borrowed.
pub(crate) unsafe fn copy(
    to: *mut VmTable,
    from: *mut VmTable,
    [to_start, from_start, count]: [u64; 3],
) -> Result<(), TrapCode> {
    // SAFETY: the caller vouches for the tables; both ranges are checked to lie
    // inside them, and the copy allows an overlap.
    unsafe {
        let from_range = range(from_start, count, (*from).len)?;
        let to_range = range(to_start, count, (*to).len)?;
        let from = (*from).base.add(from_range.start);
        std::ptr::copy(from, (*to).base.add(to_range.start), from_range.len());
    }
    Ok(())
}

fn range(start: u64, count: u64, len: u64) -> Result<std::ops::Range<usize>, TrapCode> {
    if range_in_bounds(start, count, len) {
        // Inside a table, whose length came from a `usize`.
        Ok(start as usize..(start + count) as usize)
    } else {
        Err(TrapCode::TableOutOfBounds)
    }
}

/// Zeroed slots; `None` if there is no memory.
fn allocate(capacity: usize) -> Option<NonNull<Slot>> {
    let layout = Layout::array::<Slot>(capacity).ok()?;
    if layout.size() == 0 {
        return Some(NonNull::dangling());
    }
    // SAFETY: the size is not zero. All bits zero is a valid slot.
    NonNull::new(unsafe { alloc_zeroed(layout) }.cast())
}

/// Frees what `allocate` returned for the same capacity.
///
/// # Safety
/// Nobody uses the slots any more.
unsafe fn release(base: *mut Slot, capacity: usize) {
    if let Ok(layout) = Layout::array::<Slot>(capacity)
        && layout.size() != 0
    {
        // SAFETY: allocated with this layout, by the caller's word.
        unsafe { dealloc(base.cast(), layout) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_core::types::{AddrType, Limits, RefType};

    fn table(min: u64, max: Option<u64>, limit: u64) -> Result<Table, ResourceError> {
        let limits = Limits { min, max };
        let ty = TableType { addr: AddrType::I32, limits, element: RefType::FUNCREF };
        Table::new(ty, Slot::ZERO, limit)
    }

    const X: Slot = Slot::from_bits(7);
    const OUT: Result<(), TrapCode> = Err(TrapCode::TableOutOfBounds);

    #[test]
    fn growth_stops_at_the_maximum_and_at_the_limit() {
        let mut typed = table(1, Some(3), 100).unwrap();
        assert_eq!(typed.grow(2, X), Some(1));
        assert_eq!(typed.grow(1, X), None);
        assert_eq!(typed.elements(), [Slot::ZERO, X, X]);
        let mut limited = table(0, None, 3).unwrap();
        assert_eq!((limited.grow(4, X), limited.grow(u64::MAX, X)), (None, None));
        assert_eq!((limited.grow(3, X), limited.grow(0, X)), (Some(0), Some(3)));
        assert!(table(4, None, 3).is_err());
    }

    #[test]
    fn elements_survive_repeated_growth() {
        let mut table = table(0, None, 1000).unwrap();
        for i in 0..1000 {
            assert_eq!(table.grow(1, Slot::from_bits(i)), Some(i));
        }
        assert!((0..1000).all(|i| table.get(i) == Some(Slot::from_bits(i))));
        assert_eq!(table.get(1000), None);
    }

    #[test]
    fn an_impossible_allocation_is_refused() {
        assert!(table(u64::MAX, None, u64::MAX).is_err());
        let mut table = table(1, None, u64::MAX).unwrap();
        assert_eq!(table.grow(1 << 60, X), None);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn bulk_operations_check_before_they_write() {
        let mut table = table(4, None, 100).unwrap();
        assert_eq!(table.fill(2, X, 3), OUT);
        assert_eq!(table.init(3, &[X, X], 0, 2), OUT);
        assert_eq!(table.init(0, &[X, X], 1, 2), OUT);
        assert_eq!(table.set(4, X), OUT);
        assert_eq!(table.elements(), [Slot::ZERO; 4]);
        assert_eq!((table.fill(4, X, 0), table.fill(5, X, 0)), (Ok(()), OUT));
        assert_eq!(table.init(1, &[Slot::ZERO, X], 1, 1), Ok(()));
        // SAFETY: one table, not borrowed.
        let copied = unsafe { copy(table.vm(), table.vm(), [2, 1, 2]) };
        assert_eq!(copied, Ok(()));
        assert_eq!(table.elements(), [Slot::ZERO, X, X, Slot::ZERO]);
        // SAFETY: as above.
        assert_eq!(unsafe { copy(table.vm(), table.vm(), [2, 1, 3]) }, OUT);
    }
}
