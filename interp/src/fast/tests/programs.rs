//! Small programs with and without each fusion.

use super::{Wasm, i32, i64};
use crate::fast::Fusions;

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
