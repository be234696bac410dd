//! From a request to code that is entered.

use std::sync::PoisonError;

use bimetal_runtime::hot::Counted;
use bimetal_runtime::osr::OsrEntry;

use super::mixed::Mixed;

impl Mixed {
    /// Compiles a function, or a function for frames that run in one of its loops, and
    /// leads there whoever comes by: no thread that runs the module is stopped. What
    /// is refused is noted.
    pub(super) fn compile(&self, defined: usize, counted: Counted) -> Option<OsrEntry> {
        match counted {
            Counted::Calls => {
                self.compile_function(defined);
                None
            }
            Counted::Loop(number) => self.compile_loop(defined, number),
        }
    }

    fn compile_function(&self, defined: usize) {
        let module = self.fast.module();
        match self.jit.compile_functions(module, &[defined]) {
            Ok(code) => self.install(code),
            // Memory, or a body that lazy validation let pass: calls will tell.
            Err(error) => self.refuse(defined, error.message().to_owned()),
        }
        if let Some(hotness) = &self.hotness {
            hotness.function_is_done(defined);
        }
    }

    fn compile_loop(&self, defined: usize, number: u32) -> Option<OsrEntry> {
        let result = self.jit.compile_osr(self.fast.module(), defined, number);
        let entry = result.as_ref().ok().map(bimetal_jit::OsrCode::entry);
        match result {
            Ok(code) => {
                // Kept before anybody can enter it.
                let mut machine = self.machine.lock().unwrap_or_else(PoisonError::into_inner);
                let entry = code.entry();
                machine.loops.push(code);
                drop(machine);
                self.fast.enter_loop(defined, number, entry);
            }
            Err(_) => self.fast.park_loop(defined, number),
        }
        if let Some(hotness) = &self.hotness {
            hotness.loop_is_done(defined, number, entry);
        }
        entry
    }
}
