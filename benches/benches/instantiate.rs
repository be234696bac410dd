//! Instances made and dropped, each with a store of its own.

use bimetal_benches::instantiation::{FEW, OURS, PROGRAMS, ours};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

fn instances(c: &mut Criterion) {
    for program in &PROGRAMS {
        let mut group = c.benchmark_group(program.name);
        for name in OURS {
            let mould = ours(name, program, FEW).expect("an engine that takes the program");
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| (mould.repeat)(1).expect("an instance"));
            });
        }
        #[cfg(feature = "peers")]
        for name in bimetal_benches::instantiation::PEERS {
            let mould = bimetal_benches::instantiation::theirs(name, program, FEW);
            let mould = mould.expect("an engine that takes the program");
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                bencher.iter(|| (mould.repeat)(1).expect("an instance"));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    // An instance takes a microsecond; engines and programs are many.
    config = Criterion::default().sample_size(30);
    targets = instances
}
criterion_main!(benches);
