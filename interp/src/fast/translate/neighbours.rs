//! The last step: cells whose handler does what another cell does as well. Nothing moves:
//! only the handlers of cells change, see [`crate::fast::exec::both`].

use super::link::Linker;
use super::scratch;
use crate::fast::dispatch::{Handler, Word};
use crate::fast::exec::both::{both, branch_to};

impl Linker<'_> {
    /// The handler of a cell.
    fn handler_at(&self, cell: u32) -> Handler {
        // SAFETY: a cell begins with its handler.
        unsafe { self.words[cell as usize].handler }
    }

    /// Makes each `br` do what the cell that it leads to does. `positions`: where each
    /// instruction's cell begins.
    pub(super) fn branch_to(&mut self, positions: &[u32]) {
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
                self.words[cell as usize] = Word { handler };
            }
        }
    }

    /// Makes each cell do what the one behind it does, where there is a handler for both.
    pub(super) fn join_neighbours(&mut self) {
        let cells = std::mem::take(&mut self.cells);
        let joined = if self.tier.fusions.neighbours { cells.as_slice() } else { &[] };
        for (&cell, &next) in joined.iter().zip(joined.iter().skip(1)) {
            if let Some(handler) = both(self.handler_at(cell), self.handler_at(next)) {
                self.words[cell as usize] = Word { handler };
            }
        }
        scratch::keep_cells(cells);
    }
}
