//! The compiler.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bimetal_jit::JitEngine;
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;

use super::Tier;
use crate::config::Config;
use crate::error::Result;

/// Compiles every function of a module before any of them runs.
pub(super) struct Jit(JitEngine);

impl Jit {
    /// The compiler for this machine.
    ///
    /// # Errors
    /// If the processor or the system is not supported.
    pub(super) fn new(config: &Config) -> Result<Jit> {
        Ok(Jit(JitEngine::new(&config.settings)?))
    }
}

impl Tier for Jit {
    fn compile(&self, module: &Arc<Module>) -> Result<Arc<dyn ModuleCode>> {
        Ok(self.0.compile_module(module)?)
    }

    fn prepare_host_func(&self, host: &HostFunc) -> Result<()> {
        let thunk = self.0.host_thunk(host.ty())?;
        host.slot().native.store(thunk.cast_mut(), Ordering::Release);
        Ok(())
    }
}
