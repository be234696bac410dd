//! What has been seen of the calls and branches in functions that are compiled, and what
//! that says: the only place that decides.

use std::collections::HashMap;

use bimetal_runtime::seen::{SeenBranch, SeenCall};

use crate::env::ModuleEnv;

/// How often the code around a call must have come by before it says anything that the
/// call was not done.
const ENOUGH: u64 = 32;
/// A call is rare that is done once while the code around it comes by so often.
const RARE: u64 = 100;
/// Calls before it says anything whom they reached.
const ENOUGH_CALLS: u64 = 16;
/// The part of all calls that likely functions are to reach, as a fraction.
const MOST: (u64, u64) = (7, 8);

/// How often a branch must have been executed before it says anything.
const ENOUGH_BRANCHES: u32 = 32;
/// A way is unlikely that a branch went once of so many times.
const UNLIKELY: u32 = 64;

/// The calls and branches that have been asked about, by function.
#[derive(Default, Debug)]
pub(crate) struct Sites {
    calls: HashMap<u32, Vec<SeenCall>>,
    branches: HashMap<u32, Vec<SeenBranch>>,
}

impl Sites {
    /// The calls of which something is known in a function, as they were when it was
    /// first asked for.
    pub(crate) fn of(&mut self, env: &ModuleEnv<'_>, defined: u32) -> &[SeenCall] {
        let look = || env.seen.map_or_else(Vec::new, |seen| seen.calls_in(defined as usize));
        self.calls.entry(defined).or_insert_with(look)
    }

    /// Whether the conditional branch at an offset is likely to be taken.
    pub(crate) fn branch(
        &mut self,
        env: &ModuleEnv<'_>,
        defined: u32,
        offset: u32,
    ) -> Option<bool> {
        if !env.optimisations.seen_branches {
            return None;
        }
        let seen = env.seen?;
        let look = || seen.branches_in(defined as usize);
        let branches = self.branches.entry(defined).or_insert_with(look);
        let at = branches.binary_search_by_key(&offset, |branch| branch.offset).ok()?;
        is_taken(&branches[at])
    }

    /// The call at an offset.
    pub(crate) fn at(
        &mut self,
        env: &ModuleEnv<'_>,
        defined: u32,
        offset: u32,
    ) -> Option<&SeenCall> {
        let sites = self.of(env, defined);
        sites.binary_search_by_key(&offset, |site| site.offset).ok().map(|at| &sites[at])
    }
}

/// Whether a branch is nearly always taken, or nearly never.
fn is_taken(&SeenBranch { executed, taken, .. }: &SeenBranch) -> Option<bool> {
    let is_unlikely = |times: u32| times.saturating_mul(UNLIKELY) < executed;
    if executed < ENOUGH_BRANCHES {
        None
    } else if is_unlikely(taken) {
        Some(false)
    } else {
        is_unlikely(executed.saturating_sub(taken)).then_some(true)
    }
}

/// Whether a call is hardly ever done.
pub(crate) fn is_rare(site: &SeenCall) -> bool {
    site.around >= ENOUGH && site.calls.saturating_mul(RARE) <= site.around
}

/// Whether a call is done nearly as often as the code around it comes by.
pub(crate) fn is_hot(site: &SeenCall) -> bool {
    site.around >= ENOUGH && site.calls.saturating_mul(2) >= site.around
}

/// The one or two functions that nearly all calls reach; none if there are more.
/// `None` if that is not known.
pub(crate) fn likely(site: &SeenCall) -> Option<&[(u32, u64)]> {
    if site.calls < ENOUGH_CALLS {
        return None;
    }
    let mut reached = 0;
    for (at, &(_, count)) in site.callees.iter().enumerate() {
        reached += count;
        if u128::from(reached) * u128::from(MOST.1) >= u128::from(site.calls) * u128::from(MOST.0) {
            return Some(&site.callees[..=at]);
        }
    }
    Some(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(calls: u64, around: u64, callees: &[(u32, u64)]) -> SeenCall {
        SeenCall { offset: 7, calls, around, callees: callees.to_vec() }
    }

    #[test]
    fn a_call_is_rare_only_if_the_code_around_it_ran_often() {
        assert!(is_rare(&site(0, 32, &[])) && is_rare(&site(1, 100, &[])));
        assert!(!is_rare(&site(0, 31, &[])) && !is_rare(&site(2, 100, &[])));
        assert!(is_hot(&site(50, 100, &[])) && !is_hot(&site(49, 100, &[])));
        assert!(!is_hot(&site(31, 31, &[])), "nothing is known yet");
    }

    #[test]
    fn a_branch_is_likely_or_not_only_if_it_nearly_always_went_one_way() {
        let taken = |executed, taken| is_taken(&SeenBranch { offset: 7, executed, taken });
        assert_eq!((taken(64, 0), taken(64, 1), taken(65, 1)), (Some(false), None, Some(false)));
        assert_eq!((taken(64, 64), taken(64, 63), taken(65, 64)), (Some(true), None, Some(true)));
        assert_eq!((taken(31, 0), taken(31, 31), taken(64, 32)), (None, None, None));
    }

    #[test]
    fn functions_are_likely_that_nearly_all_calls_reach() {
        let likely = |calls, callees: &[(u32, u64)]| {
            let site = site(calls, 0, callees);
            likely(&site).map(|likely| likely.iter().map(|of| of.0).collect::<Vec<_>>())
        };
        assert_eq!(likely(15, &[(1, 15)]), None);
        assert_eq!(likely(16, &[(1, 14), (2, 2)]), Some(vec![1]));
        assert_eq!(likely(16, &[(1, 8), (2, 6)]), Some(vec![1, 2]));
        assert_eq!(likely(16, &[(1, 8), (2, 5)]), Some(vec![]));
        assert_eq!(likely(16, &[]), Some(vec![]), "functions of the host, say");
    }
}
