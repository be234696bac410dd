//! What happens inside a process, tier by tier: loading, instantiating, calling
//! and running.

use std::hint::black_box;

use bimetal::{Config, Engine, Linker, Module, Store, Strategy, TypedFunc};
use bimetal_benches::TIERS;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

const LIBRARY: &str = r#"
(module
  (import "host" "nop" (func $nop))
  (memory 1)
  (func (export "add") (param i32 i32) (result i32)
    (i32.add (local.get 0) (local.get 1)))
  (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
      (then (local.get 0))
      (else (i32.add
        (call $fib (i32.sub (local.get 0) (i32.const 1)))
        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
  (func (export "sum") (param i32) (result i32) (local i32)
    (loop $next
      (local.set 1 (i32.add (local.get 1)
        (i32.load8_u (i32.and (local.get 0) (i32.const 65535)))))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1))
  (func (export "host_calls") (param i32)
    (loop $next
      (call $nop)
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
"#;

fn engine(strategy: Strategy) -> Engine {
    let mut config = Config::new();
    config.strategy(strategy);
    Engine::new(&config).expect("an engine")
}

/// The library's instance on a tier.
fn instance(strategy: Strategy) -> (Store<()>, bimetal::Instance) {
    let engine = engine(strategy);
    let module = Module::new(&engine, LIBRARY).expect("a valid module");
    let mut linker = Linker::new(&engine);
    linker.func_wrap("host", "nop", || {}).expect("a new name");
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module).expect("an instance");
    (store, instance)
}

fn execution(c: &mut Criterion) {
    for (function, argument) in [("fib", 20), ("sum", 100_000), ("host_calls", 10_000)] {
        let mut group = c.benchmark_group(function);
        for (name, strategy) in TIERS {
            let (mut store, instance) = instance(strategy);
            let func = instance.get_func(&mut store, function).expect("an export");
            let results = func.ty(&store).results().len();
            group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
                let mut out = vec![bimetal::Val::I32(0); results];
                bencher.iter(|| {
                    func.call(&mut store, &[bimetal::Val::I32(argument)], &mut out)
                        .expect("a result");
                    black_box(&out);
                });
            });
        }
        group.finish();
    }
}

fn calls(c: &mut Criterion) {
    let mut group = c.benchmark_group("host to guest, typed");
    for (name, strategy) in TIERS {
        let (mut store, instance) = instance(strategy);
        let add: TypedFunc<(i32, i32), i32> =
            instance.get_typed_func(&mut store, "add").expect("an export");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| add.call(&mut store, black_box((1, 2))).expect("a sum"));
        });
    }
    group.finish();
}

fn start_up(c: &mut Criterion) {
    let mut group = c.benchmark_group("load");
    for (name, strategy) in TIERS {
        let engine = engine(strategy);
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| Module::new(&engine, LIBRARY).expect("a valid module"));
        });
    }
    group.finish();
    let mut group = c.benchmark_group("instantiate");
    for (name, strategy) in TIERS {
        let engine = engine(strategy);
        let module = Module::new(&engine, LIBRARY).expect("a valid module");
        let mut linker = Linker::new(&engine);
        linker.func_wrap("host", "nop", || {}).expect("a new name");
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let mut store = Store::new(&engine, ());
                linker.instantiate(&mut store, &module).expect("an instance");
                store
            });
        });
    }
    group.finish();
}

criterion_group!(benches, execution, calls, start_up);
criterion_main!(benches);
