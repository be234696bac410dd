//! Memory that holds machine code.
//!
//! **What must never happen here:** memory is writable and executable at once,
//! or is released while anything can still run in it or return to it. A block is
//! filled before it becomes executable and never written again; whoever owns it
//! outlives every instance that runs its code.

use std::io;
use std::ptr::NonNull;

use cranelift_jit::{ArenaMemoryProvider, BranchProtection, JITMemoryKind, JITMemoryProvider};

/// A sealed block of machine code.
pub(crate) struct CodeBlock {
    arena: ArenaMemoryProvider,
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the block is read-only for its whole life; the arena is used again only
// to drop it.
unsafe impl Send for CodeBlock {}
// SAFETY: as above.
unsafe impl Sync for CodeBlock {}

impl CodeBlock {
    /// A block of `len` bytes filled by `fill`, which is given the bytes and the
    /// address at which they will run.
    ///
    /// # Errors
    /// If the system refuses, or `fill` does.
    pub(crate) fn new<E: From<io::Error>>(
        len: usize,
        fill: impl FnOnce(&mut [u8], usize) -> Result<(), E>,
    ) -> Result<CodeBlock, E> {
        let page = rustix::param::page_size();
        let len = len.max(1).checked_next_multiple_of(page).ok_or(io::ErrorKind::OutOfMemory);
        let len = len.map_err(io::Error::from)?;
        let mut arena = ArenaMemoryProvider::new_with_size(len).map_err(io::Error::other)?;
        let base = arena.allocate(len, page as u64, JITMemoryKind::Executable)?;
        let base = NonNull::new(base).ok_or(io::ErrorKind::OutOfMemory).map_err(io::Error::from)?;
        let mut block = CodeBlock { arena, base, len };
        // SAFETY: the memory is fresh, `len` long, zero and known to nobody else.
        let bytes = unsafe { std::slice::from_raw_parts_mut(block.base.as_ptr(), len) };
        fill(bytes, block.address())?;
        block.arena.finalize(BranchProtection::None).map_err(io::Error::other)?;
        Ok(block)
    }

    /// The address of the first byte.
    pub(crate) fn address(&self) -> usize {
        self.base.as_ptr() as usize
    }

    /// The address of the byte at this offset.
    ///
    /// # Panics
    /// If it lies outside the block.
    pub(crate) fn at(&self, offset: usize) -> *mut u8 {
        assert!(offset < self.len, "an offset outside the block of code");
        self.base.as_ptr().wrapping_add(offset)
    }

    /// The length in bytes: whole pages.
    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

impl Drop for CodeBlock {
    fn drop(&mut self) {
        // SAFETY: the value owns the memory; by the rule above nothing runs in it
        // any more.
        unsafe { self.arena.free_memory() };
    }
}

impl std::fmt::Debug for CodeBlock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CodeBlock").field("base", &self.base).field("len", &self.len).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_holds_what_it_was_filled_with() {
        let block = CodeBlock::new::<io::Error>(5000, |bytes, _| {
            bytes[..5000].fill(0xcc);
            Ok(())
        });
        let block = block.unwrap();
        assert_eq!(block.len() % rustix::param::page_size(), 0);
        // SAFETY: the block is readable.
        let bytes = unsafe { std::slice::from_raw_parts(block.at(0), block.len()) };
        assert!(bytes[..5000].iter().all(|&byte| byte == 0xcc));
        assert!(bytes[5000..].iter().all(|&byte| byte == 0));
    }

    #[test]
    fn a_block_larger_than_the_address_space_is_an_error() {
        assert!(CodeBlock::new::<io::Error>(usize::MAX, |_, _| Ok(())).is_err());
        assert!(CodeBlock::new::<io::Error>(1 << 60, |_, _| Ok(())).is_err());
    }
}
