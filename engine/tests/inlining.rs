//! Bodies in place of calls: guests cannot tell, nor can who reads their traps.

mod common;

use bimetal::{Config, Engine, Module, Store, Strategy, Trap, WasmBacktrace};
use common::{Outcome, engines_and_tiered, instantiate, outcome_of};

/// Engines of every strategy with inlining and without, and some that compile
/// functions and loops after a few runs.
fn engines(configure: impl Fn(&mut Config)) -> Vec<Engine> {
    let mut engines = Vec::new();
    for (recursion, calls) in [(true, true), (true, false), (false, true), (false, false)] {
        let set = |config: &mut Config| {
            configure(config.inline_recursion(recursion).inline_calls(calls));
        };
        engines.extend(engines_and_tiered(set));
    }
    engines
}

fn outcome(engine: &Engine, wat: &str, n: i64) -> Outcome {
    let (mut store, instance) = instantiate(engine, wat);
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
    // Once the tiers have changed, it is the same again.
    let first = run.call(&mut store, n);
    let second = run.call(&mut store, n);
    let [first, second] = [first, second].map(outcome_of);
    assert_eq!(first, second, "{engine:?}");
    first
}

/// What all engines agree on.
fn agreed(wat: &str, n: i64) -> Outcome {
    let engines = engines(|_| {});
    let expected = outcome(&engines[0], wat, n);
    for engine in &engines {
        assert_eq!(outcome(engine, wat, n), expected, "{engine:?}");
    }
    expected
}

/// Three small functions in each other; the innermost traps if its argument is 0, 1,
/// 2 or 3, each in another way.
const NESTED: &str = r#"(module
    (memory 1)
    (func $inner (param $n i64) (result i64)
        (if (i64.eqz (local.get $n)) (then (unreachable)))
        (if (i64.eq (local.get $n) (i64.const 1))
            (then (drop (i64.load (i32.const -1)))))
        (i64.div_u (i64.const 100) (i64.sub (local.get $n) (i64.const 2)))
        (drop)
        (i64.extend_i32_u (i32.trunc_f64_u (select (f64.const nan) (f64.const 7)
            (i64.eq (local.get $n) (i64.const 3))))))
    (func $middle (param $n i64) (param $add i64) (result i64)
        (i64.add (local.get $add) (call $inner (local.get $n))))
    (func $outer (param $n i64) (result i64)
        (i64.mul
            (call $middle (i64.const 9) (i64.const 1))
            (call $middle (local.get $n) (i64.const 2))))
    (func (export "run") (param $n i64) (result i64)
        (nop)
        (call $outer (local.get $n))))"#;

#[test]
fn traps_name_every_function_on_the_way() {
    assert_eq!(agreed(NESTED, 4), Ok(72));
    let traps = [
        Trap::UnreachableCodeReached,
        Trap::MemoryOutOfBounds,
        Trap::IntegerDivisionByZero,
        Trap::BadConversionToInteger,
    ];
    for (n, trap) in traps.into_iter().enumerate() {
        let (code, frames) = agreed(NESTED, n as i64).unwrap_err();
        assert_eq!(code, Some(trap));
        let functions: Vec<u32> = frames.iter().map(|frame| frame.0).collect();
        assert_eq!(functions, [0, 1, 2, 3]);
        assert!(frames.is_sorted_by_key(|frame| frame.1), "later functions lie further on");
    }
}

#[test]
fn places_survive_in_precompiled_code() {
    let mut config = Config::new();
    let engine = Engine::new(config.strategy(Strategy::Jit)).unwrap();
    let expected = outcome(&engine, NESTED, 0).unwrap_err();
    let bytes = Module::new(&engine, NESTED).unwrap().serialize().unwrap();
    // SAFETY: bytes of `serialize`.
    let module = unsafe { Module::deserialize(&engine, &bytes) }.unwrap();
    let mut store = Store::new(&engine, ());
    let instance = bimetal::Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
    let error = run.call(&mut store, 0).unwrap_err();
    let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames().iter();
    let places: Vec<_> = frames.map(|frame| (frame.func_index(), frame.module_offset())).collect();
    assert_eq!(places, expected.1);
}

#[test]
fn a_recursion_has_as_many_frames_as_calls() {
    let wat = r#"(module
        (func $down (export "run") (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (unreachable)))
            (i64.add (call $down (i64.sub (local.get $n) (i64.const 1))) (i64.const 1))))"#;
    for depth in [0, 1, 3, 4, 5, 22] {
        let (_, frames) = agreed(wat, depth).unwrap_err();
        assert_eq!(frames.len() as i64, depth + 1);
    }
}

