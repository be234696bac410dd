//! References to host values.

use std::any::Any;

use crate::any::AnyRef;
use crate::error::Result;
use crate::rooted::Rooted;
use crate::store::{AsContextMut, StoreContext, StoreContextMut};

/// A host value that guests can hold and pass on but not look into.
///
/// It is dropped some time after neither the guest nor the host can reach it any
/// more: during an action of the host on the store, never in the middle of the guest.
///
/// ```
/// use bimetal::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let reference = ExternRef::new(&mut store, String::from("ours"))?;
/// let value = reference.data(&store)?.and_then(|value| value.downcast_ref::<String>());
/// assert_eq!(value.map(String::as_str), Some("ours"));
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct ExternRef(());

impl ExternRef {
    /// Puts a host value into the store and returns the reference to it.
    ///
    /// # Errors
    /// If the store cannot hold more of them.
    #[allow(clippy::new_ret_no_self, reason = "references are rooted in a store")]
    pub fn new(
        mut store: impl AsContextMut,
        value: impl Any + Send + Sync,
    ) -> Result<Rooted<ExternRef>> {
        let mut context = store.as_context_mut();
        let runtime = context.opaque_mut().runtime_mut();
        // SAFETY: the host runs, so every activation has current exit fields, and
        // what the host holds has handles.
        let bits = unsafe { runtime.new_extern_ref(Box::new(value))? };
        let reference = Rooted::new(context.opaque_mut(), bits);
        context.drop_dead_host_values();
        Ok(reference)
    }

    /// The reference to a value of the other hierarchy (spec: `extern.convert_any`).
    pub fn convert_any(value: Rooted<AnyRef>) -> Rooted<ExternRef> {
        value.convert()
    }
}

impl Rooted<ExternRef> {
    /// The host value behind the reference; `None` for an internal value that was
    /// converted.
    ///
    /// # Errors
    /// If the reference belongs to another store or its scope has ended.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().opaque();
        Ok(store.runtime().extern_ref(self.bits(store)?))
    }

    /// As [`Rooted::data`], to be changed.
    ///
    /// # Errors
    /// As [`Rooted::data`].
    pub fn data_mut<'a, T: 'static>(
        &self,
        store: impl Into<StoreContextMut<'a, T>>,
    ) -> Result<Option<&'a mut (dyn Any + Send + Sync)>> {
        let (store, _) = store.into().into_parts();
        let bits = self.bits(store)?;
        Ok(store.runtime_mut().extern_ref_mut(bits))
    }
}
