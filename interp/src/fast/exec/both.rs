//! What two cells do, by one handler: a cell and the one behind it, or a branch and the
//! cell that it leads to.
//!
//! Nothing about the cells changes but the handler of the first one: the second is read
//! where it stands, and is a cell of its own for whoever branches to it. So positions,
//! targets and what is counted are what they are without. The handler for two cells is
//! found by theirs: where the optimiser has made one of two handlers that do the same,
//! what follows from either is the same as well.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::marker::PhantomData;
use std::sync::LazyLock;

use bimetal_core::ops::mem::mem_sem;
use bimetal_core::ops::num::num_sem;

use super::add_branch::AddBr;
use super::call::{Call, CallIndirect, CallRef};
use super::control::{Br, BrTable, Return};
use super::data::{Copy, CopyImm, CopyTwo, ImmTwo};
use super::lists::{with_i32_comparisons, with_i32_ops};
use super::load_tee::{LoadTee, NO_PIN};
use super::memory::{Load0, Store0};
use super::num::{Bin, BrBin, BrUn};
use super::place::{A, C, S, ToAcc, ToPin, ToSlot, W};
use super::profile::Unnoted;
use super::select::Select;
use super::straight::Straight;
use super::sum::LoadSum;
use super::tail::ReturnCall;
use crate::fast::dispatch::{Exec, Flow, Handler, Regs, handler};

/// A cell and the one behind it.
struct Both<X, Y>(PhantomData<(X, Y)>);

impl<X: Straight, Y: Exec> Exec for Both<X, Y> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cells were linked for these bodies.
        unsafe {
            match X::straight(r) {
                Ok(r) => Y::exec(r),
                Err(code) => r.trap(code),
            }
        }
    }
}

/// A `br` and the cell that it leads to.
struct BrTo<Y>(PhantomData<Y>);

impl<Y: Exec> Exec for BrTo<Y> {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(mut r: Regs) -> Flow {
        // SAFETY: the target is a cell that was linked for this body.
        unsafe {
            r.ip = r.target(1);
            Y::exec(r)
        }
    }
}

/// The handlers of some cells, and those of any of them behind others.
struct Group {
    seconds: &'static [Handler],
    rows: &'static [(Handler, &'static [Handler])],
}

macro_rules! group {
    ([$($first:ty,)*] $seconds:tt) => {
        Group { seconds: group!(list $seconds), rows: &[$(group!(row $first, $seconds)),*] }
    };
    (list [$($second:ty,)*]) => { &[$(handler::<$second>),*] };
    (row $first:ty, [$($second:ty,)*]) => {
        (handler::<$first>, &[$(handler::<Both<$first, $second>>),*])
    };
}

