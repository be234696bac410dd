//! Host functions whose type is known at run time only.

use std::mem::MaybeUninit;
use std::sync::Arc;

use bimetal_core::types::FuncType as CoreFuncType;
use bimetal_core::value::Slot;
use bimetal_runtime::HostFunc;
use bimetal_runtime::vmctx::{VmCtx, VmStore};

use super::read_vals;
use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::Result;
use crate::store::{HostScope, StoreContextMut, StoreOpaque};
use crate::types::FuncType;
use crate::unwind::host_error;
use crate::value::Val;

/// How many arguments and results together need no allocation.
const STACK_VALS: usize = 16;

/// The host function of this type that runs this closure.
pub(crate) fn host_func<T: 'static>(
    engine: &Engine,
    ty: &FuncType,
    func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
) -> Arc<HostFunc> {
    let ty = ty.as_core().clone();
    let signature = ty.clone();
    let body = move |vm: *mut VmStore, cx: *mut VmCtx, slots: *mut Slot| {
        // SAFETY: the runtime calls with a store that nobody has borrowed, whose
        // data is a `T` because a function of a `Store<T>` or `Linker<T>` never
        // gets into another store; the slots hold arguments of this type and have
        // room for the results.
        unsafe {
            let mut store = StoreContextMut::<T>::from_vm(vm);
            let scope = HostScope::open(vm);
            let result = with_vals(&signature, |params, results| {
                read_vals(store.opaque_mut(), &signature.params, slots, params);
                func(Caller::new(store, cx), params, results)?;
                let store = StoreContextMut::<T>::from_vm(vm);
                write_results(store.opaque(), &signature, results, slots)
            });
            let store = StoreContextMut::<T>::from_vm(vm);
            let result = result.map_err(|error| host_error(vm, store.opaque(), error));
            drop(scope);
            result
        }
    };
    Arc::new(HostFunc::new(engine.types(), ty, body))
}

/// Runs `body` with room for arguments and results, all zero or null.
#[inline]
fn with_vals(
    ty: &CoreFuncType,
    body: impl FnOnce(&mut [Val], &mut [Val]) -> Result<()>,
) -> Result<()> {
    let count = ty.params.len() + ty.results.len();
    let mut few = [const { MaybeUninit::uninit() }; STACK_VALS];
    let mut many;
    let vals = match few.get_mut(..count) {
        Some(vals) => {
            vals.iter_mut().for_each(|val| _ = val.write(Val::I32(0)));
            // SAFETY: just initialised, and of the same layout.
            unsafe { &mut *(std::ptr::from_mut(vals) as *mut [Val]) }
        }
        None => {
            many = vec![Val::I32(0); count];
            &mut many[..]
        }
    };
    let (params, results) = vals.split_at_mut(ty.params.len());
    for (val, ty) in results.iter_mut().zip(&ty.results) {
        // A type without default is left with a value that fails the check below.
        *val = Val::default_for_ty(ty).unwrap_or(*val);
    }
    body(params, results)
}

/// Writes the results that a host function has left.
///
/// # Safety
/// There is room at `slots` for the results.
#[inline]
unsafe fn write_results(
    store: &StoreOpaque,
    ty: &CoreFuncType,
    results: &[Val],
    mut slots: *mut Slot,
) -> Result<()> {
    for (i, (&ty, val)) in ty.results.iter().zip(results).enumerate() {
        let value = match val.to_slots(store, ty) {
            Ok(value) => value,
            Err(error) => return Err(error.context(format!("result {i} of a host function"))),
        };
        for &slot in value.iter().take(ty.slots() as usize) {
            // SAFETY: the caller's promise.
            unsafe {
                slots.write(slot);
                slots = slots.add(1);
            }
        }
    }
    Ok(())
}
