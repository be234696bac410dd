//! A load and the store of the number in one cell.

use std::marker::PhantomData;

use bimetal_core::ops::mem::{Load, LoadOp, MemType, Store, StoreOp, mem_sem};

use super::memory::{Address, ByAddress, read, write};
use super::place::{A, Dest, Place, Reg, S, ToAcc};
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// How an address is made, without the offset.
pub(crate) trait Index: 'static {
    /// Whether a constant is part of it.
    const CONST: bool = false;
    /// The address, of which fields from `field` on are slots and half a word may be a
    /// constant.
    ///
    /// # Safety
    /// The cell of `r` was linked for this.
    unsafe fn index<T: Address>(r: Regs, field: usize, constant: (usize, usize)) -> T;
}

/// In a slot or the accumulator.
pub(crate) struct One<P>(PhantomData<P>);
/// The sum of two slots.
pub(crate) enum Two {}
/// The sum of a slot and a constant.
pub(crate) enum Plus {}

impl<P: Place> Index for One<P> {
    #[inline(always)] // vanishes into handlers
    unsafe fn index<T: Address>(r: Regs, field: usize, _: (usize, usize)) -> T {
        // SAFETY: the same contract.
        unsafe { P::read::<T>(r, field, 0) }
    }
}

impl Index for Two {
    #[inline(always)] // vanishes into handlers
    unsafe fn index<T: Address>(r: Regs, field: usize, _: (usize, usize)) -> T {
        // SAFETY: the same contract.
        unsafe { S::read::<T>(r, field, 0).sum(S::read::<T>(r, field + 1, 0)) }
    }
}

impl Index for Plus {
    const CONST: bool = true;
    #[inline(always)] // vanishes into handlers
    unsafe fn index<T: Address>(r: Regs, field: usize, (word, half): (usize, usize)) -> T {
        // SAFETY: the same contract.
        unsafe { S::read::<T>(r, field, 0).sum(T::imm(r.half(word, half))) }
    }
}

/// A load, by an address of type `T`, and the store of the number, by one of type `U`:
/// `[handler, address address address address, offset | offset, constant | constant of the
/// addresses if there is one]`. The number is in the accumulator as well.
pub(crate) struct LoadStore<T, U, L, W, I, J>(PhantomData<(T, U, L, W, I, J)>);

impl<T, U, L, W, I, J> Exec for LoadStore<T, U, L, W, I, J>
where
    T: Address,
    U: Address,
    L: Load,
    L::Value: Reg,
    W: Store<Value = L::Value>,
    I: Index,
    J: Index,
{
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let from = I::index::<T>(r, 0, (3, 0));
            let mut r = match from.access(r, r.half(2, 0), L::Mem::WIDTH) {
                Ok(at) => ToAcc::write(r, read::<L>(at)),
                Err(code) => return r.trap(code),
            };
            let to = J::index::<U>(r, 2, (3, 1));
            match to.access(r, r.half(2, 1), W::Mem::WIDTH) {
                Ok(at) => {
                    write::<W>(at, A::read::<L::Value>(r, 0, 0));
                    r.next(3 + usize::from(I::CONST || J::CONST))
                }
                Err(code) => {
                    // Where the linker has put the position of the store.
                    r.ip = r.ip.add(1);
                    r.trap(code)
                }
            }
        }
    }
}

/// Handlers of [`LoadStore`] by type of each address and the forms of them: slot,
/// accumulator (of a load only), two slots, slot and constant.
pub(crate) type LoadStoreForms = ByAddress<ByAddress<[[Handler; 3]; 4]>>;

macro_rules! load_store {
    ($load:ident $store:ident) => {
        [
            [load_store!($load $store i32 i32), load_store!($load $store i32 i64)],
            [load_store!($load $store i64 i32), load_store!($load $store i64 i64)],
        ]
    };
    ($load:ident $store:ident $from:ident $to:ident) => {
        [
            load_store!($load $store $from $to, One<S>),
            load_store!($load $store $from $to, One<A>),
            load_store!($load $store $from $to, Two),
            load_store!($load $store $from $to, Plus),
        ]
    };
    ($load:ident $store:ident $from:ident $to:ident, $index:ty) => {
        [
            handler::<LoadStore<$from, $to, mem_sem::$load, mem_sem::$store, $index, One<S>>>,
            handler::<LoadStore<$from, $to, mem_sem::$load, mem_sem::$store, $index, Two>>,
            handler::<LoadStore<$from, $to, mem_sem::$load, mem_sem::$store, $index, Plus>>,
        ]
    };
}

static LOAD_STORE: [LoadStoreForms; 4] = [
    load_store!(i32_load8_u i32_store8),
    load_store!(i32_load16_u i32_store16),
    load_store!(i32_load i32_store),
    load_store!(i64_load i64_store),
];

/// The handlers of [`LoadStore`], if the store writes all that the load reads.
pub(crate) fn load_store(load: LoadOp, store: StoreOp) -> Option<&'static LoadStoreForms> {
    Some(match (load, store) {
        (LoadOp::i32_load8_u | LoadOp::i32_load8_s, StoreOp::i32_store8)
        | (LoadOp::i64_load8_u | LoadOp::i64_load8_s, StoreOp::i64_store8) => &LOAD_STORE[0],
        (LoadOp::i32_load16_u | LoadOp::i32_load16_s, StoreOp::i32_store16)
        | (LoadOp::i64_load16_u | LoadOp::i64_load16_s, StoreOp::i64_store16) => &LOAD_STORE[1],
        (LoadOp::i32_load, StoreOp::i32_store)
        | (LoadOp::i64_load32_u | LoadOp::i64_load32_s, StoreOp::i64_store32) => &LOAD_STORE[2],
        (LoadOp::i64_load, StoreOp::i64_store) => &LOAD_STORE[3],
        _ => return None,
    })
}
