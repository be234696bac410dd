//! Telling profilers which function the code at an address belongs to.

mod elf;
mod gdb;
mod jitdump;
mod perfmap;

use std::sync::Mutex;
use std::{io, sync::PoisonError};

use bimetal_core::index::FuncIdx;

use crate::codemap::CodeIndex;
use crate::error::JitError;

pub(crate) use gdb::Registered;
use jitdump::JitDump;
use perfmap::PerfMap;

/// Who is told about compiled code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ProfilingStrategy {
    /// Nobody.
    #[default]
    None,
    /// `perf report`, by the file `/tmp/perf-PID.map`: names and addresses.
    PerfMap,
    /// `perf inject --jit`, by the file `jit-PID.dump` in the current folder: names,
    /// addresses and code. Record with `perf record -k mono`.
    JitDump,
}

/// What is known about a function in memory.
struct Symbol<'a> {
    name: String,
    address: usize,
    code: &'a [u8],
}

/// A file in which a profiler looks symbols up: one for the process.
trait Sink: Send {
    fn write(&mut self, symbol: &Symbol<'_>) -> io::Result<()>;

    /// # Errors
    /// If what was written does not reach the file.
    fn flush(&mut self) -> io::Result<()>;
}

/// The files that are open, each once: several engines write to the same.
static SINKS: Mutex<[Option<Box<dyn Sink>>; 2]> = Mutex::new([None, None]);

impl ProfilingStrategy {
    /// Opens the file.
    ///
    /// # Errors
    /// If it cannot be made.
    pub(crate) fn start(self) -> Result<(), JitError> {
        let failed = |error| JitError::new(format!("no file for the profiler: {error}"));
        let mut sinks = SINKS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sink) = self.index().and_then(|index| sinks.get_mut(index)) else {
            return Ok(());
        };
        if sink.is_none() {
            *sink = Some(match self {
                ProfilingStrategy::JitDump => Box::new(JitDump::create().map_err(failed)?),
                _ => Box::new(PerfMap::create().map_err(failed)?),
            });
        }
        Ok(())
    }

    fn index(self) -> Option<usize> {
        match self {
            ProfilingStrategy::None => None,
            ProfilingStrategy::PerfMap => Some(0),
            ProfilingStrategy::JitDump => Some(1),
        }
    }

    /// Writes down the functions of a block of code, which lies at `address`. A file
    /// that cannot be written any more is given up.
    pub(crate) fn loaded(self, index: &CodeIndex, address: usize, code: &[u8]) {
        let Some(sink) = self.index() else { return };
        let mut sinks = SINKS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(file) = sinks.get_mut(sink).and_then(Option::as_mut) else { return };
        let write = || symbols(index, address, code).try_for_each(|symbol| file.write(&symbol));
        if { write }().and_then(|()| file.flush()).is_err() {
            sinks[sink] = None;
        }
    }
}

/// Tells debuggers of the functions of a block of code, which lies at `address`.
pub(crate) fn register(index: &CodeIndex, address: usize, code: &[u8]) -> Registered {
    let symbols: Vec<_> = symbols(index, address, code).collect();
    Registered::new(&symbols, address, code.len())
}

/// The functions of a block of code.
fn symbols<'a>(
    index: &'a CodeIndex,
    address: usize,
    code: &'a [u8],
) -> impl Iterator<Item = Symbol<'a>> {
    index.funcs.windows(2).filter_map(move |range| {
        let [(start, defined), (end, _)] = *range else { return None };
        let code = code.get(start as usize..end as usize)?;
        let name = name(index, defined as usize);
        Some(Symbol { name, address: address + start as usize, code })
    })
}

/// The name of a function for people, on one line whatever the module says.
fn name(index: &CodeIndex, defined: usize) -> String {
    let func = FuncIdx(index.module.func_at(defined).0);
    match index.module.func_name(func) {
        Some(name) => {
            let plain = |char: char| if char.is_control() { '?' } else { char };
            format!("wasm:{}", name.chars().map(plain).collect::<String>())
        }
        None => format!("wasm:function[{}]", func.0),
    }
}
