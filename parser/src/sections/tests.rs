//! Conversion of declarations, without the validator before it.

use bimetal_core::index::TypeIdx;
use bimetal_core::types::{
    AddrType, CompositeType, FieldType, HeapType, Limits, RefType, StorageType, ValType,
};
use wasmparser::Parser;

use super::Sections;
use crate::error::{Error, ErrorKind};

/// The sections of a module in the text format, not validated.
fn convert(text: &str) -> Result<Sections, Error> {
    convert_binary(&crate::text::to_binary(text.as_bytes())?)
}

fn convert_binary(bytes: &[u8]) -> Result<Sections, Error> {
    let mut sections = Sections::default();
    for payload in Parser::new(0).parse_all(bytes) {
        sections.convert(&payload.map_err(Error::malformed)?)?;
    }
    Ok(sections)
}

#[test]
fn recursion_groups_keep_their_ranges_and_supertypes() {
    let sections = convert(
        "(module
           (type $a (sub (struct (field i8) (field (mut (ref null $a))))))
           (rec (type $b (sub final $a (struct (field i8) (field (mut (ref null $a))) (field i64))))
                (type $c (array (mut i16)))
                (type $f (func (param (ref $b)) (result (ref null $c))))))",
    )
    .unwrap();
    assert_eq!(sections.rec_groups, [0..1, 1..4]);
    assert_eq!(sections.types[0].supertype, None);
    assert!(!sections.types[0].is_final);
    assert_eq!(sections.types[1].supertype, Some(0));
    assert!(sections.types[1].is_final);
    let to_a = ValType::Ref(RefType { nullable: true, heap: HeapType::Concrete(0) });
    let fields = [
        FieldType { storage: StorageType::I8, mutable: false },
        FieldType { storage: StorageType::Val(to_a), mutable: true },
    ];
    assert_eq!(sections.types[0].composite, CompositeType::Struct(fields.into()));
    let element = FieldType { storage: StorageType::I16, mutable: true };
    assert_eq!(sections.types[2].composite, CompositeType::Array(element));
    let func = sections.types[3].as_func().unwrap();
    let to_b = ValType::Ref(RefType { nullable: false, heap: HeapType::Concrete(1) });
    assert_eq!(*func.params, [to_b]);
}

#[test]
fn every_abstract_heap_type_converts() {
    let names = [
        ("func", HeapType::Func),
        ("extern", HeapType::Extern),
        ("any", HeapType::Any),
        ("eq", HeapType::Eq),
        ("i31", HeapType::I31),
        ("struct", HeapType::Struct),
        ("array", HeapType::Array),
        ("exn", HeapType::Exn),
        ("none", HeapType::None),
        ("noextern", HeapType::NoExtern),
        ("nofunc", HeapType::NoFunc),
        ("noexn", HeapType::NoExn),
    ];
    for (name, heap) in names {
        let sections =
            convert(&format!("(module (import \"\" \"\" (global (ref {name}))))")).unwrap();
        let expected = ValType::Ref(RefType { nullable: false, heap });
        assert_eq!(sections.globals[0].ty.content, expected, "{name}");
        assert_eq!(heap.to_string(), name);
    }
}

#[test]
fn memories_keep_address_type_sharing_and_page_size() {
    let sections =
        convert("(module (memory i64 1 2) (memory 1 3 shared) (memory 5 (pagesize 1)) (memory 0))")
            .unwrap();
    let [wide, shared, bytes, plain] = sections.memories.as_slice() else { panic!("four") };
    assert_eq!(wide.addr, AddrType::I64);
    assert_eq!(wide.limits, Limits { min: 1, max: Some(2) });
    assert!(shared.shared && !plain.shared);
    assert_eq!((bytes.page_size_log2, bytes.limits.min), (0, 5));
    assert_eq!((plain.page_size_log2, plain.addr), (16, AddrType::I32));
}

#[test]
fn tags_and_table_initialisers_are_kept() {
    let sections = convert(
        "(module (type (func (param i32))) (import \"m\" \"t\" (tag (type 0))) (tag (type 0))
           (func $f (type 0)) (table i64 2 (ref func) (ref.func $f)))",
    )
    .unwrap();
    assert_eq!(sections.tags, [TypeIdx(0), TypeIdx(0)]);
    assert_eq!(sections.imported.tags, 1);
    let table = &sections.tables[0];
    assert_eq!(table.ty.addr, AddrType::I64);
    assert!(!table.ty.element.nullable);
    assert_eq!(table.init.as_ref().unwrap().0.len(), 1);
    // Only the initialiser refers to the function.
    assert_eq!(sections.escaping().len(), 1);
}

#[test]
fn what_has_no_counterpart_is_named_with_its_offset() {
    let cases = [
        ("(module (type $f (func)) (type (cont $f)))", "stack switching"),
        ("(module (type (shared (struct))))", "shared composite types"),
        ("(module (table shared 1 funcref))", "shared tables"),
        ("(module (import \"\" \"\" (global (shared i32))))", "shared globals"),
        ("(module (global i32 (i32.popcnt (i32.const 1))))", "I32Popcnt"),
        ("(module (memory 1 (pagesize 2)))", "page sizes"),
    ];
    for (text, what) in cases {
        let error = convert(text).err().unwrap_or_else(|| panic!("{text} was accepted"));
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{text}: {error}");
        assert!(error.message().contains(what), "{text}: {error}");
        assert!(error.offset().is_some(), "{text}: {error}");
    }
}
