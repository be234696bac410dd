//! Conditional branches that are watched while they are new: how often each is
//! executed and how often it is taken.
//!
//! A branch that is watched leads to a record of its own, which counts that it is taken
//! and goes on to where the branch really leads; and its cell begins with a handler that
//! counts and goes on with the real one. After so many times the real words are written
//! to the cell, and nothing is left of all that on any path.
//!
//! **What must never happen here:** words are read as a record that are none. Another
//! thread may settle a branch between any two steps of this one; but only branches that
//! lead forward are watched, and the records of a function lie in front of its code: so
//! an address says by itself whether it is a record's.

use std::sync::atomic::{AtomicPtr, AtomicU16, Ordering};

use crate::fast::dispatch::{Exec, Flow, Handler, Ip, Regs, Word, handler};

/// How often a branch is executed until it is settled.
pub(crate) const MAX: u16 = 64;

/// The words of a record: `[handler of CountTaken, real handler of the branch, words from
/// here to its target | times executed, times taken, words from its joins to here | how
/// many of them]`.
pub(crate) const RECORD_WORDS: usize = 4;

/// The words of a join: `[words from here to a cell, handler of this cell that does what
/// the branch does as well]`. The cell gets it when the branch is settled.
pub(crate) const JOIN_WORDS: usize = 2;

/// The position among the words of a branch of where it leads.
pub(crate) const TARGET: usize = 2;

/// The record of a branch.
#[derive(Clone, Copy)]
struct Record(Ip);

impl Record {
    /// The record that the branch at a cell leads to; `None` if the branch is settled.
    #[inline(always)] // vanishes into handlers
    unsafe fn of(cell: Ip) -> Option<Record> {
        // SAFETY: a word of the cell, which holds an address and is changed as a whole.
        let word = unsafe { AtomicPtr::from_ptr(cell.add(TARGET).cast_mut().cast::<*mut Word>()) };
        // Whoever sees the real target finds the real handler in the cell.
        let target = word.load(Ordering::Acquire).cast_const();
        if target < cell { Some(Record(target)) } else { None }
    }

    /// A count of the record: how often the branch was executed, or taken.
    #[inline(always)] // vanishes into handlers
    unsafe fn count<'a>(self, which: usize) -> &'a AtomicU16 {
        // SAFETY: the upper half of the last word, whose quarters nobody reads otherwise.
        unsafe { &*self.0.add(2).cast::<AtomicU16>().add(2 + which) }
    }

    /// Counts; threads that do so at the same time may lose some.
    #[inline(always)] // a load, an addition and a store
    unsafe fn add(self, which: usize) {
        // SAFETY: as above.
        let count = unsafe { self.count(which) };
        count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }

    /// Where the branch really leads.
    #[inline(always)] // vanishes into handlers
    unsafe fn target(self) -> Ip {
        // SAFETY: the distance was measured when the function was linked.
        unsafe { self.0.add((*self.0.add(2)).halves[0] as usize) }
    }

    /// Has the cells do what the branch does that may, once it is settled.
    #[inline(always)] // vanishes into handlers
    unsafe fn join(self) {
        // SAFETY: the joins were written in front of the records when the function was
        // linked. The first words of cells are changed as a whole.
        unsafe {
            let [distance, count] = (*self.0.add(3)).halves;
            let mut join = self.0.sub(distance as usize);
            for _ in 0..count {
                let cell = join.add((*join).bits as usize).cast_mut().cast::<*mut ()>();
                let handler = (*join.add(1)).handler as *mut ();
                AtomicPtr::from_ptr(cell).store(handler, Ordering::Relaxed);
                join = join.add(JOIN_WORDS);
            }
        }
    }

    /// What the branch really does.
    #[inline(always)] // vanishes into handlers
    unsafe fn handler(self) -> Handler {
        // SAFETY: the second word is the handler that the branch was linked with.
        unsafe { (*self.0.add(1)).handler }
    }
}

/// Any conditional branch, while it is watched.
pub(crate) enum CountBranch {}

impl Exec for CountBranch {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell is a branch that is or was watched.
        unsafe {
            let Some(record) = Record::of(r.ip) else { return r.jump(r.ip) };
            if record.count(EXECUTED).load(Ordering::Relaxed) < MAX {
                record.add(EXECUTED);
                r.go_on(record.handler())
            } else {
                r.to::<SettleBranch>()
            }
        }
    }
}

/// Watches it no more.
enum SettleBranch {}

impl Exec for SettleBranch {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: as for `CountBranch`. Both words are changed as a whole, each of them
        // only ever to this value.
        unsafe {
            let Some(record) = Record::of(r.ip) else { return r.jump(r.ip) };
            let cell = r.ip.cast_mut();
            let word = AtomicPtr::from_ptr(cell.cast::<*mut ()>());
            word.store(record.handler() as *mut (), Ordering::Relaxed);
            let word = AtomicPtr::from_ptr(cell.add(TARGET).cast::<*mut Word>());
            word.store(record.target().cast_mut(), Ordering::Release);
            record.join();
            r.go_on(record.handler())
        }
    }
}

/// A record, as the cell that a branch leads to while it is watched.
enum CountTaken {}

impl Exec for CountTaken {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the cell is a record.
        unsafe {
            let record = Record(r.ip);
            record.add(TAKEN);
            r.jump(record.target())
        }
    }
}

/// The counts of a record.
const EXECUTED: usize = 0;
const TAKEN: usize = 1;

/// Writes a join.
///
/// # Safety
/// Both lie in the same words of code, the join first, which nobody runs yet. The handler
/// is right for the cell.
pub(crate) unsafe fn join(join: *mut Word, cell: *mut Word, handler: Handler) {
    // SAFETY: by this function's contract.
    unsafe {
        *join = Word { bits: cell.offset_from(join) as u64 };
        *join.add(1) = Word { handler };
    }
}

/// Has a branch watched: writes its record and the words of its cell that lead there.
///
/// # Safety
/// Both lie in the same words of code, the record first, which nobody runs yet. The cell
/// is a conditional branch that leads forward, with its target in word [`TARGET`]. From
/// `joins` on there are so many of them, in front of the record.
pub(crate) unsafe fn watch(record: *mut Word, cell: *mut Word, joins: *mut Word, count: u32) {
    // SAFETY: by this function's contract.
    unsafe {
        let distance = (*cell.add(TARGET)).code.offset_from(record) as u32;
        *record = Word { handler: handler::<CountTaken> };
        *record.add(1) = *cell;
        *record.add(2) = Word { halves: [distance, 0] };
        *record.add(3) = Word { halves: [record.offset_from(joins) as u32, count] };
        *cell = Word { handler: handler::<CountBranch> };
        *cell.add(TARGET) = Word { code: record };
    }
}

/// How often the branch with a record was executed while it was watched, and how often it
/// was taken.
///
/// # Safety
/// [`watch`] has made the record.
pub(crate) unsafe fn watched(record: Ip) -> (u16, u16) {
    // SAFETY: by this function's contract.
    let count = |which| unsafe { Record(record).count(which) }.load(Ordering::Relaxed);
    (count(EXECUTED), count(TAKEN))
}
