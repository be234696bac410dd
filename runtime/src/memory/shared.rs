//! Memories that several stores, and so several threads, use at once.
//!
//! **What must never happen here:** the memory moves, shrinks, or is borrowed as a
//! slice. Growth makes pages accessible before it publishes the length that covers
//! them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bimetal_core::addr::effective_aligned;
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::MemoryType;

use super::atomic::{atomic_access, load_bytes, store_bytes};
use super::waiters::{WaitResult, Waiters};
use super::{Extent, Mapping, MemoryAccessError, MemoryPlan, range};
use crate::limits::{ResourceError, Settings, StoreLimits};
use crate::vmctx::VmMemory;

/// A shared memory: every clone is the same one.
#[derive(Clone, Debug)]
pub struct SharedMemory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    ty: MemoryType,
    plan: MemoryPlan,
    mapping: Mapping,
    max_bytes: u64,
    /// What guest code reads. The base never changes.
    vm: VmMemory,
    growing: Mutex<()>,
    waiters: Waiters,
}

// SAFETY: the mapping is plain memory, accessed by atomics and through raw pointers
// only; everything else that changes is an atomic or behind a lock.
unsafe impl Send for Shared {}
// SAFETY: as for `Send`.
unsafe impl Sync for Shared {}

impl SharedMemory {
    /// A memory of its minimal size, all zero. Of the limits, the bytes of a memory
    /// count.
    ///
    /// # Errors
    /// If the type is not shared or has no maximum, or the limits or the system
    /// refuse it.
    pub fn new(
        ty: MemoryType,
        settings: &Settings,
        limits: &StoreLimits,
    ) -> Result<SharedMemory, ResourceError> {
        if !ty.shared || ty.limits.max.is_none() {
            return Err(ResourceError::new("a shared memory is declared so and has a maximum"));
        }
        let Extent { plan, max_bytes, len } = Extent::new(&ty, settings, limits.memory_bytes())?;
        let refused = |what: &str, bytes: u64, error: std::io::Error| {
            ResourceError::new(format!("cannot {what} {bytes} bytes for a memory: {error}"))
        };
        let total = plan.total_bytes();
        let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let mapping = Mapping::reserve_behind(bytes(plan.front), bytes(total))
            .map_err(|error| refused("reserve", total, error))?;
        commit(&mapping, &plan, 0, len).map_err(|error| refused("commit", len as u64, error))?;
        let vm = VmMemory { base: mapping.base(), len: (len as u64).into() };
        Ok(SharedMemory(Arc::new(Shared {
            ty,
            plan,
            mapping,
            max_bytes,
            vm,
            growing: Mutex::default(),
            waiters: Waiters::default(),
        })))
    }

    /// The type it was made with.
    pub fn ty(&self) -> &MemoryType {
        &self.0.ty
    }

    /// How it lies in the address space.
    pub fn plan(&self) -> &MemoryPlan {
        &self.0.plan
    }

    /// Whether the two are one memory.
    pub fn same(&self, other: &SharedMemory) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The structure that guest code reads, valid as long as the memory. Nobody
    /// writes it through this pointer.
    pub fn vm(&self) -> *mut VmMemory {
        std::ptr::from_ref(&self.0.vm).cast_mut()
    }

    /// The first byte.
    pub fn base(&self) -> *mut u8 {
        self.0.mapping.base()
    }

    /// The length in bytes: as much, or more when somebody grows it meanwhile.
    pub fn byte_len(&self) -> u64 {
        self.0.vm.len.load(Ordering::Acquire)
    }

    /// The length in pages.
    pub fn pages(&self) -> u64 {
        self.byte_len() / self.0.ty.page_size()
    }

    /// Grows by `delta` pages and returns the previous length in pages, or `None`,
    /// without effect, if the type, the limits or the system forbid it.
    pub fn grow(&self, delta: u64) -> Option<u64> {
        let shared = &*self.0;
        let _growing = shared.growing.lock().unwrap_or_else(PoisonError::into_inner);
        let old = self.byte_len();
        let new = delta.checked_mul(shared.ty.page_size())?.checked_add(old)?;
        if new > shared.max_bytes {
            return None;
        }
        if new > old {
            let (from, to) = (usize::try_from(old).ok()?, usize::try_from(new).ok()?);
            commit(&shared.mapping, &shared.plan, from, to).ok()?;
            // After the pages: who sees the length may access them.
            shared.vm.len.store(new, Ordering::Release);
        }
        Some(old / shared.ty.page_size())
    }

    /// Copies bytes out of the memory. Others may write meanwhile.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> Result<(), MemoryAccessError> {
        let range = range(offset, to.len(), self.byte_len())?;
        // SAFETY: inside the memory, which never shrinks; `to` is no guest memory.
        unsafe { load_bytes(self.base().add(range.start), to) };
        Ok(())
    }

    /// Copies bytes into the memory. Others may access them meanwhile.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    pub fn write(&self, offset: u64, from: &[u8]) -> Result<(), MemoryAccessError> {
        let range = range(offset, from.len(), self.byte_len())?;
        // SAFETY: as in `read`.
        unsafe { store_bytes(self.base().add(range.start), from) };
        Ok(())
    }

    /// Wakes up to `count` threads that wait at an address; how many there were
    /// (spec: *threads*, `memory.atomic.notify`).
    ///
    /// # Errors
    /// [`TrapCode::UnalignedAtomic`] and [`TrapCode::MemoryOutOfBounds`]
    pub fn notify(&self, address: u64, count: u32) -> Result<u32, TrapCode> {
        let at = effective_aligned(address, 0, 4, self.byte_len())?;
        Ok(self.0.waiters.notify(at, count))
    }

    /// Waits to be notified at an address where the number `expected` stands: the
    /// thread sleeps at most for `timeout`.
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`].
    pub fn wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        self.wait(AtomicOp::i32_atomic_load, address, u64::from(expected), timeout)
    }

    /// As [`SharedMemory::wait32`] for a number of 64 bits.
    ///
    /// # Errors
    /// As for [`SharedMemory::notify`].
    pub fn wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        self.wait(AtomicOp::i64_atomic_load, address, expected, timeout)
    }

    fn wait(
        &self,
        load: AtomicOp,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, TrapCode> {
        let at = effective_aligned(address, 0, u64::from(load.width()), self.byte_len())?;
        // SAFETY: inside the memory, aligned, and nobody has a reference to it.
        let found = || unsafe { atomic_access(load, self.base().add(at as usize), [0; 2]) };
        Ok(self.0.waiters.wait(at, timeout, || found() == expected))
    }
}

/// Makes the first `to` bytes accessible, of which the first `from` already are.
fn commit(mapping: &Mapping, plan: &MemoryPlan, from: usize, to: usize) -> std::io::Result<()> {
    if plan.circular {
        mapping.make_circle_accessible(from, to)
    } else {
        mapping.make_accessible(from, to)
    }
}