#[test]
fn functions_that_call_each_other_compute_the_same() {
    let fib = r#"(module
        (func $fib (export "run") (param $n i64) (result i64)
            (if (i64.lt_u (local.get $n) (i64.const 2)) (then (return (local.get $n))))
            (i64.add (call $fib (i64.sub (local.get $n) (i64.const 1)))
                (call $fib (i64.sub (local.get $n) (i64.const 2))))))"#;
    assert_eq!(agreed(fib, 13), Ok(233));
    let parity = r#"(module
        (func $even (export "run") (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (return (i64.const 1))))
            (call $odd (i64.sub (local.get $n) (i64.const 1))))
        (func $odd (param $n i64) (result i64)
            (br_if 0 (i64.const 0) (i64.eqz (local.get $n)))
            (drop)
            (call $even (i64.sub (local.get $n) (i64.const 1)))))"#;
    assert_eq!((agreed(parity, 10), agreed(parity, 11)), (Ok(1), Ok(0)));
}

#[test]
fn objects_that_evaluate_each_other_through_references_compute_the_same() {
    let wat = r#"(module
        (rec
            (type $evaluate (func (param (ref $node)) (result i64)))
            (type $node (sub (struct (field (ref $evaluate)) (field i64)
                (field (ref null $node))))))
        (elem declare func $leaf $sum $product $trap)
        (func $leaf (type $evaluate) (struct.get $node 1 (local.get 0)))
        (func $sum (type $evaluate)
            (i64.add (struct.get $node 1 (local.get 0)) (call $next (local.get 0))))
        (func $product (type $evaluate)
            (i64.mul (struct.get $node 1 (local.get 0)) (call $next (local.get 0))))
        (func $trap (type $evaluate) (unreachable))
        (func $next (type $evaluate) (call $evaluate
            (ref.as_non_null (struct.get $node 2 (local.get 0)))))
        (func $evaluate (type $evaluate)
            (call_ref $evaluate (local.get 0) (struct.get $node 0 (local.get 0))))
        (func (export "run") (param $n i64) (result i64) (local $node (ref $node))
            (local.set $node (struct.new $node
                (if (result (ref $evaluate)) (i64.eq (local.get $n) (i64.const 11))
                    (then (ref.func $trap)) (else (ref.func $leaf)))
                (i64.const 1) (ref.null $node)))
            (loop $more
                (local.set $node (struct.new $node
                    (if (result (ref $evaluate)) (i64.eqz (i64.and (local.get $n) (i64.const 1)))
                        (then (ref.func $sum)) (else (ref.func $product)))
                    (local.get $n) (local.get $node)))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br_if $more (i64.ne (local.get $n) (i64.const 0))))
            (call $evaluate (local.get $node))))"#;
    let expected =
        |n: i64| (1..=n).rev().fold(1_i64, |sum, k| if k % 2 == 0 { k + sum } else { k * sum });
    for n in [1, 2, 7, 20] {
        assert_eq!(agreed(wat, n), Ok(expected(n)));
    }
    let (_, frames) = agreed(wat, 11).unwrap_err();
    // Each node is evaluated by two functions, all but the last one by a third.
    assert_eq!(frames.len(), 12 * 2 + 11 + 1);
}

#[test]
fn endless_recursion_exhausts_the_stack() {
    let wat = r#"(module
        (func $a (param $n i64) (result i64)
            (i64.add (i64.const 1) (call $b (i64.add (local.get $n) (i64.const 1)))))
        (func $b (param $n i64) (result i64) (i64.add (i64.const 1) (call $a (local.get $n))))
        (func $c (param $n i64) (result i64) (i64.add (i64.const 1) (call $c (local.get $n))))
        (func (export "run") (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (return (call $a (i64.const 0)))))
            (call $c (i64.const 0))))"#;
    for engine in engines(|_| {}) {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        for n in [0, 1, 0] {
            let error = run.call(&mut store, n).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{engine:?}");
        }
    }
}

#[test]
fn locals_are_zero_whenever_a_body_begins() {
    let wat = r#"(module
        (func $f (param $n i64) (result i64) (local $seen i64) (local $vector v128)
            (if (v128.any_true (local.get $vector)) (then (return (i64.const 1000))))
            (local.set $vector (v128.const i64x2 1 1))
            (local.set $seen (i64.add (local.get $seen) (local.get $n)))
            (local.set $n (i64.const 77))
            (local.get $seen))
        (func (export "run") (param $n i64) (result i64) (local $sum i64)
            (loop $next
                (local.set $sum (i64.add (local.get $sum) (call $f (local.get $n))))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br_if $next (i64.ne (local.get $n) (i64.const 0))))
            (local.get $sum)))"#;
    assert_eq!(agreed(wat, 10), Ok(55));
}

