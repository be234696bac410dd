//! Engines side by side: each loads a module from bytes and calls its `run`.

use std::time::{Duration, Instant};

use bimetal::Strategy;

use crate::peers::Error;

/// An engine with the settings that it takes part with.
pub enum Contestant {
    /// One of our strategies.
    Ours(bimetal::Engine),
    /// wasmtime with Cranelift.
    Wasmtime(wasmtime::Engine),
    /// wasmi.
    Wasmi(wasmi::Engine),
}

/// A module that is loaded and instantiated: calls one of its functions.
pub type Call = Box<dyn FnMut(i32) -> Result<i64, Error>>;

/// The engines' types have the same names and do the same.
macro_rules! load {
    ($library:ident, $engine:expr, $wasm:expr, $export:expr) => {{
        let module = $library::Module::new($engine, $wasm)?;
        let mut store = $library::Store::new($engine, ());
        let instance = $library::Instance::new(&mut store, &module, &[])?;
        let run = instance.get_typed_func::<i32, i64>(&mut store, $export)?;
        Ok(Box::new(move |times| Ok(run.call(&mut store, times)?)))
    }};
}

impl Contestant {
    /// One of our strategies, with functions validated when they are first called.
    ///
    /// # Errors
    /// If it is not available on this machine.
    pub fn ours(strategy: Strategy, lazy_validation: bool) -> Result<Contestant, Error> {
        let mut config = bimetal::Config::new();
        config.strategy(strategy).lazy_validation(lazy_validation);
        Ok(Contestant::Ours(bimetal::Engine::new(&config)?))
    }

    /// wasmtime with Cranelift and these settings.
    ///
    /// # Errors
    /// If it is not available on this machine.
    pub fn wasmtime(config: &wasmtime::Config) -> Result<Contestant, Error> {
        Ok(Contestant::Wasmtime(wasmtime::Engine::new(config)?))
    }

    /// wasmi, translating at load, at the first call, or validating then, too.
    pub fn wasmi(mode: wasmi::CompilationMode) -> Contestant {
        let mut config = wasmi::Config::default();
        config.compilation_mode(mode);
        Contestant::Wasmi(wasmi::Engine::new(&config))
    }

    /// Loads and instantiates a module, binary or text (wasmi: binary).
    ///
    /// # Errors
    /// If the engine refuses the module or it exports no such function.
    pub fn load(&self, wasm: &[u8], export: &str) -> Result<Call, Error> {
        match self {
            Contestant::Ours(engine) => load!(bimetal, engine, wasm, export),
            Contestant::Wasmtime(engine) => load!(wasmtime, engine, wasm, export),
            Contestant::Wasmi(engine) => load!(wasmi, engine, wasm, export),
        }
    }

    /// From bytes to the result of one call, and the result. Dropping what was
    /// loaded is not measured.
    ///
    /// # Errors
    /// As [`Contestant::load`], and if the call traps.
    pub fn total(&self, wasm: &[u8], export: &str, arg: i32) -> Result<(Duration, i64), Error> {
        let start = Instant::now();
        let mut call = self.load(wasm, export)?;
        let result = call(arg)?;
        Ok((start.elapsed(), result))
    }
}
