//! Values at fixed addresses, found by number.

use std::ptr::NonNull;

use crate::cells::Cells;

/// An append-only list of values that never move.
///
/// Guest code holds pointers to (parts of) the values, so they are kept in cells, which
/// outlive the list: moving the list asserts nothing about them.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    items: Vec<NonNull<T>>,
}

impl<T> Arena<T> {
    /// An empty arena.
    pub(crate) const fn new() -> Arena<T> {
        Arena { items: Vec::new() }
    }

    /// How many values there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// Adds a value and returns its number.
    pub(crate) fn push(&mut self, value: T, cells: &mut Cells) -> u32 {
        let index = u32::try_from(self.items.len()).expect("fewer than 2^32 values fit in memory");
        self.items.push(cells.add(value));
        index
    }

    /// The value with this number.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> &T {
        // SAFETY: the pointer is from `push` and valid until `drop`; `&self`
        // keeps `get_mut` away, and guest code does not run meanwhile.
        unsafe { self.items[index as usize].as_ref() }
    }

    /// The value with this number.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    pub(crate) fn get_mut(&mut self, index: u32) -> &mut T {
        // SAFETY: as in `get`, and `&mut self` makes the borrow the only one.
        unsafe { self.items[index as usize].as_mut() }
    }

    /// The address of the value with this number: valid as long as the arena.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn ptr(&self, index: u32) -> *mut T {
        self.items[index as usize].as_ptr()
    }
}

impl<T> Drop for Arena<T> {
    fn drop(&mut self) {
        for item in self.items.drain(..) {
            // SAFETY: the cell was filled in `push`, and is used for the last time.
            unsafe { item.drop_in_place() };
        }
    }
}
