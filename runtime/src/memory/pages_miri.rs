//! Pages for Miri, which knows no address space that is reserved first and
//! accessible later: memory of the allocator, accessible from the start.

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fs::File;
use std::io;

/// The most bytes that one reservation may have: Miri makes room for all of them.
const MOST: usize = 1 << 32;

/// Enough for everything; with more, every byte would be touched here.
const ALIGN: usize = 16;

/// The bytes of a page.
pub(super) fn size() -> usize {
    4096
}

/// Whole pages, which are zero.
pub(super) fn reserve(len: usize) -> io::Result<*mut u8> {
    if len == 0 || len > MOST {
        return Err(io::ErrorKind::OutOfMemory.into());
    }
    let layout = Layout::from_size_align(len, ALIGN).map_err(io::Error::other)?;
    // SAFETY: the layout is not empty.
    Ok(unsafe { alloc_zeroed(layout) })
}

/// The pages are accessible already.
///
/// # Safety
/// The caller owns the pages.
pub(super) unsafe fn make_accessible(_: *mut u8, _: usize) -> io::Result<()> {
    Ok(())
}

/// The pages stay accessible.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn make_inaccessible(_: *mut u8, _: usize) -> io::Result<()> {
    Ok(())
}

/// There are no files that could be mapped.
///
/// # Safety
/// None is needed.
pub(super) unsafe fn map_shared(_: *mut u8, _: usize, _: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The pages stay accessible.
///
/// # Safety
/// None is needed.
pub(super) unsafe fn map_nothing(_: *mut u8, _: usize) -> io::Result<()> {
    Ok(())
}

/// Makes pages zero.
///
/// # Safety
/// As of [`discard`].
pub(super) unsafe fn renew(at: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: the caller's promise.
    unsafe { discard(at, len) };
    Ok(())
}

/// Makes pages zero.
///
/// # Safety
/// As of [`discard`].
pub(super) unsafe fn map_zero(at: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: the caller's promise.
    unsafe { renew(at, len) }
}

/// There are no mapped files.
///
/// # Safety
/// As of [`discard`].
pub(super) unsafe fn map_file(_: *mut u8, _: usize, _: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes pages zero.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn discard(at: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    unsafe { at.write_bytes(0, len) };
}

/// There are no large pages.
///
/// # Safety
/// The caller owns the pages.
pub(super) unsafe fn prefer_large(_: *mut u8, _: usize) {}

/// Releases what [`reserve`] gave.
///
/// # Safety
/// The caller owns the pages and uses them no more.
pub(super) unsafe fn release(at: *mut u8, len: usize) {
    // SAFETY: `reserve` allocated with this layout, which was valid then.
    unsafe { dealloc(at, Layout::from_size_align_unchecked(len, ALIGN)) };
}
