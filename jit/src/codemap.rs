//! From an address in machine code to what it belongs to.
//!
//! The signal handler reads the map on any thread at any time, so it is an
//! immutable snapshot behind one atomic pointer. A writer publishes a new
//! snapshot and frees the old ones as soon as it sees no reader: a reader that
//! announces itself afterwards finds the new one.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use bimetal_core::index::FuncIdx;
use bimetal_parser::Module;
use bimetal_runtime::activation::GuestFrame;

use crate::handlers::CallSite;
use crate::place::Place;
use crate::stackmap::StackMaps;

/// What is known about one block of machine code. Offsets count from its start.
#[derive(Debug)]
pub(crate) struct CodeIndex {
    /// The module that the code was made from.
    pub(crate) module: Arc<Module>,
    /// Where each function begins, in order, and its position among the defined ones;
    /// at last where code begins that is no function's, with [`CodeIndex::NO_FUNC`].
    pub(crate) funcs: Box<[(u32, u32)]>,
    /// Where code may trap, and the number of the trap code: sorted.
    pub(crate) traps: Box<[(u32, u8)]>,
    /// Where ranges of code begin and the byte offset in the module that each
    /// comes from, [`CodeIndex::NOWHERE`] for none: sorted.
    pub(crate) positions: Box<[(u32, u32)]>,
    /// What positions stand for that are in bodies in place of calls.
    pub(crate) places: Box<[Place]>,
    /// Where frames keep references at calls.
    pub(crate) stack_maps: StackMaps,
    /// The calls inside a `try_table`, by return address.
    pub(crate) handlers: Box<[CallSite]>,
}

impl CodeIndex {
    /// The position of code that comes from no instruction.
    pub(crate) const NOWHERE: u32 = u32::MAX;
    /// What stands for a function where there is none.
    pub(crate) const NO_FUNC: u32 = u32::MAX;

    /// Where each function begins, and its position among the defined ones.
    pub(crate) fn compiled(&self) -> impl Iterator<Item = (usize, usize)> {
        let funcs = self.funcs.iter().filter(|func| func.1 != CodeIndex::NO_FUNC);
        funcs.map(|&(start, defined)| (start as usize, defined as usize))
    }

    /// Whether every function of the module is there.
    pub(crate) fn is_whole(&self) -> bool {
        self.funcs.len() == self.module.bodies.len() + 1
    }

    /// The number of the trap that the instruction at this offset can raise.
    fn trap(&self, offset: u32) -> Option<u8> {
        let at = self.traps.binary_search_by_key(&offset, |trap| trap.0).ok()?;
        Some(self.traps[at].1)
    }

    /// Reports the guest's frames whose code contains this offset, innermost first:
    /// several where bodies stand in place of calls.
    ///
    /// A load that the code generator folded into the instruction that uses its
    /// value is said to be where that instruction is, a few bytes further on.
    pub(crate) fn frames(&self, offset: u32, visit: &mut dyn FnMut(GuestFrame)) {
        let func = self.funcs.partition_point(|func| func.0 <= offset).checked_sub(1);
        let Some(defined) = func.map(|func| self.funcs[func].1 as usize) else { return };
        let Some(body) = self.module.bodies.get(defined) else { return };
        let range = self.positions.partition_point(|range| range.0 <= offset).checked_sub(1);
        let position = range.map_or(CodeIndex::NOWHERE, |range| self.positions[range].1);
        // A prologue comes from no instruction: it stands for the body's start.
        let mut position = match position {
            CodeIndex::NOWHERE => body.range.start as u32,
            position => position,
        };
        let mut report = |defined: usize, offset| {
            let func = FuncIdx(self.module.func_at(defined).0);
            visit(GuestFrame { module: self.module.clone(), func, offset });
        };
        while let Some(place) = Place::at(&self.places, position) {
            report(place.defined as usize, place.offset);
            position = place.caller;
        }
        if position != Place::NO_CALLER {
            report(defined, position);
        }
    }
}

/// A block of code in the map.
#[derive(Clone, Copy)]
struct Entry {
    start: usize,
    end: usize,
    index: *const CodeIndex,
}

static SNAPSHOT: AtomicPtr<Vec<Entry>> = AtomicPtr::new(null_mut());
static READERS: AtomicUsize = AtomicUsize::new(0);
/// Serialises writers; holds the snapshots that a reader may still use.
static RETIRED: Mutex<Vec<Retired>> = Mutex::new(Vec::new());

