//! Imports that nobody defined.

use std::fmt;

use super::Linker;
use crate::error::{Error, Result};
use crate::exception::Tag;
use crate::extern_::Extern;
use crate::func::Func;
use crate::global::Global;
use crate::memory::Memory;
use crate::module::Module;
use crate::refs::Ref;
use crate::shared_memory::SharedMemory;
use crate::store::AsContextMut;
use crate::table::Table;
use crate::types::{ExternType, ImportType};
use crate::value::Val;

/// There is no definition of an import.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownImportError {
    module: String,
    name: String,
    ty: ExternType,
}

impl UnknownImportError {
    pub(crate) fn new(import: &ImportType<'_>) -> UnknownImportError {
        let (module, name) = (import.module().into(), import.name().into());
        UnknownImportError { module, name, ty: import.ty() }
    }

    /// The module name of the import.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The field name of the import.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type that the module declares.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

impl fmt::Display for UnknownImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownImportError { module, name, ty } = self;
        write!(f, "unknown import: `{module}::{name}` has not been defined, expected {ty}")
    }
}

impl std::error::Error for UnknownImportError {}

impl<T: 'static> Linker<T> {
    /// Defines every function that the module imports and the linker does not
    /// know: calling it is an error, an [`UnknownImportError`].
    ///
    /// # Errors
    /// If the module is of another engine.
    pub fn define_unknown_imports_as_traps(&mut self, module: &Module) -> Result<()> {
        module.check_engine(&self.engine)?;
        for import in module.imports() {
            if let ExternType::Func(ty) = import.ty()
                && self.lookup(import.module(), import.name()).is_none()
            {
                let error = UnknownImportError::new(&import);
                self.func_new(import.module(), import.name(), ty, move |_, _, _| {
                    Err(Error::new(error.clone()))
                })?;
            }
        }
        Ok(())
    }

    /// Defines everything that the module imports and the linker does not know:
    /// functions that return zeros and nulls, globals of zero or null, empty
    /// memories and tables of the minimal size.
    ///
    /// # Errors
    /// If the module or the store is of another engine, the store's limits or the
    /// system refuse a memory or table, or a type has no default value.
    pub fn define_unknown_imports_as_default_values(
        &mut self,
        mut store: impl AsContextMut<Data = T>,
        module: &Module,
    ) -> Result<()> {
        module.check_engine(&self.engine)?;
        for import in module.imports() {
            if self.lookup(import.module(), import.name()).is_none() {
                let value = default(&mut store, &import.ty()).map_err(|error| {
                    error.context(format!("import `{}::{}`", import.module(), import.name()))
                })?;
                self.define(&store, import.module(), import.name(), value)?;
            }
        }
        Ok(())
    }

    /// The function that [`Linker::module`] left as the default of a module: the
    /// export called `""`, else the one called `_start`, else one that does
    /// nothing.
    ///
    /// # Errors
    /// If such an export is not a function, or belongs to another store.
    pub fn get_default(
        &self,
        mut store: impl AsContextMut<Data = T>,
        module: &str,
    ) -> Result<Func> {
        for name in ["", "_start"] {
            if self.lookup(module, name).is_some() {
                let func = self.get(&mut store, module, name)?.into_func();
                return func
                    .ok_or_else(|| Error::msg(format!("`{module}::{name}` is not a function")));
            }
        }
        Ok(Func::wrap(store, || ()))
    }
}

/// The default value of an import.
fn default(mut store: impl AsContextMut<Data: 'static>, ty: &ExternType) -> Result<Extern> {
    let no_default = || Error::msg(format!("there is no default for {ty}"));
    Ok(match ty {
        ExternType::Func(func) => {
            if func.results().any(|ty| !ty.is_defaultable()) {
                return Err(no_default());
            }
            // Results are zeros and nulls before the function runs.
            Func::new(store, func.clone(), |_, _, _| Ok(())).into()
        }
        ExternType::Global(global) => {
            let value = Val::default_for_ty(global.content()).ok_or_else(no_default)?;
            Global::new(&mut store, global.clone(), value)?.into()
        }
        ExternType::Table(table) => {
            let init = Ref::try_null(table.element().heap).ok_or_else(no_default)?;
            Table::new(&mut store, table.clone(), init)?.into()
        }
        ExternType::Memory(memory) if memory.is_shared() => {
            SharedMemory::new(store.as_context().engine(), memory.clone())?.into()
        }
        ExternType::Memory(memory) => Memory::new(&mut store, memory.clone())?.into(),
        ExternType::Tag(tag) => Tag::new(&mut store, tag.clone())?.into(),
    })
}
