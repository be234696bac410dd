//! What a host function sees of the store and of who called it.

use std::fmt;

use bimetal_runtime::vmctx::VmCtx;

use crate::engine::Engine;
use crate::error::Result;
use crate::extern_::Extern;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreContextMut};

/// The store of a running host function, and the instance that called it.
///
/// It can be used wherever a function asks for a store.
///
/// ```
/// use bimetal::{Caller, Engine, Extern, Instance, Linker, Module, Store};
///
/// let engine = Engine::default();
/// let mut linker = Linker::new(&engine);
/// linker.func_wrap("host", "count", |mut caller: Caller<'_, u64>, at: u32, len: u32| {
///     let Some(Extern::Memory(memory)) = caller.get_export("memory") else { return };
///     let (bytes, total) = memory.data_and_store_mut(&mut caller);
///     let range = at as usize..(at + len) as usize;
///     *total += bytes[range].iter().map(|&byte| u64::from(byte)).sum::<u64>();
/// })?;
/// let module = Module::new(
///     &engine,
///     r#"(module
///         (import "host" "count" (func $count (param i32 i32)))
///         (memory (export "memory") 1)
///         (data (i32.const 8) "\01\02\03")
///         (func (export "run") (call $count (i32.const 8) (i32.const 3))))"#,
/// )?;
/// let mut store = Store::new(&engine, 0);
/// let instance = linker.instantiate(&mut store, &module)?;
/// instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())?;
/// assert_eq!(*store.data(), 6);
/// # bimetal::Result::<()>::Ok(())
/// ```
pub struct Caller<'a, T: 'static> {
    store: StoreContextMut<'a, T>,
    /// The context of the calling instance, or that of the host itself.
    cx: *mut VmCtx,
}

impl<'a, T: 'static> Caller<'a, T> {
    /// # Safety
    /// `cx` is the context of an instance in this store, or the store's own.
    pub(crate) unsafe fn new(store: StoreContextMut<'a, T>, cx: *mut VmCtx) -> Caller<'a, T> {
        Caller { store, cx }
    }

    /// The export of this name of the instance that imported the function.
    /// `None` if there is no such export, or if the host called the function
    /// itself.
    #[inline]
    pub fn get_export(&mut self, name: &str) -> Option<Extern> {
        // SAFETY: contexts and instances live as long as the store, by `new`; the
        // instance of the host's context is null.
        let export = unsafe { (*self.cx).instance.as_ref()?.export(name)? };
        Some(Extern::from_runtime(self.store.opaque(), export))
    }

    /// The embedder's value.
    pub fn data(&self) -> &T {
        self.store.data()
    }

    /// The embedder's value.
    pub fn data_mut(&mut self) -> &mut T {
        self.store.data_mut()
    }

    /// As [`Store::gc`](crate::Store::gc).
    ///
    /// # Errors
    /// As [`Store::gc`](crate::Store::gc).
    pub fn gc(&mut self) -> Result<()> {
        self.store.gc()
    }

    /// The engine that the store was made for.
    pub fn engine(&self) -> &Engine {
        self.store.engine()
    }
}

impl<T: 'static> AsContext for Caller<'_, T> {
    type Data = T;

    fn as_context(&self) -> StoreContext<'_, T> {
        self.store.as_context()
    }
}

impl<T: 'static> AsContextMut for Caller<'_, T> {
    fn as_context_mut(&mut self) -> StoreContextMut<'_, T> {
        self.store.as_context_mut()
    }
}

impl<T: fmt::Debug> fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller").field("data", self.data()).finish_non_exhaustive()
    }
}
