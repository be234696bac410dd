//! The module as the runtime and the tiers read it (spec: *Structure / Modules*).

use std::ops::Range;

use bimetal_core::index::{
    DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx, TypeIdx,
};
use bimetal_core::ops::num::NumOp;
use bimetal_core::types::{
    ExternType, FuncType, GlobalType, HeapType, MemoryType, RefType, SubType, TableType, ValType,
};
use bimetal_core::value::{Slot, V128};

use crate::bytes::Bytes;
use crate::export_map::ExportMap;
use crate::features::Features;
use crate::fixed::FixedTables;
use crate::hints::BranchHints;
use crate::names::Names;
use crate::validate::BodyValidation;

/// A decoded module: immutable, shared by every instance, tier and thread.
///
/// All index spaces hold imports first. Unless it was loaded lazily, a `Module`
/// is proof that its bytes are valid.
#[derive(Debug)]
pub struct Module {
    /// The binary module; ranges elsewhere point into it.
    pub bytes: Bytes,
    /// Defined types, in module order.
    pub types: Box<[SubType]>,
    /// The recursion groups, as consecutive ranges of `types`.
    pub rec_groups: Box<[Range<u32>]>,
    /// Imports, in order.
    pub imports: Box<[Import]>,
    /// The type of every function.
    pub funcs: Box<[TypeIdx]>,
    /// Every table.
    pub tables: Box<[Table]>,
    /// Every memory.
    pub memories: Box<[MemoryType]>,
    /// Every global.
    pub globals: Box<[Global]>,
    /// The function type of every tag.
    pub tags: Box<[TypeIdx]>,
    /// How many of each index space are imports.
    pub imported: ImportCounts,
    /// Exports, in order.
    pub exports: Box<[Export]>,
    /// Position in `exports` by name.
    pub export_map: ExportMap,
    /// The start function.
    pub start: Option<FuncIdx>,
    /// Element segments.
    pub elems: Box<[ElemSegment]>,
    /// Data segments.
    pub datas: Box<[DataSegment]>,
    /// One body per defined function.
    pub bodies: Box<[Body]>,
    /// Defined functions of which a reference can be taken, in order: those in
    /// exports, element segments and constant expressions, and the start
    /// function. An instance makes a function reference for each of them and for
    /// no other.
    pub escaping: Box<[FuncIdx]>,
    /// Custom sections, the name section included.
    pub customs: Box<[Custom]>,
    /// The name section, decoded when first asked.
    pub names: Names,
    /// The branch hints, decoded when first asked.
    pub branch_hints: BranchHints,
    /// The tables whose elements never change, found when first asked for.
    pub fixed_tables: FixedTables,
    /// What is left to validate when the module was loaded lazily.
    pub validation: BodyValidation,
    /// What the module may use.
    pub features: Features,
    /// Whether it has types by which a short instruction passes many operands.
    pub(crate) counts_operands: bool,
}

/// How many imports there are of each kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ImportCounts {
    /// Imported functions.
    pub funcs: u32,
    /// Imported tables.
    pub tables: u32,
    /// Imported memories.
    pub memories: u32,
    /// Imported globals.
    pub globals: u32,
    /// Imported tags.
    pub tags: u32,
}

/// An import. The index names the entity in its index space, where its type is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The module name.
    pub module: Box<str>,
    /// The field name.
    pub name: Box<str>,
    /// What is imported.
    pub entity: Entity,
}

/// An export.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Export {
    /// The name.
    pub name: Box<str>,
    /// What is exported.
    pub entity: Entity,
}

/// Something that can be imported and exported, by its place in its index space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Entity {
    /// A function.
    Func(FuncIdx),
    /// A table.
    Table(TableIdx),
    /// A memory.
    Memory(MemIdx),
    /// A global.
    Global(GlobalIdx),
    /// A tag.
    Tag(TagIdx),
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// Its type.
    pub ty: TableType,
    /// The initial value of its elements; null if absent.
    pub init: Option<ConstExpr>,
}

/// A global.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Global {
    /// Its type.
    pub ty: GlobalType,
    /// The initial value: `None` for imports only.
    pub init: Option<ConstExpr>,
}

/// An element segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElemSegment {
    /// The type of the elements.
    pub ty: RefType,
    /// The elements.
    pub items: ElemItems,
    /// When and where they are used.
    pub mode: ElemMode,
}

/// The elements of a segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ElemItems {
    /// References to these functions.
    Funcs(Box<[FuncIdx]>),
    /// The values of these expressions.
    Exprs(Box<[ConstExpr]>),
}

/// When an element segment is used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ElemMode {
    /// By `table.init`.
    Passive,
    /// Written to a table at instantiation.
    Active {
        /// The table.
        table: TableIdx,
        /// The first element written.
        offset: ConstExpr,
    },
    /// Only to declare that references are taken.
    Declared,
}

