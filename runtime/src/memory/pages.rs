//! Pages of the operating system.

use std::fs::File;
use std::io;
use std::ptr::null_mut;

use rustix::mm::{
    Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap, mmap_anonymous, mprotect, munmap,
};

/// The bytes of a page.
pub(super) fn size() -> usize {
    rustix::param::page_size()
}

/// Whole pages, none of them accessible.
pub(super) fn reserve(len: usize) -> io::Result<*mut u8> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a fresh anonymous mapping replaces nothing.
    let base = unsafe { mmap_anonymous(null_mut(), len, ProtFlags::empty(), flags)? };
    Ok(base.cast())
}

/// Makes reserved pages accessible.
///
/// # Safety
/// The caller owns the pages.
pub(super) unsafe fn make_accessible(at: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: the caller's promise.
    unsafe { mprotect(at.cast(), len, MprotectFlags::READ | MprotectFlags::WRITE)? };
    Ok(())
}

/// Makes pages inaccessible. Their contents stay.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn make_inaccessible(at: *mut u8, len: usize) -> io::Result<()> {
    // SAFETY: the caller's promise.
    unsafe { mprotect(at.cast(), len, MprotectFlags::empty())? };
    Ok(())
}

/// Gives accessible pages the contents that they had when they were mapped, and their
/// memory back.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn renew(at: *mut u8, len: usize) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the caller's promise. Here, the advice is an order.
    unsafe {
        madvise(at.cast(), len, Advice::LinuxDontNeed)?;
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: the caller's promise. Files are mapped on Linux only.
    unsafe {
        map_zero(at, len)?;
    }
    Ok(())
}

/// Replaces pages by accessible ones that are zero.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn map_zero(at: *mut u8, len: usize) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's promise.
    unsafe { mmap_anonymous(at.cast(), len, ProtFlags::READ | ProtFlags::WRITE, flags)? };
    Ok(())
}

/// Replaces pages by accessible ones with the contents of a file, which writing to them
/// does not change.
///
/// # Safety
/// The caller owns the pages, nobody has a reference to what is in them, and the file
/// is at least as long and never changes again.
pub(super) unsafe fn map_file(at: *mut u8, len: usize, file: &File) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's promise.
    unsafe { mmap(at.cast(), len, ProtFlags::READ | ProtFlags::WRITE, flags, file, 0)? };
    Ok(())
}

/// Replaces pages by those of a file from its beginning on, none of them accessible yet:
/// what is written to one of its pages shows wherever that page is mapped.
///
/// # Safety
/// The caller owns the pages, nobody has a reference to what is in them, and the file is
/// at least as long.
pub(super) unsafe fn map_shared(at: *mut u8, len: usize, file: &File) -> io::Result<()> {
    let flags = MapFlags::SHARED | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's promise.
    unsafe { mmap(at.cast(), len, ProtFlags::empty(), flags, file, 0)? };
    Ok(())
}

/// Replaces pages by what [`reserve`] gives.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn map_nothing(at: *mut u8, len: usize) -> io::Result<()> {
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
    // SAFETY: the caller's promise.
    unsafe { mmap_anonymous(at.cast(), len, ProtFlags::empty(), flags)? };
    Ok(())
}

/// Gives back the memory behind accessible pages. Best effort.
///
/// # Safety
/// The caller owns the pages, and nobody has a reference to what is in them.
pub(super) unsafe fn discard(at: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    let _ = unsafe { madvise(at.cast(), len, Advice::DontNeed) };
}

/// Asks for large pages, which take effect where memory is touched later. Best effort.
///
/// # Safety
/// The caller owns the pages.
pub(super) unsafe fn prefer_large(at: *mut u8, len: usize) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the caller's promise.
    let _ = unsafe { madvise(at.cast(), len, Advice::LinuxHugepage) };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (at, len);
}

/// Releases what [`reserve`] gave. A failure leaks address space only.
///
/// # Safety
/// The caller owns the pages and uses them no more.
pub(super) unsafe fn release(at: *mut u8, len: usize) {
    // SAFETY: the caller's promise.
    let _ = unsafe { munmap(at.cast(), len) };
}
