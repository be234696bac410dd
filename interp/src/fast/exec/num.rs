//! Numeric instructions, and branches on their results.
//!
//! Every row of the table of numeric instructions becomes its handlers here,
//! whatever it computes.

use std::marker::PhantomData;

use bimetal_core::ops::num::{BinOp, NumOp, UnOp, num_sem};
use bimetal_core::trap::TrapCode;

use super::place::{A, C, Dest, Place, Reg, S, ToAcc, ToSlot, extra};
use super::straight::Straight;
use super::{DEST_FORMS, PLACES};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// Fields of the operand word.
pub(super) const FIRST: usize = 1;
const SECOND: usize = 2;

/// One operand: `[handler, dst a . . | imm]`.
pub(crate) struct Un<O, P, D>(PhantomData<(O, P, D)>);

impl<O: UnOp, P: Place, D: Dest> Straight for Un<O, P, D>
where
    O::A: Reg,
    O::R: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let value = O::eval(P::read::<O::A>(r, FIRST, 2))?;
            Ok(D::write(r, value).behind(2 + extra::<P, O::A>()))
        }
    }
}

/// Two operands: `[handler, dst a b .]`, with a constant in the upper half of the
/// operand word (the slot of the other operand is then field 1) or in a word of
/// its own.
pub(crate) struct Bin<O, P, Q, D>(PhantomData<(O, P, Q, D)>);

impl<O: BinOp, P: Place, Q: Place, D: Dest> Straight for Bin<O, P, Q, D>
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
            let b = Q::read::<O::B>(r, second::<P>(), 2);
            let r = D::write(r, O::eval(a, b)?);
            Ok(r.behind(2 + extra::<P, O::A>() + extra::<Q, O::B>()))
        }
    }
}

#[inline(always)] // vanishes into handlers
pub(super) const fn second<P: Place>() -> usize {
    if P::CONST { FIRST } else { SECOND }
}

/// The result of an instruction that does not trap.
#[inline(always)] // vanishes into handlers
pub(super) fn value<T, E>(result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => unreachable!("only called where none does"),
    }
}

/// Branch on one operand: `[handler, . a . ., target]`.
pub(crate) struct BrUn<O, P, const NEGATE: bool>(PhantomData<(O, P)>);

impl<O: UnOp<R = i32>, P: Place, const NEGATE: bool> Exec for BrUn<O, P, NEGATE>
where
    O::A: Reg,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for this place and has a target.
        unsafe {
            match O::eval(P::read::<O::A>(r, FIRST, 3)) {
                Ok(value) if (value != 0) != NEGATE => r.jump(r.target(2)),
                Ok(_) => r.next(3),
                Err(code) => r.trap(code),
            }
        }
    }
}

/// Branch on two operands: `[handler, . a b . | imm, target, wide constant]`.
pub(crate) struct BrBin<O, P, Q, const NEGATE: bool>(PhantomData<(O, P, Q)>);

impl<O: BinOp<R = i32>, P: Place, Q: Place, const NEGATE: bool> Exec for BrBin<O, P, Q, NEGATE>
where
    O::A: Reg,
    O::B: Reg,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places and has a target.
        unsafe {
            let a = P::read::<O::A>(r, FIRST, 3);
            let b = Q::read::<O::B>(r, second::<P>(), 3);
            match O::eval(a, b) {
                Ok(value) if (value != 0) != NEGATE => r.jump(r.target(2)),
                Ok(_) => r.next(3 + extra::<P, O::A>() + extra::<Q, O::B>()),
                Err(code) => r.trap(code),
            }
        }
    }
}

/// The handlers of one instruction. First index: the first operand's place
/// (`translate::cell::place`); second: the second operand's; third: whether the
/// result goes to a slot. A missing handler is a form that the translator never
/// asks for.
#[derive(Clone, Copy)]
pub(crate) struct NumHandlers {
    pub(crate) un: [[Option<Handler>; DEST_FORMS]; PLACES],
    pub(crate) bin: [[[Option<Handler>; DEST_FORMS]; PLACES]; PLACES],
    /// Branches; third index: whether taken when the test fails.
    pub(crate) br_un: [[Option<Handler>; 2]; PLACES],
    pub(crate) br_bin: [[[Option<Handler>; 2]; PLACES]; PLACES],
}

