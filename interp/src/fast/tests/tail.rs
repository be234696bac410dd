//! Tail calls and branches on references, with and without what the translator
//! combines.

use bimetal_core::trap::TrapCode;

use super::{Fusions, Wasm, code, i32, i64};

const ALL: [Fusions; 2] = [Fusions::ALL, Fusions::NONE];

fn each(wat: &str, test: impl Fn(&mut Wasm)) {
    for fusions in ALL {
        let mut wasm = Wasm::with_fusions(fusions);
        wasm.add(wat, &[]);
        test(&mut wasm);
    }
}

#[test]
fn arguments_move_to_the_first_slots_whatever_lies_there() {
    // The callee's header goes where locals were, and the other way round.
    each(
        r#"(module
            (func $swap (export "run") (param i32 i64 i64) (result i64) (local i64 i64)
                (if (i32.eqz (local.get 0)) (then (return (i64.sub (local.get 1) (local.get 2)))))
                (local.set 3 (local.get 2))
                (return_call $wider (local.get 3) (i64.const 3) (i64.const 4) (i64.const 5)
                    (local.get 1) (i32.sub (local.get 0) (i32.const 1))))
            (func $wider (param i64 i64 i64 i64 i64 i32) (result i64)
                (return_call $swap (local.get 5) (local.get 0) (local.get 4))))"#,
        |wasm| {
            assert_eq!(wasm.get::<i64>("run", &[i32(1_000_000), i64(9), i64(2)]), 7);
            assert_eq!(wasm.get::<i64>("run", &[i32(1_000_001), i64(9), i64(2)]), -7);
        },
    );
}

#[test]
fn a_frame_of_any_size_gives_way_to_its_callee() {
    // The arguments and the reference lie beyond the slots that a cell can name.
    let wat = format!(
        r#"(module
            (type $t (func (param i32 i32) (result i32)))
            (elem declare func $small)
            (func $large (export "run") (type $t) (local {locals})
                (local.set 49000 (local.get 1))
                (if (i32.eqz (local.get 0)) (then (return (local.get 49000))))
                {operands}
                (i32.add (local.get 49000) (i32.const 0))
                (i32.add (local.get 0) (i32.const 0))
                (return_call_ref $t (ref.as_non_null (ref.func $small))))
            (func $small (type $t)
                (return_call $large (i32.sub (local.get 1) (i32.const 1))
                    (i32.add (local.get 0) (i32.const 3)))))"#,
        locals = "i32 ".repeat(49_000),
        operands = "(i32.const 1) ".repeat(18_000),
    );
    each(&wat, |wasm| assert_eq!(wasm.get::<i32>("run", &[i32(100), i32(1)]), 301));
}

#[test]
fn a_callee_too_large_for_the_stack_traps_at_the_call() {
    let wat = format!(
        r#"(module
            (func $deep (export "run") (param i32) (result i32)
                (i32.add (call $go (local.get 0)) (i32.const 1)))
            (func $go (param i32) (result i32) (return_call $wide (local.get 0)))
            (func $wide (param i32) (result i32) (local {}) (call $deep (local.get 0))))"#,
        "i64 ".repeat(10_000)
    );
    each(&wat, |wasm| {
        for _ in 0..2 {
            assert_eq!(wasm.trap_code("run", &[i32(0)]), TrapCode::StackOverflow);
        }
    });
}

#[test]
fn operands_below_a_tested_reference_are_right_on_both_paths() {
    each(
        r#"(module (type $t (func))
            (elem declare func $f)
            (func $f)
            (func $null (param i32 i32 (ref null $t)) (result i32)
                (i32.const 100)
                (block (result i32 i32)
                    (local.get 0) (local.get 1) (local.get 2)
                    (br_on_null 0)
                    (drop) (drop)
                    (i32.const 7))
                (i32.sub) (i32.add))
            (func $non_null (param i32 i32 (ref null $t)) (result i32)
                (i32.const 100)
                (block (result i32 (ref null $t))
                    (i32.const 50) (local.get 0) (local.get 2)
                    (br_on_non_null 0)
                    (i32.add) (local.get 1) (i32.add) (ref.null $t))
                (ref.is_null) (i32.sub) (i32.add))
            (func $leave (param i32 (ref null $t)) (result i32)
                (i32.const 3) (local.get 0) (local.get 1)
                (br_on_null 0)
                (drop) (i32.add))
            (func (export "null") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $null (i32.const 5) (i32.const 3) (ref.func $f)))
                    (else (call $null (i32.const 5) (i32.const 3) (ref.null $t)))))
            (func (export "non_null") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $non_null (i32.const 5) (i32.const 3) (ref.func $f)))
                    (else (call $non_null (i32.const 5) (i32.const 3) (ref.null $t)))))
            (func (export "leave") (param i32) (result i32)
                (if (result i32) (local.get 0)
                    (then (call $leave (i32.const 5) (ref.func $f)))
                    (else (call $leave (i32.const 5) (ref.null $t))))))"#,
        |wasm| {
            let mut get = |name: &str, some| wasm.get::<i32>(name, &[i32(some)]);
            assert_eq!((get("null", 0), get("null", 1)), (100 + 2, 100 + 5 - 7));
            assert_eq!((get("non_null", 1), get("non_null", 0)), (100 + 5, 100 + 58 - 1));
            assert_eq!((get("leave", 1), get("leave", 0)), (8, 5));
        },
    );
}

#[test]
fn a_reference_that_was_tested_is_still_there() {
    // The test reads the slot that its producer would not have to write otherwise.
    each(
        r#"(module (type $t (func (result i32)))
            (table 2 funcref)
            (table $typed 2 (ref null $t))
            (elem (table $typed) (i32.const 1) (ref null $t) (ref.func $f))
            (func $f (type $t) (i32.const 11))
            (func (export "run") (param i32) (result i32) (local (ref null $t))
                (local.set 1 (ref.as_non_null (table.get $typed (local.get 0))))
                (call_ref $t (ref.as_non_null (local.get 1))))
            (func (export "null") (ref.null $t) (ref.as_non_null) (drop)))"#,
        |wasm| {
            assert_eq!(wasm.get::<i32>("run", &[i32(1)]), 11);
            assert_eq!(wasm.trap_code("run", &[i32(0)]), TrapCode::NullReference);
            assert_eq!(wasm.trap_code("null", &[]), TrapCode::NullReference);
        },
    );
}

#[test]
fn the_text_of_code_names_tail_calls() {
    let text = code(
        "(module (type $t (func)) (table 1 funcref)
            (func (param i32 (ref null $t))
                (if (local.get 0) (then (return_call_ref $t (local.get 1))))
                (drop (ref.as_non_null (local.get 1)))
                (return_call_indirect (type $t) (local.get 0))))",
    );
    for name in ["return_call_ref s1", "ref.as_non_null", "return_call_indirect 0[s0]"] {
        assert!(text.contains(name), "{name} in {text}");
    }
}
