//! Which calls are replaced by the body of the function that they call: the only
//! place that decides. `lower::inline` does it.
//!
//! A body in place of a call costs no entry, no exit and no stack check, but the
//! code grows: so bodies are small, and what a function takes in is bounded. A
//! function that calls itself takes in its own body for as many levels as that
//! allows, each the same for all of its calls; one that only others call on its behalf
//! takes in its own body as it takes in theirs.
//!
//! Where an interpreter has watched the calls of the function, those that are hardly
//! ever done keep their calls, and the hottest ones come first.

use std::collections::HashMap;

use bimetal_parser::walk::Outline;
use bimetal_runtime::seen::SeenCall;

use crate::env::ModuleEnv;
use crate::place::Place;
use crate::sites::{self, Sites};

/// Instructions of a function, at most, whose body takes the place of calls.
const SMALL: u32 = 40;
/// The same in place of a call that was seen to be hot.
const SMALL_FOR_HOT: u32 = 80;
/// The same for one that takes in its own body: there the calls are the work.
const SMALL_RECURSION: u32 = 120;
/// Functions that one call may reach and whose bodies are in its place, each as large as
/// in place of any call. More of them have no more instructions together.
const FEW: usize = 2;
/// Bytes of a body beyond which nobody looks at it.
const MAX_BYTES: usize = 512;
/// Parameters, results and locals of such a function.
const MAX_LOCALS: u64 = 64;
/// Bodies in each other.
const MAX_DEPTH: usize = 3;
/// Instructions, at most, that a function takes in.
const MAX_GROWTH: u32 = 800;
/// The same for each byte of its body, but for levels of itself.
const GROWTH: usize = 4;

/// What has been taken into one function.
#[derive(Default, Debug)]
pub(crate) struct Inlining {
    /// Whether anything may be.
    enabled: bool,
    /// The function, then those whose bodies are open, outermost first.
    chain: Vec<u32>,
    /// How deep the function takes in itself.
    levels: usize,
    /// Instructions, at most, that it takes in of other functions.
    max_growth: u32,
    /// Instructions taken in.
    growth: u32,
    /// The calls of the function that bodies are to stand for, and the instructions of
    /// these: the hottest that there is room for.
    planned: HashMap<u32, u32>,
    /// The instructions of all of them together: no others are taken in their place.
    reserved: u32,
    /// Bytes of their bodies.
    pub(crate) bytes: u64,
    /// What has been found out about functions; `None`: never in place of a call.
    outlines: HashMap<u32, Option<Outline>>,
    /// What has been seen of calls.
    sites: Sites,
    /// Where instructions of such bodies are.
    pub(crate) places: Vec<Place>,
}

impl Inlining {
    /// For a function into which nothing has been taken yet.
    pub(crate) fn new(env: &ModuleEnv<'_>, defined: usize, enabled: bool) -> Inlining {
        let mut inlining = Inlining { chain: vec![defined as u32], ..Inlining::default() };
        // A position is a byte offset or a place.
        let fits = env.module.bytes.len() < Place::FIRST as usize;
        inlining.enabled = enabled && fits && env.budget.has_room();
        let bytes = env.module.bodies[defined].range.len();
        inlining.max_growth =
            u32::try_from(GROWTH * bytes).map_or(MAX_GROWTH, |max| max.min(MAX_GROWTH));
        if inlining.enabled && env.optimisations.inline_recursion {
            inlining.levels = inlining.recursion_levels(env, defined as u32);
        }
        if inlining.enabled && env.optimisations.seen_calls {
            inlining.plan(env, defined as u32);
        }
        inlining
    }

    /// Whether the function holds the body of any other, or its own again.
    pub(crate) fn any(&self) -> bool {
        self.bytes > 0
    }

