//! Memory for the small things that live as long as their store and never move: taken
//! from few allocations, given back all at once.
//!
//! **What must never happen here:** two things overlap, or one is used when the store's
//! cells are gone.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::ptr::{NonNull, null_mut};

/// The bytes of the first chunk: with what the allocator notes of it, still one of those
/// that allocators have at hand.
const FIRST: usize = 1024;
/// No chunk is larger, unless one thing is.
const MOST: usize = 64 << 10;
/// Alignment of chunks.
const ALIGN: usize = 16;

/// Memory for values that are never freed one by one, nor dropped.
#[derive(Debug)]
pub(crate) struct Cells {
    /// The free part of the last chunk.
    at: *mut u8,
    free: usize,
    last: *mut Chunk,
    /// The bytes of the next chunk.
    next: usize,
}

/// What stands at the start of a chunk.
#[derive(Debug)]
struct Chunk {
    before: *mut Chunk,
    layout: Layout,
}

impl Cells {
    /// None yet.
    pub(crate) const fn new() -> Cells {
        Cells { at: null_mut(), free: 0, last: null_mut(), next: FIRST }
    }

    /// Keeps a value, without ever dropping it.
    pub(crate) fn add<T>(&mut self, value: T) -> NonNull<T> {
        let place = self.room(Layout::new::<T>()).cast::<T>();
        // SAFETY: the place has the size and alignment of a `T`, and nobody else has it.
        unsafe { place.write(value) };
        place
    }

    /// Memory of this size and alignment, with any contents.
    ///
    /// # Panics
    /// If the layout is aligned to more than 16 bytes.
    pub(crate) fn room(&mut self, layout: Layout) -> NonNull<u8> {
        assert!(layout.align() <= ALIGN, "cells are aligned to {ALIGN} bytes");
        let skipped = self.at.align_offset(layout.align());
        let needed = skipped.saturating_add(layout.size());
        if self.at.is_null() || needed > self.free {
            return self.grow(layout);
        }
        // SAFETY: `needed` bytes from `at` on are free in the last chunk.
        unsafe {
            let place = self.at.add(skipped);
            self.at = self.at.add(needed);
            self.free -= needed;
            NonNull::new_unchecked(place)
        }
    }

    #[cold]
    fn grow(&mut self, wanted: Layout) -> NonNull<u8> {
        let head = size_of::<Chunk>().next_multiple_of(ALIGN);
        let size = self.next.max(head.saturating_add(wanted.size()));
        let layout = Layout::from_size_align(size, ALIGN)
            .unwrap_or_else(|_| panic!("a cell of {} bytes", wanted.size()));
        // SAFETY: the size is not zero.
        let Some(chunk) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        self.next = (self.next * 2).min(MOST);
        // SAFETY: the chunk has room for its head, which it is aligned for, and for
        // what is wanted behind it.
        unsafe {
            let before = std::mem::replace(&mut self.last, chunk.cast().as_ptr());
            self.last.write(Chunk { before, layout });
            self.at = chunk.as_ptr().add(head + wanted.size());
            self.free = size - head - wanted.size();
            chunk.add(head)
        }
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        while !self.last.is_null() {
            // SAFETY: made in `grow` with this layout, and freed only here.
            unsafe {
                let Chunk { before, layout } = self.last.read();
                dealloc(self.last.cast(), layout);
                self.last = before;
            }
        }
    }
}

/// A list in cells, with room for so many values from the start.
#[derive(Debug)]
pub(crate) struct CellList<T> {
    base: NonNull<T>,
    len: usize,
    capacity: usize,
}

impl<T: Copy> CellList<T> {
    /// An empty list. The cells outlive it.
    pub(crate) fn new(capacity: usize, cells: &mut Cells) -> CellList<T> {
        let room = Layout::array::<T>(capacity).expect("lists are as long as those of a module");
        CellList { base: cells.room(room).cast(), len: 0, capacity }
    }

    /// Adds a value.
    ///
    /// # Panics
    /// If there is no more room.
    pub(crate) fn push(&mut self, value: T) {
        assert!(self.len < self.capacity, "a list of cells is full");
        // SAFETY: there is room behind the last value.
        unsafe { self.base.add(self.len).write(value) };
        self.len += 1;
    }

    /// The values.
    pub(crate) fn as_slice(&self) -> &[T] {
        // SAFETY: so many values were written, and nobody writes to them again.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places_and_do_not_overlap() {
        let mut cells = Cells::new();
        let places: Vec<_> = (0..10_000u64).map(|i| (cells.add(i as u8), cells.add(i))).collect();
        for (i, (small, large)) in places.iter().enumerate() {
            assert!(large.is_aligned());
            // SAFETY: the cells are alive.
            assert_eq!(unsafe { (small.read(), large.read()) }, (i as u8, i as u64));
        }
    }

    #[test]
    fn a_list_holds_what_was_pushed() {
        let mut cells = Cells::new();
        let mut list = CellList::new(3, &mut cells);
        (1..=3).for_each(|i| list.push(i));
        assert_eq!(list.as_slice(), [1, 2, 3]);
        assert!(CellList::<u64>::new(0, &mut cells).as_slice().is_empty());
    }

    #[test]
    fn something_larger_than_a_chunk_has_one_of_its_own() {
        let mut cells = Cells::new();
        for size in [0, 1, 2 * MOST, 0, FIRST, 16, 5] {
            let place = cells.room(Layout::from_size_align(size, 16).unwrap());
            // SAFETY: so many bytes were asked for.
            unsafe { place.write_bytes(1, size) };
            assert_eq!(place.as_ptr().align_offset(16), 0);
        }
    }
}
