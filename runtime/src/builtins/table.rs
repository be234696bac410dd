//! Slow ops on tables and element segments.

use bimetal_core::index::ElemIdx;
use bimetal_core::ops::slow::{SlowImm, SlowSig};
use bimetal_core::types::AddrType;
use bimetal_core::value::Slot;

use super::{done, grown, instance};
use crate::constexpr::address;
use crate::store::Store;
use crate::table::{Table, copy};
use crate::vmctx::{BuiltinResult, VmCtx};

/// A table of the instance, and how it is indexed.
///
/// # Safety
/// `cx` is the context of a live instance of a module with this table; no
/// reference to the table or its store is used while the result lives.
unsafe fn table<'a>(cx: *mut VmCtx, index: u32) -> (&'a mut Table, AddrType) {
    // SAFETY: the caller's promise.
    unsafe {
        let instance = instance(cx);
        let id = instance.tables()[index as usize];
        let addr = instance.module().tables[index as usize].ty.addr;
        (Store::from_vm((*cx).store).table_mut(id), addr)
    }
}

/// `table.grow`
pub(super) unsafe extern "C-unwind" fn table_grow(
    cx: *mut VmCtx,
    imm: u64,
    init: u64,
    delta: u64,
    _: u64,
) -> BuiltinResult {
    // SAFETY: by the contract of `Builtin` the context is live and no reference
    // to its store is used.
    let (table, addr) = unsafe { table(cx, SlowImm::unpack(imm).a) };
    grown(addr, table.grow(address(addr, delta), Slot::from_bits(init)))
}

/// `table.fill`
pub(super) unsafe extern "C-unwind" fn table_fill(
    cx: *mut VmCtx,
    imm: u64,
    start: u64,
    value: u64,
    count: u64,
) -> BuiltinResult {
    // SAFETY: as in `table_grow`.
    let (table, addr) = unsafe { table(cx, SlowImm::unpack(imm).a) };
    let (start, count) = (address(addr, start), address(addr, count));
    done(table.fill(start, Slot::from_bits(value), count))
}

/// `table.copy`
pub(super) unsafe extern "C-unwind" fn table_copy(
    cx: *mut VmCtx,
    imm: u64,
    to: u64,
    from: u64,
    count: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: as in `table_grow`; the two may be one table, so neither reference
    // outlives its statement.
    done(unsafe {
        let (to_table, to_addr) = table(cx, imm.a);
        let to_table = to_table.vm();
        let (from_table, from_addr) = table(cx, imm.b);
        let from_table = from_table.vm();
        let count = address(SlowSig::narrower(to_addr, from_addr), count);
        copy(to_table, from_table, [address(to_addr, to), address(from_addr, from), count])
    })
}

/// `table.init`
pub(super) unsafe extern "C-unwind" fn table_init(
    cx: *mut VmCtx,
    imm: u64,
    to: u64,
    from: u64,
    count: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    let (from, count) = (u64::from(from as u32), u64::from(count as u32));
    // SAFETY: as in `table_grow`; a segment is no table.
    let (table, items, addr) = unsafe {
        let (table, addr) = table(cx, imm.a);
        (table, instance(cx).segments.elem(ElemIdx(imm.b)), addr)
    };
    done(table.init(address(addr, to), items, from, count))
}

/// `elem.drop`
pub(super) unsafe extern "C-unwind" fn elem_drop(
    cx: *mut VmCtx,
    imm: u64,
    _: u64,
    _: u64,
    _: u64,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: the context is live, and nobody reads segments meanwhile.
    unsafe { (*(*cx).instance).segments.drop_elem(ElemIdx(imm.a)) };
    done(Ok(()))
}
