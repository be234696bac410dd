//! Where a handler finds an operand and leaves its result.
//!
//! Handlers are generic over places; the linker chooses the instance. A slot
//! always holds 64 bits, whatever was written to it, because a load wider than
//! the last store would wait for the store to reach the cache.

use bimetal_core::value::{Scalar, Slot};

use crate::fast::dispatch::Regs;
use crate::fast::vreg;

/// A number type as handlers move it: which accumulator it uses.
pub(crate) trait Reg: Scalar {
    /// Whether a constant takes a word of its own.
    const WIDE: bool;
    /// The value in the accumulator.
    fn acc(r: Regs) -> Self;
    /// The registers with the value in the accumulator.
    fn with_acc(self, r: Regs) -> Regs;
    /// The value of a 32-bit constant, sign-extended.
    fn imm(bits: u32) -> Self;
    /// The accumulator as a slot.
    fn acc_bits(r: Regs) -> u64;
}

macro_rules! int_reg {
    ($($ty:ident $wide:literal)*) => {$(
        impl Reg for $ty {
            const WIDE: bool = $wide;
            #[inline(always)] // vanishes into handlers
            fn acc(r: Regs) -> Self {
                r.a as $ty
            }
            #[inline(always)] // vanishes into handlers
            fn with_acc(self, mut r: Regs) -> Regs {
                r.a = self.into_slot().bits();
                r
            }
            #[inline(always)] // vanishes into handlers
            fn imm(bits: u32) -> Self {
                bits as i32 as $ty
            }
            #[inline(always)] // vanishes into handlers
            fn acc_bits(r: Regs) -> u64 {
                r.a
            }
        }
    )*};
}
int_reg!(i32 false i64 true);

macro_rules! float_reg {
    ($($ty:ident $wide:literal $with:ident $imm:expr;)*) => {$(
        impl Reg for $ty {
            const WIDE: bool = $wide;
            #[inline(always)] // vanishes into handlers
            fn acc(r: Regs) -> Self {
                vreg::$ty(r.v)
            }
            #[inline(always)] // vanishes into handlers
            fn with_acc(self, mut r: Regs) -> Regs {
                r.v = vreg::$with(r.v, self);
                r
            }
            #[inline(always)] // vanishes into handlers
            fn imm(bits: u32) -> Self {
                let read: fn(u32) -> $ty = $imm;
                read(bits)
            }
            #[inline(always)] // the whole lane: no detour through an integer register
            fn acc_bits(r: Regs) -> u64 {
                vreg::f64(r.v).to_bits()
            }
        }
    )*};
}
float_reg! {
    f32 false with_f32 f32::from_bits;
    f64 true with_f64 |bits| f64::from(f32::from_bits(bits));
}

/// Where an operand is.
pub(crate) trait Place: 'static {
    /// Whether it is in the cell itself.
    const CONST: bool = false;
    /// Reads it: from the slot in `field`, the accumulator, or the cell, whose
    /// wide constant is word `wide`.
    ///
    /// # Safety
    /// The cell of `r` was linked for this place.
    unsafe fn read<T: Reg>(r: Regs, field: usize, wide: usize) -> T;
}

/// In a slot.
pub(crate) enum S {}
/// In the accumulator of its type.
pub(crate) enum A {}
/// A constant.
pub(crate) enum C {}

impl Place for S {
    #[inline(always)] // vanishes into handlers
    unsafe fn read<T: Reg>(r: Regs, field: usize, _: usize) -> T {
        // SAFETY: a slot of the frame, by this function's contract.
        T::from_slot(Slot::from_bits(unsafe { *r.slot(field) }))
    }
}

impl Place for A {
    #[inline(always)] // vanishes into handlers
    unsafe fn read<T: Reg>(r: Regs, _: usize, _: usize) -> T {
        T::acc(r)
    }
}

impl Place for C {
    const CONST: bool = true;
    #[inline(always)] // vanishes into handlers
    unsafe fn read<T: Reg>(r: Regs, _: usize, wide: usize) -> T {
        // SAFETY: the words are there, by this function's contract.
        unsafe {
            if T::WIDE { T::from_slot(Slot::from_bits(r.word(wide).bits)) } else { T::imm(r.imm()) }
        }
    }
}

/// How many words a constant operand adds to a cell.
#[inline(always)] // vanishes into handlers
pub(crate) const fn extra<P: Place, T: Reg>() -> usize {
    (P::CONST && T::WIDE) as usize
}

/// Where a result goes.
pub(crate) trait Dest: 'static {
    /// Leaves the result; returns the registers to go on with.
    ///
    /// # Safety
    /// The cell of `r` names its result slot in field 0 if this place is one.
    unsafe fn write<T: Reg>(r: Regs, value: T) -> Regs;
}

/// To the accumulator alone.
pub(crate) enum ToAcc {}
/// To the accumulator and a slot.
pub(crate) enum ToSlot {}

impl Dest for ToAcc {
    #[inline(always)] // vanishes into handlers
    unsafe fn write<T: Reg>(r: Regs, value: T) -> Regs {
        value.with_acc(r)
    }
}

impl Dest for ToSlot {
    #[inline(always)] // vanishes into handlers
    unsafe fn write<T: Reg>(r: Regs, value: T) -> Regs {
        let r = value.with_acc(r);
        // SAFETY: a slot of the frame, by this function's contract.
        unsafe { *r.slot(0) = T::acc_bits(r) };
        r
    }
}
