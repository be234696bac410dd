//! `bimetal diff`: programs that all tiers run alike, and what is told of them.

mod common;

use common::{bimetal, wat};

fn example(name: &str) -> String {
    format!("{}/../examples/{name}/{name}.wasm", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_tiers_agree_on_a_program_and_the_host_is_called_once() {
    let run = bimetal(&["diff", "--tier", "all", &example("diagnose"), "exit", "7"]);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    assert!(run.stderr().contains("reference, interp, jit, tiered agree at"), "{}", run.stderr());
    assert!(run.stderr().contains("exit with code 7"), "{}", run.stderr());
}

#[test]
fn a_trap_that_all_tiers_raise_is_no_difference() {
    for (how, message) in [("divide", "integer divide by zero"), ("read", "out of bounds")] {
        let run = bimetal(&["diff", "--tier", "all", &example("diagnose"), how]);
        assert_eq!(run.code(), Some(0), "{how}: {}", run.stderr());
        assert!(run.stderr().contains(message), "{how}: {}", run.stderr());
    }
}

#[test]
fn values_of_every_type_cross_calls_and_stores() {
    let file = wat(r#"(module
            (type $pair (func (param i64 f32) (result f32 i64)))
            (import "wasi_snapshot_preview1" "random_get"
                (func $random (param i32 i32) (result i32)))
            (memory (export "memory") 1 2)
            (memory $wide i64 1)
            (global $count (mut i64) (i64.const 0))
            (table funcref (elem $swap))
            (data $bytes "abc")
            (func $swap (type $pair) (local.get 1) (local.get 0))
            (func $tail (param i32) (result i32)
                (if (i32.eqz (local.get 0)) (then (return (i32.const 3))))
                (return_call $tail (i32.sub (local.get 0) (i32.const 1))))
            (func $vector (param v128 externref) (result v128 externref)
                (v128.store (i32.const 64) (local.get 0))
                (v128.store8_lane 3 (i32.const 96) (local.get 0))
                (local.get 0) (local.get 1))
            (func (export "run") (param i32) (result i64 f64)
                (local $vector v128)
                (drop (call $random (i32.const 0) (i32.const 16)))
                (call_indirect (type $pair) (i64.const 5) (f32.const 1.5) (i32.const 0))
                (global.set $count) (drop)
                (call $vector (v128.load (i32.const 0)) (ref.null extern))
                (drop) (local.set $vector)
                (i64.store $wide (i64.const 8) (i64x2.extract_lane 0 (local.get $vector)))
                (memory.fill (i32.const 200) (call $tail (local.get 0)) (i32.const 9))
                (memory.copy (i32.const 300) (i32.const 200) (i32.const 9))
                (memory.init $bytes (i32.const 400) (i32.const 0) (i32.const 3))
                (drop (memory.grow (i32.const 1)))
                (block $out (result i64)
                    (br_if $out (global.get $count) (local.get 0))
                    (return (f64.const 2)))
                (f64.load (i32.const 0))))"#);
    let path = file.path_str();
    let run = bimetal(&["diff", "--tier", "all", "--invoke", "run", path, "1000"]);
    assert_eq!(run.code(), Some(0), "{}", run.stderr());
    assert!(run.stderr().contains("i64 5"), "{}", run.stderr());
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let file = wat(r#"(module (import "env" "m" (memory 1)) (func (export "f")))"#);
    let path = file.path_str();
    let run = bimetal(&["diff", "--invoke", "f", path]);
    assert_eq!(run.code(), Some(1));
    assert!(run.stderr().contains("`env::m`"), "{}", run.stderr());
    let one = bimetal(&["diff", "--tier", "jit", "--invoke", "f", path]);
    assert!(one.stderr().contains("at least two tiers"), "{}", one.stderr());
}
