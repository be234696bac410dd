//! The types of memories.

use bimetal_core::types as core;

use crate::error::{Error, Result};

/// The type of a memory.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType(core::MemoryType);

impl MemoryType {
    /// A memory with 32-bit addresses, its sizes in pages of 64 KiB.
    pub fn new(minimum: u32, maximum: Option<u32>) -> MemoryType {
        MemoryType(core::MemoryType {
            addr: core::AddrType::I32,
            limits: core::Limits { min: minimum.into(), max: maximum.map(u64::from) },
            shared: false,
            page_size_log2: 16,
        })
    }

    /// A memory with 64-bit addresses, its sizes in pages of 64 KiB.
    pub fn new64(minimum: u64, maximum: Option<u64>) -> MemoryType {
        MemoryType(core::MemoryType {
            addr: core::AddrType::I64,
            limits: core::Limits { min: minimum, max: maximum },
            shared: false,
            page_size_log2: 16,
        })
    }

    /// A shared memory with 32-bit addresses, its sizes in pages of 64 KiB: see
    /// [`SharedMemory`](crate::SharedMemory).
    pub fn shared(minimum: u32, maximum: u32) -> MemoryType {
        let MemoryType(plain) = MemoryType::new(minimum, Some(maximum));
        MemoryType(core::MemoryType { shared: true, ..plain })
    }

    /// The same memory with its sizes in pages of 2^`log2` bytes: 1 or 64 KiB.
    ///
    /// # Errors
    /// If `log2` is neither 0 nor 16.
    pub fn with_page_size_log2(self, log2: u8) -> Result<MemoryType> {
        if log2 != 0 && log2 != 16 {
            return Err(Error::msg(format!("a page has 1 or 65536 bytes, not 2^{log2}")));
        }
        Ok(MemoryType(core::MemoryType { page_size_log2: log2, ..self.0 }))
    }

    pub(crate) fn from_core(ty: core::MemoryType) -> MemoryType {
        MemoryType(ty)
    }

    pub(crate) fn as_core(&self) -> &core::MemoryType {
        &self.0
    }

    /// The least number of pages.
    pub fn minimum(&self) -> u64 {
        self.0.limits.min
    }

    /// The greatest number of pages, if there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.0.limits.max
    }

    /// Whether addresses have 64 bits.
    pub fn is_64(&self) -> bool {
        self.0.addr == core::AddrType::I64
    }

    /// Whether several threads may use the memory.
    pub fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Bytes in a page.
    pub fn page_size(&self) -> u64 {
        self.0.page_size()
    }
}