/// What moves values and counters, which comes before nearly everything, and what comes
/// behind that often.
macro_rules! moves {
    ($then:ident) => {
        $then! {
            [
                Bin<num_sem::i32_add, S, C, ToSlot>,
                Bin<num_sem::i32_add, W<0>, C, ToPin<0>>,
                Bin<num_sem::i32_add, W<1>, C, ToPin<1>>,
                Bin<num_sem::i32_add, A, C, ToSlot>,
                Bin<num_sem::i32_add, S, S, ToSlot>,
                Bin<num_sem::i64_add, S, C, ToSlot>,
                Copy<i64, S>,
                Copy<i64, A>,
                CopyImm,
                CopyTwo,
            ]
            [
                Br,
                AddBr<i32, num_sem::i32_add, num_sem::i32_eq, S, ToSlot, S>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_eq, S, ToSlot, C>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_ne, S, ToSlot, S>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_ne, S, ToSlot, C>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_eq, W<0>, ToPin<0>, S>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_eq, W<0>, ToPin<0>, C>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_ne, W<0>, ToPin<0>, S>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_ne, W<0>, ToPin<0>, C>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_eq, W<1>, ToPin<1>, S>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_eq, W<1>, ToPin<1>, C>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_ne, W<1>, ToPin<1>, S>,
                AddBr<i32, num_sem::i32_add, num_sem::i32_ne, W<1>, ToPin<1>, C>,
                AddBr<i64, num_sem::i64_add, num_sem::i64_ne, S, ToSlot, C>,
                AddBr<i64, num_sem::i64_add, num_sem::i64_ne, W<0>, ToPin<0>, C>,
                AddBr<i64, num_sem::i64_add, num_sem::i64_ne, W<1>, ToPin<1>, C>,
                BrUn<num_sem::i32_eqz, S, false>,
                BrUn<num_sem::i32_eqz, S, true>,
                BrUn<num_sem::i32_eqz, A, false>,
                BrUn<num_sem::i32_eqz, A, true>,
                BrUn<num_sem::i64_eqz, S, false>,
                BrUn<num_sem::i64_eqz, S, true>,
                BrBin<num_sem::i32_eq, S, S, false>,
                BrBin<num_sem::i32_eq, S, C, false>,
                BrBin<num_sem::i32_ne, S, S, false>,
                BrBin<num_sem::i32_ne, S, C, false>,
                BrBin<num_sem::i32_lt_s, S, S, false>,
                BrBin<num_sem::i32_lt_s, S, C, false>,
                BrBin<num_sem::i32_lt_u, S, S, false>,
                BrBin<num_sem::i32_lt_u, S, C, false>,
                BrBin<num_sem::i32_gt_s, S, S, false>,
                BrBin<num_sem::i32_gt_s, S, C, false>,
                BrBin<num_sem::i32_gt_u, S, S, false>,
                BrBin<num_sem::i32_gt_u, S, C, false>,
                BrBin<num_sem::i32_le_s, S, S, false>,
                BrBin<num_sem::i32_le_s, S, C, false>,
                BrBin<num_sem::i32_le_u, S, S, false>,
                BrBin<num_sem::i32_le_u, S, C, false>,
                BrBin<num_sem::i32_ge_s, S, S, false>,
                BrBin<num_sem::i32_ge_s, S, C, false>,
                BrBin<num_sem::i32_ge_u, S, S, false>,
                BrBin<num_sem::i32_ge_u, S, C, false>,
                BrTable<S>,
                Call,
                CallIndirect<CallRef<Unnoted>>,
                ReturnCall,
                Return<i64, S>,
                Return<i64, A>,
                Select<i64, A, ToAcc>,
                Select<i64, A, ToSlot>,
                Load0<i32, mem_sem::i32_load, S, ToAcc>,
                Load0<i32, mem_sem::i32_load, S, ToSlot>,
                Load0<i32, mem_sem::i32_load8_u, S, ToAcc>,
                Load0<i32, mem_sem::i32_load8_u, S, ToSlot>,
                LoadSum<i32, mem_sem::i32_load, C, ToAcc>,
                LoadSum<i32, mem_sem::i32_load, C, ToSlot>,
                LoadSum<i32, mem_sem::i32_load8_u, C, ToAcc>,
                LoadSum<i32, mem_sem::i32_load8_u, C, ToSlot>,
                LoadTee<i32, mem_sem::i32_load, S, NO_PIN, ToAcc>,
                LoadTee<i32, mem_sem::i32_load, S, NO_PIN, ToSlot>,
                LoadTee<i32, mem_sem::i32_load8_u, S, NO_PIN, ToAcc>,
                LoadTee<i32, mem_sem::i32_load8_u, S, NO_PIN, ToSlot>,
            ]
        }
    };
}

macro_rules! group_of_moves {
    ([$($move:ty,)*] [$($other:ty,)*]) => {
        group!([$($move,)* ImmTwo,] [$($move,)* $($other,)*])
    };
}

macro_rules! branched_to {
    ([$($move:ty,)*] [$($other:ty,)*]) => {
        &[
            $((handler::<$move>, handler::<BrTo<$move>>),)*
            $((handler::<$other>, handler::<BrTo<$other>>),)*
        ]
    };
}

/// Groups of an instruction in all places of its operands, with the result in `$dest`.
macro_rules! ops {
    ($dest:ident $seconds:tt [$($op:ident)*]) => {
        group!([$(
            Bin<num_sem::$op, S, S, $dest>,
            Bin<num_sem::$op, S, A, $dest>,
            Bin<num_sem::$op, S, C, $dest>,
            Bin<num_sem::$op, A, S, $dest>,
            Bin<num_sem::$op, A, C, $dest>,
        )*] $seconds)
    };
}

