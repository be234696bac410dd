//! Slow ops on memories and data segments.

use bimetal_core::addr::range_in_bounds;
use bimetal_core::index::{DataIdx, MemIdx};
use bimetal_core::ops::slow::{SlowImm, SlowSig};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::AddrType;

use super::{done, grown, instance};
use crate::constexpr::address;
use crate::store::Store;
use crate::vmctx::{BuiltinResult, VmCtx, VmMemory};

/// A memory of the instance, and how it is addressed.
///
/// # Safety
/// `cx` is the context of a live instance of a module with this memory.
pub(super) unsafe fn memory(cx: *mut VmCtx, index: u32) -> (*mut VmMemory, AddrType) {
    // SAFETY: the caller's promise; the pointer stands at the layout's offset.
    unsafe {
        let instance = instance(cx);
        let offset = instance.layout().memory(MemIdx(index)) as usize;
        let vm = cx.byte_add(offset).cast::<*mut VmMemory>().read();
        (vm, instance.module().memories[index as usize].addr)
    }
}

/// The address of `count` bytes from `start`, if they are inside the memory.
///
/// # Safety
/// `vm` is valid.
unsafe fn bytes(vm: *mut VmMemory, start: u64, count: u64) -> Result<*mut u8, TrapCode> {
    // SAFETY: the caller's promise; the sum stays inside the memory.
    unsafe {
        if !range_in_bounds(start, count, (*vm).byte_len()) {
            return Err(TrapCode::MemoryOutOfBounds);
        }
        Ok((*vm).base.add(start as usize))
    }
}

/// `memory.grow`
pub(super) unsafe extern "C-unwind" fn memory_grow(
    cx: *mut VmCtx,
    imm: u64,
    delta: u64,
    _: u64,
    _: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: by the contract of `Builtin` the context is live and no reference
    // to its store is used.
    unsafe {
        let (_, addr) = memory(cx, imm.a);
        let id = instance(cx).memories()[imm.a as usize];
        let store = Store::from_vm((*cx).store);
        grown(addr, store.memory_mut(id).grow(address(addr, delta)))
    }
}

/// `memory.fill`
pub(super) unsafe extern "C-unwind" fn memory_fill(
    cx: *mut VmCtx,
    imm: u64,
    start: u64,
    value: u64,
    count: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: the context is live; the range is inside the memory.
    done(unsafe {
        let (vm, addr) = memory(cx, imm.a);
        let count = address(addr, count);
        bytes(vm, address(addr, start), count).map(|to| to.write_bytes(value as u8, count as usize))
    })
}

/// `memory.copy`
pub(super) unsafe extern "C-unwind" fn memory_copy(
    cx: *mut VmCtx,
    imm: u64,
    to: u64,
    from: u64,
    count: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: the context is live; both ranges are inside their memories, and the
    // copy allows an overlap.
    done(unsafe {
        let (to_vm, to_addr) = memory(cx, imm.a);
        let (from_vm, from_addr) = memory(cx, imm.b);
        let count = address(SlowSig::narrower(to_addr, from_addr), count);
        bytes(from_vm, address(from_addr, from), count).and_then(|from| {
            let to = bytes(to_vm, address(to_addr, to), count)?;
            std::ptr::copy(from, to, count as usize);
            Ok(())
        })
    })
}

/// `memory.init`
pub(super) unsafe extern "C-unwind" fn memory_init(
    cx: *mut VmCtx,
    imm: u64,
    to: u64,
    from: u64,
    count: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    let (from, count) = (u64::from(from as u32), u64::from(count as u32));
    // SAFETY: the context is live; both ranges are checked, and a module's bytes
    // are no memory.
    done(unsafe {
        let (vm, addr) = memory(cx, imm.a);
        let instance = instance(cx);
        let data = instance.segments.data(instance.module(), DataIdx(imm.b));
        if range_in_bounds(from, count, data.len() as u64) {
            bytes(vm, address(addr, to), count).map(|to| {
                to.copy_from_nonoverlapping(data.as_ptr().add(from as usize), count as usize);
            })
        } else {
            Err(TrapCode::MemoryOutOfBounds)
        }
    })
}

/// `data.drop`
pub(super) unsafe extern "C-unwind" fn data_drop(
    cx: *mut VmCtx,
    imm: u64,
    _: u64,
    _: u64,
    _: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: the context is live, and nobody reads segments meanwhile.
    unsafe { (*(*cx).instance).segments.drop_data(DataIdx(imm.a)) };
    done(Ok(()))
}
