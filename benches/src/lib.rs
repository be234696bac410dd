//! What the benchmarks share: the tiers, the workloads and how a figure is made
//! from rounds.

#![forbid(unsafe_code)]

#[cfg(feature = "peers")]
pub mod contest;
#[cfg(feature = "peers")]
pub mod crossover;
pub mod kernels;
#[cfg(feature = "peers")]
pub mod peers;
#[cfg(feature = "peers")]
pub mod plot;
pub mod program;
pub mod report;
pub mod rounds;
#[cfg(feature = "peers")]
pub mod startup;
#[cfg(feature = "peers")]
pub mod warmup;
pub mod workloads;

use bimetal::Strategy;

/// A tier with its name in tables.
pub const TIERS: [(&str, Strategy); 3] =
    [("jit", Strategy::Jit), ("interp", Strategy::Interpreter), ("reference", Strategy::Reference)];
