//! Functions: of a guest or of the host.

mod abi;
mod dynamic;
mod host;
mod into_func;
mod typed;

use std::mem::MaybeUninit;
use std::ptr::NonNull;

use bimetal_core::value::Slot;
use bimetal_runtime::StoreId;
use bimetal_runtime::vmctx::VmFuncRef;

pub use abi::{WasmParams, WasmResults, WasmTy};
pub(crate) use dynamic::host_func;
pub use host::WasmRet;
pub use into_func::IntoFunc;
pub use typed::TypedFunc;

use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::types::FuncType;
use crate::value::Val;

/// Room for the arguments and results of most calls, without an allocation:
/// sixteen vectors.
pub(crate) const STACK_SLOTS: usize = 32;

const NO_CODE: &str = "there is memory for a few bytes of code";

/// A function in a store: the guest's or the host's.
///
/// ```
/// use bimetal::{Caller, Engine, Func, Store, Val};
///
/// let mut store = Store::new(&Engine::default(), 10);
/// let add = Func::wrap(&mut store, |caller: Caller<'_, i32>, n: i32| caller.data() + n);
/// assert_eq!(add.typed::<i32, i32>(&store)?.call(&mut store, 5)?, 15);
///
/// let mut results = [Val::I32(0)];
/// add.call(&mut store, &[Val::I32(6)], &mut results)?;
/// assert_eq!(results[0].unwrap_i32(), 16);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Func {
    store: StoreId,
    /// A record that lives as long as its store: only followed once the store is
    /// at hand and known to be the right one.
    record: NonNull<VmFuncRef>,
}

// SAFETY: the record is only read, and only with its store at hand.
unsafe impl Send for Func {}
// SAFETY: as above.
unsafe impl Sync for Func {}

impl Func {
    /// A host function with arguments and results of Rust types: see
    /// [`IntoFunc`].
    ///
    /// # Panics
    /// If there is no memory for the code that calls it.
    pub fn wrap<T: 'static, Params, Results>(
        mut store: impl AsContextMut<Data = T>,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Func {
        let mut context = store.as_context_mut();
        let host = func.into_host_func(context.engine());
        let store = context.opaque_mut();
        Func { store: store.id(), record: store.host_func(&host).expect(NO_CODE) }
    }

    /// A host function whose type is known at run time only. It finds the
    /// arguments in the first slice and leaves the results in the second, which
    /// holds zeros and nulls when the function is called.
    ///
    /// A call fails if a result is left with a value of another type.
    ///
    /// # Panics
    /// If there is no memory for the code that calls it.
    pub fn new<T: 'static>(
        mut store: impl AsContextMut<Data = T>,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Func {
        let mut context = store.as_context_mut();
        let host = host_func(context.engine(), &ty, func);
        let store = context.opaque_mut();
        Func { store: store.id(), record: store.host_func(&host).expect(NO_CODE) }
    }

