//! Stores: what owns instances and everything they reach.
//!
//! **What must never happen here:** something that guest code holds the address
//! of moves or dies before the store, or a reference to the store lives across a
//! call of guest code.

use std::ops::{Deref, DerefMut};
use std::ptr::{NonNull, null, null_mut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bimetal_core::types::{ExternType, GlobalType, Limits, MemoryType, TableType};
use bimetal_core::value::Slot;

use crate::allocator::Allocator;
use crate::arena::Arena;
use crate::cells::Cells;
use crate::gc::{Handles, Heap, HostValues};
use crate::global::Global;
use crate::host::HostFunc;
use crate::instance::Instance;
use crate::limits::{ResourceError, Settings, StoreLimits};
use crate::memory::{Mapping, Memory};
use crate::table::Table;
use crate::trap::Unwind;
use crate::types::{TypeRegistry, TypeTable};
use crate::vmctx::{VmCtx, VmFuncRef, VmHeap, VmStore, VmTail, VmValueStack};

/// Tells stores of one process apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct StoreId(u64);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Good in its store only: the embedding keeps the store's id with it.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name(pub(crate) u32);
    )*};
}

ids! {
    /// Names an instance.
    InstanceId;
    /// Names a memory.
    MemoryId;
    /// Names a table.
    TableId;
    /// Names a global.
    GlobalId;
    /// Names a tag.
    TagId;
}

/// Something that can be imported and exported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extern {
    /// A function: a record that lives as long as its store.
    Func(NonNull<VmFuncRef>),
    /// A table.
    Table(TableId),
    /// A memory.
    Memory(MemoryId),
    /// A global.
    Global(GlobalId),
    /// A tag.
    Tag(TagId),
}

/// A store. It lives behind a [`StoreBox`], at one address.
#[derive(Debug)]
pub struct Store {
    /// The settings of its engine.
    pub settings: Settings,
    /// The types of its engine.
    pub types: Arc<TypeRegistry>,
    /// How much it may hold.
    pub limits: StoreLimits,
    pub(crate) allocator: Arc<Allocator>,
    /// Why guest code is being unwound: set by whoever returns
    /// [`crate::abi::Outcome::UNWIND`].
    pub pending: Option<Unwind>,
    /// The references that the host holds.
    pub handles: Handles,
    /// A pointer of the embedding's own, which the runtime never reads.
    pub embedder: *mut (),
    id: StoreId,
    vm: NonNull<VmStore>,
    pub(crate) instances: Arena<Instance>,
    pub(crate) memories: Arena<Memory>,
    pub(crate) tables: Arena<Table>,
    pub(crate) globals: Arena<Global>,
    /// What the records of host functions lead to.
    host_funcs: Vec<Arc<HostFunc>>,
    pub(crate) host_values: HostValues,
    value_stack: Option<Mapping>,
    pub(crate) heap: Option<Heap>,
    /// The canonical id of the function type of each tag.
    pub(crate) tags: Vec<u32>,
    /// What `VmStore::funcs` points to.
    slab: Vec<*const VmFuncRef>,
    /// What `VmStore::types` points to.
    table: TypeTable,
    /// What everything else lies in: goes last.
    pub(crate) cells: Cells,
}

impl Store {
    /// The structure that guest code reads. Valid as long as the store.
    pub fn vm(&self) -> *mut VmStore {
        self.vm.as_ptr()
    }

    /// The store that owns this structure.
    ///
    /// # Safety
    /// `vm` is valid; no other reference to the store is used while the result
    /// lives, and no guest code runs meanwhile.
    pub unsafe fn from_vm<'a>(vm: *mut VmStore) -> &'a mut Store {
        // SAFETY: the caller's promise; `store` is set when the store is made.
        unsafe { &mut *(*vm).store }
    }

    /// What tells this store from others.
    pub fn id(&self) -> StoreId {
        self.id
    }

    /// Makes sure that the value stack of the interpreters is there.
    ///
    /// # Errors
    /// If the system refuses the memory.
    pub fn ensure_value_stack(&mut self) -> Result<(), ResourceError> {
        if self.value_stack.is_some() {
            return Ok(());
        }
        let slots = self.settings.value_stack / size_of::<Slot>();
        let bytes = slots * size_of::<Slot>();
        let mapping = self.allocator.value_stack(bytes)?;
        let base = mapping.base().cast::<Slot>();
        // SAFETY: the mapping holds `slots` slots; `vm` is valid as long as `self`.
        unsafe {
            (*self.vm.as_ptr()).values = VmValueStack { base, end: base.add(slots), top: base };
        }
        self.value_stack = Some(mapping);
        Ok(())
    }

