//! Canonical types: one number per type, whichever module defines it (spec:
//! *Validation / Types / Rolling and unrolling*).
//!
//! Two types are the same if their recursion groups have the same structure, in
//! which references inside a group count by position and references out of it by
//! canonical id. Interning the groups in that form makes type equality a
//! comparison of numbers, at runtime and across modules.

mod matching;
mod record;

pub use matching::is_subtype;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use bimetal_core::types::{
    CompositeType, ExternType, FieldType, FuncType, GlobalType, HeapType, MemoryType, RefType,
    StorageType, SubType, TableType, ValType,
};
use bimetal_parser::Module;

use crate::gc::layout::ObjectLayout;

pub use record::{INLINE_SUPERTYPES, NO_TYPE, Trace, TypeTable, VmType};

/// In the interned form of a group, marks a position inside the group.
const INSIDE: u32 = 1 << 31;

/// The types of an engine: append-only, shared by its modules and stores.
#[derive(Debug, Default)]
pub struct TypeRegistry {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Canonical id of a group's first type, by the group's interned form.
    groups: HashMap<Box<[SubType]>, u32>,
    /// By canonical id.
    types: Vec<Entry>,
    /// By canonical id, too.
    records: record::Records,
}

#[derive(Debug)]
struct Entry {
    ty: Arc<SubType>,
    /// The chain of declared supertypes from the root down to the type itself:
    /// a subtype test is one comparison.
    display: Arc<[u32]>,
}

impl TypeRegistry {
    /// A registry without types.
    pub fn new() -> TypeRegistry {
        TypeRegistry::default()
    }

    /// The canonical id of each of the module's types, by type index.
    pub fn register(&self, module: &Module) -> Box<[u32]> {
        let mut ids = Vec::with_capacity(module.types.len());
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        for group in &module.rec_groups {
            let types = &module.types[group.start as usize..group.end as usize];
            let form: Box<[SubType]> = types
                .iter()
                .map(|ty| map_sub_type(ty, &|index| intern_index(index, group, &ids)))
                .collect();
            let first = inner.intern(form);
            ids.extend(first..first + (group.end - group.start));
        }
        ids.into()
    }

    /// The canonical id of a function type that references defined types by
    /// canonical id: final and without supertype.
    pub fn intern_func(&self, ty: FuncType) -> u32 {
        let form: Box<[SubType]> = Box::new([SubType::func(ty)]);
        if let Some(&id) = self.read().groups.get(&form) {
            return id;
        }
        self.inner.write().unwrap_or_else(PoisonError::into_inner).intern(form)
    }

    /// The canonical id of a type alone in its group that references other types
    /// by canonical id.
    pub fn intern_sub_type(&self, ty: SubType) -> u32 {
        self.inner.write().unwrap_or_else(PoisonError::into_inner).intern(Box::new([ty]))
    }

    /// The type with this id; inside, references are canonical ids.
    ///
    /// # Panics
    /// If the id is of another registry.
    pub fn get(&self, id: u32) -> Arc<SubType> {
        Arc::clone(&self.read().types[id as usize].ty)
    }

    /// The records of all types so far: good as long as the registry.
    pub fn table(&self) -> TypeTable {
        self.read().records.table()
    }

