//! Instances and modules as definitions.

use super::{Definition, Linker};
use crate::error::{Context, Result};
use crate::instance::Instance;
use crate::module::Module;
use crate::store::AsContextMut;
use crate::types::ExternType;

impl<T: 'static> Linker<T> {
    /// Defines every export of an instance under this module name.
    ///
    /// # Errors
    /// If the store is of another engine, or a name is taken.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn instance(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        instance: Instance,
    ) -> Result<&mut Linker<T>> {
        let context = store.as_context_mut();
        self.engine.check_same(context.engine(), "store")?;
        let exports = instance.exports(&context);
        let exports: Vec<_> =
            exports.map(|export| (Box::<str>::from(export.name()), export.into_extern())).collect();
        for (field, value) in exports {
            self.insert(name, &field, Definition::Extern(value))?;
        }
        Ok(self)
    }

    /// Makes an instance of a module and defines its exports under this name.
    ///
    /// A *command*, which exports a function `_start` or `""`, has a life of one
    /// call: each call of one of its functions makes an instance of its own.
    /// Anything else is a *reactor*: one instance is made now, and its function
    /// `_initialize`, if there is one, is called.
    ///
    /// # Errors
    /// As [`Linker::instantiate`]; if a name is taken, or `_initialize` fails.
    ///
    /// # Panics
    /// If a host function panics that the module called.
    pub fn module(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        name: &str,
        module: &Module,
    ) -> Result<&mut Linker<T>> {
        if is_command(module) {
            return self.command(name, module);
        }
        let instance = self.instantiate(&mut store, module)?;
        if let Some(ExternType::Func(_)) = module.get_export("_initialize") {
            let initialize = instance.get_typed_func::<(), ()>(&store, "_initialize");
            let initialize = initialize.context("calling the `_initialize` of a module")?;
            initialize.call(&mut store, ())?;
        }
        self.instance(store, name, instance)
    }

    fn command(&mut self, name: &str, module: &Module) -> Result<&mut Linker<T>> {
        let pre = self.instantiate_pre(module)?;
        for export in module.exports() {
            let ExternType::Func(ty) = export.ty() else { continue };
            let (pre, field) = (pre.clone(), Box::<str>::from(export.name()));
            self.func_new(name, export.name(), ty, move |mut caller, params, results| {
                let instance = pre.instantiate(&mut caller)?;
                let func = instance.get_func(&caller, &field);
                let func = func.context("a command's export is not a function")?;
                func.call(&mut caller, params, results)
            })?;
        }
        Ok(self)
    }
}

fn is_command(module: &Module) -> bool {
    ["_start", ""].iter().any(|name| matches!(module.get_export(name), Some(ExternType::Func(_))))
}
