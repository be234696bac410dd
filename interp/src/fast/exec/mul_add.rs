//! A multiplication of floats and the addition or subtraction of the product in one cell,
//! rounded twice as ever.

use std::marker::PhantomData;

use bimetal_core::ops::num::{BinOp, NumOp, num_sem};
use bimetal_core::trap::TrapCode;

use super::pinned::PINS;
use super::place::{A, C, Dest, Place, S, ToAcc, ToPin, ToSlot, W, extra};
use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// `z O (accumulator * x)`: `[handler, dst x z ., constant x]`.
pub(crate) struct MulThen<O, X, Z, D>(PhantomData<(O, X, Z, D)>);

impl<O, X: Place, Z: Place, D: Dest> Straight for MulThen<O, X, Z, D>
where
    O: BinOp<A = f64, B = f64, R = f64>,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let x = X::read::<f64>(r, 1, 2);
            let result = num_sem::f64_mul::eval(A::read::<f64>(r, 0, 0), x)
                .and_then(|product| O::eval(Z::read::<f64>(r, 2, 0), product))?;
            Ok(D::write(r, result).behind(2 + extra::<X, f64>()))
        }
    }
}

/// Handlers by where the result goes: accumulator, slot, or one of the pins.
type Results = [Handler; 2 + PINS];
/// Handlers by places of `x` (slot, accumulator, constant, pins) and `z` (slot, pins).
type MulThenForms = [[Results; 1 + PINS]; 3 + PINS];

macro_rules! forms {
    ($op:ident) => {
        [
            forms!($op, S),
            forms!($op, A),
            forms!($op, C),
            forms!($op, W<0>),
            forms!($op, W<1>),
            forms!($op, W<2>),
        ]
    };
    ($op:ident, $x:ty) => {
        [forms!($op, $x, S), forms!($op, $x, W<0>), forms!($op, $x, W<1>), forms!($op, $x, W<2>)]
    };
    ($op:ident, $x:ty, $z:ty) => {
        [
            handler::<MulThen<num_sem::$op, $x, $z, ToAcc>>,
            handler::<MulThen<num_sem::$op, $x, $z, ToSlot>>,
            handler::<MulThen<num_sem::$op, $x, $z, ToPin<0>>>,
            handler::<MulThen<num_sem::$op, $x, $z, ToPin<1>>>,
            handler::<MulThen<num_sem::$op, $x, $z, ToPin<2>>>,
        ]
    };
}

static ADD: MulThenForms = forms!(f64_add);
static SUB: MulThenForms = forms!(f64_sub);

/// The handlers of [`MulThen`] for the instruction on the product.
pub(crate) fn mul_then(op: NumOp) -> Option<&'static MulThenForms> {
    match op {
        NumOp::f64_add => Some(&ADD),
        NumOp::f64_sub => Some(&SUB),
        _ => None,
    }
}
