//! Which pages of its own a process has in a range: what the system's `pagemap` file
//! says.
//!
//! **What must never happen here:** a page that was written to is not reported. A page
//! counts as written to if it is present or swapped out and not a page of a file; one
//! that was never touched, or only read where a file is mapped, is neither.
//!
//! `mincore` would not do: it knows nothing of pages that are swapped out.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::OnceLock;

use rustix::mm::{Advice, madvise};

use super::mapping::Mapping;
use super::pages;

/// Pages that are asked about at once.
pub(super) const MOST: usize = 512;

const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
/// The page belongs to a file or is shared: it is not a copy of our own.
const OF_FILE: u64 = 1 << 61;

/// The file, which is about the address space that opened it: not about that of a child
/// process, which inherits it.
struct Pagemap {
    file: File,
    /// A page whose first byte is 1, and 0 in every child.
    own: Mapping,
}

impl Pagemap {
    fn open() -> Option<Pagemap> {
        let own = Mapping::reserve(1).ok()?;
        own.make_accessible(0, 1).ok()?;
        // SAFETY: the page was just made and is ours.
        unsafe {
            madvise(own.base().cast(), own.len(), Advice::LinuxWipeOnFork).ok()?;
            own.base().write_volatile(1);
        }
        Some(Pagemap { file: File::open("/proc/self/pagemap").ok()?, own })
    }

    fn is_of_this_process(&self) -> bool {
        // SAFETY: the page is accessible and never written to again.
        unsafe { self.own.base().read_volatile() == 1 }
    }
}

/// Which of up to [`MOST`] pages from `at` on, the start of a page, the process has
/// written to. `None` if nobody tells.
pub(super) fn written(at: *const u8, count: usize) -> Option<impl Iterator<Item = bool>> {
    static PAGEMAP: OnceLock<Option<Pagemap>> = OnceLock::new();
    let pagemap = PAGEMAP.get_or_init(Pagemap::open).as_ref()?;
    if count > MOST || !pagemap.is_of_this_process() {
        return None;
    }
    let mut entries = [0; MOST * 8];
    let first = at.addr() / pages::size();
    pagemap.file.read_exact_at(entries.get_mut(..count * 8)?, first as u64 * 8).ok()?;
    Some((0..count).map(move |index| {
        let mut entry = [0; 8];
        entry.copy_from_slice(&entries[index * 8..][..8]);
        let entry = u64::from_ne_bytes(entry);
        entry & SWAPPED != 0 || entry & PRESENT != 0 && entry & OF_FILE == 0
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_reported_that_were_written_to() {
        let page = pages::size();
        let mapping = Mapping::reserve(8 * page).unwrap();
        mapping.make_accessible(0, 8 * page).unwrap();
        for index in [1, 2, 7] {
            // SAFETY: inside the mapping, which is accessible.
            unsafe { mapping.base().add(index * page + 5).write_volatile(3) };
        }
        // A system that does not tell is none of our failures.
        let Some(written) = written(mapping.base(), 8) else { return };
        let written: Vec<bool> = written.collect();
        assert_eq!(written, [false, true, true, false, false, false, false, true]);
    }

    #[test]
    fn a_child_process_does_not_use_what_tells_about_its_parent() {
        let Some(pagemap) = Pagemap::open() else { return };
        assert!(pagemap.is_of_this_process());
        // SAFETY: the child reads a byte and ends.
        let status = unsafe {
            let child = libc::fork();
            if child == 0 {
                libc::_exit(i32::from(pagemap.is_of_this_process()));
            }
            let mut status = -1;
            libc::waitpid(child, &raw mut status, 0);
            status
        };
        assert_eq!(status, 0);
        assert!(pagemap.is_of_this_process());
    }
}
