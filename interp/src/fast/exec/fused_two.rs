//! An addition in the cell of the load or branch table that uses the sum, and two
//! constants for two slots.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{Load, LoadOp, MemType, mem_sem};

use super::DEST_FORMS;
use super::memory::{Address, ByAddress, read};
use super::place::{Dest, Place, Reg, S, ToAcc, ToSlot};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// A load at a sum that is a local's new value: `[handler, dst sum a ., offset |
/// constant]`. `PIN`: the pin of that local.
pub(crate) struct LoadTee<T, O, P, const PIN: usize, D>(PhantomData<(T, O, P, D)>);

/// No pin.
pub(crate) const NO_PIN: usize = usize::MAX;

impl<T: Address, O: Load, P: Place, const PIN: usize, D: Dest> Exec for LoadTee<T, O, P, PIN, D>
where
    O::Value: Reg,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let sum = P::read::<T>(r, 2, 0).sum(T::imm(r.half(2, 1)));
            sum.store(r.slot(1));
            // It stays there if the load is a float's.
            r = sum.with_acc(r);
            if PIN != NO_PIN {
                r = T::acc_to_pin(r, PIN);
            }
            match sum.access(r, r.half(2, 0), O::Mem::WIDTH) {
                Ok(at) => D::write(r, read::<O>(at)).next(3),
                Err(code) => r.trap(code),
            }
        }
    }
}

macro_rules! load_tee {
    ($($name:ident $operator:ident $mem:ident -> $value:ident;)*) => {
        static LOAD_TEE: &[ByAddress<[Handler; DEST_FORMS]>] = &[$([
            load_tee!(i32 $name),
            load_tee!(i64 $name),
        ]),*];
    };
    ($ty:ident $name:ident) => {
        [
            handler::<LoadTee<$ty, mem_sem::$name, S, NO_PIN, ToAcc>>,
            handler::<LoadTee<$ty, mem_sem::$name, S, NO_PIN, ToSlot>>,
        ]
    };
}
bimetal_core::for_each_load_op!(load_tee);

/// The handlers of [`LoadTee`] by type of the address and place of the result.
pub(crate) fn load_tee(op: LoadOp) -> &'static ByAddress<[Handler; DEST_FORMS]> {
    &LOAD_TEE[op as usize]
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

/// Two slots from 32-bit constants, sign-extended: `[handler, dst dst . ., constants]`.
pub(crate) enum ImmTwo {}

impl Exec for ImmTwo {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = i64::from(r.half(2, 0) as i32) as u64;
            *r.slot(1) = i64::from(r.half(2, 1) as i32) as u64;
            r.next(3)
        }
    }
}
