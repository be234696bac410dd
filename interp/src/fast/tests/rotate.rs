//! Loops that begin with a test: their branches back are the test once more.

use bimetal_runtime::hot::{Counted, Verdict};

use super::hot::tiered;
use super::{Fusions, Wasm, code, i32};

/// Code without the switch as well.
const FUSIONS: [Fusions; 3] = [
    Fusions::ALL,
    Fusions { rotate: false, ..Fusions::ALL },
    Fusions { rotate: true, ..Fusions::NONE },
];

/// A function of `$n` with locals and memory whose loop is `body`, and which returns `$s`.
fn program(body: &str) -> String {
    format!(
        r#"(module (memory 1) (data (i32.const 0) "\01\02\03\04\05\06\07")
            (func (export "run") (param $n i32) (result i32)
                (local $i i32) (local $s i32) (local $x i64) {body} (local.get $s)))"#
    )
}

const ADD: &str = "(local.set $s (i32.add (local.get $s) (local.get $i)))";
const STEP: &str = "(local.set $i (i32.add (local.get $i) (i32.const 1)))";

/// Loops over the numbers below `$n`, at most seven, that add them up: by where the test
/// and the branches back are.
fn sums() -> Vec<String> {
    let done = "(br_if $done (i32.ge_u (local.get $i) (local.get $n)))";
    vec![
        format!("(block $done (loop $l {done} {ADD} {STEP} (br $l)))"),
        // The way on is where the test leads.
        format!("(loop $l (if (i32.lt_u (local.get $i) (local.get $n)) (then {ADD} {STEP} (br $l))))"),
        // Two branches back, one behind the end of a block in the loop.
        format!(
            "(block $done (loop $l {done}
                (block $odd (br_if $odd (i32.and (local.get $i) (i32.const 1))) {ADD} {STEP} (br $l))
                {ADD} {STEP} (br $l)))"
        ),
        // A step as part of the test.
        "(local.set $i (i32.const -1))
         (block $done (loop $l
            (br_if $done (i32.eq (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                (local.get $n)))
            (local.set $s (i32.add (local.get $s) (local.get $i))) (br $l)))"
            .into(),
        // A load as part of it: the bytes end with a zero.
        format!(
            "(i32.store8 (local.get $n) (i32.const 0))
             (block $done (loop $l (br_if $done (i32.eqz (i32.load8_u (local.get $i))))
                {ADD} {STEP} (br $l)))"
        ),
        // The test decides within the loop only.
        format!(
            "(block $done (loop $l
                (if (i32.lt_u (i32.add (local.get $i) (i32.const 1)) (local.get $n)) (then {ADD} {STEP} (br $l)))
                {done} {ADD} {STEP} (br $l)))"
        ),
        // What the way out takes along.
        format!(
            "(local.set $s (i32.add (i32.const 0) (block $done (result i32) (loop $l
                (local.get $s) {done} (drop) {ADD} {STEP} (br $l)) (unreachable))))"
        ),
        // An operand that each iteration takes along.
        format!(
            "(local.set $s (i32.const 0))
             (block $done (loop $l (param i32) (result i32)
                (local.tee $s) (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
                (local.get $i) (i32.add) {STEP} (br $l)) (drop))"
        )
        .replacen("(block $done (loop", "(block $done (i32.const 0) (loop", 1),
        // 64 bits, and a loop in the loop.
        format!(
            "(block $done (loop $l
                (br_if $done (i64.ge_u (local.get $x) (i64.extend_i32_u (local.get $n))))
                (local.set $i (i32.const 0))
                (block $in (loop $m
                    (br_if $in (i32.ge_u (local.get $i) (i32.wrap_i64 (local.get $x))))
                    (local.set $s (i32.add (local.get $s) (i32.const 1))) {STEP} (br $m)))
                (local.set $x (i64.add (local.get $x) (i64.const 1))) (br $l)))"
        ),
    ]
}

#[test]
fn loops_end_when_their_test_says() {
    for fusions in FUSIONS {
        for body in sums() {
            let mut wasm = Wasm::with_fusions(fusions);
            wasm.add(&program(&body), &[]);
            for n in (0..7).rev() {
                assert_eq!(wasm.get::<i32>("run", &[i32(n)]), n * (n - 1) / 2, "{n}: {body}");
            }
        }
    }
}

#[test]
fn an_iteration_takes_one_branch() {
    let text = code(&program(&sums()[0]));
    let lines = |mark: &str| text.lines().filter(|line| line.contains(mark)).count();
    // The first test; the step, the test and the branch back in one cell; no other branch.
    assert_eq!((lines("br_"), lines("br ->")), (2, 0), "{text}");
    assert!(text.contains("add s1, 1; br_unless i32.ge_u acc, s0 -> L2"), "{text}");
}

#[test]
fn a_test_is_not_repeated_where_a_label_stands_in_it() {
    let body = "(block $done (loop $l
        (block $b (br_table $b $b (local.get $i)))
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $s (i32.add (local.get $s) (i32.const 1)))
        (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $l)))";
    let text = code(&program(body));
    assert_eq!(text.lines().filter(|line| line.contains("br ->")).count(), 1, "{text}");
    assert_eq!(Wasm::new(&program(body)).get::<i32>("run", &[i32(5)]), 5);
}

#[test]
fn a_test_that_is_repeated_traps_where_the_module_has_it() {
    let body = "(block $done (loop $l
        (br_if $done (i32.eq (i32.load16_u (local.get $i)) (i32.const 9)))
        (local.set $i (i32.add (local.get $i) (i32.const 0x1000))) (br $l)))";
    let mut wasm = Wasm::new(&program(body));
    let trap = wasm.trap("run", &[i32(0)]);
    let module = wasm.tiers[0].module();
    assert_eq!(module.bytes[trap.frames[0].offset as usize], 0x2f, "i32.load16_u");
}

#[test]
fn iterations_are_counted_where_somebody_wants_to_know() {
    for body in sums() {
        let wat = program(&body);
        let park = |loops| tiered(&wat, Fusions::ALL, loops, Verdict::Park, |_| Vec::new());
        let (mut wasm, asked) = park(Verdict::Again(1));
        assert_eq!(wasm.get::<i32>("run", &[i32(6)]), 15);
        assert_eq!(wasm.get::<i32>("run", &[i32(6)]), 15, "{body}");
        let asked = asked.lock().unwrap();
        assert!(asked.iter().any(|ask| matches!(ask.1, Counted::Loop(_))), "{body}");
    }
}
