//! Canonical ids, subtyping and import matching.

use super::*;
use crate::test_tier::module;
use bimetal_core::types::{AddrType, Limits};

fn reference(heap: HeapType) -> RefType {
    RefType { nullable: true, heap }
}

fn structure(supertype: Option<u32>, fields: &[ValType]) -> SubType {
    let field = |&ty| FieldType { storage: StorageType::Val(ty), mutable: false };
    let composite = CompositeType::Struct(fields.iter().map(field).collect());
    SubType { is_final: false, supertype, composite }
}

/// Registers groups of types that are written with module indices.
fn register(registry: &TypeRegistry, groups: &[&[SubType]]) -> Box<[u32]> {
    let mut module = Arc::into_inner(module("(module)")).unwrap();
    module.types = groups.concat().into();
    let mut at = 0;
    let ranges = groups.iter().map(|group| {
        at += group.len() as u32;
        at - group.len() as u32..at
    });
    module.rec_groups = ranges.collect();
    registry.register(&module)
}

const I32: ValType = ValType::I32;
const I64: ValType = ValType::I64;

fn to(index: u32) -> ValType {
    ValType::Ref(reference(HeapType::Concrete(index)))
}

#[test]
fn equal_function_types_have_one_id_in_all_modules() {
    let registry = TypeRegistry::new();
    let a = module("(module (type (func (param i32))) (type (func (result i64))))");
    let b = module("(module (type (func (result i64))) (type (func (param i32))))");
    let (a, b) = (registry.register(&a), registry.register(&b));
    assert_eq!((a[0], a[1]), (b[1], b[0]));
    assert_ne!(a[0], a[1]);
    assert_eq!(registry.intern_func(FuncType::new([I32], [])), a[0]);
}

#[test]
fn recursive_types_are_equal_by_structure_wherever_they_stand() {
    let registry = TypeRegistry::new();
    let ids = register(&registry, &[&[structure(None, &[to(0)])], &[structure(None, &[to(1)])]]);
    assert_eq!(ids[0], ids[1]);
    // The second refers to the first from outside: another structure.
    let ids = register(&registry, &[&[structure(None, &[to(0)])], &[structure(None, &[to(0)])]]);
    assert_ne!(ids[0], ids[1]);
    let CompositeType::Struct(fields) = &registry.get(ids[1]).composite else { panic!() };
    assert_eq!(fields[0].storage, StorageType::Val(to(ids[0])));
}

#[test]
fn a_type_in_a_larger_group_differs_from_the_same_type_alone() {
    let registry = TypeRegistry::new();
    let [a, b] = [structure(None, &[I32]), structure(None, &[I64])];
    let groups: [&[SubType]; 3] =
        [&[a.clone(), b.clone()], std::slice::from_ref(&a), &[b, a.clone()]];
    let ids = register(&registry, &groups);
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), 5);
}

#[test]
fn subtyping_follows_declared_supertypes_to_the_root() {
    let registry = TypeRegistry::new();
    let (a, b) = (structure(None, &[]), structure(Some(0), &[I32]));
    let (c, d) = (structure(Some(1), &[I32, I64]), structure(Some(0), &[I64]));
    let ids = register(&registry, &[&[a], &[b], &[c], &[d]]);
    let below = |a: usize, b: usize| registry.is_subtype(ids[a], ids[b]);
    assert!(below(2, 0) && below(2, 1) && below(3, 0) && below(1, 1));
    assert!(!below(0, 2) && !below(3, 1) && !below(2, 3));
}

#[test]
fn references_match_by_nullability_and_heap_type() {
    use HeapType::{Any, Concrete, Eq, Extern, Func, I31, NoExtern, NoFunc, Struct};
    let registry = TypeRegistry::new();
    let func = registry.intern_func(FuncType::new([], []));
    let object = register(&registry, &[&[structure(None, &[])]])[0];
    let matches = |a, b| registry.ref_type_matches(reference(a), reference(b));
    for (a, b) in [
        (Concrete(func), Func),
        (NoFunc, Concrete(func)),
        (Concrete(object), Struct),
        (Concrete(object), Any),
        (HeapType::None, Concrete(object)),
        (HeapType::None, I31),
        (I31, Eq),
        (NoExtern, Extern),
    ] {
        assert!(matches(a, b), "{a} is below {b}");
        assert!(!matches(b, a), "{b} is not below {a}");
    }
    assert!(!matches(NoFunc, Concrete(object)) && !matches(HeapType::None, Concrete(func)));
    assert!(!matches(Concrete(object), I31) && !matches(Func, Extern));
    let strict = RefType { nullable: false, ..RefType::FUNCREF };
    assert!(registry.ref_type_matches(strict, RefType::FUNCREF));
    assert!(!registry.ref_type_matches(RefType::FUNCREF, strict));
    assert!(!registry.val_type_matches(I32, I64));
}

#[test]
fn imports_match_as_the_specification_says() {
    let registry = TypeRegistry::new();
    let memory = |min, max| {
        let limits = Limits { min, max };
        ExternType::Memory(MemoryType {
            addr: AddrType::I32,
            limits,
            shared: false,
            page_size_log2: 16,
        })
    };
    let matches = |a, b| registry.extern_type_matches(&a, &b);
    assert!(matches(memory(2, Some(3)), memory(1, Some(3))));
    assert!(matches(memory(2, Some(3)), memory(2, None)));
    assert!(!matches(memory(0, Some(3)), memory(1, Some(3))));
    assert!(!matches(memory(2, None), memory(1, Some(3))));
    assert!(!matches(memory(2, Some(4)), memory(1, Some(3))));
    let global = |heap, mutable| {
        ExternType::Global(GlobalType { content: ValType::Ref(reference(heap)), mutable })
    };
    assert!(matches(global(HeapType::NoFunc, false), global(HeapType::Func, false)));
    assert!(!matches(global(HeapType::NoFunc, true), global(HeapType::Func, true)));
    assert!(!matches(global(HeapType::Func, true), global(HeapType::Func, false)));
    assert!(!matches(memory(1, None), global(HeapType::Func, false)));
}

#[test]
fn concurrent_registration_gives_one_id() {
    let registry = TypeRegistry::new();
    let intern = || registry.intern_func(FuncType::new([I32, I64], [I32]));
    let ids = std::thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(intern));
        threads.map(|thread| thread.join().unwrap())
    });
    assert_eq!(ids, [ids[0]; 4]);
}
