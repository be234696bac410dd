//! Moving values about: copies, selection, globals, function references.
//!
//! These handlers know only three types: 64 bits that travel through integer
//! registers (`i64`), 64 bits that travel through float registers (`f64`) and
//! vectors. A value takes the way that its type takes elsewhere, so that a load finds
//! the last store in the same kind of register.

use std::marker::PhantomData;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;
use bimetal_runtime::vmctx::{VmFuncRef, VmGlobal};

use super::place::{Dest, Place, Reg, ToAcc, ToSlot, extra};
use super::straight::Straight;
use super::{DEST_FORMS, by_place};
use crate::fast::dispatch::{Handler, Regs, handler};

/// One value from its slots or the accumulator: `[handler, dst src . .]`; from a
/// constant: `[handler, dst . . ., bits..]`. Leaves the accumulators alone.
pub(crate) struct Copy<T, P>(PhantomData<(T, P)>);

impl<T: Reg, P: Place> Straight for Copy<T, P> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this place.
        unsafe {
            P::read::<T>(r, 1, 2).store(r.slot(0));
            Ok(r.behind(2 + extra::<P, T>()))
        }
    }
}

/// Handlers of [`Copy`] by class and place.
pub(crate) static COPY: [[Handler; 3]; 3] =
    [by_place!(Copy<i64; _>), by_place!(Copy<f64; _>), by_place!(Copy<V128; _>)];

/// One slot from a 32-bit constant, sign-extended: `[handler, dst . | constant]`.
pub(crate) enum CopyImm {}

impl Straight for CopyImm {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = i64::from(r.imm() as i32) as u64;
            Ok(r.behind(2))
        }
    }
}

/// Two copies, one after the other: `[handler, dst src dst src]`.
pub(crate) enum CopyTwo {}

impl Straight for CopyTwo {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = *r.slot(1);
            *r.slot(2) = *r.slot(3);
            Ok(r.behind(2))
        }
    }
}

/// Two slots from 32-bit constants, sign-extended: `[handler, dst dst . ., constants]`.
pub(crate) enum ImmTwo {}

impl Straight for ImmTwo {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = i64::from(r.half(2, 0) as i32) as u64;
            *r.slot(1) = i64::from(r.half(2, 1) as i32) as u64;
            Ok(r.behind(3))
        }
    }
}

/// Copies slots, ascending.
///
/// # Safety
/// Both runs lie in a frame.
#[inline(always)] // vanishes into handlers
pub(crate) unsafe fn copy_slots(to: *mut u64, from: *const u64, count: usize) {
    for i in 0..count {
        // SAFETY: the caller's promise. Volatile, so that it stays a short loop:
        // most runs are of a few slots, and a call of `memcpy` or a vector loop
        // would make the handler save its registers.
        unsafe { to.add(i).write_volatile(*from.add(i)) };
    }
}

/// `[handler, . . . ., dst | src, count]`: slots, ascending; for frames of any
/// size.
pub(crate) enum CopySpan {}

impl Straight for CopySpan {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the translator names slots of the function's frame only.
        unsafe {
            let to = r.fp.add(r.half(2, 0) as usize);
            let from = r.fp.add(r.half(2, 1) as usize);
            copy_slots(to, from, r.half(3, 0) as usize);
            Ok(r.behind(4))
        }
    }
}

/// `[handler, . . . ., dst | count]`: zeroes slots; for frames of any size.
pub(crate) enum ZeroSpan {}

impl Straight for ZeroSpan {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the translator names slots of the function's frame only.
        unsafe {
            let to = r.fp.add(r.half(2, 0) as usize);
            for i in 0..r.half(2, 1) as usize {
                // Volatile for the reason given at `copy_slots`.
                to.add(i).write_volatile(0);
            }
            Ok(r.behind(3))
        }
    }
}

/// `global.get`: `[handler, dst . | global]`.
pub(crate) struct GlobalGet<T, D>(PhantomData<(T, D)>);

impl<T: Reg, D: Dest> Straight for GlobalGet<T, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the linker passes the offset of a global in the context.
        unsafe {
            let global = *r.cx.byte_add(r.imm() as usize).cast::<*const VmGlobal>();
            Ok(D::write(r, T::load((&raw const (*global).value).cast())).behind(2))
        }
    }
}

/// Handlers of [`GlobalGet`] by class and place of the result.
pub(crate) static GLOBAL_GET: [[Handler; DEST_FORMS]; 3] = [
    [handler::<GlobalGet<i64, ToAcc>>, handler::<GlobalGet<i64, ToSlot>>],
    [handler::<GlobalGet<f64, ToAcc>>, handler::<GlobalGet<f64, ToSlot>>],
    [handler::<GlobalGet<V128, ToAcc>>, handler::<GlobalGet<V128, ToSlot>>],
];

/// `global.set`: `[handler, . src | global]`, for a constant with its bits in
/// further words.
pub(crate) struct GlobalSet<T, P>(PhantomData<(T, P)>);

impl<T: Reg, P: Place> Straight for GlobalSet<T, P> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the linker passes the offset of a global in the context; a
        // store is used by one thread at a time.
        unsafe {
            let global = *r.cx.byte_add(r.imm() as usize).cast::<*mut VmGlobal>();
            let value = if P::CONST { T::load(r.words(2)) } else { P::read::<T>(r, 1, 2) };
            value.store((&raw mut (*global).value).cast());
            Ok(r.behind(2 + if P::CONST { T::SLOTS } else { 0 }))
        }
    }
}

/// Handlers of [`GlobalSet`] by class and place of the value.
pub(crate) static GLOBAL_SET: [[Handler; 3]; 3] =
    [by_place!(GlobalSet<i64; _>), by_place!(GlobalSet<f64; _>), by_place!(GlobalSet<V128; _>)];

/// `ref.func` of an imported function, whose record stands in the context:
/// `[handler, dst . | offset]`.
pub(crate) enum RefImport {}

impl Straight for RefImport {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the linker passes the offset of a record in the context.
        unsafe {
            let record = r.cx.byte_add(r.imm() as usize);
            Ok(ToSlot::write(r, record.expose_provenance() as i64).behind(2))
        }
    }
}

/// `ref.func` of a defined function: `[handler, dst . | position]`.
pub(crate) enum RefFunc {}

impl Straight for RefFunc {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the linker passes the position of an escaping function.
        unsafe {
            let record: *const VmFuncRef = (*r.cx).func_refs.add(r.imm() as usize);
            Ok(ToSlot::write(r, record.expose_provenance() as i64).behind(2))
        }
    }
}
