//! The reference interpreter.

use std::sync::Arc;

use bimetal_interp::reference::ReferenceModule;
use bimetal_parser::Module;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::limits::Settings;

use super::Tier;
use crate::error::Result;
use crate::serialize::CacheEntry;

/// Runs everything in the reference interpreter.
pub(super) struct Reference(pub(super) Settings);

impl Tier for Reference {
    fn compile(
        &self,
        module: &Arc<Module>,
        _: Option<&Arc<CacheEntry>>,
    ) -> Result<Arc<dyn ModuleCode>> {
        Ok(ReferenceModule::new(module, &self.0))
    }
}
