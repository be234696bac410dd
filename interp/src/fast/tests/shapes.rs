//! Shapes of code that strain the translator: values that branches carry, large
//! frames, and modules made to be slow.

use std::fmt::Write;

use bimetal_runtime::Unwind;

use super::{Wasm, code, i32, i64};

#[test]
fn a_branch_carries_its_values_past_the_operands_below() {
    let mut wasm = Wasm::new(
        r#"(module
            (func (export "one") (param i32) (result i32)
                (i32.const 1000)
                (block (result i32)
                    (i32.const 1) (i32.const 2) (i32.const 3)
                    (local.get 0) (br_if 0)
                    (i32.add) (i32.add))
                (i32.add))
            (func (export "two") (param i32) (result i32)
                (block (result i32 i32)
                    (i32.const 9) (i32.const 10) (i32.const 20)
                    (local.get 0) (br_if 0)
                    (i32.sub) (i32.sub) (i32.const 7))
                (i32.mul))
            (func (export "return") (param i32) (result i32)
                (i32.add (local.get 0) (i32.const 5))
                (br_if 0 (i32.eqz (local.get 0)))
                (i32.const 100) (i32.mul))
            (func (export "swap") (param i32 i32 i32) (result i32 i32)
                (local.get 0) (local.get 1)
                (loop (param i32 i32) (result i32 i32)
                    (local.set 0) (local.set 1) (local.get 0) (local.get 1)
                    (local.tee 2 (i32.sub (local.get 2) (i32.const 1)))
                    (br_if 0))))"#,
    );
    assert_eq!(wasm.get::<i32>("one", &[i32(1)]), 1003);
    assert_eq!(wasm.get::<i32>("one", &[i32(0)]), 1006);
    assert_eq!(wasm.get::<i32>("two", &[i32(1)]), 200);
    assert_eq!(wasm.get::<i32>("two", &[i32(0)]), (9 - (10 - 20)) * 7);
    assert_eq!(wasm.get::<i32>("return", &[i32(0)]), 5);
    assert_eq!(wasm.get::<i32>("return", &[i32(2)]), 700);
    let swapped = |wasm: &mut Wasm, n| {
        let results = wasm.call("swap", &[i32(1), i32(2), i32(n)]).unwrap();
        (results[0].i32(), results[1].i32())
    };
    assert_eq!((swapped(&mut wasm, 1), swapped(&mut wasm, 2)), ((2, 1), (1, 2)));
}

#[test]
fn a_value_in_the_accumulator_reaches_both_sides_of_a_branch() {
    let mut wasm = Wasm::new(
        r#"(module
            (func (export "if") (param i32 i32) (result i32)
                (i32.add (local.get 0) (i32.const 1))
                (local.get 1)
                (if (param i32) (result i32)
                    (then (i32.mul (i32.const 10)))
                    (else (i32.mul (i32.const 100)))))
            (func (export "br_if") (param i32 i32) (result i32)
                (block (result i32)
                    (i32.add (local.get 0) (i32.const 1))
                    (br_if 0 (local.get 1))
                    (i32.mul (i32.const 100))))
            (func (export "table") (param i32 i32) (result i32)
                (block $a (result i32) (block $b (result i32)
                    (i32.add (local.get 0) (i32.const 1))
                    (br_table $a $b 2 (local.get 1)))
                    (i32.mul (i32.const 10)))
                (i32.add (i32.const 1000))))"#,
    );
    assert_eq!(wasm.get::<i32>("if", &[i32(4), i32(1)]), 50);
    assert_eq!(wasm.get::<i32>("if", &[i32(4), i32(0)]), 500);
    assert_eq!(wasm.get::<i32>("br_if", &[i32(4), i32(1)]), 5);
    assert_eq!(wasm.get::<i32>("br_if", &[i32(4), i32(0)]), 500);
    let table = |wasm: &mut Wasm, index| wasm.get::<i32>("table", &[i32(4), i32(index)]);
    assert_eq!(table(&mut wasm, 0), 1005);
    assert_eq!(table(&mut wasm, 1), 1050);
    assert_eq!(table(&mut wasm, 2), 5);
    assert_eq!(table(&mut wasm, -1), 5);
}

#[test]
fn a_new_address_is_still_there_after_a_float_was_loaded_from_it() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1)
            (func (export "halve") (param i32) (result f32)
                (local i32)
                (f32.store (i32.const 24) (f32.const 5))
                (f32.store
                    (local.tee 1 (i32.add (local.get 0) (i32.const 8)))
                    (f32.mul (f32.load (local.get 1)) (f32.const 0.5)))
                (f32.load (i32.const 24))))"#,
    );
    assert_eq!(wasm.get::<f32>("halve", &[i32(16)]), 2.5);
}