    /// The functions whose bodies stand in the same code as the one that is compiled,
    /// where tail calls jump to; none if it goes on to no function that comes back.
    pub(crate) fn tails(&self, env: &ModuleEnv<'_>) -> Vec<u32> {
        let Some(&root) = self.chain.first().filter(|_| env.optimisations.tail_loops) else {
            return Vec::new();
        };
        let set = env.tails.of(env.module, root);
        let valid = |&defined: &u32| env.module.ensure_valid(defined as usize).is_ok();
        if self.enabled && env.optimisations.tail_sets && set.iter().all(valid) {
            return set.to_vec();
        }
        let itself = set.binary_search(&root).is_ok();
        itself.then_some(root).into_iter().collect()
    }

    /// The body of another function comes next, to which tail calls jump. It takes in
    /// nothing of itself.
    pub(crate) fn goes_on_to(&mut self, env: &ModuleEnv<'_>, defined: u32) {
        self.bytes += env.module.bodies[defined as usize].range.len() as u64;
        self.chain = vec![defined];
        self.levels = 0;
    }

    /// How many levels of its own body a function takes in.
    fn recursion_levels(&mut self, env: &ModuleEnv<'_>, defined: u32) -> usize {
        let func = env.module.func_at(defined as usize);
        let Some(outline) = self.outline(env, defined) else { return 0 };
        if outline.instructions > SMALL_RECURSION {
            return 0;
        }
        let calls = outline.calls.iter().filter(|&&callee| callee == func).count() as u32;
        let (mut bodies, mut growth, mut levels) = (1_u32, 0_u32, 0);
        while calls > 0 && levels < MAX_DEPTH {
            bodies = bodies.saturating_mul(calls);
            growth = growth.saturating_add(bodies.saturating_mul(outline.instructions));
            if growth > MAX_GROWTH {
                break;
            }
            levels += 1;
        }
        levels
    }

    /// What is known about a function that may take the place of calls.
    fn outline(&mut self, env: &ModuleEnv<'_>, defined: u32) -> Option<&Outline> {
        let sites = &mut self.sites;
        let look = || {
            let at = defined as usize;
            let ty = env.defined_type(at);
            let locals =
                (ty.params.len() + ty.results.len()) as u64 + env.module.declared_locals(at);
            let small = env.module.bodies[at].range.len() <= MAX_BYTES && locals <= MAX_LOCALS;
            let likely = |offset| env.hint(offset).or_else(|| sites.branch(env, defined, offset));
            let outline = if small { env.module.outline(at, likely) } else { None };
            outline.filter(|outline| !outline.tail_calls)
        };
        self.outlines.entry(defined).or_insert_with(look).as_ref()
    }

    /// Chooses calls of the function, hot ones first, as far as they were seen to be done.
    fn plan(&mut self, env: &ModuleEnv<'_>, root: u32) {
        let mut sites: Vec<SeenCall> = self.sites.of(env, root).to_vec();
        sites.retain(|site| site.calls > 0 && !sites::is_rare(site));
        sites.sort_by_key(|site| std::cmp::Reverse(site.calls));
        for site in sites {
            let likely = sites::likely(&site).unwrap_or_default().iter().map(|of| of.0);
            let others = likely.filter(|&callee| callee != root);
            let sizes = others.filter_map(|callee| self.size(env, callee, limit_of(&site)));
            let size: u32 = sizes.collect::<Vec<_>>().into_iter().sum();
            if size > 0 && self.reserved + size <= self.max_growth {
                self.reserved += size;
                self.planned.insert(site.offset, size);
            }
        }
    }

    /// How large a body may be that takes the place of the call at an offset of the
    /// innermost body; `None` if the call is hardly ever done.
    pub(crate) fn limit(&mut self, env: &ModuleEnv<'_>, offset: u32) -> Option<u32> {
        if !env.optimisations.seen_calls || !self.enabled {
            return Some(SMALL);
        }
        if self.chain.len() == 1 {
            self.reserved -= self.planned.remove(&offset).unwrap_or(0);
        }
        let within = self.chain.last().copied()?;
        let Some(site) = self.sites.at(env, within, offset) else { return Some(SMALL) };
        (!sites::is_rare(site)).then(|| limit_of(site))
    }

