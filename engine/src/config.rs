//! What an engine is told before it starts.

mod switches;

use std::sync::Arc;

use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_jit::ProfilingStrategy;
use bimetal_parser::Features;
use bimetal_runtime::limits::Settings;

use crate::allocation::InstanceAllocationStrategy;
use crate::cache::Cache;
use crate::tiering::{Listener, TieringEvent};

/// Who runs the guest's code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Strategy {
    /// The reference interpreter: slow, small, the answer in any dispute.
    Reference,
    /// The fast interpreter: starts at once, translates a function at its first
    /// call.
    Interpreter,
    /// The compiler: every function is compiled before the module first runs.
    Jit,
    /// Both: everything starts in the fast interpreter, and what runs often is
    /// compiled by other threads meanwhile, functions as well as loops that are
    /// running.
    #[default]
    Tiered,
}

impl Strategy {
    /// Every strategy, in order of speed.
    pub const ALL: &'static [Strategy] =
        &[Strategy::Reference, Strategy::Interpreter, Strategy::Tiered, Strategy::Jit];
}

/// Settings of an [`Engine`](crate::Engine).
///
/// ```
/// use bimetal::{Config, Engine, Strategy};
///
/// let mut config = Config::new();
/// config.strategy(Strategy::Interpreter).max_wasm_stack(256 << 10);
/// let engine = Engine::new(&config)?;
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Config {
    /// `None` for the default, or what comes closest on this machine.
    pub(crate) strategy: Option<Strategy>,
    pub(crate) lazy_validation: bool,
    pub(crate) mixed_seed: Option<u64>,
    pub(crate) features: Features,
    pub(crate) compile_threads: Option<usize>,
    pub(crate) thresholds: Option<(u32, u32)>,
    pub(crate) threshold_seed: Option<u64>,
    pub(crate) settings: Settings,
    pub(crate) allocation: InstanceAllocationStrategy,
    pub(crate) cache: Option<Cache>,
    pub(crate) profiler: ProfilingStrategy,
    pub(crate) debug_info: bool,
    pub(crate) listener: Option<Listener>,
}

impl Config {
    /// The default settings.
    pub fn new() -> Config {
        Config::default()
    }

    /// Chooses who runs the guest's code: [`Strategy::Tiered`] by default, or
    /// [`Strategy::Interpreter`] where there is no compiler for the machine.
    pub fn strategy(&mut self, strategy: Strategy) -> &mut Config {
        self.strategy = Some(strategy);
        self
    }

    /// Whether a function body is validated only when it is translated or
    /// compiled. Then [`Module::new`](crate::Module::new) accepts a module of
    /// which some function is invalid. Off by default.
    ///
    /// Under a strategy that translates each function at its first call, an
    /// invalid function is an error of that call.
    pub fn lazy_validation(&mut self, lazy: bool) -> &mut Config {
        self.lazy_validation = lazy;
        self
    }

    /// Whether a module may have references as values, and more than one table. On
    /// by default; off is the language of WebAssembly 1.0 in this respect.
    pub fn wasm_reference_types(&mut self, enable: bool) -> &mut Config {
        self.features.reference_types(enable);
        self
    }

    /// Whether a module may have more than one memory. On by default; off is the
    /// language of WebAssembly 2.0 in this respect.
    pub fn wasm_multi_memory(&mut self, enable: bool) -> &mut Config {
        self.features.multi_memory(enable);
        self
    }

    /// Whether memories and tables may have 64-bit indices. On by default; off is
    /// the language of WebAssembly 2.0 in this respect.
    pub fn wasm_memory64(&mut self, enable: bool) -> &mut Config {
        self.features.memory64(enable);
        self
    }

    /// How many threads compile under [`Strategy::Tiered`]: by default one fewer than
    /// there are processors, but at least one. With none, a guest that comes to hot
    /// code waits until it is compiled, so that the same happens in every run.
    pub fn compile_threads(&mut self, threads: usize) -> &mut Config {
        self.compile_threads = Some(threads);
        self
    }

    /// After how many calls a function, and after how many iterations a loop is
    /// compiled under [`Strategy::Tiered`]: for tests and measurements.
    #[doc(hidden)]
    pub fn thresholds(&mut self, calls: u32, iterations: u32) -> &mut Config {
        self.thresholds = Some((calls, iterations));
        self
    }

    /// Draws these thresholds for every module: for tests.
    #[doc(hidden)]
    pub fn threshold_seed(&mut self, seed: u64) -> &mut Config {
        self.threshold_seed = Some(seed);
        self
    }

    /// Has [`Strategy::Jit`] leave half of the functions to the interpreter, chosen by
    /// this number: for tests of calls between the two.
    #[doc(hidden)]
    pub fn mixed(&mut self, seed: u64) -> &mut Config {
        self.mixed_seed = Some(seed);
        self
    }

    /// Whether modules may use shared memories, atomic accesses, waiting and notifying.
    /// On by default.
    pub fn wasm_threads(&mut self, enable: bool) -> &mut Config {
        self.features.threads(enable);
        self
    }

