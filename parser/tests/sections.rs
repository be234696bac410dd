//! Every section of a module arrives in `Module`.
#![cfg(feature = "wat")]

use bimetal_core::index::{DataIdx, ElemIdx, FuncIdx, GlobalIdx, MemIdx, TableIdx, TypeIdx};
use bimetal_core::ops::num::NumOp;
use bimetal_core::types::{ExternType, HeapType, Limits, ValType};
use bimetal_core::value::Slot;
use bimetal_parser::module::{ConstExpr, ConstOp, ElemItems, ElemMode, Entity, ImportCounts};
use bimetal_parser::{Module, ParseOptions};

fn module(text: &str) -> Module {
    Module::new(text.as_bytes(), &ParseOptions::default()).unwrap()
}

fn expr(ops: &[ConstOp]) -> ConstExpr {
    ConstExpr(ops.into())
}

#[test]
fn an_empty_module_is_empty() {
    let module = module("(module)");
    assert_eq!(*module.bytes, *b"\0asm\x01\0\0\0");
    assert!(module.types.is_empty() && module.funcs.is_empty() && module.exports.is_empty());
    assert_eq!(module.start, None);
    assert_eq!(module.ensure_valid(0), Ok(()));
}

#[test]
fn a_module_can_be_shared_between_threads() {
    fn is_shared<T: Send + Sync>() {}
    is_shared::<Module>();
}

#[test]
fn types_keep_their_order_and_each_is_a_group() {
    let module = module("(module (type (func (param i32 f64) (result i64 f32))) (type (func)))");
    assert_eq!(module.types.len(), 2);
    assert_eq!(*module.rec_groups, [0..1, 1..2]);
    let ty = module.func_type(TypeIdx(0));
    assert_eq!(*ty.params, [ValType::I32, ValType::F64]);
    assert_eq!(*ty.results, [ValType::I64, ValType::F32]);
}

#[test]
fn imports_come_first_in_each_index_space() {
    let module = module(
        r#"(module
            (import "a" "f" (func (param i32)))
            (import "a" "t" (table 1 2 externref))
            (import "b" "m" (memory 3))
            (import "b" "g" (global (mut i64)))
            (func) (table 4 funcref) (memory 5) (global f32 (f32.const 1)))"#,
    );
    let counts = ImportCounts { funcs: 1, tables: 1, memories: 1, globals: 1, tags: 0 };
    assert_eq!(module.imported, counts);
    let entities: Vec<_> = module.imports.iter().map(|import| import.entity).collect();
    let expected = [
        Entity::Func(FuncIdx(0)),
        Entity::Table(TableIdx(0)),
        Entity::Memory(MemIdx(0)),
        Entity::Global(GlobalIdx(0)),
    ];
    assert_eq!(entities, expected);
    assert_eq!((&*module.imports[2].module, &*module.imports[2].name), ("b", "m"));
    assert_eq!(module.type_of_func(FuncIdx(0)).params.len(), 1);
    assert_eq!(module.defined_index(FuncIdx(0)), None);
    assert_eq!(module.defined_index(FuncIdx(1)), Some(0));
    assert_eq!(module.func_at(0), FuncIdx(1));
    assert_eq!(module.tables[0].ty.limits, Limits { min: 1, max: Some(2) });
    assert_eq!(module.memories[1].limits, Limits { min: 5, max: None });
    assert!(module.globals[0].ty.mutable && module.globals[0].init.is_none());
    assert_eq!(module.type_of(Entity::Memory(MemIdx(0))), ExternType::Memory(module.memories[0]));
    assert_eq!(module.type_of(Entity::Func(FuncIdx(1))), ExternType::Func(1));
}

#[test]
fn globals_keep_their_initial_expressions() {
    let module = module(
        r#"(module
            (import "" "g" (global $g i32))
            (global i32 (i32.const -1))
            (global i64 (i64.const -2))
            (global f32 (f32.const nan:0x200001))
            (global f64 (f64.const 0.5))
            (global funcref (ref.null func))
            (global funcref (ref.func $f))
            (global i32 (i32.mul (i32.add (global.get $g) (i32.const 2)) (i32.const 3)))
            (global i64 (i64.sub (i64.const 2) (i64.const 3)))
            (func $f))"#,
    );
    let init = |i: usize| module.globals[i].init.clone().unwrap();
    assert_eq!(init(1), expr(&[ConstOp::Const(Slot::from_i32(-1))]));
    assert_eq!(init(2), expr(&[ConstOp::Const(Slot::from_i64(-2))]));
    assert_eq!(init(3), expr(&[ConstOp::Const(Slot::from_bits(0x7fa0_0001))]));
    assert_eq!(init(4), expr(&[ConstOp::Const(Slot::from_f64(0.5))]));
    assert_eq!(init(5), expr(&[ConstOp::RefNull(HeapType::Func)]));
    assert_eq!(init(6), expr(&[ConstOp::RefFunc(FuncIdx(0))]));
    let sum = expr(&[
        ConstOp::GlobalGet(GlobalIdx(0)),
        ConstOp::Const(Slot::from_i32(2)),
        ConstOp::Num(NumOp::i32_add),
        ConstOp::Const(Slot::from_i32(3)),
        ConstOp::Num(NumOp::i32_mul),
    ]);
    assert_eq!(init(7), sum);
    assert_eq!(init(8).0[2], ConstOp::Num(NumOp::i64_sub));
}

