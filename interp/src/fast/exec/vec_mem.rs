//! Loads and stores of vectors and of their lanes.
//!
//! **What must never happen here:** what must never happen in
//! [`super::memory`], which forms the addresses.

use std::marker::PhantomData;

use bimetal_core::ops::mem::MemType;
use bimetal_core::ops::vec_mem::{
    LoadLane, LoadLaneOp, StoreLane, StoreLaneOp, VecLoad, VecLoadOp, VecStore, VecStoreOp,
    vec_mem_sem,
};
use bimetal_core::trap::TrapCode;
use bimetal_core::value::V128;

use super::DEST_FORMS;
use super::memory::{access_0, access_any};
use super::place::{A, Dest, Place, S, ToAcc, ToSlot};
use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// A load of a vector from memory 0 at a 32-bit address: `[handler, dst addr |
/// offset]`.
pub(crate) struct Load0<O, P, D>(PhantomData<(O, P, D)>);

impl<O: VecLoad, P: Place, D: Dest> Straight for Load0<O, P, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let at = access_0(r, P::read::<i32>(r, 1, 2) as u32, r.imm(), O::Mem::WIDTH)?;
            Ok(D::write(r, O::extend(read::<O::Mem>(at))).behind(2))
        }
    }
}

/// A load of a vector from any memory: `[handler, dst addr . ., offset, memory |
/// 64-bit address]`.
pub(crate) struct LoadAny<O>(PhantomData<O>);

impl<O: VecLoad> Straight for LoadAny<O> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = access_any(r, 1, O::Mem::WIDTH)?;
            Ok(ToSlot::write(r, O::extend(read::<O::Mem>(at))).behind(4))
        }
    }
}

/// A store of a vector to memory 0 at a 32-bit address: `[handler, value addr |
/// offset]`.
pub(crate) struct Store0<O, P, Q>(PhantomData<(O, P, Q)>);

impl<O: VecStore, P: Place, Q: Place> Straight for Store0<O, P, Q> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let at = access_0(r, P::read::<i32>(r, 1, 2) as u32, r.imm(), O::Mem::WIDTH)?;
            write(at, O::wrap(Q::read::<V128>(r, 0, 2)));
            Ok(r.behind(2))
        }
    }
}

/// A store of a vector to any memory: `[handler, value addr . ., offset, memory |
/// 64-bit address]`.
pub(crate) struct StoreAny<O>(PhantomData<O>);

impl<O: VecStore> Straight for StoreAny<O> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = access_any(r, 1, O::Mem::WIDTH)?;
            write(at, O::wrap(S::read(r, 0, 2)));
            Ok(r.behind(4))
        }
    }
}

/// A load of a lane from memory 0 at a 32-bit address: `[handler, dst addr |
/// offset, vector | lane]`.
pub(crate) struct LoadLane0<O, P, Q, D>(PhantomData<(O, P, Q, D)>);

impl<O: LoadLane, P: Place, Q: Place, D: Dest> Straight for LoadLane0<O, P, Q, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places; field 4 is the first of
        // word 2.
        unsafe {
            let vector = Q::read::<V128>(r, 4, 2);
            let at = access_0(r, P::read::<i32>(r, 1, 2) as u32, r.imm(), O::Mem::WIDTH)?;
            let lane = r.field(6) as u8;
            Ok(D::write(r, O::replace(vector, read::<O::Mem>(at), lane)).behind(3))
        }
    }
}

/// A load of a lane from any memory: `[handler, dst addr vector lane, offset,
/// memory | 64-bit address]`.
pub(crate) struct LoadLaneAny<O>(PhantomData<O>);

impl<O: LoadLane> Straight for LoadLaneAny<O> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = access_any(r, 1, O::Mem::WIDTH)?;
            let (vector, lane) = (S::read(r, 2, 2), r.field(3) as u8);
            Ok(ToSlot::write(r, O::replace(vector, read::<O::Mem>(at), lane)).behind(4))
        }
    }
}

/// A store of a lane to memory 0 at a 32-bit address: `[handler, value addr |
/// offset, . | lane]`.
pub(crate) struct StoreLane0<O, P, Q>(PhantomData<(O, P, Q)>);

impl<O: StoreLane, P: Place, Q: Place> Straight for StoreLane0<O, P, Q> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for these places.
        unsafe {
            let value = Q::read::<V128>(r, 0, 2);
            let at = access_0(r, P::read::<i32>(r, 1, 2) as u32, r.imm(), O::Mem::WIDTH)?;
            write(at, O::extract(value, r.field(6) as u8));
            Ok(r.behind(3))
        }
    }
}

