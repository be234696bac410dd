//! The line of figures that `--stats` prints.

use std::time::Duration;

use bimetal::{FunctionStats, Module};
use serde::Serialize;

/// Times of one run in nanoseconds and its memory in bytes.
#[derive(Serialize, Debug)]
pub(crate) struct Stats {
    /// The tier that ran the program.
    pub(crate) tier: &'static str,
    /// Decoding and validation.
    pub(crate) parse_ns: u64,
    /// Compilation; zero for tiers that translate functions when they are called.
    pub(crate) compile_ns: u64,
    /// Instantiation, the start function included.
    pub(crate) instantiate_ns: u64,
    /// The program itself, or the span between `bench.start` and `bench.end`.
    pub(crate) exec_ns: u64,
    /// The most memory that the process had; `null` where the system does not tell.
    pub(crate) peak_rss_bytes: Option<u64>,
    /// The functions that were to be compiled but are interpreted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) not_compiled: Vec<NotCompiled>,
}

/// A function that the compiler does not take on.
#[derive(Serialize, Debug)]
pub(crate) struct NotCompiled {
    /// Its index.
    pub(crate) function: u32,
    /// Its name, if it has one.
    pub(crate) name: Option<String>,
    /// Why.
    pub(crate) reason: String,
}

/// The functions of a module that were to be compiled but are interpreted.
pub(crate) fn not_compiled(module: &Module) -> Vec<NotCompiled> {
    let interpreted = |func: FunctionStats| {
        Some(NotCompiled { function: func.index, name: func.name, reason: func.reason? })
    };
    module.function_stats().into_iter().filter_map(interpreted).collect()
}

impl Stats {
    /// Prints the figures as one line of JSON on standard error.
    pub(crate) fn print(&self) {
        match serde_json::to_string(self) {
            Ok(line) => eprintln!("{line}"),
            Err(error) => eprintln!("Error: failed to write the figures: {error}"),
        }
    }
}

/// A duration in whole nanoseconds.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The largest resident set that the process had so far, in bytes.
pub(crate) fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}