const NONE: NumHandlers = NumHandlers {
    un: [[None; DEST_FORMS]; PLACES],
    bin: [[[None; DEST_FORMS]; PLACES]; PLACES],
    br_un: [[None; 2]; PLACES],
    br_bin: [[[None; 2]; PLACES]; PLACES],
};

macro_rules! un_forms {
    ($op:ty) => {
        [un_forms!($op, S), un_forms!($op, A), [None; 2]]
    };
    ($op:ty, $p:ident) => {
        [Some(handler::<Un<$op, $p, ToAcc>>), Some(handler::<Un<$op, $p, ToSlot>>)]
    };
}

macro_rules! bin_forms {
    ($op:ty) => {
        [
            [bin_forms!($op, S, S), bin_forms!($op, S, A), bin_forms!($op, S, C)],
            [bin_forms!($op, A, S), bin_forms!($op, A, A), bin_forms!($op, A, C)],
            [bin_forms!($op, C, S), bin_forms!($op, C, A), [None; 2]],
        ]
    };
    ($op:ty, $p:ident, $q:ident) => {
        [Some(handler::<Bin<$op, $p, $q, ToAcc>>), Some(handler::<Bin<$op, $p, $q, ToSlot>>)]
    };
}

macro_rules! br_forms {
    ($op:ty) => {
        [
            [br_forms!($op, S, S), br_forms!($op, S, A), br_forms!($op, S, C)],
            [br_forms!($op, A, S), br_forms!($op, A, A), br_forms!($op, A, C)],
            [br_forms!($op, C, S), br_forms!($op, C, A), [None; 2]],
        ]
    };
    ($op:ty, $p:ident, $q:ident) => {
        [Some(handler::<BrBin<$op, $p, $q, false>>), Some(handler::<BrBin<$op, $p, $q, true>>)]
    };
    (un $op:ty, $p:ident) => {
        [Some(handler::<BrUn<$op, $p, false>>), Some(handler::<BrUn<$op, $p, true>>)]
    };
}

/// The handlers of a row, by its operands and result.
macro_rules! handlers_of {
    ($name:ident ($a:ident) -> i32) => {
        NumHandlers {
            un: un_forms!(num_sem::$name),
            br_un: if is_test(NumOp::$name) {
                [br_forms!(un num_sem::$name, S), br_forms!(un num_sem::$name, A), [None; 2]]
            } else {
                NONE.br_un
            },
            ..NONE
        }
    };
    ($name:ident ($a:ident) -> $r:ident) => {
        NumHandlers { un: un_forms!(num_sem::$name), ..NONE }
    };
    ($name:ident ($a:ident, $b:ident) -> i32) => {
        NumHandlers {
            bin: bin_forms!(num_sem::$name),
            br_bin: if is_test(NumOp::$name) { br_forms!(num_sem::$name) } else { NONE.br_bin },
            ..NONE
        }
    };
    ($name:ident ($a:ident, $b:ident) -> $r:ident) => {
        NumHandlers { bin: bin_forms!(num_sem::$name), ..NONE }
    };
}

macro_rules! num_handlers {
    ($($name:ident $operator:ident $params:tt -> $result:ident;)*) => {
        static HANDLERS: &[NumHandlers] = &[$(handlers_of!($name $params -> $result)),*];
    };
}
bimetal_core::for_each_num_sem!(num_handlers);

/// The handlers of an instruction.
pub(crate) fn handlers(op: NumOp) -> &'static NumHandlers {
    &HANDLERS[op as usize]
}

/// Whether the instruction is a comparison: the rows begin with them.
pub(crate) const fn is_test(op: NumOp) -> bool {
    op as u16 <= NumOp::f64_ge as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_core::types::ValType;

    #[test]
    fn tests_are_the_rows_that_answer_yes_or_no() {
        for &op in NumOp::ALL {
            let name = op.name().split('.').nth(1).unwrap();
            let relation = ["eqz", "eq", "ne", "lt", "gt", "le", "ge"]
                .iter()
                .any(|relation| name.split('_').next() == Some(relation));
            assert_eq!(is_test(op), relation, "{}", op.name());
            assert!(!is_test(op) || (op.result() == ValType::I32 && !op.traps()));
        }
    }

    #[test]
    fn every_row_has_a_handler_for_slots() {
        for &op in NumOp::ALL {
            let forms = handlers(op);
            match op.params().len() {
                1 => assert!(forms.un[0][1].is_some(), "{}", op.name()),
                _ => assert!(forms.bin[0][0][1].is_some(), "{}", op.name()),
            }
        }
    }
}
