//! How compiled code ends early, and how its frames are found.
//!
//! The host enters compiled code through [`guarded_call`], which keeps its own
//! stack pointer in the activation. To unwind is to restore that stack pointer
//! and return from the guard with another result: the frames of the guest
//! between are forgotten, and no frame of the host is among them, because every
//! way from the guest to the host is a *stub* that calls one function here, and
//! that function holds nothing that must be dropped when it unwinds.
//!
//! A guest is unwound
//! - when an instruction faults ([`signal`]): the handler sends the thread to
//!   [`trap_here`], on the guest's stack, as if the instruction had called it;
//! - when a builtin reports a trap or a host function does not return normally
//!   ([`raise`]).
//!
//! In each case the reason is left in the store, and where the guest was is in
//! the activation, so that [`walk`] can list its frames.

mod exception;
mod guard;
mod signal;
mod walk;

use std::sync::atomic::Ordering;

use bimetal_core::trap::TrapCode;
use bimetal_runtime::trap::{self, Unwind};
use bimetal_runtime::vmctx::{VmCtx, VmStore};

pub(crate) use guard::guarded_call;
pub(crate) use signal::{install, prepare_thread};
pub(crate) use walk::{roots, walk};

/// Makes the bridge of the interpreted function whose number stands in the store.
///
/// # Safety
/// Entered from `crate::numbered` alone: `cx` is the function's context, `pc` and
/// `fp` are where the guest called it.
pub(crate) unsafe extern "C" fn make_bridge(cx: *mut VmCtx, pc: usize, fp: usize) -> *const u8 {
    // SAFETY: the context is of a live instance, whose compiled code runs. Nothing
    // that needs dropping is alive when `leave` is reached.
    unsafe {
        let store = (*cx).store;
        let defined = (*store).callee as usize;
        let code = (*(*cx).instance).code();
        match code.bridge(defined) {
            Ok(bridge) => {
                code.slots()[defined].bridge.store(bridge.cast_mut(), Ordering::Release);
                // Whoever made it may have had guests run.
                (*store).callee = defined as u32;
                return bridge;
            }
            Err(error) => {
                (*(*store).activation).exit_pc = pc;
                (*(*store).activation).exit_fp = fp;
                let _ = trap::raise_unwind(store, Unwind::Host(error));
            }
        }
        leave(store)
    }
}

/// The type of [`raise`].
pub(crate) type Raise = unsafe extern "C" fn(store: *mut VmStore, code: u64) -> !;

/// Unwinds where the guest called a stub: with the trap of this number or, if it is
/// zero, for the reason that is pending.
///
/// # Safety
/// Called by stubs alone, with the running guest's store, after it has
/// written the exit fields.
pub(crate) unsafe extern "C" fn raise(store: *mut VmStore, code: u64) -> ! {
    if code == 0 {
        // SAFETY: as the caller says.
        unsafe { unwind(store) }
    }
    let known = u8::try_from(code).ok().and_then(TrapCode::from_u8);
    let code = known.unwrap_or(TrapCode::Unreachable);
    // SAFETY: as the caller says; the outcome needs no dropping.
    unsafe {
        let _ = trap::raise(store, code);
        leave(store)
    }
}

/// Traps at an instruction that faulted.
///
/// # Safety
/// Entered from the signal handler alone, in place of the instruction at `pc`
/// in a frame whose frame pointer is `fp`.
pub(super) unsafe extern "C" fn trap_here(
    store: *mut VmStore,
    code: u64,
    pc: usize,
    fp: usize,
) -> ! {
    // SAFETY: the faulting code is the innermost activation's.
    unsafe {
        // Exit addresses are return addresses: behind the instruction.
        (*(*store).activation).exit_pc = pc + 1;
        (*(*store).activation).exit_fp = fp;
        raise(store, code)
    }
}

/// Goes on at the handler of the exception that is pending, or leaves.
///
/// # Safety
/// As for [`leave`]; the activation's exit fields are current.
unsafe fn unwind(store: *mut VmStore) -> ! {
    // SAFETY: the caller's promise.
    unsafe {
        exception::land(store);
        trap::note_uncaught(store);
        leave(store)
    }
}

/// Forgets the guest's frames down to the innermost guard.
///
/// # Safety
/// The store's innermost activation is one of compiled code, and no frame above
/// its guard holds anything that must be dropped.
unsafe fn leave(store: *mut VmStore) -> ! {
    // SAFETY: the activation lives in the frame of the guard's caller.
    unsafe { guard::unwind_to((*store).activation) }
}
