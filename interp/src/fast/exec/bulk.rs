//! `memory.copy` and `memory.fill` of memory 0, which most programs call with few bytes.
//! These go straight to what copies and fills bytes; the other registers are dead then.

use bimetal_core::addr::range_in_bounds;
use bimetal_core::trap::TrapCode;
use bimetal_runtime::vmctx::VmMemory;

use super::memory::MEMORY_0;
use crate::fast::dispatch::{Exec, Flow, Regs};
use crate::fast::vreg;

/// The operand in a field, as an address or number of bytes.
#[inline(always)] // vanishes into handlers
unsafe fn operand(r: Regs, field: usize) -> u64 {
    // SAFETY: the cell names a slot in this field.
    u64::from(unsafe { *r.slot(field) } as u32)
}

/// The first byte and the length of memory 0, which is not shared.
#[inline(always)] // vanishes into handlers
unsafe fn memory(r: Regs) -> (*mut u8, u64) {
    // SAFETY: the linker uses these cells for modules with such a memory only.
    unsafe {
        let memory = *r.cx.byte_add(MEMORY_0).cast::<*const VmMemory>();
        ((*memory).base, (*memory).len.as_ptr().read())
    }
}

/// Goes on to the next cell; only what says where that is was kept during the call.
#[inline(always)] // the end of the handlers below
unsafe fn done(r: Regs) -> Flow {
    let zero = vreg::zero();
    let (a, p0, p1) = (0, 0, 0);
    // SAFETY: as for the handlers.
    unsafe { Regs { a, p0, p1, v: zero, w0: zero, w1: zero, w2: zero, ..r }.next(2) }
}

/// `memory.copy`: `[handler, to from count .]`.
pub(crate) enum MemoryCopy {}

impl Exec for MemoryCopy {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body; both ranges are checked, and may
        // overlap.
        unsafe {
            let (to, from, count) = (operand(r, 0), operand(r, 1), operand(r, 2));
            let (base, len) = memory(r);
            if !range_in_bounds(to, count, len) || !range_in_bounds(from, count, len) {
                return r.trap(TrapCode::MemoryOutOfBounds);
            }
            std::ptr::copy(base.add(from as usize), base.add(to as usize), count as usize);
            done(r)
        }
    }
}

/// `memory.fill`: `[handler, to byte count .]`.
pub(crate) enum MemoryFill {}

impl Exec for MemoryFill {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body; the range is checked.
        unsafe {
            let (to, count) = (operand(r, 0), operand(r, 2));
            let (base, len) = memory(r);
            if !range_in_bounds(to, count, len) {
                return r.trap(TrapCode::MemoryOutOfBounds);
            }
            std::ptr::write_bytes(base.add(to as usize), *r.slot(1) as u8, count as usize);
            done(r)
        }
    }
}
