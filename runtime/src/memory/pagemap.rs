//! Where a process has written to a range of memory: what the system's `pagemap` file
//! says (Linux 6.7 or later).
//!
//! **What must never happen here:** a page that was written to is not reported. A page
//! counts as written to if it is present or swapped out and neither a page of a file nor
//! the one page of zeros; one that was never touched, or only read, is none of these.
//!
//! `mincore` would not do: it knows nothing of pages that are swapped out.

use std::fs::File;
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::sync::OnceLock;

use rustix::mm::{Advice, madvise};

use super::mapping::Mapping;

/// Ranges that are told at once.
const MOST: usize = 64;

/// The request `PAGEMAP_SCAN`: `_IOWR('f', 16, struct pm_scan_arg)`.
const SCAN: u64 = 3 << 30 | (size_of::<Scan>() as u64) << 16 | (b'f' as u64) << 8 | 16;

/// Categories of pages.
const FILE: u64 = 1 << 2;
const PRESENT: u64 = 1 << 3;
const SWAPPED: u64 = 1 << 4;
const ZERO: u64 = 1 << 5;

/// `struct pm_scan_arg`
#[repr(C)]
struct Scan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    /// Written by the system: how far it came.
    walk_end: u64,
    found: u64,
    found_len: u64,
    max_pages: u64,
    /// These categories are asked for where a page does not have them.
    inverted: u64,
    /// All of these are asked for.
    all: u64,
    /// And one of these.
    any: u64,
    returned: u64,
}

/// `struct page_region`
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Region {
    start: u64,
    end: u64,
    categories: u64,
}

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

    /// Regions from `start` on that were written to: how many, and up to where there
    /// are no others.
    fn scan(&self, start: u64, end: u64, regions: &mut [Region; MOST]) -> Option<(usize, u64)> {
        let mut scan = Scan {
            size: size_of::<Scan>() as u64,
            flags: 0,
            start,
            end,
            walk_end: 0,
            found: regions.as_mut_ptr().expose_provenance() as u64,
            found_len: MOST as u64,
            max_pages: 0,
            inverted: FILE | ZERO,
            all: FILE | ZERO,
            any: PRESENT | SWAPPED,
            returned: PRESENT,
        };
        // SAFETY: the system reads and writes the structure, and writes at most so many
        // regions as it is told.
        let count = unsafe { libc::ioctl(self.file.as_raw_fd(), SCAN as _, &raw mut scan) };
        Some((usize::try_from(count).ok()?, scan.walk_end))
    }

    fn is_of_this_process(&self) -> bool {
        // SAFETY: the page is accessible and never written to again.
        unsafe { self.own.base().read_volatile() == 1 }
    }
}

/// Calls `each` with the parts of a range that the process has written to, as offsets
/// from `base` and in order; both ends of the range are those of pages. Stops where `each`
/// says no. Whether it came to the end: not if nobody tells.
pub(super) fn written(
    base: *const u8,
    range: Range<usize>,
    mut each: impl FnMut(Range<usize>) -> bool,
) -> bool {
    static PAGEMAP: OnceLock<Option<Pagemap>> = OnceLock::new();
    let Some(pagemap) = PAGEMAP.get_or_init(Pagemap::open) else { return false };
    if !pagemap.is_of_this_process() {
        return false;
    }
    let base = base.addr() as u64;
    let (mut start, end) = (base + range.start as u64, base + range.end as u64);
    while start < end {
        let mut regions = [Region::default(); MOST];
        let Some((count, next)) = pagemap.scan(start, end, &mut regions) else { return false };
        for region in regions.iter().take(count) {
            if !each((region.start - base) as usize..(region.end - base) as usize) {
                return false;
            }
        }
        if next <= start {
            return false;
        }
        start = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_reported_that_were_written_to() {
        let page = rustix::param::page_size();
        let mapping = Mapping::reserve(8 * page).unwrap();
        mapping.make_accessible(0, 8 * page).unwrap();
        for index in [1, 2, 7] {
            // SAFETY: inside the mapping, which is accessible.
            unsafe { mapping.base().add(index * page + 5).write_volatile(3) };
        }
        let mut found = Vec::new();
        let told = written(mapping.base(), 0..8 * page, |range| {
            found.push(range.start / page..range.end / page);
            true
        });
        // A system that does not tell is none of our failures.
        assert!(!told || found == [1..3, 7..8], "{found:?}");
    }

    #[test]
    fn there_may_be_more_ranges_than_are_told_at_once() {
        let (page, count) = (rustix::param::page_size(), 3 * MOST);
        let mapping = Mapping::reserve(2 * count * page).unwrap();
        mapping.make_accessible(0, 2 * count * page).unwrap();
        for index in 0..count {
            // SAFETY: inside the mapping, which is accessible.
            unsafe { mapping.base().add(2 * index * page).write_volatile(3) };
        }
        let mut found = 0;
        let told = written(mapping.base(), 0..2 * count * page, |range| {
            assert_eq!((range.start, range.len()), (2 * found * page, page));
            found += 1;
            true
        });
        assert!(!told || found == count, "{found}");
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
