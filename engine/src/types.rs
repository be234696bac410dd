//! Types of functions, tables, globals and of what modules import and
//! export.
//!
//! Value types are those of the specification: see [`ValType`], [`RefType`] and
//! [`HeapType`]. Where a [`HeapType::Concrete`] stands in a type of this module,
//! its number is the engine's own for that type.

mod memory;

use std::fmt;
use std::sync::Arc;

use bimetal_core::types as core;
pub use bimetal_core::types::{HeapType, RefType, ValType};
pub use memory::MemoryType;

use crate::engine::Engine;

/// Whether a global can be written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mutability {
    /// It cannot.
    Const,
    /// It can.
    Var,
}

impl Mutability {
    /// Whether it cannot be written.
    pub fn is_const(self) -> bool {
        self == Mutability::Const
    }

    /// Whether it can be written.
    pub fn is_var(self) -> bool {
        self == Mutability::Var
    }
}

/// The type of a function.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct FuncType(Arc<core::FuncType>);

impl FuncType {
    /// The type with these parameters and results.
    ///
    /// # Panics
    /// If one of them names a type that the engine does not have.
    pub fn new(
        engine: &Engine,
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        let ty = core::FuncType::new(params, results);
        for &ty in ty.params.iter().chain(&ty.results) {
            engine.check_type(ty).expect("types of the engine");
        }
        FuncType::from_core(ty)
    }

    pub(crate) fn from_core(ty: core::FuncType) -> FuncType {
        FuncType(Arc::new(ty))
    }

    /// The function type with this canonical id.
    pub(crate) fn of_id(engine: &Engine, id: u32) -> FuncType {
        let ty = engine.types().get(id);
        FuncType::from_core(ty.as_func().cloned().unwrap_or_default())
    }

    pub(crate) fn as_core(&self) -> &core::FuncType {
        &self.0
    }

    /// The types of the parameters.
    pub fn params(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.params.iter().copied()
    }

    /// The type of a parameter.
    pub fn param(&self, index: usize) -> Option<ValType> {
        self.0.params.get(index).copied()
    }

    /// The types of the results.
    pub fn results(&self) -> impl ExactSizeIterator<Item = ValType> + '_ {
        self.0.results.iter().copied()
    }

    /// The type of a result.
    pub fn result(&self, index: usize) -> Option<ValType> {
        self.0.results.get(index).copied()
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FuncType({})", self.0)
    }
}

/// The type of a table.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TableType(core::TableType);

impl TableType {
    /// A table of these references, with 32-bit indices.
    pub fn new(element: RefType, minimum: u32, maximum: Option<u32>) -> TableType {
        TableType(core::TableType {
            addr: core::AddrType::I32,
            limits: core::Limits { min: minimum.into(), max: maximum.map(u64::from) },
            element,
        })
    }

    /// A table of these references, with 64-bit indices.
    pub fn new64(element: RefType, minimum: u64, maximum: Option<u64>) -> TableType {
        TableType(core::TableType {
            addr: core::AddrType::I64,
            limits: core::Limits { min: minimum, max: maximum },
            element,
        })
    }

    pub(crate) fn from_core(ty: core::TableType) -> TableType {
        TableType(ty)
    }

    pub(crate) fn as_core(&self) -> &core::TableType {
        &self.0
    }

    /// The type of the elements.
    pub fn element(&self) -> &RefType {
        &self.0.element
    }

    /// The least number of elements.
    pub fn minimum(&self) -> u64 {
        self.0.limits.min
    }

    /// The greatest number of elements, if there is one.
    pub fn maximum(&self) -> Option<u64> {
        self.0.limits.max
    }

    /// Whether indices have 64 bits.
    pub fn is_64(&self) -> bool {
        self.0.addr == core::AddrType::I64
    }
}

/// The type of a global.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType(core::GlobalType);

impl GlobalType {
    /// A global of this content.
    pub fn new(content: ValType, mutability: Mutability) -> GlobalType {
        GlobalType(core::GlobalType { content, mutable: mutability.is_var() })
    }

    pub(crate) fn from_core(ty: core::GlobalType) -> GlobalType {
        GlobalType(ty)
    }

