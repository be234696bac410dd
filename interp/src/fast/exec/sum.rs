//! Loads and stores at the sum of two operands.

use std::marker::PhantomData;

use bimetal_core::trap::TrapCode;

use super::memory::{Address, At, LoadAt, StoreAt};
use super::place::{Place, S};
use crate::fast::dispatch::Regs;

/// At the sum of a slot, another operand and an offset: `[handler, . a b offset]` or
/// `[handler, . a | b, offset]`.
pub(crate) struct Sum<Q>(PhantomData<Q>);

impl<Q: Place> At for Sum<Q> {
    const WORDS: usize = if Q::CONST { 3 } else { 2 };
    #[inline(always)] // vanishes into handlers
    unsafe fn at<T: Address>(r: Regs, width: u32) -> Result<*mut u8, TrapCode> {
        // SAFETY: the cell was linked for this place.
        unsafe {
            let a = S::read::<T>(r, 1, 2);
            let (b, offset) = if Q::CONST {
                (T::imm(r.imm()), r.half(2, 0))
            } else {
                (Q::read::<T>(r, 2, 2), r.field(3) as u32)
            };
            a.sum(b).access(r, offset, width)
        }
    }
}

/// A load at a sum.
pub(crate) type LoadSum<T, O, Q, D> = LoadAt<T, O, Sum<Q>, D>;
/// A store at a sum.
pub(crate) type StoreSum<T, O, Q, P> = StoreAt<T, O, Sum<Q>, P>;
