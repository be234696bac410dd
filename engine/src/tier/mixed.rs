//! Modules whose functions are in different tiers.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bimetal_interp::fast::{FastModule, NotedCall};
use bimetal_jit::{JitCode, JitEngine, OsrCode, native_call};
use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, FuncReport, LoopReport, ModuleCode, SiteReport};
use bimetal_runtime::hot::Counted;
use bimetal_runtime::seen::Seen as _;

use super::hotness::Hotness;
use super::image;
use super::policy::Policy;
use crate::error::{Error, Result};
use crate::serialize::CacheEntry;
use crate::tiering::TieringStep;

/// The code of a module: the interpreter's, and machine code of those functions that
/// have been compiled. A code slot leads to the interpreter until it is switched.
pub(super) struct Mixed {
    pub(super) fast: Arc<FastModule>,
    pub(super) jit: Arc<JitEngine>,
    machine: Mutex<Machine>,
    /// Of a module that is compiled bit by bit.
    pub(super) hotness: Option<Arc<Hotness>>,
    /// Where what is compiled bit by bit is kept.
    cached: Option<Arc<CacheEntry>>,
}

/// All machine code of a module, and what is to be said about it.
#[derive(Default)]
pub(super) struct Machine {
    functions: Vec<JitCode>,
    /// What nobody enters any more but somebody may run in.
    superseded: Vec<JitCode>,
    /// Bytes of the functions that have been linked with each other.
    linked: usize,
    /// Whether functions were compiled that the cache does not have.
    unsaved: bool,
    pub(super) loops: HashMap<(usize, u32), CompiledLoop>,
    reports: HashMap<usize, FuncReport>,
}

/// What became of a loop, and its code.
#[derive(Clone, Default)]
pub(super) struct CompiledLoop {
    pub(super) report: LoopReport,
    /// Kept for those who run in it.
    pub(super) code: Option<Arc<OsrCode>>,
}

impl Mixed {
    /// A module of which nothing is compiled.
    ///
    /// # Errors
    /// If there is no memory for code.
    pub(super) fn new(
        fast: Arc<FastModule>,
        jit: &Arc<JitEngine>,
        hotness: Option<Arc<Hotness>>,
        cached: Option<Arc<CacheEntry>>,
    ) -> Result<Arc<Mixed>> {
        jit.lead_to_interpreter(fast.module(), fast.slots())?;
        let (jit, machine) = (Arc::clone(jit), Mutex::default());
        Ok(Arc::new(Mixed { fast, jit, machine, hotness, cached }))
    }

    /// The module as the tiers read it.
    pub(super) fn parsed(&self) -> &Arc<Module> {
        self.fast.module()
    }

    pub(super) fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches functions to their machine code, whoever is running them: who calls
    /// them from now on enters it.
    pub(super) fn install(&self, code: JitCode) {
        let reports: Vec<_> =
            code.known().filter_map(|defined| Some((defined, code.report(defined)?))).collect();
        for (defined, FuncReport { compile_time: time, code_bytes, reason, .. }) in &reports {
            let (time, code_bytes) = (*time, *code_bytes);
            let step = match reason {
                None => TieringStep::Compiled { time, code_bytes },
                Some(reason) => TieringStep::Refused { reason },
            };
            self.tell(*defined, Counted::Calls, step);
        }
        let installed: Vec<usize> = code.compiled().collect();
        self.lead_to(code);
        let mut machine = self.machine();
        machine.reports.extend(reports);
        machine.unsaved = true;
        drop(machine);
        let tell = |defined| self.tell(defined, Counted::Calls, TieringStep::Installed);
        installed.into_iter().for_each(tell);
    }

    /// Has whoever calls functions enter their machine code from now on.
    fn lead_to(&self, code: JitCode) {
        let mut machine = self.machine();
        code.install(self.fast.slots());
        code.compiled().for_each(|defined| self.fast.enter_native(defined, native_call));
        machine.functions.push(code);
    }

