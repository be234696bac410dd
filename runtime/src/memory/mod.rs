//! Linear memories.

mod atomic;
mod copy;
mod mapping;
#[cfg(not(miri))]
mod pages;
#[cfg(miri)]
#[path = "pages_miri.rs"]
mod pages;
pub mod plan;
mod shared;
mod waiters;

use std::fmt;
use std::ptr::NonNull;

use bimetal_core::addr::range_in_bounds;
use bimetal_core::types::MemoryType;

use crate::limits::{ResourceError, Settings, StoreLimits};
use crate::vmctx::VmMemory;

pub use atomic::{atomic_access, load_bytes, store_bytes};
pub use copy::LargeCopy;
pub(crate) use mapping::Mapping;
pub use plan::MemoryPlan;
pub use shared::SharedMemory;
pub use waiters::WaitResult;

/// A linear memory.
#[derive(Debug)]
pub struct Memory(Kind);

#[derive(Debug)]
enum Kind {
    /// Of one store.
    Own(Own),
    /// Of several stores.
    Shared(SharedMemory),
}

/// A memory that one store uses.
#[derive(Debug)]
struct Own {
    ty: MemoryType,
    plan: MemoryPlan,
    mapping: Mapping,
    /// The limit of growth in bytes: the type's and the store's.
    max_bytes: u64,
    /// What guest code reads. A raw allocation, because guest code keeps its
    /// address while `self` is borrowed.
    vm: NonNull<VmMemory>,
}

/// What a new memory takes of the address space.
struct Space {
    plan: MemoryPlan,
    mapping: Mapping,
    /// As much as it may become long.
    max_bytes: u64,
    /// As much of the mapping is accessible.
    len: u64,
}

impl Space {
    fn new(
        ty: &MemoryType,
        settings: &Settings,
        limits: &StoreLimits,
    ) -> Result<Space, ResourceError> {
        let plan = MemoryPlan::new(ty, settings);
        let max_pages = ty.limits.max.unwrap_or(u64::MAX).min(ty.max_pages());
        let max_bytes = max_pages.saturating_mul(ty.page_size()).min(limits.memory_bytes());
        let len = ty.limits.min.checked_mul(ty.page_size()).filter(|&len| len <= max_bytes);
        let Some(len) = len else {
            return Err(ResourceError::new(format!(
                "a memory of {} pages exceeds the limit of {max_bytes} bytes",
                ty.limits.min
            )));
        };
        let refused = |what: &str, bytes: u64, error: std::io::Error| {
            ResourceError::new(format!("cannot {what} {bytes} bytes for a memory: {error}"))
        };
        let total = plan.reservation.saturating_add(plan.guard);
        let mapping = Mapping::reserve(usize::try_from(total).unwrap_or(usize::MAX))
            .map_err(|error| refused("reserve", total, error))?;
        mapping
            .make_accessible(0, usize::try_from(len).unwrap_or(usize::MAX))
            .map_err(|error| refused("commit", len, error))?;
        Ok(Space { plan, mapping, max_bytes, len })
    }
}

impl Memory {
    /// A memory of its minimal size, all zero.
    ///
    /// # Errors
    /// If the store's limits or the system refuse it.
    pub fn new(
        ty: MemoryType,
        settings: &Settings,
        limits: &StoreLimits,
    ) -> Result<Memory, ResourceError> {
        if ty.shared {
            return SharedMemory::new(ty, settings, limits).map(Memory::from);
        }
        let Space { plan, mapping, max_bytes, len } = Space::new(&ty, settings, limits)?;
        let vm = Box::new(VmMemory { base: mapping.base(), len: len.into() });
        let vm = NonNull::from(Box::leak(vm));
        Ok(Memory(Kind::Own(Own { ty, plan, mapping, max_bytes, vm })))
    }

    /// The shared memory, if it is one.
    #[inline]
    pub fn shared(&self) -> Option<&SharedMemory> {
        match &self.0 {
            Kind::Own(_) => None,
            Kind::Shared(memory) => Some(memory),
        }
    }

    /// The type it was made with.
    pub fn ty(&self) -> &MemoryType {
        match &self.0 {
            Kind::Own(memory) => &memory.ty,
            Kind::Shared(memory) => memory.ty(),
        }
    }

    /// How it lies in the address space.
    pub fn plan(&self) -> &MemoryPlan {
        match &self.0 {
            Kind::Own(memory) => &memory.plan,
            Kind::Shared(memory) => memory.plan(),
        }
    }

    /// The structure that guest code reads: valid as long as the memory.
    pub fn vm(&self) -> *mut VmMemory {
        match &self.0 {
            Kind::Own(memory) => memory.vm.as_ptr(),
            Kind::Shared(memory) => memory.vm(),
        }
    }

    /// The length in bytes.
    #[inline]
    pub fn byte_len(&self) -> u64 {
        match &self.0 {
            Kind::Own(memory) => memory.byte_len(),
            Kind::Shared(memory) => memory.byte_len(),
        }
    }

