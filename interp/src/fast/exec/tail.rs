//! Tail calls, and the test of a reference.
//!
//! A tail call moves the arguments to the first slots of the running function's
//! frame and puts its header behind them, so the callee returns to where the
//! caller would have. It takes no room that a call would not take.
//!
//! **What must never happen here:** the header is written before the handler has
//! read what lies at its new place, or a chain of tail calls leaves something on
//! the value stack. In particular a function that was called over a bridge keeps
//! that bridge whichever instance it goes on to, because the bridge restores the
//! context of the one caller that waits for the result.

use bimetal_core::trap::TrapCode;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::vmctx::{VmCtx, VmFuncRef, VmTail};

use super::call::{
    BRIDGE_SLOTS, available, entry_of, frame_bytes, func_ref, with_result, write_header,
};
use super::control::header;
use crate::fast::dispatch::{Exec, Exit, Flow, Fp, Ip, Regs, opaque};
use crate::fast::frames;

/// The word of a tail call that names the slots of the caller's parameters.
const OWN: usize = 4;
/// Slots of a header.
const HEADER: usize = 2;

/// `ref.as_non_null`: `[handler, . ref . .]`.
pub(crate) enum NonNull {}

impl Exec for NonNull {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            match *r.slot(1) {
                0 => r.trap(TrapCode::NullReference),
                _ => r.next(2),
            }
        }
    }
}

/// `return_call` of a function that the module defines: `[handler, params . |
/// base, code slot, ., own params]`.
pub(crate) enum ReturnCall {}

impl Exec for ReturnCall {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the linker wrote the address of a code slot, which always has
        // an entry for this tier.
        unsafe { replace(r, r.word(2).ptr.cast()) }
    }
}

/// Goes on to the function whose record is in the accumulator: as a call of it, and a word
/// with the own params.
pub(crate) enum ReturnCallRef {}

impl Exec for ReturnCallRef {
    #[inline(always)] // the end of the handlers that find it
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the record and its code slot live as long as the store.
        unsafe {
            let func = func_ref(r);
            if entry_of((*func).code).is_null() {
                r.to::<ReturnArray>()
            } else if (*func).cx == r.cx {
                replace(r, (*func).code)
            } else {
                r.to::<ReturnAcross>()
            }
        }
    }
}

/// The header of the running function.
#[inline(always)] // vanishes into handlers
unsafe fn own_header(r: Regs) -> (Ip, Fp) {
    // SAFETY: every cell of a tail call has this word.
    unsafe { header(r, r.half(OWN, 0) as usize) }
}

/// Goes on to a function of the same instance, in the same frame.
#[inline(always)] // the end of the handlers above
unsafe fn replace(mut r: Regs, slot: *const CodeSlot) -> Flow {
    // SAFETY: the cell was linked for a tail call; the arguments lie at or above
    // the first slot, so copying upwards is right, and the frame has room for
    // them and a header wherever they lie in it: for two slots at least.
    unsafe {
        let entry = entry_of(slot);
        if available(r.cx, r.fp) < frame_bytes(entry) {
            return r.trap(TrapCode::StackOverflow);
        }
        let params = r.field(0);
        let (ip, caller) = own_header(r);
        let from = r.fp.add(r.imm() as usize);
        // The accumulator is dead here; this frees its register.
        r.a = r.fp as u64;
        // Each was written as one slot, and is read as such.
        let (first, second) = (from.read_volatile(), from.add(1).read_volatile());
        (*r.fp, *r.fp.add(1)) = (first, second);
        let mut i = 2;
        while i < params {
            *r.fp.add(i) = *from.add(i);
            // Two at a time, or more, would take registers that must be saved before.
            i = opaque(i as u64 + 1) as usize;
        }
        write_header(r.fp, params, ip, caller);
        r.jump(entry)
    }
}

/// Goes on to a function of another instance.
enum ReturnAcross {}

impl Exec for ReturnAcross {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: as for `replace`.
        unsafe {
            let func = func_ref(r);
            let from = r.fp.add(r.imm() as usize);
            let moved = Moved { from, params: r.field(0), results: r.half(3, 0) as usize };
            let Some(fp) = across(r, func, moved, own_header(r)) else {
                return r.trap(TrapCode::StackOverflow);
            };
            r.fp = fp;
            r.cx = (*func).cx;
            r.jump(entry_of((*func).code))
        }
    }
}

/// The arguments of a tail call, which move to the beginning of the frame.
#[derive(Clone, Copy)]
pub(super) struct Moved {
    pub(super) from: Fp,
    pub(super) params: usize,
    /// The slots of the callee's results.
    pub(super) results: usize,
}

