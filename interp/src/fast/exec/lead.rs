//! Handlers that do not branch, as the first halves of handlers for two cells
//! ([`super::both`]).

use bimetal_core::ops::mem::{Load, MemType, Store};
use bimetal_core::ops::num::BinOp;
use bimetal_core::trap::TrapCode;

use super::data::{Copy, CopyImm, CopyTwo};
use super::fused::{LoadSum, sum};
use super::fused_two::{ImmTwo, LoadTee, NO_PIN};
use super::memory::{Address, Load0, Store0, access_at, read, write};
use super::num::{Bin, FIRST, second};
use super::pair::value;
use super::place::{C, Dest, Place, Reg, S, extra};
use crate::fast::dispatch::Regs;

/// The body of a handler that does not branch.
pub(crate) trait Lead: 'static {
    /// Executes the cell at `r.ip`. Returns the registers for the cell behind it.
    ///
    /// # Safety
    /// As for [`crate::fast::dispatch::Exec::exec`].
    ///
    /// # Errors
    /// If it traps.
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode>;
}

/// The registers for the cell `words` behind.
#[inline(always)] // vanishes into handlers
unsafe fn behind(mut r: Regs, words: usize) -> Result<Regs, TrapCode> {
    // SAFETY: another cell follows in the same allocation, as for `Regs::next`.
    r.ip = unsafe { r.ip.add(words) };
    Ok(r)
}

impl<O: BinOp, P: Place, Q: Place, D: Dest> Lead for Bin<O, P, Q, D>
where
    O::A: Reg,
    O::B: Reg,
    O::R: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let a = P::read::<O::A>(r, FIRST, 2);
            let b = Q::read::<O::B>(r, second::<P>(), 2);
            let r = D::write(r, value(O::eval(a, b)));
            behind(r, 2 + extra::<P, O::A>() + extra::<Q, O::B>())
        }
    }
}

impl<T: Reg, P: Place> Lead for Copy<T, P> {
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this place.
        unsafe {
            P::read::<T>(r, 1, 2).store(r.slot(0));
            behind(r, 2 + extra::<P, T>())
        }
    }
}

impl Lead for CopyImm {
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = i64::from(r.imm() as i32) as u64;
            behind(r, 2)
        }
    }
}

impl Lead for CopyTwo {
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = *r.slot(1);
            *r.slot(2) = *r.slot(3);
            behind(r, 2)
        }
    }
}

impl Lead for ImmTwo {
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            *r.slot(0) = i64::from(r.half(2, 0) as i32) as u64;
            *r.slot(1) = i64::from(r.half(2, 1) as i32) as u64;
            behind(r, 3)
        }
    }
}

impl<T: Address, O: Load, P: Place, D: Dest> Lead for Load0<T, O, P, D>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let at = access_at::<T, P>(r, O::Mem::WIDTH)?;
            behind(D::write(r, read::<O>(at)), 2)
        }
    }
}

impl<T: Address, O: Load, D: Dest> Lead for LoadSum<T, O, C, D>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let (index, offset) = sum::<T, C>(r);
            let at = index.access(r, offset, O::Mem::WIDTH)?;
            behind(D::write(r, read::<O>(at)), 3)
        }
    }
}

impl<T: Address, O: Load, D: Dest> Lead for LoadTee<T, O, S, NO_PIN, D>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let sum = S::read::<T>(r, 2, 0).sum(T::imm(r.half(2, 1)));
            sum.store(r.slot(1));
            let at = sum.access(r, r.half(2, 0), O::Mem::WIDTH)?;
            behind(D::write(sum.with_acc(r), read::<O>(at)), 3)
        }
    }
}

impl<T: Address, O: Store, P: Place, Q: Place> Lead for Store0<T, O, P, Q>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn lead(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places, of which the value's is no constant.
        unsafe {
            let at = access_at::<T, P>(r, O::Mem::WIDTH)?;
            write::<O>(at, Q::read::<O::Value>(r, 0, 2));
            behind(r, 2)
        }
    }
}
