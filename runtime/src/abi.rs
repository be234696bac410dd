//! How guest code is entered and how it calls the host: arguments and results
//! in an array of slots.
//!
//! An array call passes the parameters from the first slot on, each in
//! [`bimetal_core::types::ValType::slots`] slots, and finds the results at the
//! same place, so the array holds at least
//! [`bimetal_core::types::FuncType::call_slots`] slots. References travel as raw
//! bits: a function reference as the address of a [`VmFuncRef`], an extern
//! reference as the store's handle; null as zero.
//!
//! Compiled code passes a few numbers to host functions in registers
//! ([`RegisterCall`]), where these have such an entry.

use std::mem::MaybeUninit;

use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::Slot;

use crate::code::CodeSlot;
use crate::store::Store;
use crate::trap::Unwind;
use crate::vmctx::{VmCtx, VmFuncRef, VmStore};

/// Whether a call returned or is being unwound.
///
/// Unwinding never passes through Rust frames: a callee that traps puts the
/// reason into the store ([`crate::store::Store::pending`]) and returns
/// [`Outcome::UNWIND`]; each Rust frame hands it on.
#[must_use]
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome(pub u32);

impl Outcome {
    /// The call returned; its results are in the slots.
    pub const RETURN: Outcome = Outcome(0);
    /// A trap, a host error, a panic or an exception is pending in the store.
    pub const UNWIND: Outcome = Outcome(1);
    /// The callee ended in a tail call of the function that
    /// [`crate::vmctx::VmStore::tail`] names, whose arguments are where its own
    /// were. Only an [`InterpCall`] ends so.
    pub const TAIL: Outcome = Outcome(2);
}

/// An entry that takes arguments and results in slots.
///
/// # Safety
/// `store` is the store that owns `callee` and is not borrowed by a live Rust
/// reference; `callee` is a valid record of a function behind whose code slot
/// this entry stands; `slots` holds arguments of the callee's type and has room
/// for its results.
pub type ArrayCall = unsafe extern "C-unwind" fn(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome;

/// How many parameters a [`RegisterCall`] takes.
pub const REGISTER_PARAMS: usize = 4;

/// An entry of a host function that takes its arguments in registers and leaves its
/// result in one, if it has one: as the bits of slots, of which an `i32` or `f32` counts
/// with its lower half. Parameters that the function does not have are not passed.
///
/// # Safety
/// `callee` is a valid record of a function with this entry, whose store's guest code
/// runs and is not borrowed by a live Rust reference; `left` stays in place during
/// the call.
pub type RegisterCall = unsafe extern "C-unwind" fn(
    callee: *const VmFuncRef,
    left: *const Left,
    _: MaybeUninit<Slot>,
    _: MaybeUninit<Slot>,
    _: MaybeUninit<Slot>,
    _: MaybeUninit<Slot>,
) -> RegisterReturn;

/// Where compiled code was left for the host: what a frame begins with on every
/// supported processor.
#[repr(C)]
#[derive(Debug)]
pub struct Left {
    /// The frame pointer of the code that was left.
    pub fp: usize,
    /// The return address into it.
    pub pc: usize,
}

/// What a [`RegisterCall`] returns.
#[repr(C)]
#[derive(Debug)]
pub struct RegisterReturn {
    /// The result, if the function has one and returned.
    pub value: MaybeUninit<Slot>,
    /// Null if the function returned; otherwise the store in which the reason to
    /// unwind is pending, whose activation says where the guest was left.
    pub unwinding: *mut VmStore,
}

/// Whether a [`RegisterCall`] can take the arguments and give the results of this type:
/// numbers, and not too many.
pub fn fits_registers(ty: &FuncType) -> bool {
    let number = |ty: &ValType| !matches!(ty, ValType::V128 | ValType::Ref(_));
    let few = ty.params.len() <= REGISTER_PARAMS && ty.results.len() <= 1;
    few && ty.params.iter().chain(&ty.results).all(number)
}

/// How compiled code calls an interpreted function of an instance: by its position
/// among the defined functions, with so many slots of parameters.
///
/// # Safety
/// `cx` is the context of a live instance whose store is not borrowed; the store's
/// innermost activation has current exit fields; `slots` is the top of the store's
/// value stack, which has room for parameters, results and two slots more.
pub type InterpCall = unsafe extern "C-unwind" fn(
    cx: *mut VmCtx,
    index: u32,
    params: u32,
    slots: *mut Slot,
) -> Outcome;

/// How interpreted code calls the compiled function behind a code slot.
///
/// # Safety
/// As for [`ArrayCall`], for a function of the instance of `cx`.
pub type NativeCall =
    unsafe extern "C-unwind" fn(cx: *mut VmCtx, code: *const CodeSlot, slots: *mut Slot) -> Outcome;

/// Calls a function from the host: arguments and results in `slots`.
///
/// # Errors
/// Why the call did not return.
///
/// # Safety
/// As for [`ArrayCall`], for the callee's own entry.
#[inline]
pub unsafe fn invoke(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Result<(), Unwind> {
    // SAFETY: the caller's promise. The code slot lives as long as the store,
    // which keeps the module's code or the host function.
    let outcome = unsafe { ((*(*callee).code).array())(store, callee, slots) };
    if outcome == Outcome::RETURN {
        return Ok(());
    }
    // SAFETY: the callee is back, so nobody else uses the store.
    Err(unsafe { reason(store) })
}

/// Why the call did not return.
///
/// # Safety
/// The store is valid, and nobody else uses it.
#[cold]
unsafe fn reason(store: *mut VmStore) -> Unwind {
    // SAFETY: the caller's promise.
    let pending = unsafe { Store::from_vm(store).pending.take() };
    pending.expect("an entry that unwinds leaves the reason in the store")
}
