//! Address space from the operating system: reserved first, made accessible
//! later, always zero.
//!
//! **What must never happen here:** a mapping is released while a store that
//! compiled code may still run in points into it.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr::NonNull;
use std::sync::atomic::AtomicBool;

use super::pages;

/// A range of address space that this value owns.
#[derive(Debug)]
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
    /// Bytes in front of the base.
    front: usize,
    /// Whether what is in front is the same memory as the upper half of the first 4 GiB.
    pub(super) mirrored: AtomicBool,
}

// SAFETY: the value owns plain memory; whoever reads or writes there answers for it.
unsafe impl Send for Mapping {}
// SAFETY: as above.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves `len` bytes, rounded up to whole pages of the host, none of them
    /// accessible yet.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn reserve(len: usize) -> io::Result<Mapping> {
        Mapping::reserve_behind(0, len)
    }

    /// The same behind `front` bytes, whole pages of the host, which stay inaccessible
    /// unless the mapping becomes a circle.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn reserve_behind(front: usize, len: usize) -> io::Result<Mapping> {
        let mut one = Mapping::reserve_many(front, len, 1)?;
        one.pop().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// Makes the first `to` bytes accessible, of which the first `from` already
    /// are. New bytes are zero. Of several threads, one does this at a time.
    ///
    /// # Errors
    /// If the system refuses, or the range goes beyond the mapping.
    pub(crate) fn make_accessible(&self, from: usize, to: usize) -> io::Result<()> {
        let out_of_memory = || io::Error::from(io::ErrorKind::OutOfMemory);
        let start = round_up(from).ok_or_else(out_of_memory)?;
        let end = round_up(to).ok_or_else(out_of_memory)?;
        if end > self.len {
            return Err(out_of_memory());
        }
        if start < end {
            // SAFETY: `start..end` lies inside the mapping, which this value owns.
            unsafe { pages::make_accessible(self.base.as_ptr().add(start), end - start)? };
        }
        Ok(())
    }

    /// As many mappings as asked for, each of `len` bytes behind `front` others, and made
    /// in one go. `front` is whole pages of the host.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn reserve_many(front: usize, len: usize, count: usize) -> io::Result<Vec<Mapping>> {
        let too_many = || io::Error::from(io::ErrorKind::OutOfMemory);
        let len = round_up(len.max(1)).ok_or_else(too_many)?;
        let each = front.checked_add(len).ok_or_else(too_many)?;
        // Parts of an allocation of Miri's cannot be freed one by one.
        if count == 0 || (cfg!(miri) && count > 1) {
            return (0..count).map(|_| Mapping::reserve_behind(front, len)).collect();
        }
        let whole = pages::reserve(each.checked_mul(count).ok_or_else(too_many)?)?;
        let parts = (0..count).map(|index| {
            let base = whole.wrapping_add(index * each + front);
            let base = NonNull::new(base).ok_or_else(too_many)?;
            Ok(Mapping { base, len, front, mirrored: AtomicBool::new(false) })
        });
        parts.collect()
    }

    /// A part of the mapping in whole pages of the host.
    ///
    /// # Errors
    /// If it is not inside the mapping.
    fn part(&self, range: Range<usize>) -> io::Result<(*mut u8, usize)> {
        let outside = || io::Error::from(io::ErrorKind::InvalidInput);
        let end = round_up(range.end).filter(|&end| end <= self.len).ok_or_else(outside)?;
        let len = end.checked_sub(range.start).ok_or_else(outside)?;
        if !range.start.is_multiple_of(pages::size()) {
            return Err(outside());
        }
        Ok((self.base.as_ptr().wrapping_add(range.start), len))
    }

    /// Makes a range inaccessible, which begins with a page of the host; its contents
    /// stay.
    ///
    /// # Errors
    /// If the system refuses, or the range is not inside the mapping.
    pub(crate) fn make_inaccessible(&mut self, range: Range<usize>) -> io::Result<()> {
        let (at, len) = self.part(range)?;
        // SAFETY: inside the mapping, which this value owns and nobody else uses.
        if len > 0 { unsafe { pages::make_inaccessible(at, len) } } else { Ok(()) }
    }

    /// Gives an accessible range, which begins with a page of the host, its first
    /// contents again, and the memory behind it back: zeros, or those of the file.
    ///
    /// # Errors
    /// If the system refuses, or the range is not inside the mapping.
    pub(crate) fn renew(&mut self, range: Range<usize>) -> io::Result<()> {
        let (at, len) = self.part(range)?;
        // SAFETY: as in `make_inaccessible`.
        if len > 0 { unsafe { pages::renew(at, len) } } else { Ok(()) }
    }

    /// Replaces a range, which begins with a page of the host, by accessible zeros.
    ///
    /// # Errors
    /// If the system refuses, or the range is not inside the mapping.
    pub(crate) fn map_zero(&mut self, range: Range<usize>) -> io::Result<()> {
        let (at, len) = self.part(range)?;
        // SAFETY: as in `make_inaccessible`.
        if len > 0 { unsafe { pages::map_zero(at, len) } } else { Ok(()) }
    }

    /// Replaces a range, which begins with a page of the host, by the contents of a
    /// file, accessible and changed by nobody else.
    ///
    /// # Errors
    /// If the system refuses or has no such thing, or the range is not inside the
    /// mapping.
    ///
    /// # Safety
    /// The file is as long as the range, in whole pages, and never changes again.
    pub(crate) unsafe fn map_file(&mut self, range: Range<usize>, file: &File) -> io::Result<()> {
        let (at, len) = self.part(range)?;
        // SAFETY: as in `make_inaccessible`, and the caller's promise.
        if len > 0 { unsafe { pages::map_file(at, len, file) } } else { Ok(()) }
    }

    /// Gives the memory behind a range back; its contents are lost, and it stays
    /// accessible. Best effort: the system may keep it.
    pub(crate) fn discard(&mut self, from: usize, to: usize) {
        let (Some(start), true) = (round_up(from), to <= self.len) else { return };
        if start < to {
            // SAFETY: `start..to` lies inside the mapping, which this value owns.
            unsafe { pages::discard(self.base.as_ptr().add(start), to - start) };
        }
    }

    /// Asks for large pages in a range that is not in use yet. Best effort.
    pub(crate) fn prefer_large_pages(&self, from: usize, to: usize) {
        if from < to && to <= self.len && from.is_multiple_of(pages::size()) {
            // SAFETY: `from..to` lies inside the mapping, which this value owns.
            unsafe { pages::prefer_large(self.base.as_ptr().add(from), to - from) };
        }
    }

    /// The first byte.
    #[inline]
    pub(crate) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The length in bytes: whole pages of the host.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bytes reserved in front of the first.
    pub(crate) fn front(&self) -> usize {
        self.front
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the value owns the range; the store drops its mappings when no
        // guest code can run in it any more. A failure leaks address space only.
        unsafe {
            pages::release(self.base.as_ptr().wrapping_sub(self.front), self.front + self.len);
        }
    }
}

/// `len` rounded up to whole pages of the host.
pub(crate) fn round_up(len: usize) -> Option<usize> {
    len.checked_next_multiple_of(pages::size())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_is_zero_where_it_was_made_accessible() {
        let mapping = Mapping::reserve(1 << 20).unwrap();
        mapping.make_accessible(0, 5000).unwrap();
        mapping.make_accessible(5000, 70_000).unwrap();
        // SAFETY: the first 70,000 bytes are accessible.
        let bytes = unsafe { std::slice::from_raw_parts(mapping.base(), 70_000) };
        assert!(bytes.iter().all(|&byte| byte == 0));
    }

    #[test]
    fn nothing_behind_the_mapping_can_be_made_accessible() {
        let mapping = Mapping::reserve(1 << 16).unwrap();
        assert!(mapping.make_accessible(0, mapping.len() + 1).is_err());
        assert!(mapping.make_accessible(0, usize::MAX).is_err());
    }

    #[test]
    fn a_reservation_beyond_the_address_space_is_an_error() {
        assert!(Mapping::reserve(usize::MAX).is_err());
        assert!(Mapping::reserve(1 << 60).is_err());
    }
}