    /// The instance.
    ///
    /// # Panics
    /// As all accessors by id: if the id is of another store.
    #[inline]
    pub fn instance(&self, id: InstanceId) -> &Instance {
        self.instances.get(id.0)
    }

    /// The memory.
    #[inline]
    pub fn memory(&self, id: MemoryId) -> &Memory {
        self.memories.get(id.0)
    }

    /// The memory.
    #[inline]
    pub fn memory_mut(&mut self, id: MemoryId) -> &mut Memory {
        self.memories.get_mut(id.0)
    }

    /// The table.
    pub fn table(&self, id: TableId) -> &Table {
        self.tables.get(id.0)
    }

    /// The table.
    pub fn table_mut(&mut self, id: TableId) -> &mut Table {
        self.tables.get_mut(id.0)
    }

    /// The global.
    pub fn global(&self, id: GlobalId) -> &Global {
        self.globals.get(id.0)
    }

    /// The global.
    pub fn global_mut(&mut self, id: GlobalId) -> &mut Global {
        self.globals.get_mut(id.0)
    }

    /// Makes a table of a type in canonical ids, every element `init`.
    ///
    /// # Errors
    /// If the store's limits or the system refuse it.
    pub fn new_table(&mut self, ty: TableType, init: Slot) -> Result<TableId, ResourceError> {
        ResourceError::check("tables", self.tables.len(), self.limits.max_tables)?;
        let most = self.limits.max_table_elements.min(self.allocator.max_table_elements());
        let table = Table::new(ty, init, most)?;
        self.allocator.add_table()?;
        Ok(TableId(self.tables.push(table, &mut self.cells)))
    }

    /// Makes a global of a type in canonical ids.
    pub fn new_global(&mut self, ty: GlobalType, value: [Slot; 2]) -> GlobalId {
        let global = Global::new(ty, value, &mut self.cells);
        GlobalId(self.globals.push(global, &mut self.cells))
    }

    /// Makes a host function known to the store: the record lives as long as it.
    pub fn new_host_func(&mut self, host: Arc<HostFunc>) -> NonNull<VmFuncRef> {
        let record = self.cells.add(VmFuncRef {
            code: Arc::as_ptr(&host).cast(),
            cx: null_mut(),
            // SAFETY: `vm` is valid as long as `self`; only the address is taken.
            caller: unsafe { &raw mut (*self.vm.as_ptr()).host },
            type_id: host.canonical_id(),
            index: VmFuncRef::HOST,
            slab: 0,
        });
        // SAFETY: the record was just made, and nobody else knows it.
        unsafe {
            (*record.as_ptr()).cx = record.as_ptr().cast();
            (*record.as_ptr()).slab = self.add_to_slab(record.as_ptr());
        }
        self.host_funcs.push(host);
        record
    }

    /// Gives a function record its place in the slab. The record is not borrowed
    /// and lives as long as the store.
    pub(crate) fn add_to_slab(&mut self, record: *const VmFuncRef) -> u32 {
        let index = u32::try_from(self.slab.len()).expect("fewer than 2^32 records fit in memory");
        self.slab.push(record);
        // SAFETY: `vm` is valid as long as `self`, and no guest code runs.
        unsafe { (*self.vm.as_ptr()).funcs = self.slab.as_ptr() };
        index
    }

    /// The records of all types, a certain one included.
    #[inline]
    pub fn type_table(&mut self, id: u32) -> TypeTable {
        if !self.table.contains(id) {
            self.refresh_types();
        }
        self.table
    }

    /// Lets guest code see the records of all types that the engine has by now.
    pub(crate) fn refresh_types(&mut self) {
        self.table = self.types.table();
        // SAFETY: as in `add_to_slab`.
        unsafe { (*self.vm.as_ptr()).types = self.table.base() };
    }

