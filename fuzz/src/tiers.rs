//! A random module behaves the same on every tier.

use arbitrary::Unstructured;
use bimetal::{Config, Strategy};

use crate::STRATEGIES;
use crate::generate::module;
use crate::observe::{Observation, is_exhaustion, observe};

/// Everything stays where it starts.
const NOTHING_MOVES: (u32, u32) = (u32::MAX, u32::MAX);

/// After how many calls functions move to compiled code, and after how many iterations
/// running loops do.
const MOVING: [(u32, u32); 4] = [(u32::MAX, 1), (u32::MAX, 3), (2, u32::MAX), (3, 2)];

/// Makes a module from `data`, runs it on every tier and compares what each of
/// them shows; with the feature `peers`, also with what wasmtime shows. Returns
/// whether the data made a module.
///
/// The seed chooses the arguments of calls, if it is odd, the deterministic profile,
/// and by its next bit whether memories have guard pages.
///
/// # Panics
/// If two tiers differ.
pub fn tiers(data: &[u8], seed: u64) -> bool {
    let deterministic = seed % 2 == 1;
    let Some(wasm) = module(&mut Unstructured::new(data), deterministic) else { return false };
    agree(&wasm, seed);
    true
}

/// Runs a module, all of whose calls end, on every tier and compares what each of
/// them shows; `seed` as for [`tiers`].
///
/// # Panics
/// If two tiers differ.
pub fn agree(wasm: &[u8], seed: u64) {
    let deterministic = seed % 2 == 1;
    let run = |strategy, moving: (u32, u32)| {
        let mut config = Config::new();
        config.strategy(strategy).deterministic(deterministic);
        config.compile_threads(0).thresholds(moving.0, moving.1);
        config.memory_guard_pages(seed & 2 == 0);
        observe(wasm, &config, seed)
    };
    let [reference, others @ ..] = STRATEGIES;
    let expected = run(reference, NOTHING_MOVES);
    for strategy in others {
        compare(&format!("{strategy:?}"), &expected, &run(strategy, NOTHING_MOVES));
    }
    for moving in MOVING {
        let found = run(Strategy::Tiered, moving);
        compare(&format!("code that moves after {moving:?}"), &expected, &found);
    }
    #[cfg(feature = "peers")]
    crate::peer::compare(wasm, &expected, deterministic, seed);
}

/// Compares what somebody shows with what the reference interpreter shows, up to
/// where the stack or the heap of one of them is full.
///
/// # Panics
/// If they differ.
pub(crate) fn compare(who: &str, expected: &Observation, found: &Observation) {
    let different = |&at: &usize| expected.get(at) != found.get(at);
    let Some(at) = (0..expected.len().max(found.len())).find(different) else { return };
    let last = at.saturating_sub(1)..=at;
    let mut notes = last.flat_map(|at| [expected.get(at), found.get(at)]).flatten();
    if notes.any(|note| is_exhaustion(note)) {
        return;
    }
    let before = &expected[at.saturating_sub(30)..at];
    panic!(
        "{who} differs from the reference interpreter at step {at}\n  reference: {:?}\n  \
         {who}: {:?}\nafter: {before:#?}",
        expected.get(at),
        found.get(at),
    );
}
