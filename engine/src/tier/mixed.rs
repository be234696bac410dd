//! Modules whose functions are in different tiers.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bimetal_interp::fast::FastModule;
use bimetal_jit::{JitCode, JitEngine, OsrCode, native_call};
use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, FuncReport, ModuleCode};

use super::hotness::Hotness;
use super::image;
use crate::error::{Error, Result};
use crate::serialize::CacheEntry;

/// The code of a module: the interpreter's, and machine code of those functions that
/// have been compiled. A code slot leads to the interpreter until it is switched.
pub(super) struct Mixed {
    pub(super) fast: Arc<FastModule>,
    pub(super) jit: Arc<JitEngine>,
    pub(super) machine: Mutex<Machine>,
    /// Of a module that is compiled bit by bit.
    pub(super) hotness: Option<Arc<Hotness>>,
    /// Where what is compiled bit by bit is kept.
    cached: Option<Arc<CacheEntry>>,
}

/// All machine code of a module, and what is to be said about it.
#[derive(Default)]
pub(super) struct Machine {
    functions: Vec<JitCode>,
    /// Whether functions were compiled that the cache does not have.
    unsaved: bool,
    pub(super) loops: Vec<OsrCode>,
    reports: HashMap<usize, FuncReport>,
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

    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches functions to their machine code, whoever is running them: who calls
    /// them from now on enters it.
    pub(super) fn install(&self, code: JitCode) {
        let mut machine = self.machine();
        code.install(self.fast.slots());
        code.compiled().for_each(|defined| self.fast.enter_native(defined, native_call));
        let reports = code.known().filter_map(|defined| Some((defined, code.report(defined)?)));
        machine.reports.extend(reports);
        machine.functions.push(code);
        machine.unsaved = true;
    }

    /// Installs functions that the cache had.
    pub(super) fn install_cached(&self, codes: Vec<JitCode>) {
        if let Some(hotness) = &self.hotness {
            let known = codes.iter().flat_map(JitCode::known);
            known.for_each(|defined| hotness.function_is_done(defined));
        }
        codes.into_iter().for_each(|code| self.install(code));
        self.machine().unsaved = false;
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
        let mut machine = self.machine();
        if std::mem::take(&mut machine.unsaved) {
            let bytes = image::write(&machine.functions);
            drop(machine);
            cached.store(&bytes);
        }
    }

    /// Notes why a function stays in the interpreter.
    pub(super) fn refuse(&self, defined: usize, reason: String) {
        let report = FuncReport { reason: Some(reason), ..FuncReport::default() };
        self.machine().reports.insert(defined, report);
    }
}

impl Drop for Mixed {
    fn drop(&mut self) {
        if let Some(hotness) = &self.hotness {
            hotness.cancel();
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
        self.machine().reports.get(&defined).cloned().unwrap_or_default()
    }

    fn bridge(&self, defined: usize) -> Result<*const u8, Box<dyn Any + Send + Sync>> {
        let module = self.fast.module();
        let bridge = self.jit.bridge(module.type_of_func(module.func_at(defined)));
        bridge.map_err(|error| Error::from(error).into_any())
    }
}
