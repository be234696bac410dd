//! Modules to bytes and back, by hand and through a cache.

use std::path::Path;
use std::sync::Arc;

use bimetal_parser::{Module as Parsed, ParseOptions};

use crate::cache::Cache;
use crate::config::Strategy;
use crate::engine::Engine;
use crate::error::{Context as _, Result};
use crate::module::Module;
use crate::precompiled::{self, Facts, WasmHash};

impl Module {
    /// The module with its code as bytes, which [`Module::deserialize`] takes in this
    /// or another process. Makes the code first, as [`Module::compile`] does.
    ///
    /// Under a strategy that makes no machine code these bytes hold the module alone.
    /// Under [`Strategy::Tiered`](crate::Strategy::Tiered) they hold the code of all
    /// functions, whatever has been compiled so far: it may be loaded under `Jit` too,
    /// and the other way round.
    ///
    /// # Errors
    /// If the compiler refuses the module, or a function is found to be invalid
    /// that [`Config::lazy_validation`](crate::Config::lazy_validation) let pass.
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let image = self.engine().tier().image(self.parsed(), &**self.code()?)?;
        let hash = WasmHash::new(self.binary());
        Ok(precompiled::write(self.engine().facts(), &hash, self.binary(), &image))
    }

    /// The module in bytes that [`Module::serialize`] or
    /// [`Engine::precompile_module`] made. Nothing is validated or compiled.
    ///
    /// ```
    /// use bimetal::{Engine, Module};
    ///
    /// let engine = Engine::default();
    /// let bytes = engine.precompile_module(b"(module)")?;
    /// // SAFETY: nobody had the bytes but this program.
    /// let module = unsafe { Module::deserialize(&engine, &bytes)? };
    /// # bimetal::Result::<()>::Ok(())
    /// ```
    ///
    /// # Errors
    /// If they are something else or damaged (the checksum does not match), or were
    /// made by another version, for another processor or under other settings that
    /// their code depends on: the error names what differs.
    ///
    /// # Safety
    /// The bytes hold machine code that runs with all rights of this process. They
    /// must come from `serialize` or `precompile_module`, through hands that you
    /// trust: the checksum finds accidents, not malice.
    pub unsafe fn deserialize(engine: &Engine, bytes: impl AsRef<[u8]>) -> Result<Module> {
        // SAFETY: the same promise.
        unsafe { deserialize(engine, bytes.as_ref()) }.context("cannot load a precompiled module")
    }

    /// As [`Module::deserialize`], from a file.
    ///
    /// # Errors
    /// If the file cannot be read, or as [`Module::deserialize`].
    ///
    /// # Safety
    /// As [`Module::deserialize`].
    pub unsafe fn deserialize_file(engine: &Engine, path: impl AsRef<Path>) -> Result<Module> {
        let path = path.as_ref();
        let name = || format!("cannot load the precompiled module `{}`", path.display());
        let bytes = std::fs::read(path).with_context(name)?;
        // SAFETY: the same promise.
        unsafe { deserialize(engine, &bytes) }.with_context(name)
    }

    /// The module that the cache has, with its code.
    pub(crate) fn cached(
        engine: &Engine,
        binary: &[u8],
        entry: &Arc<CacheEntry>,
    ) -> Option<Module> {
        entry.cache.load(&entry.name, |file| {
            let contents = precompiled::read(&entry.facts, Some(&entry.hash), file)?;
            // SAFETY: the folder is one that the embedder trusts, and what is under
            // this name was written there by `store` for an engine of these facts.
            unsafe { assemble(engine, binary, contents.image, Some(entry)) }
        })
    }
}

/// Where a cache keeps the code of a module.
#[derive(Debug)]
pub(crate) struct CacheEntry {
    cache: Cache,
    name: String,
    /// What the code depends on.
    facts: Facts,
    hash: WasmHash,
}

impl CacheEntry {
    /// The entry of a module; `None` if the engine has no cache or no use for one.
    pub(crate) fn new(engine: &Engine, binary: &[u8]) -> Option<Arc<CacheEntry>> {
        let config = engine.config();
        let cache = config.cache.clone()?;
        engine.tier().target()?;
        let (hash, mut facts) = (WasmHash::new(binary), engine.facts().clone());
        // Some functions may have been compiled without a look at the others: whoever
        // wants a module to be valid as a whole does not take these.
        let some = engine.strategy() == Strategy::Tiered && config.lazy_validation;
        facts.push(("validation", if some { "by function" } else { "whole" }.to_owned()));
        let name = precompiled::key(&facts, &hash);
        Some(Arc::new(CacheEntry { cache, name, facts, hash }))
    }

    /// Leaves code in the cache, in place of what is there.
    pub(crate) fn store(&self, image: &[u8]) {
        self.cache.store(&self.name, &precompiled::write(&self.facts, &self.hash, &[], image));
    }
}

/// # Safety
/// As [`Module::deserialize`].
unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    let contents = precompiled::read(engine.facts(), None, bytes)?;
    // SAFETY: what the facts do not say, the caller promises.
    let module = unsafe { assemble(engine, contents.wasm, contents.image, None) }?;
    module.context("it holds the code of some functions only")
}

/// A module of its parts; `None` if the code is too little for the engine's tier.
/// Bodies are not validated: that was done when the code was made, and a tier that
/// translates a body validates it.
///
/// # Safety
/// The image is one of this module that fits the engine's tier.
unsafe fn assemble(
    engine: &Engine,
    wasm: &[u8],
    image: &[u8],
    cached: Option<&Arc<CacheEntry>>,
) -> Result<Option<Module>> {
    let options = ParseOptions { lazy: true, features: Module::features(engine) };
    let parsed = Arc::new(Parsed::from_binary(wasm, &options)?);
    let code = match image {
        [] => None,
        // SAFETY: the caller's promise.
        image => match unsafe { engine.tier().load(&parsed, image, cached) }? {
            None => return Ok(None),
            code => code,
        },
    };
    Ok(Some(Module::from_parsed(engine, parsed, cached.cloned(), code)))
}
