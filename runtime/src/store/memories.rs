//! New memories of a store.

use std::sync::Arc;

use bimetal_core::types::MemoryType;

use super::{MemoryId, Store};
use crate::limits::ResourceError;
use crate::memory::{Memory, MemoryImage, MemoryPlan, SharedMemory};

impl Store {
    /// Makes a memory.
    ///
    /// # Errors
    /// If the store's limits or the system refuse it.
    pub fn new_memory(&mut self, ty: MemoryType) -> Result<MemoryId, ResourceError> {
        self.new_memory_with(ty, None)
    }

    /// Makes a memory with these contents.
    ///
    /// # Errors
    /// As [`Store::new_memory`].
    pub(crate) fn new_memory_with(
        &mut self,
        ty: MemoryType,
        image: Option<&Arc<MemoryImage>>,
    ) -> Result<MemoryId, ResourceError> {
        ResourceError::check("memories", self.memories.len(), self.limits.max_memories)?;
        let memory = Memory::new(ty, &self.settings, &self.limits, &self.allocator, image)?;
        Ok(MemoryId(self.memories.push(memory, &mut self.cells)))
    }

    /// Makes a shared memory one of the store's, unless it is one already.
    ///
    /// # Errors
    /// If the store's limits refuse it, or it was made with other settings than the
    /// store's: then the store's code would expect it to lie otherwise.
    pub fn add_shared_memory(&mut self, memory: &SharedMemory) -> Result<MemoryId, ResourceError> {
        let known = (0..self.memories.len() as u32)
            .find(|&id| self.memories.get(id).shared().is_some_and(|other| other.same(memory)));
        if let Some(id) = known {
            return Ok(MemoryId(id));
        }
        if MemoryPlan::new(memory.ty(), &self.settings) != *memory.plan() {
            return Err(ResourceError::new("the shared memory was made with other settings"));
        }
        ResourceError::check("memories", self.memories.len(), self.limits.max_memories)?;
        Ok(MemoryId(self.memories.push(Memory::from(memory.clone()), &mut self.cells)))
    }
}
