//! Modules: decoded, validated, and compiled once for all their instances.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bimetal_core::types as core;
use bimetal_parser::module::Entity;
use bimetal_parser::{Bytes, Features, Module as Parsed, ParseOptions};
use bimetal_runtime::Template;
use bimetal_runtime::code::ModuleCode;
use bimetal_runtime::memory::LargeCopy;
use bimetal_runtime::types::{canonical_global_type, canonical_table_type};

use crate::engine::Engine;
use crate::error::{Context, Error, Result};
use crate::precompiled::Precompiled;
use crate::serialize::CacheEntry;
use crate::types::{ExportType, ExternType, ImportType};

/// A module: decoded and validated, ready to be instantiated.
///
/// A module is a cheap handle: clones share everything. Its code is made at its
/// first instantiation or by [`Module::compile`], and shared by all instances.
///
/// ```
/// use bimetal::{Engine, Module};
///
/// let engine = Engine::default();
/// let module = Module::new(&engine, r#"(module (func (export "f") (result i32) i32.const 1))"#)?;
/// assert_eq!(module.exports().next().unwrap().name(), "f");
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct Module(Arc<Inner>);

struct Inner {
    engine: Engine,
    template: Arc<Template>,
    /// Where the code belongs that is yet to be made.
    cached: Option<Arc<CacheEntry>>,
    code: OnceLock<Arc<dyn ModuleCode>>,
}

impl Module {
    /// Loads a module in the binary format or, with the feature `wat`, in the
    /// text format.
    ///
    /// # Errors
    /// If the module is malformed, invalid, or needs what is not supported. The
    /// error is a [`ModuleError`](crate::ModuleError) with its place.
    pub fn new(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        Module::load(engine, Cow::Borrowed(bytes.as_ref()))
    }

