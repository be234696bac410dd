//! Both targets on seeded input. `BIMETAL_FUZZ_ROUNDS` asks for more rounds and
//! `BIMETAL_FUZZ_SEED` for other ones.

use std::panic::catch_unwind;

use bimetal_fuzz::seeded::{bytes_of, tiers_of};

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs a target on so many seeds.
///
/// # Panics
/// With the seed, if the target does, or if most seeds make no module.
fn run(target: fn(u64) -> bool) {
    let (rounds, first) = (setting("BIMETAL_FUZZ_ROUNDS", 300), setting("BIMETAL_FUZZ_SEED", 1));
    let mut modules = 0;
    for seed in first..first + rounds {
        let made = catch_unwind(|| target(seed)).unwrap_or_else(|_| panic!("seed {seed}"));
        modules += u64::from(made);
    }
    assert!(modules * 2 > rounds, "only {modules} of {rounds} seeds made a module");
}

#[test]
fn random_modules_behave_the_same_on_every_tier() {
    run(tiers_of);
}

#[test]
fn mutated_modules_are_loaded_or_refused() {
    run(bytes_of);
}
