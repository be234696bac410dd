//! What happens inside a process, tier by tier: running some of the suite's programs,
//! among them those with objects and exceptions, and starting them.

use bimetal::{Config, Engine, Strategy};
use bimetal_benches::guest::ours;
use bimetal_benches::workloads::{Workload, workload};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

/// The tiers that take milliseconds, not seconds.
const TIERS: [(&str, Strategy); 3] =
    [("tiered", Strategy::Tiered), ("jit", Strategy::Jit), ("interp", Strategy::Interpreter)];

/// How often a program does its work in a call: about a millisecond compiled.
const EXECUTION: &[(&str, i32)] = &[
    ("coremark", 40),
    ("json", 10),
    ("sort_dynamic", 6),
    ("matrix", 5),
    ("hash_simd", 4_000),
    ("indirect", 30),
    ("gc_splay", 500),
    ("gc_trees", 20),
    ("gc_virtual", 100),
    ("exceptions", 300),
    ("exceptions_deep", 3_000),
];

/// What is started.
const START: &[&str] = &["sieve", "coremark", "json", "gc_splay"];

fn engine(strategy: Strategy) -> Engine {
    Engine::new(Config::new().strategy(strategy)).expect("an engine")
}

fn program(name: &str) -> Workload {
    workload(name).expect("a workload")
}

fn execution(c: &mut Criterion) {
    for &(name, times) in EXECUTION {
        let mut group = c.benchmark_group(format!("execution/{name}"));
        for (tier, strategy) in TIERS {
            let mut guest =
                ours(&engine(strategy), program(name).wasm, "run").expect("a workload that loads");
            group.bench_function(BenchmarkId::from_parameter(tier), |bencher| {
                bencher.iter(|| (guest.call)(times).expect("no trap"));
            });
        }
        group.finish();
    }
}

/// From the bytes to the result of a first call.
fn start_up(c: &mut Criterion) {
    for &name in START {
        let mut group = c.benchmark_group(format!("start-up/{name}"));
        for (tier, strategy) in TIERS {
            let engine = engine(strategy);
            group.bench_function(BenchmarkId::from_parameter(tier), |bencher| {
                bencher.iter(|| {
                    let mut guest =
                        ours(&engine, program(name).wasm, "run").expect("a workload that loads");
                    (guest.call)(1).expect("no trap")
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = execution, start_up
}
criterion_main!(benches);
