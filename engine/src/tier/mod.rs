//! Who runs the guest's code: one adapter per tier.

mod compiler;
mod hotness;
mod image;
mod install;
mod interpreter;
mod jit;
mod mixed;
mod policy;
mod profile;
mod queue;
mod reference;
mod tell;
mod tiered;

use std::sync::Arc;

use bimetal_jit::{JitEngine, Target};
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::code::ModuleCode;

use crate::config::{Config, Strategy};
use crate::error::{Error, Result};
use crate::serialize::CacheEntry;

/// What an engine asks of a tier.
pub(crate) trait Tier: Send + Sync {
    /// The module's code. Machine code is left in the cache, now or later.
    ///
    /// # Errors
    /// If the tier refuses the module.
    fn compile(
        &self,
        module: &Arc<Module>,
        cached: Option<&Arc<CacheEntry>>,
    ) -> Result<Arc<dyn ModuleCode>>;

    /// The processor that the tier's code is made for; `None` if it makes none.
    fn target(&self) -> Option<Target> {
        None
    }

    /// The machine code of all functions of a module, of which this tier has made
    /// `code`, as bytes for [`Tier::load`]; nothing if the tier makes no machine code.
    ///
    /// # Errors
    /// As [`Tier::compile`]: what is not compiled yet is compiled now.
    fn image(&self, _module: &Arc<Module>, _code: &dyn ModuleCode) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    /// Loads code from bytes. `None` if these are some functions only, which is too
    /// little for this tier.
    ///
    /// # Errors
    /// If the bytes are not an image of this module in form.
    ///
    /// # Safety
    /// The bytes come from [`Tier::image`] or are what a tier left in the cache, for
    /// the same module, of a tier of the same version and settings on a processor
    /// without features that this one lacks: see `precompiled`.
    unsafe fn load(
        &self,
        _module: &Arc<Module>,
        _image: &[u8],
        _cached: Option<&Arc<CacheEntry>>,
    ) -> Result<Option<Arc<dyn ModuleCode>>> {
        Err(Error::msg("this strategy makes no machine code"))
    }

    /// Makes a host function callable by the tier's code, unless it is.
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

/// The tier that the settings choose, and whose strategy it is.
///
/// # Errors
/// If it is not available on this machine.
pub(crate) fn new(config: &Config) -> Result<(Strategy, Box<dyn Tier>)> {
    let settings = || config.settings.clone();
    let Some(strategy) = config.strategy else {
        return default(config, compiler::for_host(config).ok());
    };
    let tier: Box<dyn Tier> = match strategy {
        Strategy::Reference => Box::new(reference::Reference(settings())),
        Strategy::Jit => Box::new(jit::Jit::new(config)?),
        Strategy::Tiered => Box::new(tiered::Tiered::new(config, compiler::for_host(config)?)?),
        Strategy::Interpreter => Box::new(interpreter::Interpreter(settings())),
    };
    Ok((strategy, tier))
}

/// The tier where none is chosen: both interpreter and compiler, if there is a
/// compiler for this machine.
///
/// # Errors
/// If a profiler's file cannot be made.
fn default(config: &Config, jit: Option<JitEngine>) -> Result<(Strategy, Box<dyn Tier>)> {
    Ok(match jit {
        Some(jit) => (Strategy::Tiered, Box::new(tiered::Tiered::new(config, jit)?)),
        None => {
            let tier = interpreter::Interpreter(config.settings.clone());
            (Strategy::Interpreter, Box::new(tier))
        }
    })
}

/// Bits that look random, the same for the same arguments.
fn scramble(seed: u64, number: u64) -> u64 {
    let mut bits = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (bits ^ (bits >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_a_compiler_gets_the_interpreter_by_default() {
        let config = Config::new();
        assert_eq!(default(&config, None).unwrap().0, Strategy::Interpreter);
        let jit = compiler::for_host(&config).ok();
        assert_eq!(default(&config, jit).unwrap().0, Strategy::Tiered);
    }
}
