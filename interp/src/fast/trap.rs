//! The way out of the chain of handlers when a guest traps.

use super::dispatch::{Exec, Exit, Flow, Regs};
use super::frames;

/// Ends the chain with the trap whose number is in the accumulator; the cell is
/// the one that trapped. The entry that started the chain builds the trap.
pub(super) enum Raise {}

impl Exec for Raise {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the handler's contract.
        unsafe { frames::record(r) };
        Flow::exit(r, Exit(r.a))
    }
}
