//! What stands behind a store's pointer.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::Arc;

use bimetal_parser::Module as Parsed;
use bimetal_runtime::gc::Scope;
use bimetal_runtime::store::Store as Runtime;
use bimetal_runtime::vmctx::{VmFuncRef, VmStore};
use bimetal_runtime::{HostFunc, StoreBox, StoreId};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::module::Module;

/// A store with the embedder's value.
pub(crate) struct StoreInner<T> {
    pub(crate) opaque: StoreOpaque,
    pub(crate) data: T,
}

impl<T> StoreInner<T> {
    pub(super) fn new(engine: &Engine, data: T) -> StoreInner<T> {
        StoreInner { opaque: StoreOpaque::new(engine), data }
    }
}

/// The scope of references during a call of a host function. It ends however the
/// call does.
pub(crate) struct HostScope {
    vm: *mut VmStore,
    scope: Scope,
}

impl HostScope {
    /// # Safety
    /// `vm` is valid for the life of the scope, and not borrowed when it begins and
    /// when it ends.
    pub(crate) unsafe fn open(vm: *mut VmStore) -> HostScope {
        // SAFETY: the caller's promise.
        let scope = unsafe { Runtime::from_vm(vm) }.handles.open();
        HostScope { vm, scope }
    }
}

impl Drop for HostScope {
    fn drop(&mut self) {
        // SAFETY: the promise of who made it.
        unsafe { Runtime::from_vm(self.vm) }.handles.close(self.scope);
    }
}

/// The part of a store that does not depend on the embedder's type.
pub struct StoreOpaque {
    runtime: StoreBox,
    engine: Engine,
    /// Every instantiated module, the last one only once in a row: for backtraces.
    modules: Vec<Module>,
    /// The records of linkers' host functions, by address: one record serves all
    /// instances. The runtime's store keeps the functions alive.
    linked: HashMap<usize, NonNull<VmFuncRef>>,
}

impl StoreOpaque {
    fn new(engine: &Engine) -> StoreOpaque {
        let settings = engine.config().settings.clone();
        let limits = bimetal_runtime::StoreLimits::default();
        StoreOpaque {
            runtime: StoreBox::with_allocator(
                settings,
                Arc::clone(engine.types()),
                limits,
                Arc::clone(engine.allocator()),
            ),
            engine: engine.clone(),
            modules: Vec::new(),
            linked: HashMap::new(),
        }
    }

    #[inline]
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    #[inline]
    pub(crate) fn runtime(&self) -> &bimetal_runtime::Store {
        &self.runtime
    }

    #[inline]
    pub(crate) fn runtime_mut(&mut self) -> &mut bimetal_runtime::Store {
        &mut self.runtime
    }

    #[inline]
    pub(crate) fn id(&self) -> StoreId {
        self.runtime.id()
    }

    /// An error unless `owner` is this store. `what` names what belongs to it.
    pub(crate) fn check(&self, owner: StoreId, what: &str) -> Result<()> {
        if owner == self.id() {
            return Ok(());
        }
        Err(Error::msg(format!("the {what} belongs to another store")))
    }

    /// As [`StoreOpaque::check`], for methods that cannot fail.
    ///
    /// # Panics
    /// If `owner` is another store.
    #[inline]
    #[track_caller]
    pub(crate) fn expect_own(&self, owner: StoreId, what: &str) {
        assert!(owner == self.id(), "the {what} belongs to another store");
    }

    /// The store's record of a host function of its engine, which may be shared with
    /// other stores. Makes it callable by the tier's code: here, because linkers hold
    /// many functions that no module imports.
    ///
    /// # Errors
    /// If there is no memory for the code that calls it.
    pub(crate) fn host_func(&mut self, host: &Arc<HostFunc>) -> Result<NonNull<VmFuncRef>> {
        let key = Arc::as_ptr(host).addr();
        if let Some(record) = self.linked.get(&key) {
            return Ok(*record);
        }
        self.engine.tier().prepare_host_func(host)?;
        let record = self.runtime.new_host_func(Arc::clone(host));
        self.linked.insert(key, record);
        Ok(record)
    }

    /// Remembers a module for backtraces.
    pub(crate) fn add_module(&mut self, module: &Module) {
        if !self.modules.last().is_some_and(|last| Module::same(last, module)) {
            self.modules.push(module.clone());
        }
    }

    /// The module that the tiers read as `parsed`, if it has an instance here.
    pub(crate) fn module(&self, parsed: &Arc<Parsed>) -> Option<&Module> {
        self.modules.iter().find(|module| Arc::ptr_eq(module.parsed(), parsed))
    }
}
