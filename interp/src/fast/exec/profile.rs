//! Calls that note what they do, in code that counts: whether each is done often, and
//! which functions an indirect one reaches.
//!
//! A note is a number of its own or a pair in one word, which is read and written as a
//! whole. Threads that note at the same time may lose some of what they note, but a
//! function's name is never taken for another's.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use bimetal_runtime::vmctx::VmFuncRef;

use super::call::{REF_WORDS, enter, func_ref};
use crate::fast::dispatch::{Exec, Flow, Handler, Ip, Regs, handler};

/// What is noted about a call of a function reference.
pub(crate) trait Notes: 'static {
    /// The words of the call's cell.
    const WORDS: usize;

    /// Enters the function whose record is in the accumulator, which belongs to the
    /// same instance.
    ///
    /// # Safety
    /// The cell was linked for a call with these notes.
    unsafe fn enter(r: Regs) -> Flow;

    /// The function belongs to another instance or to the host.
    ///
    /// # Safety
    /// As for [`Notes::enter`].
    unsafe fn is_foreign(r: Regs);
}

/// Nothing is.
pub(crate) enum Unnoted {}

impl Notes for Unnoted {
    const WORDS: usize = REF_WORDS;

    #[inline(always)] // the end of a handler
    unsafe fn enter(r: Regs) -> Flow {
        // SAFETY: the record lives as long as the store.
        unsafe { enter(r, (*func_ref(r)).code, REF_WORDS) }
    }

    #[inline(always)] // nothing
    unsafe fn is_foreign(_: Regs) {}
}

/// Two functions, each with how often it was reached, and how often another one was:
/// three words at the end of the cell. A number that grows too large begins anew.
pub(crate) enum Noted {}

/// The position of the first function among the words of a cell.
const FIRST: usize = REF_WORDS;
/// What stands for a function before there is one.
const NONE: u32 = VmFuncRef::HOST;
/// One more call, in a word with a function in its lower half.
const ONCE: u64 = 1 << 32;

impl Notes for Noted {
    const WORDS: usize = REF_WORDS + NOTE_WORDS;

    #[inline(always)] // the end of a handler
    unsafe fn enter(r: Regs) -> Flow {
        // SAFETY: as above; the words of the cell are there.
        unsafe {
            let (first, func) = (note(r.ip, FIRST), func_ref(r));
            let seen = first.load(Ordering::Relaxed);
            if seen as u32 == (*func).index {
                first.store(seen.wrapping_add(ONCE), Ordering::Relaxed);
                enter(r, (*func).code, Self::WORDS)
            } else {
                r.to::<EnterAnother>()
            }
        }
    }

    #[inline(always)] // an addition
    unsafe fn is_foreign(r: Regs) {
        // SAFETY: the words of the cell are there.
        unsafe { add(note(r.ip, FIRST + 2), 1) }
    }
}

/// Enters a function that is not the first one.
enum EnterAnother {}

impl Exec for EnterAnother {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `Noted`.
        unsafe {
            let (first, second) = (note(r.ip, FIRST), note(r.ip, FIRST + 1));
            let (func, seen) = (func_ref(r), second.load(Ordering::Relaxed));
            let callee = (*func).index;
            if seen as u32 == callee {
                second.store(seen.wrapping_add(ONCE), Ordering::Relaxed);
            } else if first.load(Ordering::Relaxed) as u32 == NONE {
                first.store(ONCE | u64::from(callee), Ordering::Relaxed);
            } else {
                // The second place goes to whoever comes when its owner has been
                // missed as often as met.
                let met = seen >> 32;
                let left = met.saturating_sub(1).max(1);
                let owner = if met > 1 { seen as u32 } else { callee };
                second.store(left << 32 | u64::from(owner), Ordering::Relaxed);
                add(note(r.ip, FIRST + 2), met + 1 - left);
            }
            enter(r, (*func).code, Noted::WORDS)
        }
    }
}

/// A word of a cell.
#[inline(always)] // vanishes into handlers
unsafe fn note<'a>(cell: Ip, word: usize) -> &'a AtomicU64 {
    // SAFETY: the cell was linked with such a word, which nobody reads otherwise.
    unsafe { &*cell.add(word).cast::<AtomicU64>() }
}

/// Some counts may be lost between threads.
#[inline(always)] // a load, an addition and a store
fn add(note: &AtomicU64, amount: u64) {
    note.store(note.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

/// A call of a function that the module defines, as long as it is counted: `[handler,
/// params . | base, code slot, count]`.
pub(crate) enum CountedCall {}

/// The position of the count in such a cell.
const COUNT: usize = 3;
/// How far calls are counted. A loop that does little but call would feel it if that
/// went on: an addition in memory waits for the one before.
pub(crate) const MAX_COUNT: u64 = 64;

impl Exec for CountedCall {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let count = note(r.ip, COUNT);
            add(count, 1);
            if count.load(Ordering::Relaxed) < MAX_COUNT {
                SettledCall::exec(r)
            } else {
                r.to::<SettleCall>()
            }
        }
    }
}

/// Has it counted no more.
enum SettleCall {}

impl Exec for SettleCall {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        let settled = handler::<SettledCall> as Handler as *mut ();
        // SAFETY: the first word of the cell, whose words serve both handlers and which
        // is changed as a whole.
        unsafe {
            let word = AtomicPtr::from_ptr(r.ip.cast_mut().cast::<*mut ()>());
            word.store(settled, Ordering::Relaxed);
            SettledCall::exec(r)
        }
    }
}

/// The same call from then on.
enum SettledCall {}

impl Exec for SettledCall {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the linker wrote the address of a code slot, which always has an
        // entry for this tier.
        unsafe { enter(r, r.word(2).ptr.cast(), COUNT + 1) }
    }
}

/// The words that notes take behind those of a call through a function reference, and
/// what they are before the first call.
pub(crate) const NOTES: [u64; 3] = [NONE as u64, NONE as u64, 0];
const NOTE_WORDS: usize = NOTES.len();

/// How often a direct call was done, up to [`MAX_COUNT`].
///
/// # Safety
/// The cell was linked as a [`CountedCall`].
pub(crate) unsafe fn count(cell: Ip) -> u64 {
    // SAFETY: the word is there.
    unsafe { note(cell, COUNT) }.load(Ordering::Relaxed)
}

/// How often an indirect call was done, and the functions that it reached, as positions
/// among the defined ones, with how often.
///
/// # Safety
/// The cell was linked for a call that is [`Noted`].
pub(crate) unsafe fn reached(cell: Ip) -> (u64, Vec<(u32, u64)>) {
    // SAFETY: the words are there.
    let word = |at| unsafe { note(cell, at) }.load(Ordering::Relaxed);
    let seen = [word(FIRST), word(FIRST + 1)].map(|seen| (seen as u32, seen >> 32));
    (seen.iter().map(|of| of.1).sum::<u64>().wrapping_add(word(FIRST + 2)), seen.to_vec())
}
