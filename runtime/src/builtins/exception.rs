//! Instructions on exceptions.

use bimetal_core::index::TagIdx;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use super::{done, instance};
use crate::store::Store;
use crate::vmctx::{BuiltinResult, VmCtx};

/// `throw` of the tag with the first immediate as its index: afterwards the
/// exception is pending in the store, and the caller unwinds.
pub(super) unsafe extern "C-unwind" fn throw(
    cx: *mut VmCtx,
    imm: u64,
    slots: *mut Slot,
) -> BuiltinResult {
    let tag = TagIdx(SlowImm::unpack(imm).a);
    // SAFETY: by the contract of `GcBuiltin` the context is live, the payload in
    // the slots is of the tag's type, exit fields are current and no reference to
    // the store is used.
    done(unsafe {
        let tag = instance(cx).tags()[tag.index()];
        let store = Store::from_vm((*cx).store);
        let exception = store.new_exception(tag, slots);
        exception.map(|exception| store.set_pending_exception(exception))
    })
}

/// `throw_ref` of the exception in the first slot.
pub(super) unsafe extern "C-unwind" fn throw_ref(
    cx: *mut VmCtx,
    _: u64,
    slots: *mut Slot,
) -> BuiltinResult {
    // SAFETY: as in `throw`.
    let (exception, store) = unsafe { (*slots, Store::from_vm((*cx).store)) };
    if exception == Slot::ZERO {
        return done(Err(TrapCode::NullExceptionReference));
    }
    store.set_pending_exception(exception);
    done(Ok(()))
}

/// Gives the handler of a `try_table` its operands: the exception in the first
/// slot is replaced by the payload if the first immediate says so, and the
/// exception itself if the second one does.
pub(super) unsafe extern "C-unwind" fn catch(
    cx: *mut VmCtx,
    imm: u64,
    slots: *mut Slot,
) -> BuiltinResult {
    let imm = SlowImm::unpack(imm);
    // SAFETY: as in `throw`; the slots have room for what the handler takes.
    unsafe {
        let exception = *slots;
        let mut at = slots;
        if imm.a != 0 {
            at = Store::from_vm((*cx).store).read_payload(exception, at);
        }
        if imm.b != 0 {
            at.write(exception);
        }
    }
    done(Ok(()))
}
