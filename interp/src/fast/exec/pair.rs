//! Two instructions on integers in one cell, the second of which uses the result of
//! the first: another instruction, or a comparison and the branch on it.

use std::marker::PhantomData;

use bimetal_core::ops::num::{BinOp, NumOp, num_sem};
use bimetal_core::trap::TrapCode;

use super::lists::{
    I32_COMPARISONS, I32_OPS, I64_OPS, position, with_i32_comparisons, with_i32_ops, with_i64_ops,
};
use super::num::value;
use super::place::{A, C, Dest, Nowhere, Place, Reg, S, ToPin, ToSlot, W};
use super::step::INT_PINS;
use super::straight::Straight;
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// What becomes of the first result and another operand.
pub(crate) trait Second<T>: 'static {
    /// The second result.
    fn eval(first: T, other: T) -> T;
}

/// The instruction with the first result as its first operand.
pub(crate) struct Then<O>(PhantomData<O>);
/// The instruction with the first result as its second operand.
pub(crate) struct Swapped<O>(PhantomData<O>);

impl<T, O: BinOp<A = T, B = T, R = T>> Second<T> for Then<O> {
    #[inline(always)] // vanishes into handlers
    fn eval(first: T, other: T) -> T {
        value(O::eval(first, other))
    }
}

impl<T, O: BinOp<A = T, B = T, R = T>> Second<T> for Swapped<O> {
    #[inline(always)] // vanishes into handlers
    fn eval(first: T, other: T) -> T {
        value(O::eval(other, first))
    }
}

/// The operands `a` and `b` of the first instruction. Constants are sign-extended halves of
/// word `wide`.
#[inline(always)] // vanishes into handlers
unsafe fn first<T: Reg, P: Place, Q: Place>(r: Regs, wide: usize) -> (T, T) {
    // SAFETY: the cell was linked for these places.
    unsafe {
        let a = P::read::<T>(r, 1, 0);
        (a, if Q::CONST { T::imm(r.half(wide, 0)) } else { S::read::<T>(r, 2, 0) })
    }
}

/// The operand `c` of the second one.
#[inline(always)] // vanishes into handlers
unsafe fn other<T: Reg, R: Place>(r: Regs, wide: usize) -> T {
    // SAFETY: the cell was linked for this place.
    unsafe { if R::CONST { T::imm(r.half(wide, 1)) } else { S::read::<T>(r, 3, 0) } }
}

/// `(a F b) G c`: `[handler, dst a b c, constants b | c if there is one]`.
pub(crate) struct Pair<T, F, G, P, Q, R>(PhantomData<(T, F, G, P, Q, R)>);

impl<T, F, G, P, Q, R> Straight for Pair<T, F, G, P, Q, R>
where
    T: Reg,
    F: BinOp<A = T, B = T, R = T>,
    G: Second<T>,
    P: Place,
    Q: Place,
    R: Place,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let (a, b) = first::<T, P, Q>(r, 2);
            let result = G::eval(value(F::eval(a, b)), other::<T, R>(r, 2));
            Ok(ToSlot::write(r, result).behind(2 + usize::from(Q::CONST || R::CONST)))
        }
    }
}

/// A branch if `(a F b) O c`, where `D` gets the result of `F`, and before `c` is read:
/// `[handler, dst a b c, target, constants b | c if there is one]`.
pub(crate) struct PairBr<T, F, O, D, P, Q, R>(PhantomData<(T, F, O, D, P, Q, R)>);

impl<T, F, O, D, P, Q, R> Exec for PairBr<T, F, O, D, P, Q, R>
where
    T: Reg,
    F: BinOp<A = T, B = T, R = T>,
    O: BinOp<A = T, B = T, R = i32>,
    D: Dest,
    P: Place,
    Q: Place,
    R: Place,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places and has a target.
        unsafe {
            let (a, b) = first::<T, P, Q>(r, 3);
            let result = value(F::eval(a, b));
            let r = D::write(r, result);
            if value(O::eval(result, other::<T, R>(r, 3))) != 0 {
                r.jump(r.target(2))
            } else {
                r.next(3 + usize::from(Q::CONST || R::CONST))
            }
        }
    }
}

/// Handlers by whether `b` and `c` are constants.
pub(crate) type ByConstants = [[Handler; 2]; 2];
/// Handlers by places: whether `a` is in the accumulator, then as above.
pub(crate) type Forms = [ByConstants; 2];

macro_rules! forms {
    ($body:ident < $($arg:ty),* >) => {
        [forms!($body < $($arg),* > S), forms!($body < $($arg),* > A)]
    };
    ($body:ident < $($arg:ty),* > $a:ty) => {
        [
            [handler::<$body<$($arg),*, $a, S, S>>, handler::<$body<$($arg),*, $a, S, C>>],
            [handler::<$body<$($arg),*, $a, C, S>>, handler::<$body<$($arg),*, $a, C, C>>],
        ]
    };
}

