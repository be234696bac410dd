//! Types (spec: *Structure / Types*).
//!
//! The same structures serve two name spaces. Inside a module,
//! [`HeapType::Concrete`] holds the module's own type index; the runtime's type
//! registry rewrites them so that it holds an engine-wide canonical id. Nothing
//! in this crate mixes the two.

use std::fmt;

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ValType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit float.
    F32,
    /// 64-bit float.
    F64,
    /// 128-bit vector.
    V128,
    /// Reference.
    Ref(RefType),
}

impl ValType {
    /// `funcref`.
    pub const FUNCREF: ValType = ValType::Ref(RefType::FUNCREF);
    /// `externref`.
    pub const EXTERNREF: ValType = ValType::Ref(RefType::EXTERNREF);
    /// `exnref`
    pub const EXNREF: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::Exn });

    /// How many 64-bit slots a value takes in a frame: two for `v128`, else one.
    #[inline]
    pub const fn slots(self) -> u32 {
        match self {
            ValType::V128 => 2,
            _ => 1,
        }
    }

    /// Whether this is a reference type.
    #[inline]
    pub const fn is_ref(self) -> bool {
        matches!(self, ValType::Ref(_))
    }

    /// Whether a local of this type has a default value.
    pub const fn is_defaultable(self) -> bool {
        match self {
            ValType::Ref(r) => r.nullable,
            _ => true,
        }
    }
}

impl From<RefType> for ValType {
    fn from(ty: RefType) -> ValType {
        ValType::Ref(ty)
    }
}

impl fmt::Display for ValType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ValType::I32 => f.write_str("i32"),
            ValType::I64 => f.write_str("i64"),
            ValType::F32 => f.write_str("f32"),
            ValType::F64 => f.write_str("f64"),
            ValType::V128 => f.write_str("v128"),
            ValType::Ref(r) => r.fmt(f),
        }
    }
}

/// A reference type: a heap type, nullable or not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RefType {
    /// Whether null is a value of the type.
    pub nullable: bool,
    /// What a non-null reference points to.
    pub heap: HeapType,
}

impl RefType {
    /// `funcref`: `(ref null func)`.
    pub const FUNCREF: RefType = RefType { nullable: true, heap: HeapType::Func };
    /// `externref`: `(ref null extern)`.
    pub const EXTERNREF: RefType = RefType { nullable: true, heap: HeapType::Extern };
}

impl fmt::Display for RefType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.nullable, self.heap) {
            (true, HeapType::Func) => f.write_str("funcref"),
            (true, HeapType::Extern) => f.write_str("externref"),
            (true, heap) => write!(f, "(ref null {heap})"),
            (false, heap) => write!(f, "(ref {heap})"),
        }
    }
}

macro_rules! heap_types {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What a reference points to.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum HeapType {
            $($(#[$doc])* $name,)*
            /// A defined type: a module's type index, or a canonical id in the runtime.
            Concrete(u32),
        }

        impl fmt::Display for HeapType {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(HeapType::$name => f.write_str($text),)*
                    HeapType::Concrete(index) => write!(f, "{index}"),
                }
            }
        }
    };
}

heap_types! {
    /// Every function.
    Func = "func";
    /// Every host value.
    Extern = "extern";
    /// Every internal value.
    Any = "any";
    /// Internal values that can be compared.
    Eq = "eq";
    /// 31-bit scalars.
    I31 = "i31";
    /// Every structure.
    Struct = "struct";
    /// Every array.
    Array = "array";
    /// Every exception.
    Exn = "exn";
    /// No internal value.
    None = "none";
    /// No host value.
    NoExtern = "noextern";
    /// No function.
    NoFunc = "nofunc";
    /// No exception.
    NoExn = "noexn";
}

/// The type of a function: parameters to results.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct FuncType {
    /// Parameter types, in order.
    pub params: Box<[ValType]>,
    /// Result types, in order.
    pub results: Box<[ValType]>,
}

impl FuncType {
    /// A function type from its parts.
    pub fn new(
        params: impl IntoIterator<Item = ValType>,
        results: impl IntoIterator<Item = ValType>,
    ) -> FuncType {
        FuncType { params: params.into_iter().collect(), results: results.into_iter().collect() }
    }

    /// Slots taken by all parameters.
    pub fn param_slots(&self) -> u32 {
        self.params.iter().map(|ty| ty.slots()).sum()
    }

