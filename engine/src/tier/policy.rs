//! When code is compiled: the only place that decides.

use std::time::Duration;

use bimetal_interp::fast::OuterLoop;
use bimetal_parser::Module;
use bimetal_runtime::hot::{Counted, Thresholds};

use crate::config::Config;

/// Calls after which a function is compiled. Compilation takes as long as a few
/// thousand executions of each instruction; other threads do it meanwhile.
const CALLS: u32 = 200;
/// Iterations after which a loop is compiled for the frames that run in it. With half as
/// many, more loops are compiled that are over soon, while those wait that are not: runs
/// of a millisecond of `json` took 1.15 times as long, of `sort_dynamic` 1.24 times.
const ITERATIONS: u32 = 4_000;
/// How long a loop goes on asking when something else is compiled in its place, before
/// it is compiled after all: about as long as a compilation takes.
const PATIENCE: Duration = Duration::from_micros(1_500);
/// About half the time that the compiler takes for a byte of a body.
const HALF_PER_BYTE: Duration = Duration::from_nanos(500);
/// Bytes of a body beyond which the compiler is never asked: it would be busy for
/// seconds, if it did not refuse.
const MAX_BODY: usize = 1 << 20;
/// Requests that may wait. What is hot still will ask again.
const MAX_WAITING: usize = 1_024;
/// How long nothing of a module must have been asked for before what has been compiled
/// of it is linked anew.
pub(super) const SETTLED: Duration = Duration::from_millis(20);
/// Linked code is linked anew when it has grown by this part. So all copies together
/// are at most so many times as long as the code.
const GROWTH: usize = 8;
/// Threads that compile, at most, where nobody says how many.
const MAX_THREADS: usize = 4;

/// What [`crate::Strategy::Tiered`] compiles, and when.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    first: Thresholds,
    /// Draws other thresholds for every module.
    seed: Option<u64>,
    /// How many threads compile; none: whoever runs hot code compiles it.
    pub(super) threads: usize,
    /// How many requests may wait.
    pub(super) max_waiting: usize,
}

impl Policy {
    pub(super) fn new(config: &Config) -> Policy {
        let spare = || {
            let all = std::thread::available_parallelism().map_or(1, usize::from);
            // The guest has one for itself where there are several.
            all.saturating_sub(1).clamp(1, MAX_THREADS)
        };
        let (calls, iterations) = config.thresholds.unwrap_or((CALLS, ITERATIONS));
        Policy {
            first: Thresholds { calls, iterations },
            seed: config.threshold_seed,
            threads: config.compile_threads.unwrap_or_else(spare),
            max_waiting: MAX_WAITING,
        }
    }

    /// How often code of a module runs before anybody asks about it.
    pub(super) fn first(&self, module: &Module) -> Thresholds {
        let Some(seed) = self.seed else { return self.first };
        let draw = |salt: u64| {
            let bits = super::scramble(seed ^ salt, module.bytes.len() as u64);
            // Small numbers most of the time.
            1 + (bits >> 32) as u32 % (1 << (bits % 10))
        };
        Thresholds { calls: draw(1), iterations: draw(2) }
    }

    /// After how many more runs code is asked about again that waits for the compiler.
    pub(super) fn again(&self, counted: Counted) -> u32 {
        match counted {
            Counted::Calls => self.first.calls,
            Counted::Loop(_) => self.first.iterations,
        }
    }

    /// What to compile when a loop is asked about for the first time.
    ///
    /// Whoever enters a loop's code leaves it no more before the function ends: the
    /// code has all outer loops as well. But the loop may be over before there is code,
    /// and compiling the function again for the next one takes as long again.
    ///
    /// `called_again` says whether the function was called more than once, `around` are
    /// the loops around this one, inner ones first.
    pub(super) fn instead_of(
        &self,
        number: u32,
        called_again: bool,
        around: &[OuterLoop],
    ) -> Counted {
        if self.threads == 0 {
            return Counted::Loop(number);
        }
        // Frames come and go: the next one begins in code for the whole function.
        if called_again {
            return Counted::Calls;
        }
        // The outermost loop that will come round again, or, of a sequence of loops,
        // whatever repeats the sequence.
        let repeats = |outer: &&OuterLoop| outer.iterated || outer.has_others;
        let outer = around.iter().rev().find(repeats);
        Counted::Loop(outer.map_or(number, |outer| outer.number))
    }

    /// For how long code that is compiled in place of a loop is waited for.
    pub(super) fn patience(&self) -> Duration {
        PATIENCE
    }

    /// Who asks again after less time than this does little but run this code: while the
    /// compiler's threads are busy, it compiles the code itself, which costs less than
    /// to go on interpreting it until they are not.
    pub(super) fn soon(&self, module: &Module, defined: usize) -> Duration {
        let body = module.bodies[defined].range.len();
        HALF_PER_BYTE.saturating_mul(u32::try_from(body).unwrap_or(u32::MAX))
    }

    /// Whether functions are linked anew of which `linked` bytes of `all` are linked.
    pub(super) fn relinks(linked: usize, all: usize) -> bool {
        all > linked && (all - linked) >= linked / GROWTH
    }

    /// Why a function is never compiled, if it is not.
    pub(super) fn refuses(&self, module: &Module, defined: usize) -> Option<&'static str> {
        let body = module.bodies[defined].range.len();
        (body > MAX_BODY).then_some("the function is too long")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_parser::ParseOptions;

    fn outer(number: u32, iterated: bool, has_others: bool) -> OuterLoop {
        OuterLoop { number, iterated, has_others }
    }

    #[test]
    fn a_loop_is_compiled_with_what_will_come_round_again() {
        let mut config = Config::new();
        let choose = |around: &[OuterLoop]| {
            Policy::new(Config::new().compile_threads(1)).instead_of(9, false, around)
        };
        assert_eq!(choose(&[]), Counted::Loop(9));
        let alone = [outer(8, true, false), outer(7, false, false)];
        assert_eq!(choose(&alone), Counted::Loop(8), "the outermost that ever came round");
        let first_of_several = [outer(8, false, false), outer(7, false, true)];
        assert_eq!(choose(&first_of_several), Counted::Loop(7));
        let policy = Policy::new(config.compile_threads(1));
        assert_eq!(policy.instead_of(9, true, &alone), Counted::Calls);
        let policy = Policy::new(config.compile_threads(0));
        assert_eq!(policy.instead_of(9, true, &alone), Counted::Loop(9), "nothing is waited for");
    }

    #[test]
    fn a_seed_draws_the_same_thresholds_every_time() {
        let module = Module::new(b"(module (func))", &ParseOptions::default()).unwrap();
        let first = |seed| {
            let mut config = Config::new();
            config.threshold_seed(seed);
            Policy::new(&config).first(&module)
        };
        assert_eq!(first(7), first(7));
        assert!((0..32).any(|seed| first(seed) != first(7)));
        assert!((0..1000).all(|seed| first(seed).calls > 0 && first(seed).iterations > 0));
    }
}
