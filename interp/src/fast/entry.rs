//! The way in: array calls.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::abi::Outcome;
use bimetal_runtime::activation::{self, Activation};
use bimetal_runtime::store::Store;
use bimetal_runtime::trap::{Unwind, note_uncaught, raise, raise_unwind};
use bimetal_runtime::vmctx::{VmFuncRef, VmStore};

use super::code::FastModule;
use super::dispatch::{Exit, Fp, Ip, Regs, run};
use super::exec::call::write_header;
use super::{exception, frames, roots, vreg};

/// The array entry of every function of this tier.
pub(super) unsafe extern "C-unwind" fn array_call(
    store: *mut VmStore,
    callee: *const VmFuncRef,
    slots: *mut Slot,
) -> Outcome {
    let mut activation = Activation::new(frames::walk, roots::visit);
    // SAFETY: the contract of `ArrayCall`.
    unsafe {
        let outcome = activation::enter(store, &mut activation, |_| enter(store, callee, slots));
        outcome.unwrap_or_else(|| raise(store, TrapCode::StackOverflow))
    }
}

/// Runs a function inside an activation.
///
/// # Safety
/// As for [`bimetal_runtime::abi::ArrayCall`].
unsafe fn enter(store: *mut VmStore, callee: *const VmFuncRef, slots: *mut Slot) -> Outcome {
    // SAFETY: the callee is a function of this tier, so its context is valid and
    // its tier data a `FastModule`.
    unsafe {
        if (*store).values.base.is_null()
            && let Err(error) = Store::from_vm(store).ensure_value_stack()
        {
            return raise_unwind(store, Unwind::Host(Box::new(error)));
        }
        let tier = FastModule::of((*callee).cx);
        let defined = (*callee).index as usize;
        let ty = tier.module.type_of_func(tier.module.func_at(defined));
        let (params, results) = (ty.param_slots() as usize, ty.result_slots() as usize);
        let entry: Ip = tier.slots[defined]
            .interp
            .load(std::sync::atomic::Ordering::Acquire)
            .cast_const()
            .cast();
        let fp: Fp = (*store).values.top.cast();
        // A frame's size includes parameters, results and header; that of a
        // function not yet translated is tested once it is known.
        let needed =
            ((params + 2).max(results) * size_of::<Slot>()).max((*entry.sub(1)).bits as usize);
        if ((*store).values.end as usize - fp as usize) < needed {
            return raise(store, TrapCode::StackOverflow);
        }
        std::ptr::copy_nonoverlapping(slots.cast::<u64>(), fp, params);
        write_header(fp, params, frames::leave_cell(), std::ptr::null_mut());
        let zero = vreg::zero();
        let cx = (*callee).cx;
        let (a, p0, p1) = (0, 0, 0);
        let start = Regs { ip: entry, fp, cx, a, p0, p1, v: zero, w0: zero, w1: zero, w2: zero };
        let mut exit = run(start);
        while exit == Exit::PENDING
            && let Some((ip, fp, cx)) = exception::land(store)
        {
            exit = run(Regs { ip, fp, cx, ..start });
        }
        if exit == Exit::RETURN {
            std::ptr::copy_nonoverlapping(fp, slots.cast::<u64>(), results);
            return Outcome::RETURN;
        }
        match exit.trap() {
            Some(code) => raise(store, code),
            None => {
                note_uncaught(store);
                Outcome::UNWIND
            }
        }
    }
}
