//! Bodies are validated in parallel when the module is loaded, or at first use.
#![cfg(feature = "wat")]

use std::fmt::Write;

use bimetal_parser::{ErrorKind, Features, Module, ParseOptions};

const EAGER: ParseOptions = ParseOptions { lazy: false, features: Features::all_tiers() };
const LAZY: ParseOptions = ParseOptions { lazy: true, features: Features::all_tiers() };

#[test]
fn a_lazy_module_reports_an_invalid_body_when_it_is_first_used() {
    let module = Module::new(
        br#"(module (import "" "" (func)) (func) (func (result i32) i64.const 0) (func))"#,
        &LAZY,
    )
    .unwrap();
    assert_eq!(module.ensure_valid(0), Ok(()));
    let error = module.ensure_valid(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert_eq!(error.func(), Some(2));
    assert!(error.offset().is_some());
    assert_eq!(module.ensure_valid(1), Err(error));
    assert_eq!(module.ensure_valid(2), Ok(()));
    assert!(module.ensure_valid(3).is_err());
}

#[test]
fn a_lazy_module_reports_the_same_error_as_an_eager_one() {
    let text = b"(module (func) (func i32.const 0))";
    let eager = Module::new(text, &EAGER).unwrap_err();
    let lazy = Module::new(text, &LAZY).unwrap();
    assert_eq!(lazy.ensure_valid(1), Err(eager));
}

#[test]
fn a_lazy_module_still_has_its_sections_checked() {
    let cases = [
        "(module (export \"f\" (func 0)))",
        "(module (global i32 (i64.const 0)))",
        "(module (func) (start 1))",
        "(module (func (type 3)))",
        "(module (memory 2 1))",
    ];
    for text in cases {
        let error = Module::new(text.as_bytes(), &LAZY).expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{text}: {error}");
    }
}

#[test]
fn an_eager_module_has_nothing_left_to_validate() {
    let module = Module::new(b"(module (func))", &EAGER).unwrap();
    assert_eq!(module.ensure_valid(0), Ok(()));
}

#[test]
fn threads_that_ask_at_once_get_one_outcome() {
    let module = Module::new(b"(module (func) (func i32.add))", &LAZY).unwrap();
    let outcomes = std::thread::scope(|scope| {
        let ask = || (module.ensure_valid(0), module.ensure_valid(1));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    for (valid, invalid) in &outcomes {
        assert_eq!(*valid, Ok(()));
        assert!(invalid.is_err());
        assert_eq!(*invalid, outcomes[0].1);
    }
}

/// A module whose code is large enough to be validated in parallel, with these
/// functions invalid.
fn large_module(invalid: &[usize]) -> String {
    let mut text = String::from("(module ");
    for func in 0..2000 {
        text.push_str("(func ");
        for i in 0..16 {
            write!(text, "i32.const {i} drop ").unwrap();
        }
        let fault = if invalid.contains(&func) { "i32.add" } else { "" };
        write!(text, "{fault})").unwrap();
    }
    text + ")"
}

#[test]
fn of_many_invalid_bodies_the_first_is_reported_every_time() {
    let text = large_module(&[1999, 1500, 701, 700, 1001]);
    let lazy = Module::new(text.as_bytes(), &LAZY).unwrap();
    assert!(lazy.bodies.iter().map(|body| body.range.len()).sum::<usize>() > 64 << 10);
    let expected = lazy.ensure_valid(700).unwrap_err();
    for _ in 0..20 {
        assert_eq!(Module::from_binary(&lazy.bytes, &EAGER).unwrap_err(), expected);
    }
}

#[test]
fn a_large_valid_module_is_accepted() {
    let module = Module::new(large_module(&[]).as_bytes(), &EAGER).unwrap();
    assert_eq!(module.bodies.len(), 2000);
}

#[test]
fn functions_may_have_subtypes_and_constants_read_earlier_globals() {
    let texts = [
        "(module (type $a (sub (func))) (type $b (sub $a (func))) (rec (type (func)) (type (func))))",
        "(module (global i32 (i32.const 1)) (global i32 (global.get 0)))",
        "(module (type $t (func)) (func $f) (elem declare func $f)
           (func (result (ref $t)) (local (ref $t))
             (local.set 0 (ref.func $f)) (local.get 0)))",
        "(module (func (param i32) (return_call 0 (i32.const 1))))",
    ];
    for text in texts {
        let module = Module::new(text.as_bytes(), &EAGER);
        assert!(module.is_ok(), "{text}: {module:?}");
    }
    // Later ones, mutable ones and locals that are not set.
    let texts = [
        "(module (global i32 (global.get 1)) (global i32 (i32.const 1)))",
        "(module (global (mut i32) (i32.const 1)) (global i32 (global.get 0)))",
        "(module (type $t (func)) (func (result (ref $t)) (local (ref $t)) (local.get 0)))",
    ];
    for text in texts {
        assert!(Module::new(text.as_bytes(), &EAGER).is_err(), "{text}");
    }
}
