//! Host functions of Rust types.

use std::marker::PhantomData;
use std::sync::Arc;

use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::Slot;
use bimetal_runtime::host::Failure;
use bimetal_runtime::vmctx::{VmCtx, VmStore};
use bimetal_runtime::{HostFunc, Unwind};

use super::abi::List;
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::store::{HostScope, StoreContextMut, StoreOpaque};
use crate::unwind::host_error;

/// What a host function may return: `()`, a [`WasmTy`](crate::WasmTy), a tuple of
/// them, or a [`Result`](crate::Result) of one of these.
pub trait WasmRet: Ret {}

impl<R: Ret> WasmRet for R {}

/// What a host function returns. Only this crate implements it.
pub trait Ret: 'static {
    /// The types of the results.
    const TYPES: &'static [ValType];

    /// Writes the results.
    ///
    /// # Errors
    /// The host function's, or if a result belongs to another store.
    ///
    /// # Safety
    /// There is room at `slots` for the results.
    unsafe fn write(self, store: &StoreOpaque, slots: *mut Slot) -> Result<()>;
}

impl<L: List> Ret for L {
    const TYPES: &'static [ValType] = <L as List>::TYPES;

    #[inline(always)]
    unsafe fn write(self, store: &StoreOpaque, slots: *mut Slot) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { List::write(self, store, slots) }
    }
}

impl<L: List> Ret for Result<L, Error> {
    const TYPES: &'static [ValType] = <L as List>::TYPES;

    #[inline(always)]
    unsafe fn write(self, store: &StoreOpaque, slots: *mut Slot) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { List::write(self?, store, slots) }
    }
}

/// Whether values of one of these types are references.
const fn any_reference(types: &[ValType]) -> bool {
    let mut index = 0;
    while index < types.len() {
        if matches!(types[index], ValType::Ref(_)) {
            return true;
        }
        index += 1;
    }
    false
}

/// The error of a host function in a `Store<T>`.
struct Failed<T> {
    error: Error,
    data: PhantomData<fn() -> T>,
}

impl<T: 'static> Failure for Failed<T> {
    unsafe fn into_unwind(self, vm: *mut VmStore) -> Unwind {
        // SAFETY: the caller's promise; the error is that of a function of the store.
        unsafe {
            let store = StoreContextMut::<T>::from_vm(vm);
            host_error(vm, store.opaque(), self.error)
        }
    }
}

/// The host function that runs this closure, which makes use of its `Caller` or not
/// (`CALLER`).
pub(super) fn typed_host_func<const CALLER: bool, T: 'static, P: List, R: Ret>(
    engine: &Engine,
    func: impl Fn(Caller<'_, T>, P) -> R + Send + Sync + 'static,
) -> Arc<HostFunc> {
    let types = |types: &[ValType]| types.to_vec();
    let ty = FuncType::new(types(P::TYPES), types(<R as Ret>::TYPES));
    let body = move |vm: *mut VmStore, cx: *mut VmCtx, slots: *mut Slot| {
        // SAFETY: the runtime calls with a store that nobody has borrowed, whose
        // data is a `T` because a function of a `Store<T>` or `Linker<T>` never
        // gets into another store; the slots hold arguments of type `P` and have
        // room for `R`.
        unsafe {
            let mut store = StoreContextMut::<T>::from_vm(vm);
            let params = P::read(store.opaque_mut(), slots);
            let result = func(Caller::new(store, cx), params);
            let store = StoreContextMut::<T>::from_vm(vm);
            let written = result.write(store.opaque(), slots);
            written.map_err(|error| Failed::<T> { error, data: PhantomData })
        }
    };
    // Who has neither the store nor a reference roots nothing.
    if const { !CALLER && !any_reference(P::TYPES) } {
        return Arc::new(HostFunc::detached(engine.types(), ty, body));
    }
    let body = move |vm: *mut VmStore, cx: *mut VmCtx, slots: *mut Slot| {
        // SAFETY: as above; while a host function runs, every activation has been left
        // for the host, and the scope ends before the call.
        unsafe {
            let scope = HostScope::open(vm);
            let result = body(vm, cx, slots).map_err(|error| error.into_unwind(vm));
            drop(scope);
            result
        }
    };
    Arc::new(HostFunc::new(engine.types(), ty, body))
}