#[test]
fn an_operand_keeps_the_value_that_its_local_had() {
    let mut wasm = Wasm::new(
        r#"(module
            (func (export "set") (param i32) (result i32)
                (local.get 0) (local.get 0)
                (local.set 0 (i32.add (local.get 0) (i32.const 1)))
                (local.get 0) (i32.mul) (i32.add))
            (func (export "tee") (param i32) (result i32)
                (i32.sub (local.get 0) (local.tee 0 (i32.const 3))) (local.get 0) (i32.add))
            (func (export "far") (param i32) (result i32)
                (local.get 0)
                (block (local.set 0 (i32.const 50)))
                (local.get 0) (i32.add)))"#,
    );
    assert_eq!(wasm.get::<i32>("set", &[i32(5)]), 5 + 5 * 6);
    assert_eq!(wasm.get::<i32>("tee", &[i32(10)]), 10);
    assert_eq!(wasm.get::<i32>("far", &[i32(5)]), 55);
}

/// A function with this many `i64` locals, of which the last ones are used in
/// every kind of instruction.
fn many_locals(count: usize) -> String {
    let (x, y) = (count, count - 1);
    format!(
        r#"(module (memory 1) (table 1 funcref) (global $g (mut i64) (i64.const 0))
            (elem (i32.const 0) $twice)
            (func $twice (param i64) (result i64) (i64.add (local.get 0) (local.get 0)))
            (func (export "run") (param i64) (result i64) (local {} i32)
                (local.set {x} (i64.add (local.get 0) (i64.const 1)))
                (local.set {y} (i64.mul (local.get {x}) (local.get {x})))
                (global.set $g (local.get {y}))
                (i64.store (i32.wrap_i64 (local.get 0)) (local.get {x}))
                (local.set {i} (i32.const 3))
                (loop
                    (local.set {y} (call $twice (local.get {y})))
                    (local.set {y} (select (local.get {y}) (local.get {x})
                        (i64.gt_u (local.get {y}) (local.get {x}))))
                    (br_if 0 (local.tee {i} (i32.sub (local.get {i}) (i32.const 1)))))
                (i64.add
                    (call_indirect (param i64) (result i64) (local.get {y}) (local.get {i}))
                    (i64.add (global.get $g)
                        (i64.load (i32.wrap_i64 (local.get 0)))))))"#,
        "i64 ".repeat(count),
        i = count + 1,
    )
}

#[test]
fn frames_of_any_size_give_the_same_result() {
    let mut results = Vec::new();
    for count in [4, 1000, 65_000] {
        let text = many_locals(count.min(49_000));
        // Only deep operands make a frame of more slots than a cell can name.
        let text = if count > 50_000 { deep(&text) } else { text };
        results.push(Wasm::new(&text).get::<i64>("run", &[i64(6)]));
    }
    assert_eq!(results, [2 * 49 * 8 + 49 + 7; 3]);
}

/// The module with 20,000 operands below everything that the function does.
fn deep(text: &str) -> String {
    let start = text.find("(local.set 4").expect("a first instruction");
    let mut deep = text[..start].to_owned();
    for _ in 0..20_000 {
        deep.push_str("(i64.const 0)");
    }
    let end = text.rfind("))").expect("an end");
    deep.push_str(&text[start..end]);
    for _ in 0..20_000 {
        deep.push_str("(i64.add)");
    }
    deep.push_str("))");
    deep
}

#[test]
fn a_frame_larger_than_the_value_stack_overflows_it() {
    let mut text = String::from("(module (func (export \"run\") (result i32)");
    for _ in 0..140_000 {
        text.push_str("(i32.const 1)");
    }
    for _ in 1..140_000 {
        text.push_str("(i32.add)");
    }
    text.push_str(") (func (export \"one\") (result i32) (i32.const 1)))");
    let mut wasm = Wasm::new(&text);
    let code = wasm.trap_code("run", &[]);
    assert_eq!(code, bimetal_core::trap::TrapCode::StackOverflow);
    assert_eq!(wasm.get::<i32>("one", &[]), 1);
}

/// How many instructions the first function of a module becomes, about.
fn instructions(text: &str) -> usize {
    code(text).lines().count()
}

