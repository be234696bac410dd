//! From the host into compiled code.

use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::activation::{self, Activation};
use bimetal_runtime::trap;
use bimetal_runtime::vmctx::{VmFuncRef, VmStore};

use crate::unwind;

thread_local! {
    /// The store whose compiled code this thread runs, innermost; null if none.
    static CURRENT: Cell<*mut VmStore> = const { Cell::new(null_mut()) };
}

/// The store whose compiled code this thread runs, innermost; null if none.
pub(crate) fn current_store() -> *mut VmStore {
    CURRENT.get()
}

/// The array entry of every compiled function.
pub(crate) unsafe extern "C-unwind" fn array_call(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    unwind::prepare_thread();
    // SAFETY: by the contract of `ArrayCall` the record is valid and its slot is
    // one of a `JitModule`, which the instance keeps alive.
    let (code, cx) = unsafe { (&*(*callee).code, (*callee).cx) };
    let native = code.native.load(Ordering::Acquire);
    let trampoline = code.trampoline.load(Ordering::Acquire);
    assert!(!trampoline.is_null(), "only functions that escape have records");
    let mut activation = Activation::new(unwind::walk, unwind::roots);
    let run = |activation: *mut Activation| {
        let outer = CURRENT.replace(store);
        // SAFETY: the trampoline is the one of the function's signature; `cx`,
        // `native` and `slots` belong to the function; the activation is the
        // store's innermost.
        let outcome = unsafe { unwind::guarded_call(activation, trampoline, native, cx, slots) };
        CURRENT.set(outer);
        outcome
    };
    // SAFETY: the caller vouches for the store.
    match unsafe { activation::enter(store, &mut activation, run) } {
        Some(0) => Outcome::RETURN,
        Some(_) => Outcome::UNWIND,
        // SAFETY: as above; the activations in the list have all called out.
        None => unsafe { trap::raise(store, TrapCode::StackOverflow) },
    }
}
