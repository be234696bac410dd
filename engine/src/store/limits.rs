//! How much a store may hold.

use bimetal_runtime::StoreLimits as Limits;

/// Limits of a store: see [`Store::set_limits`](crate::Store::set_limits).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StoreLimits(Limits);

impl StoreLimits {
    pub(super) fn into_runtime(self) -> Limits {
        self.0
    }
}

/// Builds [`StoreLimits`].
///
/// ```
/// use bimetal::{Engine, Memory, MemoryType, Store, StoreLimitsBuilder};
///
/// let mut store = Store::new(&Engine::default(), ());
/// store.set_limits(StoreLimitsBuilder::new().memory_size(1 << 16).build());
/// assert!(Memory::new(&mut store, MemoryType::new(1, None)).is_ok());
/// assert!(Memory::new(&mut store, MemoryType::new(2, None)).is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[must_use]
pub struct StoreLimitsBuilder(Limits);

impl StoreLimitsBuilder {
    /// The default limits: none on memories, ten million elements in each table,
    /// ten thousand instances, memories and tables.
    pub fn new() -> StoreLimitsBuilder {
        StoreLimitsBuilder::default()
    }

    /// The bytes in each memory.
    pub fn memory_size(mut self, bytes: usize) -> StoreLimitsBuilder {
        self.0.max_memory_bytes = Some(bytes as u64);
        self
    }

    /// The elements in each table.
    pub fn table_elements(mut self, elements: usize) -> StoreLimitsBuilder {
        self.0.max_table_elements = elements as u64;
        self
    }

    /// The instances.
    pub fn instances(mut self, instances: usize) -> StoreLimitsBuilder {
        self.0.max_instances = instances;
        self
    }

    /// The memories.
    pub fn memories(mut self, memories: usize) -> StoreLimitsBuilder {
        self.0.max_memories = memories;
        self
    }

    /// The tables.
    pub fn tables(mut self, tables: usize) -> StoreLimitsBuilder {
        self.0.max_tables = tables;
        self
    }

    /// The bytes of objects in the garbage-collected heap; the collector needs as
    /// much again. Counts from the first instance on that uses objects. A guest that
    /// needs more traps with [`Trap::AllocationTooLarge`](crate::Trap).
    pub fn heap_size(mut self, bytes: usize) -> StoreLimitsBuilder {
        self.0.max_heap_bytes = bytes as u64;
        self
    }

    /// The limits.
    pub fn build(self) -> StoreLimits {
        StoreLimits(self.0)
    }
}
