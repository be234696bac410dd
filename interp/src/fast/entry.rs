//! The ways in: array calls, and calls by compiled code.

use std::sync::atomic::Ordering;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::activation::{self, Activation};
use bimetal_runtime::store::Store;
use bimetal_runtime::trap::{Unwind, note_uncaught, raise, raise_unwind};
use bimetal_runtime::vmctx::{VmCtx, VmFuncRef, VmStore, VmTail};

use super::code::FastModule;
use super::dispatch::{Exit, Fp, Ip, Regs, run};
use super::exec::call::{frame_bytes, write_header};
use super::{exception, frames, roots, vreg};

/// The array entry of every function of this tier.
pub(super) unsafe extern "C-unwind" fn array_call(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    // SAFETY: the contract of `ArrayCall`: the callee is a function of this tier, so
    // its context is valid and its tier data a `FastModule`.
    unsafe {
        if (*store).values.base.is_null()
            && let Err(error) = Store::from_vm(store).ensure_value_stack()
        {
            return raise_unwind(store, Unwind::Host(Box::new(error)));
        }
        let (cx, index) = ((*callee).cx, (*callee).index);
        let tier = FastModule::of(cx);
        let ty = tier.module.type_of_func(tier.module.func_at(index as usize));
        let (params, results) = (ty.param_slots() as usize, ty.result_slots() as usize);
        let base: Fp = (*store).values.top.cast();
        // A frame's size includes parameters, results and header; that of a
        // function not yet translated is tested once it is known.
        let needed = (params + 2).max(results) * size_of::<Slot>();
        if ((*store).values.end as usize - base as usize) < needed {
            return raise(store, TrapCode::StackOverflow);
        }
        std::ptr::copy_nonoverlapping(slots.cast::<u64>(), base, params);
        let mut outcome = call(cx, index, params as u32, base.cast());
        if outcome == Outcome::TAIL {
            outcome = go_on(store, base.cast());
        }
        if outcome == Outcome::RETURN {
            std::ptr::copy_nonoverlapping(base, slots.cast::<u64>(), results);
        }
        outcome
    }
}

/// Calls the function of another tier that a tail call of the outermost function
/// leads to. It reads its arguments before anybody else uses the value stack.
///
/// # Safety
/// The store's [`VmTail`] was written just now, and `slots` hold the arguments.
unsafe fn go_on(store: *mut VmStore, slots: *mut Slot) -> Outcome {
    // SAFETY: the caller's promise; the entry needs of its callee what a code slot
    // and a context say.
    unsafe {
        let VmTail { code, cx } = (*store).tail;
        let caller = std::ptr::null_mut();
        let callee = VmFuncRef { code, cx, caller, type_id: 0, index: 0, slab: 0 };
        ((*code).array())(store, &raw const callee, slots)
    }
}

/// Runs a function whose arguments are the topmost slots of the value stack, and
/// leaves its results there: [`bimetal_runtime::abi::InterpCall`].
///
/// # Safety
/// As `InterpCall` says.
pub unsafe extern "C-unwind" fn call(
    cx: *mut VmCtx,
    index: u32,
    params: u32,
    slots: *mut Slot,
) -> Outcome {
    let mut activation = Activation::new(frames::walk, roots::visit);
    // SAFETY: the same contract.
    unsafe {
        let store = (*cx).store;
        let run = |_| enter(cx, index, params, slots.cast());
        let outcome = activation::enter(store, &mut activation, run);
        outcome.unwrap_or_else(|| raise(store, TrapCode::StackOverflow))
    }
}

/// Runs a function inside an activation.
///
/// # Safety
/// As for [`call`].
unsafe fn enter(cx: *mut VmCtx, index: u32, params: u32, fp: Fp) -> Outcome {
    // SAFETY: the context is of an instance whose module has code of this tier.
    unsafe {
        let store = (*cx).store;
        let entry = (*(*cx).code.add(index as usize)).interp.load(Ordering::Acquire);
        let entry: Ip = entry.cast_const().cast();
        if ((*store).values.end as usize - fp as usize) < frame_bytes(entry) {
            return raise(store, TrapCode::StackOverflow);
        }
        write_header(fp, params as usize, frames::leave_cell(), std::ptr::null_mut());
        match run(at(entry, fp, cx)) {
            Exit::RETURN => Outcome::RETURN,
            Exit::TAIL => Outcome::TAIL,
            exit => end(store, exit),
        }
    }
}

/// The state in which a function begins or goes on: no register holds anything.
fn at(ip: Ip, fp: Fp, cx: *mut VmCtx) -> Regs {
    let zero = vreg::zero();
    let (a, p0, p1) = (0, 0, 0);
    Regs { ip, fp, cx, a, p0, p1, v: zero, w0: zero, w1: zero, w2: zero }
}

/// What becomes of a function that has ended early: it goes on where an exception is
/// caught, or is unwound.
///
/// # Safety
/// The innermost activation is one of this tier, and the chain of its handlers has just
/// ended so.
#[cold]
#[inline(never)] // its locals would be saved by every call
unsafe fn end(store: *mut VmStore, mut exit: Exit) -> Outcome {
    // SAFETY: the caller's promise.
    unsafe {
        while exit == Exit::PENDING
            && let Some((ip, fp, cx)) = exception::land(store)
        {
            exit = run(at(ip, fp, cx));
        }
        match exit {
            Exit::RETURN => Outcome::RETURN,
            Exit::TAIL => Outcome::TAIL,
            _ => match exit.trap() {
                Some(code) => raise(store, code),
                None => {
                    note_uncaught(store);
                    Outcome::UNWIND
                }
            },
        }
    }
}
