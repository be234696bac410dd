//! What the interpreter saw calls do is what the compiler guesses: whatever they do later,
//! guests cannot tell.

mod common;

use bimetal::{Config, Engine, Module, Strategy, Trap};

/// Engines that compile with what they have seen, and without.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for (callees, calls) in [(true, true), (true, false), (false, true), (false, false)] {
        for threads in [0, 1] {
            let mut config = Config::new();
            config.strategy(Strategy::Tiered).compile_threads(threads).thresholds(100, 100);
            config.seen_callees(callees).seen_calls(calls);
            engines.push(Engine::new(&config).unwrap());
        }
    }
    engines
}

/// Four functions of a type and one of another behind a table; `call` and `ref` reach the
/// one with a number, often.
const TABLE: &str = r#"(module
    (type $t (func (param i64) (result i64)))
    (table $table (export "table") 8 funcref)
    (elem (i32.const 0) $a $b $c $d $other)
    (func $a (type $t) (i64.add (local.get 0) (i64.const 1)))
    (func $b (type $t) (i64.mul (local.get 0) (i64.const 3)))
    (func $c (type $t) (i64.xor (local.get 0) (i64.const 5)))
    (func $d (type $t) (i64.sub (local.get 0) (i64.const 7)))
    (func $other (unreachable))
    (func (export "call") (param $at i32) (param $n i32) (result i64) (local $x i64)
        (loop $next
            (local.set $x (call_indirect $table (type $t) (local.get $x) (local.get $at)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x))
    (func (export "ref") (param $at i32) (param $n i32) (result i64)
        (local $x i64) (local $f (ref null $t))
        (local.set $f (ref.cast (ref null $t) (table.get $table (local.get $at))))
        (loop $next
            (local.set $x (call_ref $t (local.get $x) (local.get $f)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $x)))"#;

/// What a function of the table makes of zero, so many times.
fn expected(at: i32, n: i32) -> i64 {
    let step = |x: i64| match at {
        0 => x + 1,
        1 => x.wrapping_mul(3),
        2 => x ^ 5,
        _ => x - 7,
    };
    (0..n).fold(0, |x, _| step(x))
}

#[test]
fn a_call_that_was_seen_to_reach_one_function_reaches_any_other() {
    for engine in engines() {
        for first in 0..4 {
            let (mut store, instance) = common::instantiate(&engine, TABLE);
            for name in ["call", "ref"] {
                let call = instance.get_typed_func::<(i32, i32), i64>(&mut store, name).unwrap();
                for _ in 0..150 {
                    assert_eq!(call.call(&mut store, (first, 3)).unwrap(), expected(first, 3));
                }
                for at in [0, 1, 2, 3, first] {
                    for n in [1, 300] {
                        let result = call.call(&mut store, (at, n)).unwrap();
                        assert_eq!(result, expected(at, n), "{name}({at}, {n}) on {engine:?}");
                    }
                }
            }
            let call = instance.get_typed_func::<(i32, i32), i64>(&mut store, "call").unwrap();
            for (at, trap) in [
                (4, Trap::BadSignature),
                (5, Trap::IndirectCallToNull),
                (8, Trap::UndefinedElement),
            ] {
                let error = call.call(&mut store, (at, 1)).unwrap_err();
                assert_eq!(error.downcast_ref::<Trap>(), Some(&trap), "{engine:?}");
            }
        }
    }
}

#[test]
fn instances_and_threads_that_note_at_the_same_time_compute_the_same() {
    for engine in engines() {
        let module = Module::new(&engine, TABLE).unwrap();
        common::on_threads(&module, |thread, store, instance| {
            for round in 0..60 {
                // Each instance prefers a function of its own, but not only.
                let at = if round % 8 == 7 { (thread + 1) % 4 } else { thread };
                for name in ["call", "ref"] {
                    let call =
                        instance.get_typed_func::<(i32, i32), i64>(&mut *store, name).unwrap();
                    let result = call.call(&mut *store, (at, 40)).unwrap();
                    assert_eq!(result, expected(at, 40));
                }
            }
        });
    }
}

#[test]
fn calls_that_were_never_seen_are_done_when_their_time_comes() {
    let wat = r#"(module
        (func $square (param i64) (result i64) (i64.mul (local.get 0) (local.get 0)))
        (func $fail (param i64) (result i64) (i64.div_s (local.get 0) (i64.const 0)))
        (func (export "run") (param $n i64) (result i64)
            (if (i64.eq (local.get $n) (i64.const 500)) (then (return (call $fail (local.get $n)))))
            (if (i64.gt_s (local.get $n) (i64.const 300))
                (then (return (call $square (local.get $n)))))
            (i64.add (call $square (local.get $n)) (i64.const 1))))"#;
    for engine in engines() {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        for n in (0..500).chain(0..400) {
            let expected = if n > 300 { n * n } else { n * n + 1 };
            assert_eq!(run.call(&mut store, n).unwrap(), expected, "{engine:?}");
        }
        let error = run.call(&mut store, 500).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IntegerDivisionByZero));
    }
}
