//! Instructions on floats whose operands and result may be pinned locals.
//!
//! A pinned local is in a register as well as in its slot: who writes one writes both, so
//! that whoever does not know of pins finds its value where it always is.

use bimetal_core::ops::mem::{LoadOp, mem_sem};
use bimetal_core::ops::num::{NumOp, num_sem};
use bimetal_core::trap::TrapCode;

use super::memory::{ByAddress, Load0};
use super::num::Bin;
use super::place::{A, C, Place, S, ToAcc, ToPin, ToSlot, W};
use super::straight::Straight;
use super::sum::LoadSum;
use crate::fast::dispatch::{Handler, Regs, handler};
use crate::fast::vreg;

/// How many locals can be pinned.
pub(crate) const PINS: usize = 3;

/// Reads the pinned locals from their slots: `[handler, slot slot slot .]`.
pub(crate) enum LoadPins {}

impl Straight for LoadPins {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(mut r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            r.w0 = vreg::of_f64(S::read::<f64>(r, 0, 0));
            r.w1 = vreg::of_f64(S::read::<f64>(r, 1, 0));
            r.w2 = vreg::of_f64(S::read::<f64>(r, 2, 0));
            Ok(r.behind(2))
        }
    }
}

/// Handlers by where the result goes: accumulator, slot, or one of the pins.
type Results = [Handler; 2 + PINS];
/// Handlers of two operands by their places: slot, accumulator, constant, pins.
type BinForms = [[Option<Results>; 3 + PINS]; 3 + PINS];

macro_rules! results {
    ($op:ty, $a:ty, $b:ty) => {
        Some([
            handler::<Bin<$op, $a, $b, ToAcc>>,
            handler::<Bin<$op, $a, $b, ToSlot>>,
            handler::<Bin<$op, $a, $b, ToPin<0>>>,
            handler::<Bin<$op, $a, $b, ToPin<1>>>,
            handler::<Bin<$op, $a, $b, ToPin<2>>>,
        ])
    };
}

macro_rules! second {
    ($op:ty, $a:ty, $constant:expr) => {
        [
            results!($op, $a, S),
            results!($op, $a, A),
            $constant,
            results!($op, $a, W<0>),
            results!($op, $a, W<1>),
            results!($op, $a, W<2>),
        ]
    };
    ($op:ty, $a:ty) => {
        second!($op, $a, results!($op, $a, C))
    };
}

macro_rules! bins {
    ($($op:ident)*) => {
        const BINS: &[NumOp] = &[$(NumOp::$op),*];
        static BIN_FORMS: &[BinForms] = &[$([
            second!(num_sem::$op, S),
            second!(num_sem::$op, A),
            second!(num_sem::$op, C, None),
            second!(num_sem::$op, W<0>),
            second!(num_sem::$op, W<1>),
            second!(num_sem::$op, W<2>),
        ]),*];
    };
}
bins!(f32_add f32_sub f32_mul f32_div f64_add f64_sub f64_mul f64_div);

/// Whether operands and result of an instruction can be pins.
pub(crate) fn is_pinned(op: NumOp) -> bool {
    BINS.contains(&op)
}

/// The handler of an instruction, by the places of its operands and result.
pub(crate) fn pinned(op: NumOp, a: usize, b: usize, result: usize) -> Option<Handler> {
    let row = BINS.iter().position(|&known| known == op)?;
    BIN_FORMS[row][a][b].map(|forms| forms[result])
}

macro_rules! to_pins {
    ($body:ident < $($arg:ty),* >) => {
        [
            handler::<$body<$($arg),*, ToPin<0>>>,
            handler::<$body<$($arg),*, ToPin<1>>>,
            handler::<$body<$($arg),*, ToPin<2>>>,
        ]
    };
}

macro_rules! loads {
    ($body:ident $op:ident) => {
        [loads!($body i32 $op), loads!($body i64 $op)]
    };
    ($body:ident $ty:ident $op:ident) => {
        [
            to_pins!($body<$ty, mem_sem::$op, S>),
            to_pins!($body<$ty, mem_sem::$op, A>),
            to_pins!($body<$ty, mem_sem::$op, C>),
        ]
    };
}

/// Handlers of a load to a pin, by type and place of the address and by pin.
type LoadForms = ByAddress<[[Handler; PINS]; 3]>;

static LOADS: [LoadForms; 2] = [loads!(Load0 f32_load), loads!(Load0 f64_load)];
static SUM_LOADS: [LoadForms; 2] = [loads!(LoadSum f32_load), loads!(LoadSum f64_load)];

/// The handlers of a load to a pin. `sum`: of one from a sum, whose second part has the
/// place.
pub(crate) fn pinned_load(op: LoadOp, sum: bool) -> Option<&'static LoadForms> {
    let table = if sum { &SUM_LOADS } else { &LOADS };
    match op {
        LoadOp::f32_load => Some(&table[0]),
        LoadOp::f64_load => Some(&table[1]),
        _ => None,
    }
}
