//! From the host into compiled code.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::activation::{self, Activation};
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::osr::{OsrFrame, Replaced};
use bimetal_runtime::trap;
use bimetal_runtime::vmctx::{VmCtx, VmFuncRef, VmStore};

use crate::stubcache::Trampolines;
use crate::unwind;

/// What the guard of calls returns, as an outcome.
const RETURNED: u32 = Outcome::RETURN.0;
const _: () = assert!(RETURNED == 0 && Outcome::UNWIND.0 == 1);

thread_local! {
    /// The store whose compiled code this thread runs, innermost; null if none.
    static CURRENT: Cell<*mut VmStore> = const { Cell::new(null_mut()) };
}

/// The store whose compiled code this thread runs, innermost; null if none.
pub(crate) fn current_store() -> *mut VmStore {
    CURRENT.get()
}

/// Calls code from a trampoline's own arguments inside a new activation. `None` if the
/// native stack is used up.
///
/// # Safety
/// As for [`unwind::guarded_call`] with the store's innermost activation.
unsafe fn guarded(
    store: *mut VmStore,
    trampoline: *const u8,
    native: *const u8,
    cx: *mut VmCtx,
    slots: *mut Slot,
) -> Option<u32> {
    let mut activation = Activation::new(unwind::walk, unwind::roots);
    let run = |activation: *mut Activation| {
        let outer = CURRENT.replace(store);
        // SAFETY: the caller's promise; the activation is the store's innermost.
        let outcome = unsafe { unwind::guarded_call(activation, trampoline, native, cx, slots) };
        CURRENT.set(outer);
        outcome
    };
    // SAFETY: the caller vouches for the store.
    unsafe { activation::enter(store, &mut activation, run) }
}

/// Takes over a frame of the interpreter: [`bimetal_runtime::osr::Replace`].
///
/// # Safety
/// As there; `code` is the entry of a block made for on-stack replacement.
pub(crate) unsafe fn replace(cx: *mut VmCtx, code: *const u8, frame: &mut OsrFrame) -> Replaced {
    unwind::prepare_thread();
    let frame: *mut OsrFrame = frame;
    // SAFETY: the caller's promise; the code takes the frame in place of slots.
    match unsafe { guarded((*cx).store, code, std::ptr::null(), cx, frame.cast()) } {
        Some(RETURNED) => Replaced::Done,
        Some(_) => Replaced::Unwound,
        None => Replaced::Refused,
    }
}

/// The array entry of every compiled function.
pub(crate) unsafe extern "C-unwind" fn array_call(
    _store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    // SAFETY: by the contract of `ArrayCall` the record is valid and its slot leads to
    // compiled code, which the instance keeps alive.
    unsafe { native_call((*callee).cx, (*callee).code, slots) }
}

/// How interpreters call a compiled function: see
/// [`bimetal_runtime::abi::NativeCall`].
///
/// # Safety
/// As `NativeCall` says, and the code slot leads to compiled code.
pub unsafe extern "C-unwind" fn native_call(
    cx: *mut VmCtx,
    code: *const CodeSlot,
    slots: *mut Slot,
) -> Outcome {
    unwind::prepare_thread();
    // SAFETY: the caller's promise; trampolines live as long as the code, and are
    // those of the function's signature.
    unsafe {
        let trampolines = (*code).trampoline.load(Ordering::Acquire).cast::<Trampolines>();
        assert!(!trampolines.is_null(), "only functions that escape have records");
        let trampoline = (*trampolines).array.load(Ordering::Relaxed);
        let (store, native) = ((*cx).store, (*code).native.load(Ordering::Acquire));
        match guarded(store, trampoline, native, cx, slots) {
            Some(outcome) => Outcome(outcome),
            // The activations in the list have all called out.
            None => trap::raise(store, TrapCode::StackOverflow),
        }
    }
}
