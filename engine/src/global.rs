//! Globals.

use bimetal_runtime::{GlobalId, StoreId};

use crate::error::{Context, Error, Result};
use crate::store::{AsContext, AsContextMut};
use crate::types::GlobalType;
use crate::value::Val;

/// A global in a store.
///
/// ```
/// use bimetal::{Engine, Global, GlobalType, Mutability, Store, Val, ValType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = GlobalType::new(ValType::I32, Mutability::Var);
/// let global = Global::new(&mut store, ty, Val::I32(1))?;
/// global.set(&mut store, Val::I32(2))?;
/// assert_eq!(global.get(&mut store).unwrap_i32(), 2);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Global {
    pub(crate) store: StoreId,
    pub(crate) id: GlobalId,
}

const WHAT: &str = "global";

impl Global {
    /// A global with this value.
    ///
    /// # Errors
    /// If the value is of another type or store.
    pub fn new(mut store: impl AsContextMut, ty: GlobalType, value: Val) -> Result<Global> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.engine().check_type(*ty.content())?;
        let value = value.to_slots(store, *ty.content()).context("value of a global")?;
        let id = store.runtime_mut().new_global(*ty.as_core(), value);
        Ok(Global { store: store.id(), id })
    }

    /// Its type.
    ///
    /// # Panics
    /// If the global belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> GlobalType {
        let context = store.as_context();
        context.opaque().expect_own(self.store, WHAT);
        GlobalType::from_core(*context.opaque().runtime().global(self.id).ty())
    }

    /// The value.
    ///
    /// # Panics
    /// If the global belongs to another store.
    pub fn get(&self, mut store: impl AsContextMut) -> Val {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.expect_own(self.store, WHAT);
        let global = store.runtime().global(self.id);
        let (ty, value) = (global.ty().content, global.get());
        // SAFETY: a global of this store holds a value of its type.
        unsafe { Val::from_slots(store, ty, value) }
    }

    /// Writes the value.
    ///
    /// # Errors
    /// If the global is constant, or the value or the global is of another type
    /// or store.
    pub fn set(&self, mut store: impl AsContextMut, value: Val) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.check(self.store, WHAT)?;
        let ty = *store.runtime().global(self.id).ty();
        if !ty.mutable {
            return Err(Error::msg("an immutable global cannot be set"));
        }
        let value = value.to_slots(store, ty.content).context("value of a global")?;
        store.runtime_mut().global_mut(self.id).set(value);
        Ok(())
    }
}