    /// Whether values of this type are references that a collection follows:
    /// all but those to functions. `ty` holds canonical ids.
    pub fn is_collected(&self, ty: ValType) -> bool {
        match ty {
            ValType::Ref(ty) => !self.read().is_func(ty.heap),
            _ => false,
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn intern(&mut self, form: Box<[SubType]>) -> u32 {
        if let Some(&first) = self.groups.get(&form) {
            return first;
        }
        let first = u32::try_from(self.types.len())
            .ok()
            .filter(|&first| first < INSIDE - form.len() as u32)
            .expect("fewer than 2^31 types fit in memory");
        let resolve = |index| match index & INSIDE {
            0 => index,
            _ => first + (index & !INSIDE),
        };
        let types: Vec<_> = form.iter().map(|ty| map_sub_type(ty, &resolve)).collect();
        // A layout may depend on types that come later in the group.
        let is_func = |heap| match heap {
            HeapType::Concrete(id) if id >= first => {
                types[(id - first) as usize].as_func().is_some()
            }
            heap => self.is_func(heap),
        };
        let layout = |ty: &SubType| Arc::new(ObjectLayout::new(&ty.composite, &is_func));
        let layouts: Vec<_> = types.iter().map(layout).collect();
        for ((id, ty), layout) in (first..).zip(types).zip(layouts) {
            // Validation has a supertype precede its subtypes.
            let above = ty.supertype.and_then(|of| self.types.get(of as usize));
            let display = above.map_or(&[][..], |entry| &entry.display);
            let display: Arc<[u32]> = display.iter().copied().chain([id]).collect();
            let ty = Arc::new(ty);
            self.records.push(id, &ty, layout, &display);
            self.types.push(Entry { ty, display });
        }
        self.groups.insert(form, first);
        first
    }

    /// Whether references to this heap type are references to functions.
    fn is_func(&self, heap: HeapType) -> bool {
        match heap {
            HeapType::Func | HeapType::NoFunc => true,
            HeapType::Concrete(id) => self.types[id as usize].ty.as_func().is_some(),
            _ => false,
        }
    }
}

/// A module's type index as the interned form of its group says it.
fn intern_index(index: u32, group: &Range<u32>, ids: &[u32]) -> u32 {
    if group.contains(&index) { INSIDE | (index - group.start) } else { ids[index as usize] }
}

fn map_sub_type(ty: &SubType, map: &impl Fn(u32) -> u32) -> SubType {
    let vals = |types: &[ValType]| types.iter().map(|&ty| map_val_type(ty, map)).collect();
    let field = |field: &FieldType| FieldType {
        storage: match field.storage {
            StorageType::Val(ty) => StorageType::Val(map_val_type(ty, map)),
            packed => packed,
        },
        mutable: field.mutable,
    };
    let composite = match &ty.composite {
        CompositeType::Func(func) => CompositeType::Func(FuncType {
            params: vals(&func.params),
            results: vals(&func.results),
        }),
        CompositeType::Struct(fields) => CompositeType::Struct(fields.iter().map(field).collect()),
        CompositeType::Array(element) => CompositeType::Array(field(element)),
    };
    SubType { is_final: ty.is_final, supertype: ty.supertype.map(map), composite }
}

fn map_val_type(ty: ValType, map: &impl Fn(u32) -> u32) -> ValType {
    match ty {
        ValType::Ref(ty) => ValType::Ref(map_ref_type(ty, map)),
        number => number,
    }
}

fn map_ref_type(ty: RefType, map: &impl Fn(u32) -> u32) -> RefType {
    match ty.heap {
        HeapType::Concrete(index) => RefType { heap: HeapType::Concrete(map(index)), ..ty },
        _ => ty,
    }
}

/// A module's value type in canonical ids, as [`TypeRegistry::register`] gave them.
///
/// # Panics
/// If `ids` are those of another module.
pub fn canonical_val_type(ids: &[u32], ty: ValType) -> ValType {
    map_val_type(ty, &|index| ids[index as usize])
}

/// A module's table type in canonical ids.
///
/// # Panics
/// If `ids` are those of another module.
pub fn canonical_table_type(ids: &[u32], ty: &TableType) -> TableType {
    TableType { element: map_ref_type(ty.element, &|index| ids[index as usize]), ..*ty }
}

/// A module's global type in canonical ids.
///
/// # Panics
/// If `ids` are those of another module.
pub fn canonical_global_type(ids: &[u32], ty: &GlobalType) -> GlobalType {
    GlobalType { content: canonical_val_type(ids, ty.content), ..*ty }
}

/// A module's function type in canonical ids.
///
/// # Panics
/// If `ids` are those of another module.
pub fn canonical_func_type(ids: &[u32], ty: &FuncType) -> FuncType {
    let vals = |types: &[ValType]| types.iter().map(|&ty| canonical_val_type(ids, ty)).collect();
    FuncType { params: vals(&ty.params), results: vals(&ty.results) }
}

impl TypeRegistry {
    /// The type of an import or export in words, as error messages name it.
    /// `ty` holds canonical ids.
    pub fn describe(&self, ty: &ExternType) -> String {
        let func = |id| match &self.get(id).composite {
            CompositeType::Func(ty) => ty.to_string(),
            other => format!("{other:?}"),
        };
        let limits = |min: u64, max: Option<u64>| match max {
            Some(max) => format!("{min}..={max}"),
            None => format!("at least {min}"),
        };
        match ty {
            ExternType::Func(id) => format!("a function of type {}", func(*id)),
            ExternType::Tag(id) => format!("a tag of type {}", func(*id)),
            ExternType::Table(ty) => {
                let size = limits(ty.limits.min, ty.limits.max);
                let addr = ty.addr.val_type();
                format!("a table of {size} elements of type {}, indexed by {addr}", ty.element)
            }
            ExternType::Memory(MemoryType { addr, limits: size, shared, page_size_log2 }) => {
                let size = limits(size.min, size.max);
                let shared = if *shared { "shared " } else { "" };
                let page = 1u64 << page_size_log2;
                let addr = addr.val_type();
                format!("a {shared}memory of {size} pages of {page} bytes, indexed by {addr}")
            }
            ExternType::Global(ty) => {
                let mutable = if ty.mutable { "a mutable" } else { "an immutable" };
                format!("{mutable} global of type {}", ty.content)
            }
        }
    }
}

#[cfg(test)]
mod tests;
