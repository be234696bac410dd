//! Small programs with and without each fusion.

use std::sync::{Arc, Barrier};

use bimetal_parser::{Module, ParseOptions};
use bimetal_runtime::Settings;
use bimetal_runtime::code::ModuleCode;

use super::{Wasm, i32, i64};
use crate::fast::{FastModule, Fusions};

const FIB: &str = r#"(module (func $fib (export "fib") (param i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
        (then (local.get 0))
        (else (i32.add
            (call $fib (i32.sub (local.get 0) (i32.const 1)))
            (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#;

#[test]
fn recursion_returns_what_it_should() {
    assert_eq!(Wasm::new(FIB).get::<i32>("fib", &[i32(20)]), 6765);
}

#[test]
fn without_fusions_the_result_is_the_same() {
    let mut wasm = Wasm::with_fusions(Fusions::NONE);
    wasm.add(FIB, &[]);
    assert_eq!(wasm.get::<i32>("fib", &[i32(15)]), 610);
}

#[test]
fn a_loop_counts() {
    let mut wasm = Wasm::new(
        r#"(module (func (export "sum") (param i64) (result i64) (local i64)
            (block (loop
                (br_if 1 (i64.eqz (local.get 0)))
                (local.set 1 (i64.add (local.get 1) (local.get 0)))
                (local.set 0 (i64.sub (local.get 0) (i64.const 1)))
                (br 0)))
            (local.get 1)))"#,
    );
    assert_eq!(wasm.get::<i64>("sum", &[i64(1000)]), 500_500);
}

#[test]
fn memory_holds_what_was_stored() {
    let mut wasm = Wasm::new(
        r#"(module (memory 1)
            (func (export "sieve") (param $n i32) (result i32)
                (local $i i32) (local $j i32) (local $count i32)
                (local.set $i (i32.const 2))
                (loop $next
                    (if (i32.eqz (i32.load8_u (local.get $i)))
                        (then
                            (local.set $count (i32.add (local.get $count) (i32.const 1)))
                            (local.set $j (i32.mul (local.get $i) (local.get $i)))
                            (block $done (loop $mark
                                (br_if $done (i32.ge_u (local.get $j) (local.get $n)))
                                (i32.store8 (local.get $j) (i32.const 1))
                                (local.set $j (i32.add (local.get $j) (local.get $i)))
                                (br $mark)))))
                    (br_if $next (i32.lt_u
                        (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                        (local.get $n))))
                (local.get $count)))"#,
    );
    assert_eq!(wasm.get::<i32>("sieve", &[i32(1000)]), 168);
}

#[test]
fn floats_go_through_their_accumulator() {
    let mut wasm = Wasm::new(
        r#"(module (func (export "pi") (param $n i32) (result f64)
            (local $i i32) (local $sum f64) (local $sign f64)
            (local.set $sign (f64.const 1))
            (loop $next
                (local.set $sum (f64.add (local.get $sum) (f64.div (local.get $sign)
                    (f64.convert_i32_u
                        (i32.add (i32.shl (local.get $i) (i32.const 1)) (i32.const 1))))))
                (local.set $sign (f64.neg (local.get $sign)))
                (br_if $next (i32.lt_u
                    (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                    (local.get $n))))
            (f64.mul (local.get $sum) (f64.const 4))))"#,
    );
    let pi = wasm.get::<f64>("pi", &[i32(10_000)]);
    assert!((pi - std::f64::consts::PI).abs() < 1e-3, "{pi}");
}

#[test]
fn threads_share_the_code_of_a_module() {
    let text = r#"(module
        (func $f0 (param i32) (result i32) (i32.add (local.get 0) (call $f1 (local.get 0))))
        (func $f1 (param i32) (result i32) (i32.mul (local.get 0) (call $f2 (local.get 0))))
        (func $f2 (param i32) (result i32) (i32.xor (local.get 0) (i32.const 21)))
        (func (export "run") (param i32) (result i32) (call $f0 (local.get 0))))"#;
    let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
    let module = Arc::new(module);
    let tier = FastModule::new(&module, &Settings::default());
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (module, tier, start) = (&module, &tier, &start);
            scope.spawn(move || {
                let mut wasm = Wasm::empty();
                wasm.instantiate(module, Arc::clone(tier) as Arc<dyn ModuleCode>, &[]);
                start.wait();
                assert_eq!(wasm.get::<i32>("run", &[i32(n)]), n + n * (n ^ 21));
            });
        }
    });
    assert_eq!(tier.stats().functions, 4);
    assert!(tier.stats().code_bytes > tier.stats().body_bytes);
}

#[test]
fn instances_of_a_module_share_code_but_no_state() {
    let text = r#"(module (memory 1) (global $g (mut i32) (i32.const 0))
        (func (export "add") (param i32) (result i32)
            (global.set $g (i32.add (global.get $g) (local.get 0)))
            (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (global.get $g)))
            (i32.load (i32.const 8))))"#;
    let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
    let module = Arc::new(module);
    let tier = FastModule::new(&module, &Settings::default());
    let mut wasm = Wasm::empty();
    let a = wasm.instantiate(&module, Arc::clone(&tier) as Arc<dyn ModuleCode>, &[]);
    let b = wasm.instantiate(&module, Arc::clone(&tier) as Arc<dyn ModuleCode>, &[]);
    let mut add = |instance, n| wasm.call_in(instance, "add", &[i32(n)]).unwrap()[0].i32();
    assert_eq!((add(a, 1), add(b, 10), add(a, 1), add(b, 10)), (1, 10, 3, 30));
    assert_eq!(tier.stats().functions, 1);
}
