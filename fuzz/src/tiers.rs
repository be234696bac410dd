//! A random module behaves the same on every tier.

use arbitrary::Unstructured;

use crate::STRATEGIES;
use crate::generate::module;
use crate::observe::observe;

/// Makes a module from `data`, runs it on every tier and compares what each of
/// them shows. Returns whether the data made a module.
///
/// # Panics
/// If two tiers differ.
pub fn tiers(data: &[u8], seed: u64) -> bool {
    let Some(wasm) = module(&mut Unstructured::new(data)) else { return false };
    let [reference, others @ ..] = STRATEGIES;
    let expected = observe(&wasm, reference, seed);
    for strategy in others {
        let found = observe(&wasm, strategy, seed);
        let common = expected.len().min(found.len());
        if let Some(at) = (0..common).find(|&at| expected[at] != found[at]) {
            if is_exhaustion(&expected[at]) || is_exhaustion(&found[at]) {
                continue;
            }
            panic!(
                "{strategy:?} differs from {reference:?} at step {at}\n  {reference:?}: {}\n  \
                 {strategy:?}: {}\nafter: {:#?}",
                expected[at],
                found[at],
                &expected[..at]
            );
        }
    }
    true
}

/// Stack depth is the one limit that tiers may differ in.
fn is_exhaustion(note: &str) -> bool {
    note.contains("call stack exhausted")
}
