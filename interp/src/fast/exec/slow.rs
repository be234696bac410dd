//! Instructions that the runtime executes.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use crate::fast::dispatch::{Exec, Exit, Flow, Regs};
use crate::fast::frames;

/// `[handler, dst a b c, immediates, op | first unused slot]`: operands that the
/// instruction lacks name any slot, and so does the destination of an
/// instruction without result.
pub(crate) enum Slow {}

impl Exec for Slow {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            match call(r) {
                0 => r.next(4),
                code => exit(r, code),
            }
        }
    }
}

/// Calls the function of the runtime. Zero, or the number of a trap.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn call(r: Regs) -> u64 {
    // SAFETY: the context has a function for every slow op; it may call the
    // host, so the position is recorded and the frame protected first.
    unsafe {
        let top = r.fp.add(r.half(3, 1) as usize);
        let saved = frames::leave(r, top);
        let builtin = *(*r.cx).builtins.add(r.half(3, 0) as usize);
        let result = builtin(r.cx, r.word(2).bits, *r.slot(1), *r.slot(2), *r.slot(3));
        frames::resume(r, saved);
        if result.trap == 0 {
            *r.slot(0) = Slot::from_bits(result.value).bits();
        }
        result.trap
    }
}

#[inline(always)] // a tail call to a cold handler
unsafe fn exit(r: Regs, code: u64) -> Flow {
    match u8::try_from(code).ok().and_then(TrapCode::from_u8) {
        // SAFETY: the handler's contract.
        Some(code) => unsafe { r.trap(code) },
        None => Flow::exit(r, Exit::PENDING),
    }
}
