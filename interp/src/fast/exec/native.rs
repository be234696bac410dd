//! Calls of functions that have been compiled: what their entry cell does.
//!
//! A caller makes the frame that any callee gets, with arguments and header; the
//! compiled function is called in its place, and the results are where a callee of
//! this tier would leave them. A tail call that leaves nothing of this tier's to
//! return to ends the chain of handlers, so that whoever started it goes on to the
//! compiled function in its own place.

use bimetal_runtime::abi::{NativeCall, Outcome};
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::vmctx::VmTail;

use super::call::{with_result, write_header};
use super::control::header;
use super::tail::waiting;
use crate::fast::dispatch::{Exec, Exit, Flow, Handler, Regs, Word, handler};
use crate::fast::{frames, vreg};

/// Slots of a header.
const HEADER: usize = 2;

/// The entry cell of a compiled function, and the word in front of it: `[bytes of
/// the frame, handler, slots of parameters | of parameters or results, code slot,
/// how to call it]`.
pub(crate) fn entry(
    params: u32,
    results: u32,
    slot: *const CodeSlot,
    call: NativeCall,
) -> Vec<Word> {
    let slots = params.max(results);
    // The results may be read as a vector.
    let bytes = (slots as usize + HEADER) * size_of::<u64>();
    vec![
        Word { bits: bytes as u64 },
        Word { handler: handler::<EnterNative> as Handler },
        Word { halves: [params, slots] },
        Word { ptr: slot.cast() },
        Word { ptr: call as *const u8 },
    ]
}

/// Calls a compiled function: see [`entry`].
enum EnterNative {}

impl Exec for EnterNative {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the caller made a frame of the size that the cell asks for.
        unsafe {
            if header(r, r.half(1, 0) as usize).0 == frames::leave_cell() {
                return r.to::<LeaveForNative>();
            }
            if call(r) != Outcome::RETURN {
                return Flow::exit(r, Exit::PENDING);
            }
            let (ip, caller) = header(r, r.half(1, 1) as usize);
            r = with_result(r, r.fp);
            // Pins are the caller's affair; these need no register meanwhile.
            (r.p0, r.p1) = (0, 0);
            (r.w0, r.w1, r.w2) = (vreg::zero(), vreg::zero(), vreg::zero());
            r.fp = caller;
            r.jump(ip)
        }
    }
}

/// The same, where nothing of the running activation waits for the results.
enum LeaveForNative {}

impl Exec for LeaveForNative {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `EnterNative`; the store is that of the context.
        unsafe {
            (*(*r.cx).store).tail = VmTail { code: r.word(2).ptr.cast(), cx: r.cx };
            Flow::exit(r, Exit::TAIL)
        }
    }
}

/// Calls the compiled function for the frame that waits. The header moves behind
/// arguments and results.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn call(r: Regs) -> Outcome {
    // SAFETY: as for `EnterNative`; `entry` wrote the words.
    unsafe {
        let (params, slots) = (r.half(1, 0) as usize, r.half(1, 1) as usize);
        let (ip, caller) = header(r, params);
        write_header(r.fp, slots, ip, caller);
        let native: NativeCall = std::mem::transmute::<*const u8, NativeCall>(r.word(3).ptr);
        let saved = frames::leave(waiting(r, ip, caller), r.fp.add(slots + HEADER));
        let outcome = native(r.cx, r.word(2).ptr.cast(), r.fp.cast());
        frames::resume(r, saved);
        outcome
    }
}
