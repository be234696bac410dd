//! Cells that count calls and iterations, where a module has somebody who wants to
//! know.

use bimetal_runtime::osr::MAX_SLOTS;

use super::ir::Label;
use super::link::Linker;
use crate::fast::code::PREFIX_WORDS;
use crate::fast::dispatch::Word;
use crate::fast::exec::hot::{CALLS_WORDS, CountCalls, CountLoop};
use crate::fast::hot::LoopSite;

/// A cell that counts the iterations of a loop, before there are addresses.
pub(super) struct Counter {
    number: u32,
    header: Label,
    /// Where its cell begins.
    cell: usize,
    /// The words of branches that lead to it.
    back_edges: Vec<usize>,
}

impl Linker<'_> {
    /// Appends the cell that counts calls, and the size of the frame once more.
    pub(super) fn count_calls(&mut self, defined: usize) {
        let Some(hot) = &self.tier.hot else { return };
        let size = self.words[PREFIX_WORDS - 1];
        self.handler::<CountCalls>();
        self.halves(hot.first.calls.max(1), defined as u32);
        self.words.push(size);
        debug_assert_eq!(self.words.len(), PREFIX_WORDS + CALLS_WORDS);
    }

    /// Appends a cell for each loop whose header branches lead to, and makes these
    /// lead to it: they are no longer among the fixups.
    pub(super) fn count_loops(&mut self) -> Vec<Counter> {
        let Some(hot) = &self.tier.hot else { return Vec::new() };
        if self.ir.slots > MAX_SLOTS {
            return Vec::new();
        }
        let iterations = hot.first.iterations.max(1);
        let mut by_label = vec![None; self.ir.labels.len()];
        let mut counters = Vec::with_capacity(self.ir.loops.len());
        for &(header, number) in &self.ir.loops {
            by_label[header.0 as usize] = Some(counters.len());
            counters.push(Counter { number, header, cell: 0, back_edges: Vec::new() });
        }
        self.fixups.retain(|&(word, label)| {
            let counter: Option<usize> = by_label[label.0 as usize];
            if let Some(counter) = counter {
                counters[counter].back_edges.push(word);
            }
            counter.is_none()
        });
        counters.retain(|counter| !counter.back_edges.is_empty());
        for counter in &mut counters {
            counter.cell = self.words.len();
            self.handler::<CountLoop>();
            self.halves(iterations, self.ir.params);
            self.target(counter.header);
            self.bits(0);
        }
        counters
    }
}

/// The loops of a function, whose words are in place and hold the addresses of the
/// loops' headers.
pub(super) fn sites(defined: usize, counters: &[Counter], base: *mut Word) -> Vec<LoopSite> {
    let at = |word: usize| base.wrapping_add(word);
    let site = |counter: &Counter| {
        let cell = at(counter.cell);
        // SAFETY: the third word of the cell holds the header's address.
        let header = unsafe { (*cell.wrapping_add(2)).code };
        let back_edges = counter.back_edges.iter().map(|&word| at(word)).collect();
        LoopSite::new((defined, counter.number), cell, header, back_edges)
    };
    let mut sites: Vec<LoopSite> = counters.iter().map(site).collect();
    let first = sites.as_mut_ptr();
    for (index, counter) in counters.iter().enumerate() {
        let site = first.wrapping_add(index).cast_const().cast();
        // SAFETY: words of the code that nobody runs yet.
        unsafe {
            *at(counter.cell + 3) = Word { ptr: site };
            for &word in &counter.back_edges {
                *at(word) = Word { code: at(counter.cell) };
            }
        }
    }
    sites
}
