//! Calls of functions that have been compiled: what their entry cell does.
//!
//! A caller makes the frame that any callee gets, with arguments and header; the
//! compiled function is called in its place, and the results are where a callee of
//! this tier would leave them. A tail call that leaves nothing of this tier's to
//! return to ends the chain of handlers, so that whoever started it goes on to the
//! compiled function in its own place.

use bimetal_core::types::{FuncType, ValType};
use bimetal_runtime::abi::{NativeCall, Outcome};
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::vmctx::{VmCtx, VmTail};

use super::call::{with_result, write_header};
use super::control::header;
use super::tail::waiting;
use crate::fast::dispatch::{Exec, Exit, Flow, Fp, Handler, Ip, Regs, Word, handler};
use crate::fast::{frames, vreg};

/// Slots of a header.
const HEADER: usize = 2;

/// The entry cell of a compiled function, and the word in front of it: `[bytes of
/// the frame, handler, slots of parameters | of parameters or results, code slot,
/// how to call it]`.
pub(crate) fn entry(ty: &FuncType, slot: *const CodeSlot, call: NativeCall) -> Vec<Word> {
    let params = ty.param_slots();
    let slots = params.max(ty.result_slots());
    let handler = match ty.results.first() {
        Some(ValType::F32 | ValType::F64 | ValType::V128) => handler::<EnterNative<true>>,
        _ => handler::<EnterNative<false>> as Handler,
    };
    // The results may be read as a vector.
    let bytes = (slots as usize + HEADER) * size_of::<u64>();
    vec![
        Word { bits: bytes as u64 },
        Word { handler },
        Word { halves: [params, slots] },
        Word { ptr: slot.cast() },
        Word { ptr: call as *const u8 },
    ]
}

/// Calls a compiled function: see [`entry`]. `VECTOR`: its first result belongs into
/// the vector accumulator. It is not read as what it is not, because a read that is
/// wider than the last write waits for the cache.
enum EnterNative<const VECTOR: bool> {}

impl<const VECTOR: bool> Exec for EnterNative<VECTOR> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the caller made a frame of the size that the cell asks for.
        unsafe {
            if header(r, r.half(1, 0) as usize).0 == frames::leave_cell() {
                return r.to::<LeaveForNative>();
            }
            if call(r.ip, r.fp, r.cx) != Outcome::RETURN {
                return Flow::exit(r, Exit::PENDING);
            }
            let (ip, caller) = header(r, r.half(1, 1) as usize);
            if VECTOR {
                r = with_result(r, r.fp);
            } else {
                r.a = *r.fp;
                r.v = vreg::zero();
            }
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
unsafe fn call(ip: Ip, fp: Fp, cx: *mut VmCtx) -> Outcome {
    // Not handed over whole: that would be through memory.
    let zero = vreg::zero();
    let (a, p0, p1) = (0, 0, 0);
    let r = Regs { ip, fp, cx, a, p0, p1, v: zero, w0: zero, w1: zero, w2: zero };
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