    /// Whether the condition of the branch at an offset of the innermost body is likely to
    /// hold, as far as that was seen.
    pub(crate) fn seen_branch(&mut self, env: &ModuleEnv<'_>, offset: u32) -> Option<bool> {
        let within = self.chain.last().copied()?;
        self.sites.branch(env, within, offset)
    }

    /// The functions that the indirect call at an offset of the innermost body was seen
    /// to reach nearly always; `None` if that is not known, or they are too many to know.
    pub(crate) fn seen_callees(&mut self, env: &ModuleEnv<'_>, offset: u32) -> Option<Vec<u32>> {
        let within = self.chain.last().copied()?;
        let site = self.sites.at(env, within, offset)?;
        let likely = sites::likely(site)?;
        let too_many = likely.is_empty() && !site.callees.is_empty();
        (!too_many).then(|| likely.iter().map(|of| of.0).collect())
    }

    /// The instructions of another function, if it is so small that its body may take
    /// the place of a call.
    fn size(&mut self, env: &ModuleEnv<'_>, callee: u32, limit: u32) -> Option<u32> {
        let itself = env.module.func_at(callee as usize);
        let outline = self.outline(env, callee)?;
        // Most of its work would not be here: calls of its own, or a loop beside which
        // a call is nothing.
        let elsewhere = outline.loops || outline.calls.contains(&itself);
        (outline.likely <= limit && !elsewhere).then_some(outline.instructions)
    }

    /// The instructions of a function whose body takes the place of a call here. Of
    /// another function than the one that is compiled, there are no more than `limit`.
    fn admits(&mut self, env: &ModuleEnv<'_>, callee: u32, limit: u32) -> Option<u32> {
        let root = self.chain.first().copied()?;
        let depth = self.chain.len() - 1;
        if !self.enabled || depth >= MAX_DEPTH {
            return None;
        }
        if callee == root && self.levels > 0 {
            let open = self.chain[1..].iter().filter(|&&open| open == root).count();
            let levels = self.levels;
            let outline = self.outline(env, callee)?;
            return (open < levels).then_some(outline.instructions);
        }
        let size = self.size(env, callee, limit)?;
        (self.growth + self.reserved + size <= self.max_growth).then_some(size)
    }

    /// Keeps those of the functions that one call may reach whose bodies
    /// [`Inlining::open`] would open. Many of them are worth it only if they are so small
    /// that all together are no larger than a few, and if hardly any is left out: then
    /// the call reaches one of them, or each comparison is for nothing.
    pub(crate) fn retain_small(&mut self, env: &ModuleEnv<'_>, callees: &mut Vec<u32>, limit: u32) {
        let all = callees.len();
        let mut together = 0;
        callees.retain(|&callee| {
            let size = self.admits(env, callee, limit);
            together += size.unwrap_or(0);
            size.is_some()
        });
        if all > FEW && (callees.len() + 1 < all || together > FEW as u32 * SMALL) {
            callees.clear();
        }
    }

    /// Opens the body of a function in place of a call if that is worth it. Of another
    /// function than the one that is compiled, it has no more than `limit` instructions.
    pub(crate) fn open(&mut self, env: &ModuleEnv<'_>, callee: u32, limit: u32) -> bool {
        let Some(instructions) = self.admits(env, callee, limit) else { return false };
        self.growth += instructions;
        self.bytes += env.module.bodies[callee as usize].range.len() as u64;
        self.chain.push(callee);
        true
    }

    /// The innermost body is over.
    pub(crate) fn close(&mut self) {
        self.chain.pop();
    }

