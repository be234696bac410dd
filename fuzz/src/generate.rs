//! Random input from a seed, and random modules from random input.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

use crate::binary::export_global;

/// A small generator of pseudo-random numbers (xorshift64*): the same sequence
/// for the same seed on every machine.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator whose sequence depends on `seed` alone.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`; zero if `bound` is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.next_u64() % bound as u64) as usize }
    }

    /// This many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next_u64() >> 32) as u8).collect()
    }
}

/// How many function entries and loop iterations a module may make in one call: the
/// initial value of its export [`FUEL_NAME`].
pub const FUEL: i32 = 2_000;

/// The export of the global that counts them down.
pub const FUEL_NAME: &str = "fuel left";

/// The features that every tier implements. What the specification leaves open is
/// left out, unless the module runs in the deterministic profile.
fn config(deterministic: bool) -> Config {
    Config {
        max_imports: 0,
        max_memories: 2,
        max_tables: 3,
        max_memory32_bytes: 1 << 20,
        max_memory64_bytes: 1 << 20,
        // A 64-bit memory without one could grow beyond what can be compared.
        memory_max_size_required: true,
        max_table_elements: 1_000,
        max_instructions: 300,
        max_funcs: 12,
        min_funcs: 1,
        max_exports: 100,
        export_everything: true,
        allow_start_export: false,
        bulk_memory_enabled: true,
        reference_types_enabled: true,
        multi_value_enabled: true,
        saturating_float_to_int_enabled: true,
        sign_extension_ops_enabled: true,
        extended_const_enabled: true,
        simd_enabled: true,
        canonicalize_nans: !deterministic,
        relaxed_simd_enabled: deterministic,
        exceptions_enabled: true,
        gc_enabled: true,
        tail_call_enabled: true,
        // With it come waits for a notification that nobody gives.
        threads_enabled: false,
        memory64_enabled: true,
        custom_page_sizes_enabled: true,
        wide_arithmetic_enabled: true,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

/// A valid module whose calls always terminate, from random input; `None` if the
/// input does not suffice.
pub fn module(input: &mut Unstructured<'_>, deterministic: bool) -> Option<Vec<u8>> {
    let mut module = Module::new(config(deterministic), input).ok()?;
    let fuel = module.ensure_termination(FUEL as u32).ok()?;
    export_global(&module.to_bytes(), fuel, FUEL_NAME)
}