struct Retired(*mut Vec<Entry>);
// SAFETY: an owned box, touched only under the lock that holds it.
unsafe impl Send for Retired {}

/// Somebody who looks things up in the map: what it has found stays there meanwhile.
///
/// It takes two locked operations, so whoever looks up a whole stack makes one for
/// all of it. Its thread must not remove code before it is dropped: that waits for
/// readers.
pub(crate) struct Reader {
    /// A snapshot; null as long as there is none.
    snapshot: *const Vec<Entry>,
    /// Where the last address was.
    last: Entry,
    /// Which entry that is; or which one the first address is likely to be in.
    at: usize,
}

impl Reader {
    pub(crate) fn new() -> Reader {
        Reader::guessing(Guess::NONE)
    }

    /// The same for somebody who had a reader before, and is likely to begin where that
    /// one ended: of a module that is compiled bit by bit, much code is in the map that
    /// nobody runs any more.
    pub(crate) fn guessing(guess: Guess) -> Reader {
        READERS.fetch_add(1, SeqCst);
        let last = Entry { start: 0, end: 0, index: std::ptr::null() };
        Reader { snapshot: SNAPSHOT.load(SeqCst), last, at: guess.0 }
    }

    /// Where the last address was.
    pub(crate) fn guess(&self) -> Guess {
        Guess(self.at)
    }

    /// What is known about the block of code that contains an address, where it
    /// begins, and the address's offset there.
    fn find(&mut self, address: usize) -> Option<(&CodeIndex, usize, u32)> {
        if !(self.last.start..self.last.end).contains(&address) {
            // SAFETY: null or a published snapshot, not freed while a reader is
            // counted.
            let entries = unsafe { self.snapshot.as_ref()? };
            let contains = |entry: &&Entry| (entry.start..entry.end).contains(&address);
            if entries.get(self.at).filter(contains).is_none() {
                let behind = entries.partition_point(|entry| entry.start <= address);
                self.at = behind.checked_sub(1)?;
            }
            self.last = *entries.get(self.at).filter(contains)?;
        }
        // SAFETY: an index is freed only after its entry has left the map and no
        // reader is counted.
        let index = unsafe { &*self.last.index };
        Some((index, self.last.start, (address - self.last.start) as u32))
    }

    /// The call that returns to this address, if it is one inside a `try_table`,
    /// and the address where its block of code begins.
    pub(crate) fn call_site(&mut self, pc: usize) -> Option<(&CallSite, usize)> {
        let (index, start, offset) = self.find(pc)?;
        let at = index.handlers.binary_search_by_key(&offset, |site| site.ret).ok()?;
        Some((&index.handlers[at], start))
    }

    /// How far below its frame pointer a frame keeps each of its references. `pc` is
    /// the address that the frame's call returns to.
    pub(crate) fn references(&mut self, pc: usize) -> &[u32] {
        // The call may be the last instruction of its block of code.
        match self.find(pc.wrapping_sub(1)) {
            Some((index, _, offset)) => index.stack_maps.at(offset + 1),
            None => &[],
        }
    }

    /// Reports the guest's frames whose code contains this address, innermost first.
    pub(crate) fn frames(&mut self, pc: usize, visit: &mut dyn FnMut(GuestFrame)) {
        if let Some((index, _, offset)) = self.find(pc) {
            index.frames(offset, visit);
        }
    }
}

/// Where in the map a reader ended. The map may have changed since: then a reader that
/// begins there has to search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Guess(usize);

impl Guess {
    /// Anywhere.
    pub(crate) const NONE: Guess = Guess(0);
}

impl Drop for Reader {
    fn drop(&mut self) {
        READERS.fetch_sub(1, SeqCst);
    }
}

/// The number of the trap that the instruction at this address can raise.
/// Takes no lock and allocates nothing: for the signal handler.
pub(crate) fn trap_at(pc: usize) -> Option<u8> {
    let mut reader = Reader::new();
    let (index, _, offset) = reader.find(pc)?;
    index.trap(offset)
}

/// A block of code that is in the map for as long as this lives.
#[derive(Debug)]
pub(crate) struct Registration {
    start: usize,
    index: Box<CodeIndex>,
}

impl Registration {
    /// Adds a block of code of `len` bytes at `start`.
    pub(crate) fn new(start: usize, len: usize, index: CodeIndex) -> Registration {
        let registration = Registration { start, index: Box::new(index) };
        let entry = Entry { start, end: start + len, index: &raw const *registration.index };
        update(|entries| {
            let at = entries.partition_point(|other| other.start < start);
            entries.insert(at, entry);
        });
        registration
    }

