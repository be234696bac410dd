//! A compiled module.

use std::fmt;
use std::sync::Arc;

use bimetal_core::index::FuncIdx;
use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, FuncReport, ModuleCode};

use crate::code::{JitCode, Stats};
use crate::enter::array_call;

/// The machine code of all functions of a module and the code slots that lead to it.
pub struct JitModule {
    slots: Box<[CodeSlot]>,
    code: JitCode,
}

impl JitModule {
    pub(crate) fn new(code: JitCode) -> JitModule {
        let slots: Box<[CodeSlot]> =
            code.module().bodies.iter().map(|_| CodeSlot::new(array_call)).collect();
        code.install(&slots);
        JitModule { slots, code }
    }

    /// What the compilation took and gave.
    pub fn stats(&self) -> &Stats {
        self.code.stats()
    }

    /// The module that was compiled.
    pub fn module(&self) -> &Arc<Module> {
        self.code.module()
    }

    /// The functions' code.
    pub fn all(&self) -> &JitCode {
        &self.code
    }

    /// The machine code of a defined function, as it lies in memory.
    pub fn code(&self, defined: usize) -> Option<&[u8]> {
        self.code.code(defined)
    }
}

impl fmt::Debug for JitModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitModule").field("stats", self.stats()).finish_non_exhaustive()
    }
}

// SAFETY: the slots are made once and live in a box of their own. The array
// entry expects nothing in `VmCtx::tier`.
unsafe impl ModuleCode for JitModule {
    fn slots(&self) -> &[CodeSlot] {
        &self.slots
    }
    fn tier(&self) -> *const () {
        std::ptr::null()
    }
    fn report(&self, defined: usize) -> FuncReport {
        self.code.report(defined).unwrap_or_default()
    }
}

/// Whether the host or another module can call the function: only then does it
/// need a trampoline.
pub(crate) fn escapes(module: &Module, defined: usize) -> bool {
    let func: FuncIdx = module.func_at(defined);
    module.escaping_index(func).is_some()
}
