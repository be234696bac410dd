//! Engines: what modules, linkers and stores have in common.

use std::fmt;
use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use bimetal_runtime::Allocator;
use bimetal_runtime::types::TypeRegistry;

use crate::allocation::InstanceAllocationStrategy;
use crate::config::{Config, Strategy};
use crate::error::{Context as _, Error, Result};
use crate::module::Module;
use crate::precompiled::{self, Facts, Precompiled};
use crate::tier::{self, Tier};

/// Global settings, types and code of everything that works together.
///
/// An engine is a cheap handle: clones are the same engine. Modules, linkers and
/// stores of one engine can be combined, those of different engines cannot.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    config: Config,
    strategy: Strategy,
    types: Arc<TypeRegistry>,
    allocator: Arc<Allocator>,
    tier: Box<dyn Tier>,
    /// Made when they are asked for first.
    facts: OnceLock<Facts>,
}

impl Engine {
    /// An engine with these settings.
    ///
    /// # Errors
    /// If the strategy is not available on this machine, or the system refuses the
    /// address space of a pool.
    pub fn new(config: &Config) -> Result<Engine> {
        let (strategy, tier) = tier::new(config)?;
        let allocator = match &config.allocation {
            InstanceAllocationStrategy::OnDemand => Allocator::on_demand(&config.settings),
            InstanceAllocationStrategy::Pooling(pool) => {
                Allocator::pool(pool.0.clone(), &config.settings)?
            }
        };
        Ok(Engine(Arc::new(Inner {
            config: config.clone(),
            strategy,
            types: Arc::new(TypeRegistry::new()),
            allocator: Arc::new(allocator),
            tier,
            facts: OnceLock::new(),
        })))
    }

    /// The settings it was made with.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Who runs the guest's code.
    pub fn strategy(&self) -> Strategy {
        self.0.strategy
    }

    /// Whether two handles are the same engine.
    pub fn same(a: &Engine, b: &Engine) -> bool {
        Arc::ptr_eq(&a.0, &b.0)
    }

    /// Loads and compiles a module, in the binary format or as text, for
    /// [`Module::deserialize`]: the same as [`Module::new`] and
    /// [`Module::serialize`].
    ///
    /// # Errors
    /// As these.
    pub fn precompile_module(&self, bytes: &[u8]) -> Result<Vec<u8>> {
        Module::new(self, bytes)?.serialize()
    }

    /// Whether bytes begin like those that [`Module::serialize`] makes. That says
    /// nothing about whether they can be trusted.
    pub fn detect_precompiled(bytes: &[u8]) -> Option<Precompiled> {
        Precompiled::detect(bytes)
    }

    /// As [`Engine::detect_precompiled`], of a file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn detect_precompiled_file(path: impl AsRef<Path>) -> Result<Option<Precompiled>> {
        let path = path.as_ref();
        let mut start = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| file.take(Precompiled::DETECTED_BY as u64).read_to_end(&mut start))
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        Ok(Precompiled::detect(&start))
    }

    /// What compiled code of this engine depends on.
    pub(crate) fn facts(&self) -> &Facts {
        self.0.facts.get_or_init(|| precompiled::facts(self))
    }

    pub(crate) fn types(&self) -> &Arc<TypeRegistry> {
        &self.0.types
    }

    pub(crate) fn allocator(&self) -> &Arc<Allocator> {
        &self.0.allocator
    }

    pub(crate) fn tier(&self) -> &dyn Tier {
        &*self.0.tier
    }

    /// An error unless `other` is this engine. `what` names what belongs to it.
    pub(crate) fn check_same(&self, other: &Engine, what: &str) -> Result<()> {
        if Engine::same(self, other) {
            return Ok(());
        }
        Err(Error::msg(format!("the {what} belongs to another engine")))
    }
}

impl Default for Engine {
    /// An engine with the default settings.
    ///
    /// # Panics
    /// If the system refuses what the engine needs: use [`Engine::new`] where that is
    /// to be an error.
    fn default() -> Engine {
        Engine::new(&Config::new()).expect("some strategy is available on every machine")
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.0.config).finish_non_exhaustive()
    }
}
