//! Cells that count, and what they become.
//!
//! The back-edges of a loop lead to a cell of its own that counts and goes on to the
//! header. So a function pays for counting once per iteration, no fused branch needs
//! a second form, and where nothing is left to count the branches are led past it.
//!
//! **What must never happen here:** the frame that compiled code has taken over is
//! looked at. From then on only where it returned to is known.

use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::hot::{Counted, Verdict};
use bimetal_runtime::osr::{HEADER_SLOTS, OsrFrame, Replaced};
use bimetal_runtime::trap::raise;

use super::call::{available, enter_late, entry_of, frame_bytes, with_result, write_header};
use super::control::header;
use super::tail::{Moved, across, waiting};
use crate::fast::code::FastModule;
use crate::fast::dispatch::{Exec, Exit, Flow, Fp, Ip, Regs};
use crate::fast::frames;
use crate::fast::hot::LoopSite;

/// The counter of a cell: the lower half of its second word.
#[inline(always)] // vanishes into handlers
unsafe fn counter<'a>(r: Regs) -> &'a AtomicU32 {
    // SAFETY: the cell was linked with a counter there, which nobody reads as
    // anything else.
    unsafe { &*r.ip.add(1).cast::<AtomicU32>() }
}

/// Counts. Whether the counter has run out; several threads may lose a few counts.
#[inline(always)] // the whole of what a counting cell costs
unsafe fn runs_out(r: Regs) -> bool {
    // SAFETY: the same cell.
    let counter = unsafe { counter(r) };
    let left = counter.load(Ordering::Relaxed);
    counter.store(left.wrapping_sub(1), Ordering::Relaxed);
    left <= 1
}

/// The way to a loop's header from all its back-edges: `[handler, counter | own
/// params, header, loop]`.
pub(crate) enum CountLoop {}

impl Exec for CountLoop {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe { if runs_out(r) { r.to::<AskLoop>() } else { r.jump(r.target(2)) } }
    }
}

/// The same when nothing is to be counted.
pub(crate) enum PassLoop {}

impl Exec for PassLoop {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `CountLoop`.
        unsafe { r.jump(r.target(2)) }
    }
}

/// The same when the counter has run out.
enum AskLoop {}

impl Exec for AskLoop {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `CountLoop`.
        unsafe { if ask_loop(r) { r.to::<EnterLoop>() } else { r.jump(r.target(2)) } }
    }
}

/// The loop of a cell.
unsafe fn site<'a>(r: Regs) -> &'a LoopSite {
    // SAFETY: the linker wrote the address of one that lives as long as the code.
    unsafe { &*r.word(3).ptr.cast::<LoopSite>() }
}

/// Asks what becomes of a loop. Whether to enter compiled code.
#[cold]
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn ask_loop(r: Regs) -> bool {
    // SAFETY: the context is that of the running instance; code that counts belongs
    // to a module that has somebody to ask.
    unsafe {
        let (tier, site) = (FastModule::of(r.cx), site(r));
        let Some(hot) = &tier.hot else { return false };
        let counted = Counted::Loop(site.number);
        match hot.hook.hot(NonNull::new_unchecked(r.cx), site.defined, counted) {
            Verdict::Again(count) => counter(r).store(count, Ordering::Relaxed),
            Verdict::Park => site.park(),
            Verdict::Enter(entry) => site.enter(entry),
        }
        site.entry().is_some()
    }
}

/// The same when there is compiled code.
pub(crate) enum EnterLoop {}

impl Exec for EnterLoop {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `CountLoop`; what returns has its results in the frame.
        unsafe {
            if !enter_loop(r) {
                return Flow::exit(r, Exit::PENDING);
            }
            let mut r = with_result(r, r.fp);
            let (ip, fp, cx) = frames::recorded(r);
            (r.ip, r.fp, r.cx) = (ip, fp, cx);
            r.jump(ip)
        }
    }
}

