//! Modules whose functions are in different tiers.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

use bimetal_interp::fast::FastModule;
use bimetal_jit::{JitCode, JitEngine, native_call};
use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, FuncReport, ModuleCode};
use bimetal_runtime::limits::Settings;

use crate::error::{Error, Result};

/// The code of a module: the interpreter's, and machine code of those functions that
/// have been compiled. A code slot leads to the interpreter until it is switched.
pub(super) struct Mixed {
    fast: Arc<FastModule>,
    jit: Arc<JitEngine>,
    /// All machine code that slots lead to.
    compiled: Mutex<Vec<JitCode>>,
}

impl Mixed {
    /// A module of which nothing is compiled.
    ///
    /// # Errors
    /// If there is no memory for code.
    pub(super) fn new(
        module: &Arc<Module>,
        settings: &Settings,
        jit: &Arc<JitEngine>,
    ) -> Result<Arc<Mixed>> {
        let fast = FastModule::new(module, settings);
        jit.lead_to_interpreter(module, fast.slots())?;
        Ok(Arc::new(Mixed { fast, jit: Arc::clone(jit), compiled: Mutex::default() }))
    }

    /// Switches functions to their machine code, whoever is running them: who calls
    /// them from now on enters it.
    pub(super) fn install(&self, code: JitCode) {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        code.install(self.fast.slots());
        code.compiled().for_each(|defined| self.fast.enter_native(defined, native_call));
        compiled.push(code);
    }

    /// The machine code as bytes, if all of it was compiled together.
    pub(super) fn image(&self) -> Option<Vec<u8>> {
        let compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        match &compiled[..] {
            [code] => Some(code.image()),
            _ => None,
        }
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
        let compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        compiled.iter().find_map(|code| code.report(defined)).unwrap_or_default()
    }

    fn bridge(&self, defined: usize) -> Result<*const u8, Box<dyn Any + Send + Sync>> {
        let module = self.fast.module();
        let bridge = self.jit.bridge(module.type_of_func(module.func_at(defined)));
        bridge.map_err(|error| Error::from(error).into_any())
    }
}
