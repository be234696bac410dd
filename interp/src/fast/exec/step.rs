//! Instructions by which a pinned integer local gets its next value out of its last one:
//! the counters, pointers and sums of loops. Whoever else reads such a local takes it from
//! its slot, which nothing waits for.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{LoadOp, mem_sem};
use bimetal_core::ops::num::{NumOp, num_sem};

use super::DEST_FORMS;
use super::branch::SumBr;
use super::fused::AddBr;
use super::fused_two::LoadTee;
use super::memory::ByAddress;
use super::num::{Bin, is_test};
use super::place::{A, C, Place, Reg, S, ToAcc, ToPin, ToSlot, W, extra};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// How many integer locals can be pinned.
pub(crate) const INT_PINS: usize = 2;

/// Reads the pinned integer locals from their slots: `[handler, slot slot . .]`.
pub(crate) enum LoadIntPins {}

impl Exec for LoadIntPins {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the cell was linked for this body.
        unsafe {
            r.p0 = S::read::<i64>(r, 0, 0) as u64;
            r.p1 = S::read::<i64>(r, 1, 0) as u64;
            r.next(2)
        }
    }
}

/// A copy to a pin: as [`super::data::Copy`].
pub(crate) struct CopyToPin<P, const PIN: usize>(PhantomData<P>);

impl<P: Place, const PIN: usize> Exec for CopyToPin<P, PIN> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the cell was linked for this place.
        unsafe {
            let value = P::read::<i64>(r, 1, 2);
            value.store(r.slot(0));
            if PIN == 0 {
                r.p0 = value as u64;
            } else {
                r.p1 = value as u64;
            }
            r.next(2 + extra::<P, i64>())
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
    ($($op:ident)*) => {
        const STEPS: &[NumOp] = &[$(NumOp::$op),*];
        static STEP_FORMS: &[ByPin<[Handler; 3]>] = &[$(by_pin!(step ($op))),*];
    };
}
steps!(i32_add i32_sub i32_mul i32_and i32_or i32_xor i32_shl i32_shr_u i32_shr_s i32_rotl
    i64_add i64_sub i64_mul i64_and i64_or i64_xor i64_shl i64_shr_u i64_shr_s i64_rotl);

/// The handlers of an instruction on a pin and an operand, by the pin, which is also the
/// result, and the place of the operand.
pub(crate) fn step(op: NumOp) -> Option<&'static ByPin<[Handler; 3]>> {
    STEP_FORMS.get(STEPS.iter().position(|&known| known == op)?)
}

macro_rules! add_br {
    ($pin:literal ($ty:ident $add:ident $name:ident)) => {
        [add_br!(place $pin $ty $add $name S), add_br!(place $pin $ty $add $name C)]
    };
    (place $pin:literal $ty:ident $add:ident $name:ident $place:ident) => {
        [add_br!(one $pin $ty $add $name $place false), add_br!(one $pin $ty $add $name $place true)]
    };
    (one $pin:literal $ty:ident $add:ident $name:ident $place:ident $negate:literal) => {
        handler::<
            AddBr<$ty, num_sem::$add, num_sem::$name, W<$pin>, ToPin<$pin>, $place, $negate>,
        >
    };
}

/// By pin, whether the other operand is a constant, and whether taken when the test fails.
type AddBrForms = ByPin<[[Handler; 2]; 2]>;

macro_rules! add_br_row {
    ($name:ident (i32, i32) -> i32) => {
        if is_test(NumOp::$name) { Some(by_pin!(add_br (i32 i32_add $name))) } else { None }
    };
    ($name:ident (i64, i64) -> i32) => {
        if is_test(NumOp::$name) { Some(by_pin!(add_br (i64 i64_add $name))) } else { None }
    };
    ($name:ident $params:tt -> $result:ident) => {
        None
    };
}

macro_rules! add_br_table {
    ($($name:ident $operator:ident $params:tt -> $result:ident;)*) => {
        static ADD_BR: &[Option<AddBrForms>] = &[$(add_br_row!($name $params -> $result)),*];
    };
}
bimetal_core::for_each_num_sem!(add_br_table);

/// The handlers of [`AddBr`] on a pin.
pub(crate) fn step_branch(op: NumOp) -> Option<&'static AddBrForms> {
    ADD_BR[op as usize].as_ref()
}

macro_rules! sum_br {
    ($pin:literal ($op:ident)) => {
        [
            [
                handler::<SumBr<num_sem::$op, W<$pin>, ToPin<$pin>, S, S>>,
                handler::<SumBr<num_sem::$op, W<$pin>, ToPin<$pin>, S, C>>,
            ],
            [
                handler::<SumBr<num_sem::$op, W<$pin>, ToPin<$pin>, C, S>>,
                handler::<SumBr<num_sem::$op, W<$pin>, ToPin<$pin>, C, C>>,
            ],
        ]
    };
}

macro_rules! comparisons {
    ($($op:ident)*) => {
        const COMPARISONS: &[NumOp] = &[$(NumOp::$op),*];
        static SUM_BR: &[ByPin<[[Handler; 2]; 2]>] = &[$(by_pin!(sum_br ($op))),*];
    };
}
comparisons!(i32_eq i32_ne i32_lt_s i32_lt_u i32_gt_s i32_gt_u i32_le_s i32_le_u i32_ge_s i32_ge_u);

/// The handlers of [`SumBr`] on a pin, by whether its summand and what the sum is compared
/// with are constants.
pub(crate) fn step_sum_branch(compare: NumOp) -> Option<&'static ByPin<[[Handler; 2]; 2]>> {
    SUM_BR.get(COMPARISONS.iter().position(|&op| op == compare)?)
}

macro_rules! load_tee {
    ($pin:literal ($name:ident)) => {
        [load_tee!($pin i32 $name), load_tee!($pin i64 $name)]
    };
    ($pin:literal $ty:ident $name:ident) => {
        [
            handler::<LoadTee<$ty, mem_sem::$name, W<$pin>, $pin, ToAcc>>,
            handler::<LoadTee<$ty, mem_sem::$name, W<$pin>, $pin, ToSlot>>,
        ]
    };
}

macro_rules! load_tees {
    ($($name:ident $operator:ident $mem:ident -> $value:ident;)*) => {
        static LOAD_TEE: &[ByPin<ByAddress<[Handler; DEST_FORMS]>>] = &[$(by_pin!(load_tee ($name))),*];
    };
}
bimetal_core::for_each_load_op!(load_tees);

/// The handlers of [`LoadTee`] on a pin, by type of the address and place of the result.
pub(crate) fn step_load(op: LoadOp) -> &'static ByPin<ByAddress<[Handler; DEST_FORMS]>> {
    &LOAD_TEE[op as usize]
}
