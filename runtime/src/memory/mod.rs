//! Linear memories.

mod atomic;
mod circle;
mod copy;
mod image;
mod mapping;
#[cfg(all(any(target_os = "linux", target_os = "android"), not(miri)))]
mod pagemap;
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(miri))))]
#[path = "pagemap_none.rs"]
mod pagemap;
#[cfg(not(miri))]
mod pages;
#[cfg(miri)]
#[path = "pages_miri.rs"]
mod pages;
pub mod plan;
mod shared;
mod slot;
mod waiters;

use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::sync::Arc;

use bimetal_core::addr::range_in_bounds;
use bimetal_core::types::MemoryType;

use crate::allocator::Allocator;
use crate::limits::{ResourceError, Settings, StoreLimits};
use crate::vmctx::VmMemory;

pub use atomic::{atomic_access, load_bytes, store_bytes};
pub use copy::LargeCopy;
pub(crate) use image::{Images, MemoryImage};
pub(crate) use mapping::Mapping;
pub use plan::MemoryPlan;
pub use shared::SharedMemory;
pub(crate) use slot::MemorySlot;
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
    /// Goes back to the allocator when the memory is dropped.
    slot: ManuallyDrop<MemorySlot>,
    allocator: Arc<Allocator>,
    /// The limit of growth in bytes: the type's, the store's and the allocator's.
    max_bytes: u64,
    /// What guest code reads. A raw allocation, because guest code keeps its
    /// address while `self` is borrowed.
    vm: NonNull<VmMemory>,
}

/// How long a new memory is.
struct Extent {
    plan: MemoryPlan,
    /// As much as it may become long.
    max_bytes: u64,
    len: usize,
}

impl Extent {
    /// Of a memory of this type that nobody lets have more than `most` bytes.
    fn new(ty: &MemoryType, settings: &Settings, most: u64) -> Result<Extent, ResourceError> {
        let plan = MemoryPlan::new(ty, settings);
        let max_pages = ty.limits.max.unwrap_or(u64::MAX).min(ty.max_pages());
        let max_bytes = max_pages.saturating_mul(ty.page_size()).min(most).min(plan.max_bytes());
        let len = ty.limits.min.checked_mul(ty.page_size()).filter(|&len| len <= max_bytes);
        let Some(len) = len.and_then(|len| usize::try_from(len).ok()) else {
            return Err(ResourceError::new(format!(
                "a memory of {} pages exceeds the limit of {max_bytes} bytes",
                ty.limits.min
            )));
        };
        Ok(Extent { plan, max_bytes, len })
    }
}

impl Memory {
    /// A memory of its minimal size, with the contents of the image, which fits, and
    /// zeros. A shared memory is all zero, and no allocator has to do with it.
    ///
    /// # Errors
    /// If the store's limits, the allocator or the system refuse it.
    pub(crate) fn new(
        ty: MemoryType,
        settings: &Settings,
        limits: &StoreLimits,
        allocator: &Arc<Allocator>,
        image: Option<&Arc<MemoryImage>>,
    ) -> Result<Memory, ResourceError> {
        if ty.shared {
            return SharedMemory::new(ty, settings, limits).map(Memory::from);
        }
        let most = limits.memory_bytes().min(allocator.max_memory_bytes());
        let Extent { plan, max_bytes, len } = Extent::new(&ty, settings, most)?;
        let slot = allocator.memory(&plan, len, image)?;
        let vm = Box::new(VmMemory { base: slot.base(), len: (len as u64).into() });
        let vm = NonNull::from(Box::leak(vm));
        let (slot, allocator) = (ManuallyDrop::new(slot), Arc::clone(allocator));
        Ok(Memory(Kind::Own(Own { ty, plan, slot, allocator, max_bytes, vm })))
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
        unsafe { std::slice::from_raw_parts(memory.slot.base(), memory.byte_len() as usize) }
    }

    /// The contents. Those of a shared memory cannot be borrowed: then empty.
    #[inline]
    pub fn data_mut(&mut self) -> &mut [u8] {
        let Kind::Own(memory) = &mut self.0 else { return &mut [] };
        // SAFETY: as in `data`, and the borrow is the only one.
        unsafe { std::slice::from_raw_parts_mut(memory.slot.base(), memory.byte_len() as usize) }
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
                (*self.vm.as_ptr()).base = self.slot.base();
                (*self.vm.as_ptr()).len = new.into();
            }
        }
        Some(old / self.ty.page_size())
    }

    /// Makes the slot hold `new` accessible bytes, the first `old` unchanged.
    fn extend(&mut self, old: usize, new: usize) -> Option<()> {
        let guard = usize::try_from(self.plan.guard).ok()?;
        if new <= self.slot.len().checked_sub(guard)? {
            return self.slot.extend(new).ok();
        }
        if !self.plan.can_move {
            return None;
        }
        // Reserving twice as much keeps repeated growth linear; the wish for
        // more than necessary may be refused.
        let ample = new.max(old.saturating_mul(2)).min(usize::try_from(self.max_bytes).ok()?);
        let reserve = |bytes: usize| Mapping::reserve(bytes.checked_add(guard)?).ok();
        let mapping = reserve(ample).or_else(|| reserve(new))?;
        let mut slot = MemorySlot::new(mapping);
        slot.extend(new).ok()?;
        // SAFETY: both ranges hold `old` accessible bytes and are distinct.
        unsafe { std::ptr::copy_nonoverlapping(self.slot.base(), slot.base(), old) };
        // Slots of memories that move are not used again.
        drop(ManuallyDrop::into_inner(std::mem::replace(&mut self.slot, ManuallyDrop::new(slot))));
        Some(())
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: the box was made by `Box::leak` in `new` and is freed only here, where
        // the slot is used for the last time, too.
        let slot = unsafe {
            drop(Box::from_raw(self.vm.as_ptr()));
            ManuallyDrop::take(&mut self.slot)
        };
        self.allocator.release_memory(slot);
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
