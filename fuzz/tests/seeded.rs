//! Both targets on seeded input. `BIMETAL_FUZZ_ROUNDS` asks for more rounds and
//! `BIMETAL_FUZZ_SEED` for other ones.

use bimetal_fuzz::bytes::bytes;
use bimetal_fuzz::generate::{Random, module};
use bimetal_fuzz::tiers::tiers;

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn random_modules_behave_the_same_on_every_tier() {
    let (rounds, first) = (setting("BIMETAL_FUZZ_ROUNDS", 300), setting("BIMETAL_FUZZ_SEED", 1));
    let mut modules = 0;
    for seed in first..first + rounds {
        let mut random = Random::new(seed);
        let len = 500 + random.below(6_000);
        let data = random.bytes(len);
        let outcome = std::panic::catch_unwind(|| tiers(&data, seed));
        modules += u64::from(outcome.unwrap_or_else(|_| panic!("seed {seed}")));
    }
    assert!(modules * 2 > rounds, "only {modules} of {rounds} seeds made a module");
}

#[test]
fn mutated_modules_are_loaded_or_refused() {
    let (rounds, first) = (setting("BIMETAL_FUZZ_ROUNDS", 300), setting("BIMETAL_FUZZ_SEED", 1));
    let mut mutated = 0;
    for seed in first..first + rounds {
        let mut random = Random::new(seed ^ 0x5eed);
        let data = random.bytes(2_000);
        let Some(mut wasm) = module(&mut arbitrary::Unstructured::new(&data)) else { continue };
        for _ in 0..=random.below(4) {
            let at = random.below(wasm.len());
            match random.below(3) {
                0 => wasm[at] = random.next_u64() as u8,
                1 => wasm.truncate(at.max(8)),
                _ => wasm.insert(at, random.next_u64() as u8),
            }
        }
        mutated += 1;
        let outcome = std::panic::catch_unwind(|| bytes(&wasm));
        assert!(outcome.is_ok(), "seed {seed}");
    }
    assert!(mutated * 2 > rounds, "only {mutated} of {rounds} seeds made a module");
}