macro_rules! pairs {
    ($name:ident $ty:ident $sub:ident $ops:tt) => { pairs!($name $ty $sub $ops $ops); };
    ($name:ident $ty:ident $sub:ident [$($first:ident)*] $second:tt) => {
        static $name: &[&[Forms]] = &[$(pairs!(row $ty $first $sub $second)),*];
    };
    (row $ty:ident $first:ident $sub:ident [$($second:ident)*]) => {
        &[
            $(forms!(Pair<$ty, num_sem::$first, Then<num_sem::$second>>),)*
            forms!(Pair<$ty, num_sem::$first, Swapped<num_sem::$sub>>),
        ]
    };
}
with_i32_ops!(pairs PAIRS_32 i32 i32_sub);
with_i64_ops!(pairs PAIRS_64 i64 i64_sub);

/// Whether operands may change places.
pub(crate) fn commutes(op: NumOp) -> bool {
    use NumOp::*;
    matches!(
        op,
        i32_add
            | i32_mul
            | i32_and
            | i32_or
            | i32_xor
            | i64_add
            | i64_mul
            | i64_and
            | i64_or
            | i64_xor
    )
}

/// The handlers of two instructions, the second of which takes the first result as
/// its first operand or, if `swapped`, as its second one.
pub(crate) fn pair_handlers(first: NumOp, second: NumOp, swapped: bool) -> Option<&'static Forms> {
    for (ops, table, sub) in
        [(I32_OPS, PAIRS_32, NumOp::i32_sub), (I64_OPS, PAIRS_64, NumOp::i64_sub)]
    {
        let Some(row) = position(ops, first) else { continue };
        return match position(ops, second) {
            Some(column) if !swapped || commutes(second) => Some(&table[row][column]),
            Some(_) if second == sub => table[row].last(),
            _ => None,
        };
    }
    None
}

/// The instructions in front of a comparison.
const COMPARED: &[NumOp] = &[NumOp::i32_add, NumOp::i32_and];

macro_rules! branches {
    ([$($compare:ident)*]) => {
        /// By comparison and instruction.
        static BRANCHES: &[[Forms; 2]] = &[$([
            forms!(PairBr<i32, num_sem::i32_add, num_sem::$compare, Nowhere>),
            forms!(PairBr<i32, num_sem::i32_and, num_sem::$compare, Nowhere>),
        ]),*];
        /// By comparison, where the first instruction is an addition.
        static SUM_BRANCHES: &[ByConstants] = &[$(
            forms!(PairBr<i32, num_sem::i32_add, num_sem::$compare, ToSlot> S)
        ),*];
        /// The same by pin, which is `a` and gets the sum.
        static STEP_BRANCHES: &[[ByConstants; INT_PINS]] = &[$([
            forms!(PairBr<i32, num_sem::i32_add, num_sem::$compare, ToPin<0>> W<0>),
            forms!(PairBr<i32, num_sem::i32_add, num_sem::$compare, ToPin<1>> W<1>),
        ]),*];
    };
}
with_i32_comparisons!(branches);

/// The handlers of an instruction and the branch if a comparison of its result holds.
pub(crate) fn pair_branch_handlers(first: NumOp, compare: NumOp) -> Option<&'static Forms> {
    Some(&BRANCHES[position(I32_COMPARISONS, compare)?][position(COMPARED, first)?])
}

/// The same for an addition whose result stays in a slot.
pub(crate) fn sum_branch_handlers(compare: NumOp) -> Option<&'static ByConstants> {
    Some(&SUM_BRANCHES[position(I32_COMPARISONS, compare)?])
}

/// The same for an addition to a pinned local.
pub(crate) fn step_branch_handlers(compare: NumOp, pin: usize) -> Option<&'static ByConstants> {
    Some(&STEP_BRANCHES[position(I32_COMPARISONS, compare)?][pin])
}

/// The comparison that holds when one of integers does not.
pub(crate) fn opposite(op: NumOp) -> Option<NumOp> {
    use NumOp::*;
    Some(match op {
        i32_eq => i32_ne,
        i32_ne => i32_eq,
        i32_lt_s => i32_ge_s,
        i32_ge_s => i32_lt_s,
        i32_lt_u => i32_ge_u,
        i32_ge_u => i32_lt_u,
        i32_gt_s => i32_le_s,
        i32_le_s => i32_gt_s,
        i32_gt_u => i32_le_u,
        i32_le_u => i32_gt_u,
        i64_eq => i64_ne,
        i64_ne => i64_eq,
        i64_lt_s => i64_ge_s,
        i64_ge_s => i64_lt_s,
        i64_lt_u => i64_ge_u,
        i64_ge_u => i64_lt_u,
        i64_gt_s => i64_le_s,
        i64_le_s => i64_gt_s,
        i64_gt_u => i64_le_u,
        i64_le_u => i64_gt_u,
        _ => return None,
    })
}

/// The comparison that holds when one of 32-bit integers does with its operands
/// exchanged.
pub(crate) fn mirrored(op: NumOp) -> Option<NumOp> {
    use NumOp::*;
    Some(match op {
        i32_eq | i32_ne => op,
        i32_lt_s => i32_gt_s,
        i32_gt_s => i32_lt_s,
        i32_lt_u => i32_gt_u,
        i32_gt_u => i32_lt_u,
        i32_le_s => i32_ge_s,
        i32_ge_s => i32_le_s,
        i32_le_u => i32_ge_u,
        i32_ge_u => i32_le_u,
        _ => return None,
    })
}
