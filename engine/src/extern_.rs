//! What instances import and export.

use bimetal_runtime::Extern as RuntimeExtern;

use crate::error::Result;
use crate::exception::Tag;
use crate::func::Func;
use crate::global::Global;
use crate::memory::Memory;
use crate::shared_memory::SharedMemory;
use crate::store::{AsContext, StoreOpaque};
use crate::table::Table;
use crate::types::ExternType;

/// Something that an instance can import or export.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Extern {
    /// A function.
    Func(Func),
    /// A global.
    Global(Global),
    /// A table.
    Table(Table),
    /// A memory.
    Memory(Memory),
    /// A memory that several stores may use.
    SharedMemory(SharedMemory),
    /// An exception tag.
    Tag(Tag),
}

macro_rules! kinds {
    ($($kind:ident, $into:ident, $what:literal;)*) => {
        impl Extern {
            $(
                #[doc = concat!("The ", $what, ", if it is one.")]
                pub fn $into(self) -> Option<$kind> {
                    match self {
                        Extern::$kind(value) => Some(value),
                        _ => None,
                    }
                }
            )*
        }

        $(
            impl From<$kind> for Extern {
                fn from(value: $kind) -> Extern {
                    Extern::$kind(value)
                }
            }
        )*
    };
}

kinds! {
    Func, into_func, "function";
    Global, into_global, "global";
    Table, into_table, "table";
    Memory, into_memory, "memory";
    SharedMemory, into_shared_memory, "shared memory";
    Tag, into_tag, "tag";
}

impl Extern {
    /// Its type, as it was made: a memory or table may have grown since.
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        match self {
            Extern::Func(func) => func.ty(store).into(),
            Extern::Global(global) => global.ty(store).into(),
            Extern::Table(table) => table.ty(store).into(),
            Extern::Memory(memory) => memory.ty(store).into(),
            Extern::SharedMemory(memory) => memory.ty().into(),
            Extern::Tag(tag) => tag.ty(store).into(),
        }
    }

    #[inline]
    pub(crate) fn from_runtime(store: &StoreOpaque, runtime: RuntimeExtern) -> Extern {
        let owner = store.id();
        match runtime {
            RuntimeExtern::Func(record) => Extern::Func(Func::from_record(store, record)),
            RuntimeExtern::Global(id) => Extern::Global(Global { store: owner, id }),
            RuntimeExtern::Table(id) => Extern::Table(Table { store: owner, id }),
            RuntimeExtern::Memory(id) => match store.runtime().memory(id).shared() {
                None => Extern::Memory(Memory { store: owner, id }),
                Some(memory) => SharedMemory::from_runtime(store.engine(), memory).into(),
            },
            RuntimeExtern::Tag(id) => Extern::Tag(Tag { store: owner, id }),
        }
    }

    /// # Errors
    /// If it belongs to another store, or a shared memory to another engine.
    pub(crate) fn check(&self, store: &StoreOpaque) -> Result<()> {
        match self {
            Extern::Func(func) => func.record(store).map(drop),
            Extern::Global(global) => store.check(global.store, "global"),
            Extern::Table(table) => store.check(table.store, "table"),
            Extern::Memory(memory) => store.check(memory.store, "memory"),
            Extern::SharedMemory(memory) => {
                store.engine().check_same(memory.engine(), "shared memory")
            }
            Extern::Tag(tag) => store.check(tag.store, "tag"),
        }
    }

    /// As the runtime knows it. A shared memory becomes one of the store's.
    ///
    /// # Errors
    /// As [`Extern::check`], and if the store's limits refuse one more memory.
    pub(crate) fn to_runtime(&self, store: &mut StoreOpaque) -> Result<RuntimeExtern> {
        self.check(store)?;
        Ok(match self {
            Extern::Func(func) => RuntimeExtern::Func(func.record(store)?),
            Extern::Global(global) => RuntimeExtern::Global(global.id),
            Extern::Table(table) => RuntimeExtern::Table(table.id),
            Extern::Memory(memory) => RuntimeExtern::Memory(memory.id),
            Extern::SharedMemory(memory) => {
                RuntimeExtern::Memory(store.runtime_mut().add_shared_memory(memory.runtime())?)
            }
            Extern::Tag(tag) => RuntimeExtern::Tag(tag.id),
        })
    }
}

/// An export of an instance.
#[derive(Clone, Debug)]
pub struct Export<'instance> {
    name: &'instance str,
    value: Extern,
}

impl<'instance> Export<'instance> {
    pub(crate) fn new(name: &'instance str, value: Extern) -> Export<'instance> {
        Export { name, value }
    }

    /// Its name.
    pub fn name(&self) -> &'instance str {
        self.name
    }

    /// Its type: see [`Extern::ty`].
    ///
    /// # Panics
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> ExternType {
        self.value.ty(store)
    }

    /// What is exported.
    pub fn into_extern(self) -> Extern {
        self.value
    }

    /// The function, if it is one.
    pub fn into_func(self) -> Option<Func> {
        self.value.into_func()
    }

    /// The global, if it is one.
    pub fn into_global(self) -> Option<Global> {
        self.value.into_global()
    }

    /// The table, if it is one.
    pub fn into_table(self) -> Option<Table> {
        self.value.into_table()
    }

    /// The memory, if it is one.
    pub fn into_memory(self) -> Option<Memory> {
        self.value.into_memory()
    }

    /// The shared memory, if it is one.
    pub fn into_shared_memory(self) -> Option<SharedMemory> {
        self.value.into_shared_memory()
    }

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        self.value.into_tag()
    }
}
