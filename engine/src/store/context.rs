//! Borrowed stores: what every function that needs a store takes.

use std::marker::PhantomData;
use std::ptr::NonNull;

use bimetal_core::value::Slot;
use bimetal_runtime::vmctx::{VmFuncRef, VmStore};
use bimetal_runtime::{Unwind, abi};

use super::{Store, StoreInner, StoreOpaque};
use crate::engine::Engine;
use crate::error::Result;
use crate::trap::Trap;
use crate::unwind;

/// A store that can be read: a [`Store`], a [`Caller`](crate::Caller), a context
/// or a reference to one of them.
pub trait AsContext {
    /// The embedder's value in the store.
    type Data: 'static;

    /// The store.
    fn as_context(&self) -> StoreContext<'_, Self::Data>;
}

/// A store that can be changed: a [`Store`], a [`Caller`](crate::Caller), a
/// mutable context or a mutable reference to one of them.
pub trait AsContextMut: AsContext {
    /// The store.
    fn as_context_mut(&mut self) -> StoreContextMut<'_, Self::Data>;
}

/// A borrowed [`Store`].
pub struct StoreContext<'a, T: 'static> {
    inner: NonNull<StoreInner<T>>,
    borrow: PhantomData<&'a StoreInner<T>>,
}

/// A mutably borrowed [`Store`].
pub struct StoreContextMut<'a, T: 'static> {
    inner: NonNull<StoreInner<T>>,
    borrow: PhantomData<&'a mut StoreInner<T>>,
}

// SAFETY: as a shared reference to the store, which is `Sync`.
unsafe impl<T: Sync> Send for StoreContext<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Sync> Sync for StoreContext<'_, T> {}
// SAFETY: as an exclusive reference to the store, which is `Send`.
unsafe impl<T: Send> Send for StoreContextMut<'_, T> {}
// SAFETY: as a shared reference to the store, which is `Sync`.
unsafe impl<T: Sync> Sync for StoreContextMut<'_, T> {}

impl<T: 'static> Clone for StoreContext<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: 'static> Copy for StoreContext<'_, T> {}

impl<'a, T: 'static> StoreContext<'a, T> {
    /// The engine that the store was made for.
    pub fn engine(&self) -> &'a Engine {
        self.opaque().engine()
    }

    /// The embedder's value.
    pub fn data(&self) -> &'a T {
        // SAFETY: borrowed for `'a`, during which nobody writes.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    pub(crate) fn opaque(&self) -> &'a StoreOpaque {
        // SAFETY: as in `data`.
        unsafe { &(*self.inner.as_ptr()).opaque }
    }
}

