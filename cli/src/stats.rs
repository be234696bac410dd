//! The line of figures that `--stats` prints.

use std::collections::BTreeMap;
use std::time::Duration;

use bimetal::{BranchStats, CallSiteStats, FunctionStats, LoopStats, Module};
use serde::Serialize;

use crate::args::Tier;

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
    /// The functions that ran or were compiled, where they change tiers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) functions: Vec<Function>,
}

/// What became of a function.
#[derive(Serialize, Debug)]
pub(crate) struct Function {
    /// Its index.
    pub(crate) function: u32,
    /// Its name, if it has one.
    pub(crate) name: Option<String>,
    /// Whether it or, of a loop, the frames that run in it are interpreted (`interp`)
    /// or compiled (`jit`) by now.
    pub(crate) tier: &'static str,
    /// Calls, or iterations, while it was interpreted.
    pub(crate) count: u64,
    /// Bytes of machine code.
    pub(crate) code_bytes: usize,
    /// Time that one thread took to compile it.
    pub(crate) compile_ns: u64,
    /// Why it is interpreted although it was to be compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// The same of its loops that ran: here `function` is the loop's number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) loops: Vec<Function>,
    /// Its indirect calls that were done while it was interpreted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) indirect_calls: Vec<IndirectCall>,
    /// Its conditional branches that were done while they were watched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) branches: Vec<Branch>,
}

/// What a conditional branch did while it was watched.
#[derive(Serialize, Debug)]
pub(crate) struct Branch {
    /// Its byte offset in the module.
    pub(crate) offset: u32,
    /// How often it was done.
    pub(crate) executed: u32,
    /// How often it was taken.
    pub(crate) taken: u32,
}

/// What an indirect call did.
#[derive(Serialize, Debug)]
pub(crate) struct IndirectCall {
    /// Its byte offset in the module.
    pub(crate) offset: u32,
    /// How often it was done.
    pub(crate) count: u64,
    /// The functions of the module that it reached most, by index, and how often.
    pub(crate) callees: BTreeMap<u32, u64>,
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

/// The functions of a module that ran or were compiled; none of a module that was
/// loaded with the code of all.
pub(crate) fn functions(module: &Module) -> Vec<Function> {
    let mut stats = module.function_stats();
    if stats.iter().all(|func| func.compiled && func.compile_time.is_zero()) {
        return Vec::new();
    }
    stats.retain(|func| func.compiled || func.calls > 0);
    stats.into_iter().map(function).collect()
}

fn function(func: FunctionStats) -> Function {
    let ran = |found: &LoopStats| found.compiled || found.iterations > 0;
    Function {
        function: func.index,
        name: func.name,
        tier: tier(func.compiled),
        count: func.calls,
        code_bytes: func.code_bytes,
        compile_ns: nanos(func.compile_time),
        reason: func.reason,
        loops: func.loops.into_iter().filter(ran).map(in_loop).collect(),
        indirect_calls: func.call_sites.iter().filter_map(indirect_call).collect(),
        branches: func.branches.iter().filter_map(branch).collect(),
    }
}

/// A call whose callee the text of the program does not say.
fn indirect_call(site: &CallSiteStats) -> Option<IndirectCall> {
    let callees = site.callees.iter().map(|callee| (callee.index, callee.calls)).collect();
    let done = !site.direct && site.calls > 0;
    done.then_some(IndirectCall { offset: site.offset, count: site.calls, callees })
}

fn branch(of: &BranchStats) -> Option<Branch> {
    let BranchStats { offset, executed, taken, .. } = *of;
    (executed > 0).then_some(Branch { offset, executed, taken })
}

fn in_loop(found: LoopStats) -> Function {
    Function {
        function: found.number,
        name: None,
        tier: tier(found.compiled),
        count: found.iterations,
        code_bytes: found.code_bytes,
        compile_ns: nanos(found.compile_time),
        reason: found.reason,
        loops: Vec::new(),
        indirect_calls: Vec::new(),
        branches: Vec::new(),
    }
}

fn tier(compiled: bool) -> &'static str {
    if compiled { Tier::Jit.name() } else { Tier::Interp.name() }
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
