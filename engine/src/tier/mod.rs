//! Who runs the guest's code: one adapter per tier.

mod interpreter;
mod jit;
mod mixed;
mod reference;

use std::sync::Arc;

use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;

use crate::config::{Config, Strategy};
use crate::error::Result;

/// What an engine asks of a tier.
pub(crate) trait Tier: Send + Sync {
    /// The module's code.
    ///
    /// # Errors
    /// If the tier refuses the module.
    fn compile(&self, module: &Arc<Module>) -> Result<Arc<dyn ModuleCode>>;

    /// Makes a new host function callable by the tier's code.
    ///
    /// # Errors
    /// If there is no memory for code.
    fn prepare_host_func(&self, _host: &HostFunc) -> Result<()> {
        Ok(())
    }

    /// Makes a store ready to hold instances.
    ///
    /// # Errors
    /// If the system refuses what the tier needs.
    fn prepare_store(&self, _store: &mut bimetal_runtime::Store) -> Result<()> {
        Ok(())
    }
}

/// The tier that the settings choose.
///
/// # Errors
/// If it is not available on this machine.
pub(crate) fn new(config: &Config) -> Result<Box<dyn Tier>> {
    let settings = || config.settings.clone();
    Ok(match config.strategy {
        Strategy::Reference => Box::new(reference::Reference(settings())),
        Strategy::Jit => Box::new(jit::Jit::new(config)?),
        Strategy::Interpreter => Box::new(interpreter::Interpreter(settings())),
    })
}
