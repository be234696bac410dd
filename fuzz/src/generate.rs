//! Random input from a seed, and random modules from random input.

use arbitrary::Unstructured;
use wasm_smith::{Config, Module};

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

/// How many function entries and loop iterations a module may make in one call.
const FUEL: u32 = 2_000;

/// The features that every tier implements.
fn config() -> Config {
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
        // The bits of a NaN are open, and a vector shows them.
        canonicalize_nans: true,
        relaxed_simd_enabled: false,
        exceptions_enabled: true,
        gc_enabled: true,
        tail_call_enabled: true,
        threads_enabled: false,
        memory64_enabled: true,
        custom_page_sizes_enabled: true,
        wide_arithmetic_enabled: true,
        compact_imports_enabled: false,
        ..Config::default()
    }
}

/// A valid module that always terminates, from random input; `None` if the input
/// does not suffice.
pub fn module(input: &mut Unstructured<'_>) -> Option<Vec<u8>> {
    let mut module = Module::new(config(), input).ok()?;
    module.ensure_termination(FUEL).ok()?;
    Some(module.to_bytes())
}
