//! Between the runtime's reasons for unwinding and errors.

use std::any::Any;
use std::panic::resume_unwind;

use bimetal_parser::Error as ModuleError;
use bimetal_runtime::vmctx::VmStore;
use bimetal_runtime::{ResourceError, Unwind, trap};

use crate::backtrace::WasmBacktrace;
use crate::error::Error;
use crate::exception::ThrownException;
use crate::store::StoreOpaque;
use crate::trap::Trap;

/// The error that a host gets when its call of the guest was unwound.
///
/// # Panics
/// With the panic of a host function, if that is the reason.
pub(crate) fn into_error(store: &mut StoreOpaque, reason: Unwind) -> Error {
    match reason {
        Unwind::Trap(trap) => from_trap(store, trap),
        Unwind::Host(error) => from_any(error),
        Unwind::Exception { exception, backtrace } => {
            let error = Error::new(ThrownException::from_bits(store, exception));
            let Some(trace) = backtrace else { return error };
            with_backtrace(error, WasmBacktrace::new(store, &trace.frames, trace.omitted))
        }
        Unwind::Panic(panic) => resume_unwind(panic),
    }
}

/// The error that [`host_error`] or a tier put into an unwind.
fn from_any(error: Box<dyn Any + Send + Sync>) -> Error {
    error
        .downcast::<Error>()
        .map(|error| *error)
        // A tier that validates a function, or takes its stack, at the first call.
        .or_else(|error| error.downcast::<ModuleError>().map(|error| Error::new(*error)))
        .or_else(|error| error.downcast::<ResourceError>().map(|error| Error::new(*error)))
        .unwrap_or_else(|_| Error::msg("the guest stopped for an unknown reason"))
}

/// A trap as an error.
pub(crate) fn from_trap(store: &StoreOpaque, trap: bimetal_runtime::Trap) -> Error {
    let error = Error::new(Trap::from(trap.code));
    with_backtrace(error, WasmBacktrace::new(store, &trap.frames, trap.omitted))
}

/// An error of a host function on its way out through the guest, with the
/// backtrace of the guest that called it. To be made while the handles that the
/// host function was given are good.
///
/// # Safety
/// `vm` is the store's own, and guest code of the store is waiting for the host
/// function if any is running.
#[cold]
pub(crate) unsafe fn host_error(vm: *mut VmStore, store: &StoreOpaque, error: Error) -> Unwind {
    if let Some(thrown) = error.downcast_ref::<ThrownException>()
        && let Ok(exception) = thrown.bits(store)
    {
        let backtrace = error.downcast_ref().map(WasmBacktrace::to_runtime);
        return Unwind::Exception { exception, backtrace: backtrace.map(Box::new) };
    }
    if error.is::<WasmBacktrace>() {
        return Unwind::Host(error.into_any());
    }
    // SAFETY: while a host function runs, every activation has been left for the
    // host and thus has current exit fields.
    let (frames, omitted) = unsafe { trap::capture(vm) };
    let backtrace = WasmBacktrace::new(store, &frames, omitted);
    Unwind::Host(with_backtrace(error, backtrace).into_any())
}

fn with_backtrace(error: Error, backtrace: WasmBacktrace) -> Error {
    if backtrace.frames().is_empty() { error } else { error.context(backtrace) }
}
