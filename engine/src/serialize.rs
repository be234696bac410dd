//! Modules to bytes and back, by hand and through a cache.

use std::path::Path;
use std::sync::Arc;

use bimetal_parser::{Module as Parsed, ParseOptions};
use bimetal_runtime::code::ModuleCode;

use crate::engine::Engine;
use crate::error::{Context as _, Result};
use crate::module::Module;
use crate::precompiled::{self, WasmHash};

impl Module {
    /// The module with its code as bytes, which [`Module::deserialize`] takes in this
    /// or another process. Makes the code first, as [`Module::compile`] does.
    ///
    /// Under a strategy that makes no machine code these bytes hold the module alone.
    ///
    /// # Errors
    /// As [`Module::compile`].
    pub fn serialize(&self) -> Result<Vec<u8>> {
        let code = self.code()?;
        let image = self.engine().tier().image(&**code).unwrap_or_default();
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

    /// The module that the cache has under this key, with its code.
    pub(crate) fn cached(engine: &Engine, binary: &[u8], key: &CacheKey) -> Option<Module> {
        let cache = engine.config().cache.as_ref()?;
        cache.load(&key.name, |file| {
            let contents = precompiled::read(engine.facts(), Some(&key.hash), file)?;
            // SAFETY: the folder is one that the embedder trusts, and what is under
            // this key was written there by `keep` for an engine of these facts.
            unsafe { assemble(engine, binary, contents.image, Some(key)) }
        })
    }

    /// Leaves the code in the cache, where there is one.
    pub(crate) fn keep(&self, code: &dyn ModuleCode) {
        let Some(key) = self.cache_key() else { return };
        let engine = self.engine();
        let (Some(cache), Some(image)) = (&engine.config().cache, engine.tier().image(code)) else {
            return;
        };
        cache.store(&key.name, &precompiled::write(engine.facts(), &key.hash, &[], &image));
    }
}

/// Under which name a cache keeps a module.
#[derive(Clone, Debug)]
pub(crate) struct CacheKey {
    name: String,
    hash: WasmHash,
}

impl CacheKey {
    /// The key of a module; `None` if the engine has no cache or no use for one.
    pub(crate) fn new(engine: &Engine, binary: &[u8]) -> Option<CacheKey> {
        engine.config().cache.as_ref()?;
        engine.tier().target()?;
        let hash = WasmHash::new(binary);
        Some(CacheKey { name: precompiled::key(engine.facts(), &hash), hash })
    }
}

/// # Safety
/// As [`Module::deserialize`].
unsafe fn deserialize(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    let contents = precompiled::read(engine.facts(), None, bytes)?;
    // SAFETY: what the facts do not say, the caller promises.
    unsafe { assemble(engine, contents.wasm, contents.image, None) }
}

/// A module of its parts. Bodies are not validated: that was done when the code was
/// made, and a tier that translates a body validates it.
///
/// # Safety
/// The image is one of this module that fits the engine's tier.
unsafe fn assemble(
    engine: &Engine,
    wasm: &[u8],
    image: &[u8],
    key: Option<&CacheKey>,
) -> Result<Module> {
    let options = ParseOptions { lazy: true, features: Module::features(engine) };
    let parsed = Arc::new(Parsed::from_binary(wasm, &options)?);
    let code = match image {
        [] => None,
        // SAFETY: the caller's promise.
        image => Some(unsafe { engine.tier().load(&parsed, image) }?),
    };
    Ok(Module::from_parsed(engine, parsed, key.cloned(), code))
}
