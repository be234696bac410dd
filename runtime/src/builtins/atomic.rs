//! Slow ops of threads: waiting, notifying and the fence.

use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use bimetal_core::addr::effective_aligned;
use bimetal_core::index::MemIdx;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;

use super::{done, instance};
use crate::constexpr::address;
use crate::memory::{SharedMemory, WaitResult};
use crate::store::Store;
use crate::vmctx::{BuiltinResult, VmCtx};

/// The checked position of an access, and the memory if it is shared. No reference to
/// the store remains, which others may need while a thread waits.
///
/// # Safety
/// `cx` is the context of a live instance of a module with the memory; no reference to
/// its store is used.
unsafe fn place(
    cx: *mut VmCtx,
    imm: u64,
    index: u64,
    width: u64,
) -> (Result<u64, TrapCode>, Option<SharedMemory>) {
    let (memory, offset) = SlowImm::unpack(imm).memory_and_offset();
    let memory = MemIdx(memory);
    // SAFETY: the caller's promise.
    let (addr, memory) = unsafe {
        let instance = instance(cx);
        let id = instance.memories()[memory.index()];
        let addr = instance.module().memories[memory.index()].addr;
        (addr, Store::from_vm((*cx).store).memory(id))
    };
    let at = effective_aligned(address(addr, index), offset, width, memory.byte_len());
    (at, memory.shared().cloned())
}

fn pushed(result: Result<u32, TrapCode>) -> BuiltinResult {
    match result {
        Ok(value) => BuiltinResult { value: u64::from(value), trap: 0 },
        Err(code) => done(Err(code)),
    }
}

/// `memory.atomic.notify`
pub(super) unsafe extern "C-unwind" fn memory_atomic_notify(
    cx: *mut VmCtx,
    imm: u64,
    index: u64,
    count: u64,
    _: u64,
) -> BuiltinResult {
    // SAFETY: by the contract of `Builtin` the context is live and no reference to its
    // store is used.
    let (at, shared) = unsafe { place(cx, imm, index, 4) };
    // Nobody can wait in a memory that is not shared.
    pushed(at.and_then(|at| shared.map_or(Ok(0), |memory| memory.notify(at, count as u32))))
}

/// Waits with `wait`, at a checked position, for nanoseconds that are forever if
/// negative.
///
/// # Safety
/// As for [`place`].
unsafe fn wait(
    cx: *mut VmCtx,
    imm: u64,
    index: u64,
    width: u64,
    timeout: u64,
    wait: impl FnOnce(SharedMemory, u64, Option<Duration>) -> Result<WaitResult, TrapCode>,
) -> BuiltinResult {
    // SAFETY: the caller's promise.
    let (at, shared) = unsafe { place(cx, imm, index, width) };
    let timeout = (timeout as i64 >= 0).then(|| Duration::from_nanos(timeout));
    pushed(match (at, shared) {
        (Err(TrapCode::UnalignedAtomic), _) => Err(TrapCode::UnalignedAtomic),
        (_, None) => Err(TrapCode::ExpectedSharedMemory),
        (at, Some(memory)) => {
            at.and_then(|at| wait(memory, at, timeout)).map(|result| result as u32)
        }
    })
}

/// `memory.atomic.wait32`
pub(super) unsafe extern "C-unwind" fn memory_atomic_wait32(
    cx: *mut VmCtx,
    imm: u64,
    index: u64,
    expected: u64,
    timeout: u64,
) -> BuiltinResult {
    // SAFETY: as in `memory_atomic_notify`.
    unsafe {
        wait(cx, imm, index, 4, timeout, |memory, at, timeout| {
            memory.wait32(at, expected as u32, timeout)
        })
    }
}

/// `memory.atomic.wait64`
pub(super) unsafe extern "C-unwind" fn memory_atomic_wait64(
    cx: *mut VmCtx,
    imm: u64,
    index: u64,
    expected: u64,
    timeout: u64,
) -> BuiltinResult {
    // SAFETY: as in `memory_atomic_notify`.
    unsafe {
        wait(cx, imm, index, 8, timeout, |memory, at, timeout| memory.wait64(at, expected, timeout))
    }
}

/// `atomic.fence`
pub(super) unsafe extern "C-unwind" fn atomic_fence(
    _: *mut VmCtx,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
) -> BuiltinResult {
    fence(Ordering::SeqCst);
    done(Ok(()))
}
