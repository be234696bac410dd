//! Where a handler finds an operand and leaves its result.
//!
//! Handlers are generic over places; the linker chooses the instance. A slot
//! always holds 64 bits, whatever was written to it, because a load wider than
//! the last store would wait for the store to reach the cache. A vector is in two
//! slots, at any multiple of eight bytes.

use bimetal_core::value::{Scalar, Slot, V128};

use crate::fast::dispatch::Regs;
use crate::fast::vreg;

/// A number or vector type as handlers move it: which accumulator it uses.
pub(crate) trait Reg: Copy + 'static {
    /// How many slots it takes.
    const SLOTS: usize = 1;
    /// Whether a constant takes words of its own, as many as slots.
    const WIDE: bool;
    /// The value in the accumulator.
    fn acc(r: Regs) -> Self;
    /// The registers with the value in the accumulator.
    fn with_acc(self, r: Regs) -> Regs;
    /// The value of a pinned local.
    fn pin(r: Regs, index: usize) -> Self;
    /// The registers with the accumulator's value in a pinned local as well.
    fn acc_to_pin(r: Regs, index: usize) -> Regs;
    /// The value of a 32-bit constant, sign-extended.
    fn imm(bits: u32) -> Self;
    /// The value in slots, or in words of a cell.
    ///
    /// # Safety
    /// There are as many as the type takes.
    unsafe fn load(from: *const u64) -> Self;
    /// Puts the value in slots.
    ///
    /// # Safety
    /// As for [`Reg::load`].
    unsafe fn store(self, to: *mut u64);
    /// Puts the accumulator in slots.
    ///
    /// # Safety
    /// As for [`Reg::load`].
    unsafe fn store_acc(r: Regs, to: *mut u64);
}

/// How numbers lie in a slot.
macro_rules! one_slot {
    () => {
        #[inline(always)] // vanishes into handlers
        unsafe fn load(from: *const u64) -> Self {
            // SAFETY: by this function's contract.
            Self::from_slot(Slot::from_bits(unsafe { *from }))
        }
        #[inline(always)] // vanishes into handlers
        unsafe fn store(self, to: *mut u64) {
            // SAFETY: by this function's contract.
            unsafe { *to = self.into_slot().bits() };
        }
    };
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
            fn pin(r: Regs, index: usize) -> Self {
                [r.p0, r.p1][index] as $ty
            }
            #[inline(always)] // vanishes into handlers
            fn acc_to_pin(mut r: Regs, index: usize) -> Regs {
                *[&mut r.p0, &mut r.p1][index] = r.a;
                r
            }
            #[inline(always)] // vanishes into handlers
            fn imm(bits: u32) -> Self {
                bits as i32 as $ty
            }
            one_slot!();
            #[inline(always)] // vanishes into handlers
            unsafe fn store_acc(r: Regs, to: *mut u64) {
                // SAFETY: by this function's contract.
                unsafe { *to = r.a };
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
            fn pin(r: Regs, index: usize) -> Self {
                vreg::$ty([r.w0, r.w1, r.w2][index])
            }
            #[inline(always)] // vanishes into handlers
            fn acc_to_pin(r: Regs, index: usize) -> Regs {
                vector_to_pin(r, index)
            }
            #[inline(always)] // vanishes into handlers
            fn imm(bits: u32) -> Self {
                let read: fn(u32) -> $ty = $imm;
                read(bits)
            }
            one_slot!();
            #[inline(always)] // the whole lane: no detour through an integer register
            unsafe fn store_acc(r: Regs, to: *mut u64) {
                // SAFETY: by this function's contract.
                unsafe { *to = vreg::f64(r.v).to_bits() };
            }
        }
    )*};
}
float_reg! {
    f32 false with_f32 f32::from_bits;
    f64 true with_f64 |bits| f64::from(f32::from_bits(bits));
}

