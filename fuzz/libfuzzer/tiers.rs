//! A random module behaves the same on every tier.
#![no_main]

use bimetal_fuzz::tiers::tiers;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|data: &[u8]| -> Corpus {
    // The first byte chooses the profile and the arguments of calls.
    let [seed, data @ ..] = data else { return Corpus::Reject };
    if tiers(data, u64::from(*seed)) { Corpus::Keep } else { Corpus::Reject }
});