#[test]
fn a_body_returns_from_anywhere_with_all_results() {
    let wat = r#"(module
        (func $f (param $n i64) (result i64 i32 f64)
            (block $typed (result i64 i32 f64)
                (i64.const 1) (i32.const 2) (f64.const 3)
                (br_table $typed 1 (i32.wrap_i64 (local.get $n))))
            (drop) (drop) (drop)
            (i64.const 10) (i32.const 20) (f64.const 30)
            (br_if 0 (i64.eqz (local.get $n)))
            (unreachable))
        (func $never (result i64) (unreachable))
        (func (export "run") (param $n i64) (result i64) (local $f f64) (local $i i32)
            (if (i64.gt_s (local.get $n) (i64.const 6)) (then (return (call $never))))
            (call $f (local.get $n))
            (local.set $f) (local.set $i)
            (i64.add (i64.extend_i32_u (local.get $i)))
            (i64.add (i64.trunc_f64_s (local.get $f)))))"#;
    assert_eq!((agreed(wat, 0), agreed(wat, 1), agreed(wat, 2)), (Ok(60), Ok(6), Ok(6)));
    assert!(agreed(wat, 7).is_err());
}

#[test]
fn exceptions_leave_bodies_and_are_caught_in_them() {
    let wat = r#"(module
        (tag $e (param i64))
        (tag $other)
        (func $throw (param $n i64)
            (if (i64.ne (local.get $n) (i64.const 0)) (then (throw $e (local.get $n)))))
        (func $passes (param $n i64) (result i64)
            (block $other
                (try_table (catch $other $other)
                    (call $throw (local.get $n)))
                (return (i64.const 1)))
            (i64.const 2))
        (func $catches (param $n i64) (result i64)
            (block $caught (result i64)
                (try_table (catch $e $caught) (call $throw (local.get $n)))
                (return (i64.const 10)))
            (i64.add (i64.const 20)))
        (func (export "run") (param $n i64) (result i64)
            (block $caught (result i64)
                (try_table (result i64) (catch $e $caught)
                    (i64.add (call $catches (local.get $n)) (call $passes (local.get $n)))))
            (i64.add (i64.const 1000))))"#;
    assert_eq!(agreed(wat, 0), Ok(1011));
    assert_eq!(agreed(wat, 5), Ok(1005));
}

#[test]
fn an_exception_that_nobody_catches_leaves_the_guest() {
    let wat = r#"(module
        (tag $e (param i64))
        (func $throw (param $n i64) (throw $e (local.get $n)))
        (func (export "run") (param $n i64) (result i64)
            (call $throw (local.get $n)) (i64.const 0)))"#;
    for engine in engines(|_| {}) {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        assert!(run.call(&mut store, 1).is_err(), "{engine:?}");
    }
}

#[test]
fn collections_find_the_references_of_all_bodies() {
    let wat = r#"(module
        (type $node (struct (field i64) (field (ref null $node))))
        (func $push (param $n i64) (param $list (ref null $node)) (result (ref $node))
            (local $new (ref null $node))
            (local.set $new (struct.new $node (local.get $n) (local.get $list)))
            (drop (struct.new $node (i64.const -1) (ref.null $node)))
            (ref.as_non_null (local.get $new)))
        (func $twice (param $n i64) (param $list (ref null $node)) (result (ref $node))
            (call $push (local.get $n) (call $push (local.get $n) (local.get $list))))
        (func $sum (param $list (ref null $node)) (result i64)
            (if (ref.is_null (local.get $list)) (then (return (i64.const 0))))
            (drop (struct.new $node (i64.const -1) (ref.null $node)))
            (i64.add (call $sum (struct.get $node 1 (local.get $list)))
                (struct.get $node 0 (local.get $list))))
        (func (export "run") (param $n i64) (result i64)
            (local $list (ref null $node)) (local $kept (ref null $node))
            (loop $next
                (local.set $list (call $twice (local.get $n) (local.get $list)))
                (if (ref.is_null (local.get $kept)) (then (local.set $kept (local.get $list))))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br_if $next (i64.ne (local.get $n) (i64.const 0))))
            (i64.add (call $sum (local.get $list)) (call $sum (local.get $kept)))))"#;
    for stress in [false, true] {
        for engine in engines(|config| {
            config.gc_stress(stress);
        }) {
            assert_eq!(outcome(&engine, wat, 30), Ok(30 * 31 + 60), "{engine:?}");
        }
    }
}

#[test]
fn a_body_that_is_not_valid_is_left_to_its_first_call() {
    let wat = r#"(module
        (func $wrong (result i64) (i32.const 1))
        (func (export "run") (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (return (call $wrong))))
            (i64.const 3)))"#;
    let mut lazy = engines(|config| {
        config.lazy_validation(true);
    });
    lazy.retain(|engine| engine.strategy() == Strategy::Tiered);
    assert!(!lazy.is_empty());
    for engine in lazy {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        (0..10).for_each(|_| assert_eq!(run.call(&mut store, 1).unwrap(), 3));
        assert!(run.call(&mut store, 0).is_err());
    }
}