    /// Whether the heap is collected at every allocation: for tests.
    #[doc(hidden)]
    pub fn gc_stress(&mut self, stress: bool) -> &mut Config {
        self.settings.gc_stress = stress;
        self
    }

    /// Tells a profiler of the system which function compiled code belongs to. Off by
    /// default.
    pub fn profiler(&mut self, profiler: ProfilingStrategy) -> &mut Config {
        self.profiler = profiler;
        self
    }

    /// Tells native debuggers (gdb and lldb, by their interface for compilers in the
    /// process) the names of compiled functions. Off by default.
    pub fn debug_info(&mut self, enable: bool) -> &mut Config {
        self.debug_info = enable;
        self
    }

    /// Tells somebody of every step that code takes from the interpreter to the
    /// processor under [`Strategy::Tiered`]. Code that was in the cache or a
    /// precompiled module is there from the beginning and takes none.
    ///
    /// The listener is called by threads that compile and by those that run guests or
    /// drop modules and engines, several at once, in the middle of their work: it is
    /// to be quick, and must not panic, run a guest or drop what may be the last
    /// handle of a module. The events of one function come in order. A loop is entered
    /// a little later than without a listener.
    ///
    /// ```
    /// use bimetal::{Config, Strategy};
    ///
    /// let mut config = Config::new();
    /// config.strategy(Strategy::Tiered).tiering_listener(|event| eprintln!("{event}"));
    /// ```
    pub fn tiering_listener(
        &mut self,
        listener: impl Fn(&TieringEvent<'_>) + Send + Sync + 'static,
    ) -> &mut Config {
        self.listener = Some(Listener(Arc::new(listener)));
        self
    }

    /// Keeps the code of modules in a folder, where the next process finds it: see
    /// [`Cache`], also for when. Off by default. A strategy that makes no machine code
    /// does not use it.
    ///
    /// ```
    /// use bimetal::{Cache, CacheConfig, Config};
    ///
    /// let mut config = Config::new();
    /// config.cache(Some(Cache::new(CacheConfig::new())?));
    /// # bimetal::Result::<()>::Ok(())
    /// ```
    pub fn cache(&mut self, cache: Option<Cache>) -> &mut Config {
        self.cache = cache;
        self
    }

    /// How many bytes of the native stack guest code may use, together with the
    /// host functions it calls: 512 KiB by default.
    ///
    /// A guest that needs more traps with [`Trap::StackOverflow`](crate::Trap).
    /// The thread that calls the guest must have that much stack left, and more
    /// for the host functions that the guest calls.
    pub fn max_wasm_stack(&mut self, bytes: usize) -> &mut Config {
        self.settings.max_wasm_stack = bytes;
        self
    }

    /// How many bytes the interpreters' value stack holds, per store: 1 MiB by
    /// default. A guest that needs more traps with
    /// [`Trap::StackOverflow`](crate::Trap).
    pub fn interpreter_stack(&mut self, bytes: usize) -> &mut Config {
        self.settings.value_stack = bytes;
        self
    }

    /// Whether a 32-bit memory reserves its whole address range, with
    /// inaccessible pages behind it, so that compiled code needs no bounds
    /// checks. A 64-bit memory takes as much, 6 GiB (on x86-64 Linux 8, of which 2 are in
    /// front of it), and moves if it outgrows that; compiled code checks its addresses,
    /// but not the offsets of instructions. On by default; without it, memories take less
    /// address space and may move when they grow.
    ///
    /// On x86-64 Linux, compiled code may address the upper half of such a 32-bit memory
    /// in front of the lower. So it is mapped there a second time once the memory grows
    /// beyond 2 GiB, and it cannot grow to its last page, the 65,536th: only a memory
    /// that has all of them from the start has that.
    pub fn memory_guard_pages(&mut self, guard: bool) -> &mut Config {
        self.settings.memory_guard_pages = guard;
        self
    }

    /// Whether the first contents of a memory are mapped instead of written, where the
    /// module has much constant data: pages are copied when the guest writes to them, and
    /// instances share the others. On by default; only Linux has it.
    pub fn memory_init_cow(&mut self, enable: bool) -> &mut Config {
        self.settings.memory_init_cow = enable;
        self
    }

    /// How instances get their memories: on demand by default, or from a pool that also
    /// limits what all stores have together.
    pub fn allocation_strategy(&mut self, strategy: InstanceAllocationStrategy) -> &mut Config {
        self.allocation = strategy;
        self
    }

    /// Whether instructions give what the specification's deterministic profile
    /// says, on every processor: relaxed vector instructions have the outcome it
    /// prescribes, and a NaN that arithmetic makes is the positive canonical one.
    ///
    /// Off by default: then relaxed instructions do what this processor does in the
    /// fewest instructions, the same under every strategy, and the sign and payload of
    /// such NaNs are whatever comes out. With it, arithmetic on floats is slower.
    pub fn deterministic(&mut self, deterministic: bool) -> &mut Config {
        self.settings.relaxed = match deterministic {
            true => RelaxedChoice::DETERMINISTIC,
            false => RelaxedChoice::host(),
        };
        self
    }
}
