//! Functions whose type was checked once.

use std::fmt;
use std::marker::PhantomData;
use std::mem::MaybeUninit;

use bimetal_core::types::{FuncType, RefType, ValType};
use bimetal_core::value::Slot;

use super::abi::{WasmParams, WasmResults};
use super::{Func, STACK_SLOTS};
use crate::error::{Error, Result};
use crate::refs::mismatch;
use crate::store::{AsContextMut, StoreOpaque};

/// A [`Func`] of a type that the compiler knows: a call checks only that the
/// store is the right one, and allocates nothing.
pub struct TypedFunc<Params, Results> {
    func: Func,
    /// Whether the function wants a reference of a more precise type than `Params`
    /// says: then each call checks what it is given.
    precise: bool,
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
        let exact = *actual.params == *Params::TYPES && *actual.results == *Results::TYPES;
        let accepted = |precise| Ok(TypedFunc { func, precise, ty: PhantomData });
        if exact {
            return accepted(false);
        }
        let types = store.engine().types();
        let matches = |(&a, &b): (&ValType, &ValType)| types.val_type_matches(a, b);
        let passes = |(&given, &wanted): (&ValType, &ValType)| {
            // A reference may turn out to be of the more precise type.
            matches((&given, &wanted)) || matches((&non_null(wanted), &nullable(given)))
        };
        let (params, results) = (Params::TYPES, Results::TYPES);
        if params.len() != actual.params.len()
            || results.len() != actual.results.len()
            || !params.iter().zip(&actual.params).all(passes)
            || !actual.results.iter().zip(results).all(matches)
        {
            let types = |types: &[ValType]| types.to_vec();
            let expected = FuncType::new(types(Params::TYPES), types(Results::TYPES));
            return Err(Error::msg(format!(
                "type mismatch: expected a function of type {expected}, found {actual}"
            )));
        }
        accepted(!params.iter().zip(&actual.params).all(matches))
    }

    /// The function.
    pub fn func(&self) -> &Func {
        &self.func
    }

    /// Calls the function.
    ///
    /// # Errors
    /// If an argument or the function belongs to another store, or a reference is not
    /// of the precise type that the function wants; if the function
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
            if self.precise {
                check_references(context.opaque_mut(), record.as_ref().type_id, slots)?;
            }
            context.invoke(record, slots)?;
            Ok(Results::read(context.opaque_mut(), slots))
        }
    }
}

/// A type of references with null; any other type as it is.
fn nullable(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(RefType { nullable: true, ..ty }),
        number => number,
    }
}

/// A type of references without null; any other type as it is.
fn non_null(ty: ValType) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(RefType { nullable: false, ..ty }),
        number => number,
    }
}

/// An error unless references are of the types that a function wants.
///
/// # Safety
/// The slots hold values for a function with this type, but for the types of
/// references, which are in the hierarchies of those that it wants.
#[cold]
unsafe fn check_references(
    store: &mut StoreOpaque,
    type_id: u32,
    mut slots: *const Slot,
) -> Result<()> {
    let ty = store.engine().types().get(type_id);
    let ty = ty.as_func().ok_or_else(|| Error::msg("not a function"))?;
    for (index, &param) in ty.params.iter().enumerate() {
        // SAFETY: the caller's promise.
        unsafe {
            if let ValType::Ref(wanted) = param
                && !store.runtime_mut().ref_has_type(*slots, wanted)
            {
                let error = mismatch(param, "a reference of another type");
                return Err(error.context(format!("argument {index}")));
            }
            slots = slots.add(param.slots() as usize);
        }
    }
    Ok(())
}
