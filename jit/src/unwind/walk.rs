//! The frames of an activation, by the chain of frame pointers.

use bimetal_runtime::activation::{Activation, GuestFrame};

use crate::codemap;

/// Reports the frames of compiled code, innermost first:
/// [`bimetal_runtime::activation::WalkFrames`].
///
/// # Safety
/// The exit fields are current: `exit_fp` is the innermost frame's pointer and
/// `exit_pc` an address behind the instruction that left.
pub(crate) unsafe fn walk(activation: &Activation, visit: &mut dyn FnMut(GuestFrame)) {
    let mut pc = activation.exit_pc;
    let mut fp = activation.exit_fp;
    while fp != activation.entry_fp && fp != 0 {
        // A return address may lie behind its function: the call is before it.
        if let Some(frame) = codemap::frame_at(pc.wrapping_sub(1)) {
            visit(frame);
        }
        // SAFETY: compiled code and stubs keep frame pointers: the caller's lies
        // at the frame pointer, the return address in the word above. The chain
        // reaches the guard's frame, where the walk ends.
        unsafe {
            pc = *((fp + size_of::<usize>()) as *const usize);
            fp = *(fp as *const usize);
        }
    }
}
