//! An addition of a constant, and the load at the sum, in one cell: a local becomes the
//! sum, as when a pointer goes on to what it loads.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{Load, LoadOp, MemType, mem_sem};
use bimetal_core::trap::TrapCode;

use super::DEST_FORMS;
use super::memory::{Address, ByAddress, read};
use super::place::{Dest, Place, Reg, S, ToAcc, ToSlot, W};
use super::step::INT_PINS;
use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// A load at a sum that is a local's new value: `[handler, dst sum a ., offset |
/// constant]`. `PIN`: the pin of that local.
pub(crate) struct LoadTee<T, O, P, const PIN: usize, D>(PhantomData<(T, O, P, D)>);

/// No pin.
pub(crate) const NO_PIN: usize = usize::MAX;

impl<T: Address, O: Load, P: Place, const PIN: usize, D: Dest> Straight for LoadTee<T, O, P, PIN, D>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(mut r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let sum = P::read::<T>(r, 2, 0).sum(T::imm(r.half(2, 1)));
            sum.store(r.slot(1));
            // It stays there if the load is a float's.
            r = sum.with_acc(r);
            if PIN != NO_PIN {
                r = T::acc_to_pin(r, PIN);
            }
            let at = sum.access(r, r.half(2, 0), O::Mem::WIDTH)?;
            Ok(D::write(r, read::<O>(at)).behind(3))
        }
    }
}

/// The handlers of [`LoadTee`] by type of the address and place of the result.
pub(crate) type LoadTeeForms = ByAddress<[Handler; DEST_FORMS]>;

/// The handlers of [`LoadTee`] for a load.
pub(crate) struct LoadTeeHandlers {
    /// The local is not pinned.
    pub(crate) slot: LoadTeeForms,
    /// It is, and what the constant is added to is itself.
    pub(crate) pins: [LoadTeeForms; INT_PINS],
}

macro_rules! load_tees {
    ($($name:ident $operator:ident $mem:ident -> $value:ident;)*) => {
        static LOAD_TEE: &[LoadTeeHandlers] = &[$(LoadTeeHandlers {
            slot: load_tee!($name, S, NO_PIN),
            pins: [load_tee!($name, W<0>, 0), load_tee!($name, W<1>, 1)],
        }),*];
    };
}

macro_rules! load_tee {
    ($name:ident, $from:ty, $pin:expr) => {
        [load_tee!(i32, $name, $from, $pin), load_tee!(i64, $name, $from, $pin)]
    };
    ($ty:ident, $name:ident, $from:ty, $pin:expr) => {
        [
            handler::<LoadTee<$ty, mem_sem::$name, $from, { $pin }, ToAcc>>,
            handler::<LoadTee<$ty, mem_sem::$name, $from, { $pin }, ToSlot>>,
        ]
    };
}
bimetal_core::for_each_load_op!(load_tees);

/// The handlers of [`LoadTee`] for a load.
pub(crate) fn load_tee(op: LoadOp) -> &'static LoadTeeHandlers {
    &LOAD_TEE[op as usize]
}
