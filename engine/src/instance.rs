//! Instances.

use std::sync::Arc;

use bimetal_core::value::Slot;
use bimetal_runtime::instantiate::{InstantiateError, check_imports};
use bimetal_runtime::{Extern as RuntimeExtern, Instance as RuntimeInstance, InstanceId, StoreId};

use crate::error::{Context, Error, Result};
use crate::extern_::{Export, Extern};
use crate::func::{Func, TypedFunc, WasmParams, WasmResults};
use crate::global::Global;
use crate::linker::UnknownImportError;
use crate::memory::Memory;
use crate::module::Module;
use crate::shared_memory::SharedMemory;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreOpaque};
use crate::table::Table;
use crate::unwind;

/// An instance of a module in a store.
#[derive(Clone, Copy, Debug)]
pub struct Instance {
    store: StoreId,
    id: InstanceId,
}

const WHAT: &str = "instance";

impl Instance {
    /// Makes an instance of a module, with these imports in the order in which
    /// the module declares them, and runs its start function.
    ///
    /// [`Linker::instantiate`](crate::Linker::instantiate) finds imports by name.
    /// Imports are checked before the module's code is made.
    ///
    /// ```
    /// use bimetal::{Engine, Func, Instance, Module, Store};
    ///
    /// let engine = Engine::default();
    /// let module = Module::new(
    ///     &engine,
    ///     r#"(module
    ///         (import "" "" (func $double (param i32) (result i32)))
    ///         (func (export "f") (result i32) (call $double (i32.const 4))))"#,
    /// )?;
    /// let mut store = Store::new(&engine, ());
    /// let double = Func::wrap(&mut store, |n: i32| n * 2);
    /// let instance = Instance::new(&mut store, &module, &[double.into()])?;
    /// let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
    /// assert_eq!(f.call(&mut store, ())?, 8);
    /// # bimetal::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    /// If an import is missing ([`UnknownImportError`]), of another type or of
    /// another store; if the
    /// module is of another engine or the compiler refuses it; if the store's
    /// limits or the system refuse what it needs; if a segment does not fit where
    /// it belongs, or the start function traps ([`Trap`](crate::Trap)).
    ///
    /// # Panics
    /// If a host function panics that the start function called.
    pub fn new(
        mut store: impl AsContextMut,
        module: &Module,
        imports: &[Extern],
    ) -> Result<Instance> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let imports = imports.iter().enumerate().map(|(i, import)| {
            import.to_runtime(store).with_context(|| format!("import {i} of the module"))
        });
        let imports = imports.collect::<Result<Vec<_>>>()?;
        Instance::with_imports(&mut context, module, &imports)
    }

    /// As [`Instance::new`], with imports of this store.
    pub(crate) fn with_imports<T: 'static>(
        context: &mut StoreContextMut<'_, T>,
        module: &Module,
        imports: &[RuntimeExtern],
    ) -> Result<Instance> {
        let store = context.opaque_mut();
        module.check_engine(store.engine())?;
        if let Some(missing) = module.imports().nth(imports.len()) {
            return Err(Error::new(UnknownImportError::new(&missing)));
        }
        check_imports(store.runtime(), module.template(), imports)
            .map_err(|error| into_error(store, error))?;
        let code = Arc::clone(module.code()?);
        let engine = store.engine().clone();
        engine.tier().prepare_store(store.runtime_mut())?;
        // Before anything can run, so that every backtrace finds its module.
        store.add_module(module);
        let id =
            RuntimeInstance::instantiate(store.runtime_mut(), module.template(), code, imports)
                .map_err(|error| into_error(store, error))?;
        let instance = Instance { store: store.id(), id };
        if let Some(start) = store.runtime().instance(id).start() {
            let mut slots = [Slot::ZERO; 1];
            // SAFETY: the start function is of this store and, by validation, has
            // neither parameters nor results.
            unsafe { context.invoke(start, slots.as_mut_ptr())? };
        }
        Ok(instance)
    }

    /// The module.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn module<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a Module {
        let store = store.into().opaque();
        store.expect_own(self.store, WHAT);
        let parsed = store.runtime().instance(self.id).module();
        store.module(parsed).expect("a store knows the modules of its instances")
    }

    /// The exports, in the order in which the module declares them.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn exports<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> impl ExactSizeIterator<Item = Export<'a>> + 'a {
        let store = store.into().opaque();
        store.expect_own(self.store, WHAT);
        let instance = store.runtime().instance(self.id);
        let exports = instance.module().exports.iter().filter_map(|export| {
            let value = Extern::from_runtime(store, instance.resolve(export.entity)?);
            Some(Export::new(&export.name, value))
        });
        exports.collect::<Vec<_>>().into_iter()
    }

    /// The export of this name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_export(&self, store: impl AsContext, name: &str) -> Option<Extern> {
        let context = store.as_context();
        self.export(context.opaque(), name)
    }

    #[track_caller]
    fn export(self, store: &StoreOpaque, name: &str) -> Option<Extern> {
        store.expect_own(self.store, WHAT);
        Some(Extern::from_runtime(store, store.runtime().export(self.id, name)?))
    }

    /// The exported function of this name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_func(&self, store: impl AsContext, name: &str) -> Option<Func> {
        self.get_export(store, name)?.into_func()
    }

    /// The exported function of this name, its type checked.
    ///
    /// # Errors
    /// If there is no such function, or it is of another type.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_typed_func<Params: WasmParams, Results: WasmResults>(
        &self,
        store: impl AsContext,
        name: &str,
    ) -> Result<TypedFunc<Params, Results>> {
        let context = store.as_context();
        let export = self.get_export(context, name);
        let export = export.with_context(|| format!("there is no export named `{name}`"))?;
        let func = export.into_func();
        let func = func.with_context(|| format!("the export `{name}` is not a function"))?;
        func.typed(context).with_context(|| format!("the export `{name}` is of another type"))
    }

    /// The exported memory of this name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_memory(&self, store: impl AsContext, name: &str) -> Option<Memory> {
        self.get_export(store, name)?.into_memory()
    }

    /// The exported shared memory of this name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_shared_memory(&self, store: impl AsContext, name: &str) -> Option<SharedMemory> {
        self.get_export(store, name)?.into_shared_memory()
    }

    /// The exported table of this name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_table(&self, store: impl AsContext, name: &str) -> Option<Table> {
        self.get_export(store, name)?.into_table()
    }

    /// The exported global of this name.
    ///
    /// # Panics
    /// If the instance belongs to another store.
    pub fn get_global(&self, store: impl AsContext, name: &str) -> Option<Global> {
        self.get_export(store, name)?.into_global()
    }
}

fn into_error(store: &StoreOpaque, error: InstantiateError) -> Error {
    match error {
        InstantiateError::Trap(trap) => unwind::from_trap(store, trap),
        other => Error::new(other),
    }
}
