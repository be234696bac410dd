//! Instructions by which a pinned integer local gets its next value out of its last one:
//! the counters, pointers and sums of loops. Whoever else reads such a local takes it from
//! its slot, which nothing waits for.

use std::marker::PhantomData;

use bimetal_core::ops::num::{NumOp, num_sem};
use bimetal_core::trap::TrapCode;

use super::lists::{I32_OPS, I64_OPS, position, with_i32_ops, with_i64_ops};
use super::num::Bin;
use super::place::{A, C, Place, Reg, S, ToPin, W, extra};
use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// How many integer locals can be pinned.
pub(crate) const INT_PINS: usize = 2;

/// Reads the pinned integer locals from their slots: `[handler, slot slot . .]`.
pub(crate) enum LoadIntPins {}

impl Straight for LoadIntPins {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(mut r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            r.p0 = S::read::<i64>(r, 0, 0) as u64;
            r.p1 = S::read::<i64>(r, 1, 0) as u64;
            Ok(r.behind(2))
        }
    }
}

/// A copy to a pin: as [`super::data::Copy`].
pub(crate) struct CopyToPin<P, const PIN: usize>(PhantomData<P>);

impl<P: Place, const PIN: usize> Straight for CopyToPin<P, PIN> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(mut r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this place.
        unsafe {
            let value = P::read::<i64>(r, 1, 2);
            value.store(r.slot(0));
            if PIN == 0 {
                r.p0 = value as u64;
            } else {
                r.p1 = value as u64;
            }
            Ok(r.behind(2 + extra::<P, i64>()))
        }
    }
}

/// The handlers of [`CopyToPin`] by pin and place.
pub(crate) static COPY_TO_PIN: ByPin<[Handler; 3]> = [
    [handler::<CopyToPin<S, 0>>, handler::<CopyToPin<A, 0>>, handler::<CopyToPin<C, 0>>],
    [handler::<CopyToPin<S, 1>>, handler::<CopyToPin<A, 1>>, handler::<CopyToPin<C, 1>>],
];

/// Handlers by pin.
type ByPin<T> = [T; INT_PINS];

macro_rules! by_pin {
    ($name:ident $args:tt) => {
        [$name!(0 $args), $name!(1 $args)]
    };
}

macro_rules! step {
    ($pin:literal ($op:ident)) => {
        [
            handler::<Bin<num_sem::$op, W<$pin>, S, ToPin<$pin>>>,
            handler::<Bin<num_sem::$op, W<$pin>, A, ToPin<$pin>>>,
            handler::<Bin<num_sem::$op, W<$pin>, C, ToPin<$pin>>>,
        ]
    };
}

macro_rules! steps {
    ($name:ident [$($op:ident)*]) => {
        static $name: &[ByPin<[Handler; 3]>] = &[$(by_pin!(step ($op))),*];
    };
}
with_i32_ops!(steps STEPS_32);
with_i64_ops!(steps STEPS_64);

/// The handlers of an instruction on a pin and an operand, by the pin, which is also the
/// result, and the place of the operand.
pub(crate) fn step(op: NumOp) -> Option<&'static ByPin<[Handler; 3]>> {
    match position(I32_OPS, op) {
        Some(at) => Some(&STEPS_32[at]),
        None => Some(&STEPS_64[position(I64_OPS, op)?]),
    }
}