/// Makes the frame of a function of another instance out of the running one, which
/// returns to `ip` and `caller`. `None` if the value stack does not suffice.
#[inline(always)] // part of two handlers
pub(super) unsafe fn across(
    r: Regs,
    func: *const VmFuncRef,
    moved: Moved,
    (ip, caller): (Ip, Fp),
) -> Option<Fp> {
    // SAFETY: as for `replace`; a frame that moves up to make room for a bridge is
    // checked before.
    unsafe {
        let entry = entry_of((*func).code);
        let Moved { from, params, results } = moved;
        // Who waits restores the context, or no longer has one.
        let in_place = ip == frames::bridge_cell() || ip == frames::leave_cell();
        let shift = if in_place { 0 } else { BRIDGE_SLOTS };
        let own = (shift + params + HEADER) * size_of::<u64>();
        let callee = shift * size_of::<u64>() + frame_bytes(entry);
        if available(r.cx, r.fp) < own.max(callee) {
            return None;
        }
        let fp = r.fp.add(shift);
        std::ptr::copy(from, fp, params);
        if in_place {
            write_header(fp, params, ip, caller);
        } else {
            write_bridge(r.fp, r.cx, ip, caller, results);
            write_header(fp, params, frames::bridge_cell(), r.fp);
        }
        Some(fp)
    }
}

/// Writes a bridge: where to return to, and the slots of the results.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn write_bridge(bridge: Fp, cx: *mut VmCtx, ip: Ip, fp: Fp, results: usize) {
    // SAFETY: the caller has checked that there is room.
    unsafe {
        bridge.cast::<*mut VmCtx>().write(cx);
        bridge.add(1).cast::<Ip>().write(ip);
        bridge.add(2).cast::<Fp>().write(fp);
        bridge.add(3).write(results as u64);
    }
}

/// Calls a function of the host or of another tier and returns what it returns.
/// If nobody of this activation waits, a function of another tier takes its place.
enum ReturnArray {}

impl Exec for ReturnArray {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: as for `replace`.
        unsafe {
            let slots = array_slots(r);
            if available(r.cx, r.fp) < (slots + HEADER) * size_of::<u64>() {
                return r.trap(TrapCode::StackOverflow);
            }
            if own_header(r).0 == frames::leave_cell() && (*func_ref(r)).index != VmFuncRef::HOST {
                return r.to::<LeaveForArray>();
            }
            if return_array(r) != Outcome::RETURN {
                return Flow::exit(r, Exit::PENDING);
            }
            let (ip, caller) = header(r, slots);
            r = with_result(r, r.fp);
            r.fp = caller;
            r.jump(ip)
        }
    }
}

/// Ends the chain of handlers in favour of a function of another tier.
enum LeaveForArray {}

impl Exec for LeaveForArray {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `ReturnArray`, which has checked that there is room.
        unsafe {
            let func = func_ref(r);
            (*(*r.cx).store).tail = VmTail { code: (*func).code, cx: (*func).cx };
            let from = r.fp.add(r.imm() as usize);
            for i in 0..r.field(0) {
                *r.fp.add(i) = *from.add(i);
            }
            Flow::exit(r, Exit::TAIL)
        }
    }
}

/// The slots of arguments and results of the callee.
#[inline(always)] // vanishes into handlers
unsafe fn array_slots(r: Regs) -> usize {
    // SAFETY: the cell was linked for a tail call.
    unsafe { r.field(0).max(r.half(3, 0) as usize) }
}

/// Has the callee called as if by the caller that waits for the result, which is
/// what a backtrace shall show. The header moves behind arguments and results.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn return_array(r: Regs) -> Outcome {
    // SAFETY: the caller has checked that there is room.
    unsafe {
        let func = func_ref(r);
        let (ip, caller) = own_header(r);
        let slots = array_slots(r);
        std::ptr::copy(r.fp.add(r.imm() as usize), r.fp, r.field(0));
        write_header(r.fp, slots, ip, caller);
        let saved = frames::leave(waiting(r, ip, caller), r.fp.add(slots + HEADER));
        let outcome = ((*(*func).code).array())((*r.cx).store, func, r.fp.cast());
        frames::resume(r, saved);
        outcome
    }
}

/// The state of the function that a header leads to, at its call: still inside the
/// cell. Whether nobody waits behind the header is the question of who looks
/// ([`frames::Cursor::innermost`]).
#[inline(always)] // vanishes into handlers
pub(super) fn waiting(r: Regs, ip: Ip, fp: Fp) -> Regs {
    Regs { ip: ip.wrapping_sub(1), fp, ..r }
}
