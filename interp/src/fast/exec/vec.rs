//! Vector instructions that touch no memory.
//!
//! Every row of the table of vector instructions becomes its handlers here. None
//! of them traps.

use std::marker::PhantomData;

use bimetal_core::ops::vec::{
    VecBinOp, VecExtract, VecOp, VecReplace, VecTernOp, VecUnOp, vec_sem,
};
use bimetal_core::sem::vec::i8x16_shuffle;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;

use super::place::{A, C, Dest, Place, Reg, S, extra};
use super::straight::Straight;
use super::{DEST_FORMS, PLACES};
use crate::fast::dispatch::{Handler, Regs, handler};

/// Fields of the operand word.
pub(super) const FIRST: usize = 1;
pub(super) const SECOND: usize = 2;
const THIRD: usize = 3;

/// One operand: `[handler, dst a . .]`.
pub(crate) struct Un<O, P, D>(PhantomData<(O, P, D)>);

impl<O: VecUnOp, P: Place, D: Dest> Straight for Un<O, P, D>
where
    O::A: Reg,
    O::R: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe { Ok(D::write(r, O::eval(P::read::<O::A>(r, FIRST, 2))).behind(2)) }
    }
}

/// Two operands: `[handler, dst a b .]`, or with a constant `[handler, dst a |
/// imm]` for the count of a shift and `[handler, dst a . ., bits, bits]` for a
/// vector.
pub(crate) struct Bin<O, P, Q, D>(PhantomData<(O, P, Q, D)>);

impl<O: VecBinOp, P: Place, Q: Place, D: Dest> Straight for Bin<O, P, Q, D>
where
    O::A: Reg,
    O::B: Reg,
    O::R: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = P::read::<O::A>(r, FIRST, 2);
            let b = Q::read::<O::B>(r, SECOND, 2);
            Ok(D::write(r, O::eval(a, b)).behind(2 + extra::<P, O::A>() + extra::<Q, O::B>()))
        }
    }
}

/// Three vectors: `[handler, dst a b c]`.
pub(crate) struct Tern<O, P, Q, T, D>(PhantomData<(O, P, Q, T, D)>);

impl<O: VecTernOp, P: Place, Q: Place, T: Place, D: Dest> Straight for Tern<O, P, Q, T, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = P::read::<V128>(r, FIRST, 2);
            let b = Q::read::<V128>(r, SECOND, 2);
            let c = T::read::<V128>(r, THIRD, 2);
            Ok(D::write(r, O::eval(a, b, c)).behind(2))
        }
    }
}

/// One lane taken out: `[handler, dst a . lane]`.
pub(crate) struct Extract<O, P, D>(PhantomData<(O, P, D)>);

impl<O: VecExtract, P: Place, D: Dest> Straight for Extract<O, P, D>
where
    O::R: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = P::read::<V128>(r, FIRST, 2);
            Ok(D::write(r, O::eval(a, r.field(THIRD) as u8)).behind(2))
        }
    }
}

/// One lane replaced: `[handler, dst a b lane]`.
pub(crate) struct Replace<O, P, Q, D>(PhantomData<(O, P, Q, D)>);

impl<O: VecReplace, P: Place, Q: Place, D: Dest> Straight for Replace<O, P, Q, D>
where
    O::B: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = P::read::<V128>(r, FIRST, 2);
            let b = Q::read::<O::B>(r, SECOND, 2);
            Ok(D::write(r, O::eval(a, b, r.field(THIRD) as u8)).behind(2))
        }
    }
}

/// `i8x16.shuffle`: `[handler, dst a b ., lanes, lanes]`.
pub(crate) struct Shuffle<P, Q, D>(PhantomData<(P, Q, D)>);

impl<P: Place, Q: Place, D: Dest> Straight for Shuffle<P, Q, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = P::read::<V128>(r, FIRST, 2);
            let b = Q::read::<V128>(r, SECOND, 2);
            Ok(D::write(r, i8x16_shuffle(a, b, V128::load(r.words(2)).0)).behind(4))
        }
    }
}

/// The handlers by places of the result: accumulator, or slot and accumulator.
type Forms = [Handler; DEST_FORMS];

/// The handlers of one instruction, by place of each operand
/// (`translate::cell::place`): slot or accumulator, and for some of two operands constant.
#[derive(Clone, Copy)]
pub(crate) enum VecHandlers {
    /// Of an instruction with one operand.
    Un([Forms; 2]),
    /// Of an instruction with two.
    Bin([[Option<Forms>; PLACES]; PLACES]),
    /// Of an instruction with three.
    Tern([[[Forms; 2]; 2]; 2]),
}

impl VecHandlers {
    /// The handler for operands in these places, if there is one.
    pub(crate) fn find(&self, places: [usize; 3], form: usize) -> Option<Handler> {
        let [a, b, c] = places;
        let forms = match self {
            VecHandlers::Un(forms) => forms.get(a)?,
            VecHandlers::Bin(forms) => forms.get(a)?.get(b)?.as_ref()?,
            VecHandlers::Tern(forms) => forms.get(a)?.get(b)?.get(c)?,
        };
        forms.get(form).copied()
    }