    /// The length in pages.
    pub fn pages(&self) -> u64 {
        self.byte_len() / self.ty().page_size()
    }

    /// Grows by `delta` pages and returns the previous length in pages, or
    /// `None`, without effect, if the type, the store's limits or the system
    /// forbid it (spec: *Execution / Modules / Growing memories*).
    pub fn grow(&mut self, delta: u64) -> Option<u64> {
        match &mut self.0 {
            Kind::Own(memory) => memory.grow(delta),
            Kind::Shared(memory) => memory.grow(delta),
        }
    }

    /// The contents. Those of a shared memory cannot be borrowed: then empty.
    #[inline]
    pub fn data(&self) -> &[u8] {
        let Kind::Own(memory) = &self.0 else { return &[] };
        // SAFETY: the first `byte_len` bytes of the mapping are accessible and
        // initialised; nobody writes while the store is borrowed.
        unsafe { std::slice::from_raw_parts(memory.mapping.base(), memory.byte_len() as usize) }
    }

    /// The contents. Those of a shared memory cannot be borrowed: then empty.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [u8] {
        let Kind::Own(memory) = &mut self.0 else { return &mut [] };
        // SAFETY: as in `data`, and the borrow is the only one.
        unsafe { std::slice::from_raw_parts_mut(memory.mapping.base(), memory.byte_len() as usize) }
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Result<(), MemoryAccessError> {
        if let Kind::Shared(memory) = &self.0 {
            return memory.read(offset, to);
        }
        let from = self.data().get(range(offset, to.len(), self.byte_len())?);
        to.copy_from_slice(from.ok_or(MemoryAccessError)?);
        Ok(())
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    pub fn write(&mut self, offset: u64, from: &[u8]) -> Result<(), MemoryAccessError> {
        if let Kind::Shared(memory) = &self.0 {
            return memory.write(offset, from);
        }
        let range = range(offset, from.len(), self.byte_len())?;
        self.data_mut().get_mut(range).ok_or(MemoryAccessError)?.copy_from_slice(from);
        Ok(())
    }
}

impl From<SharedMemory> for Memory {
    fn from(memory: SharedMemory) -> Memory {
        Memory(Kind::Shared(memory))
    }
}

impl Own {
    #[inline]
    fn byte_len(&self) -> u64 {
        // SAFETY: `vm` is valid as long as `self`.
        unsafe { (*self.vm.as_ptr()).byte_len() }
    }

    fn grow(&mut self, delta: u64) -> Option<u64> {
        let old = self.byte_len();
        let new = delta.checked_mul(self.ty.page_size())?.checked_add(old)?;
        if new > self.max_bytes {
            return None;
        }
        if new > old {
            self.extend(usize::try_from(old).ok()?, usize::try_from(new).ok()?)?;
            // SAFETY: `vm` is valid as long as `self`; guest code of this store
            // does not run while the store is here.
            unsafe {
                (*self.vm.as_ptr()).base = self.mapping.base();
                (*self.vm.as_ptr()).len = new.into();
            }
        }
        Some(old / self.ty.page_size())
    }

    /// Makes the mapping hold `new` accessible bytes, the first `old` unchanged.
    fn extend(&mut self, old: usize, new: usize) -> Option<()> {
        let guard = usize::try_from(self.plan.guard).ok()?;
        if new <= self.mapping.len().checked_sub(guard)? {
            return self.mapping.make_accessible(old, new).ok();
        }
        if !self.plan.can_move {
            return None;
        }
        // Reserving twice as much keeps repeated growth linear; the wish for
        // more than necessary may be refused.
        let ample = new.max(old.saturating_mul(2)).min(usize::try_from(self.max_bytes).ok()?);
        let mapping = Mapping::reserve(ample).or_else(|_| Mapping::reserve(new)).ok()?;
        mapping.make_accessible(0, new).ok()?;
        // SAFETY: both ranges hold `old` accessible bytes and are distinct.
        unsafe { std::ptr::copy_nonoverlapping(self.mapping.base(), mapping.base(), old) };
        self.mapping = mapping;
        Some(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: made by `Box::leak` in `new`, freed only here.
        drop(unsafe { Box::from_raw(self.vm.as_ptr()) });
    }
}

fn range(offset: u64, count: usize, len: u64) -> Result<std::ops::Range<usize>, MemoryAccessError> {
    if !range_in_bounds(offset, count as u64, len) {
        return Err(MemoryAccessError);
    }
    let start = usize::try_from(offset).map_err(|_| MemoryAccessError)?;
    Ok(start..start + count)
}

/// The host named a range that is not inside the memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryAccessError;

impl fmt::Display for MemoryAccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("out of bounds memory access")
    }
}

impl std::error::Error for MemoryAccessError {}

#[cfg(test)]
mod tests;
