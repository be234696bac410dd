//! Where the stores of an engine get what takes the system long to give: address space
//! for memories and value stacks. It is used again when a store is gone.
//!
//! On demand there is no limit, and few slots are kept. A pool reserves everything at
//! its start and counts what the stores have.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits::{ResourceError, Settings};
use crate::memory::plan::{FRONT_BYTES, GUARD_BYTES, GUARDED_BYTES};
use crate::memory::{Mapping, MemoryImage, MemoryPlan, MemorySlot};

/// How much the stores of an engine may have together, and what is kept for the next.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PoolLimits {
    /// Instances.
    pub instances: u32,
    /// Memories, those of the host included, shared ones not.
    pub memories: u32,
    /// Bytes that a memory may have.
    pub memory_bytes: usize,
    /// Tables, those of the host included.
    pub tables: u32,
    /// Elements that a table may have.
    pub table_elements: usize,
    /// Bytes of a memory that are written when it is cleaned, and so stay resident.
    pub keep_resident: usize,
    /// Free slots that are kept ready for a memory like the last one; in others nothing
    /// is resident.
    pub warm_slots: usize,
}

/// Free slots that are kept where nothing is said.
const WARM_SLOTS: usize = 32;
/// The same of value stacks.
const WARM_STACKS: usize = 32;
/// Bytes of a memory that are cleaned by writing, where nothing is said.
pub const KEEP_RESIDENT: usize = 256 << 10;
/// How many free slots are looked at for one that suits.
const LOOKED_AT: usize = 64;

impl Default for PoolLimits {
    fn default() -> PoolLimits {
        PoolLimits {
            instances: 1000,
            memories: 1000,
            memory_bytes: 1 << 32,
            tables: 1000,
            table_elements: 20_000,
            keep_resident: KEEP_RESIDENT,
            warm_slots: 100,
        }
    }
}

/// Gives address space to the stores of an engine, and takes it back.
#[derive(Debug)]
pub struct Allocator {
    /// The limits of a pool; none where everything is made on demand.
    pool: Option<PoolLimits>,
    /// The bytes of a slot that is kept.
    slot_bytes: usize,
    /// The bytes in front of it.
    slot_front: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Slots that nobody has: clean ones at the back, those without anything resident
    /// in front.
    free: VecDeque<MemorySlot>,
    /// How many of them are at the back.
    warm: usize,
    stacks: Vec<Mapping>,
    used: Used,
}

/// What the stores have.
#[derive(Debug, Default)]
struct Used {
    instances: u32,
    memories: u32,
    tables: u32,
}

impl Allocator {
    /// One without limits.
    pub fn on_demand(settings: &Settings) -> Allocator {
        let slot_bytes = slot_bytes(0, settings);
        let slot_front = slot_front(settings);
        Allocator { pool: None, slot_bytes, slot_front, state: Mutex::default() }
    }

    /// One that has reserved all that these limits admit.
    ///
    /// # Errors
    /// If the system refuses the address space.
    pub fn pool(limits: PoolLimits, settings: &Settings) -> Result<Allocator, ResourceError> {
        let slot_bytes = slot_bytes(limits.memory_bytes, settings);
        let slot_front = slot_front(settings);
        let count = limits.memories as usize;
        let mappings = Mapping::reserve_many(slot_front, slot_bytes, count).map_err(|error| {
            ResourceError::new(format!(
                "cannot reserve a pool of {count} memories of {slot_bytes} bytes each: {error}"
            ))
        })?;
        let free = mappings.into_iter().map(MemorySlot::new).collect();
        let state = State { free, ..State::default() };
        Ok(Allocator { pool: Some(limits), slot_bytes, slot_front, state: Mutex::new(state) })
    }

    /// Bytes that a memory may have.
    pub(crate) fn max_memory_bytes(&self) -> u64 {
        self.pool.as_ref().map_or(u64::MAX, |limits| limits.memory_bytes as u64)
    }

    /// Elements that a table may have.
    pub(crate) fn max_table_elements(&self) -> u64 {
        self.pool.as_ref().map_or(u64::MAX, |limits| limits.table_elements as u64)
    }

    /// A slot for a new memory of `len` bytes, which are accessible and have the
    /// contents of the image.
    ///
    /// # Errors
    /// If the pool has no more, or the system refuses.
    pub(crate) fn memory(
        &self,
        plan: &MemoryPlan,
        len: usize,
        image: Option<&Arc<MemoryImage>>,
    ) -> Result<MemorySlot, ResourceError> {
        let free = self.take(plan, len, image)?;
        let slot = free.map_or_else(|| self.reserve(plan), Ok).and_then(|mut slot| {
            slot.prepare(plan.circular, len, image).map_err(|error| {
                ResourceError::new(format!("cannot commit {len} bytes for a memory: {error}"))
            })?;
            Ok(slot)
        });
        if slot.is_err() {
            self.return_memory();
        }
        slot
    }