/// A store of a lane to any memory: `[handler, value addr . lane, offset, memory
/// | 64-bit address]`.
pub(crate) struct StoreLaneAny<O>(PhantomData<O>);

impl<O: StoreLane> Straight for StoreLaneAny<O> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let at = access_any(r, 1, O::Mem::WIDTH)?;
            write(at, O::extract(S::read(r, 0, 2), r.field(3) as u8));
            Ok(r.behind(4))
        }
    }
}

#[inline(always)] // vanishes into handlers
pub(super) unsafe fn read<M: MemType>(at: *const u8) -> M {
    // SAFETY: `access` allowed this many bytes.
    M::from_le_bytes(unsafe { at.cast::<M::Bytes>().read_unaligned() })
}

#[inline(always)] // vanishes into handlers
unsafe fn write<M: MemType>(at: *mut u8, value: M) {
    // SAFETY: `access` allowed this many bytes.
    unsafe { at.cast::<M::Bytes>().write_unaligned(value.to_le_bytes()) };
}

/// The handlers of an access: by place of the address and of the vector operand
/// (the first place if there is none), by place of the result (the first if there
/// is none); and for any memory.
pub(crate) struct AccessHandlers {
    pub(crate) memory_0: &'static [[[Handler; DEST_FORMS]; 2]; 2],
    pub(crate) any: Handler,
}

/// Both places of the vector operand are the same: there is none.
macro_rules! load_forms {
    ($name:ident $p:ident) => {
        [[
            handler::<Load0<vec_mem_sem::$name, $p, ToAcc>>,
            handler::<Load0<vec_mem_sem::$name, $p, ToSlot>>,
        ]; 2]
    };
}

macro_rules! store_forms {
    ($body:ident $name:ident $p:ident $q:ident) => {
        [handler::<$body<vec_mem_sem::$name, $p, $q>>; DEST_FORMS]
    };
}

macro_rules! lane_forms {
    ($name:ident $p:ident $q:ident) => {
        [
            handler::<LoadLane0<vec_mem_sem::$name, $p, $q, ToAcc>>,
            handler::<LoadLane0<vec_mem_sem::$name, $p, $q, ToSlot>>,
        ]
    };
}

macro_rules! vec_loads {
    ($($name:ident $operator:ident $mem:ident;)*) => {
        static LOADS: &[AccessHandlers] = &[$(AccessHandlers {
            memory_0: &[load_forms!($name S), load_forms!($name A)],
            any: handler::<LoadAny<vec_mem_sem::$name>>,
        }),*];
    };
}
bimetal_core::for_each_vec_load_op!(vec_loads);

macro_rules! stores {
    (($table:ident $body:ident $any:ident) $($name:ident $operator:ident $mem:ident;)*) => {
        static $table: &[AccessHandlers] = &[$(AccessHandlers {
            memory_0: &[
                [store_forms!($body $name S S), store_forms!($body $name S A)],
                [store_forms!($body $name A S), store_forms!($body $name A A)],
            ],
            any: handler::<$any<vec_mem_sem::$name>>,
        }),*];
    };
}
bimetal_core::for_each_vec_store_op!(stores!(STORES Store0 StoreAny));
bimetal_core::for_each_store_lane_op!(stores!(STORE_LANES StoreLane0 StoreLaneAny));

macro_rules! load_lanes {
    ($($name:ident $operator:ident $mem:ident;)*) => {
        static LOAD_LANES: &[AccessHandlers] = &[$(AccessHandlers {
            memory_0: &[
                [lane_forms!($name S S), lane_forms!($name S A)],
                [lane_forms!($name A S), lane_forms!($name A A)],
            ],
            any: handler::<LoadLaneAny<vec_mem_sem::$name>>,
        }),*];
    };
}
bimetal_core::for_each_load_lane_op!(load_lanes);

/// The handlers of a load.
pub(crate) fn vec_load_handlers(op: VecLoadOp) -> &'static AccessHandlers {
    &LOADS[op as usize]
}

/// The handlers of a store.
pub(crate) fn vec_store_handlers(op: VecStoreOp) -> &'static AccessHandlers {
    &STORES[op as usize]
}

/// The handlers of a load of a lane.
pub(crate) fn load_lane_handlers(op: LoadLaneOp) -> &'static AccessHandlers {
    &LOAD_LANES[op as usize]
}

/// The handlers of a store of a lane.
pub(crate) fn store_lane_handlers(op: StoreLaneOp) -> &'static AccessHandlers {
    &STORE_LANES[op as usize]
}
