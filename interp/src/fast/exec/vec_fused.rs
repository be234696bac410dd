//! Two instructions in one cell, the first or both of them on vectors: a load and what
//! is done with the vector, a test and the branch on it.

use std::marker::PhantomData;

use bimetal_core::ops::vec::{VecBinOp, VecOp, VecUnOp, vec_sem};
use bimetal_core::ops::vec_mem::{VecLoad, vec_mem_sem};
use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;

use super::memory::access_0;
use super::place::{A, C, Dest, Place, S, ToAcc, ToSlot, extra};
use super::straight::Straight;
use super::vec_mem::read;
use super::{DEST_FORMS, PLACES};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// A branch that is taken when a test gives `WHEN`: `[handler, . a . ., target]`.
pub(crate) struct BrTest<O, P, const WHEN: bool>(PhantomData<(O, P)>);

impl<O: VecUnOp<A = V128, R = i32>, P: Place, const WHEN: bool> Exec for BrTest<O, P, WHEN> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this place and has a target.
        unsafe {
            let test = O::eval(P::read::<V128>(r, 1, 3)) != 0;
            if test == WHEN { r.jump(r.target(2)) } else { r.next(3) }
        }
    }
}

/// `v128.load` from memory 0 at a 32-bit address, and an instruction on the vector and
/// another one: `[handler, dst addr other ., . | offset]`, a constant in two more words.
/// `FIRST`: the loaded vector is the first operand.
pub(crate) struct LoadThen<O, P, Q, const FIRST: bool, D>(PhantomData<(O, P, Q, D)>);

impl<O, P: Place, Q: Place, const FIRST: bool, D: Dest> Straight for LoadThen<O, P, Q, FIRST, D>
where
    O: VecBinOp<A = V128, B = V128, R = V128>,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        type Whole = vec_mem_sem::v128_load;
        // SAFETY: the cell was linked for these places.
        unsafe {
            let at = access_0(r, P::read::<i32>(r, 1, 2) as u32, r.half(2, 1), 16)?;
            let loaded = Whole::extend(read::<<Whole as VecLoad>::Mem>(at));
            let other = Q::read::<V128>(r, 2, 3);
            let result = if FIRST { O::eval(loaded, other) } else { O::eval(other, loaded) };
            Ok(D::write(r, result).behind(3 + extra::<Q, V128>()))
        }
    }
}

/// The handlers of a branch on a test, by place of the vector and whether it is taken
/// when the test succeeds.
pub(crate) type TestHandlers = [[Handler; 2]; 2];
/// The handlers of an instruction on a loaded vector, by which operand that is, by place
/// of the address, of the other vector and of the result.
pub(crate) type LoadThenHandlers = [[[Option<[Handler; DEST_FORMS]>; PLACES]; 2]; 2];

/// The handlers of a branch on a test.
macro_rules! br_test {
    ($handler:ident $op:ty) => {
        [
            [$handler::<BrTest<$op, S, false>>, $handler::<BrTest<$op, S, true>>],
            [$handler::<BrTest<$op, A, false>>, $handler::<BrTest<$op, A, true>>],
        ]
    };
}

/// The handlers of an instruction on a loaded vector.
macro_rules! load_then {
    ($handler:ident $op:ty) => {
        [load_then!($handler $op, false), load_then!($handler $op, true)]
    };
    ($handler:ident $op:ty, $first:literal) => {
        [load_then!($handler $op, $first, S), load_then!($handler $op, $first, A)]
    };
    ($handler:ident $op:ty, $first:literal, $addr:ident) => {
        [
            load_then!($handler $op, $first, $addr, S),
            None,
            load_then!($handler $op, $first, $addr, C),
        ]
    };
    ($handler:ident $op:ty, $first:literal, $addr:ident, $other:ident) => {
        Some([
            $handler::<LoadThen<$op, $addr, $other, $first, ToAcc>>,
            $handler::<LoadThen<$op, $addr, $other, $first, ToSlot>>,
        ])
    };
}
#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
pub(super) use {br_test, load_then};

macro_rules! tables {
    (tests: $($test:ident)*; loads: $($load:ident)*;) => {
        static TESTS: &[(VecOp, TestHandlers)] =
            &[$((VecOp::$test, br_test!(handler vec_sem::$test))),*];
        static LOADS: &[(VecOp, LoadThenHandlers)] =
            &[$((VecOp::$load, load_then!(handler vec_sem::$load))),*];
    };
}

tables! {
    tests: v128_any_true i8x16_all_true i16x8_all_true i32x4_all_true i64x2_all_true;
    loads: v128_and v128_or v128_xor i8x16_eq i8x16_add i8x16_sub i16x8_add i16x8_sub
        i16x8_mul i32x4_add i32x4_sub i64x2_add f32x4_add f32x4_sub f32x4_mul f64x2_add
        f64x2_sub f64x2_mul;
}

/// The row of an instruction.
pub(super) fn find<T>(table: &'static [(VecOp, T)], op: VecOp) -> Option<&'static T> {
    table.iter().find(|(row, _)| *row == op).map(|(_, handlers)| handlers)
}

/// The handlers of a branch on a test, if the instruction is one; `extensions` as for
/// [`super::vec::vec_handlers`].
pub(crate) fn test_handlers(op: VecOp, extensions: bool) -> Option<&'static TestHandlers> {
    #[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
    if extensions && let Some(handlers) = super::vec_avx2::test_handlers(op) {
        return Some(handlers);
    }
    let _ = extensions;
    find(TESTS, op)
}

/// The handlers of an instruction on a loaded vector, if there are any; `extensions` as
/// for [`super::vec::vec_handlers`].
pub(crate) fn load_then_handlers(op: VecOp, extensions: bool) -> Option<&'static LoadThenHandlers> {
    #[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
    if extensions && let Some(handlers) = super::vec_avx2::load_then_handlers(op) {
        return Some(handlers);
    }
    let _ = extensions;
    find(LOADS, op)
}