    /// Counts a new memory, and gives a free slot if there is one.
    fn take(
        &self,
        plan: &MemoryPlan,
        len: usize,
        image: Option<&Arc<MemoryImage>>,
    ) -> Result<Option<MemorySlot>, ResourceError> {
        let mut state = self.state();
        if let Some(limits) = &self.pool {
            check("memories", state.used.memories, limits.memories)?;
            state.used.memories += 1;
        } else if (plan.front, plan.total_bytes())
            != (self.slot_front as u64, self.slot_bytes as u64)
        {
            return Ok(None);
        }
        let looked_at = state.warm.min(LOOKED_AT);
        let suits = |index: &usize| state.free[state.free.len() - 1 - index].suits(len, image);
        // What nobody used for long is the least loss to others.
        let index = (0..looked_at).find(suits).map_or(0, |index| state.free.len() - 1 - index);
        let first_warm = state.free.len() - state.warm;
        let slot = state.free.remove(index);
        if slot.is_some() && index >= first_warm {
            state.warm -= 1;
        }
        Ok(slot)
    }

    /// A slot that nobody had.
    fn reserve(&self, plan: &MemoryPlan) -> Result<MemorySlot, ResourceError> {
        let (front, bytes) = match &self.pool {
            Some(_) => (self.slot_front, self.slot_bytes),
            None => {
                let bytes = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
                (bytes(plan.front), bytes(plan.total_bytes()))
            }
        };
        let mapping = Mapping::reserve_behind(front, bytes).map_err(|error| {
            ResourceError::new(format!("cannot reserve {bytes} bytes for a memory: {error}"))
        })?;
        Ok(MemorySlot::new(mapping))
    }

    /// Takes the slot of a memory back that is gone.
    pub(crate) fn release_memory(&self, mut slot: MemorySlot) {
        let (limits, kept) =
            (self.pool.as_ref(), (slot.front(), slot.len()) == (self.slot_front, self.slot_bytes));
        let warm = limits.map_or(WARM_SLOTS, |limits| limits.warm_slots);
        let keep = limits.map_or(KEEP_RESIDENT, |limits| limits.keep_resident);
        let is_warm = self.state().warm < warm;
        if !kept || !(is_warm || limits.is_some()) {
            return self.return_memory();
        }
        // Without the lock: others need not wait for it.
        let cleaned = slot.clean(if is_warm { keep } else { 0 });
        let mut state = self.state();
        state.used.memories = state.used.memories.saturating_sub(1);
        match (cleaned, is_warm) {
            // Its address space is given back, and reserved anew when it is needed.
            (Err(_), _) => {}
            (Ok(()), true) => {
                state.warm += 1;
                state.free.push_back(slot);
            }
            (Ok(()), false) => state.free.push_front(slot),
        }
    }

    fn return_memory(&self) {
        let mut state = self.state();
        state.used.memories = state.used.memories.saturating_sub(1);
    }

    /// Counts a new instance.
    ///
    /// # Errors
    /// If the pool has no more.
    pub(crate) fn add_instance(&self) -> Result<(), ResourceError> {
        let Some(limits) = &self.pool else { return Ok(()) };
        let used = &mut self.state().used;
        check("instances", used.instances, limits.instances)?;
        used.instances += 1;
        Ok(())
    }

    /// Counts a new table.
    ///
    /// # Errors
    /// If the pool has no more.
    pub(crate) fn add_table(&self) -> Result<(), ResourceError> {
        let Some(limits) = &self.pool else { return Ok(()) };
        let used = &mut self.state().used;
        check("tables", used.tables, limits.tables)?;
        used.tables += 1;
        Ok(())
    }

    /// Takes back what a store had besides memories, when it is gone. All stores of an
    /// engine have the same size of value stack.
    pub(crate) fn release(&self, instances: usize, tables: usize, stack: Option<Mapping>) {
        let mut state = self.state();
        state.used.instances = state.used.instances.saturating_sub(instances as u32);
        state.used.tables = state.used.tables.saturating_sub(tables as u32);
        if state.stacks.len() < WARM_STACKS {
            state.stacks.extend(stack);
        }
    }

    /// Address space for a value stack, accessible. It has any contents.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn value_stack(&self, bytes: usize) -> Result<Mapping, ResourceError> {
        if let Some(mapping) = self.state().stacks.pop() {
            return Ok(mapping);
        }
        let refused = |error| {
            ResourceError::new(format!("cannot reserve a value stack of {bytes} bytes: {error}"))
        };
        let mapping = Mapping::reserve(bytes).map_err(refused)?;
        mapping.make_accessible(0, bytes).map_err(refused)?;
        Ok(mapping)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses one more of what the stores have.
fn check(what: &str, used: u32, limit: u32) -> Result<(), ResourceError> {
    if used < limit {
        return Ok(());
    }
    Err(ResourceError::new(format!("the pool of the engine is limited to {limit} {what}")))
}

/// The bytes of a slot for memories of up to `memory_bytes`: enough for what compiled
/// code leaves unchecked.
fn slot_bytes(memory_bytes: usize, settings: &Settings) -> usize {
    if !settings.memory_guard_pages {
        return memory_bytes;
    }
    let bytes = (memory_bytes as u64).saturating_add(GUARD_BYTES).max(GUARDED_BYTES);
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The bytes in front of such a slot.
fn slot_front(settings: &Settings) -> usize {
    if settings.memory_guard_pages { FRONT_BYTES as usize } else { 0 }
}
