//! The compiler.

use std::any::Any;
use std::sync::Arc;

use bimetal_interp::fast::FastModule;
use bimetal_jit::{JitCode, JitEngine, JitModule, Target};
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;

use super::mixed::Mixed;
use super::{Tier, compiler, scramble};
use crate::config::Config;
use crate::error::Result;

/// Compiles every function of a module before any of them runs. What the compiler
/// refuses is interpreted.
pub(super) struct Jit {
    jit: Arc<JitEngine>,
    config: Config,
}

impl Jit {
    /// The compiler for this machine.
    ///
    /// # Errors
    /// If the processor or the system is not supported.
    pub(super) fn new(config: &Config) -> Result<Jit> {
        Ok(Jit { jit: compiler::new(config)?, config: config.clone() })
    }

    /// The code of a module of which these functions are compiled.
    fn complete(&self, module: &Arc<Module>, code: JitCode) -> Result<Arc<dyn ModuleCode>> {
        if code.is_whole() {
            return Ok(code.into_module());
        }
        let fast = FastModule::new(module, &self.config.settings);
        let mixed = Mixed::new(fast, &self.jit, None)?;
        mixed.install(code);
        Ok(mixed)
    }

    /// The functions that are compiled.
    fn wanted(&self, module: &Module) -> Vec<usize> {
        let chosen = |defined: &usize| match self.config.mixed_seed {
            // Other functions of every module.
            Some(seed) => {
                let seed = seed.wrapping_add(module.bytes.len() as u64);
                scramble(seed, *defined as u64) >> 63 == 1
            }
            None => true,
        };
        (0..module.bodies.len()).filter(chosen).collect()
    }
}

impl Tier for Jit {
    fn compile(&self, module: &Arc<Module>) -> Result<Arc<dyn ModuleCode>> {
        self.complete(module, self.jit.compile_most(module, &self.wanted(module))?)
    }

    fn target(&self) -> Option<Target> {
        Some(self.jit.target())
    }

    fn image(&self, code: &dyn ModuleCode) -> Option<Vec<u8>> {
        let code: &dyn Any = code;
        match code.downcast_ref::<JitModule>() {
            Some(module) => Some(module.all().image()),
            None => code.downcast_ref::<Mixed>()?.image(),
        }
    }

    unsafe fn load(&self, module: &Arc<Module>, image: &[u8]) -> Result<Arc<dyn ModuleCode>> {
        // SAFETY: the same promise.
        self.complete(module, unsafe { self.jit.load(module, image) }?)
    }

    fn prepare_host_func(&self, host: &HostFunc) -> Result<()> {
        compiler::prepare_host_func(&self.jit, host)
    }

    fn prepare_store(&self, store: &mut bimetal_runtime::Store) -> Result<()> {
        store.ensure_value_stack()?;
        Ok(())
    }
}
