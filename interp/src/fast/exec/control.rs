//! Control flow inside a function, and the way out of it.

use std::marker::PhantomData;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;

use super::by_place;
use super::data::copy_slots;
use super::place::{Place, Reg};
use crate::fast::dispatch::{Exec, Exit, Flow, Handler, Ip, Regs};

/// `br`: `[handler, target]`.
pub(crate) enum Br {}

impl Exec for Br {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the linker wrote the address of a cell.
        unsafe { r.jump(r.target(1)) }
    }
}

/// `br_table`: `[handler, . index | count, targets..]`; the last target is the
/// default.
pub(crate) struct BrTable<P>(PhantomData<P>);

impl<P: Place> Exec for BrTable<P> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the linker wrote `count` addresses, at least one.
        unsafe {
            let index = (P::read::<i32>(r, 1, 0) as u32).min(r.imm() - 1);
            r.jump(r.target(2 + index as usize))
        }
    }
}

/// `br_table` on the accumulator or on a slot plus a constant, which is kept in a slot
/// as well: `[handler, sum index | count, constant, targets..]`.
pub(crate) struct BrTableAdd<P>(PhantomData<P>);

impl<P: Place> Exec for BrTableAdd<P> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the linker wrote `count` addresses, at least one.
        unsafe {
            let sum = (P::read::<i32>(r, 1, 0) as u32).wrapping_add(r.half(2, 0));
            *r.slot(0) = u64::from(sum);
            r.jump(r.target(3 + sum.min(r.imm() - 1) as usize))
        }
    }
}

/// `unreachable`: `[handler]`.
pub(crate) enum Unreachable {}

impl Exec for Unreachable {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the handler's contract.
        unsafe { r.trap(TrapCode::Unreachable) }
    }
}

/// Reads the header of the frame, which stands behind its parameters.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn header(r: Regs, params: usize) -> (Ip, *mut u64) {
    // SAFETY: whoever entered the function wrote its header.
    unsafe {
        let header = r.fp.add(params);
        (header.cast::<Ip>().read(), header.add(1).cast::<*mut u64>().read())
    }
}

/// `return` without results: `[handler, params . . .]`.
pub(crate) enum Return0 {}

impl Exec for Return0 {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the header leads to the cell behind the call.
        unsafe {
            let (ip, fp) = header(r, r.field(0));
            r.fp = fp;
            r.jump(ip)
        }
    }
}

/// `return` of one result, which stays in the accumulator as well: `[handler,
/// params src . .]`, for a constant with its bits in further words.
pub(crate) struct Return<T, P>(PhantomData<(T, P)>);

impl<T: Reg, P: Place> Exec for Return<T, P> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the header leads to the cell behind the call; the result
        // belongs in the first slot.
        unsafe {
            let value = if P::CONST { T::load(r.words(2)) } else { P::read::<T>(r, 1, 2) };
            let (ip, fp) = header(r, r.field(0));
            value.store(r.fp);
            let mut r = value.with_acc(r);
            r.fp = fp;
            r.jump(ip)
        }
    }
}

/// Handlers of [`Return`] by class and place.
pub(crate) static RETURN: [[Handler; 3]; 3] =
    [by_place!(Return<i64; _>), by_place!(Return<f64; _>), by_place!(Return<V128; _>)];

/// `return` of several slots: `[handler, params . . ., src | count]`.
pub(crate) enum ReturnSpan {}

impl Exec for ReturnSpan {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the header leads to the cell behind the call, and is read
        // before results overwrite it; the caller left room for the results.
        unsafe {
            let (ip, fp) = header(r, r.field(0));
            let from = r.fp.add(r.half(2, 0) as usize);
            copy_slots(r.fp, from, r.half(2, 1) as usize);
            r.fp = fp;
            r.jump(ip)
        }
    }
}

/// The cell that the outermost function of an activation returns to.
pub(crate) enum Leave {}

impl Exec for Leave {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        Flow::exit(r, Exit::RETURN)
    }
}
