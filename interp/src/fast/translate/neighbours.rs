//! The last step: cells whose handler does what another cell does as well. Nothing moves:
//! only the handlers of cells change, see [`crate::fast::exec::both`].

use super::link::Linker;
use super::sampling::{Branch, Join};
use super::scratch;
use crate::fast::dispatch::{Handler, Word};
use crate::fast::exec::both::{both, branch_to};

impl Linker<'_> {
    /// The handler of a cell.
    fn handler_at(&self, cell: u32) -> Handler {
        // SAFETY: a cell begins with its handler.
        unsafe { self.words[cell as usize].handler }
    }

    /// Has a cell do what another one does as well: from the beginning, or once that is
    /// no longer watched.
    fn join(&mut self, (cell, other): (u32, u32), handler: Handler, watched: &[Branch]) {
        match watched.binary_search_by_key(&other, |branch| branch.cell) {
            Ok(branch) => self.joins.push(Join { branch, cell, handler }),
            Err(_) => self.words[cell as usize] = Word { handler },
        }
    }

    /// Makes each `br` do what the cell that it leads to does. `positions`: where each
    /// instruction's cell begins.
    pub(super) fn branch_to(&mut self, positions: &[u32], watched: &[Branch]) {
        if !self.tier.fusions.branch_to {
            return;
        }
        // Where iterations are counted, back-edges lead to other cells.
        let mut counted =
            vec![false; if self.tier.hot.is_some() { self.ir.labels.len() } else { 0 }];
        for &(header, _) in self.ir.loops.iter().filter(|_| self.tier.hot.is_some()) {
            counted[header.0 as usize] = true;
        }
        for (cell, label) in std::mem::take(&mut self.branches) {
            let target = positions[self.ir.labels[label.0 as usize] as usize];
            if counted.get(label.0 as usize) == Some(&true) {
                continue;
            }
            if let Some(handler) = branch_to(self.handler_at(target)) {
                self.join((cell, target), handler, watched);
            }
        }
    }

    /// Makes each cell do what the one behind it does, where there is a handler for both.
    pub(super) fn join_neighbours(&mut self, watched: &[Branch]) {
        let cells = std::mem::take(&mut self.cells);
        let joined = if self.tier.fusions.neighbours { cells.as_slice() } else { &[] };
        for (&cell, &next) in joined.iter().zip(joined.iter().skip(1)) {
            if let Some(handler) = both(self.handler_at(cell), self.handler_at(next)) {
                self.join((cell, next), handler, watched);
            }
        }
        scratch::keep_cells(cells);
    }
}
