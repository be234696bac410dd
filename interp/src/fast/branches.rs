//! What conditional branches have done while they were watched (`super::exec::sample`).

use bimetal_runtime::seen::SeenBranch;

use super::code::{FastModule, FuncCode};
use super::dispatch::Ip;
use super::exec::sample::{RECORD_WORDS, watched};

/// A conditional branch that is watched while it is new.
pub(super) struct BranchSite {
    /// Its byte offset in the module.
    pub(super) offset: u32,
    /// Whether the code branches where the module does not: over what the module does
    /// then.
    pub(super) skips: bool,
}

impl FuncCode {
    /// The record of a branch, by its number.
    fn record(&self, number: usize) -> Ip {
        self.base.wrapping_sub(RECORD_WORDS * (number + 1)).cast_const()
    }
}

impl FastModule {
    /// What the conditional branches of a function have done, ascending by their places:
    /// `if`, `br_if`, `br_on_null` and the like. Without those that close a loop, which
    /// its iterations are counted for. None if the function has not been translated or
    /// its branches are not watched.
    pub fn noted_branches(&self, defined: usize) -> Vec<SeenBranch> {
        let Some(code) = self.func(defined) else { return Vec::new() };
        let read = |(number, site): (usize, &BranchSite)| {
            // SAFETY: the records of these branches, which the linker made.
            let (executed, taken) = unsafe { watched(code.record(number)) };
            let (executed, taken) = (u32::from(executed), u32::from(taken.min(executed)));
            let taken = if site.skips { executed - taken } else { taken };
            SeenBranch { offset: site.offset, executed, taken }
        };
        let mut noted: Vec<_> = code.branches.iter().enumerate().map(read).collect();
        noted.sort_unstable_by_key(|branch| branch.offset);
        noted
    }
}
