//! Code that runs often: what its counters ask, and what may be answered.
//!
//! The fast interpreter counts and asks; the embedding decides. Neither knows the
//! compiler: an answer may be the address of machine code that goes on with the
//! running frame ([`crate::osr`]).

use std::ptr::NonNull;

use crate::osr::OsrEntry;
use crate::vmctx::VmCtx;

/// What a counter counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Counted {
    /// Calls of a function.
    Calls,
    /// Iterations of the loop with this number: as `bimetal_parser::walk` numbers
    /// loops.
    Loop(u32),
}

/// What is to become of code whose counter ran out.
#[derive(Clone, Copy, Debug)]
pub enum Verdict {
    /// It is asked about again after so many more runs.
    Again(u32),
    /// It is never asked about again.
    Park,
    /// Of a loop: whoever comes to its header from now on enters this code. Of
    /// calls: never the answer, a function is entered through its code slot.
    Enter(OsrEntry),
}

/// Decides what becomes of code that runs often.
pub trait TierUp: Send + Sync {
    /// A counter of a defined function ran out in an instance. Whoever publishes
    /// another entry of the function meanwhile is heeded at once, whatever the
    /// answer.
    ///
    /// # Safety
    /// `cx` is the context of a running instance, whose store is not borrowed.
    unsafe fn hot(&self, cx: NonNull<VmCtx>, defined: usize, counted: Counted) -> Verdict;
}

/// How often code runs before it is asked about for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Thresholds {
    /// Calls of a function.
    pub calls: u32,
    /// Iterations of a loop, in all frames together.
    pub iterations: u32,
}
