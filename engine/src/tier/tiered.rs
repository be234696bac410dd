//! Interpreter and compiler together: code starts in the interpreter, and what runs
//! often is compiled meanwhile.

use std::any::Any;
use std::sync::Arc;

use bimetal_interp::fast::FastModule;
use bimetal_jit::{JitEngine, JitModule, Target};
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::limits::Settings;

use super::hotness::{Hook, Hotness};
use super::mixed::Mixed;
use super::policy::Policy;
use super::queue::Queue;
use super::{Tier, compiler, image};
use crate::config::Config;
use crate::error::Result;
use crate::serialize::CacheEntry;
use crate::tiering::Listener;

/// Compiles what runs often.
pub(super) struct Tiered {
    jit: Arc<JitEngine>,
    settings: Settings,
    policy: Policy,
    queue: Arc<Queue>,
    listener: Option<Listener>,
}

impl Tiered {
    /// The interpreter and this compiler.
    ///
    /// # Errors
    /// If a profiler's file cannot be made.
    pub(super) fn new(config: &Config, jit: JitEngine) -> Result<Tiered> {
        let policy = Policy::new(config);
        let queue = Arc::new(Queue::new(policy.max_waiting, policy.threads));
        let jit = compiler::watched(jit, config)?;
        let (settings, listener) = (config.settings.clone(), config.listener.clone());
        Ok(Tiered { jit, settings, policy, queue, listener })
    }
}

impl Tiered {
    /// The code of a module of which nothing is compiled yet.
    ///
    /// # Errors
    /// If there is no memory for code.
    fn start(&self, module: &Arc<Module>, cached: Option<&Arc<CacheEntry>>) -> Result<Arc<Mixed>> {
        let hotness =
            Arc::new(Hotness::new(module, &self.policy, &self.queue, self.listener.clone()));
        let hook = Box::new(Hook(Arc::clone(&hotness)));
        let first = self.policy.first(module);
        let fast = FastModule::tiered(module, &self.settings, first, hook);
        let mixed = Mixed::new(fast, &self.jit, Some(Arc::clone(&hotness)), cached.cloned())?;
        // Nobody else has set it.
        let _ = hotness.module.set(Arc::downgrade(&mixed));
        Ok(mixed)
    }
}

impl Drop for Tiered {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Tier for Tiered {
    fn compile(
        &self,
        module: &Arc<Module>,
        cached: Option<&Arc<CacheEntry>>,
    ) -> Result<Arc<dyn ModuleCode>> {
        Ok(self.start(module, cached)?)
    }

    fn target(&self) -> Option<Target> {
        Some(self.jit.target())
    }

    fn image(&self, module: &Arc<Module>, code: &dyn ModuleCode) -> Result<Vec<u8>> {
        let code: &dyn Any = code;
        if let Some(whole) = code.downcast_ref::<JitModule>() {
            return Ok(image::write([whole.all()]));
        }
        // Together, so that calls are direct, and the bytes are always the same.
        let all: Vec<usize> = (0..module.bodies.len()).collect();
        Ok(image::write([&self.jit.compile_most(module, &all)?]))
    }

    unsafe fn load(
        &self,
        module: &Arc<Module>,
        bytes: &[u8],
        cached: Option<&Arc<CacheEntry>>,
    ) -> Result<Option<Arc<dyn ModuleCode>>> {
        // SAFETY: the same promise.
        let mut codes = unsafe { image::read(&self.jit, module, bytes) }?;
        if let Some(whole) = codes.pop_if(|code| code.is_whole()) {
            return Ok(Some(whole.into_module()));
        }
        let mixed = self.start(module, cached)?;
        mixed.install_cached(codes);
        Ok(Some(mixed))
    }

    fn prepare_host_func(&self, host: &HostFunc) -> Result<()> {
        compiler::prepare_host_func(&self.jit, host)
    }

    fn prepare_store(&self, store: &mut bimetal_runtime::Store) -> Result<()> {
        store.ensure_value_stack()?;
        Ok(())
    }
}
