//! Loads and stores.
//!
//! **What must never happen here:** an access that [`effective`] has not allowed,
//! or one that uses a base or length read before the instruction began.
//!
//! The forms for memory 0 are for a memory that is not shared; accesses to others go
//! through the general form. Threads that share a memory may race there, as they may in
//! compiled code. A handler reads or writes guest memory once, through a raw pointer, with
//! what is one instruction of the machine for every width up to 64 bits; what it reads
//! becomes a guest's number and nothing that this program relies on. Volatile accesses
//! would say no more and, for they ask for aligned types, go byte by byte; relaxed atomics
//! cannot be unaligned.

use std::marker::PhantomData;

use bimetal_core::addr::{effective, effective_aligned};
use bimetal_core::ops::mem::{Load, LoadOp, MemType, Store, StoreOp, mem_sem};
use bimetal_core::sem;
use bimetal_core::trap::TrapCode;
use bimetal_runtime::vmctx::{VmCtx, VmMemory};

use super::place::{A, C, Dest, Place, Reg, S, ToAcc, ToSlot};
use super::straight::Straight;
use super::sum::{LoadSum, StoreSum};
use super::{DEST_FORMS, PLACES};
use crate::fast::dispatch::{Handler, Regs, handler, opaque};

/// Where the pointer to memory 0 stands in a context: memories come first behind
/// its fixed part.
pub(crate) const MEMORY_0: usize = size_of::<VmCtx>();

/// The first byte of an access of `width` bytes to the memory whose pointer
/// stands at `memory` in the context.
#[inline(always)] // vanishes into handlers
unsafe fn access(
    r: Regs,
    memory: usize,
    index: u64,
    offset: u64,
    width: u32,
) -> Result<*mut u8, TrapCode> {
    // SAFETY: the linker passes the offset of a memory; its record is valid.
    unsafe {
        let memory = *r.cx.byte_add(memory).cast::<*const VmMemory>();
        let at = effective(index, offset, u64::from(width), (*memory).byte_len())?;
        Ok((*memory).base.add(at as usize))
    }
}

/// The first byte of an access to memory 0, which is not shared, at a 32-bit address.
#[inline(always)] // vanishes into handlers
pub(super) unsafe fn access_0(
    r: Regs,
    index: u32,
    offset: u32,
    width: u32,
) -> Result<*mut u8, TrapCode> {
    // SAFETY: the handler's contract; see below.
    unsafe {
        // Were it not opaque, it would be computed again for the access, and its
        // operands, which must survive until then, cost a register too many.
        let start = opaque(u64::from(index) + u64::from(offset));
        // The sum of two 32-bit numbers.
        std::hint::assert_unchecked(start < 1 << 33);
        let memory = *r.cx.byte_add(MEMORY_0).cast::<*const VmMemory>();
        // No other thread grows it. An atomic load would be an instruction and a
        // register of its own, which handlers do not have.
        let len = (*memory).len.as_ptr().read();
        if start + u64::from(width) > len {
            return Err(TrapCode::MemoryOutOfBounds);
        }
        Ok((*memory).base.add(start as usize))
    }
}

/// The first byte of an access to memory 0, which is not shared, at a 64-bit address.
#[inline(always)] // vanishes into handlers
unsafe fn access_0_wide(r: Regs, index: u64, offset: u32, width: u32) -> Result<*mut u8, TrapCode> {
    // SAFETY: the handler's contract; see `access_0`.
    unsafe {
        let Some(end) = index.checked_add(u64::from(offset) + u64::from(width)) else {
            return Err(TrapCode::MemoryOutOfBounds);
        };
        let end = opaque(end);
        let memory = *r.cx.byte_add(MEMORY_0).cast::<*const VmMemory>();
        let len = (*memory).len.as_ptr().read();
        if end > len {
            return Err(TrapCode::MemoryOutOfBounds);
        }
        Ok((*memory).base.add(end as usize).sub(width as usize))
    }
}

/// An address as handlers for memory 0 take it.
pub(crate) trait Address: Reg {
    /// Zero.
    const ZERO: Self;
    /// The sum of two parts of it.
    fn sum(self, other: Self) -> Self;
    /// The first byte of an access there.
    ///
    /// # Safety
    /// The handler's contract; memory 0 is not shared.
    unsafe fn access(self, r: Regs, offset: u32, width: u32) -> Result<*mut u8, TrapCode>;
}

impl Address for i32 {
    const ZERO: i32 = 0;
    #[inline(always)] // vanishes into handlers
    fn sum(self, other: i32) -> i32 {
        sem::i32_add(self, other)
    }
    #[inline(always)] // vanishes into handlers
    unsafe fn access(self, r: Regs, offset: u32, width: u32) -> Result<*mut u8, TrapCode> {
        // SAFETY: the same contract.
        unsafe { access_0(r, self as u32, offset, width) }
    }
}