    /// Links the functions that were compiled one by one with each other, if there are
    /// enough new ones.
    pub(super) fn relink(&self) {
        let mut machine = self.machine();
        let linkable = machine.functions.iter().map(JitCode::linkable).filter(|&bytes| bytes > 0);
        let (count, bytes) = linkable.fold((0, 0), |(n, sum), bytes| (n + 1, sum + bytes));
        if count < 2 || !Policy::relinks(machine.linked, bytes) {
            return;
        }
        let functions = std::mem::take(&mut machine.functions);
        let (mut old, mut functions): (Vec<_>, Vec<_>) =
            functions.into_iter().partition(|code| code.linkable() > 0);
        match self.jit.relink(self.fast.module(), &mut old) {
            Ok(code) => {
                code.install(self.fast.slots());
                functions.push(code);
                machine.superseded.append(&mut old);
            }
            // Without memory for it, everything stays as it is.
            Err(_) => functions.append(&mut old),
        }
        machine.functions = functions;
        machine.linked = bytes;
    }

    /// Installs functions that the cache had.
    pub(super) fn install_cached(&self, codes: Vec<JitCode>) {
        for code in codes {
            let mut machine = self.machine();
            for defined in code.known() {
                machine.reports.extend(code.report(defined).map(|report| (defined, report)));
                if let Some(hotness) = &self.hotness {
                    hotness.function_is_done(defined);
                }
            }
            drop(machine);
            self.lead_to(code);
        }
    }

    /// The machine code as bytes.
    pub(super) fn image(&self) -> Vec<u8> {
        image::write(&self.machine().functions)
    }

    /// Whether what is compiled is to be left in the cache.
    pub(super) fn is_kept(&self) -> bool {
        self.cached.is_some()
    }

    /// Leaves what has been compiled in the cache, unless it is there already.
    pub(super) fn save(&self) {
        let Some(cached) = &self.cached else { return };
        if !self.machine().unsaved {
            return;
        }
        // What is loaded later is not linked any more.
        self.relink();
        let mut machine = self.machine();
        if std::mem::take(&mut machine.unsaved) {
            let bytes = image::write(&machine.functions);
            drop(machine);
            cached.store(&bytes);
        }
    }

    /// Notes why a function stays in the interpreter.
    pub(super) fn refuse(&self, defined: usize, reason: String) {
        self.tell(defined, Counted::Calls, TieringStep::Refused { reason: &reason });
        let report = FuncReport { reason: Some(reason), ..FuncReport::default() };
        self.machine().reports.insert(defined, report);
    }
}

impl Drop for Mixed {
    fn drop(&mut self) {
        if let Some(hotness) = &self.hotness {
            for (defined, counted) in hotness.cancel() {
                self.tell(defined, counted, TieringStep::Cancelled);
            }
        }
        self.save();
    }
}

// SAFETY: slots and tier data are those of the interpreter's code, which lives as
// long; its entries are the ones that expect that data.
unsafe impl ModuleCode for Mixed {
    fn slots(&self) -> &[CodeSlot] {
        self.fast.slots()
    }

    fn tier(&self) -> *const () {
        self.fast.tier()
    }

    fn report(&self, defined: usize) -> FuncReport {
        let machine = self.machine();
        let mut report = machine.reports.get(&defined).cloned().unwrap_or_default();
        if let Some(hotness) = &self.hotness {
            report.calls = self.calls(defined);
            let site = |NotedCall { offset, direct, calls, callees, .. }| SiteReport {
                offset,
                direct,
                calls,
                callees,
            };
            report.sites = self.fast.noted_calls(defined).into_iter().map(site).collect();
            report.branches = self.branches_in(defined);
            for (number, left) in self.fast.iterations_left(defined) {
                let known = machine.loops.get(&(defined, number)).cloned().unwrap_or_default();
                let iterations = hotness.count(defined, Counted::Loop(number), Some(left));
                report.loops.push(LoopReport { number, iterations, ..known.report });
            }
        }
        report
    }

    fn bridge(&self, defined: usize) -> Result<*const u8, Box<dyn Any + Send + Sync>> {
        let module = self.fast.module();
        let bridge = self.jit.bridge(module.type_of_func(module.func_at(defined)));
        bridge.map_err(|error| Error::from(error).into_any())
    }
}
