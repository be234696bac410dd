//! Any bytes are loaded or refused.
#![no_main]

use bimetal_fuzz::bytes::bytes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| bytes(data));
