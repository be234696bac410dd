//! The kernels on our compiler and on wasmtime.

use bimetal_benches::kernels::KERNELS;
use bimetal_benches::peers::{ours, theirs};
use criterion::{Criterion, criterion_group, criterion_main};

fn kernels(c: &mut Criterion) {
    for kernel in KERNELS {
        let mut group = c.benchmark_group(kernel.name);
        for (name, make) in [("bimetal", ours as fn(&_) -> _), ("wasmtime", theirs)] {
            let mut run = make(kernel).expect("a kernel that loads");
            group.bench_function(name, |bencher| {
                bencher.iter(|| run(kernel.times).expect("no trap"))
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    // A round is milliseconds long; kernels are many.
    config = Criterion::default().sample_size(20);
    targets = kernels
}
criterion_main!(benches);
