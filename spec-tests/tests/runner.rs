//! The runner itself: what is wrong is found, and nothing is lost.

use bimetal_spec_tests::outcome::{FileReport, Outcome, Record};
use bimetal_spec_tests::source::Script;
use bimetal_spec_tests::{Report, Tier, run};

fn report(text: &str) -> Report {
    let script = Script { name: "own.wast".into(), text: text.into() };
    run(&[script], &Tier::all()[0], 1)
}

fn file(text: &str) -> FileReport {
    report(text).files.remove(0)
}

/// The lines of what failed.
fn failed(text: &str) -> Vec<usize> {
    let failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    let records = file(text).records;
    records.iter().filter(|record| failed(&record.outcome)).map(|record| record.line).collect()
}

const MODULE: &str = r#"(module
  (global (export "g") i32 (i32.const 7))
  (func (export "one") (result i32) i32.const 1)
  (func (export "nan") (result f32) f32.const nan:0x200001)
  (func (export "trap") unreachable)
  (func $f (export "deep") call $f)
  (func (export "id") (param externref) (result externref) local.get 0))
"#;

#[test]
fn what_is_right_passes() {
    let text = r#"
        (assert_return (invoke "one") (i32.const 1))
        (assert_return (invoke "one") (either (i32.const 2) (i32.const 1)))
        (assert_return (get "g") (i32.const 7))
        (assert_return (invoke "id" (ref.extern 3)) (ref.extern 3))
        (assert_return (invoke "id" (ref.null extern)) (ref.null extern))
        (assert_trap (invoke "trap") "unreachable")
        (assert_exhaustion (invoke "deep") "call stack exhausted")
        (assert_invalid (module (func (result i32))) "type mismatch")
        (assert_malformed (module quote "(func (result i33))") "unexpected token")
        (assert_malformed (module binary "\00asm\01\00\00\00\ff") "malformed section id")
        (assert_unlinkable (module (import "spectest" "nothing" (func))) "unknown import")
        (assert_unlinkable (module (import "spectest" "table" (func))) "incompatible import type")
        (assert_trap (module (memory 0) (data (i32.const 0) "a")) "out of bounds memory access")"#;
    let report = report(&format!("{MODULE}{text}"));
    let summary = "tier=reference files=1 assertions=13 passed=13 failed=0 unsupported=0";
    assert_eq!(report.summary(), summary, "{report}");
}

#[test]
fn every_wrong_assertion_fails_and_the_rest_goes_on() {
    let wrong = r#"(assert_return (invoke "one") (i32.const 2))
(assert_return (invoke "one"))
(assert_return (invoke "one") (i64.const 1))
(assert_return (invoke "one") (either (i32.const 2) (i32.const 3)))
(assert_return (invoke "nan") (f32.const nan:canonical))
(assert_return (invoke "nan") (f32.const nan:arithmetic))
(assert_return (invoke "nothing"))
(assert_return (invoke "trap"))
(assert_return (get "g") (i32.const 8))
(assert_return (invoke "id" (ref.extern 3)) (ref.extern 4))
(assert_return (invoke "id" (ref.extern 3)) (ref.null extern))
(assert_return (invoke "id" (ref.null extern)) (ref.extern 0))
(assert_return (invoke $nobody "one") (i32.const 1))
(assert_trap (invoke "one") "unreachable")
(assert_trap (invoke "trap") "integer overflow")
(assert_exhaustion (invoke "trap") "call stack exhausted")
(assert_exhaustion (invoke "one") "call stack exhausted")
(assert_invalid (module) "type mismatch")
(assert_malformed (module quote "(func)") "unexpected token")
(assert_unlinkable (module) "unknown import")
(assert_unlinkable (module (func $s unreachable) (start $s)) "unknown import")
(assert_exception (invoke "one"))
(invoke "trap")
(register "x" $nobody)
(module (import "nobody" "f" (func)))"#;
    let first = MODULE.lines().count() + 1;
    let expected: Vec<_> = (first..first + wrong.lines().count()).collect();
    assert_eq!(failed(&format!("{MODULE}{wrong}")), expected);
}

