//! The compiler.

use std::any::Any;
use std::sync::Arc;

use bimetal_interp::fast::FastModule;
use bimetal_jit::{JitCode, JitEngine, JitModule, Target};
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;

use super::mixed::Mixed;
use super::{Tier, compiler, image, scramble};
use crate::config::Config;
use crate::error::Result;
use crate::serialize::CacheEntry;

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
        let jit = compiler::watched(compiler::for_host(config)?, config)?;
        Ok(Jit { jit, config: config.clone() })
    }

    /// The code of a module of which these functions are compiled.
    fn complete(&self, module: &Arc<Module>, code: JitCode) -> Result<Arc<dyn ModuleCode>> {
        if code.is_whole() {
            return Ok(code.into_module());
        }
        let fast = FastModule::new(module, &self.config.settings);
        let mixed = Mixed::new(fast, &self.jit, None, None)?;
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
    fn compile(
        &self,
        module: &Arc<Module>,
        cached: Option<&Arc<CacheEntry>>,
    ) -> Result<Arc<dyn ModuleCode>> {
        let code = self.jit.compile_most(module, &self.wanted(module))?;
        if let Some(cached) = cached {
            cached.store(&image::write([&code]));
        }
        self.complete(module, code)
    }

    fn target(&self) -> Option<Target> {
        Some(self.jit.target())
    }

    fn image(&self, _: &Arc<Module>, code: &dyn ModuleCode) -> Result<Vec<u8>> {
        let code: &dyn Any = code;
        Ok(match (code.downcast_ref::<JitModule>(), code.downcast_ref::<Mixed>()) {
            (Some(module), _) => image::write([module.all()]),
            (None, mixed) => mixed.map(Mixed::image).unwrap_or_default(),
        })
    }

    unsafe fn load(
        &self,
        module: &Arc<Module>,
        bytes: &[u8],
        _: Option<&Arc<CacheEntry>>,
    ) -> Result<Option<Arc<dyn ModuleCode>>> {
        // SAFETY: the same promise.
        let mut codes = unsafe { image::read(&self.jit, module, bytes) }?;
        // What was compiled bit by bit is compiled anew as a whole.
        if codes.len() != 1 || !image::covers(&codes, self.wanted(module).into_iter()) {
            return Ok(None);
        }
        codes.pop().map(|code| self.complete(module, code)).transpose()
    }

    fn prepare_host_func(&self, host: &HostFunc) -> Result<()> {
        compiler::prepare_host_func(&self.jit, host)
    }

    fn prepare_store(&self, store: &mut bimetal_runtime::Store) -> Result<()> {
        store.ensure_value_stack()?;
        Ok(())
    }
}
