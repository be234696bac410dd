//! Functions whose type was checked once.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::Slot;

use super::abi::{WasmParams, WasmResults};
use super::{Func, STACK_SLOTS};
use crate::error::{Error, Result};
use crate::store::{AsContextMut, StoreOpaque};

/// A [`Func`] of a type that the compiler knows: a call checks only that the
/// store is the right one, and allocates nothing.
pub struct TypedFunc<Params, Results> {
    func: Func,
    ty: PhantomData<fn(Params) -> Results>,
}

impl<Params, Results> Clone for TypedFunc<Params, Results> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Params, Results> Copy for TypedFunc<Params, Results> {}

impl<Params, Results> fmt::Debug for TypedFunc<Params, Results> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TypedFunc").field(&self.func).finish()
    }
}

impl<Params: WasmParams, Results: WasmResults> TypedFunc<Params, Results> {
    pub(super) fn new(store: &StoreOpaque, func: Func) -> Result<Self> {
        let ty = store.engine().types().get(func.canonical_id(store)?);
        let actual = ty.as_func().ok_or_else(|| Error::msg("not a function"))?;
        if *actual.params != *Params::TYPES || *actual.results != *Results::TYPES {
            let types = |types: &[ValType]| types.to_vec();
            let expected = FuncType::new(types(Params::TYPES), types(Results::TYPES));
            return Err(Error::msg(format!(
                "type mismatch: expected a function of type {expected}, found {actual}"
            )));
        }
        Ok(TypedFunc { func, ty: PhantomData })
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    /// If an argument or the function belongs to another store; if the function
    /// traps ([`Trap`](crate::Trap)); and with the error of a host function that
    /// the guest called.
    ///
    /// # Panics
    /// If a host function panics that the guest called: its panic goes on here.
    #[inline]
    pub fn call(&self, mut store: impl AsContextMut, params: Params) -> Result<Results> {
        let mut context = store.as_context_mut();
        let record = self.func.record(context.opaque())?;
        // Room for the longest list; nothing is initialised that is not used.
        let mut slots = [MaybeUninit::<Slot>::uninit(); STACK_SLOTS];
        let slots: *mut Slot = slots.as_mut_ptr().cast();
        // SAFETY: `new` checked the type; lists have at most sixteen values of
        // one or two slots each.
        unsafe {
            params.write(context.opaque(), slots)?;
            context.invoke(record, slots)?;
            Ok(Results::read(context.opaque_mut(), slots))
        }
    }
}
