//! Stores: what owns instances and the embedder's data beside them.
//!
//! **What must never happen here:** a Rust reference to a store, or to anything
//! in it, lives while guest code runs.
//!
//! Guest code reaches its store through raw pointers, and calls host functions
//! that reach it again. So nothing in this crate holds a `&mut` to a store for
//! longer than one access: [`Store`], [`StoreContext`] and [`StoreContextMut`]
//! hold the one raw pointer from which the store was leaked, with the lifetime
//! of the borrow as a phantom, and make a reference from it for each access. The
//! borrow checker sees the phantoms, so an embedder cannot keep a reference
//! across a call either.

mod context;
mod inner;
mod limits;

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

pub use context::{AsContext, AsContextMut, StoreContext, StoreContextMut};
pub(crate) use inner::{HostScope, StoreInner, StoreOpaque};
pub use limits::{StoreLimits, StoreLimitsBuilder};

use crate::engine::Engine;
use crate::error::Result;

/// Owns instances and everything they reach, and a value of the embedder's that
/// host functions get at through their [`Caller`](crate::Caller).
///
/// Functions, memories, tables, globals and instances are handles: they lead
/// into the store that they were made with and work with no other. Nothing of
/// them is freed before the store is dropped.
///
/// ```
/// use bimetal::{Engine, Store};
///
/// let mut store = Store::new(&Engine::default(), vec![1, 2]);
/// store.data_mut().push(3);
/// assert_eq!(store.into_data(), [1, 2, 3]);
/// ```
pub struct Store<T: 'static> {
    /// Owned: leaked from a `Box` in `new`.
    inner: NonNull<StoreInner<T>>,
    /// Invariant in `T`: host functions of the store expect exactly this type.
    data: PhantomData<*mut T>,
}

// SAFETY: a store's pointers lead to what it owns alone, and to code that is
// `Send` and `Sync`; extern references are `Send`.
unsafe impl<T: Send> Send for Store<T> {}

// SAFETY: a shared store is only read, and extern references are `Sync`.
unsafe impl<T: Sync> Sync for Store<T> {}

impl<T: 'static> Store<T> {
    /// An empty store with the embedder's value.
    pub fn new(engine: &Engine, data: T) -> Store<T> {
        let inner = NonNull::from(Box::leak(Box::new(StoreInner::new(engine, data))));
        // SAFETY: just leaked; no other reference exists.
        unsafe { (*inner.as_ptr()).opaque.runtime_mut().embedder = inner.as_ptr().cast() };
        Store { inner, data: PhantomData }
    }

    /// The engine it was made for.
    pub fn engine(&self) -> &Engine {
        // SAFETY: owned by `self`; no guest code runs while `self` is borrowed.
        unsafe { (*self.inner.as_ptr()).opaque.engine() }
    }

    /// The embedder's value.
    pub fn data(&self) -> &T {
        // SAFETY: as in `engine`.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The embedder's value.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: as in `engine`, and the borrow is the only one.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    /// Drops the store and returns the embedder's value.
    pub fn into_data(self) -> T {
        let inner = self.inner;
        std::mem::forget(self);
        // SAFETY: leaked in `new`, and `self` will not free it again.
        let inner = unsafe { Box::from_raw(inner.as_ptr()) };
        inner.data
    }

    /// Collects the objects and host values that nobody can reach any more, now rather
    /// than when the heap is full.
    ///
    /// # Errors
    /// [`Trap::AllocationTooLarge`](crate::Trap) if the system has no memory for it:
    /// nothing has changed then.
    pub fn gc(&mut self) -> Result<()> {
        self.as_context_mut().gc()
    }

    /// Limits what the store may hold. Memories and tables that exist already
    /// keep the limits they were made under.
    pub fn set_limits(&mut self, limits: StoreLimits) {
        // SAFETY: as in `data_mut`.
        unsafe { (*self.inner.as_ptr()).opaque.runtime_mut().limits = limits.into_runtime() };
    }
}

impl<T: Default + 'static> Default for Store<T> {
    fn default() -> Store<T> {
        Store::new(&Engine::default(), T::default())
    }
}

impl<T: 'static> Drop for Store<T> {
    fn drop(&mut self) {
        // SAFETY: leaked in `new`; `into_data` forgets the store it takes apart.
        drop(unsafe { Box::from_raw(self.inner.as_ptr()) });
    }
}

impl<T: fmt::Debug> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("data", self.data()).finish_non_exhaustive()
    }
}
