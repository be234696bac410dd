//! Host functions: closures behind the same code slot as guest functions.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bimetal_core::types::FuncType;
use bimetal_core::value::Slot;

use crate::abi::Outcome;
use crate::code::CodeSlot;
use crate::trap::{Unwind, raise_unwind};
use crate::types::TypeRegistry;
use crate::vmctx::{VmCtx, VmFuncRef, VmStore};

/// What a host function does: takes the store, the context that the call comes from
/// ([`VmFuncRef::caller`]) and the slots of the call ([`crate::abi`]).
///
/// The pointers are valid for the length of the call; the store is not borrowed
/// when the call begins and must not be when it ends.
pub trait Body:
    Fn(*mut VmStore, *mut VmCtx, *mut Slot) -> Result<(), Unwind> + Send + Sync + 'static
{
}

impl<F> Body for F where
    F: Fn(*mut VmStore, *mut VmCtx, *mut Slot) -> Result<(), Unwind> + Send + Sync + 'static
{
}

/// A [`Body`] of any type.
pub type HostBody =
    Box<dyn Fn(*mut VmStore, *mut VmCtx, *mut Slot) -> Result<(), Unwind> + Send + Sync + 'static>;

/// A host function: belongs to no store, and may be shared by several.
///
/// The code slot is the first field, so a [`VmFuncRef::code`] of a host function
/// is the address of its `HostFunc`.
#[repr(C)]
pub struct HostFunc {
    slot: CodeSlot,
    /// The closure, of the type that the array entry was made for.
    body: Box<dyn Any + Send + Sync>,
    ty: FuncType,
    type_id: u32,
}

impl HostFunc {
    /// A host function of this type, whose references to defined types are
    /// canonical ids of `types`.
    pub fn new<F: Body>(types: &TypeRegistry, ty: FuncType, body: F) -> HostFunc {
        let type_id = types.intern_func(ty.clone());
        HostFunc { slot: CodeSlot::new(array_call::<F>), body: Box::new(body), ty, type_id }
    }

    /// Its code slot: a compiling tier puts its native entry there.
    pub fn slot(&self) -> &CodeSlot {
        &self.slot
    }

    /// Its type.
    pub fn ty(&self) -> &FuncType {
        &self.ty
    }

    /// The canonical id of its type.
    pub fn canonical_id(&self) -> u32 {
        self.type_id
    }
}

impl fmt::Debug for HostFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostFunc").field("ty", &self.ty).finish_non_exhaustive()
    }
}

/// The array entry of host functions with this body, which is compiled into it: panics
/// and errors become an unwind.
unsafe extern "C-unwind" fn array_call<F: Body>(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    // SAFETY: by the contract of `ArrayCall` the callee is a record of a function
    // behind this entry, thus of a `HostFunc` that was made with an `F`, kept alive by
    // the store.
    let (body, caller) = unsafe {
        let host = &*(*callee).code.cast::<HostFunc>();
        (&*std::ptr::from_ref(&*host.body).cast::<F>(), (*callee).caller)
    };
    // What the closure may leave half-done in its own data is its own affair, as
    // with any panic that the embedding catches.
    match catch_unwind(AssertUnwindSafe(|| body(store, caller, slots))) {
        Ok(Ok(())) => Outcome::RETURN,
        // SAFETY: `store` is valid, and the body has let go of it.
        Ok(Err(unwind)) => unsafe { raise_unwind(store, unwind) },
        // SAFETY: as above.
        Err(panic) => unsafe { raise_unwind(store, Unwind::Panic(panic)) },
    }
}
