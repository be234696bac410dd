//! Slots: address space for one memory after another.
//!
//! **What must never happen here:** a slot is taken in which a byte of an earlier memory
//! can be read, or one more byte is accessible than its memory has, up to the end of the
//! page of the host.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use super::image::MemoryImage;
use super::mapping::{Mapping, round_up};
use super::pagemap;
use super::plan::HALF;

/// A memory up to this size is cleaned by writing zeros: quicker than to ask where it
/// was written to.
const SMALL: usize = 64 << 10;
/// How far from its start a memory is looked through for pages that were written to.
const SEARCHED: usize = 4 << 20;

/// Address space for a memory.
#[derive(Debug)]
pub(crate) struct MemorySlot {
    mapping: Mapping,
    /// So many bytes are accessible from the start: whole pages of the host.
    accessible: usize,
    /// Whether the memory that has it is to be a circle.
    circular: bool,
    /// What is mapped, and the contents of a new memory besides zeros.
    image: Option<Arc<MemoryImage>>,
}

impl MemorySlot {
    /// A slot that was never used.
    pub(crate) fn new(mapping: Mapping) -> MemorySlot {
        MemorySlot { mapping, accessible: 0, circular: false, image: None }
    }

    /// The first byte.
    pub(crate) fn base(&self) -> *mut u8 {
        self.mapping.base()
    }

    /// The reserved bytes.
    pub(crate) fn len(&self) -> usize {
        self.mapping.len()
    }

    /// Those in front of the first.
    pub(crate) fn front(&self) -> usize {
        self.mapping.front()
    }

    /// Whether preparing it for such a memory is little work.
    pub(crate) fn suits(&self, len: usize, image: Option<&Arc<MemoryImage>>) -> bool {
        same(self.image.as_ref(), image) && round_up(len) == Some(self.accessible)
    }

    /// Makes the first `len` bytes accessible, with the contents of an image, and no
    /// others but those that a circular memory has in front. The slot is new or clean.
    ///
    /// # Errors
    /// If the system refuses, or the slot is too small: then it is of no use.
    pub(crate) fn prepare(
        &mut self,
        circular: bool,
        len: usize,
        image: Option<&Arc<MemoryImage>>,
    ) -> io::Result<()> {
        let wanted = round_up(len).ok_or(io::ErrorKind::OutOfMemory)?;
        self.circular = circular;
        let kept = same(self.image.as_ref(), image);
        if !kept && let Some(old) = self.image.take() {
            self.mapping.map_zero(old.range())?;
        }
        if wanted < self.accessible {
            self.mapping.make_inaccessible(wanted..self.accessible)?;
        } else {
            self.commit(wanted)?;
        }
        self.accessible = wanted;
        if !kept && let Some(image) = image {
            if image.range().end > wanted {
                return Err(io::ErrorKind::InvalidInput.into());
            }
            image.map(&mut self.mapping)?;
            self.image = Some(Arc::clone(image));
        }
        Ok(())
    }

    /// Makes the first `len` bytes accessible, which are more than before.
    ///
    /// # Errors
    /// If the system refuses, or the slot is too small.
    pub(crate) fn extend(&mut self, len: usize) -> io::Result<()> {
        let wanted = round_up(len).ok_or(io::ErrorKind::OutOfMemory)?;
        if wanted > self.accessible {
            self.commit(wanted)?;
            self.accessible = wanted;
        }
        Ok(())
    }

    fn commit(&self, wanted: usize) -> io::Result<()> {
        if self.circular {
            self.mapping.make_circle_accessible(self.accessible, wanted)
        } else {
            self.mapping.make_accessible(self.accessible, wanted)
        }
    }

    /// Gives everything accessible its first contents again. Up to `keep` bytes are
    /// written; more go back to the system.
    ///
    /// # Errors
    /// If the system refuses: then the slot is of no use.
    pub(crate) fn clean(&mut self, keep: usize) -> io::Result<()> {
        if self.front() > 0 && self.accessible as u64 > HALF {
            // The next memory may be a circle, or none.
            self.mapping.reset_upper()?;
            self.accessible = HALF as usize;
        }
        if self.image.is_none() && self.accessible <= SMALL.min(keep) {
            // SAFETY: these bytes are accessible, and whoever had references to them is
            // gone with the memory.
            unsafe { self.base().write_bytes(0, self.accessible) };
            return Ok(());
        }
        let searched = self.accessible.min(SEARCHED);
        let searched = if keep > 0 && self.rewrite(searched, keep) { searched } else { 0 };
        if searched < self.accessible {
            self.mapping.renew(searched..self.accessible)?;
        }
        Ok(())
    }

    /// Writes the first contents to the pages before `end` that were written to, if
    /// these have at most `keep` bytes and the system tells which they are.
    fn rewrite(&mut self, end: usize, keep: usize) -> bool {
        let mut left = keep;
        pagemap::written(self.base(), 0..end, |range| {
            let Some(rest) = left.checked_sub(range.len()) else { return false };
            left = rest;
            self.restore(range);
            true
        })
    }

    /// Writes the first contents to a range, which is accessible.
    fn restore(&mut self, range: Range<usize>) {
        let image = self.image.as_deref();
        let whole = image.map_or(0..0, MemoryImage::range);
        // What is of the image, between two parts that are zero.
        let start = whole.start.clamp(range.start, range.end);
        let end = whole.end.clamp(start, range.end);
        let from = image.and_then(|image| image.bytes().get(start.checked_sub(whole.start)?..));
        let (base, middle) = (self.base(), end - start);
        // SAFETY: the range is accessible, as `clean` sees to; whoever had references
        // into it is gone with the memory, and an image lies elsewhere.
        unsafe {
            base.add(range.start).write_bytes(0, start - range.start);
            match from.filter(|from| from.len() >= middle) {
                Some(from) => std::ptr::copy_nonoverlapping(from.as_ptr(), base.add(start), middle),
                None => base.add(start).write_bytes(0, middle),
            }
            base.add(end).write_bytes(0, range.end - end);
        }
    }
}

/// Whether both are the same image, or none.
fn same(a: Option<&Arc<MemoryImage>>, b: Option<&Arc<MemoryImage>>) -> bool {
    a.map(Arc::as_ptr) == b.map(Arc::as_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cleaned_slot_is_zero_however_much_was_written() {
        for (len, writes) in [(1 << 16, 3), (1 << 20, 7), (1 << 20, 256), (5 << 20, 100)] {
            for keep in [0, 4 << 10, 256 << 10, 8 << 20] {
                let mut slot = MemorySlot::new(Mapping::reserve(8 << 20).unwrap());
                slot.prepare(false, len, None).unwrap();
                for index in 0..writes {
                    // SAFETY: inside the accessible part.
                    unsafe { slot.base().add(index * (len / writes) + 17).write(1) };
                }
                slot.clean(keep).unwrap();
                assert!(slot.suits(len, None) && !slot.suits(len / 2, None));
                // SAFETY: these bytes are accessible, and nobody writes to them.
                let bytes = unsafe { std::slice::from_raw_parts(slot.base(), len) };
                assert!(bytes.iter().all(|&byte| byte == 0), "{len} {writes} {keep}");
            }
        }
    }
}
