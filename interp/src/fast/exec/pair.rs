//! Two instructions on integers in one cell, the second of which uses the result of
//! the first: another instruction, or a comparison and the branch on it.

use std::marker::PhantomData;

use bimetal_core::ops::num::{BinOp, NumOp, num_sem};

use super::place::{A, C, Dest, Place, Reg, S, ToSlot};
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

/// The result of an instruction that does not trap.
#[inline(always)] // vanishes into handlers
pub(super) fn value<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => unreachable!("no instruction of these tables traps"),
    }
}

/// The operands: `a` and `b` of the first instruction, `c` of the second one. Constants
/// are sign-extended halves of word `wide`.
#[inline(always)] // vanishes into handlers
unsafe fn operands<T: Reg, P: Place, Q: Place, R: Place>(r: Regs, wide: usize) -> [T; 3] {
    // SAFETY: the cell was linked for these places.
    unsafe {
        let a = P::read::<T>(r, 1, 0);
        let b = if Q::CONST { T::imm(r.half(wide, 0)) } else { S::read::<T>(r, 2, 0) };
        let c = if R::CONST { T::imm(r.half(wide, 1)) } else { S::read::<T>(r, 3, 0) };
        [a, b, c]
    }
}

/// `(a F b) G c`: `[handler, dst a b c, constants b | c if there is one]`.
pub(crate) struct Pair<T, F, G, P, Q, R>(PhantomData<(T, F, G, P, Q, R)>);

impl<T, F, G, P, Q, R> Exec for Pair<T, F, G, P, Q, R>
where
    T: Reg,
    F: BinOp<A = T, B = T, R = T>,
    G: Second<T>,
    P: Place,
    Q: Place,
    R: Place,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let [a, b, c] = operands::<T, P, Q, R>(r, 2);
            let result = G::eval(value(F::eval(a, b)), c);
            ToSlot::write(r, result).next(2 + usize::from(Q::CONST || R::CONST))
        }
    }
}

/// A branch if `(a F b) O c`: `[handler, . a b c, target, constants b | c if there is
/// one]`.
pub(crate) struct PairBr<T, F, O, P, Q, R>(PhantomData<(T, F, O, P, Q, R)>);

impl<T, F, O, P, Q, R> Exec for PairBr<T, F, O, P, Q, R>
where
    T: Reg,
    F: BinOp<A = T, B = T, R = T>,
    O: BinOp<A = T, B = T, R = i32>,
    P: Place,
    Q: Place,
    R: Place,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places and has a target.
        unsafe {
            let [a, b, c] = operands::<T, P, Q, R>(r, 3);
            if value(O::eval(value(F::eval(a, b)), c)) != 0 {
                r.jump(r.target(2))
            } else {
                r.next(3 + usize::from(Q::CONST || R::CONST))
            }
        }
    }
}

/// Handlers by places: whether `a` is in the accumulator, `b` and `c` are constants.
pub(crate) type Forms = [[[Handler; 2]; 2]; 2];

macro_rules! forms {
    ($body:ident < $($arg:ty),* >) => {
        [forms!($body, A0 S, $($arg),*), forms!($body, A0 A, $($arg),*)]
    };
    ($body:ident, A0 $a:ident, $($arg:ty),*) => {
        [
            [handler::<$body<$($arg),*, $a, S, S>>, handler::<$body<$($arg),*, $a, S, C>>],
            [handler::<$body<$($arg),*, $a, C, S>>, handler::<$body<$($arg),*, $a, C, C>>],
        ]
    };
}

macro_rules! pairs {
    ($name:ident: $ty:ident, $sub:ident, $list:ident, [$($first:ident)*], $second:tt) => {
        const $list: &[NumOp] = &[$(NumOp::$first),*];
        static $name: &[&[Forms]] = &[$(pairs!(row $ty $first $sub $second)),*];
    };
    (row $ty:ident $first:ident $sub:ident [$($second:ident)*]) => {
        &[
            $(forms!(Pair<$ty, num_sem::$first, Then<num_sem::$second>>),)*
            forms!(Pair<$ty, num_sem::$first, Swapped<num_sem::$sub>>),
        ]
    };
}

pairs!(PAIRS_32: i32, i32_sub, OPS_32,
    [i32_add i32_sub i32_mul i32_and i32_or i32_xor i32_shl i32_shr_u i32_shr_s i32_rotl],
    [i32_add i32_sub i32_mul i32_and i32_or i32_xor i32_shl i32_shr_u i32_shr_s i32_rotl]);
pairs!(PAIRS_64: i64, i64_sub, OPS_64,
    [i64_add i64_sub i64_mul i64_and i64_or i64_xor i64_shl i64_shr_u i64_shr_s i64_rotl],
    [i64_add i64_sub i64_mul i64_and i64_or i64_xor i64_shl i64_shr_u i64_shr_s i64_rotl]);

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
    let find = |list: &[NumOp], op| list.iter().position(|&row| row == op);
    for (ops, table, sub) in
        [(OPS_32, PAIRS_32, NumOp::i32_sub), (OPS_64, PAIRS_64, NumOp::i64_sub)]
    {
        let Some(row) = find(ops, first) else { continue };
        return match find(ops, second) {
            Some(column) if !swapped || commutes(second) => Some(&table[row][column]),
            Some(_) if second == sub => table[row].last(),
            _ => None,
        };
    }
    None
}

macro_rules! tests {
    ($name:ident: $ty:ident, $list:ident, $compare:ident, [$($first:ident)*], $second:tt) => {
        const $list: &[NumOp] = &[$(NumOp::$first),*];
        tests!(list $compare $second);
        static $name: &[&[Forms]] = &[$(tests!(row $ty $first $second)),*];
    };
    (list $compare:ident [$($second:ident)*]) => {
        const $compare: &[NumOp] = &[$(NumOp::$second),*];
    };
    (row $ty:ident $first:ident [$($second:ident)*]) => {
        &[$(forms!(PairBr<$ty, num_sem::$first, num_sem::$second>)),*]
    };
}

tests!(TESTS_32: i32, TESTED_32, COMPARE_32, [i32_add i32_and],
    [i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s i32_gt_u i32_le_s i32_le_u i32_ge_s i32_ge_u]);

/// The handlers of an instruction and the branch if a comparison of its result holds.
pub(crate) fn pair_branch_handlers(first: NumOp, compare: NumOp) -> Option<&'static Forms> {
    let find = |list: &[NumOp], op| list.iter().position(|&row| row == op);
    Some(&TESTS_32[find(TESTED_32, first)?][find(COMPARE_32, compare)?])
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
