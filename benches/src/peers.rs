//! The same kernel on our compiler and on wasmtime, in one process.

use bimetal::Strategy;

use crate::contest::Contestant;
use crate::guest::{Call, Error};
use crate::kernels::Kernel;

/// A kernel on our compiler.
///
/// # Errors
/// If the kernel cannot be loaded.
pub fn ours(kernel: &Kernel) -> Result<Call, Error> {
    Contestant::ours(Strategy::Jit, false)?
        .load(kernel.text.as_bytes(), "run")
        .map(|guest| guest.call)
}

/// A kernel on our interpreter.
///
/// # Errors
/// If the kernel cannot be loaded.
pub fn interpreted(kernel: &Kernel) -> Result<Call, Error> {
    Contestant::ours(Strategy::Interpreter, false)?
        .load(kernel.text.as_bytes(), "run")
        .map(|guest| guest.call)
}

/// A kernel on wasmi, translated when it is loaded.
///
/// # Errors
/// If the kernel cannot be loaded.
pub fn wasmi(kernel: &Kernel) -> Result<Call, Error> {
    Contestant::peer("wasmi")?.load(kernel.text.as_bytes(), "run").map(|guest| guest.call)
}

/// A kernel on wasmtime as it is by default, with the features that kernels use.
///
/// # Errors
/// If the kernel cannot be loaded.
pub fn theirs(kernel: &Kernel) -> Result<Call, Error> {
    let mut config = wasmtime::Config::new();
    config.wasm_function_references(true);
    config.wasm_gc(true);
    config.wasm_exceptions(true);
    config.wasm_threads(true);
    config.shared_memory(true);
    Contestant::wasmtime(&config)?.load(kernel.text.as_bytes(), "run").map(|guest| guest.call)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::KERNELS;

    #[test]
    fn kernels_compute_the_same_on_both_engines() {
        for kernel in KERNELS {
            let mut ours = ours(kernel).unwrap();
            let mut theirs = theirs(kernel).unwrap();
            assert_eq!(ours(3).unwrap(), theirs(3).unwrap(), "{}", kernel.name);
        }
    }
}
