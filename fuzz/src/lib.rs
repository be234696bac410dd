//! Fuzz targets as plain functions over bytes.
//!
//! * [`tiers()`](tiers::tiers): a random valid module must behave the same on
//!   every tier and, with the feature `peers`, on wasmtime.
//! * [`bytes()`](bytes::bytes): any bytes must be loaded or refused, never more.
//!
//! They are driven from seeds by the tests and by the command, on a stable compiler,
//! and by libFuzzer from the folder `libfuzzer`.

#![forbid(unsafe_code)]

mod binary;
pub mod bytes;
pub mod generate;
mod loops;
pub mod observe;
#[cfg(feature = "peers")]
mod peer;
pub mod seeded;
pub mod tiers;

use bimetal::{Engine, Store, StoreLimitsBuilder, Strategy};

/// Every tier, the one that is right in a dispute first.
pub const STRATEGIES: [Strategy; 3] = [Strategy::Reference, Strategy::Interpreter, Strategy::Jit];

/// Bytes that a memory or the heap may have: far less than would be possible, for
/// the sake of many modules in little time.
const MEMORY_BYTES: usize = 16 << 20;

/// Elements that a table may have.
const TABLE_ELEMENTS: usize = 100_000;

/// A store with these limits.
fn store(engine: &Engine) -> Store<()> {
    let mut store = Store::new(engine, ());
    let limits = StoreLimitsBuilder::new()
        .memory_size(MEMORY_BYTES)
        .heap_size(MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS);
    store.set_limits(limits.build());
    store
}