impl<'a, T: 'static> StoreContextMut<'a, T> {
    /// The engine that the store was made for.
    pub fn engine(&self) -> &Engine {
        self.opaque().engine()
    }

    /// The embedder's value.
    pub fn data(&self) -> &T {
        // SAFETY: `self` is borrowed, and no guest code runs meanwhile.
        unsafe { &(*self.inner.as_ptr()).data }
    }

    /// The embedder's value.
    pub fn data_mut(&mut self) -> &mut T {
        // SAFETY: as in `data`, and the borrow is the only one.
        unsafe { &mut (*self.inner.as_ptr()).data }
    }

    pub(crate) fn opaque(&self) -> &StoreOpaque {
        // SAFETY: as in `data`.
        unsafe { &(*self.inner.as_ptr()).opaque }
    }

    pub(crate) fn opaque_mut(&mut self) -> &mut StoreOpaque {
        // SAFETY: as in `data_mut`.
        unsafe { &mut (*self.inner.as_ptr()).opaque }
    }

    /// Both parts, for as long as the store is borrowed.
    pub(crate) fn into_parts(self) -> (&'a mut StoreOpaque, &'a mut T) {
        // SAFETY: `self` was the only way to the store for `'a`; the fields are
        // disjoint.
        unsafe {
            let inner = self.inner.as_ptr();
            (&mut (*inner).opaque, &mut (*inner).data)
        }
    }

    /// As [`Store::gc`].
    ///
    /// # Errors
    /// As [`Store::gc`].
    pub fn gc(&mut self) -> Result<()> {
        // SAFETY: the host runs, so every activation has current exit fields, and
        // what the host holds has handles.
        let collected = unsafe { self.opaque_mut().runtime_mut().collect() };
        self.drop_dead_host_values();
        Ok(collected.map_err(Trap::from)?)
    }

    /// Drops the host values that collections have set aside.
    #[inline]
    pub(crate) fn drop_dead_host_values(&mut self) {
        while self.opaque().runtime().has_dead_host_values() {
            // The borrow of the store ends before the value is dropped.
            let value = self.opaque_mut().runtime_mut().take_dead_host_value();
            drop(value);
        }
    }

    /// The store as a host function finds it.
    ///
    /// # Safety
    /// `vm` belongs to a `Store<T>` that nobody has borrowed, and `'a` ends
    /// before the host function returns.
    pub(crate) unsafe fn from_vm(vm: *mut VmStore) -> StoreContextMut<'a, T> {
        // SAFETY: the caller's promise; `Store::new` sets `embedder`, so that it
        // is neither null nor of another type.
        let inner = unsafe { NonNull::new_unchecked((*(*vm).store).embedder.cast()) };
        StoreContextMut { inner, borrow: PhantomData }
    }

    /// Calls a function: arguments and results in `slots`.
    ///
    /// # Errors
    /// A trap, or the error of a host function.
    ///
    /// # Panics
    /// If a host function panics: its panic goes on here.
    ///
    /// # Safety
    /// `func` is of this store; `slots` holds arguments of its type and has room
    /// for its results.
    #[inline]
    pub(crate) unsafe fn invoke(
        &mut self,
        func: NonNull<VmFuncRef>,
        slots: *mut Slot,
    ) -> Result<()> {
        let vm = self.opaque().runtime().vm();
        // SAFETY: the caller vouches for the function and the slots. No reference
        // into the store is live: `self` only holds a pointer to it.
        let outcome = unsafe { abi::invoke(vm, func.as_ptr(), slots) };
        self.drop_dead_host_values();
        match outcome {
            Ok(()) => Ok(()),
            Err(reason) => Err(self.unwound(reason)),
        }
    }

    #[cold]
    fn unwound(&mut self, reason: Unwind) -> crate::Error {
        unwind::into_error(self.opaque_mut(), reason)
    }
}

impl<T: 'static> AsContext for Store<T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { inner: self.inner, borrow: PhantomData }
    }
}

impl<T: 'static> AsContextMut for Store<T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { inner: self.inner, borrow: PhantomData }
    }
}

impl<T: 'static> AsContext for StoreContext<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        *self
    }
}

impl<T: 'static> AsContext for StoreContextMut<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        StoreContext { inner: self.inner, borrow: PhantomData }
    }
}

impl<T: 'static> AsContextMut for StoreContextMut<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        StoreContextMut { inner: self.inner, borrow: PhantomData }
    }
}

impl<S: AsContext> AsContext for &S {
    type Data = S::Data;

    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContext> AsContext for &mut S {
    type Data = S::Data;

    fn as_context(&self) -> StoreContext<'_, S::Data> {
        S::as_context(self)
    }
}

impl<S: AsContextMut> AsContextMut for &mut S {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, S::Data> {
        S::as_context_mut(self)
    }
}

impl<'a, S: AsContext> From<&'a S> for StoreContext<'a, S::Data> {
    fn from(store: &'a S) -> Self {
        store.as_context()
    }
}

impl<'a, S: AsContext> From<&'a mut S> for StoreContext<'a, S::Data> {
    fn from(store: &'a mut S) -> Self {
        S::as_context(store)
    }
}

impl<'a, S: AsContextMut> From<&'a mut S> for StoreContextMut<'a, S::Data> {
    fn from(store: &'a mut S) -> Self {
        store.as_context_mut()
    }
}
