//! What the benchmarks share: the tiers, the workloads and how a figure is made
//! from rounds.

#![forbid(unsafe_code)]

pub mod kernels;
#[cfg(feature = "peers")]
pub mod peers;
pub mod program;
pub mod rounds;
pub mod workloads;

use bimetal::Strategy;

/// A tier with its name in tables.
pub const TIERS: [(&str, Strategy); 3] =
    [("jit", Strategy::Jit), ("interp", Strategy::Interpreter), ("reference", Strategy::Reference)];
