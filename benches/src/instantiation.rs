//! What an instance costs: made and dropped with its store, and kept with thousands of
//! others.

use std::any::Any;

use bimetal::{Config, InstanceAllocationStrategy, PoolingAllocationConfig, Strategy};

use crate::guest::Error;

/// Something to instantiate. Nothing of it is imported.
pub struct Program {
    /// Its name in tables.
    pub name: &'static str,
    /// Its parts besides a function that is exported, as text.
    parts: &'static str,
    /// Bytes of initial data in its first memory.
    data: usize,
}

/// A memory, a table and globals, as small modules of compilers have them.
const PARTS: &str = r#"
    (memory (export "memory") 1) (table 8 funcref) (elem (i32.const 1) func $f $f)
    (global (mut i32) (i32.const 65536)) (global i32 (i32.const 1024)) (global i64 (i64.const 5))
    (data (i32.const 1024) "some text that a program might want to print\n")"#;

/// The same, and two pages of the system are written before instantiation ends.
const STARTED: &str = r#"
    (memory (export "memory") 1) (table 8 funcref) (elem (i32.const 1) func $f $f)
    (global (mut i32) (i32.const 65536)) (global i32 (i32.const 1024)) (global i64 (i64.const 5))
    (data (i32.const 1024) "some text that a program might want to print\n")
    (func $start (i32.store (i32.const 1000) (i32.const 1)) (i32.store (i32.const 60000) (i32.const 1)))
    (start $start)"#;

/// A memory for 1 MiB of data.
const LARGE: &str = r#"(memory (export "memory") 32)"#;

/// The same, and every 16th page of the system is written in the first half.
const LARGE_STARTED: &str = r#"(memory (export "memory") 32)
    (func $start (local i32)
      (loop $next
        (i32.store (local.get 0) (i32.const 1))
        (local.set 0 (i32.add (local.get 0) (i32.const 65536)))
        (br_if $next (i32.lt_u (local.get 0) (i32.const 1048576)))))
    (start $start)"#;

/// What is measured.
pub const PROGRAMS: [Program; 5] = [
    Program { name: "function", parts: "", data: 0 },
    Program { name: "parts", parts: PARTS, data: 0 },
    Program { name: "parts, 2 pages written", parts: STARTED, data: 0 },
    Program { name: "1 MiB", parts: LARGE, data: 1 << 20 },
    Program { name: "1 MiB, 16 pages written", parts: LARGE_STARTED, data: 1 << 20 },
];

impl Program {
    /// The module as text, which ours and wasmtime read.
    ///
    /// # Panics
    /// Never: writing to a string does not fail.
    pub fn text(&self) -> String {
        let data: String = (0..self.data).map(|i| char::from(b'a' + (i % 23) as u8)).collect();
        let data = match self.data {
            0 => String::new(),
            _ => format!("(data (i32.const 0) \"{data}\")"),
        };
        format!("(module (func $f (export \"f\") (result i32) i32.const 1) {} {data})", self.parts)
    }
}

/// How many instances a pool is for, where few live at once: the address space of a
/// process does not hold many large pools.
pub const FEW: u32 = 100;

/// A module that an engine has loaded, to be instantiated.
pub struct Mould {
    /// Makes an instance in a store of its own and drops both, so many times.
    pub repeat: Box<dyn Fn(u32) -> Result<(), Error>>,
    /// Makes an instance in a store of its own.
    pub keep: Box<dyn Fn() -> Result<Box<dyn Any>, Error>>,
}

/// Our engines, by the names that [`ours`] knows.
pub const OURS: [&str; 6] =
    ["jit", "interp", "tiered", "jit, pooled", "interp, pooled", "tiered, pooled"];

