//! A number out of memory, the comparison of it and the branch in one cell.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{Load, LoadOp, MemType, mem_sem};
use bimetal_core::ops::num::{BinOp, NumOp, num_sem};
use bimetal_core::value::Slot;

use super::lists::{I32_COMPARISONS, position, with_i32_comparisons};
use super::memory::{Address, ByAddress, read};
use super::num::value;
use super::place::{A, C, Dest, Place, S, ToSlot};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// Loads to a slot and the accumulator, and branches if `O` holds for the number and `c`:
/// `[handler, dst address | offset, target, summand of the address | c]`, the latter a
/// constant or a slot. `SUM`: the address is a slot plus that summand.
pub(crate) struct LoadBr<T, L, O, P, const SUM: bool, R>(PhantomData<(T, L, O, P, R)>);

impl<T, L, O, P, const SUM: bool, R> Exec for LoadBr<T, L, O, P, SUM, R>
where
    T: Address,
    L: Load<Value = i32>,
    O: BinOp<A = i32, B = i32, R = i32>,
    P: Place,
    R: Place,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let summand = if SUM { T::imm(r.half(3, 0)) } else { T::ZERO };
            let index = P::read::<T>(r, 1, 0).sum(summand);
            let number = match index.access(r, r.imm(), L::Mem::WIDTH) {
                Ok(at) => read::<L>(at),
                Err(code) => return r.trap(code),
            };
            let r = ToSlot::write(r, number);
            let c = r.half(3, 1);
            let c = if R::CONST { c as i32 } else { Slot::from_bits(*r.fp.add(c as usize)).i32() };
            if value(O::eval(number, c)) != 0 { r.jump(r.target(2)) } else { r.next(4) }
        }
    }
}

/// The loads that [`LoadBr`] exists for: those that compiled code compares at once.
const LOADS: &[LoadOp] = &[LoadOp::i32_load, LoadOp::i32_load8_u];

/// By load, type of the address, its place (slot, accumulator, slot plus constant) and
/// whether `c` is a constant.
pub(crate) type LoadBrForms = [ByAddress<[[Handler; 2]; 3]>; 2];

macro_rules! load_br {
    ($op:ident, $($load:ident)*) => {
        [$([load_br!(of i32, $op, $load), load_br!(of i64, $op, $load)]),*]
    };
    (of $ty:ident, $op:ident, $load:ident) => {
        [
            load_br!(at $ty, $op, $load, S, false),
            load_br!(at $ty, $op, $load, A, false),
            load_br!(at $ty, $op, $load, S, true),
        ]
    };
    (at $ty:ident, $op:ident, $load:ident, $place:ident, $sum:literal) => {
        [
            handler::<LoadBr<$ty, mem_sem::$load, num_sem::$op, $place, $sum, S>>,
            handler::<LoadBr<$ty, mem_sem::$load, num_sem::$op, $place, $sum, C>>,
        ]
    };
}

macro_rules! load_branches {
    ([$($op:ident)*]) => {
        static LOAD_BR: &[LoadBrForms] = &[$(load_br!($op, i32_load i32_load8_u)),*];
    };
}
with_i32_comparisons!(load_branches);

/// The handlers of [`LoadBr`] for a load and a comparison.
pub(crate) fn load_branch(
    load: LoadOp,
    compare: NumOp,
) -> Option<&'static ByAddress<[[Handler; 2]; 3]>> {
    let forms = &LOAD_BR[position(I32_COMPARISONS, compare)?];
    Some(&forms[LOADS.iter().position(|&op| op == load)?])
}
