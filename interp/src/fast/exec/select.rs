//! `select`.

use std::marker::PhantomData;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;

use super::DEST_FORMS;
use super::place::{A, C, Dest, Place, Reg, S, ToAcc, ToSlot};
use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// `select`: `[handler, dst a b condition]`.
pub(crate) struct Select<T, P, D>(PhantomData<(T, P, D)>);

impl<T: Reg, P: Place, D: Dest> Straight for Select<T, P, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = S::read::<T>(r, 1, 2);
            let b = S::read::<T>(r, 2, 2);
            let value = if P::read::<i32>(r, 3, 2) != 0 { a } else { b };
            Ok(D::write(r, value).behind(2))
        }
    }
}

macro_rules! select_handlers {
    ($ty:ty) => {
        [
            [handler::<Select<$ty, S, ToAcc>>, handler::<Select<$ty, S, ToSlot>>],
            [handler::<Select<$ty, A, ToAcc>>, handler::<Select<$ty, A, ToSlot>>],
        ]
    };
}

/// Handlers of [`Select`] by class, place of the condition and of the result.
pub(crate) static SELECT: [[[Handler; DEST_FORMS]; 2]; 3] =
    [select_handlers!(i64), select_handlers!(f64), select_handlers!(V128)];

/// An integer that is in the slot of a field or one half of a word.
#[inline(always)] // vanishes into handlers
unsafe fn choice<P: Place>(r: Regs, field: usize, word: usize, half: usize) -> i64 {
    // SAFETY: the cell was linked for this place.
    unsafe { if P::CONST { i64::imm(r.half(word, half)) } else { S::read::<i64>(r, field, 0) } }
}

/// `select` of integers of which one or both are constants: `[handler, dst a b condition,
/// constants a | b]`.
pub(crate) struct SelectConst<P, Q, R>(PhantomData<(P, Q, R)>);

impl<P: Place, Q: Place, R: Place> Straight for SelectConst<P, Q, R> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let (a, b) = (choice::<Q>(r, 1, 2, 0), choice::<R>(r, 2, 2, 1));
            let value = if P::read::<i32>(r, 3, 2) != 0 { a } else { b };
            Ok(ToSlot::write(r, value).behind(3))
        }
    }
}

macro_rules! by_constants {
    ($body:ident < $($arg:ty),* >) => {
        [
            [handler::<$body<$($arg,)* S, S>>, handler::<$body<$($arg,)* S, C>>],
            [handler::<$body<$($arg,)* C, S>>, handler::<$body<$($arg,)* C, C>>],
        ]
    };
}

/// Handlers by whether `a` and `b` are constants.
pub(crate) type ByConstants = [[Handler; 2]; 2];

/// Handlers of [`SelectConst`] by place of the condition.
pub(crate) static SELECT_CONST: [ByConstants; 2] =
    [by_constants!(SelectConst<S>), by_constants!(SelectConst<A>)];
