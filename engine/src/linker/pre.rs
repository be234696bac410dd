//! Modules whose imports are found already.

use std::fmt;
use std::marker::PhantomData;

use bimetal_core::types::ExternType;

use super::Definition;
use crate::error::{Context, Error, Result};
use crate::instance::Instance;
use crate::module::Module;
use crate::store::AsContextMut;

/// A module with its imports: made by
/// [`Linker::instantiate_pre`](crate::Linker::instantiate_pre).
pub struct InstancePre<T> {
    module: Module,
    imports: Box<[Definition]>,
    /// Invariant in `T`, as the linker is.
    data: PhantomData<fn(T) -> T>,
}

impl<T> Clone for InstancePre<T> {
    fn clone(&self) -> InstancePre<T> {
        let InstancePre { module, imports, data } = self;
        InstancePre { module: module.clone(), imports: imports.clone(), data: *data }
    }
}

impl<T: 'static> InstancePre<T> {
    pub(super) fn new(module: &Module, imports: Box<[Definition]>) -> InstancePre<T> {
        InstancePre { module: module.clone(), imports, data: PhantomData }
    }

    /// The module.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// Makes an instance: see [`Instance::new`].
    ///
    /// # Errors
    /// As [`Instance::new`].
    ///
    /// # Panics
    /// If a host function panics that the start function called.
    pub fn instantiate(&self, mut store: impl AsContextMut<Data = T>) -> Result<Instance> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        // A host function of another engine would have another engine's type.
        self.module.check_engine(store.engine())?;
        let names = self.module.parsed().imports.iter();
        let imports = self.imports.iter().zip(names).map(|(definition, import)| {
            definition
                .to_runtime(store)
                .with_context(|| format!("import `{}::{}`", import.module, import.name))
        });
        let imports = imports.collect::<Result<Vec<_>>>()?;
        Instance::with_imports(&mut context, &self.module, &imports)
    }

    /// Checks the types of those imports that belong to no store.
    pub(super) fn check_host_funcs(&self) -> Result<()> {
        let types = self.module.engine().types();
        for (definition, import) in self.imports.iter().zip(&self.module.parsed().imports) {
            let Definition::Host(host) = definition else { continue };
            let expected = self.module.canonical_type(import.entity);
            let found = ExternType::Func(host.canonical_id());
            if !types.extern_type_matches(&found, &expected) {
                return Err(Error::msg(format!(
                    "incompatible import type for `{}::{}`: expected {}, found {}",
                    import.module,
                    import.name,
                    types.describe(&expected),
                    types.describe(&found),
                )));
            }
        }
        Ok(())
    }
}

impl<T> fmt::Debug for InstancePre<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InstancePre").field("module", &self.module).finish_non_exhaustive()
    }
}
