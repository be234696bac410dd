//! Where instances get their memories from.

use bimetal_runtime::allocator::PoolLimits;

/// How the instances of an engine get their memories: see
/// [`Config::allocation_strategy`](crate::Config::allocation_strategy).
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum InstanceAllocationStrategy {
    /// When they are made. The address space of some memories is used again when their
    /// store is dropped; there is no limit.
    #[default]
    OnDemand,
    /// From a pool that is reserved when the engine is made, and that limits what all of
    /// its stores have together.
    Pooling(PoolingAllocationConfig),
}

/// How large a pool is.
///
/// Whoever wants more than is free gets an error. A slot comes back to the pool when the
/// store is dropped that has it; nothing that was in it can be read by the next memory in
/// it. A memory takes a slot whatever its address and page sizes, and whether a module or
/// the host made it. Shared memories are made on demand and are not counted.
///
/// ```
/// use bimetal::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
///
/// let mut pool = PoolingAllocationConfig::new();
/// pool.total_core_instances(100).total_memories(100).max_memory_size(16 << 20);
/// let mut config = Config::new();
/// config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
/// let engine = Engine::new(&config)?;
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct PoolingAllocationConfig(pub(crate) PoolLimits);

impl PoolingAllocationConfig {
    /// A pool of 1000 instances, memories of up to 4 GiB and tables of up to 20,000
    /// elements.
    pub fn new() -> PoolingAllocationConfig {
        PoolingAllocationConfig::default()
    }

    /// How many instances there are at most, counting those whose instantiation failed
    /// late.
    pub fn total_core_instances(&mut self, count: u32) -> &mut PoolingAllocationConfig {
        self.0.instances = count;
        self
    }

    /// How many memories there are at most. Each takes 6 GiB of address space, or 2 GiB
    /// more than the largest memory if that is larger than 4 GiB, and on x86-64 Linux
    /// 2 GiB more; without
    /// [`Config::memory_guard_pages`](crate::Config::memory_guard_pages) it takes as much
    /// as the largest memory.
    pub fn total_memories(&mut self, count: u32) -> &mut PoolingAllocationConfig {
        self.0.memories = count;
        self
    }

    /// How many bytes a memory has at most: it grows no further.
    pub fn max_memory_size(&mut self, bytes: usize) -> &mut PoolingAllocationConfig {
        self.0.memory_bytes = bytes;
        self
    }

    /// How many tables there are at most.
    pub fn total_tables(&mut self, count: u32) -> &mut PoolingAllocationConfig {
        self.0.tables = count;
        self
    }

    /// How many elements a table has at most: it grows no further.
    pub fn table_elements(&mut self, elements: usize) -> &mut PoolingAllocationConfig {
        self.0.table_elements = elements;
        self
    }

    /// How many bytes of a memory stay resident when its slot comes back: 256 KiB by
    /// default. If the guest wrote to more, all of them go back to the system, which
    /// takes longer, and so does the next guest's first access to each page.
    pub fn linear_memory_keep_resident(&mut self, bytes: usize) -> &mut PoolingAllocationConfig {
        self.0.keep_resident = bytes;
        self
    }

    /// How many free slots are kept ready for another memory of the same module, and may
    /// have something resident: 100 by default.
    pub fn max_unused_warm_slots(&mut self, count: u32) -> &mut PoolingAllocationConfig {
        self.0.warm_slots = count as usize;
        self
    }
}
