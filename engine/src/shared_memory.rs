//! Memories that several stores use at once.

use std::cell::UnsafeCell;
use std::fmt;
use std::time::Duration;

pub use bimetal_runtime::WaitResult;
use bimetal_runtime::{SharedMemory as RuntimeMemory, StoreLimits};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::memory;
use crate::trap::Trap;
use crate::types::MemoryType;

/// A linear memory that belongs to no store: instances in any number of stores of one
/// engine, on any number of threads, use it at the same time.
///
/// It is a cheap handle: clones are the same memory. It reserves the addresses up to
/// its maximum when it is made and never moves.
///
/// ```
/// use bimetal::{Engine, Instance, MemoryType, Module, SharedMemory, Store};
///
/// let engine = Engine::default();
/// let memory = SharedMemory::new(&engine, MemoryType::shared(1, 2))?;
/// let module = Module::new(
///     &engine,
///     r#"(module
///         (import "" "memory" (memory 1 2 shared))
///         (func (export "add") (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))))"#,
/// )?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| {
///             let mut store = Store::new(&engine, ());
///             let imports = [memory.clone().into()];
///             let instance = Instance::new(&mut store, &module, &imports).unwrap();
///             let add = instance.get_typed_func::<(), ()>(&mut store, "add").unwrap();
///             (0..100).for_each(|_| add.call(&mut store, ()).unwrap());
///         });
///     }
/// });
/// let mut sum = [0; 4];
/// memory.read(0, &mut sum)?;
/// assert_eq!(u32::from_le_bytes(sum), 400);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone)]
pub struct SharedMemory {
    engine: Engine,
    memory: RuntimeMemory,
}

impl SharedMemory {
    /// A memory of the type's minimal size, all zero. The limits of stores do not
    /// concern it.
    ///
    /// # Errors
    /// If the type is not shared or impossible, or the system refuses the memory.
    pub fn new(engine: &Engine, ty: MemoryType) -> Result<SharedMemory> {
        if !ty.is_shared() {
            return Err(Error::msg("a shared memory has a shared type"));
        }
        memory::check_type(&ty)?;
        let settings = &engine.config().settings;
        let memory = RuntimeMemory::new(*ty.as_core(), settings, &StoreLimits::default())?;
        Ok(SharedMemory::from_runtime(engine, &memory))
    }

    pub(crate) fn from_runtime(engine: &Engine, memory: &RuntimeMemory) -> SharedMemory {
        SharedMemory { engine: engine.clone(), memory: memory.clone() }
    }

    pub(crate) fn runtime(&self) -> &RuntimeMemory {
        &self.memory
    }

    /// The engine that it was made for.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Its type, as it was made.
    pub fn ty(&self) -> MemoryType {
        MemoryType::from_core(*self.memory.ty())
    }

    /// The length in pages. It may grow at any time and never shrinks.
    pub fn size(&self) -> u64 {
        self.memory.pages()
    }

    /// Bytes in a page.
    pub fn page_size(&self) -> u64 {
        self.memory.ty().page_size()
    }

    /// The length in bytes. It may grow at any time and never shrinks.
    pub fn data_size(&self) -> usize {
        self.memory.byte_len() as usize
    }

    /// The contents, as long as they are now. Guests may access every byte at any
    /// time: access them as C would access bytes that other threads use, by atomic
    /// operations, or where nothing else runs.
    pub fn data(&self) -> &[UnsafeCell<u8>] {
        // SAFETY: as many bytes are accessible and initialised as long as `self`; the
        // memory neither moves nor shrinks, and cells may be written by others.
        unsafe { std::slice::from_raw_parts(self.memory.base().cast(), self.data_size()) }
    }

    /// Copies bytes out of the memory. An aligned number of up to 64 bits is read at
    /// once; guests may write between two of them.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    pub fn read(&self, offset: usize, buffer: &mut [u8]) -> Result<(), crate::MemoryAccessError> {
        self.memory.read(offset as u64, buffer)
    }

    /// Copies bytes into the memory, as [`SharedMemory::read`] reads them.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    pub fn write(&self, offset: usize, buffer: &[u8]) -> Result<(), crate::MemoryAccessError> {
        self.memory.write(offset as u64, buffer)
    }

    /// Grows by this many pages and returns the previous length in pages. Every user
    /// sees the new length at once.
    ///
    /// # Errors
    /// If the memory's type or the system forbid it.
    pub fn grow(&self, delta: u64) -> Result<u64> {
        let grown = self.memory.grow(delta);
        grown.ok_or_else(|| Error::msg(format!("failed to grow memory by {delta} pages")))
    }

    /// What `memory.atomic.notify` does: wakes up to `count` of those that wait at this
    /// address, and says how many it woke.
    ///
    /// # Errors
    /// [`Trap::HeapMisaligned`] and [`Trap::MemoryOutOfBounds`], for an address of 4
    /// bytes.
    pub fn atomic_notify(&self, address: u64, count: u32) -> Result<u32, Trap> {
        Ok(self.memory.notify(address, count)?)
    }

    /// What `memory.atomic.wait32` does: if the number at the address is `expected`,
    /// sleeps until it is notified or the time is over. `None` is no limit.
    ///
    /// # Errors
    /// As [`SharedMemory::atomic_notify`].
    pub fn atomic_wait32(
        &self,
        address: u64,
        expected: u32,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        Ok(self.memory.wait32(address, expected, timeout)?)
    }

    /// As [`SharedMemory::atomic_wait32`], for a number of 8 bytes.
    ///
    /// # Errors
    /// As [`SharedMemory::atomic_notify`], for an address of 8 bytes.
    pub fn atomic_wait64(
        &self,
        address: u64,
        expected: u64,
        timeout: Option<Duration>,
    ) -> Result<WaitResult, Trap> {
        Ok(self.memory.wait64(address, expected, timeout)?)
    }
}

impl fmt::Debug for SharedMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (ty, size) = (self.ty(), self.size());
        f.debug_struct("SharedMemory").field("ty", &ty).field("size", &size).finish_non_exhaustive()
    }
}