static GROUPS: &[Group] = &[
    moves!(group_of_moves),
    with_i32_comparisons!(ops ToAcc
        [Select<i64, A, ToAcc>, Select<i64, A, ToSlot>, Return<i64, A>,]),
    with_i32_comparisons!(ops ToSlot
        [BrUn<num_sem::i32_eqz, A, false>, BrUn<num_sem::i32_eqz, A, true>,]),
    with_i32_ops!(ops ToAcc [Return<i64, A>,]),
];

/// Bytes and words that are moved, and the pointers that go on behind them.
static ACCESSES: &[Group] = &[
    group!([
        Store0<i32, mem_sem::i32_store8, S, A>,
        Store0<i32, mem_sem::i32_store8, S, S>,
        Store0<i32, mem_sem::i32_store, S, A>,
        Store0<i32, mem_sem::i32_store, S, S>,
        Store0<i32, mem_sem::i64_store, S, A>,
    ] [
        Bin<num_sem::i32_add, S, C, ToSlot>,
        Bin<num_sem::i32_add, W<0>, C, ToPin<0>>,
        Bin<num_sem::i32_add, W<1>, C, ToPin<1>>,
        Copy<i64, S>,
        Br,
        AddBr<i32, num_sem::i32_add, num_sem::i32_eq, S, ToSlot, C>,
        AddBr<i32, num_sem::i32_add, num_sem::i32_ne, S, ToSlot, C>,
        AddBr<i32, num_sem::i32_add, num_sem::i32_ne, W<0>, ToPin<0>, C>,
        AddBr<i32, num_sem::i32_add, num_sem::i32_ne, W<1>, ToPin<1>, C>,
        Load0<i32, mem_sem::i32_load8_u, S, ToAcc>,
        Load0<i32, mem_sem::i32_load8_u, S, ToSlot>,
    ]),
    group!([
        Load0<i32, mem_sem::i32_load8_u, S, ToAcc>,
        Load0<i32, mem_sem::i32_load8_u, A, ToAcc>,
        LoadSum<i32, mem_sem::i32_load8_u, C, ToAcc>,
    ] [Store0<i32, mem_sem::i32_store8, S, A>,]),
    group!([
        Load0<i32, mem_sem::i64_load, S, ToAcc>,
        LoadSum<i32, mem_sem::i64_load, C, ToAcc>,
    ] [Store0<i32, mem_sem::i64_store, S, A>,]),
    group!([
        Load0<i32, mem_sem::i32_load8_u, S, ToSlot>,
        LoadSum<i32, mem_sem::i32_load8_u, C, ToSlot>,
        LoadTee<i32, mem_sem::i32_load8_u, S, NO_PIN, ToSlot>,
    ] [BrTable<A>,]),
    group!([
        Load0<i32, mem_sem::i32_load, S, ToSlot>,
        Load0<i32, mem_sem::i32_load, A, ToSlot>,
    ] [Copy<i64, S>, CopyTwo,]),
];

static BRANCHED_TO: &[(Handler, Handler)] = moves!(branched_to);

/// Hashes addresses of handlers.
#[derive(Default)]
struct Addresses(u64);

impl Hasher for Addresses {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(byte.into()));
    }
    fn write_usize(&mut self, address: usize) {
        self.0 = (self.0.rotate_left(5) ^ address as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

type Table<K> = HashMap<K, Handler, BuildHasherDefault<Addresses>>;

static PAIRS: LazyLock<Table<(usize, usize)>> = LazyLock::new(|| {
    let mut table = Table::default();
    for group in GROUPS.iter().chain(ACCESSES) {
        for (first, both) in group.rows {
            let key = |second: &Handler| (*first as usize, *second as usize);
            table.extend(group.seconds.iter().map(key).zip(both.iter().copied()));
        }
    }
    table
});

static TARGETS: LazyLock<Table<usize>> =
    LazyLock::new(|| BRANCHED_TO.iter().map(|&(to, both)| (to as usize, both)).collect());

/// The handler of a cell that does what the cell behind it does as well, if there is one
/// for two cells with these handlers.
pub(crate) fn both(first: Handler, second: Handler) -> Option<Handler> {
    PAIRS.get(&(first as usize, second as usize)).copied()
}

/// The handler of a `br` that does what the cell that it leads to does, if there is one
/// for cells with this handler.
pub(crate) fn branch_to(target: Handler) -> Option<Handler> {
    TARGETS.get(&(target as usize)).copied()
}
