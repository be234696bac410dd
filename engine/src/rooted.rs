//! Handles of references: what keeps an object alive for the host.

use std::fmt;
use std::marker::PhantomData;

use bimetal_core::value::Slot;
use bimetal_runtime::StoreId;
use bimetal_runtime::gc::{Handle, OwnedHandle, Scope};

use crate::error::{Error, Result};
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut, StoreOpaque};

const WHAT: &str = "reference";

/// A reference that the store keeps alive for as long as a scope lasts.
///
/// That is the innermost scope in which it was made: a call of a host function, or
/// a [`RootScope`]. Outside of all scopes it is as long as the store lives: what
/// makes many references there should open a scope, or own them
/// ([`Rooted::to_owned_rooted`]).
///
/// Afterwards every use is an error, and so is one with another store.
pub struct Rooted<T> {
    store: StoreId,
    handle: Handle,
    what: PhantomData<fn() -> T>,
}

impl<T> Clone for Rooted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rooted<T> {}

impl<T> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rooted").field(&self.handle).finish()
    }
}

impl<T> Rooted<T> {
    /// Roots a reference of the store, which is not null.
    pub(crate) fn new(store: &mut StoreOpaque, bits: Slot) -> Rooted<T> {
        let handle = store.runtime_mut().handles.add(bits);
        Rooted { store: store.id(), handle, what: PhantomData }
    }

    /// The bits of the reference, until the next object is made.
    ///
    /// # Errors
    /// If it belongs to another store or is not kept alive any more.
    pub(crate) fn bits(&self, store: &StoreOpaque) -> Result<Slot> {
        store.check(self.store, WHAT)?;
        let bits = store.runtime().handles.get(self.handle);
        bits.ok_or_else(|| Error::msg("the scope of the reference has ended"))
    }

    /// The same reference as one of another type, which it is known to have.
    pub(crate) fn convert<U>(self) -> Rooted<U> {
        Rooted { store: self.store, handle: self.handle, what: PhantomData }
    }

    /// A handle that is independent of scopes.
    ///
    /// # Errors
    /// If the reference belongs to another store or its scope has ended.
    pub fn to_owned_rooted(&self, mut store: impl AsContextMut) -> Result<OwnedRooted<T>> {
        let mut context = store.as_context_mut();
        let bits = self.bits(context.opaque())?;
        Ok(OwnedRooted::new(context.opaque_mut(), bits))
    }

    /// Whether two references lead to the same value.
    ///
    /// # Errors
    /// If a reference belongs to another store or its scope has ended.
    pub fn ref_eq(store: impl AsContext, a: &Self, b: &Self) -> Result<bool> {
        let context = store.as_context();
        Ok(a.bits(context.opaque())? == b.bits(context.opaque())?)
    }
}

/// A reference that is kept alive until its handle and all clones of it are
/// dropped, which takes no store.
///
/// ```
/// use bimetal::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let (scoped, owned) = {
///     let mut scope = RootScope::new(&mut store);
///     let scoped = ExternRef::new(&mut scope, 7)?;
///     (scoped, scoped.to_owned_rooted(&mut scope)?)
/// };
/// assert!(scoped.data(&store).is_err());
/// let again = owned.to_rooted(&mut store)?;
/// assert!(again.data(&store)?.is_some_and(|value| value.is::<i32>()));
/// # bimetal::Result::<()>::Ok(())
/// ```
pub struct OwnedRooted<T> {
    store: StoreId,
    handle: OwnedHandle,
    what: PhantomData<fn() -> T>,
}

impl<T> Clone for OwnedRooted<T> {
    fn clone(&self) -> Self {
        OwnedRooted { store: self.store, handle: self.handle.clone(), what: PhantomData }
    }
}

impl<T> fmt::Debug for OwnedRooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedRooted").field(&self.handle).finish()
    }
}

impl<T> OwnedRooted<T> {
    /// Keeps a reference of the store, which is not null.
    pub(crate) fn new(store: &mut StoreOpaque, bits: Slot) -> OwnedRooted<T> {
        let handle = store.runtime_mut().handles.own(bits);
        OwnedRooted { store: store.id(), handle, what: PhantomData }
    }

    /// The bits of the reference, until the next object is made.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub(crate) fn bits(&self, store: &StoreOpaque) -> Result<Slot> {
        store.check(self.store, WHAT)?;
        Ok(self.handle.get())
    }

    /// The reference in the present scope.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn to_rooted(&self, mut store: impl AsContextMut) -> Result<Rooted<T>> {
        let mut context = store.as_context_mut();
        let bits = self.bits(context.opaque())?;
        Ok(Rooted::new(context.opaque_mut(), bits))
    }
}

/// A scope: what is rooted in it is let go at its end.
///
/// It is used in place of the store, which it borrows: so scopes end in the reverse
/// order of their beginnings.
///
/// ```
/// use bimetal::{Engine, ExternRef, RootScope, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// for n in 0..100_000 {
///     let mut scope = RootScope::new(&mut store);
///     let value = ExternRef::new(&mut scope, n)?;
///     assert!(value.data(&scope)?.is_some());
/// }
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct RootScope<C: AsContextMut> {
    store: C,
    scope: Scope,
}

impl<C: AsContextMut> RootScope<C> {
    /// Opens a scope.
    pub fn new(store: C) -> RootScope<C> {
        let scope = store.as_context().opaque().runtime().handles.open();
        RootScope { store, scope }
    }
}

impl<C: AsContextMut> Drop for RootScope<C> {
    fn drop(&mut self) {
        let mut context = self.store.as_context_mut();
        context.opaque_mut().runtime_mut().handles.close(self.scope);
    }
}

impl<C: AsContextMut> AsContext for RootScope<C> {
    type Data = C::Data;

    fn as_context(&self) -> StoreContext<'_, C::Data> {
        self.store.as_context()
    }
}

impl<C: AsContextMut> AsContextMut for RootScope<C> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, C::Data> {
        self.store.as_context_mut()
    }
}
