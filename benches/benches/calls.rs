//! Calls between host and guest on our tiers, on wasmtime and on wasmi.

use bimetal_benches::calls::{CROSSINGS, parties};
use criterion::{Criterion, criterion_group, criterion_main};

fn calls(c: &mut Criterion) {
    let mut parties = parties().expect("engines that load the guest");
    for (index, crossing) in CROSSINGS.iter().enumerate() {
        let mut group = c.benchmark_group(crossing.name);
        for party in &mut parties {
            group.bench_function(party.name, |bencher| {
                bencher.iter_custom(|times| {
                    let times = i32::try_from(times).unwrap_or(i32::MAX);
                    party.time(index, times).expect("no trap")
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, calls);
criterion_main!(benches);
