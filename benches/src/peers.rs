//! The same kernel on our compiler and on wasmtime, in one process.

use bimetal::{Config, Engine, Instance, Module, Store, Strategy};

use crate::kernels::Kernel;

/// A kernel on one engine: does it so many times and gives the checksum.
pub type Run = Box<dyn FnMut(i32) -> i64>;

/// Error of either engine.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// A kernel on our compiler.
///
/// # Errors
/// If the kernel cannot be loaded.
pub fn ours(kernel: &Kernel) -> Result<Run, Error> {
    let mut config = Config::new();
    config.strategy(Strategy::Jit);
    let engine = Engine::new(&config)?;
    let module = Module::new(&engine, kernel.text)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
    Ok(Box::new(move |times| run.call(&mut store, times).expect("no trap")))
}

/// A kernel on wasmtime as it is by default, with the features that kernels use.
///
/// # Errors
/// If the kernel cannot be loaded.
pub fn theirs(kernel: &Kernel) -> Result<Run, Error> {
    let mut config = wasmtime::Config::new();
    config.wasm_function_references(true);
    config.wasm_gc(true);
    config.wasm_exceptions(true);
    config.wasm_threads(true);
    config.shared_memory(true);
    let engine = wasmtime::Engine::new(&config)?;
    let module = wasmtime::Module::new(&engine, kernel.text)?;
    let mut store = wasmtime::Store::new(&engine, ());
    let instance = wasmtime::Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, "run")?;
    Ok(Box::new(move |times| run.call(&mut store, times).expect("no trap")))
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
            assert_eq!(ours(3), theirs(3), "{}", kernel.name);
        }
    }
}
