//! Exceptions: who throws leaves the chain of handlers, and
//! [`crate::fast::exception`] enters it again where the exception is caught.

use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use crate::fast::dispatch::{Exec, Exit, Flow, Fp, Regs};
use crate::fast::frames;

/// `throw`: `[handler, ., tag, first slot of the payload]`.
pub(crate) enum Throw {}

impl Exec for Throw {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe { exit(r, call(r, GcBuiltinOp::throw, r.word(2).bits, operands(r))) }
    }
}

/// `throw_ref`: `[handler, . exception . .]`.
pub(crate) enum ThrowRef {}

impl Exec for ThrowRef {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe { exit(r, call(r, GcBuiltinOp::throw_ref, 0, r.slot(1))) }
    }
}

/// The beginning of a handler: `[handler, ., what it takes, slot of the
/// exception]`.
pub(crate) enum Catch {}

impl Exec for Catch {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body; the function is never without
        // another trap.
        unsafe {
            match call(r, GcBuiltinOp::catch, r.word(2).bits, operands(r)) {
                0 => r.next(4),
                code => exit(r, code),
            }
        }
    }
}

/// The operands of the cells that name their first slot in their last word.
#[inline(always)] // vanishes into handlers
unsafe fn operands(r: Regs) -> Fp {
    // SAFETY: the cell was linked so.
    unsafe { r.fp.add(r.half(3, 0) as usize) }
}

/// Calls the function of the runtime. Zero, or the number of a trap.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn call(r: Regs, op: GcBuiltinOp, imm: u64, operands: Fp) -> u64 {
    // SAFETY: the context has a function for every such op; none of these runs
    // other code of the guest.
    unsafe {
        frames::record(r);
        let builtin = *(*r.cx).gc_builtins.add(op as usize);
        builtin(r.cx, imm, operands.cast::<Slot>()).trap
    }
}

/// Unwinds: an exception is pending unless the number is a trap's.
#[inline(always)] // a tail call to a cold handler
unsafe fn exit(r: Regs, code: u64) -> Flow {
    match u8::try_from(code).ok().and_then(TrapCode::from_u8) {
        // SAFETY: the handler's contract.
        Some(code) => unsafe { r.trap(code) },
        None => Flow::exit(r, Exit::PENDING),
    }
}
