//! When code is compiled: the only place that decides.

use bimetal_parser::Module;
use bimetal_runtime::hot::{Counted, Thresholds};

use crate::config::Config;

/// Calls after which a function is compiled. Compilation takes as long as a few
/// thousand executions of each instruction; other threads do it meanwhile.
const CALLS: u32 = 200;
/// Iterations after which a loop is compiled for the frames that run in it.
const ITERATIONS: u32 = 2_000;
/// Bytes of a body beyond which the compiler is never asked: it would be busy for
/// seconds, if it did not refuse.
const MAX_BODY: usize = 1 << 20;
/// Requests that may wait. What is hot still will ask again.
const MAX_WAITING: usize = 1_024;
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
