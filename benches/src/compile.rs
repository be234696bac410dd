//! How fast a module becomes what runs: validated, translated, compiled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bimetal::{Config, Strategy};
use bimetal_interp::fast::FastModule;
use bimetal_parser::{Module as Parsed, ParseOptions};
use bimetal_runtime::Settings;
use rustix::time::{ClockId, clock_gettime};

use crate::guest::Error;

/// What is done with the bytes of a module.
pub type Work = Box<dyn Fn(&[u8]) -> Result<(), Error>>;

/// Everything that is measured: the engine, what it does, and how. Ours come first.
pub const WORKS: [(&str, &str); 11] = [
    ("bimetal", "validate"),
    ("wasmtime", "validate"),
    ("wasmi", "validate"),
    ("bimetal", "translate all"),
    ("bimetal", "load, tiered"),
    ("bimetal", "load, tiered, validating later"),
    ("wasmi", "translate all, validating"),
    ("wasmi", "load, validating later"),
    ("bimetal", "compile"),
    ("wasmtime", "compile"),
    ("wasmtime, winch", "compile"),
];

/// One of [`WORKS`].
///
/// # Errors
/// If there is none of this name, or the engine is not available on this machine.
pub fn work(engine: &str, what: &str) -> Result<Work, Error> {
    Ok(match (engine, what) {
        ("bimetal", "translate all") => Box::new(|wasm| {
            let options = ParseOptions { lazy: true, ..ParseOptions::default() };
            let module = Arc::new(Parsed::new(wasm, &options)?);
            Ok(FastModule::new(&module, &Settings::default()).translate_all()?)
        }),
        ("bimetal", "validate") => {
            let engine = bimetal::Engine::default();
            Box::new(move |wasm| Ok(bimetal::Module::validate(&engine, wasm)?))
        }
        ("bimetal", _) => ours(what)?,
        ("wasmi", _) => wasmi(what)?,
        _ => wasmtime(engine, what)?,
    })
}

fn ours(what: &str) -> Result<Work, Error> {
    let mut config = Config::new();
    match what {
        "compile" => config.strategy(Strategy::Jit),
        "load, tiered" => config.strategy(Strategy::Tiered),
        "load, tiered, validating later" => config.strategy(Strategy::Tiered).lazy_validation(true),
        _ => return Err(format!("bimetal does not `{what}`").into()),
    };
    let engine = bimetal::Engine::new(&config)?;
    Ok(Box::new(move |wasm| Ok(bimetal::Module::new(&engine, wasm)?.compile()?)))
}

fn wasmtime(engine: &str, what: &str) -> Result<Work, Error> {
    let mut config = wasmtime::Config::new();
    if engine == "wasmtime, winch" {
        config.strategy(wasmtime::Strategy::Winch);
    }
    let engine = wasmtime::Engine::new(&config)?;
    Ok(match what {
        "validate" => Box::new(move |wasm| Ok(wasmtime::Module::validate(&engine, wasm)?)),
        _ => Box::new(move |wasm| Ok(wasmtime::Module::new(&engine, wasm).map(drop)?)),
    })
}

fn wasmi(what: &str) -> Result<Work, Error> {
    use wasmi::CompilationMode::{Eager, Lazy};
    let engine = |mode| {
        let mut config = wasmi::Config::default();
        config.compilation_mode(mode);
        wasmi::Engine::new(&config)
    };
    Ok(match what {
        "validate" => {
            let engine = engine(Eager);
            Box::new(move |wasm| Ok(wasmi::Module::validate(&engine, wasm)?))
        }
        "translate all, validating" => {
            let engine = engine(Eager);
            Box::new(move |wasm| Ok(wasmi::Module::new(&engine, wasm).map(drop)?))
        }
        "load, validating later" => {
            let engine = engine(Lazy);
            Box::new(move |wasm| Ok(wasmi::Module::new(&engine, wasm).map(drop)?))
        }
        _ => return Err(format!("wasmi does not `{what}`").into()),
    })
}

/// How long some work takes: of all processors together, and until it is done.
///
/// # Errors
/// If the engine refuses the module.
pub fn timed(work: &Work, wasm: &[u8]) -> Result<[Duration; 2], Error> {
    let (start, before) = (Instant::now(), processors());
    work(wasm)?;
    Ok([processors().saturating_sub(before), start.elapsed()])
}

/// What all threads of this process have taken of the processors so far.
fn processors() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::startup::large_module;

    #[test]
    fn all_work_can_be_done() {
        let wasm = large_module(20_000);
        for (engine, what) in WORKS {
            let work = work(engine, what).unwrap();
            timed(&work, &wasm).unwrap_or_else(|error| panic!("{engine}, {what}: {error}"));
        }
    }
}