    pub(crate) fn index(&self) -> &CodeIndex {
        &self.index
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        update(|entries| entries.retain(|entry| entry.start != self.start));
        // A reader of an old snapshot may still be looking at the index. It holds
        // no lock and is soon done.
        while READERS.load(SeqCst) != 0 {
            std::thread::yield_now();
        }
    }
}

/// Publishes a changed copy of the snapshot.
fn update(change: impl FnOnce(&mut Vec<Entry>)) {
    let mut retired = RETIRED.lock().unwrap_or_else(PoisonError::into_inner);
    let old = SNAPSHOT.load(SeqCst);
    // SAFETY: null or the current snapshot; the lock keeps other writers away.
    let mut entries = unsafe { old.as_ref() }.cloned().unwrap_or_default();
    change(&mut entries);
    SNAPSHOT.store(Box::into_raw(Box::new(entries)), SeqCst);
    if !old.is_null() {
        retired.push(Retired(old));
    }
    if READERS.load(SeqCst) == 0 {
        for old in retired.drain(..) {
            // SAFETY: made by `Box::into_raw`, no longer published, and whoever
            // reads from now on finds the new snapshot.
            drop(unsafe { Box::from_raw(old.0) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_parser::ParseOptions;

    fn index(traps: &[(u32, u8)]) -> CodeIndex {
        let module = Module::new(b"(module (func) (func nop))", &ParseOptions::default());
        CodeIndex {
            module: Arc::new(module.unwrap()),
            funcs: [(0, 0), (16, 1), (32, CodeIndex::NO_FUNC)].into(),
            traps: traps.into(),
            handlers: [].into(),
            positions: [
                (4, 100),
                (6, Place::FIRST),
                (8, CodeIndex::NOWHERE),
                (12, Place::FIRST + 1),
                (14, CodeIndex::NOWHERE),
                (20, 200),
            ]
            .into(),
            places: [
                Place { defined: 1, offset: 300, caller: 100 },
                Place { defined: 1, offset: 400, caller: Place::NO_CALLER },
            ]
            .into(),
            stack_maps: StackMaps::default(),
        }
    }

    #[test]
    fn addresses_are_found_while_their_code_is_registered() {
        // Addresses that no mapping of this process has.
        let a = Registration::new(0x1000, 0x100, index(&[(4, 1)]));
        let b = Registration::new(0x800, 0x100, index(&[(8, 2)]));
        assert_eq!((trap_at(0x1004), trap_at(0x808), trap_at(0x1005)), (Some(1), Some(2), None));
        drop(a);
        assert_eq!((trap_at(0x1004), trap_at(0x808)), (None, Some(2)));
        drop(b);
        assert_eq!(trap_at(0x808), None);
    }

    #[test]
    fn a_guess_that_the_map_has_outlived_is_none() {
        let offset = |reader: &mut Reader, pc| reader.find(pc).map(|found| found.2);
        let a = Registration::new(0x2000, 0x100, index(&[]));
        let b = Registration::new(0x2200, 0x100, index(&[]));
        let mut reader = Reader::new();
        assert_eq!(offset(&mut reader, 0x2208), Some(8));
        let guess = reader.guess();
        drop(reader);
        assert_eq!(offset(&mut Reader::guessing(guess), 0x2208), Some(8));
        assert_eq!(offset(&mut Reader::guessing(guess), 0x2004), Some(4), "in another block");
        drop(a);
        assert_eq!(offset(&mut Reader::guessing(guess), 0x2208), Some(8), "it has moved up");
        drop(b);
        assert_eq!(offset(&mut Reader::guessing(guess), 0x2208), None);
    }

    #[test]
    fn a_frame_names_function_and_position() {
        let code = index(&[]);
        let at = |offset| {
            let mut frames = Vec::new();
            code.frames(offset, &mut |frame| frames.push((frame.func.0, frame.offset)));
            frames
        };
        assert_eq!(at(5), [(0, 100)]);
        assert_eq!(at(7), [(1, 300), (0, 100)], "a body in place of a call");
        assert_eq!(at(13), [(1, 400)], "one that a tail call led to");
        assert_eq!(at(21), [(1, 200)]);
        assert_eq!(at(17), [(1, code.module.bodies[1].range.start as u32)]);
        assert_eq!(at(40), []);
    }
}
