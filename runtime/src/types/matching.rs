//! Subtyping between canonical types, and import matching (spec: *Validation /
//! Matching*).

use bimetal_core::types::{
    CompositeType, ExternType, GlobalType, HeapType, Limits, MemoryType, RefType, TableType,
    ValType,
};

use super::{Inner, TypeRegistry};
use crate::store::Store;
use crate::vmctx::VmCtx;

/// [`crate::vmctx::IsSubtype`]
///
/// # Safety
/// `cx` is the context of a live instance and both ids are of its engine.
pub unsafe extern "C" fn is_subtype(cx: *mut VmCtx, a: u32, b: u32) -> u32 {
    // SAFETY: the caller's promise; guest code runs, so nobody borrows the store.
    let types = unsafe { &Store::from_vm((*cx).store).types };
    u32::from(types.is_subtype(a, b))
}

impl TypeRegistry {
    /// Whether the type with id `a` is `b` or a declared subtype of it.
    ///
    /// # Panics
    /// If an id is of another registry.
    pub fn is_subtype(&self, a: u32, b: u32) -> bool {
        a == b || self.read().is_subtype(a, b)
    }

    /// Whether every value of type `a` is one of type `b`. Both hold canonical ids.
    pub fn val_type_matches(&self, a: ValType, b: ValType) -> bool {
        match (a, b) {
            (ValType::Ref(a), ValType::Ref(b)) => self.ref_type_matches(a, b),
            _ => a == b,
        }
    }

    /// Whether every reference of type `a` is one of type `b`. Both hold
    /// canonical ids.
    pub fn ref_type_matches(&self, a: RefType, b: RefType) -> bool {
        (b.nullable || !a.nullable)
            && (a.heap == b.heap || self.read().heap_matches(a.heap, b.heap))
    }

    /// Whether something of type `actual` can be imported where `expected` is
    /// declared. The minimum of `actual` is its current size.
    pub fn extern_type_matches(&self, actual: &ExternType, expected: &ExternType) -> bool {
        match (actual, expected) {
            (ExternType::Func(a), ExternType::Func(b)) => self.is_subtype(*a, *b),
            (ExternType::Table(a), ExternType::Table(b)) => table_matches(a, b),
            (ExternType::Memory(a), ExternType::Memory(b)) => memory_matches(a, b),
            (ExternType::Global(a), ExternType::Global(b)) => self.global_matches(a, b),
            // A tag's type is invariant.
            (ExternType::Tag(a), ExternType::Tag(b)) => a == b,
            _ => false,
        }
    }

    fn global_matches(&self, a: &GlobalType, b: &GlobalType) -> bool {
        match (a.mutable, b.mutable) {
            (true, true) => a.content == b.content,
            (false, false) => self.val_type_matches(a.content, b.content),
            _ => false,
        }
    }
}

impl Inner {
    fn is_subtype(&self, a: u32, b: u32) -> bool {
        let depth = self.types[b as usize].display.len() - 1;
        self.types[a as usize].display.get(depth) == Some(&b)
    }

    fn heap_matches(&self, a: HeapType, b: HeapType) -> bool {
        use HeapType::*;
        match (a, b) {
            (Concrete(a), Concrete(b)) => a == b || self.is_subtype(a, b),
            (Concrete(a), b) => self.above(a).contains(&b),
            (NoFunc, Concrete(b)) => self.above(b).contains(&Func),
            (None, Concrete(b)) => self.above(b).contains(&Any),
            (NoFunc, b) => matches!(b, NoFunc | Func),
            (NoExtern, b) => matches!(b, NoExtern | Extern),
            (NoExn, b) => matches!(b, NoExn | Exn),
            (None, b) => matches!(b, None | I31 | Struct | Array | Eq | Any),
            (I31 | Struct | Array, b) => a == b || matches!(b, Eq | Any),
            (Eq, b) => matches!(b, Eq | Any),
            (Func | Extern | Any | Exn, b) => a == b,
        }
    }

    /// The abstract types above a defined one.
    fn above(&self, id: u32) -> &'static [HeapType] {
        match self.types[id as usize].ty.composite {
            CompositeType::Func(_) => &[HeapType::Func],
            CompositeType::Struct(_) => &[HeapType::Struct, HeapType::Eq, HeapType::Any],
            CompositeType::Array(_) => &[HeapType::Array, HeapType::Eq, HeapType::Any],
        }
    }
}

fn limits_match(actual: Limits, expected: Limits) -> bool {
    let max = match (actual.max, expected.max) {
        (_, None) => true,
        (Some(actual), Some(expected)) => actual <= expected,
        (None, Some(_)) => false,
    };
    actual.min >= expected.min && max
}

fn table_matches(a: &TableType, b: &TableType) -> bool {
    a.addr == b.addr && a.element == b.element && limits_match(a.limits, b.limits)
}

fn memory_matches(a: &MemoryType, b: &MemoryType) -> bool {
    (a.addr, a.shared, a.page_size_log2) == (b.addr, b.shared, b.page_size_log2)
        && limits_match(a.limits, b.limits)
}
