//! What instances import and export.

use bimetal_runtime::Extern as RuntimeExtern;

use crate::error::Result;
use crate::exception::Tag;
use crate::func::Func;
use crate::global::Global;
use crate::memory::Memory;
use crate::store::{AsContext, StoreOpaque};
use crate::table::Table;
use crate::types::ExternType;

/// Something that an instance can import or export.
#[derive(Clone, Copy, Debug)]
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
            Extern::Tag(tag) => tag.ty(store).into(),
        }
    }

    pub(crate) fn from_runtime(store: &StoreOpaque, runtime: RuntimeExtern) -> Extern {
        let owner = store.id();
        match runtime {
            RuntimeExtern::Func(record) => Extern::Func(Func::from_record(store, record)),
            RuntimeExtern::Global(id) => Extern::Global(Global { store: owner, id }),
            RuntimeExtern::Table(id) => Extern::Table(Table { store: owner, id }),
            RuntimeExtern::Memory(id) => Extern::Memory(Memory { store: owner, id }),
            RuntimeExtern::Tag(id) => Extern::Tag(Tag { store: owner, id }),
        }
    }

    /// As the runtime knows it.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub(crate) fn to_runtime(self, store: &StoreOpaque) -> Result<RuntimeExtern> {
        Ok(match self {
            Extern::Func(func) => RuntimeExtern::Func(func.record(store)?),
            Extern::Global(global) => {
                store.check(global.store, "global")?;
                RuntimeExtern::Global(global.id)
            }
            Extern::Table(table) => {
                store.check(table.store, "table")?;
                RuntimeExtern::Table(table.id)
            }
            Extern::Memory(memory) => {
                store.check(memory.store, "memory")?;
                RuntimeExtern::Memory(memory.id)
            }
            Extern::Tag(tag) => {
                store.check(tag.store, "tag")?;
                RuntimeExtern::Tag(tag.id)
            }
        })
    }
}

/// An export of an instance.
#[derive(Clone, Copy, Debug)]
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

    /// The tag, if it is one.
    pub fn into_tag(self) -> Option<Tag> {
        self.value.into_tag()
    }
}
