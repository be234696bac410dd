//! What became of the functions of a module.

use std::time::Duration;

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
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Time that one thread took to compile it; zero if its code was loaded.
    pub compile_time: Duration,
    /// Why it is interpreted although it was to be compiled: it is beyond what the
    /// compiler takes on.
    pub reason: Option<String>,
}

impl Module {
    /// The functions that the module defines, as they are now. Empty as long as the
    /// module's code has not been made ([`Module::compile`]).
    pub fn function_stats(&self) -> Vec<FunctionStats> {
        let Some(code) = self.made_code() else { return Vec::new() };
        let module = self.parsed();
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
            }
        };
        (0..module.bodies.len()).map(stats).collect()
    }
}
