//! Interpreter and compiler together: code starts in the interpreter, and what runs
//! often is compiled meanwhile.

use std::sync::Arc;

use bimetal_interp::fast::FastModule;
use bimetal_jit::JitEngine;
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::limits::Settings;

use super::hotness::{Hook, Hotness};
use super::mixed::Mixed;
use super::policy::Policy;
use super::queue::Queue;
use super::{Tier, compiler};
use crate::config::Config;
use crate::error::Result;

/// Compiles what runs often.
pub(super) struct Tiered {
    jit: Arc<JitEngine>,
    settings: Settings,
    policy: Policy,
    queue: Arc<Queue>,
}

impl Tiered {
    /// The tiers for this machine.
    ///
    /// # Errors
    /// If the processor or the system is not supported.
    pub(super) fn new(config: &Config) -> Result<Tiered> {
        let policy = Policy::new(config);
        let queue = Arc::new(Queue::new(policy.max_waiting, policy.threads));
        let jit = compiler::new(config)?;
        Ok(Tiered { jit, settings: config.settings.clone(), policy, queue })
    }
}

impl Drop for Tiered {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Tier for Tiered {
    fn compile(&self, module: &Arc<Module>) -> Result<Arc<dyn ModuleCode>> {
        let hotness = Arc::new(Hotness::new(module, &self.policy, &self.queue));
        let hook = Box::new(Hook(Arc::clone(&hotness)));
        let first = self.policy.first(module);
        let fast = FastModule::tiered(module, &self.settings, first, hook);
        let mixed = Mixed::new(fast, &self.jit, Some(Arc::clone(&hotness)))?;
        // Nobody else has set it.
        let _ = hotness.module.set(Arc::downgrade(&mixed));
        Ok(mixed)
    }

    fn prepare_host_func(&self, host: &HostFunc) -> Result<()> {
        compiler::prepare_host_func(&self.jit, host)
    }

    fn prepare_store(&self, store: &mut bimetal_runtime::Store) -> Result<()> {
        store.ensure_value_stack()?;
        Ok(())
    }
}