/// The engines' types have the same names and do the same.
macro_rules! mould {
    ($library:ident, $engine:expr, $module:expr) => {{
        let (engine, module) = ($engine, $module);
        let pre = $library::Linker::<()>::new(&engine).instantiate_pre(&module)?;
        let again = (engine.clone(), pre.clone());
        Ok(Mould {
            repeat: Box::new(move |times| {
                for _ in 0..times {
                    let mut store = $library::Store::new(&engine, ());
                    pre.instantiate(&mut store)?;
                }
                Ok(())
            }),
            keep: Box::new(move || {
                let (engine, pre) = &again;
                let mut store = $library::Store::new(engine, ());
                pre.instantiate(&mut store)?;
                Ok(Box::new(store))
            }),
        })
    }};
}

/// One of [`OURS`], with a pool for at most so many instances.
///
/// # Errors
/// If there is none of this name, or it is not available on this machine.
pub fn ours(name: &str, program: &Program, most: u32) -> Result<Mould, Error> {
    let (strategy, pooled) = match name.split_once(", ") {
        Some((strategy, "pooled")) => (strategy, true),
        _ => (name, false),
    };
    let mut config = Config::new();
    config.strategy(match strategy {
        "jit" => Strategy::Jit,
        "interp" => Strategy::Interpreter,
        "tiered" => Strategy::Tiered,
        _ => return Err(format!("no engine is named `{name}`").into()),
    });
    if pooled {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(most).total_memories(most).total_tables(most);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    let engine = bimetal::Engine::new(&config)?;
    let module = bimetal::Module::new(&engine, program.text())?;
    mould!(bimetal, engine, module)
}

/// The other engines, by the names that [`theirs`] knows.
#[cfg(feature = "peers")]
pub const PEERS: [&str; 3] = ["wasmtime", "wasmtime, pooled", "wasmi"];

/// One of [`PEERS`], with a pool for at most so many instances.
///
/// # Errors
/// As [`ours`].
#[cfg(feature = "peers")]
pub fn theirs(name: &str, program: &Program, most: u32) -> Result<Mould, Error> {
    let mut config = wasmtime::Config::new();
    match name {
        "wasmtime" => {}
        "wasmtime, pooled" => {
            let mut pool = wasmtime::PoolingAllocationConfig::default();
            pool.total_core_instances(most).total_memories(most).total_tables(most);
            config.allocation_strategy(wasmtime::InstanceAllocationStrategy::Pooling(pool));
        }
        "wasmi" => return wasmi(program),
        _ => return Err(format!("no engine is named `{name}`").into()),
    }
    let engine = wasmtime::Engine::new(&config)?;
    let module = wasmtime::Module::new(&engine, program.text())?;
    mould!(wasmtime, engine, module)
}

/// wasmi reads no text here.
#[cfg(feature = "peers")]
fn wasmi(program: &Program) -> Result<Mould, Error> {
    let engine = wasmi::Engine::default();
    let text = bimetal::Module::new(&bimetal::Engine::default(), program.text())?;
    let module = wasmi::Module::new(&engine, text.binary())?;
    let again = (engine.clone(), module.clone());
    Ok(Mould {
        repeat: Box::new(move |times| {
            for _ in 0..times {
                let mut store = wasmi::Store::new(&engine, ());
                wasmi::Instance::new(&mut store, &module, &[])?;
            }
            Ok(())
        }),
        keep: Box::new(move || {
            let (engine, module) = &again;
            let mut store = wasmi::Store::new(engine, ());
            wasmi::Instance::new(&mut store, module, &[])?;
            Ok(Box::new(store))
        }),
    })
}

/// The memory of this process that is resident now, in bytes.
pub fn rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_engine_of_ours_makes_every_program() {
        for program in &PROGRAMS {
            for name in OURS {
                let mould = ours(name, program, FEW).unwrap();
                (mould.repeat)(3).unwrap();
                let both = [(mould.keep)().unwrap(), (mould.keep)().unwrap()];
                assert!(both.iter().all(|store| store.is::<bimetal::Store<()>>()), "{name}");
            }
        }
    }
}
