//! A module that some engine has loaded, and how ours do it.

use bimetal::{Engine, Instance, Module, Store};

/// Error of any engine.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Calls the function of a module: it does its work so many times and gives a
/// checksum.
pub type Call = Box<dyn FnMut(i32) -> Result<i64, Error>>;

/// A module that is loaded and instantiated.
pub struct Guest {
    /// The function that does the work.
    pub call: Call,
    /// Bytes of machine code, as far as the engine tells: now, which may be more later.
    pub code_bytes: Box<dyn Fn() -> Option<usize>>,
}

/// Loads and instantiates a module without imports, binary or text, on one of our
/// strategies.
///
/// # Errors
/// If the module cannot be loaded or exports no such function.
pub fn ours(engine: &Engine, wasm: &[u8], export: &str) -> Result<Guest, Error> {
    let module = Module::new(engine, wasm)?;
    let mut store = Store::new(engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    let run = instance.get_typed_func::<i32, i64>(&mut store, export)?;
    Ok(Guest {
        call: Box::new(move |times| Ok(run.call(&mut store, times)?)),
        code_bytes: Box::new(move || code_bytes(&module)),
    })
}

/// The bytes of machine code of a module, if it has any.
pub fn code_bytes(module: &Module) -> Option<usize> {
    let bytes = module.function_stats().iter().map(|func| func.code_bytes).sum();
    (bytes > 0).then_some(bytes)
}