/// The registers with the float or vector accumulator in a pinned local as well.
#[inline(always)] // vanishes into handlers
fn vector_to_pin(mut r: Regs, index: usize) -> Regs {
    *[&mut r.w0, &mut r.w1, &mut r.w2][index] = r.v;
    r
}

impl Reg for V128 {
    const SLOTS: usize = 2;
    const WIDE: bool = true;
    #[inline(always)] // vanishes into handlers
    fn acc(r: Regs) -> Self {
        vreg::v128(r.v)
    }
    #[inline(always)] // vanishes into handlers
    fn with_acc(self, mut r: Regs) -> Regs {
        r.v = vreg::of_v128(self);
        r
    }
    #[inline(always)] // vanishes into handlers
    fn pin(r: Regs, index: usize) -> Self {
        vreg::v128([r.w0, r.w1, r.w2][index])
    }
    #[inline(always)] // vanishes into handlers
    fn acc_to_pin(r: Regs, index: usize) -> Regs {
        vector_to_pin(r, index)
    }
    #[inline(always)] // vanishes into handlers
    fn imm(bits: u32) -> Self {
        V128::from_u128(u128::from(bits))
    }
    #[inline(always)] // vanishes into handlers
    unsafe fn load(from: *const u64) -> Self {
        // SAFETY: by this function's contract.
        unsafe {
            if cfg!(target_endian = "little") {
                // The same, and one access.
                from.cast::<V128>().read_unaligned()
            } else {
                V128::from_slots([*from, *from.add(1)].map(Slot::from_bits))
            }
        }
    }
    #[inline(always)] // vanishes into handlers
    unsafe fn store(self, to: *mut u64) {
        // SAFETY: by this function's contract.
        unsafe {
            if cfg!(target_endian = "little") {
                to.cast::<V128>().write_unaligned(self);
            } else {
                to.cast::<[u64; 2]>().write(self.to_slots().map(Slot::bits));
            }
        }
    }
    #[inline(always)] // vanishes into handlers
    unsafe fn store_acc(r: Regs, to: *mut u64) {
        // SAFETY: the same contract.
        unsafe { Self::acc(r).store(to) };
    }
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
/// A pinned local.
pub(crate) enum W<const INDEX: usize> {}

impl<const INDEX: usize> Place for W<INDEX> {
    #[inline(always)] // vanishes into handlers
    unsafe fn read<T: Reg>(r: Regs, _: usize, _: usize) -> T {
        T::pin(r, INDEX)
    }
}

impl Place for S {
    #[inline(always)] // vanishes into handlers
    unsafe fn read<T: Reg>(r: Regs, field: usize, _: usize) -> T {
        // SAFETY: slots of the frame, by this function's contract.
        unsafe { T::load(r.slot(field)) }
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
        unsafe { if T::WIDE { T::load(r.words(wide)) } else { T::imm(r.imm()) } }
    }
}

/// How many words a constant operand adds to a cell.
#[inline(always)] // vanishes into handlers
pub(crate) const fn extra<P: Place, T: Reg>() -> usize {
    if P::CONST && T::WIDE { T::SLOTS } else { 0 }
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

/// To the accumulator, a slot and the register of the local that has the slot.
pub(crate) enum ToPin<const INDEX: usize> {}

impl<const INDEX: usize> Dest for ToPin<INDEX> {
    #[inline(always)] // vanishes into handlers
    unsafe fn write<T: Reg>(r: Regs, value: T) -> Regs {
        // SAFETY: the same contract.
        T::acc_to_pin(unsafe { ToSlot::write(r, value) }, INDEX)
    }
}

/// Nowhere: whoever makes it uses it up at once.
pub(crate) enum Nowhere {}

impl Dest for Nowhere {
    #[inline(always)] // vanishes into handlers
    unsafe fn write<T: Reg>(r: Regs, _: T) -> Regs {
        r
    }
}

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
        // SAFETY: slots of the frame, by this function's contract.
        unsafe { T::store_acc(r, r.slot(0)) };
        r
    }
}
