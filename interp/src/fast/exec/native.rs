//! Calls of functions that have been compiled: what their entry cell does.
//!
//! A caller makes the frame that any callee gets, with arguments and header; the
//! compiled function is called in its place, and the results are where a callee of
//! this tier would leave them. A tail call that leaves nothing of this tier's to
//! return to ends the chain of handlers, so that whoever started it goes on to the
//! compiled function in its own place.

use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::V128;
use bimetal_runtime::abi::{NativeCall, Outcome};
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::vmctx::VmTail;

use super::control::header;
use super::place::Reg;
use super::tail::waiting;
use crate::fast::dispatch::{Exec, Exit, Flow, Handler, Regs, Word, handler};
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
        Some(ValType::F32 | ValType::F64) => handler::<EnterNative<FLOAT>>,
        Some(ValType::V128) => handler::<EnterNative<VECTOR>>,
        _ => handler::<EnterNative<INTEGER>> as Handler,
    };
    // The header is the caller's, who has written it behind the arguments.
    let bytes = (slots as usize + HEADER) * size_of::<u64>();
    vec![
        Word { bits: bytes as u64 },
        Word { handler },
        Word { halves: [params, slots] },
        Word { ptr: slot.cast() },
        Word { ptr: call as *const u8 },
    ]
}

/// Calls a compiled function: see [`entry`]. `RESULT`: where its first result belongs
/// ([`INTEGER`] and so on). It is not read as what it is not, because a read that is
/// wider than the last write waits for the cache.
///
/// Where to return to is kept while the function runs, not looked up again: the next
/// cells cannot begin before it is known.
enum EnterNative<const RESULT: u8> {}

/// Results that belong into the accumulator.
const INTEGER: u8 = 0;
/// Results that belong into the low half of the vector accumulator.
const FLOAT: u8 = 1;
/// Results that belong into the vector accumulator.
const VECTOR: u8 = 2;

impl<const RESULT: u8> Exec for EnterNative<RESULT> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the caller made a frame of the size that the cell asks for, and
        // `entry` wrote the words.
        unsafe {
            let (ip, caller) = header(r, r.half(1, 0) as usize);
            if ip == frames::leave_cell() {
                return r.to::<LeaveForNative>();
            }
            let native: NativeCall = std::mem::transmute::<*const u8, NativeCall>(r.word(3).ptr);
            let saved = frames::leave(waiting(r, ip, caller), r.fp.add(r.half(1, 1) as usize));
            let outcome = native(r.cx, r.word(2).ptr.cast(), r.fp.cast());
            frames::resume(r, saved);
            if outcome != Outcome::RETURN {
                return Flow::exit(r, Exit::PENDING);
            }
            r.a = *r.fp;
            r.v = match RESULT {
                FLOAT => vreg::with_f64(vreg::zero(), f64::from_bits(r.a)),
                VECTOR => vreg::of_v128(V128::load(r.fp)),
                _ => vreg::zero(),
            };
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
