//! The machine code of a module as bytes.
//!
//! What was compiled together is an image of its own, as the compiler writes it. Here
//! they stand one after the other, each behind its length in 8 bytes, little-endian.

use std::collections::HashSet;
use std::sync::Arc;

use bimetal_jit::{JitCode, JitEngine};
use bimetal_parser::Module;

use crate::error::{Context as _, Result};

/// The bytes of code.
pub(super) fn write<'a>(codes: impl IntoIterator<Item = &'a JitCode>) -> Vec<u8> {
    let mut out = Vec::new();
    for code in codes {
        let image = code.image();
        out.extend((image.len() as u64).to_le_bytes());
        out.extend(image);
    }
    out
}

/// Puts code into memory.
///
/// # Errors
/// If the bytes are not of this form, or there is no memory for the code.
///
/// # Safety
/// As [`JitEngine::load`], of each image.
pub(super) unsafe fn read(
    jit: &JitEngine,
    module: &Arc<Module>,
    mut bytes: &[u8],
) -> Result<Vec<JitCode>> {
    let mut codes = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_first_chunk().context("cut short")?;
        let len = usize::try_from(u64::from_le_bytes(*len))?;
        let (image, rest) = rest.split_at_checked(len).context("cut short")?;
        // SAFETY: the caller's promise.
        codes.push(unsafe { jit.load(module, image) }?);
        bytes = rest;
    }
    Ok(codes)
}

/// Whether all these functions were to be compiled.
pub(super) fn covers(codes: &[JitCode], mut wanted: impl Iterator<Item = usize>) -> bool {
    let known: HashSet<usize> = codes.iter().flat_map(JitCode::known).collect();
    wanted.all(|defined| known.contains(&defined))
}
