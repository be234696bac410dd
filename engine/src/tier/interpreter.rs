//! The fast interpreter.

use std::sync::Arc;

use bimetal_interp::fast::FastModule;
use bimetal_parser::Module;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::limits::Settings;

use super::Tier;
use crate::error::Result;
use crate::serialize::CacheEntry;

/// Translates each function at its first call.
pub(super) struct Interpreter(pub(super) Settings);

impl Tier for Interpreter {
    fn compile(
        &self,
        module: &Arc<Module>,
        _: Option<&Arc<CacheEntry>>,
    ) -> Result<Arc<dyn ModuleCode>> {
        Ok(FastModule::new(module, &self.0))
    }

    fn prepare_store(&self, store: &mut bimetal_runtime::Store) -> Result<()> {
        store.ensure_value_stack()?;
        Ok(())
    }
}