    /// Loads a module in the binary format only.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn from_binary(engine: &Engine, binary: &[u8]) -> Result<Module> {
        Module::from_bytes(engine, copy(binary))
    }

    /// The same, of bytes that are kept as they are.
    fn from_bytes(engine: &Engine, binary: Bytes) -> Result<Module> {
        let cached = CacheEntry::new(engine, &binary);
        let found = cached.as_ref().and_then(|entry| Module::cached(engine, &binary, entry));
        if let Some(module) = found {
            return Ok(module);
        }
        let parsed = Parsed::from_bytes(binary, &options(engine))?;
        Ok(Module::from_parsed(engine, Arc::new(parsed), cached, None))
    }

    /// Loads a module from a file, as [`Module::new`] does.
    ///
    /// # Errors
    /// If the file cannot be read, or as [`Module::new`].
    pub fn from_file(engine: &Engine, file: impl AsRef<Path>) -> Result<Module> {
        let file = file.as_ref();
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read `{}`", file.display()))?;
        Module::load(engine, Cow::Owned(bytes))
            .with_context(|| format!("cannot load the module `{}`", file.display()))
    }

    /// Loads a module in either format. Bytes are copied only if they are borrowed.
    fn load(engine: &Engine, bytes: Cow<'_, [u8]>) -> Result<Module> {
        if Precompiled::detect(&bytes).is_some() {
            return Err(Error::msg("expected a module, found one that is precompiled"));
        }
        let text = match bimetal_parser::to_binary(&bytes)? {
            Cow::Owned(binary) => Some(binary),
            Cow::Borrowed(_) => None,
        };
        let binary = match (text, bytes) {
            (Some(binary), _) | (None, Cow::Owned(binary)) => Bytes::new(binary),
            (None, Cow::Borrowed(binary)) => copy(binary),
        };
        Module::from_bytes(engine, binary)
    }

    /// Decodes and validates a module in the binary format, every function body
    /// included, and keeps nothing of it.
    ///
    /// # Errors
    /// As [`Module::new`].
    pub fn validate(engine: &Engine, binary: &[u8]) -> Result<()> {
        Parsed::from_binary(binary, &ParseOptions { lazy: false, ..options(engine) })?;
        Ok(())
    }

    pub(crate) fn from_parsed(
        engine: &Engine,
        parsed: Arc<Parsed>,
        cached: Option<Arc<CacheEntry>>,
        code: Option<Arc<dyn ModuleCode>>,
    ) -> Module {
        let template = Arc::new(Template::new(parsed, engine.types()));
        let code = code.map_or_else(OnceLock::new, OnceLock::from);
        Module(Arc::new(Inner { engine: engine.clone(), template, cached, code }))
    }

    /// Makes the module's code now, unless that has been done, so that the first
    /// instantiation does not have to.
    ///
    /// # Errors
    /// If the compiler refuses the module, or a function is found to be invalid
    /// that [`Config::lazy_validation`](crate::Config::lazy_validation) let pass.
    pub fn compile(&self) -> Result<()> {
        self.code().map(drop)
    }

    pub(crate) fn code(&self) -> Result<&Arc<dyn ModuleCode>> {
        if let Some(code) = self.0.code.get() {
            return Ok(code);
        }
        // Threads that come at the same time may each compile; one result stays.
        let code = self.0.engine.tier().compile(self.parsed(), self.0.cached.as_ref())?;
        Ok(self.0.code.get_or_init(|| code))
    }

    /// The code, if it has been made.
    pub(crate) fn made_code(&self) -> Option<&dyn ModuleCode> {
        self.0.code.get().map(|code| &**code)
    }

    /// The engine that it was loaded for.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }

    /// Whether two handles are the same module.
    pub fn same(a: &Module, b: &Module) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// The name that the module gives itself in its name section.
    pub fn name(&self) -> Option<&str> {
        self.parsed().names.module(self.parsed())
    }

    /// The imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType<'_>> {
        self.parsed().imports.iter().map(|import| ImportType {
            module: &import.module,
            name: &import.name,
            ty: self.entity_type(import.entity),
        })
    }

    /// The exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType<'_>> {
        self.parsed()
            .exports
            .iter()
            .map(|export| ExportType { name: &export.name, ty: self.entity_type(export.entity) })
    }

    /// The type of the export of this name.
    pub fn get_export(&self, name: &str) -> Option<ExternType> {
        Some(self.entity_type(self.parsed().export(name)?.entity))
    }

    /// The custom sections, in order: names and contents.
    pub fn custom_sections(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        let bytes = &self.parsed().bytes;
        self.parsed().customs.iter().map(move |custom| {
            let contents = bytes.get(custom.range.clone()).unwrap_or_default();
            (&*custom.name, contents)
        })
    }

    /// The bytes in the binary format.
    pub fn binary(&self) -> &[u8] {
        &self.parsed().bytes
    }

    fn entity_type(&self, entity: Entity) -> ExternType {
        ExternType::from_core(&self.0.engine, &self.canonical_type(entity))
    }

    /// What modules of an engine may use.
    pub(crate) fn features(engine: &Engine) -> Features {
        engine.config().features
    }

    /// The module as the tiers read it.
    pub(crate) fn parsed(&self) -> &Arc<Parsed> {
        self.0.template.module()
    }

    /// What the module's instances are made of.
    pub(crate) fn template(&self) -> &Arc<Template> {
        &self.0.template
    }

    /// The type of an import or export, in canonical ids.
    pub(crate) fn canonical_type(&self, entity: Entity) -> core::ExternType {
        let (module, ids) = (&**self.parsed(), self.0.template.type_ids());
        match entity {
            Entity::Func(func) => core::ExternType::Func(ids[module.funcs[func.index()].index()]),
            Entity::Tag(tag) => core::ExternType::Tag(ids[module.tags[tag.index()].index()]),
            Entity::Memory(memory) => core::ExternType::Memory(module.memories[memory.index()]),
            Entity::Table(table) => {
                let ty = &module.tables[table.index()].ty;
                core::ExternType::Table(canonical_table_type(ids, ty))
            }
            Entity::Global(global) => {
                let ty = &module.globals[global.index()].ty;
                core::ExternType::Global(canonical_global_type(ids, ty))
            }
        }
    }

    /// An error unless the module is of this engine.
    pub(crate) fn check_engine(&self, engine: &Engine) -> Result<(), Error> {
        engine.check_same(&self.0.engine, "module")
    }
}

/// A copy of a module's bytes.
fn copy(binary: &[u8]) -> Bytes {
    match LargeCopy::new(binary) {
        Some(copy) => Bytes::new(copy),
        None => Bytes::new(binary.to_vec()),
    }
}

fn options(engine: &Engine) -> ParseOptions {
    ParseOptions { lazy: engine.config().lazy_validation, features: Module::features(engine) }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("name", &self.name()).finish_non_exhaustive()
    }
}
