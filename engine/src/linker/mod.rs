//! Linkers: imports by name.

mod modules;
mod pre;
mod unknown;

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bimetal_runtime::{Extern as RuntimeExtern, HostFunc};

pub use pre::InstancePre;
pub use unknown::UnknownImportError;

use crate::caller::Caller;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::extern_::Extern;
use crate::func::{self, IntoFunc};
use crate::instance::Instance;
use crate::module::Module;
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::types::{FuncType, ImportType};
use crate::value::Val;

/// Finds the imports of modules by the two names that each import has.
///
/// Host functions of a linker belong to no store, so one linker serves many
/// stores; everything else in it belongs to one.
///
/// ```
/// use bimetal::{Engine, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("math", "double", |n: i32| n * 2)?;
/// let module = Module::new(
///     &engine,
///     r#"(module
///         (import "math" "double" (func $double (param i32) (result i32)))
///         (func (export "f") (result i32) (call $double (i32.const 21))))"#,
/// )?;
/// let mut store = Store::new(&engine, ());
/// let instance = linker.instantiate(&mut store, &module)?;
/// let f = instance.get_typed_func::<(), i32>(&mut store, "f")?;
/// assert_eq!(f.call(&mut store, ())?, 42);
/// # bimetal::Result::<()>::Ok(())
/// ```
pub struct Linker<T> {
    engine: Engine,
    allow_shadowing: bool,
    /// By module name, then by field name.
    map: HashMap<Box<str>, HashMap<Box<str>, Definition>>,
    /// Invariant in `T`: host functions of the linker expect exactly this type.
    data: PhantomData<fn(T) -> T>,
}

/// What stands behind a name.
#[derive(Clone)]
pub(crate) enum Definition {
    /// Something of a store.
    Extern(Extern),
    /// A host function that becomes one of any store.
    Host(Arc<HostFunc>),
}

impl Definition {
    /// As something of this store.
    ///
    /// # Errors
    /// If it belongs to another store, or there is no memory for code.
    fn to_runtime(&self, store: &mut StoreOpaque) -> Result<RuntimeExtern> {
        match self {
            Definition::Extern(value) => value.to_runtime(store),
            Definition::Host(host) => Ok(RuntimeExtern::Func(store.host_func(host)?)),
        }
    }
}

impl<T> Clone for Linker<T> {
    fn clone(&self) -> Linker<T> {
        let Linker { engine, allow_shadowing, map, data } = self;
        Linker {
            engine: engine.clone(),
            allow_shadowing: *allow_shadowing,
            map: map.clone(),
            data: *data,
        }
    }
}