    /// The type in canonical ids, with the current size as the minimum.
    pub fn extern_type(&self, of: &Extern) -> ExternType {
        match *of {
            // SAFETY: records live as long as their store.
            Extern::Func(func) => ExternType::Func(unsafe { (*func.as_ptr()).type_id }),
            Extern::Table(id) => {
                let table = self.table(id);
                let limits = Limits { min: table.len(), ..table.ty().limits };
                ExternType::Table(TableType { limits, ..*table.ty() })
            }
            Extern::Memory(id) => {
                let memory = self.memory(id);
                let limits = Limits { min: memory.pages(), ..memory.ty().limits };
                ExternType::Memory(MemoryType { limits, ..*memory.ty() })
            }
            Extern::Global(id) => ExternType::Global(*self.global(id).ty()),
            Extern::Tag(id) => ExternType::Tag(self.tag_type(id)),
        }
    }

    /// The export of an instance.
    pub fn export(&self, instance: InstanceId, name: &str) -> Option<Extern> {
        self.instance(instance).export(name)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let stack = self.value_stack.take();
        self.allocator.release(self.instances.len(), self.tables.len(), stack);
        // SAFETY: made by `Box::leak` in `StoreBox::new`, freed only here.
        drop(unsafe { Box::from_raw(self.vm.as_ptr()) });
    }
}

/// Owns a store at a fixed address.
///
/// Every use makes a fresh reference from the one pointer that guest code has
/// too, so pointers to the store stay good between uses.
#[derive(Debug)]
pub struct StoreBox(NonNull<Store>);

// SAFETY: a store's pointers lead to what it owns alone, to code that is `Send`
// and `Sync`, and to the embedding's data, which the embedding answers for.
unsafe impl Send for StoreBox {}

impl StoreBox {
    /// An empty store that shares no address space with others.
    pub fn new(settings: Settings, types: Arc<TypeRegistry>, limits: StoreLimits) -> StoreBox {
        let allocator = Arc::new(Allocator::on_demand(&settings));
        StoreBox::with_allocator(settings, types, limits, allocator)
    }

    /// An empty store. The allocator was made with the same settings.
    pub fn with_allocator(
        settings: Settings,
        types: Arc<TypeRegistry>,
        limits: StoreLimits,
        allocator: Arc<Allocator>,
    ) -> StoreBox {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let values = VmValueStack { base: null_mut(), end: null_mut(), top: null_mut() };
        let mut slab = Vec::with_capacity(16);
        slab.push(null());
        let vm = Box::new(VmStore {
            stack_limit: 0,
            activation: null_mut(),
            values,
            heap: VmHeap { base: null_mut(), bump: 0, limit: 0 },
            types: null(),
            funcs: slab.as_ptr(),
            store: null_mut(),
            tail: VmTail { code: null(), cx: null_mut() },
            callee: 0,
            host: VmCtx::of_host(null_mut()),
        });
        let vm = NonNull::from(Box::leak(vm));
        let store = Box::new(Store {
            settings,
            types,
            limits,
            allocator,
            pending: None,
            handles: Handles::default(),
            embedder: null_mut(),
            id: StoreId(NEXT.fetch_add(1, Ordering::Relaxed)),
            vm,
            instances: Arena::new(),
            memories: Arena::new(),
            tables: Arena::new(),
            globals: Arena::new(),
            host_funcs: Vec::new(),
            host_values: HostValues::default(),
            value_stack: None,
            heap: None,
            tags: Vec::new(),
            slab,
            table: TypeTable::EMPTY,
            cells: Cells::new(),
        });
        let store = NonNull::from(Box::leak(store));
        // SAFETY: just made.
        unsafe {
            (*vm.as_ptr()).store = store.as_ptr();
            (*vm.as_ptr()).host.store = vm.as_ptr();
        }
        StoreBox(store)
    }
}

impl Deref for StoreBox {
    type Target = Store;

    fn deref(&self) -> &Store {
        // SAFETY: valid until `drop`; guest code does not run while borrowed.
        unsafe { self.0.as_ref() }
    }
}

impl DerefMut for StoreBox {
    fn deref_mut(&mut self) -> &mut Store {
        // SAFETY: as in `deref`, and the borrow is the only one.
        unsafe { self.0.as_mut() }
    }
}

impl Drop for StoreBox {
    fn drop(&mut self) {
        // SAFETY: made by `Box::leak` in `new`, freed only here.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

mod copy;
mod memories;
#[cfg(test)]
mod tests;
