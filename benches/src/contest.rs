//! Engines side by side: each loads a module from bytes and calls its `run`.

use std::time::{Duration, Instant};

use bimetal::Strategy;

use crate::guest::{Error, Guest, ours};
use crate::measure::unsupported;

/// An engine with the settings that it takes part with.
pub enum Contestant {
    /// One of our strategies.
    Ours(bimetal::Engine),
    /// wasmtime with one of its compilers.
    Wasmtime(wasmtime::Engine),
    /// wasmi.
    Wasmi(wasmi::Engine),
    /// stitch, which has no settings.
    Stitch,
    /// tinywasm as it is by default.
    Tinywasm,
}

/// The other engines, by the names that [`Contestant::peer`] knows.
pub const PEERS: &[&str] =
    &["wasmtime", "wasmtime-winch", "wasmtime-pulley", "wasmi", "wasmi-lazy", "stitch", "tinywasm"];

/// The engines' types have the same names and do the same. `$failed` makes our error of
/// what a call failed with.
macro_rules! load {
    ($library:ident, $engine:expr, $wasm:expr, $export:expr, $code_bytes:expr, $failed:expr) => {{
        let module = $library::Module::new($engine, $wasm)?;
        let mut store = $library::Store::new($engine, ());
        let instance = $library::Instance::new(&mut store, &module, &[])?;
        let run = instance.get_typed_func::<i32, i64>(&mut store, $export)?;
        Ok(Guest {
            call: Box::new(move |times| run.call(&mut store, times).map_err($failed)),
            code_bytes: Box::new(move || $code_bytes(&module)),
        })
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

    /// wasmtime with these settings.
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

    /// One of [`PEERS`].
    ///
    /// # Errors
    /// If there is none of this name, or it is not available on this machine.
    pub fn peer(name: &str) -> Result<Contestant, Error> {
        let mut config = wasmtime::Config::new();
        match name {
            "wasmtime" => {}
            "wasmtime-winch" => {
                config.strategy(wasmtime::Strategy::Winch);
            }
            "wasmtime-pulley" => {
                config.target("pulley64")?;
            }
            "wasmi" => return Ok(Contestant::wasmi(wasmi::CompilationMode::Eager)),
            "wasmi-lazy" => return Ok(Contestant::wasmi(wasmi::CompilationMode::Lazy)),
            "stitch" => return Ok(Contestant::Stitch),
            "tinywasm" => return Ok(Contestant::Tinywasm),
            _ => return Err(format!("no engine is named `{name}`").into()),
        }
        Contestant::wasmtime(&config)
    }

    /// Loads and instantiates a module, binary or, of wasmtime and ours, text.
    ///
    /// # Errors
    /// If the engine refuses the module or it exports no such function.
    pub fn load(&self, wasm: &[u8], export: &str) -> Result<Guest, Error> {
        match self {
            Contestant::Ours(engine) => ours(engine, wasm, export),
            Contestant::Wasmtime(engine) => {
                let text = |module: &wasmtime::Module| Some(module.text().len());
                load!(wasmtime, engine, wasm, export, text, Error::from)
            }
            Contestant::Wasmi(engine) => {
                load!(wasmi, engine, wasm, export, |_: &_| None, refused_or_failed)
            }
            Contestant::Stitch => stitch(wasm, export),
            Contestant::Tinywasm => tinywasm(wasm, export),
        }
    }

    /// From bytes to the result of one call, and the result. Dropping what was
    /// loaded is not measured.
    ///
    /// # Errors
    /// As [`Contestant::load`], and if the call traps.
    pub fn total(&self, wasm: &[u8], export: &str, arg: i32) -> Result<(Duration, i64), Error> {
        let start = Instant::now();
        let mut guest = self.load(wasm, export)?;
        let result = (guest.call)(arg)?;
        Ok((start.elapsed(), result))
    }
}

/// What a call of wasmi failed with: a function that is translated then may turn out to
/// be one that wasmi cannot run.
fn refused_or_failed(error: wasmi::Error) -> Error {
    match error.as_trap_code() {
        Some(_) => error.into(),
        None => unsupported(error.into()),
    }
}

fn stitch(wasm: &[u8], export: &str) -> Result<Guest, Error> {
    use makepad_stitch::{Engine, Linker, Module, Store, Val};
    let mut store = Store::new(Engine::new());
    let module = Module::new(store.engine(), wasm).map_err(|error| error.to_string())?;
    let instance =
        Linker::new().instantiate(&mut store, &module).map_err(|error| error.to_string())?;
    let run = instance.exported_func(export).ok_or("no such export")?;
    Ok(Guest {
        call: Box::new(move |times| {
            let mut results = [Val::I64(0)];
            run.call(&mut store, &[Val::I32(times)], &mut results)
                .map_err(|error| error.to_string())?;
            match results {
                [Val::I64(sum)] => Ok(sum),
                _ => Err("another type of result".into()),
            }
        }),
        code_bytes: Box::new(|| None),
    })
}

fn tinywasm(wasm: &[u8], export: &str) -> Result<Guest, Error> {
    let module = tinywasm::parse_bytes(wasm)?;
    let mut store = tinywasm::Store::default();
    let instance = tinywasm::ModuleInstance::instantiate(&mut store, &module, None)?;
    let run = instance.func::<i32, i64>(&store, export)?;
    Ok(Guest {
        call: Box::new(move |times| Ok(run.call(&mut store, times)?)),
        code_bytes: Box::new(|| None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::UNSUPPORTED;

    #[test]
    fn what_a_lazy_engine_refuses_at_the_first_call_is_no_failure() {
        let error = |body: &str| {
            let text = format!("(module (func (export \"run\") (param i32) (result i64) {body}))");
            let wasm = wat::parse_str(text).unwrap();
            let mut guest = Contestant::peer("wasmi-lazy").unwrap().load(&wasm, "run").unwrap();
            (guest.call)(1).unwrap_err().to_string()
        };
        assert!(error("atomic.fence (i64.const 7)").starts_with(UNSUPPORTED));
        assert!(!error("unreachable").starts_with(UNSUPPORTED));
    }
}
