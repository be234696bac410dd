//! On-stack replacement: how compiled code takes over a frame of the fast
//! interpreter at the header of a loop.
//!
//! At the header every local and operand of the frame is in its canonical slot. The
//! compiled code loads them, and the interpreter forgets the frame: what remains of
//! it is the room for results or for the arguments of a tail call.
//!
//! **What must never happen here:** the two tiers disagree about where a canonical
//! slot lies.

use bimetal_core::value::Slot;

use crate::code::CodeSlot;
use crate::vmctx::{VmCtx, VmFuncRef};

/// Slots of the header of an interpreter's frame, which stands behind the
/// parameters: where to return to.
pub const HEADER_SLOTS: u32 = 2;

/// Frames with more slots than this are not replaced: the interpreter keeps scratch
/// slots in them.
pub const MAX_SLOTS: u32 = u16::MAX as u32 - 16;

/// The slot of an interpreter's frame in which a canonical slot of its function
/// lies, if the frame has at most [`MAX_SLOTS`]. `params` are the slots of the
/// function's parameters.
pub const fn frame_slot(params: u32, canonical: u32) -> u32 {
    if canonical < params { canonical } else { canonical + HEADER_SLOTS }
}

/// A frame that compiled code takes over, and what is to happen when that is done.
#[repr(C)]
#[derive(Debug)]
pub struct OsrFrame {
    /// The first slot of the frame.
    pub slots: *mut Slot,
    /// Written when the function ends in a tail call: the code of the callee, and
    /// null otherwise. Its arguments are in the frame, from the first slot on;
    /// otherwise the function's results are.
    pub callee: *const CodeSlot,
    /// Written with `callee`: its record, or null if it is one of the same instance.
    pub func: *const VmFuncRef,
    /// Written with `callee`: the slots of its parameters.
    pub params: u32,
    /// Written with `callee`: the slots of its results.
    pub results: u32,
}

impl OsrFrame {
    /// A frame that has not been taken over yet.
    pub fn new(slots: *mut Slot) -> OsrFrame {
        let (callee, func) = (std::ptr::null(), std::ptr::null());
        OsrFrame { slots, callee, func, params: 0, results: 0 }
    }
}

/// How a replacement ended.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// The function is over: see [`OsrFrame::callee`].
    Done,
    /// The reason to unwind is pending in the store.
    Unwound,
    /// There is not enough native stack: nothing has happened.
    Refused,
}

/// Runs compiled code in place of a frame.
///
/// # Safety
/// `code` is code for the header at which the frame of an instance of this context
/// stands; the store's innermost activation is one of the interpreter with exit
/// fields that name the frame's caller; the value stack's top is above the frame.
pub type Replace = unsafe fn(cx: *mut VmCtx, code: *const u8, frame: &mut OsrFrame) -> Replaced;

/// Compiled code for the header of a loop. Valid as long as what the compiler made
/// of it.
#[derive(Clone, Copy, Debug)]
pub struct OsrEntry {
    /// Who runs it.
    pub replace: Replace,
    /// Where it begins.
    pub code: *const u8,
}

// SAFETY: the address of code that any thread may run.
unsafe impl Send for OsrEntry {}
// SAFETY: as above.
unsafe impl Sync for OsrEntry {}
