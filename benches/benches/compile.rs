//! From the bytes of a module to what runs: validated, translated, compiled.

use bimetal_benches::compile::{WORKS, work};
use bimetal_benches::startup::large_module;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn works(c: &mut Criterion) {
    let wasm = large_module(200_000);
    let mut group = c.benchmark_group("from bytes");
    group.throughput(Throughput::Bytes(wasm.len() as u64));
    for (engine, what) in WORKS {
        let work = work(engine, what).expect("an engine of this machine");
        group.bench_function(BenchmarkId::new(engine, what), |bencher| {
            bencher.iter(|| work(&wasm).expect("a valid module"));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    // Compiling takes tenths of a second.
    config = Criterion::default().sample_size(10);
    targets = works
}
criterion_main!(benches);
