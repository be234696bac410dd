//! `table.get`, `table.set` and `table.size`.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::vmctx::VmTable;

use super::place::{Dest, ToSlot};
use super::straight::Straight;
use crate::fast::dispatch::Regs;

/// The table whose pointer stands at the offset in the lower half of word 2; the
/// upper half says whether its indices have 64 bits.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn table(r: Regs) -> *const VmTable {
    // SAFETY: the linker passes the offset of a table in the context.
    unsafe { *r.cx.byte_add(r.half(2, 0) as usize).cast::<*const VmTable>() }
}

/// The element at the index in a slot, if there is one.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn element(table: *const VmTable, bits: u64, wide: bool) -> Option<*mut Slot> {
    let index = if wide { bits } else { u64::from(bits as u32) };
    // SAFETY: the record is valid, and the index is below its length.
    unsafe { if index < (*table).len { Some((*table).base.add(index as usize)) } else { None } }
}

/// `[handler, dst index . ., table | 64-bit index]`.
pub(crate) enum TableGet {}

impl Straight for TableGet {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = element(table(r), *r.slot(1), r.half(2, 1) != 0);
            let at = at.ok_or(TrapCode::TableOutOfBounds)?;
            Ok(ToSlot::write(r, (*at).i64()).behind(3))
        }
    }
}

/// `[handler, value index . ., table | 64-bit index]`.
pub(crate) enum TableSet {}

impl Straight for TableSet {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = element(table(r), *r.slot(1), r.half(2, 1) != 0);
            let at = at.ok_or(TrapCode::TableOutOfBounds)?;
            *at = Slot::from_bits(*r.slot(0));
            Ok(r.behind(3))
        }
    }
}

/// `[handler, dst . . ., table]`.
pub(crate) enum TableSize {}

impl Straight for TableSize {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let len = (*table(r)).len;
            Ok(ToSlot::write(r, len as i64).behind(3))
        }
    }
}
