//! A folder of compiled modules, so that the next process need not compile them.

mod files;

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use files::Entry;

/// Where a [`Cache`] is and how large it may become.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CacheConfig {
    directory: Option<PathBuf>,
    max_bytes: u64,
    max_files: u64,
}

impl Default for CacheConfig {
    fn default() -> CacheConfig {
        CacheConfig { directory: None, max_bytes: 512 << 20, max_files: 65_536 }
    }
}

impl CacheConfig {
    /// The user's cache folder, at most 512 MiB in 65,536 files.
    pub fn new() -> CacheConfig {
        CacheConfig::default()
    }

    /// Chooses the folder. Whoever can write there can make this process run code of
    /// their choice.
    pub fn with_directory(&mut self, directory: impl Into<PathBuf>) -> &mut CacheConfig {
        self.directory = Some(directory.into());
        self
    }

    /// Chooses how many bytes all files together may have. When they have more, the
    /// files are removed that were not used for the longest time.
    pub fn with_files_total_size_soft_limit(&mut self, bytes: u64) -> &mut CacheConfig {
        self.max_bytes = bytes;
        self
    }

    /// Chooses how many files there may be, as
    /// [`CacheConfig::with_files_total_size_soft_limit`].
    pub fn with_file_count_soft_limit(&mut self, files: u64) -> &mut CacheConfig {
        self.max_files = files;
        self
    }
}

/// A folder in which engines keep the code that they compiled: for
/// [`Config::cache`](crate::Config::cache).
///
/// An entry is found by the module's hash, the engine's version, the processor's
/// features and the settings that code depends on, and its checksum is verified. What
/// is damaged or cannot be read or written is as if it was not there, and a warning
/// in the log. Processes can share a folder.
///
/// Under [`Strategy::Jit`](crate::Strategy::Jit) a module is stored when it has been
/// compiled. Under [`Strategy::Tiered`](crate::Strategy::Tiered) the functions that
/// have been compiled are stored, together with those that were found, when nothing
/// was left to compile for a second, and when the module is dropped: each run begins
/// with what the ones before it found worth compiling. A process that is killed, or
/// ends with its modules alive, loses what it compiled in its last second.
///
/// A cache is a cheap handle: clones count together.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    config: CacheConfig,
    hits: AtomicUsize,
    misses: AtomicUsize,
    /// Whether it was said that the folder cannot be written.
    warned: AtomicBool,
}

impl Cache {
    /// A cache in the folder that `config` names. Nothing is done to it yet.
    ///
    /// # Errors
    /// If no folder is named and the user has none for caches.
    pub fn new(config: CacheConfig) -> crate::Result<Cache> {
        let directory = match &config.directory {
            Some(directory) => directory.clone(),
            None => default_directory().ok_or_else(|| {
                crate::Error::msg("no folder for the cache: neither XDG_CACHE_HOME nor HOME is set")
            })?,
        };
        let (hits, misses) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let warned = AtomicBool::new(false);
        Ok(Cache(Arc::new(Inner { directory, config, hits, misses, warned })))
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.0.directory
    }

    /// How many modules were found by this handle and its clones.
    pub fn cache_hits(&self) -> usize {
        self.0.hits.load(Ordering::Relaxed)
    }

    /// How many modules were looked for in vain.
    pub fn cache_misses(&self) -> usize {
        self.0.misses.load(Ordering::Relaxed)
    }

    /// What `read` makes of the file of this name, if it is there and fits. `read` may
    /// find that it is of no use (`None`), which is no reason to warn.
    pub(crate) fn load<R>(
        &self,
        name: &str,
        read: impl FnOnce(&[u8]) -> crate::Result<Option<R>>,
    ) -> Option<R> {
        let entry = Entry::new(&self.0.directory, name);
        let found = match entry.read() {
            Ok(Some(bytes)) => read(&bytes).inspect_err(|error| {
                log::warn!("cache entry `{}` is ignored: {error:#}", entry.path().display());
            }),
            Ok(None) => Ok(None),
            Err(error) => {
                log::warn!("cannot read cache entry `{}`: {error}", entry.path().display());
                Err(error.into())
            }
        };
        let found = found.ok().flatten();
        let counter = if found.is_some() { &self.0.hits } else { &self.0.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// Writes a file, and removes others if they have become too many.
    pub(crate) fn store(&self, name: &str, bytes: &[u8]) {
        let Inner { directory, config, warned, .. } = &*self.0;
        let written = Entry::new(directory, name)
            .write(bytes)
            .and_then(|()| files::evict(directory, config.max_bytes, config.max_files));
        if let Err(error) = written
            && !warned.swap(true, Ordering::Relaxed)
        {
            log::warn!("cannot write to the cache in `{}`: {error}", directory.display());
        }
    }
}

/// Where programs of this user keep what they can make again.
fn default_directory() -> Option<PathBuf> {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let named = |name| std::env::var_os(name).map(PathBuf::from).and_then(absolute);
    let caches = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
    Some(caches?.join("bimetal"))
}

impl PartialEq for Cache {
    /// Whether both are the same folder with the same limits.
    fn eq(&self, other: &Cache) -> bool {
        (&self.0.directory, &self.0.config) == (&other.0.directory, &other.0.config)
    }
}

impl Eq for Cache {}

impl Hash for Cache {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.0.directory, &self.0.config).hash(state);
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hits_misses = (self.cache_hits(), self.cache_misses());
        let mut debug = f.debug_struct("Cache");
        debug.field("directory", &self.directory()).field("hits_misses", &hits_misses);
        debug.finish_non_exhaustive()
    }
}
