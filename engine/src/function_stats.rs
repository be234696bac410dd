//! What became of the functions of a module.

use std::time::Duration;

use bimetal_parser::Module as Parsed;
use bimetal_runtime::code::{LoopReport, SiteReport};
use bimetal_runtime::seen::SeenBranch;

use crate::module::Module;

/// Where a defined function of a module is, and what its code took: see
/// [`Module::function_stats`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct FunctionStats {
    /// Its index in the module.
    pub index: u32,
    /// Its name, from the name section or its export.
    pub name: Option<String>,
    /// Whether calls of it enter machine code; otherwise it is interpreted.
    pub compiled: bool,
    /// Calls while it was interpreted, by all instances: about so many, since threads
    /// that count at the same time may lose some. Counted under
    /// [`Strategy::Tiered`](crate::Strategy::Tiered) only, as are iterations.
    pub calls: u64,
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Time that one thread took to compile it; zero if its code was loaded.
    pub compile_time: Duration,
    /// Why it is interpreted although it was to be compiled: it is beyond what the
    /// compiler takes on.
    pub reason: Option<String>,
    /// Its loops, as far as it has been interpreted.
    pub loops: Vec<LoopStats>,
    /// The calls in it, ascending by their offsets, as far as they say what they do: calls
    /// of functions that the module defines, by name or by reference, other than tail
    /// calls. What the compiler knows when it inlines. Under
    /// [`Strategy::Tiered`](crate::Strategy::Tiered) only, once it has been interpreted.
    pub call_sites: Vec<CallSiteStats>,
    /// The conditional branches in it, ascending by their offsets: `if`, `br_if` and
    /// branches on references, other than those that close a loop, which its iterations
    /// are counted for. What the compiler knows when it keeps apart what is hardly ever
    /// reached. As [`FunctionStats::call_sites`] otherwise.
    pub branches: Vec<BranchStats>,
}

/// A conditional branch in a function: see [`FunctionStats::branches`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BranchStats {
    /// Its byte offset in the module.
    pub offset: u32,
    /// How often it was executed while the function was interpreted, up to 64 times: then
    /// it is watched no more. Threads that count at the same time may lose some.
    pub executed: u32,
    /// How often it was taken among those times; of an `if`: how often its first arm was.
    pub taken: u32,
}

impl BranchStats {
    fn new(seen: SeenBranch) -> BranchStats {
        let SeenBranch { offset, executed, taken } = seen;
        BranchStats { offset, executed, taken }
    }
}

/// A call in a function: see [`FunctionStats::call_sites`].
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CallSiteStats {
    /// Its byte offset in the module.
    pub offset: u32,
    /// Whether it names its callee: `call`, and not `call_indirect` or `call_ref`.
    pub direct: bool,
    /// How often it was done while the function was interpreted: about so many, since
    /// threads that count at the same time may lose some. A direct call is counted up to
    /// 64 and no further: then it was done so often or more.
    pub calls: u64,
    /// The functions that it reached, the one it reached most first. Of an indirect call
    /// these are at most two, without functions of other instances and of the host, so
    /// that their calls may be fewer than [`CallSiteStats::calls`].
    pub callees: Vec<CalleeStats>,
}

/// A function that a call reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CalleeStats {
    /// Its index in the module.
    pub index: u32,
    /// How often: counted as [`CallSiteStats::calls`].
    pub calls: u64,
}

impl CallSiteStats {
    fn new(module: &Parsed, report: SiteReport) -> CallSiteStats {
        let SiteReport { offset, direct, calls, callees } = report;
        let callee = |(defined, calls): (u32, u64)| {
            let index = module.func_at(defined as usize).0;
            CalleeStats { index, calls }
        };
        let reached = callees.into_iter().filter(|&(_, calls)| calls > 0);
        CallSiteStats { offset, direct, calls, callees: reached.map(callee).collect() }
    }
}

/// The same of a loop: what was compiled for frames of the interpreter that run in it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LoopStats {
    /// Its number in the function, in the order of the text, from zero.
    pub number: u32,
    /// Whether such frames go on in machine code.
    pub compiled: bool,
    /// Iterations while it was interpreted: about so many.
    pub iterations: u64,
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Time that it took to compile it.
    pub compile_time: Duration,
    /// Why it is interpreted although it was to be compiled.
    pub reason: Option<String>,
}

impl LoopStats {
    fn new(report: LoopReport) -> LoopStats {
        let LoopReport { number, iterations, compiled, code_bytes, compile_time, reason } = report;
        LoopStats { number, compiled, iterations, code_bytes, compile_time, reason }
    }
}

impl Module {
    /// The functions that the module defines, as they are now. Empty as long as the
    /// module's code has not been made ([`Module::compile`]).
    pub fn function_stats(&self) -> Vec<FunctionStats> {
        let Some(code) = self.made_code() else { return Vec::new() };
        let module = self.parsed();
        let site = |report| CallSiteStats::new(module, report);
        let stats = |defined| {
            let func = module.func_at(defined);
            let report = code.report(defined);
            FunctionStats {
                index: func.0,
                name: module.func_name(func).map(str::to_owned),
                compiled: report.compiled,
                code_bytes: report.code_bytes,
                compile_time: report.compile_time,
                reason: report.reason,
                calls: report.calls,
                loops: report.loops.into_iter().map(LoopStats::new).collect(),
                call_sites: report.sites.into_iter().map(site).collect(),
                branches: report.branches.into_iter().map(BranchStats::new).collect(),
            }
        };
        (0..module.bodies.len()).map(stats).collect()
    }
}
