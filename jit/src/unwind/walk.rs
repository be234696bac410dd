//! The frames of an activation, by the chain of frame pointers.

use bimetal_core::value::Slot;
use bimetal_runtime::activation::{Activation, GuestFrame};
use bimetal_runtime::gc::roots::RootVisitor;

use crate::codemap::Reader;

/// Reports the frames of compiled code, innermost first:
/// [`bimetal_runtime::activation::WalkFrames`].
///
/// # Safety
/// The exit fields are current: `exit_fp` is the innermost frame's pointer and
/// `exit_pc` an address behind the instruction that left.
pub(crate) unsafe fn walk(activation: &Activation, visit: &mut dyn FnMut(GuestFrame)) {
    let mut reader = Reader::new();
    let report = |pc: usize, _| {
        // A return address may lie behind its function: the call is before it.
        reader.frames(pc.wrapping_sub(1), visit);
    };
    // SAFETY: the caller's promise.
    unsafe { frames(activation, report) }
}

/// Reports the references in the frames of compiled code:
/// [`bimetal_runtime::gc::roots::WalkRoots`].
///
/// # Safety
/// As for [`walk`], and nobody else looks at the frames meanwhile.
pub(crate) unsafe fn roots(activation: &Activation, visit: &mut dyn RootVisitor) {
    let mut reader = Reader::new();
    let report = |pc, fp: usize| {
        for &distance in reader.references(pc) {
            // SAFETY: the frame has put a reference there before it called, and
            // reads it again after the call.
            visit.slot(unsafe { &mut *((fp - distance as usize) as *mut Slot) });
        }
    };
    // SAFETY: the caller's promise.
    unsafe { frames(activation, report) }
}

/// Calls `visit` for each frame of an activation, innermost first: with the address
/// behind the instruction that left it, and its frame pointer.
///
/// # Safety
/// As for [`walk`].
unsafe fn frames(activation: &Activation, mut visit: impl FnMut(usize, usize)) {
    let mut pc = activation.exit_pc;
    let mut fp = activation.exit_fp;
    while fp != activation.entry_fp && fp != 0 {
        visit(pc, fp);
        // SAFETY: compiled code and stubs keep frame pointers: the caller's lies
        // at the frame pointer, the return address in the word above. The chain
        // reaches the guard's frame, where the walk ends.
        unsafe {
            pc = *((fp + size_of::<usize>()) as *const usize);
            fp = *(fp as *const usize);
        }
    }
}