    /// Its type.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> FuncType {
        let context = store.as_context();
        context.opaque().expect_own(self.store, "function");
        // SAFETY: of this store, as just checked.
        let id = unsafe { self.record.as_ref() }.type_id;
        FuncType::of_id(context.engine(), id)
    }

    /// Calls the function. `results` is overwritten: what it held does not
    /// matter.
    ///
    /// Where the type is known at compile time, [`Func::typed`] is faster.
    ///
    /// # Errors
    /// If an argument is of another type or store than the function wants, or the
    /// slices are not of the right length; if the function traps
    /// ([`Trap`](crate::Trap)); and with the error of a host function that the
    /// guest called.
    ///
    /// # Panics
    /// If a host function panics that the guest called: its panic goes on here.
    pub fn call(
        &self,
        mut store: impl AsContextMut,
        params: &[Val],
        results: &mut [Val],
    ) -> Result<()> {
        let mut context = store.as_context_mut();
        let record = self.record(context.opaque())?;
        // SAFETY: of this store, as just checked.
        let id = unsafe { record.as_ref() }.type_id;
        let types = context.opaque_mut().runtime_mut().type_table(id);
        let ty = types.get(id).ty().as_func().ok_or_else(|| Error::msg("not a function"))?;
        check_count("argument", ty.params.len(), params.len())?;
        check_count("result", ty.results.len(), results.len())?;
        let needed = ty.call_slots() as usize;
        let mut few = [MaybeUninit::<Slot>::uninit(); STACK_SLOTS];
        let mut many;
        let slots = match few.get_mut(..needed) {
            Some(slots) => slots,
            None => {
                many = vec![MaybeUninit::<Slot>::uninit(); needed];
                &mut many[..]
            }
        };
        write_vals(context.opaque(), &ty.params, params, slots)?;
        // SAFETY: the slots hold the arguments, and there is room for the results.
        unsafe { context.invoke(record, slots.as_mut_ptr().cast())? };
        // SAFETY: the call has left its results in the slots.
        unsafe { read_vals(context.opaque_mut(), &ty.results, slots.as_ptr().cast(), results) };
        Ok(())
    }

    /// The function with its type checked: calls are cheap then.
    ///
    /// `Params` and `Results` are `()`, one [`WasmTy`] or a tuple of them.
    ///
    /// # Errors
    /// If the function is of another type or store.
    pub fn typed<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
    ) -> Result<TypedFunc<Params, Results>> {
        TypedFunc::new(store.as_context().opaque(), *self)
    }

    pub(crate) fn from_record(store: &StoreOpaque, record: NonNull<VmFuncRef>) -> Func {
        Func { store: store.id(), record }
    }

    /// The record, to be used with this store.
    ///
    /// # Errors
    /// If it belongs to another store.
    #[inline]
    pub(crate) fn record(self, store: &StoreOpaque) -> Result<NonNull<VmFuncRef>> {
        if self.store == store.id() {
            return Ok(self.record);
        }
        Err(Error::msg("the function belongs to another store"))
    }

    /// The canonical id of the type.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub(crate) fn canonical_id(self, store: &StoreOpaque) -> Result<u32> {
        // SAFETY: a record of this store, as `record` checks.
        Ok(unsafe { self.record(store)?.as_ref() }.type_id)
    }

    /// The bits of a reference to the function.
    pub(crate) fn bits(self) -> Slot {
        Slot::from_bits(self.record.as_ptr().expose_provenance() as u64)
    }

    /// The function that a reference leads to.
    ///
    /// # Safety
    /// The bits are those of a function reference of this store, or null.
    pub(crate) unsafe fn from_bits(store: &StoreOpaque, bits: Slot) -> Option<Func> {
        let record = std::ptr::with_exposed_provenance_mut(bits.bits() as usize);
        Some(Func { store: store.id(), record: NonNull::new(record)? })
    }
}

/// An error unless as many values were given as expected.
fn check_count(what: &str, expected: usize, found: usize) -> Result<()> {
    if expected == found {
        return Ok(());
    }
    let s = if expected == 1 { "" } else { "s" };
    Err(Error::msg(format!("expected {expected} {what}{s}, found {found}")))
}

/// Writes values of these types into slots.
///
/// # Errors
/// If a value is of another type or store.
#[inline]
fn write_vals(
    store: &StoreOpaque,
    types: &[crate::ValType],
    vals: &[Val],
    slots: &mut [MaybeUninit<Slot>],
) -> Result<()> {
    let mut at = 0;
    for (i, (&ty, val)) in types.iter().zip(vals).enumerate() {
        let value = match val.to_slots(store, ty) {
            Ok(value) => value,
            Err(error) => return Err(error.context(format!("argument {i}"))),
        };
        for &slot in value.iter().take(ty.slots() as usize) {
            slots[at].write(slot);
            at += 1;
        }
    }
    Ok(())
}

/// Reads values of these types out of slots.
///
/// # Safety
/// The slots hold values of these types of this store.
#[inline]
unsafe fn read_vals(
    store: &mut StoreOpaque,
    types: &[crate::ValType],
    mut slots: *const Slot,
    vals: &mut [Val],
) {
    for (&ty, val) in types.iter().zip(vals) {
        // SAFETY: the caller's promise: these slots hold the value.
        unsafe {
            let mut value = [*slots, Slot::ZERO];
            if ty.slots() == 2 {
                value[1] = *slots.add(1);
            }
            slots = slots.add(ty.slots() as usize);
            *val = Val::from_slots(store, ty, value);
        }
    }
}