    /// The position of an instruction of the innermost body, which stands in place of
    /// the call at `caller`.
    pub(crate) fn place(&mut self, caller: u32, offset: u32) -> u32 {
        let defined = self.chain.last().copied().unwrap_or(0);
        self.places.push(Place { defined, offset, caller });
        Place::FIRST + (self.places.len() - 1) as u32
    }
}

/// How large a body may be that takes the place of a call.
fn limit_of(site: &SeenCall) -> u32 {
    if sites::is_hot(site) { SMALL_FOR_HOT } else { SMALL }
}

#[cfg(test)]
mod tests {
    use bimetal_parser::{Module, ParseOptions};
    use bimetal_runtime::limits::Settings;
    use bimetal_runtime::seen::{Seen, SeenBranch};

    use super::*;
    use crate::env::Calls;

    /// Calls `test` with what is taken into the first function of a module.
    fn taken_in(wat: &str, seen: Option<&dyn Seen>, test: impl FnOnce(&ModuleEnv, &mut Inlining)) {
        let module = Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap();
        let env = ModuleEnv::new(&module, &Settings::default(), Calls::Direct, seen);
        test(&env, &mut Inlining::new(&env, 0, true));
    }

    /// A function with room, then functions of so many instructions.
    fn functions(instructions: &[usize]) -> String {
        let func = |&count: &usize| format!("(func {})", "nop ".repeat(count - 1));
        let others: String = instructions.iter().map(func).collect();
        format!("(module (func {}){others})", "nop ".repeat(200))
    }

    fn retained(instructions: &[usize]) -> Vec<u32> {
        let mut callees = (1..=instructions.len() as u32).collect();
        taken_in(&functions(instructions), None, |env, inlining| {
            inlining.retain_small(env, &mut callees, SMALL);
        });
        callees
    }

    #[test]
    fn many_functions_stand_for_one_call_if_they_are_small_and_hardly_any_is_left_out() {
        assert_eq!(retained(&[40, 41]), [1]);
        assert_eq!(retained(&[40, 40]), [1, 2]);
        assert_eq!(retained(&[20, 20, 20, 20]), [1, 2, 3, 4]);
        assert_eq!(retained(&[20, 20, 20, 21]), [], "together they are too large");
        assert_eq!(retained(&[20, 41, 20, 20]), [1, 3, 4]);
        assert_eq!(retained(&[20, 41, 41, 20]), [], "half of the calls may reach none of them");
    }

    #[test]
    fn a_function_that_others_call_on_its_behalf_takes_in_its_own_body() {
        let wat = "(module (func $a call $b nop nop nop) (func $b call $a))";
        taken_in(wat, None, |env, inlining| {
            assert!(inlining.open(env, 1, SMALL) && inlining.open(env, 0, SMALL));
            assert!(inlining.open(env, 1, SMALL));
            assert!(!inlining.open(env, 0, SMALL), "deep enough");
        });
    }

    struct Reached(Vec<(u32, u64)>);

    impl Seen for Reached {
        fn calls(&self, _: usize) -> u64 {
            0
        }

        fn calls_in(&self, _: usize) -> Vec<SeenCall> {
            vec![SeenCall { offset: 30, calls: 40, around: 40, callees: self.0.clone() }]
        }

        fn branches_in(&self, _: usize) -> Vec<SeenBranch> {
            Vec::new()
        }
    }

    #[test]
    fn whom_a_call_reaches_is_not_known_if_they_are_more_than_were_noted() {
        let known = |callees: &[(u32, u64)]| {
            let mut known = None;
            taken_in(&functions(&[4, 4, 4]), Some(&Reached(callees.to_vec())), |env, inlining| {
                known = inlining.seen_callees(env, 30);
            });
            known
        };
        assert_eq!(known(&[(1, 30), (2, 10)]), Some(vec![1, 2]));
        assert_eq!(known(&[(1, 10), (2, 10)]), None);
        assert_eq!(known(&[]), Some(vec![]), "functions of the host, say");
    }
}
