//! Host functions: closures behind the same code slot as guest functions.

use std::any::Any;
use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

use bimetal_core::types::FuncType;
use bimetal_core::value::Slot;

use crate::abi::{ArrayCall, Left, Outcome, RegisterCall, RegisterReturn, fits_registers};
use crate::code::CodeSlot;
use crate::trap::{Unwind, raise_unwind};
use crate::types::TypeRegistry;
use crate::vmctx::{VmCtx, VmFuncRef, VmStore};

/// What a host function does: takes the store, the context that the call comes from
/// ([`VmFuncRef::caller`]) and the slots of the call ([`crate::abi`]).
///
/// The pointers are valid for the length of the call; the store is not borrowed
/// when the call begins and must not be when it ends.
pub trait Body<E = Unwind>:
    Fn(*mut VmStore, *mut VmCtx, *mut Slot) -> Result<(), E> + Send + Sync + 'static
{
}

impl<E, F> Body<E> for F where
    F: Fn(*mut VmStore, *mut VmCtx, *mut Slot) -> Result<(), E> + Send + Sync + 'static
{
}

/// A [`Body`] of any type.
pub type HostBody =
    Box<dyn Fn(*mut VmStore, *mut VmCtx, *mut Slot) -> Result<(), Unwind> + Send + Sync + 'static>;

/// Why a host function did not return, before it is known where the guest was.
pub trait Failure: 'static {
    /// Why the guest unwinds.
    ///
    /// # Safety
    /// The store is valid and not borrowed, and all its activations have current exit
    /// fields.
    unsafe fn into_unwind(self, store: *mut VmStore) -> Unwind;
}

impl Failure for Unwind {
    unsafe fn into_unwind(self, _: *mut VmStore) -> Unwind {
        self
    }
}

/// A host function: belongs to no store, and may be shared by several.
///
/// The code slot is the first field, so a [`VmFuncRef::code`] of a host function
/// is the address of its `HostFunc`.
#[repr(C)]
pub struct HostFunc {
    slot: CodeSlot,
    /// For compiled callers, which need the code of the native entry for this one.
    pub(crate) registers: Option<RegisterCall>,
    /// The closure, of the type that the entries were made for.
    body: Box<dyn Any + Send + Sync>,
    ty: FuncType,
    type_id: u32,
}

impl HostFunc {
    /// A host function of this type, whose references to defined types are
    /// canonical ids of `types`.
    pub fn new<F: Body>(types: &TypeRegistry, ty: FuncType, body: F) -> HostFunc {
        HostFunc::with_entry(types, ty, body, array_call::<F, Unwind>)
    }

    /// The same of a body that makes no use of the store and of where it was called:
    /// only if it fails is the store told where the guest was left. It takes its
    /// arguments in registers if they fit.
    pub fn detached<F: Body<E>, E: Failure>(
        types: &TypeRegistry,
        ty: FuncType,
        body: F,
    ) -> HostFunc {
        let registers: RegisterCall = register_call::<F, E>;
        let registers = fits_registers(&ty).then_some(registers);
        let func = HostFunc::with_entry(types, ty, body, array_call::<F, E>);
        HostFunc { registers, ..func }
    }

    fn with_entry(
        types: &TypeRegistry,
        ty: FuncType,
        body: impl Any + Send + Sync,
        entry: ArrayCall,
    ) -> HostFunc {
        let type_id = types.intern_func(ty.clone());
        let slot = CodeSlot::new(entry);
        HostFunc { slot, registers: None, body: Box::new(body), ty, type_id }
    }

    /// Its code slot: a compiling tier puts its native entry there.
    pub fn slot(&self) -> &CodeSlot {
        &self.slot
    }

    /// Whether it has a [`RegisterCall`].
    pub fn takes_registers(&self) -> bool {
        self.registers.is_some()
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
unsafe extern "C-unwind" fn array_call<F: Body<E>, E: Failure>(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    // SAFETY: by the contract of `ArrayCall` the callee is a record of a function
    // behind this entry.
    let (body, caller) = unsafe { (body::<F>(callee), (*callee).caller) };
    match caught(|| body(store, caller, slots)) {
        Ok(()) => Outcome::RETURN,
        // SAFETY: `store` is valid, and the body has let go of it. Who calls the host
        // has noted where the guest was left.
        Err(stopped) => unsafe { raise_unwind(store, stopped.into_unwind(store)) },
    }
}

/// The register entry of the same. Of the slots that are there in name, those of
/// parameters and results that the body does not have are never touched.
unsafe extern "C-unwind" fn register_call<F: Body<E>, E: Failure>(
    callee: *const VmFuncRef,
    left: *const Left,
    a: MaybeUninit<Slot>,
    b: MaybeUninit<Slot>,
    c: MaybeUninit<Slot>,
    d: MaybeUninit<Slot>,
) -> RegisterReturn {
    let mut slots = [a, b, c, d];
    // SAFETY: by the contract of `RegisterCall`, as above; callers are contexts of the
    // store.
    let (body, caller) = unsafe { (body::<F>(callee), (*callee).caller) };
    // SAFETY: as above.
    let store = unsafe { (*caller).store };
    let outcome = caught(|| body(store, caller, slots.as_mut_ptr().cast()));
    let unwinding = match outcome {
        Ok(()) => null_mut(),
        // SAFETY: as above, and the body has let go of the store; `left` is the
        // frame's that runs.
        Err(stopped) => unsafe { stop(store, &*left, stopped) },
    };
    RegisterReturn { value: slots[0], unwinding }
}

/// The body of a host function.
///
/// # Safety
/// The callee is a record of a `HostFunc` that was made with an `F`, kept alive by the
/// store.
#[inline(always)] // part of the entries
unsafe fn body<'a, F: 'static>(callee: *const VmFuncRef) -> &'a F {
    // SAFETY: the caller's promise.
    unsafe { &*std::ptr::from_ref(&*(*(*callee).code.cast::<HostFunc>()).body).cast::<F>() }
}

/// Why a body did not return.
enum Stopped<E> {
    Failure(E),
    Panic(Box<dyn Any + Send>),
}

impl<E: Failure> Stopped<E> {
    /// # Safety
    /// As for [`Failure::into_unwind`].
    #[cold]
    unsafe fn into_unwind(self, store: *mut VmStore) -> Unwind {
        match self {
            // SAFETY: the caller's promise.
            Stopped::Failure(failure) => unsafe { failure.into_unwind(store) },
            Stopped::Panic(panic) => Unwind::Panic(panic),
        }
    }
}

/// Runs a body and holds its panic.
#[inline(always)] // part of the entries
fn caught<E>(body: impl FnOnce() -> Result<(), E>) -> Result<(), Stopped<E>> {
    // What the closure may leave half-done in its own data is its own affair, as
    // with any panic that the embedding catches.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result.map_err(Stopped::Failure),
        Err(panic) => Err(Stopped::Panic(panic)),
    }
}

/// Says where the guest was left, and why it unwinds. Gives the store.
///
/// # Safety
/// The store is valid and not borrowed; the guest was left there.
#[cold]
unsafe fn stop<E: Failure>(store: *mut VmStore, left: &Left, stopped: Stopped<E>) -> *mut VmStore {
    // SAFETY: the caller's promise; guest code runs in the innermost activation.
    unsafe {
        let activation = (*store).activation;
        ((*activation).exit_fp, (*activation).exit_pc) = (left.fp, left.pc);
        let _ = raise_unwind(store, stopped.into_unwind(store));
    }
    store
}
