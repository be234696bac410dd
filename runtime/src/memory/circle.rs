//! Memories whose upper half is there twice: where it belongs, and in front of the
//! lower half. Compiled code may then take a signed sum for an address (see
//! [`MemoryPlan::circular`](super::MemoryPlan::circular)).
//!
//! **What must never happen here:** a page in front of the memory is accessible that is
//! not the same page as the one 4 GiB behind it, or is not when that one is; or a part
//! of the mapping is left without pages, where the system might put something else.
//!
//! As long as a memory has not grown into its upper half, which nearly none does, there
//! is nothing in front but pages that fault. When it does, both places become mappings
//! of one file in memory.

use std::io;
use std::sync::atomic::Ordering;

use super::image::memory_file;
use super::mapping::{Mapping, round_up};
use super::pages;
use super::plan::HALF;

const MIDDLE: usize = HALF as usize;

impl Mapping {
    /// As [`Mapping::make_accessible`], in both places where there are two.
    ///
    /// # Errors
    /// If the system refuses, or the range goes beyond 4 GiB or the mapping.
    pub(crate) fn make_circle_accessible(&self, from: usize, to: usize) -> io::Result<()> {
        let too_large = || io::Error::from(io::ErrorKind::OutOfMemory);
        let start = round_up(from).ok_or_else(too_large)?.max(MIDDLE);
        let end = round_up(to).ok_or_else(too_large)?;
        if start >= end {
            return self.make_accessible(from, to);
        }
        if end > 2 * MIDDLE {
            return Err(too_large());
        }
        self.mirror()?;
        let (at, len) = (self.in_front().wrapping_add(start - MIDDLE), end - start);
        // SAFETY: in front of the base, where the mapping owns as much as `mirror` asks
        // for.
        unsafe { pages::make_accessible(at, len)? };
        self.make_accessible(from, to).inspect_err(|_| {
            // SAFETY: as above; no memory is as long as this yet.
            let _ = unsafe { pages::make_inaccessible(at, len) };
        })
    }

    /// Makes the upper half of the first 4 GiB, none of it accessible yet, the same as
    /// what is in front.
    fn mirror(&self) -> io::Result<()> {
        if self.mirrored.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.front() != MIDDLE || self.len() < 2 * MIDDLE {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let file = memory_file("bimetal-memory", MIDDLE)?;
        for at in self.halves() {
            // SAFETY: both lie in what the mapping owns, and nothing there was ever
            // accessible since it was reserved or reset.
            unsafe {
                pages::map_shared(at, MIDDLE, &file).inspect_err(|_| {
                    // What was there may be gone.
                    let _ = pages::map_nothing(at, MIDDLE);
                })?;
            }
        }
        self.mirrored.store(true, Ordering::Release);
        Ok(())
    }

    /// Makes everything inaccessible from 2 GiB on and in front, and gives its memory
    /// back.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn reset_upper(&mut self) -> io::Result<()> {
        let upper = self.len().saturating_sub(MIDDLE);
        if upper > 0 {
            // SAFETY: what the mapping owns, and nobody uses it any more.
            unsafe { pages::map_nothing(self.base().wrapping_add(MIDDLE), upper)? };
        }
        if self.front() > 0 {
            // SAFETY: as above.
            unsafe { pages::map_nothing(self.in_front(), self.front())? };
        }
        *self.mirrored.get_mut() = false;
        Ok(())
    }

    fn in_front(&self) -> *mut u8 {
        self.base().wrapping_sub(self.front())
    }

    /// Both places of the upper half.
    fn halves(&self) -> [*mut u8; 2] {
        [self.in_front(), self.base().wrapping_add(MIDDLE)]
    }
}
