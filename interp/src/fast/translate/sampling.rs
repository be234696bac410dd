//! Conditional branches that are watched while they are new, where a module has somebody
//! who wants to know: their records in front of the code.

use super::ir::Label;
use super::link::Linker;
use crate::fast::branches::BranchSite;
use crate::fast::dispatch::{Handler, Word};
use crate::fast::exec::sample::{self, JOIN_WORDS, RECORD_WORDS, TARGET, watch};

/// A conditional branch, before there are addresses.
pub(super) struct Branch {
    /// The position of its cell.
    pub(super) cell: u32,
    target: Label,
    /// Its byte offset in the module.
    offset: u32,
}

/// A cell with a handler that does what a watched branch does as well, for when that is
/// settled.
pub(super) struct Join {
    /// The number of the branch among those that are watched.
    pub(super) branch: usize,
    /// The position of the cell.
    pub(super) cell: u32,
    pub(super) handler: Handler,
}

impl Linker<'_> {
    /// Appends the address of the label that a conditional branch leads to. `offset`:
    /// where the branch is in the module.
    pub(super) fn branch_target(&mut self, target: Label, offset: u32) {
        if self.tier.watches_branches() {
            let cell = (self.words.len() - TARGET) as u32;
            self.conditional.push(Branch { cell, target, offset });
        }
        self.target(target);
    }

    /// The branches that are to be watched, ascending: those that lead forward. The
    /// others close loops.
    pub(super) fn watched(&mut self, positions: &[u32]) -> Vec<Branch> {
        let mut branches = std::mem::take(&mut self.conditional);
        let at = |label: Label| positions[self.ir.labels[label.0 as usize] as usize];
        branches.retain(|branch| at(branch.target) > branch.cell);
        branches
    }
}

/// How many words in front of a function's code it takes to watch branches.
pub(super) fn room(watched: &[Branch], joins: &[Join]) -> usize {
    RECORD_WORDS * watched.len() + JOIN_WORDS * joins.len()
}

/// Has branches watched whose words are in place: with records in front of `base`, and
/// what is to be joined with them in front of these. `skips`: the labels behind what a
/// branch in the module leads to.
pub(super) fn sites(
    watched: &[Branch],
    mut joins: Vec<Join>,
    skips: &[Label],
    base: *mut Word,
) -> Box<[BranchSite]> {
    joins.sort_by_key(|join| join.branch);
    let mut end = base.wrapping_sub(RECORD_WORDS * watched.len());
    let mut rest = joins.as_slice();
    let site = |(number, branch): (usize, &Branch)| {
        let (own, others) = rest.split_at(rest.partition_point(|join| join.branch == number));
        rest = others;
        for join in own {
            end = end.wrapping_sub(JOIN_WORDS);
            // SAFETY: words of the code, which nobody runs yet.
            unsafe { sample::join(end, base.wrapping_add(join.cell as usize), join.handler) };
        }
        let record = base.wrapping_sub(RECORD_WORDS * (number + 1));
        // SAFETY: as above; the branch leads forward, and behind `end` are its joins.
        unsafe { watch(record, base.wrapping_add(branch.cell as usize), end, own.len() as u32) };
        let skips = skips.binary_search_by_key(&branch.target.0, |label| label.0).is_ok();
        BranchSite { offset: branch.offset, skips }
    };
    watched.iter().enumerate().map(site).collect()
}
