//! From a request to code that is entered.

use std::sync::Arc;

use bimetal_runtime::code::LoopReport;
use bimetal_runtime::hot::Counted;
use bimetal_runtime::osr::OsrEntry;

use super::mixed::{CompiledLoop, Mixed};
use crate::tiering::TieringStep;

impl Mixed {
    /// Compiles a function, or a function for frames that run in one of its loops, and
    /// leads there whoever comes by: no thread that runs the module is stopped. What
    /// is refused is noted.
    pub(super) fn compile(&self, defined: usize, counted: Counted) -> Option<OsrEntry> {
        self.tell(defined, counted, TieringStep::Started);
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
        match self.jit.compile_functions(module, &[defined], Some(self)) {
            Ok(code) => self.install(code),
            // Memory, or a body that lazy validation let pass: calls will tell.
            Err(error) => self.refuse(defined, error.message().to_owned()),
        }
        if let Some(hotness) = &self.hotness {
            hotness.function_is_done(defined);
        }
    }

    fn compile_loop(&self, defined: usize, number: u32) -> Option<OsrEntry> {
        let counted = Counted::Loop(number);
        let code = self.jit.compile_osr(self.fast.module(), defined, number, Some(self));
        let compiled = match code {
            Ok(code) => {
                let (compile_time, code_bytes) = (code.compile_time(), code.code_bytes());
                let step = TieringStep::Compiled { time: compile_time, code_bytes };
                self.tell(defined, counted, step);
                let report = LoopReport {
                    compiled: true,
                    code_bytes,
                    compile_time,
                    ..LoopReport::default()
                };
                CompiledLoop { report, code: Some(Arc::new(code)) }
            }
            Err(error) => {
                let reason = error.message();
                self.tell(defined, counted, TieringStep::Refused { reason });
                let reason = Some(reason.to_owned());
                CompiledLoop { report: LoopReport { reason, ..LoopReport::default() }, code: None }
            }
        };
        let entry = compiled.code.as_ref().map(|code| code.entry());
        // Kept before anybody can enter it.
        let mut machine = self.machine();
        machine.loops.insert((defined, number), compiled);
        drop(machine);
        self.install_loop(defined, number, entry);
        entry
    }

    /// Has frames that run in a loop enter its code from now on, if there is any.
    fn install_loop(&self, defined: usize, number: u32, entry: Option<OsrEntry>) {
        match entry {
            // Whoever watches is told when the first frame comes, which then asks.
            Some(entry) if !self.is_watched() => {
                self.fast.enter_loop(defined, number, entry);
            }
            Some(_) => {}
            None => self.fast.park_loop(defined, number),
        }
        if let Some(hotness) = &self.hotness {
            hotness.loop_is_done(defined, number, entry);
        }
        if entry.is_some() {
            self.tell(defined, Counted::Loop(number), TieringStep::Installed);
        }
    }
}
