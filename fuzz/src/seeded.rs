//! Input for both targets from a seed alone, for where no fuzzer chooses it.

use arbitrary::Unstructured;

use crate::binary::push_leb;
use crate::bytes::bytes;
use crate::generate::{Random, module};
use crate::loops;
use crate::tiers::{agree, tiers};

/// Runs [`tiers()`](crate::tiers::tiers) on the input that belongs to a seed. Returns
/// whether it made a module.
///
/// # Panics
/// If two tiers differ.
pub fn tiers_of(seed: u64) -> bool {
    if seed.is_multiple_of(LOOPS) {
        agree(&loops_module(seed), seed);
        return true;
    }
    tiers(&tiers_input(seed), seed)
}

/// Of so many seeds one belongs to a module of loops that copy and fill memory.
const LOOPS: u64 = 8;

fn loops_module(seed: u64) -> Vec<u8> {
    loops::module(&mut Random::new(seed))
}

fn tiers_input(seed: u64) -> Vec<u8> {
    let mut random = Random::new(seed);
    let len = 500 + random.below(6_000);
    random.bytes(len)
}

/// The module that [`tiers_of`] runs for a seed: to look at one that failed.
pub fn tiers_module(seed: u64) -> Option<Vec<u8>> {
    if seed.is_multiple_of(LOOPS) {
        return Some(loops_module(seed));
    }
    module(&mut Unstructured::new(&tiers_input(seed)), seed % 2 == 1)
}

/// Runs [`bytes()`](crate::bytes::bytes) on the bytes that belong to a seed. Returns
/// whether there are any.
///
/// # Panics
/// If the tiers disagree.
pub fn bytes_of(seed: u64) -> bool {
    let Some(data) = bytes_module(seed) else { return false };
    bytes(&data);
    true
}

/// The bytes that [`bytes_of`] loads for a seed: a module with something changed.
pub fn bytes_module(seed: u64) -> Option<Vec<u8>> {
    let mut random = Random::new(seed ^ 0x5eed);
    let wasm = random_module(&mut random)?;
    Some(mutated(wasm, &mut random))
}

fn random_module(random: &mut Random) -> Option<Vec<u8>> {
    let len = 200 + random.below(4_000);
    let data = random.bytes(len);
    module(&mut Unstructured::new(&data), true)
}

/// Numbers as they stand in a module: small, and the largest of several widths.
const NUMBERS: [usize; 8] = [0, 1, 127, 128, 1_000, 65_536, 0x7fff_ffff, 0xffff_ffff];

fn mutated(mut wasm: Vec<u8>, random: &mut Random) -> Vec<u8> {
    for _ in 0..=random.below(6) {
        let at = 8 + random.below(wasm.len().saturating_sub(8).max(1));
        let at = at.min(wasm.len());
        match random.below(9) {
            0 | 1 => {
                if let Some(byte) = wasm.get_mut(at) {
                    *byte = random.next_u64() as u8;
                }
            }
            2 => {
                if let Some(byte) = wasm.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            3 => wasm.truncate(at),
            4 => wasm.insert(at, random.next_u64() as u8),
            5 => {
                let end = (at + 1 + random.below(8)).min(wasm.len());
                wasm.drain(at..end);
            }
            6 => {
                let mut number = Vec::new();
                push_leb(&mut number, NUMBERS[random.below(NUMBERS.len())]);
                wasm.splice(at..(at + 1).min(wasm.len()), number);
            }
            7 => {
                let end = (at + 1 + random.below(64)).min(wasm.len());
                let copy = wasm[at..end].to_vec();
                let to = 8 + random.below(wasm.len() - 7);
                wasm.splice(to..to, copy);
            }
            _ => {
                // The rest of another module.
                if let Some(other) = random_module(random) {
                    let from = 8 + random.below(other.len() - 7);
                    wasm.truncate(at);
                    wasm.extend(&other[from.min(other.len())..]);
                }
            }
        }
    }
    wasm
}
