//! What the benchmarks share: the tiers, the workloads and how a figure is made
//! from rounds.

#![forbid(unsafe_code)]

#[cfg(feature = "peers")]
pub mod calls;
#[cfg(feature = "peers")]
pub mod compile;
#[cfg(feature = "peers")]
pub mod contest;
pub mod crossings;
#[cfg(feature = "peers")]
pub mod crossover;
pub mod guest;
pub mod instantiation;
pub mod kernels;
pub mod marked;
pub mod measure;
pub mod peak;
#[cfg(feature = "peers")]
pub mod peers;
pub mod plot;
pub mod report;
pub mod rounds;
#[cfg(feature = "peers")]
pub mod startup;
pub mod suite;
#[cfg(feature = "peers")]
pub mod warmup;
pub mod workloads;

use std::path::{Path, PathBuf};

use bimetal::Strategy;

/// A tier with its name in tables.
pub const TIERS: [(&str, Strategy); 3] =
    [("jit", Strategy::Jit), ("interp", Strategy::Interpreter), ("reference", Strategy::Reference)];

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What `run` of a module without imports returns under a strategy.
#[cfg(test)]
fn run(module: &[u8], strategy: Strategy, times: i32) -> i64 {
    let mut config = bimetal::Config::new();
    config.strategy(strategy);
    let engine = bimetal::Engine::new(&config).unwrap();
    let module = bimetal::Module::new(&engine, module).unwrap();
    let mut store = bimetal::Store::new(&engine, ());
    let instance = bimetal::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run").unwrap();
    run.call(&mut store, times).unwrap()
}