impl Address for i64 {
    const ZERO: i64 = 0;
    #[inline(always)] // vanishes into handlers
    fn sum(self, other: i64) -> i64 {
        sem::i64_add(self, other)
    }
    #[inline(always)] // vanishes into handlers
    unsafe fn access(self, r: Regs, offset: u32, width: u32) -> Result<*mut u8, TrapCode> {
        // SAFETY: the same contract.
        unsafe { access_0_wide(r, self as u64, offset, width) }
    }
}

/// Where an access to memory 0 finds its bytes.
pub(crate) trait At: 'static {
    /// The words of the cell that say so.
    const WORDS: usize;
    /// The first byte of the access, whose address has type `T`.
    ///
    /// # Safety
    /// The cell was linked for this form; memory 0 is not shared.
    unsafe fn at<T: Address>(r: Regs, width: u32) -> Result<*mut u8, TrapCode>;
}

/// At an address plus an offset: `[handler, . addr | offset]`. A constant address is part of
/// the offset.
pub(crate) struct Plain<P>(PhantomData<P>);

impl<P: Place> At for Plain<P> {
    const WORDS: usize = 2;
    #[inline(always)] // vanishes into handlers
    unsafe fn at<T: Address>(r: Regs, width: u32) -> Result<*mut u8, TrapCode> {
        // SAFETY: the cell was linked for this place.
        unsafe {
            let index = if P::CONST { T::ZERO } else { P::read::<T>(r, 1, 2) };
            index.access(r, r.imm(), width)
        }
    }
}

/// Loads to the place that field 0 names.
pub(crate) struct LoadAt<T, O, I, D>(PhantomData<(T, O, I, D)>);
/// A load at an address of type `T`.
pub(crate) type Load0<T, O, P, D> = LoadAt<T, O, Plain<P>, D>;

impl<T: Address, O: Load, I: At, D: Dest> Straight for LoadAt<T, O, I, D>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let at = I::at::<T>(r, O::Mem::WIDTH)?;
            Ok(D::write(r, read::<O>(at)).behind(I::WORDS))
        }
    }
}

/// Any memory: `[handler, dst addr . ., offset, memory | 64-bit address]`.
pub(crate) struct LoadAny<O>(PhantomData<O>);

impl<O: Load> Straight for LoadAny<O>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = access_any(r, 1, O::Mem::WIDTH)?;
            Ok(ToSlot::write(r, read::<O>(at)).behind(4))
        }
    }
}

/// Stores what field 0 names, or a constant in one more word.
pub(crate) struct StoreAt<T, O, I, Q>(PhantomData<(T, O, I, Q)>);
/// A store at an address of type `T`.
pub(crate) type Store0<T, O, P, Q> = StoreAt<T, O, Plain<P>, Q>;

impl<T: Address, O: Store, I: At, Q: Place> Straight for StoreAt<T, O, I, Q>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let at = I::at::<T>(r, O::Mem::WIDTH)?;
            // Not before: registers are scarce.
            let value = if Q::CONST {
                O::Value::load(r.words(I::WORDS))
            } else {
                Q::read::<O::Value>(r, 0, 2)
            };
            write::<O>(at, value);
            Ok(r.behind(I::WORDS + usize::from(Q::CONST)))
        }
    }
}

/// Any memory: `[handler, value addr . ., offset, memory | 64-bit address]`.
pub(crate) struct StoreAny<O>(PhantomData<O>);

impl<O: Store> Straight for StoreAny<O>
where
    O::Value: Reg,
{
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = access_any(r, 1, O::Mem::WIDTH)?;
            write::<O>(at, S::read::<O::Value>(r, 0, 2));
            Ok(r.behind(4))
        }
    }
}

/// `memory.size`: `[handler, dst . ., memory | log2 of the page size]`.
pub(crate) enum MemorySize {}

impl Straight for MemorySize {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the linker passes the offset of a memory; its record is valid.
        unsafe {
            let memory = *r.cx.byte_add(r.half(2, 0) as usize).cast::<*const VmMemory>();
            let pages = (*memory).byte_len() >> (r.half(2, 1) & 63);
            Ok(ToSlot::write(r, pages as i64).behind(3))
        }
    }
}

/// The first byte of an access to any memory, at the address in a slot; the cell
/// has the offset in word 2 and the memory and width of addresses in word 3.
#[inline(always)] // vanishes into handlers
pub(super) unsafe fn access_any(r: Regs, field: usize, width: u32) -> Result<*mut u8, TrapCode> {
    // SAFETY: the cell has these words.
    unsafe {
        let bits = *r.slot(field);
        let index = if r.half(3, 1) == 0 { u64::from(bits as u32) } else { bits };
        access(r, r.half(3, 0) as usize, index, r.word(2).bits, width)
    }
}

