//! A sum or a number out of memory, the comparison of it and the branch in one cell.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{Load, LoadOp, MemType, mem_sem};
use bimetal_core::ops::num::{BinOp, NumOp, num_sem};
use bimetal_core::sem::i32_add;
use bimetal_core::value::Slot;

use super::memory::{Address, ByAddress, read};
use super::place::{A, C, Dest, Place, S, ToSlot};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// The words of these cells.
const WORDS: usize = 4;

/// The rest of these cells: goes to the target in word 2 if `O` holds for the number and
/// `c`, which the second half of word 3 has or names the slot of.
#[inline(always)] // the end of the handlers below
unsafe fn branch<O, R>(r: Regs, number: i32) -> Flow
where
    O: BinOp<A = i32, B = i32, R = i32>,
    R: Place,
{
    // SAFETY: the cell was linked for this place and has a target.
    unsafe {
        let c = r.half(3, 1);
        let c = if R::CONST { c as i32 } else { Slot::from_bits(*r.fp.add(c as usize)).i32() };
        match O::eval(number, c) {
            Ok(0) | Err(_) => r.next(WORDS),
            Ok(_) => r.jump(r.target(2)),
        }
    }
}

/// Leaves a sum in a slot and the accumulator, and branches on it: `[handler, dst a b .,
/// target, constant b | c]`.
pub(crate) struct SumBr<O, P, D, Q, R>(PhantomData<(O, P, D, Q, R)>);

impl<O, P, D, Q, R> Exec for SumBr<O, P, D, Q, R>
where
    O: BinOp<A = i32, B = i32, R = i32>,
    P: Place,
    D: Dest,
    Q: Place,
    R: Place,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let b = if Q::CONST { r.half(3, 0) as i32 } else { S::read::<i32>(r, 2, 0) };
            let sum = i32_add(P::read::<i32>(r, 1, 0), b);
            branch::<O, R>(D::write(r, sum), sum)
        }
    }
}

/// Loads to a slot and the accumulator, and branches on the number: `[handler, dst
/// address | offset, target, summand of the address | c]`. `SUM`: the address is a slot
/// plus that summand.
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
            match index.access(r, r.imm(), L::Mem::WIDTH) {
                Ok(at) => {
                    let number = read::<L>(at);
                    branch::<O, R>(ToSlot::write(r, number), number)
                }
                Err(code) => r.trap(code),
            }
        }
    }
}

/// The loads that [`LoadBr`] exists for: those that compiled code compares at once.
const LOADS: &[LoadOp] = &[LoadOp::i32_load, LoadOp::i32_load8_u];

/// By whether `b` is a constant, and `c`.
pub(crate) type SumBrForms = [[Handler; 2]; 2];
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

macro_rules! comparisons {
    ($($op:ident)*) => {
        const COMPARISONS: &[NumOp] = &[$(NumOp::$op),*];
        static SUM_BR: &[SumBrForms] = &[$([
            [handler::<SumBr<num_sem::$op, S, ToSlot, S, S>>, handler::<SumBr<num_sem::$op, S, ToSlot, S, C>>],
            [handler::<SumBr<num_sem::$op, S, ToSlot, C, S>>, handler::<SumBr<num_sem::$op, S, ToSlot, C, C>>],
        ]),*];
        static LOAD_BR: &[LoadBrForms] = &[$(load_br!($op, i32_load i32_load8_u)),*];
    };
}
comparisons!(i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s i32_gt_u i32_le_s i32_le_u i32_ge_s i32_ge_u);

/// The handlers of [`SumBr`] for a comparison of 32-bit integers.
pub(crate) fn sum_branch(compare: NumOp) -> Option<&'static SumBrForms> {
    SUM_BR.get(COMPARISONS.iter().position(|&op| op == compare)?)
}

/// The handlers of [`LoadBr`] for a load and a comparison.
pub(crate) fn load_branch(
    load: LoadOp,
    compare: NumOp,
) -> Option<&'static ByAddress<[[Handler; 2]; 3]>> {
    let forms = LOAD_BR.get(COMPARISONS.iter().position(|&op| op == compare)?)?;
    forms.get(LOADS.iter().position(|&op| op == load)?)
}
