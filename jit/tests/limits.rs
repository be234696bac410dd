//! Functions of unreasonable size and shape.

mod common;

use std::sync::Arc;

use bimetal_parser::{Module, ParseOptions};
use common::World;

/// A module with one exported function `f` from `i32` to `i32`.
fn function(body: &str) -> String {
    format!(r#"(module (memory 1) (func (export "f") (param i32) (result i32) {body}))"#)
}

#[test]
fn a_branch_table_may_have_more_targets_than_cranelift_takes() {
    let mut world = World::new();
    let targets = "0 1 ".repeat(35_000);
    let id = world.instance(
        &function(&format!(
            "(block (block (br_table {targets} 1 (local.get 0))) (return (i32.const 10)))
             (i32.const 11)"
        )),
        &[],
    );
    for index in [0, 1, 32_767, 32_768, 32_769, 65_536, 69_998, 69_999] {
        assert_eq!(u64::from(world.i32(id, "f", &[index])), 10 + index % 2, "{index}");
    }
    for index in [70_000, 70_001, 0x8000_0000, 0xffff_ffff] {
        assert_eq!(world.i32(id, "f", &[index]), 11, "{index}");
    }
}

#[test]
fn a_branch_table_takes_values_along_and_may_return() {
    let mut world = World::new();
    let id = world.instance(
        &function(
            "(block $a (result i32)
               (block $b (result i32)
                 (br_table $b $a 2 $b $a (i32.const 100) (local.get 0)))
               (i32.add (i32.const 1)))
             (i32.add (i32.const 10))",
        ),
        &[],
    );
    let results = [0, 1, 2, 3, 4, 5].map(|index| world.i32(id, "f", &[index]));
    assert_eq!(results, [111, 110, 100, 111, 110, 110]);
}

#[test]
fn deep_nesting_does_not_recurse() {
    let mut world = World::new();
    let depth = 10_000;
    let body = format!(
        "(local.get 0) {} {}",
        "block (param i32) (result i32) ".repeat(depth),
        "(i32.add (i32.const 1)) (br_if 0 (i32.load8_u (i32.const 0))) end ".repeat(depth),
    );
    let id = world.instance(&function(&body), &[]);
    assert_eq!(world.i32(id, "f", &[5]), 10_005);
}

#[test]
fn a_function_with_very_many_block_parameters_is_compiled_with_little_effort() {
    let mut world = World::new();
    let count = 150;
    let inner = (1..=count).map(|local| {
        format!(
            "(local.set {local} (i32.add (local.get {local}) (i32.const 1)))
             (br_if 0 (i32.eqz (local.get {local}))) end "
        )
    });
    let locals = "i32 ".repeat(count);
    let (loops, ends) = ("loop ".repeat(count), inner.collect::<String>());
    let body =
        format!("(local {locals}) {loops} {ends} (i32.add (local.get 1) (local.get {count}))");
    let id = world.instance(&function(&body), &[]);
    assert_eq!(world.i32(id, "f", &[0]), 2);
}

#[test]
fn an_impossible_function_is_an_error_with_its_place() {
    let world = World::new();
    let count = 49_000;
    let uses: String = (1..=count).map(|local| format!("(drop (local.get {local}))")).collect();
    let locals = "i32 ".repeat(count);
    let wat = function(&format!("(local {locals}) (loop {uses}) (i32.const 1)"));
    let module = Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap();
    let error = world.engine.compile_module(&Arc::new(module)).unwrap_err();
    assert_eq!((error.message(), error.func()), ("the function is too complex", Some(0)));
    assert!(error.offset().is_some());
    assert!(error.to_string().contains("in function 0 (f)"), "{error}");
}

#[test]
fn functions_have_very_many_locals_parameters_and_results() {
    let mut world = World::new();
    let locals = "i64 ".repeat(49_000);
    let id = world
        .instance(&function(&format!("(local {locals}) (i32.wrap_i64 (local.get 48000))")), &[]);
    assert_eq!(world.i32(id, "f", &[7]), 0);
    let list = "i32 ".repeat(1000);
    let gets: String = (0..1000).map(|i| format!("(local.get {i})")).collect();
    let consts: String = (0..1000).map(|i| format!("(i32.const {i})")).collect();
    let adds = "i32.add ".repeat(999);
    let id = world.instance(
        &format!(
            r#"(module
            (func $all (param {list}) (result {list}) {gets})
            (func (export "f") (param i32) (result i32) {consts} (call $all) {adds}))"#
        ),
        &[],
    );
    assert_eq!(world.i32(id, "f", &[0]), 499_500);
}

#[test]
fn a_function_with_too_many_references_at_calls_is_refused() {
    let (locals, calls) = (1_000, 4_000);
    let body: String = (0..locals)
        .map(|local| format!("(local.set {local} (call $make))"))
        .chain((0..calls).map(|_| String::from("(call $nothing)")))
        .chain((0..locals).map(|local| format!("(drop (ref.is_null (local.get {local})))")))
        .collect();
    let module = format!(
        "(module (func $nothing) (func $make (result externref) (ref.null extern))
            (func (local {}) {body}))",
        "externref ".repeat(locals)
    );
    let module = Module::new(module.as_bytes(), &ParseOptions::default()).unwrap();
    let error = World::new().engine.compile_module(&Arc::new(module)).unwrap_err();
    assert!(error.message().contains("too many references"), "{error}");
}