/// Has compiled code take over the frame. Whether to go on, where the activation
/// then says; otherwise the reason to unwind is pending.
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn enter_loop(r: Regs) -> bool {
    // SAFETY: every local and operand is in its slot at the header; whoever entered
    // the function wrote its header, which is read before anything is overwritten.
    unsafe {
        let here = Regs { ip: r.target(2), ..r };
        let Some(entry) = site(r).entry() else {
            frames::record(here);
            return true;
        };
        let (ip, caller) = header(r, r.half(1, 1) as usize);
        let mut frame = OsrFrame::new(r.fp.cast::<Slot>());
        // The frame is read before anybody else can use the value stack.
        let saved = frames::leave(waiting(r, ip, caller), r.fp);
        let replaced = (entry.replace)(r.cx, entry.code, &mut frame);
        frames::resume(r, saved);
        match replaced {
            Replaced::Unwound => return false,
            Replaced::Refused => frames::record(here),
            Replaced::Done if frame.callee.is_null() => {
                frames::record(Regs { ip, fp: caller, ..r });
            }
            Replaced::Done => return tail_call(r, &frame, ip, caller),
        }
        true
    }
}

/// Goes on to the callee of a tail call, whose arguments begin the frame.
unsafe fn tail_call(r: Regs, frame: &OsrFrame, ip: Ip, caller: Fp) -> bool {
    // SAFETY: compiled code wrote the callee and its arguments; the frame had room
    // for these as operands, and for the header of a callee behind them.
    unsafe {
        let entry = entry_of(frame.callee);
        let (params, results) = (frame.params as usize, frame.results as usize);
        if entry.is_null() {
            return tail_array(r, frame, ip, caller);
        }
        if frame.func.is_null() || (*frame.func).cx == r.cx {
            if available(r.cx, r.fp) < frame_bytes(entry) {
                return overflow(r);
            }
            write_header(r.fp, params, ip, caller);
            frames::record(Regs { ip: entry, ..r });
            return true;
        }
        let moved = Moved { from: r.fp, params, results };
        let Some(fp) = across(r, frame.func, moved, (ip, caller)) else { return overflow(r) };
        frames::record(Regs { ip: entry, fp, cx: (*frame.func).cx, ..r });
        true
    }
}

/// The same for a callee of the host.
unsafe fn tail_array(r: Regs, frame: &OsrFrame, ip: Ip, caller: Fp) -> bool {
    // SAFETY: as for `tail_call`.
    unsafe {
        let slots = frame.params.max(frame.results) as usize;
        if available(r.cx, r.fp) < slots * size_of::<Slot>() {
            return overflow(r);
        }
        let saved = frames::leave(waiting(r, ip, caller), r.fp.add(slots));
        let outcome = ((*frame.callee).array())((*r.cx).store, frame.func, r.fp.cast());
        frames::resume(r, saved);
        frames::record(Regs { ip, fp: caller, ..r });
        outcome == Outcome::RETURN
    }
}

/// The value stack does not suffice for a tail call.
#[cold]
unsafe fn overflow(r: Regs) -> bool {
    // SAFETY: the exit fields are those of the frame that waits.
    let _ = unsafe { raise((*r.cx).store, TrapCode::StackOverflow) };
    false
}

/// The first cell of a function that is counted: `[handler, counter | position among
/// the defined functions]`. Behind it come the size of the frame once more and the
/// cell that is the entry once nothing is counted.
pub(crate) enum CountCalls {}

/// The words of such a cell with the size of the frame.
pub(crate) const CALLS_WORDS: usize = 3;

impl Exec for CountCalls {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe { if runs_out(r) { r.to::<AskCalls>() } else { r.next(CALLS_WORDS) } }
    }
}

/// The same when the counter has run out.
enum AskCalls {}

impl Exec for AskCalls {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the frame is that of a call, whatever entry the function has now.
        unsafe { enter_late(r, ask_calls(r)) }
    }
}

/// Asks what becomes of a function. The cell where the call goes on.
#[cold]
#[inline(never)] // its locals must not keep the handler from ending in a jump
unsafe fn ask_calls(r: Regs) -> Ip {
    // SAFETY: as for `ask_loop`.
    unsafe {
        let body = r.ip.add(CALLS_WORDS);
        let (tier, defined) = (FastModule::of(r.cx), r.half(1, 1) as usize);
        let Some(hot) = &tier.hot else { return body };
        match hot.hook.hot(NonNull::new_unchecked(r.cx), defined, Counted::Calls) {
            Verdict::Again(count) => counter(r).store(count, Ordering::Relaxed),
            Verdict::Park | Verdict::Enter(_) => {
                counter(r).store(u32::MAX, Ordering::Relaxed);
                tier.skip_entry(defined, r.ip, body);
            }
        }
        let entry = entry_of(&raw const tier.slots[defined]);
        if entry == r.ip { body } else { entry }
    }
}

const _: () = assert!(HEADER_SLOTS == 2, "what `write_header` writes");