    /// Whether an operand may be a constant if no other one is.
    pub(crate) fn takes_constant(&self, operand: usize) -> bool {
        match (self, operand) {
            (VecHandlers::Bin([.., [constant, ..]]), 0) => constant.is_some(),
            (VecHandlers::Bin([[.., constant], ..]), 1) => constant.is_some(),
            _ => false,
        }
    }
}

/// The handlers of a body for each place of the result.
macro_rules! forms {
    ($handler:ident $body:ident < $($arg:ty),+ >) => {
        [
            $handler::<$body<$($arg,)+ $crate::fast::exec::place::ToAcc>>,
            $handler::<$body<$($arg,)+ $crate::fast::exec::place::ToSlot>>,
        ]
    };
}

/// The handlers of a body with one operand.
macro_rules! one {
    ($handler:ident $body:ident $op:ty) => {
        VecHandlers::Un([forms!($handler $body<$op, S>), forms!($handler $body<$op, A>)])
    };
}

/// The handlers of a body with two operands, the second never a constant.
macro_rules! two_forms {
    ($handler:ident $body:ident < $($arg:ty)? >) => {
        VecHandlers::Bin([
            [
                Some(forms!($handler $body<$($arg,)? S, S>)),
                Some(forms!($handler $body<$($arg,)? S, A>)),
                None,
            ],
            [
                Some(forms!($handler $body<$($arg,)? A, S>)),
                Some(forms!($handler $body<$($arg,)? A, A>)),
                None,
            ],
            [None; PLACES],
        ])
    };
}

/// The handlers of an instruction with two operands, the second of which may be a
/// constant, or with `table` the first as well.
macro_rules! two {
    ($handler:ident $op:ty) => {
        two!($handler $op, [None; PLACES])
    };
    (table $handler:ident $op:ty) => {
        two!($handler $op, [
            Some(forms!($handler Bin<$op, C, S>)),
            Some(forms!($handler Bin<$op, C, A>)),
            None,
        ])
    };
    ($handler:ident $op:ty, $constant:expr) => {
        VecHandlers::Bin([
            [
                Some(forms!($handler Bin<$op, S, S>)),
                Some(forms!($handler Bin<$op, S, A>)),
                Some(forms!($handler Bin<$op, S, C>)),
            ],
            [
                Some(forms!($handler Bin<$op, A, S>)),
                Some(forms!($handler Bin<$op, A, A>)),
                Some(forms!($handler Bin<$op, A, C>)),
            ],
            $constant,
        ])
    };
}

/// The handlers of an instruction with three operands.
macro_rules! three {
    ($handler:ident $op:ty) => {
        VecHandlers::Tern([
            [
                [forms!($handler Tern<$op, S, S, S>), forms!($handler Tern<$op, S, S, A>)],
                [forms!($handler Tern<$op, S, A, S>), forms!($handler Tern<$op, S, A, A>)],
            ],
            [
                [forms!($handler Tern<$op, A, S, S>), forms!($handler Tern<$op, A, S, A>)],
                [forms!($handler Tern<$op, A, A, S>), forms!($handler Tern<$op, A, A, A>)],
            ],
        ])
    };
}

#[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
pub(super) use {forms, one, three, two, two_forms};

/// The handlers of a row, by its immediate and operands.
macro_rules! handlers_of {
    ($name:ident {} ($a:ident) -> $r:ident) => {
        one!(handler Un vec_sem::$name)
    };
    // A table is usually constant.
    (i8x16_swizzle {} ($a:ident, $b:ident) -> $r:ident) => {
        two!(table handler vec_sem::i8x16_swizzle)
    };
    (i8x16_relaxed_swizzle_modulo {} ($a:ident, $b:ident) -> $r:ident) => {
        two!(table handler vec_sem::i8x16_relaxed_swizzle_modulo)
    };
    ($name:ident {} ($a:ident, $b:ident) -> $r:ident) => {
        two!(handler vec_sem::$name)
    };
    ($name:ident {} ($a:ident, $b:ident, $c:ident) -> $r:ident) => {
        three!(handler vec_sem::$name)
    };
    ($name:ident {lane} ($a:ident) -> $r:ident) => {
        one!(handler Extract vec_sem::$name)
    };
    ($name:ident {lane} ($a:ident, $b:ident) -> $r:ident) => {
        two_forms!(handler Replace<vec_sem::$name>)
    };
    ($name:ident {lanes} ($a:ident, $b:ident) -> $r:ident) => {
        two_forms!(handler Shuffle<>)
    };
}

macro_rules! vec_handlers {
    ($($name:ident $operator:ident {$($imm:ident)?} $params:tt -> $result:ident;)*) => {
        static HANDLERS: &[VecHandlers] =
            &[$(handlers_of!($name {$($imm)?} $params -> $result)),*];
    };
}
bimetal_core::for_each_vec_sem!(vec_handlers);

/// The handlers of an instruction; with `extensions`, those for instructions of the
/// machine that not every one of its kind has, if there are such and it has them.
pub(crate) fn vec_handlers(op: VecOp, extensions: bool) -> &'static VecHandlers {
    #[cfg(all(bimetal_tail_calls, not(debug_assertions), not(miri), target_arch = "x86_64"))]
    if extensions && let Some(handlers) = super::vec_avx2::handlers(op) {
        return handlers;
    }
    let _ = extensions;
    &HANDLERS[op as usize]
}
