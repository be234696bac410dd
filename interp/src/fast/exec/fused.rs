//! Several instructions in one cell.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{Load, MemType, Store};
use bimetal_core::ops::num::{BinOp, NumOp, num_sem};
use bimetal_core::value::{Scalar, Slot};

use super::memory::{Address, read, write};
use super::num::is_test;
use super::place::{C, Dest, Place, Reg, S, ToSlot};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// Adds a constant to a local and branches on a comparison of the sum: `[handler,
/// dst other | step, target, constant]`. The sum stays in the accumulator as well.
pub(crate) struct AddBr<T, Add, O, P, D, Q, const NEGATE: bool>(PhantomData<(T, Add, O, P, D, Q)>);

impl<T, Add, O, P, D, Q, const NEGATE: bool> Exec for AddBr<T, Add, O, P, D, Q, NEGATE>
where
    T: Reg,
    P: Place,
    D: Dest,
    Add: BinOp<A = T, B = T, R = T>,
    O: BinOp<A = T, B = T, R = i32>,
    Q: Place,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places and has a target.
        unsafe {
            let sum = Add::eval(P::read::<T>(r, 0, 3), T::imm(r.imm()));
            let other = if Q::CONST { T::load(r.words(3)) } else { Q::read::<T>(r, 1, 3) };
            // Neither sums nor comparisons of integers trap.
            let (Ok(sum), target) = (sum, r.target(2)) else { return r.next(0) };
            let test = O::eval(sum, other);
            let words = 3 + usize::from(Q::CONST);
            let r = D::write(r, sum);
            if matches!(test, Ok(value) if (value != 0) != NEGATE) {
                r.jump(target)
            } else {
                r.next(words)
            }
        }
    }
}

/// By place of the other operand, and whether taken when the test fails.
pub(crate) type AddBrHandlers = [[Handler; 2]; 2];

macro_rules! add_br {
    ($ty:ident $add:ident $name:ident) => {{
        type Op = num_sem::$name;
        type Add = num_sem::$add;
        Some([
            [
                handler::<AddBr<$ty, Add, Op, S, ToSlot, S, false>>,
                handler::<AddBr<$ty, Add, Op, S, ToSlot, S, true>>,
            ],
            [
                handler::<AddBr<$ty, Add, Op, S, ToSlot, C, false>>,
                handler::<AddBr<$ty, Add, Op, S, ToSlot, C, true>>,
            ],
        ])
    }};
}

macro_rules! add_br_row {
    ($name:ident (i32, i32) -> i32) => {
        if is_test(NumOp::$name) { add_br!(i32 i32_add $name) } else { None }
    };
    ($name:ident (i64, i64) -> i32) => {
        if is_test(NumOp::$name) { add_br!(i64 i64_add $name) } else { None }
    };
    ($name:ident $params:tt -> $result:ident) => {
        None
    };
}

macro_rules! add_br_handlers {
    ($($name:ident $operator:ident $params:tt -> $result:ident;)*) => {
        static ADD_BR: &[Option<AddBrHandlers>] = &[$(add_br_row!($name $params -> $result)),*];
    };
}
bimetal_core::for_each_num_sem!(add_br_handlers);

/// The handlers of [`AddBr`] for a comparison; `None` for other instructions and
/// for comparisons of floats.
pub(crate) fn add_br_handlers(op: NumOp) -> Option<&'static AddBrHandlers> {
    ADD_BR[op as usize].as_ref()
}

/// The sum of a slot and another operand, as an address, and the offset.
#[inline(always)] // vanishes into handlers
pub(super) unsafe fn sum<T: Address, Q: Place>(r: Regs) -> (T, u32) {
    // SAFETY: the cell was linked for this place.
    unsafe {
        let a = S::read::<T>(r, 1, 2);
        let (b, offset) = if Q::CONST {
            (T::imm(r.imm()), r.half(2, 0))
        } else {
            (Q::read::<T>(r, 2, 2), r.field(3) as u32)
        };
        (a.sum(b), offset)
    }
}

/// A load from a sum: `[handler, dst a b offset]` or `[handler, dst a | b, offset]`.
pub(crate) struct LoadSum<T, O, Q, D>(PhantomData<(T, O, Q, D)>);

impl<T: Address, O: Load, Q: Place, D: Dest> Exec for LoadSum<T, O, Q, D>
where
    O::Value: Reg,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let (index, offset) = sum::<T, Q>(r);
            match index.access(r, offset, O::Mem::WIDTH) {
                Ok(at) => D::write(r, read::<O>(at)).next(2 + usize::from(Q::CONST)),
                Err(code) => r.trap(code),
            }
        }
    }
}

/// A store to a sum: `[handler, value a b offset]` or `[handler, value a | b,
/// offset]`, for a constant with its bits in one more word.
pub(crate) struct StoreSum<T, O, Q, P>(PhantomData<(T, O, Q, P)>);

impl<T: Address, O: Store, Q: Place, P: Place> Exec for StoreSum<T, O, Q, P>
where
    O::Value: Reg,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let (index, offset) = sum::<T, Q>(r);
            let words = 2 + usize::from(Q::CONST);
            match index.access(r, offset, O::Mem::WIDTH) {
                Ok(at) => {
                    let value = if P::CONST {
                        O::Value::from_slot(Slot::from_bits(r.word(words).bits))
                    } else {
                        P::read::<O::Value>(r, 0, 2)
                    };
                    write::<O>(at, value);
                    r.next(words + usize::from(P::CONST))
                }
                Err(code) => r.trap(code),
            }
        }
    }
}
