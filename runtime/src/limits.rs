//! Settings of an engine that change what its stores reserve or what its tiers
//! emit: part of every code cache key. And the limits of a store.

use std::fmt;

use bimetal_core::ops::relaxed::RelaxedChoice;

/// Knobs that both tiers and the runtime read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// Bytes of native stack that guest code may use.
    pub max_wasm_stack: usize,
    /// Bytes of the value stack of the interpreters, per store.
    pub value_stack: usize,
    /// Whether 32-bit memories reserve their whole address range with guard
    /// pages, so that compiled code needs no bounds checks, and 64-bit ones have guard
    /// pages, so that it needs fewer.
    pub memory_guard_pages: bool,
    /// Whether the first contents of memories are mapped, where that pays, and copied
    /// when they are written to.
    pub memory_init_cow: bool,
    /// Which outcome instructions have where the specification leaves it open.
    pub relaxed: RelaxedChoice,
    /// Whether the heap is collected at every allocation: for tests, which so find
    /// every reference that is missing from the roots.
    pub gc_stress: bool,
    /// What the compiler does beyond the code generator's own optimisations.
    pub optimisations: Optimisations,
}

/// Optimisations of the compiler that can be switched off one by one: to measure
/// them, and to tell which one is at fault. All are on by default.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Optimisations {
    /// A tail call of a function to itself jumps to the function's start.
    pub tail_loops: bool,
    /// Tail calls among a few functions that go on to each other jump to their bodies,
    /// which stand in the code of each.
    pub tail_sets: bool,
    /// An unsigned 64-bit integer becomes a float by a signed conversion and a branch.
    pub signed_conversions: bool,
    /// A function that calls itself holds its own body in place of such calls, a few
    /// levels deep.
    pub inline_recursion: bool,
    /// The bodies of other small functions stand in place of direct calls.
    pub inline_calls: bool,
    /// Indirect calls compare the function with a few that they are likely to reach,
    /// and hold the bodies of these.
    pub inline_guesses: bool,
    /// An indirect call is compared with the functions that it was seen to reach, where
    /// somebody looked, instead of those that are likely by their type.
    pub seen_callees: bool,
    /// An indirect call through a table whose elements never change is compared with
    /// functions by its index.
    pub fixed_tables: bool,
    /// A function that is called through a table that only ever holds functions of the
    /// module gets the caller's context.
    pub own_contexts: bool,
    /// Bodies stand in place of direct calls that were seen to be done, hot ones first,
    /// where somebody looked.
    pub seen_calls: bool,
    /// What was seen hardly ever to be reached lies apart, and does not count when a body
    /// is to stand in place of a call; the interpreter watches branches for this.
    pub seen_branches: bool,
    /// Memory is copied and filled without the runtime: the ranges are checked in place,
    /// and small ones of constant size are moved there as well.
    pub inline_bulk: bool,
    /// Masks of low bits are conversions, constants are stored as immediates, and the
    /// first lanes of vectors as floats.
    pub narrow: bool,
    /// Products and remainders by 3, 5 and 9 are made of sums.
    pub cheap_products: bool,
    /// Sums of 32 bits are taken apart into addresses of accesses to memories whose upper
    /// half is in front of them as well.
    pub address_sums: bool,
    /// Functions lie where their innermost loops take as few lines as possible.
    pub place_loops: bool,
    /// The base of a memory that never moves is taken from the context.
    pub near_bases: bool,
    /// The check of an access is one comparison, and leaves the offset to guard pages
    /// where there are some.
    pub short_checks: bool,
    /// An access is not checked that lies a constant distance behind a checked one, or
    /// in what its memory has at least.
    pub known_bounds: bool,
    /// Lengths and bases of memories are loaded in front of loops.
    pub early_lengths: bool,
    /// Loops that copy or fill memory a few bytes at a time are done at once; the
    /// interpreter has this as well.
    pub byte_loops: bool,
    /// Few bytes of them are moved in place, by vectors.
    pub inline_runs: bool,
}

impl Default for Optimisations {
    fn default() -> Optimisations {
        Optimisations {
            tail_loops: true,
            tail_sets: true,
            signed_conversions: true,
            inline_recursion: true,
            inline_calls: true,
            inline_guesses: true,
            seen_callees: true,
            fixed_tables: true,
            own_contexts: true,
            seen_calls: true,
            seen_branches: true,
            inline_bulk: true,
            narrow: true,
            cheap_products: true,
            address_sums: true,
            place_loops: true,
            near_bases: true,
            short_checks: true,
            known_bounds: true,
            early_lengths: true,
            byte_loops: true,
            inline_runs: true,
        }
    }
}

impl Settings {
    /// What compiled code depends on, by name: code that was made with other values
    /// cannot be used.
    pub fn of_code(&self) -> Vec<(&'static str, String)> {
        let Settings {
            memory_guard_pages,
            relaxed,
            optimisations,
            // These are limits of stores, which compiled code reads from its context.
            max_wasm_stack: _,
            value_stack: _,
            // How data comes into a memory.
            memory_init_cow: _,
            gc_stress: _,
        } = self;
        vec![
            ("memory_guard_pages", memory_guard_pages.to_string()),
            ("relaxed", format!("{relaxed:?}")),
            ("optimisations", format!("{optimisations:?}")),
        ]
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            max_wasm_stack: 512 << 10,
            value_stack: 1 << 20,
            memory_guard_pages: true,
            memory_init_cow: true,
            relaxed: RelaxedChoice::host(),
            gc_stress: false,
            optimisations: Optimisations::default(),
        }
    }
}

/// How much a store may hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreLimits {
    /// Bytes in each memory; `None` leaves only the memory's type.
    pub max_memory_bytes: Option<u64>,
    /// Elements in each table.
    pub max_table_elements: u64,
    /// Instances, counting those whose instantiation failed late.
    pub max_instances: usize,
    /// Memories, the host's included.
    pub max_memories: usize,
    /// Tables, the host's included.
    pub max_tables: usize,
    /// Bytes of objects in the heap; the collector needs as much again. Counts
    /// when the heap is made: with the first instance that may use it.
    pub max_heap_bytes: u64,
}

impl Default for StoreLimits {
    fn default() -> StoreLimits {
        StoreLimits {
            max_memory_bytes: None,
            max_table_elements: 10_000_000,
            max_instances: 10_000,
            max_memories: 10_000,
            max_tables: 10_000,
            max_heap_bytes: u64::MAX,
        }
    }
}

impl StoreLimits {
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.max_memory_bytes.unwrap_or(u64::MAX)
    }
}

/// The store's limits or the system refuse a resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ResourceError(Box<str>);

impl ResourceError {
    pub(crate) fn new(message: impl Into<Box<str>>) -> ResourceError {
        ResourceError(message.into())
    }

    /// Refuses one more of what there are `count` already.
    pub(crate) fn check(what: &str, count: usize, max: usize) -> Result<(), ResourceError> {
        if count < max {
            return Ok(());
        }
        Err(ResourceError::new(format!("a store is limited to {max} {what}")))
    }
}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "resource limit exceeded: {}", self.0)
    }
}

impl std::error::Error for ResourceError {}
