//! Linear memories.

pub use bimetal_runtime::MemoryAccessError;
use bimetal_runtime::{MemoryId, StoreId};

use crate::error::{Error, Result};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};
use crate::types::MemoryType;

/// A linear memory in a store.
///
/// ```
/// use bimetal::{Engine, Memory, MemoryType, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let memory = Memory::new(&mut store, MemoryType::new(1, Some(2)))?;
/// memory.write(&mut store, 10, b"abc")?;
/// assert_eq!(&memory.data(&store)[10..13], b"abc");
/// assert_eq!(memory.grow(&mut store, 1)?, 1);
/// assert_eq!(memory.data_size(&store), 2 << 16);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub(crate) store: StoreId,
    pub(crate) id: MemoryId,
}

const WHAT: &str = "memory";

/// An error if no memory can have the sizes of a type.
pub(crate) fn check_type(ty: &MemoryType) -> Result<()> {
    let max_pages = ty.as_core().max_pages();
    let max = ty.maximum().unwrap_or(ty.minimum());
    if ty.minimum() > max || max > max_pages {
        return Err(Error::msg(format!(
            "no memory has a minimum of {} and a maximum of {max} pages: \
             the maximum is at least the minimum and at most {max_pages}",
            ty.minimum()
        )));
    }
    Ok(())
}

/// All methods that cannot fail panic if the memory belongs to another store.
impl Memory {
    /// A memory of the type's minimal size, all zero.
    ///
    /// # Errors
    /// If the type is shared or impossible, or the store's limits or the system refuse
    /// it.
    pub fn new(mut store: impl AsContextMut, ty: MemoryType) -> Result<Memory> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        if ty.is_shared() {
            return Err(Error::msg("a shared memory is a `SharedMemory`"));
        }
        check_type(&ty)?;
        let id = store.runtime_mut().new_memory(*ty.as_core())?;
        Ok(Memory { store: store.id(), id })
    }

    /// Its type, as it was made.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> MemoryType {
        MemoryType::from_core(*self.get(store.as_context()).ty())
    }

    /// Copies bytes out of the memory.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn read(
        &self,
        store: impl AsContext,
        offset: usize,
        buffer: &mut [u8],
    ) -> Result<(), MemoryAccessError> {
        self.get(store.as_context()).read(offset as u64, buffer)
    }

    /// Copies bytes into the memory.
    ///
    /// # Errors
    /// If the range is not inside the memory; then nothing is copied.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn write(
        &self,
        mut store: impl AsContextMut,
        offset: usize,
        buffer: &[u8],
    ) -> Result<(), MemoryAccessError> {
        self.get_mut(store.as_context_mut()).write(offset as u64, buffer)
    }

    /// The contents.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn data<'a, T: 'static>(&self, store: impl Into<StoreContext<'a, T>>) -> &'a [u8] {
        self.get(store.into()).data()
    }

    /// The contents.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> &'a mut [u8] {
        self.get_mut(store.into()).data_mut()
    }

    /// The contents and the embedder's value.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn data_and_store_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> (&'a mut [u8], &'a mut T) {
        let (store, data) = store.into().into_parts();
        store.expect_own(self.store, WHAT);
        (store.runtime_mut().memory_mut(self.id).data_mut(), data)
    }

    /// The address of the first byte. It changes when the memory grows.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn data_ptr(&self, store: impl AsContext) -> *mut u8 {
        let vm = self.get(store.as_context()).vm();
        // SAFETY: valid as long as the memory, which the borrowed store owns.
        unsafe { (*vm).base }
    }

    /// The length in bytes.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn data_size(&self, store: impl AsContext) -> usize {
        self.get(store.as_context()).data().len()
    }

    /// The length in pages.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context()).pages()
    }

    /// Bytes in a page.
    ///
    /// # Panics
    /// If the memory belongs to another store.
    pub fn page_size(&self, store: impl AsContext) -> u64 {
        self.get(store.as_context()).ty().page_size()
    }

    /// Grows by this many pages and returns the previous length in pages.
    ///
    /// # Errors
    /// If the memory's type, the store's limits or the system forbid it, or the
    /// memory belongs to another store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64) -> Result<u64> {
        let mut context = store.as_context_mut();
        context.opaque().check(self.store, WHAT)?;
        let grown = context.opaque_mut().runtime_mut().memory_mut(self.id).grow(delta);
        grown.ok_or_else(|| Error::msg(format!("failed to grow memory by {delta} pages")))
    }

    #[track_caller]
    fn get<T: 'static>(self, store: StoreContext<'_, T>) -> &bimetal_runtime::Memory {
        let store = store.opaque();
        store.expect_own(self.store, WHAT);
        store.runtime().memory(self.id)
    }

    #[track_caller]
    fn get_mut<T: 'static>(self, store: StoreContextMut<'_, T>) -> &mut bimetal_runtime::Memory {
        let (store, _) = store.into_parts();
        store.expect_own(self.store, WHAT);
        store.runtime_mut().memory_mut(self.id)
    }
}