impl<T: 'static> Linker<T> {
    /// A linker without definitions.
    pub fn new(engine: &Engine) -> Linker<T> {
        Linker {
            engine: engine.clone(),
            allow_shadowing: false,
            map: HashMap::new(),
            data: PhantomData,
        }
    }

    /// The engine it was made for.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Whether a name can be defined again, which replaces what it stood for.
    /// Off by default.
    pub fn allow_shadowing(&mut self, allow: bool) -> &mut Linker<T> {
        self.allow_shadowing = allow;
        self
    }

    /// Defines something of a store.
    ///
    /// # Errors
    /// If it belongs to another store or the store to another engine, or the name
    /// is taken.
    pub fn define(
        &mut self,
        store: impl AsContext<Data = T>,
        module: &str,
        name: &str,
        item: impl Into<Extern>,
    ) -> Result<&mut Linker<T>> {
        let context = store.as_context();
        self.engine.check_same(context.engine(), "store")?;
        let item = item.into();
        item.check(context.opaque())?;
        self.insert(module, name, Definition::Extern(item))
    }

    /// Defines a host function with arguments and results of Rust types: see
    /// [`IntoFunc`].
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_wrap<Params, Results>(
        &mut self,
        module: &str,
        name: &str,
        func: impl IntoFunc<T, Params, Results>,
    ) -> Result<&mut Linker<T>> {
        let host = func.into_host_func(&self.engine);
        self.insert(module, name, Definition::Host(host))
    }

    /// Defines a host function whose type is known at run time only: see
    /// [`Func::new`](crate::Func::new).
    ///
    /// # Errors
    /// If the name is taken.
    pub fn func_new(
        &mut self,
        module: &str,
        name: &str,
        ty: FuncType,
        func: impl Fn(Caller<'_, T>, &[Val], &mut [Val]) -> Result<()> + Send + Sync + 'static,
    ) -> Result<&mut Linker<T>> {
        let host = func::host_func(&self.engine, &ty, func);
        self.insert(module, name, Definition::Host(host))
    }

    /// Gives a definition a second name.
    ///
    /// # Errors
    /// If there is no such definition, or the second name is taken.
    pub fn alias(
        &mut self,
        module: &str,
        name: &str,
        as_module: &str,
        as_name: &str,
    ) -> Result<&mut Linker<T>> {
        let Some(definition) = self.lookup(module, name).cloned() else {
            return Err(undefined(module, name));
        };
        self.insert(as_module, as_name, definition)
    }

    /// Gives every definition under one module name a second module name.
    ///
    /// # Errors
    /// If there are none, or one of the second names is taken.
    pub fn alias_module(&mut self, module: &str, as_module: &str) -> Result<()> {
        let Some(definitions) = self.map.get(module).cloned() else {
            return Err(Error::msg(format!("there is no definition in `{module}`")));
        };
        for (name, definition) in definitions {
            self.insert(as_module, &name, definition)?;
        }
        Ok(())
    }

    /// What a name stands for, in this store.
    ///
    /// # Errors
    /// If there is no definition, or it belongs to another store or engine.
    pub fn get(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
        name: &str,
    ) -> Result<Extern> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        self.engine.check_same(store.engine(), "store")?;
        let Some(definition) = self.lookup(module, name) else {
            return Err(undefined(module, name));
        };
        let runtime = definition.to_runtime(store)?;
        Ok(Extern::from_runtime(store, runtime))
    }

    /// What the import of a module stands for, in this store. `None` where
    /// [`Linker::get`] is an error.
    pub fn get_by_import(
        &self,
        store: impl AsContextMut<Data = T>,
        import: &ImportType<'_>,
    ) -> Option<Extern> {
        self.get(store, import.module(), import.name()).ok()
    }

    /// Every definition that belongs to this store or to none, in no particular
    /// order: module name, field name and what they stand for.
    pub fn iter<'a>(
        &'a self,
        mut store: impl AsContextMut<Data = T> + 'a,
    ) -> impl Iterator<Item = (&'a str, &'a str, Extern)> + 'a {
        let names = self.map.iter().flat_map(|(module, definitions)| {
            definitions.keys().map(move |name| (&**module, &**name))
        });
        names.filter_map(move |(module, name)| {
            Some((module, name, self.get(store.as_context_mut(), module, name).ok()?))
        })
    }

    /// Makes an instance of a module: see [`Instance::new`].
    ///
    /// Imports are found and checked before the module's code is made.
    ///
    /// # Errors
    /// As [`Instance::new`], and [`UnknownImportError`] if there is no definition
    /// of an import.
    ///
    /// # Panics
    /// If a host function panics that the start function called.
    pub fn instantiate(
        &self,
        store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<Instance> {
        self.resolve(module)?.instantiate(store)
    }

    /// Finds the imports of a module and makes its code, so that instances can be
    /// made of it with little work.
    ///
    /// # Errors
    /// If there is no definition of an import ([`UnknownImportError`]), or an
    /// import that is a host function is of another type; if the module is of
    /// another engine, or the compiler refuses it.
    pub fn instantiate_pre(&self, module: &Module) -> Result<InstancePre<T>> {
        let pre = self.resolve(module)?;
        pre.check_host_funcs()?;
        module.compile()?;
        Ok(pre)
    }

    fn resolve(&self, module: &Module) -> Result<InstancePre<T>> {
        module.check_engine(&self.engine)?;
        let imports = module.imports().map(|import| {
            let definition = self.lookup(import.module(), import.name()).cloned();
            definition.ok_or_else(|| Error::new(UnknownImportError::new(&import)))
        });
        Ok(InstancePre::new(module, imports.collect::<Result<_>>()?))
    }

    fn lookup(&self, module: &str, name: &str) -> Option<&Definition> {
        self.map.get(module)?.get(name)
    }

    fn insert(
        &mut self,
        module: &str,
        name: &str,
        definition: Definition,
    ) -> Result<&mut Linker<T>> {
        if !self.allow_shadowing && self.lookup(module, name).is_some() {
            return Err(Error::msg(format!("import of `{module}::{name}` defined twice")));
        }
        let definitions = self.map.entry(module.into()).or_default();
        definitions.insert(name.into(), definition);
        Ok(self)
    }
}

fn undefined(module: &str, name: &str) -> Error {
    Error::msg(format!("there is no definition of `{module}::{name}`"))
}

impl<T> fmt::Debug for Linker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.map.iter().map(|(module, fields)| (module, fields.keys()));
        f.debug_map().entries(names.map(|(module, names)| (module, Vec::from_iter(names)))).finish()
    }
}