    /// Slots taken by all results.
    pub fn result_slots(&self) -> u32 {
        self.results.iter().map(|ty| ty.slots()).sum()
    }

    /// Slots of an argument list that is overwritten by the results.
    pub fn call_slots(&self) -> u32 {
        self.param_slots().max(self.result_slots())
    }
}

impl fmt::Display for FuncType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, types: &[ValType]| {
            f.write_str("[")?;
            for (i, ty) in types.iter().enumerate() {
                if i > 0 {
                    f.write_str(" ")?;
                }
                ty.fmt(f)?;
            }
            f.write_str("]")
        };
        list(f, &self.params)?;
        f.write_str(" -> ")?;
        list(f, &self.results)
    }
}

/// How a field or an array element is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StorageType {
    /// 8 bits, zero- or sign-extended by the access.
    I8,
    /// 16 bits, zero- or sign-extended by the access.
    I16,
    /// A whole value.
    Val(ValType),
}

/// The type of a structure's field or of an array's elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FieldType {
    /// How the field is stored.
    pub storage: StorageType,
    /// Whether the field can be written after initialisation.
    pub mutable: bool,
}

/// A composite type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CompositeType {
    /// A function.
    Func(FuncType),
    /// A structure with these fields.
    Struct(Box<[FieldType]>),
    /// An array of these elements.
    Array(FieldType),
}

/// A defined type: a composite type with its place in the subtype hierarchy.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SubType {
    /// Whether no type may declare this one as its supertype.
    pub is_final: bool,
    /// The declared supertype: same name space as [`HeapType::Concrete`].
    pub supertype: Option<u32>,
    /// The type itself.
    pub composite: CompositeType,
}

impl SubType {
    /// The final type of a function, as every `func` type of WebAssembly 2.0 is.
    pub fn func(ty: FuncType) -> SubType {
        SubType { is_final: true, supertype: None, composite: CompositeType::Func(ty) }
    }

    /// The function type, if it is one.
    pub fn as_func(&self) -> Option<&FuncType> {
        match &self.composite {
            CompositeType::Func(ty) => Some(ty),
            _ => None,
        }
    }
}

/// The index type of a memory or table: 32 or 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddrType {
    /// 32-bit indices.
    I32,
    /// 64-bit indices.
    I64,
}

impl AddrType {
    /// The type of an index operand.
    pub const fn val_type(self) -> ValType {
        match self {
            AddrType::I32 => ValType::I32,
            AddrType::I64 => ValType::I64,
        }
    }
}

/// Size bounds, in pages of a memory or elements of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Limits {
    /// The initial size.
    pub min: u64,
    /// The largest size, if declared.
    pub max: Option<u64>,
}

/// The type of a memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct MemoryType {
    /// 32- or 64-bit addresses.
    pub addr: AddrType,
    /// Size bounds in pages.
    pub limits: Limits,
    /// Whether several threads may use the memory.
    pub shared: bool,
    /// Logarithm of the page size in bytes: 16, or 0 for custom page sizes.
    pub page_size_log2: u8,
}

impl MemoryType {
    /// The page size in bytes.
    pub const fn page_size(&self) -> u64 {
        1 << self.page_size_log2
    }

    /// The number of pages that fill the whole address space.
    pub const fn max_pages(&self) -> u64 {
        match self.addr {
            AddrType::I32 => 1 << (32 - self.page_size_log2),
            AddrType::I64 if self.page_size_log2 == 0 => u64::MAX,
            AddrType::I64 => 1 << (64 - self.page_size_log2),
        }
    }
}

/// The type of a table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TableType {
    /// 32- or 64-bit indices.
    pub addr: AddrType,
    /// Size bounds in elements.
    pub limits: Limits,
    /// The type of the elements.
    pub element: RefType,
}

/// The type of a global.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GlobalType {
    /// The type of the value.
    pub content: ValType,
    /// Whether the value can change.
    pub mutable: bool,
}

/// The type of something that a module imports or exports. Function and tag
/// types are named by their index: see [`HeapType::Concrete`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExternType {
    /// A function of the type with this index.
    Func(u32),
    /// A table.
    Table(TableType),
    /// A memory.
    Memory(MemoryType),
    /// A global.
    Global(GlobalType),
    /// A tag of the function type with this index.
    Tag(u32),
}