#[test]
fn exports_are_found_by_name() {
    let module = module(
        r#"(module (func (export "f")) (table (export "t") 0 funcref)
            (memory (export "") 0) (global (export "g") i32 (i32.const 0)))"#,
    );
    assert_eq!(module.exports.len(), 4);
    assert_eq!(module.export("f").unwrap().entity, Entity::Func(FuncIdx(0)));
    assert_eq!(module.export("t").unwrap().entity, Entity::Table(TableIdx(0)));
    assert_eq!(module.export("").unwrap().entity, Entity::Memory(MemIdx(0)));
    assert_eq!(module.export("g").unwrap().entity, Entity::Global(GlobalIdx(0)));
    assert_eq!(module.export("missing"), None);
}

#[test]
fn element_segments_keep_items_and_mode() {
    let module = module(
        r#"(module (table 4 funcref) (table $t 4 externref) (func $f) (func $g)
            (elem (i32.const 1) $f $g)
            (elem (table $t) (i32.const 2) externref (ref.null extern))
            (elem func $g)
            (elem declare func $f)
            (elem funcref (ref.func $g) (ref.null func)))"#,
    );
    let offset = expr(&[ConstOp::Const(Slot::from_i32(1))]);
    let first = module.elem(ElemIdx(0));
    assert_eq!(first.mode, ElemMode::Active { table: TableIdx(0), offset });
    assert_eq!(first.items, ElemItems::Funcs([FuncIdx(0), FuncIdx(1)].into()));
    let second = module.elem(ElemIdx(1));
    assert!(matches!(second.mode, ElemMode::Active { table: TableIdx(1), .. }));
    assert_eq!(second.ty.heap, HeapType::Extern);
    assert_eq!(module.elem(ElemIdx(2)).mode, ElemMode::Passive);
    assert_eq!(module.elem(ElemIdx(3)).mode, ElemMode::Declared);
    let exprs = [expr(&[ConstOp::RefFunc(FuncIdx(1))]), expr(&[ConstOp::RefNull(HeapType::Func)])];
    assert_eq!(module.elem(ElemIdx(4)).items, ElemItems::Exprs(exprs.into()));
}

#[test]
fn data_segments_point_at_their_bytes() {
    let module = module(
        r#"(module (memory 1) (memory $m 1)
            (data (i32.const 8) "hello") (data "passive") (data (memory $m) (i32.const 0) ""))"#,
    );
    assert_eq!(module.data(DataIdx(0)), b"hello");
    assert_eq!(module.data(DataIdx(1)), b"passive");
    assert_eq!(module.data(DataIdx(2)), b"");
    assert_eq!(module.datas[1].active, None);
    let (memory, offset) = module.datas[0].active.clone().unwrap();
    assert_eq!(memory, MemIdx(0));
    assert_eq!(offset, expr(&[ConstOp::Const(Slot::from_i32(8))]));
    assert_eq!(module.datas[2].active.as_ref().unwrap().0, MemIdx(1));
}

#[test]
fn bodies_hold_locals_and_code() {
    let module = module("(module (func (local i32 i32 f64) nop) (func))");
    let body = |i: usize| &module.bytes[module.bodies[i].range.clone()];
    assert_eq!(body(0), [2, 2, 0x7f, 1, 0x7c, 0x01, 0x0b]);
    assert_eq!(body(1), [0, 0x0b]);
}

#[test]
fn the_start_function_is_kept() {
    let module = module(r#"(module (import "" "f" (func)) (func $s) (start $s))"#);
    assert_eq!(module.start, Some(FuncIdx(1)));
}

#[test]
fn custom_sections_are_kept_with_their_contents() {
    let module = module(
        r#"(module (@custom "first" "abc") (@custom "second" "") (@custom "first" "later"))"#,
    );
    let names: Vec<_> = module.customs.iter().map(|custom| &*custom.name).collect();
    assert_eq!(names, ["first", "second", "first"]);
    assert_eq!(module.custom_section("first"), Some(&b"abc"[..]));
    assert_eq!(module.custom_section("second"), Some(&b""[..]));
    assert_eq!(module.custom_section("third"), None);
}

#[test]
fn escaping_functions_are_defined_sorted_and_unique() {
    let module = module(
        r#"(module
            (import "" "imported" (func $imported))
            (func $plain) (func $start) (func $global) (func $expr) (func $elem) (func $export)
            (export "x" (func $export)) (export "y" (func $export)) (export "z" (func $imported))
            (table 1 funcref)
            (elem (i32.const 0) $elem)
            (elem funcref (ref.func $expr) (ref.null func))
            (global funcref (ref.func $global))
            (start $start))"#,
    );
    assert_eq!(*module.escaping, [2, 3, 4, 5, 6].map(FuncIdx));
    assert_eq!(module.escaping_index(FuncIdx(4)), Some(2));
    assert_eq!(module.escaping_index(FuncIdx(1)), None);
}

#[test]
fn a_binary_module_loads_as_its_text_does() {
    let text = "(module (func (export \"f\") (result i32) i32.const 7))";
    let from_text = module(text);
    let options = ParseOptions::default();
    let from_binary = Module::new(&from_text.bytes, &options).unwrap();
    assert_eq!(from_text.bodies, from_binary.bodies);
    assert_eq!(from_text.exports, from_binary.exports);
    assert!(Module::from_binary(text.as_bytes(), &options).is_err());
}
