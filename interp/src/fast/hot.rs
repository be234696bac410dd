//! Code that counts how often it runs, and what is done when it runs often.
//!
//! **What must never happen here:** a word of code is changed that another thread may
//! be reading as two. A word is replaced whole, each of its values fits the words
//! around it at all times, and only the few words that lead to and from counting
//! cells are ever replaced.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use bimetal_runtime::hot::{Thresholds, TierUp};
use bimetal_runtime::osr::OsrEntry;

use super::code::FastModule;
use super::dispatch::{Exec, Ip, Word, handler};
use super::exec::hot::{EnterLoop, PassLoop};

/// Whom counters ask, and when they do for the first time.
pub(super) struct Hot {
    pub(super) hook: Box<dyn TierUp>,
    pub(super) first: Thresholds,
}

impl fmt::Debug for Hot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hot").field("first", &self.first).finish_non_exhaustive()
    }
}

/// A loop of a function whose iterations are counted.
pub(super) struct LoopSite {
    /// The function, as a position among the defined ones.
    pub(super) defined: usize,
    /// The loop.
    pub(super) number: u32,
    /// The cell that the back-edges lead to.
    cell: *mut Word,
    /// The loop's first cell.
    header: Ip,
    /// The words of branches that hold the address of `cell`, or of `header`.
    back_edges: Box<[*mut Word]>,
    entry: OnceLock<OsrEntry>,
}

// SAFETY: the pointers lead to words of the code that the loop belongs to, which are
// changed as the head of this file says.
unsafe impl Send for LoopSite {}
// SAFETY: as above.
unsafe impl Sync for LoopSite {}

impl LoopSite {
    /// A loop that is counted.
    pub(super) fn new(
        (defined, number): (usize, u32),
        cell: *mut Word,
        header: Ip,
        back_edges: Box<[*mut Word]>,
    ) -> LoopSite {
        LoopSite { defined, number, cell, header, back_edges, entry: OnceLock::new() }
    }

    /// The compiled code for the loop.
    pub(super) fn entry(&self) -> Option<OsrEntry> {
        self.entry.get().copied()
    }

    /// Nobody counts any more: the back-edges lead to the header.
    pub(super) fn park(&self) {
        if self.entry.get().is_none() {
            self.become_handler::<PassLoop>();
            self.lead_to(self.header);
        }
    }

    /// Whoever comes to the header from now on enters compiled code.
    pub(super) fn enter(&self, entry: OsrEntry) {
        // The first code stays: others may be running in it.
        let _ = self.entry.set(entry);
        self.become_handler::<EnterLoop>();
        self.lead_to(self.cell);
    }

    fn become_handler<E: Exec>(&self) {
        let address = handler::<E> as super::dispatch::Handler as *mut ();
        // SAFETY: the first word of the cell, whose words serve all three handlers.
        let word = unsafe { AtomicPtr::from_ptr(self.cell.cast::<*mut ()>()) };
        word.store(address, Ordering::Release);
    }

    fn lead_to(&self, target: Ip) {
        for &word in &self.back_edges {
            // SAFETY: a word that holds an address of the same code.
            let word = unsafe { AtomicPtr::from_ptr(word.cast::<*mut Word>()) };
            word.store(target.cast_mut(), Ordering::Release);
        }
    }
}

impl FastModule {
    /// From now on, whoever comes to the header of a loop enters compiled code, which
    /// the caller keeps as long as the module. Returns whether there is such a loop
    /// that is counted: in a function that has been translated.
    pub fn enter_loop(&self, defined: usize, number: u32, entry: OsrEntry) -> bool {
        let site = self.loop_site(defined, number);
        if let Some(site) = site {
            site.enter(entry);
        }
        site.is_some()
    }

    /// From now on nobody counts the iterations of a loop.
    pub fn park_loop(&self, defined: usize, number: u32) {
        if let Some(site) = self.loop_site(defined, number) {
            site.park();
        }
    }

    fn loop_site(&self, defined: usize, number: u32) -> Option<&LoopSite> {
        self.func(defined)?.loops.iter().find(|site| site.number == number)
    }

    /// Calls of a function no longer go through the cell that counts them, unless it
    /// has yet another entry by now.
    pub(super) fn skip_entry(&self, defined: usize, counting: Ip, body: Ip) {
        let (from, to) = (counting.cast_mut().cast(), body.cast_mut().cast());
        let slot = &self.slots[defined].interp;
        let _ = slot.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed);
    }
}