    pub(crate) fn as_core(&self) -> &core::GlobalType {
        &self.0
    }

    /// The type of the value.
    pub fn content(&self) -> &ValType {
        &self.0.content
    }

    /// Whether the value can be written.
    pub fn mutability(&self) -> Mutability {
        if self.0.mutable { Mutability::Var } else { Mutability::Const }
    }
}

/// The type of an exception tag.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct TagType(FuncType);

impl TagType {
    /// The tag whose exceptions carry the parameters of a function type without
    /// results.
    pub fn new(ty: FuncType) -> TagType {
        TagType(ty)
    }

    /// The function type whose parameters an exception of the tag carries.
    pub fn ty(&self) -> &FuncType {
        &self.0
    }
}

/// The type of something that a module imports or exports.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ExternType {
    /// A function.
    Func(FuncType),
    /// A global.
    Global(GlobalType),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// An exception tag.
    Tag(TagType),
}

macro_rules! accessors {
    ($($variant:ident($ty:ty): $get:ident, $unwrap:ident, $what:literal;)*) => {
        impl ExternType {
            $(
                #[doc = concat!("The type, if it is that of a ", $what, ".")]
                pub fn $get(&self) -> Option<&$ty> {
                    match self {
                        ExternType::$variant(ty) => Some(ty),
                        _ => None,
                    }
                }

                #[doc = concat!("The type of a ", $what, ".")]
                ///
                /// # Panics
                /// If it is the type of something else.
                pub fn $unwrap(&self) -> &$ty {
                    self.$get().expect(concat!("expected the type of a ", $what))
                }
            )*
        }

        $(
            impl From<$ty> for ExternType {
                fn from(ty: $ty) -> ExternType {
                    ExternType::$variant(ty)
                }
            }
        )*
    };
}

accessors! {
    Func(FuncType): func, unwrap_func, "function";
    Global(GlobalType): global, unwrap_global, "global";
    Table(TableType): table, unwrap_table, "table";
    Memory(MemoryType): memory, unwrap_memory, "memory";
    Tag(TagType): tag, unwrap_tag, "tag";
}

impl fmt::Display for ExternType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExternType::Func(ty) => write!(f, "a function of type {ty}"),
            ExternType::Global(ty) if ty.0.mutable => {
                write!(f, "a mutable global of type {}", ty.0.content)
            }
            ExternType::Global(ty) => write!(f, "a global of type {}", ty.0.content),
            ExternType::Table(ty) => write!(f, "a table of {}", ty.0.element),
            ExternType::Memory(_) => f.write_str("a memory"),
            ExternType::Tag(ty) => write!(f, "a tag of type {}", ty.0),
        }
    }
}

impl ExternType {
    /// From a type in canonical ids.
    pub(crate) fn from_core(engine: &Engine, ty: &core::ExternType) -> ExternType {
        match ty {
            core::ExternType::Func(id) => ExternType::Func(FuncType::of_id(engine, *id)),
            core::ExternType::Global(ty) => ExternType::Global(GlobalType(*ty)),
            core::ExternType::Table(ty) => ExternType::Table(TableType(*ty)),
            core::ExternType::Memory(ty) => ExternType::Memory(MemoryType::from_core(*ty)),
            core::ExternType::Tag(id) => ExternType::Tag(TagType(FuncType::of_id(engine, *id))),
        }
    }
}

/// An import of a module.
#[derive(Clone, Debug)]
pub struct ImportType<'module> {
    pub(crate) module: &'module str,
    pub(crate) name: &'module str,
    pub(crate) ty: ExternType,
}

impl<'module> ImportType<'module> {
    /// The name of the module that it comes from.
    pub fn module(&self) -> &'module str {
        self.module
    }

    /// The name of the field in that module.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// What is imported.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}

/// An export of a module.
#[derive(Clone, Debug)]
pub struct ExportType<'module> {
    pub(crate) name: &'module str,
    pub(crate) ty: ExternType,
}

impl<'module> ExportType<'module> {
    /// Its name.
    pub fn name(&self) -> &'module str {
        self.name
    }

    /// What is exported.
    pub fn ty(&self) -> ExternType {
        self.ty.clone()
    }
}