#[test]
fn what_needs_something_unsupported_is_not_supported_and_a_surprise() {
    let text = r#"(module $v (type $t (func)) (type (cont $t)) (func (export "f") (result i32) i32.const 1))
(register "v" $v)
(assert_return (invoke "f") (i32.const 1))
(module (import "v" "f" (func)))
(assert_invalid (module (type $t (func)) (type (cont $t)) (func (result i32))) "type mismatch")
(module (func (export "f") (result i32) i32.const 0))
(assert_return (invoke "f") (i32.const 0))"#;
    let file = file(text);
    let unsupported = |record: &&Record| matches!(record.outcome, Outcome::Unsupported(_));
    let lines: Vec<_> = file.records.iter().filter(unsupported).map(|record| record.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5]);
    assert_eq!(failed(text), [0]);
}

#[test]
fn a_script_that_does_not_parse_or_is_empty_fails() {
    assert_eq!(failed("(module"), [0]);
    assert_eq!(failed(""), [0]);
}

#[test]
fn a_script_that_asserts_nothing_is_named_in_the_totals() {
    let report = report("(module (func))");
    assert_eq!(report.failed(), 0);
    assert_eq!(report.without_assertions().collect::<Vec<_>>(), ["own.wast"]);
    assert!(report.to_string().contains("\nno assertions: own.wast\n"), "{report}");
}

#[test]
fn a_branch_hint_at_another_instruction_is_no_fault_of_the_module_but_of_the_section() {
    let text = r#"(assert_invalid_custom (module (func (result i32)
            (@metadata.code.branch_hint "\00") i32.const 1)) "invalid target")
        (module (func (param i32) local.get 0 (@metadata.code.branch_hint "\00") if end)
          (func (result i32) (@metadata.code.branch_hint "\01") i32.const 1))"#;
    assert_eq!(failed(text), Vec::<usize>::new());
    let right = r#"(assert_invalid_custom (module (func (param i32) local.get 0
            (@metadata.code.branch_hint "\01") if end)) "invalid target")"#;
    assert_eq!(failed(right), [1]);
}

#[test]
fn definitions_make_instances_of_their_own() {
    let text = r#"(module definition $M
          (global $g (export "g") (mut i32) (i32.const 0))
          (func (export "set") i32.const 1 global.set $g))
        (module instance $a $M)
        (module instance $b $M)
        (invoke $a "set")
        (assert_return (get $a "g") (i32.const 1))
        (assert_return (get $b "g") (i32.const 0))
        (assert_return (get "g") (i32.const 0))"#;
    assert_eq!(report(text).failures().collect::<Vec<_>>(), Vec::<String>::new());
}

/// Two threads pass a message through a memory that a third one shares with them.
const THREADS: &str = r#"
(module $mem (memory (export "shared") 1 1 shared))
(thread $reader (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "read") (result i32)
      (loop $again
        (drop (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const 1000000)))
        (br_if $again (i32.eqz (i32.atomic.load (i32.const 8)))))
      (i32.load (i32.const 0))))
  (assert_return (invoke "read") (i32.const 42)))
(thread $writer (shared (module $mem))
  (register "mem" $mem)
  (module
    (memory (import "mem" "shared") 1 1 shared)
    (func (export "write")
      (i32.store (i32.const 0) (i32.const 42))
      (i32.atomic.store (i32.const 8) (i32.const 1))
      (drop (memory.atomic.notify (i32.const 8) (i32.const 1)))))
  (assert_return (invoke "write")))
(wait $reader)
(wait $writer)
"#;

#[test]
fn threads_run_beside_each_other_and_their_assertions_count() {
    let script = Script { name: "own.wast".into(), text: THREADS.into() };
    for tier in Tier::all() {
        let report = run(std::slice::from_ref(&script), &tier, 1);
        let summary =
            format!("tier={} files=1 assertions=2 passed=2 failed=0 unsupported=0", tier.name);
        assert_eq!(report.summary(), summary, "{report}");
    }
}

#[test]
fn what_fails_on_a_thread_fails_even_if_nobody_waits_for_it() {
    let text = r#"(module $m)
(thread $t (module (func (export "f") (result i32) i32.const 1))
  (assert_return (invoke "f") (i32.const 2))
  (assert_return (invoke $m "f")))
(wait $nobody)
(assert_return (invoke $t "f"))"#;
    let mut lines = failed(text);
    lines.sort_unstable();
    assert_eq!(lines, [3, 4, 5, 6]);
}
