//! An addition of a constant to a local, the comparison of the sum and the branch in one
//! cell: what most loops end with.

use std::marker::PhantomData;

use bimetal_core::ops::num::{BinOp, NumOp, num_sem};

use super::num::{is_test, value};
use super::place::{C, Dest, Place, Reg, S, ToPin, ToSlot, W};
use super::step::INT_PINS;
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// Adds a constant to a local and branches on a comparison of the sum: `[handler,
/// dst other | step, target, constant]`. The sum stays in the accumulator as well.
pub(crate) struct AddBr<T, Add, O, P, D, Q>(PhantomData<(T, Add, O, P, D, Q)>);

impl<T, Add, O, P, D, Q> Exec for AddBr<T, Add, O, P, D, Q>
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
            let sum = value(Add::eval(P::read::<T>(r, 0, 3), T::imm(r.imm())));
            let other = if Q::CONST { T::load(r.words(3)) } else { Q::read::<T>(r, 1, 3) };
            let (test, target) = (value(O::eval(sum, other)), r.target(2));
            let r = D::write(r, sum);
            if test != 0 { r.jump(target) } else { r.next(3 + usize::from(Q::CONST)) }
        }
    }
}

/// The handlers of [`AddBr`] by whether the other operand is a constant.
pub(crate) type ByOther = [Handler; 2];

/// The handlers of [`AddBr`] for a comparison.
pub(crate) struct AddBrHandlers {
    /// On a local in a slot.
    pub(crate) slot: ByOther,
    /// On a pinned one.
    pub(crate) pins: [ByOther; INT_PINS],
}

macro_rules! add_br {
    ($ty:ident $add:ident $name:ident) => {
        Some(AddBrHandlers {
            slot: add_br!($ty $add $name, S, ToSlot),
            pins: [add_br!($ty $add $name, W<0>, ToPin<0>), add_br!($ty $add $name, W<1>, ToPin<1>)],
        })
    };
    ($ty:ident $add:ident $name:ident, $local:ty, $dest:ty) => {
        [
            handler::<AddBr<$ty, num_sem::$add, num_sem::$name, $local, $dest, S>>,
            handler::<AddBr<$ty, num_sem::$add, num_sem::$name, $local, $dest, C>>,
        ]
    };
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