#[test]
fn code_is_in_proportion_to_the_body() {
    let gets = |n: usize| (0..n).map(|i| format!("(local.get {i})")).collect::<String>();
    let sets = |n: usize| (0..n).map(|i| format!("(local.set {i})")).collect::<String>();
    let with_locals =
        |n: usize, body: String| format!("(module (func (local {}) {body}))", "i32 ".repeat(n));
    let mut ladder = gets(20_000);
    for i in 0..20_000 {
        let _ = write!(ladder, "(local.set {i} (i32.const 1))");
    }
    ladder.push_str(&"(drop)".repeat(20_000));
    let one_pending = format!(
        "(local.get 1) {} {}",
        "(local.get 0) (local.set 1 (i32.const 2))".repeat(20_000),
        "(drop)".repeat(20_001)
    );
    let nested = format!("{}{}", "(block ".repeat(20_000), ")".repeat(20_000));
    let targets: String = (0..20_000).map(|i| format!("{i} ")).collect();
    let table = format!(
        "{}(br_table {targets} (i32.const 7)){}",
        "(block ".repeat(20_001),
        ")".repeat(20_001)
    );
    let carried = format!(
        "(block (result {}) {} {} unreachable) {}",
        "i32 ".repeat(30),
        "(i32.const 1)".repeat(31),
        "(br_if 0 (local.get 0))".repeat(20_000),
        "(drop)".repeat(30),
    );
    let modules = [
        with_locals(20_000, gets(20_000) + &sets(20_000)),
        with_locals(20_000, ladder),
        with_locals(2, one_pending),
        with_locals(1, nested),
        with_locals(1, table),
        with_locals(1, carried),
    ];
    for (i, module) in modules.iter().enumerate() {
        let count = instructions(module);
        assert!(count < module.len(), "module {i}: {count} instructions");
    }
}

#[test]
fn a_body_that_piles_up_operands_is_refused_at_its_first_call() {
    let text = format!(
        r#"(module
            (func $many (result {}) unreachable)
            (func (export "run") {} unreachable))"#,
        "v128 ".repeat(32),
        "(call $many)".repeat(20_000),
    );
    let Err(Unwind::Host(error)) = Wasm::new(&text).call("run", &[]) else { panic!("no error") };
    let error = error.downcast_ref::<bimetal_parser::Error>().map(bimetal_parser::Error::kind);
    assert_eq!(error, Some(bimetal_parser::ErrorKind::Limit));
}

#[test]
fn a_result_may_be_compared_with_the_local_that_it_goes_to() {
    let results = [
        "(i32.add (local.get $n) (i32.const 2))",
        "(i32.add (local.get $n) (local.get $n))",
        "(i32.sub (local.get $n) (i32.const -2))",
        "(i32.load (local.get $n))",
        "(i32.load8_u (i32.add (local.get $n) (i32.const 4)))",
    ];
    for result in results {
        for (compare, expected) in [("i32.ne", 1), ("i32.lt_s", 1), ("i32.eq", 2), ("i32.ge_u", 2)]
        {
            let mut wasm = Wasm::new(&format!(
                "(module (memory 1) (func (export \"run\") (param $n i32) (result i32)
                    (local $x i32) (local.set $x (i32.const 100))
                    (block $b
                        (br_if $b ({compare} (local.tee $x {result}) (local.get $x)))
                        (return (i32.const 1)))
                    (i32.const 2)))"
            ));
            assert_eq!(wasm.get::<i32>("run", &[i32(5)]), expected, "{compare} {result}");
        }
    }
}

#[test]
fn an_if_without_else_has_no_branch_over_nothing() {
    let text = code("(module (func (param i32) (if (local.get 0) (then (nop)))))");
    assert!(!text.contains(" br "), "{text}");
}

#[test]
fn the_common_fusions_happen() {
    let text = code(
        r#"(module (memory 1) (func (param i32) (result i32) (local i32)
            (loop (br_if 0 (i32.lt_u
                (local.tee 1 (i32.add (local.get 1) (i32.const 1))) (local.get 0))))
            (if (i32.eqz (i32.gt_s (local.get 0) (i32.const 9))) (then unreachable))
            (local.set 1 (i32.load8_u offset=4 (i32.add (local.get 0) (local.get 1))))
            (i32.store (i32.add (local.get 0) (i32.const 8)) (i32.const 5))
            (i32.add (i32.mul (local.get 0) (i32.const 3)) (i32.const 2))))"#,
    );
    for line in [
        "add s1, 1; br_if i32.lt_u acc, s0 -> L",
        "br_if i32.gt_s s0, 9 -> L",
        "s1 = i32.load8_u [0: s0 + s1 + 4]",
        "i32.store [0: s0 + 8 + 0], 5",
        "acc = i32.mul s0, 3",
        "return acc",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