/// As [`access_any`], at an address that must be a multiple of the width.
#[inline(always)] // vanishes into handlers
pub(super) unsafe fn access_aligned(
    r: Regs,
    field: usize,
    width: u32,
) -> Result<*mut u8, TrapCode> {
    // SAFETY: the cell has these words; the linker passes the offset of a memory, whose
    // record is valid and whose base is aligned.
    unsafe {
        let bits = *r.slot(field);
        let index = if r.half(3, 1) == 0 { u64::from(bits as u32) } else { bits };
        let memory = *r.cx.byte_add(r.half(3, 0) as usize).cast::<*const VmMemory>();
        let at = effective_aligned(index, r.word(2).bits, u64::from(width), (*memory).byte_len())?;
        Ok((*memory).base.add(at as usize))
    }
}

#[inline(always)] // vanishes into handlers
pub(super) unsafe fn read<O: Load>(at: *const u8) -> O::Value {
    // SAFETY: `access` allowed this many bytes; on races see the head of this file.
    let bytes = unsafe { at.cast::<<O::Mem as MemType>::Bytes>().read_unaligned() };
    O::extend(O::Mem::from_le_bytes(bytes))
}

#[inline(always)] // vanishes into handlers
pub(super) unsafe fn write<O: Store>(at: *mut u8, value: O::Value) {
    let bytes = O::wrap(value).to_le_bytes();
    // SAFETY: as in `read`.
    unsafe { at.cast::<<O::Mem as MemType>::Bytes>().write_unaligned(bytes) };
}

/// Handlers by the type of the address, as `AddrType` numbers them.
pub(crate) type ByAddress<T> = [T; 2];

/// The handlers of a load: by place of the address and of the result, and for any
/// memory.
pub(crate) struct LoadHandlers {
    pub(crate) memory_0: ByAddress<[[Handler; DEST_FORMS]; PLACES]>,
    /// The address is a sum, by place of its second part.
    pub(crate) sum: ByAddress<[[Handler; DEST_FORMS]; PLACES]>,
    pub(crate) any: Handler,
}

/// The handlers of a store: by place of the address and of the value, and for any
/// memory.
pub(crate) struct StoreHandlers {
    pub(crate) memory_0: ByAddress<[[Handler; PLACES]; PLACES]>,
    /// The address is a sum, by place of its second part.
    pub(crate) sum: ByAddress<[[Handler; PLACES]; PLACES]>,
    pub(crate) any: Handler,
}

macro_rules! load_forms {
    ($load:ident, $op:ty) => {
        [load_forms!($load, i32, $op, S A C), load_forms!($load, i64, $op, S A C)]
    };
    ($load:ident, $ty:ty, $op:ty, $($place:ident)*) => {
        [$([
            handler::<$load<$ty, $op, $place, ToAcc>>,
            handler::<$load<$ty, $op, $place, ToSlot>>,
        ]),*]
    };
}

macro_rules! store_forms {
    ($store:ident, $op:ty) => {
        [store_forms!($store, i32, $op, S A C), store_forms!($store, i64, $op, S A C)]
    };
    ($store:ident, $ty:ty, $op:ty, $($place:ident)*) => {
        [$([
            handler::<$store<$ty, $op, $place, S>>,
            handler::<$store<$ty, $op, $place, A>>,
            handler::<$store<$ty, $op, $place, C>>,
        ]),*]
    };
}

macro_rules! load_handlers {
    ($($name:ident $operator:ident $mem:ident -> $value:ident;)*) => {
        static LOADS: &[LoadHandlers] = &[$(LoadHandlers {
            memory_0: load_forms!(Load0, mem_sem::$name),
            sum: load_forms!(LoadSum, mem_sem::$name),
            any: handler::<LoadAny<mem_sem::$name>>,
        }),*];
    };
}
bimetal_core::for_each_load_op!(load_handlers);

macro_rules! store_handlers {
    ($($name:ident $operator:ident $value:ident -> $mem:ident;)*) => {
        static STORES: &[StoreHandlers] = &[$(StoreHandlers {
            memory_0: store_forms!(Store0, mem_sem::$name),
            sum: store_forms!(StoreSum, mem_sem::$name),
            any: handler::<StoreAny<mem_sem::$name>>,
        }),*];
    };
}
bimetal_core::for_each_store_op!(store_handlers);

/// The handlers of a load.
pub(crate) fn load_handlers(op: LoadOp) -> &'static LoadHandlers {
    &LOADS[op as usize]
}

/// The handlers of a store.
pub(crate) fn store_handlers(op: StoreOp) -> &'static StoreHandlers {
    &STORES[op as usize]
}