/// A data segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DataSegment {
    /// The contents, as a range of [`Module::bytes`].
    pub range: Range<usize>,
    /// Where it is written at instantiation; `None` for passive segments.
    pub active: Option<(MemIdx, ConstExpr)>,
}

/// The body of a defined function.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Body {
    /// Local declarations and code, as a range of [`Module::bytes`].
    pub range: Range<usize>,
}

/// A custom section.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Custom {
    /// Its name.
    pub name: Box<str>,
    /// Its contents, as a range of [`Module::bytes`].
    pub range: Range<usize>,
}

/// A constant expression in stack order, without its `end`.
#[derive(Clone, PartialEq, Debug)]
pub struct ConstExpr(pub Box<[ConstOp]>);

// Constants are compared by their bits: a NaN equals itself.
impl Eq for ConstExpr {}

/// One instruction of a constant expression.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum ConstOp {
    /// A number constant, as the raw bits of its slot.
    Const(Slot),
    /// `v128.const`
    V128(V128),
    /// `global.get`
    GlobalGet(GlobalIdx),
    /// `ref.null`
    RefNull(HeapType),
    /// `ref.func`
    RefFunc(FuncIdx),
    /// A plain numeric instruction.
    Num(NumOp),
    /// `struct.new`
    StructNew(TypeIdx),
    /// `struct.new_default`
    StructNewDefault(TypeIdx),
    /// `array.new`
    ArrayNew(TypeIdx),
    /// `array.new_default`
    ArrayNewDefault(TypeIdx),
    /// `array.new_fixed` of so many elements.
    ArrayNewFixed(TypeIdx, u32),
    /// `ref.i31`
    RefI31,
    /// `any.convert_extern`
    AnyConvertExtern,
    /// `extern.convert_any`
    ExternConvertAny,
}

impl Module {
    /// The function type with this index.
    ///
    /// # Panics
    /// If the index is out of range or names another kind of type: validation
    /// has ruled that out for every index that the module itself contains.
    pub fn func_type(&self, ty: TypeIdx) -> &FuncType {
        self.types[ty.index()].as_func().expect("validated: a function type")
    }

    /// The type of a function.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn type_of_func(&self, func: FuncIdx) -> &FuncType {
        self.func_type(self.funcs[func.index()])
    }

    /// The position of a function among the defined ones; `None` for imports.
    #[inline]
    pub fn defined_index(&self, func: FuncIdx) -> Option<usize> {
        func.0.checked_sub(self.imported.funcs).map(|i| i as usize)
    }

    /// The function at this position among the defined ones.
    #[inline]
    pub fn func_at(&self, defined: usize) -> FuncIdx {
        FuncIdx(self.imported.funcs + defined as u32)
    }

    /// Whether values of this type are references that a garbage collection
    /// follows: all but those to functions.
    ///
    /// # Panics
    /// If the type names a type that the module does not have.
    pub fn is_collected(&self, ty: ValType) -> bool {
        match ty {
            ValType::Ref(ty) => match ty.heap {
                HeapType::Func | HeapType::NoFunc => false,
                HeapType::Concrete(index) => self.types[index as usize].as_func().is_none(),
                _ => true,
            },
            _ => false,
        }
    }

    /// The position of a function in [`Module::escaping`].
    pub fn escaping_index(&self, func: FuncIdx) -> Option<usize> {
        self.escaping.binary_search(&func).ok()
    }

    /// The export of this name.
    #[inline]
    pub fn export(&self, name: &str) -> Option<&Export> {
        self.export_map.find(&self.exports, name)
    }

    /// The type of something that the module imports or exports.
    ///
    /// # Panics
    /// If there is no such entity.
    pub fn type_of(&self, entity: Entity) -> ExternType {
        match entity {
            Entity::Func(func) => ExternType::Func(self.funcs[func.index()].0),
            Entity::Table(table) => ExternType::Table(self.tables[table.index()].ty),
            Entity::Memory(memory) => ExternType::Memory(self.memories[memory.index()]),
            Entity::Global(global) => ExternType::Global(self.globals[global.index()].ty),
            Entity::Tag(tag) => ExternType::Tag(self.tags[tag.index()].0),
        }
    }

    /// The contents of a data segment.
    pub fn data(&self, data: DataIdx) -> &[u8] {
        &self.bytes[self.datas[data.index()].range.clone()]
    }

    /// The element segment with this index.
    pub fn elem(&self, elem: ElemIdx) -> &ElemSegment {
        &self.elems[elem.index()]
    }

    /// The contents of the first custom section of this name.
    pub fn custom_section(&self, name: &str) -> Option<&[u8]> {
        let custom = self.customs.iter().find(|custom| &*custom.name == name)?;
        Some(&self.bytes[custom.range.clone()])
    }

    /// The function's name: from the name section, else its export name.
    pub fn func_name(&self, func: FuncIdx) -> Option<&str> {
        if let Some(name) = self.names.func(self, func) {
            return Some(name);
        }
        let export = self.exports.iter().find(|export| export.entity == Entity::Func(func))?;
        Some(&export.name)
    }
}
