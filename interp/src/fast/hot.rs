//! Code that counts how often it runs, and what is done when it runs often.
//!
//! **What must never happen here:** a word of code is changed that another thread may
//! be reading as two. A word is replaced whole, each of its values fits the words
//! around it at all times, and only the few words that lead to and from counting
//! cells are ever replaced.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use bimetal_runtime::hot::{Thresholds, TierUp};
use bimetal_runtime::osr::OsrEntry;

use super::code::FastModule;
use super::dispatch::{Exec, Ip, Word, handler};
use super::exec::hot::{EnterLoop, PassLoop};
use super::exec::profile;

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

/// A loop around another one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OuterLoop {
    /// Its number.
    pub number: u32,
    /// Whether its header was ever reached from its end.
    pub iterated: bool,
    /// Whether loops lie in it beside the inner one and what is around that.
    pub has_others: bool,
}

/// What a call has noted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotedCall {
    /// Its byte offset in the module.
    pub offset: u32,
    /// How often it was done; of a direct call, up to [`NotedCall::MAX_DIRECT`].
    pub calls: u64,
    /// Whether it names its callee.
    pub direct: bool,
    /// The functions of the same instance that it reached most, one or two, as positions
    /// among the defined ones, and how often; the first one most.
    pub callees: Vec<(u32, u64)>,
    /// The innermost loop around it, of those that are counted.
    pub within: Option<u32>,
}

impl NotedCall {
    /// How far direct calls are counted.
    pub const MAX_DIRECT: u64 = profile::MAX_COUNT;
}

/// A call that notes what it does (`super::exec::profile`).
pub(super) struct CallSite {
    /// The position of its cell in the function's words.
    pub(super) cell: u32,
    /// Its byte offset in the module.
    pub(super) offset: u32,
    /// The function that it names, if it does.
    pub(super) callee: Option<u32>,
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

    /// The counter of the cell.
    fn counter(&self) -> &AtomicU32 {
        // SAFETY: the lower half of the cell's second word, which nobody reads as
        // anything else.
        unsafe { &*self.cell.add(1).cast::<AtomicU32>() }
    }

    /// Whether a cell lies inside this loop.
    fn has(&self, cell: Ip) -> bool {
        let end = self.back_edges.iter().copied().max();
        self.header <= cell && end.is_some_and(|end| cell < end.cast_const())
    }

    /// Whether another loop lies inside this one.
    fn contains(&self, other: &LoopSite) -> bool {
        let end = |site: &LoopSite| site.back_edges.iter().copied().max();
        self.number < other.number && self.header <= other.header && end(self) >= end(other)
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

    /// The calls of a function that has been translated are asked about at the next
    /// one, if they are counted. After how many they would have been.
    pub fn ask_at_next_call(&self, defined: usize) -> u32 {
        self.call_counter(defined).map_or(0, |counter| counter.swap(0, Ordering::Relaxed))
    }

    /// After how many more calls somebody is asked about a function, as its counter
    /// says; `None` if it has not been translated, or is not counted.
    pub fn calls_left(&self, defined: usize) -> Option<u32> {
        Some(self.call_counter(defined)?.load(Ordering::Relaxed))
    }

    /// The loops of a function that are counted, and the same of their iterations.
    pub fn iterations_left(&self, defined: usize) -> impl Iterator<Item = (u32, u32)> {
        let sites = self.func(defined).into_iter().flat_map(|func| &func.loops);
        sites.map(|site| (site.number, site.counter().load(Ordering::Relaxed)))
    }

    /// Whether a function that has been translated was called more than once: not
    /// known until then behind [`FastModule::ask_at_next_call`].
    pub fn was_called_again(&self, defined: usize) -> bool {
        let first = self.hot.as_ref().map_or(0, |hot| hot.first.calls.max(1));
        let left = self.calls_left(defined).unwrap_or(0);
        left != 0 && left != first && left != first - 1
    }

    /// The counter of a function's calls.
    fn call_counter(&self, defined: usize) -> Option<&AtomicU32> {
        let (code, _) = (self.func(defined)?, self.hot.as_ref()?);
        // SAFETY: the code of a module whose calls are counted begins with the cell
        // that does, whose counter nobody reads as anything else.
        Some(unsafe { &*code.entry().add(1).cast::<AtomicU32>() })
    }

    /// What the calls of a function have noted: those of functions that the module
    /// defines, and indirect ones, ascending by their places. None if it has not been
    /// translated, or is not counted.
    pub fn noted_calls(&self, defined: usize) -> Vec<NotedCall> {
        let Some(code) = self.func(defined) else { return Vec::new() };
        let read = |site: &CallSite| {
            let cell = code.base.wrapping_add(site.cell as usize).cast_const();
            // SAFETY: a cell that was linked with notes of this kind.
            let (calls, mut callees) = unsafe {
                match site.callee {
                    Some(callee) => (profile::count(cell), vec![(callee, profile::count(cell))]),
                    None => profile::reached(cell),
                }
            };
            callees.retain(|&(callee, _)| (callee as usize) < self.slots.len());
            callees.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
            let inner = code.loops.iter().filter(|of| of.has(cell)).max_by_key(|of| of.number);
            let (direct, within) = (site.callee.is_some(), inner.map(|of| of.number));
            NotedCall { offset: site.offset, calls, direct, callees, within }
        };
        let mut calls: Vec<NotedCall> = code.sites.iter().map(read).collect();
        calls.sort_unstable_by_key(|call| call.offset);
        calls
    }

    /// The loops around a loop of a function that has been translated, inner ones
    /// first.
    pub fn loops_around(&self, defined: usize, number: u32) -> Vec<OuterLoop> {
        let (Some(code), Some(hot)) = (self.func(defined), &self.hot) else { return Vec::new() };
        let Some(inner) = self.loop_site(defined, number) else { return Vec::new() };
        let outer = code.loops.iter().filter(|site| site.contains(inner));
        let mut outer: Vec<&LoopSite> = outer.collect();
        outer.sort_unstable_by_key(|site| std::cmp::Reverse(site.number));
        let beside = |site: &LoopSite, other: &LoopSite| {
            let within = other.number == number || inner.contains(other);
            site.contains(other) && !within && !other.contains(inner)
        };
        let describe = |site: &LoopSite| OuterLoop {
            number: site.number,
            iterated: site.counter().load(Ordering::Relaxed) != hot.first.iterations.max(1),
            has_others: code.loops.iter().any(|other| beside(site, other)),
        };
        outer.into_iter().map(describe).collect()
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
