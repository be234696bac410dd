//! What the interpreter saw conditional branches do is what the compiler expects of them:
//! whatever they do later, guests cannot tell.

mod common;

use bimetal::{BranchStats, Config, Engine, Instance, Module, Store, Strategy, Trap};

/// Most that a branch is watched.
const MOST: u32 = 64;

fn engine(seen: bool, threads: usize, threshold: u32) -> Engine {
    let mut config = Config::new();
    config.strategy(Strategy::Tiered).compile_threads(threads).seen_branches(seen);
    Engine::new(config.thresholds(threshold, threshold)).unwrap()
}

/// How often the branches of a function were executed and taken.
fn branches(module: &Module, index: usize) -> Vec<(u32, u32)> {
    let stats = module.function_stats().swap_remove(index).branches;
    assert!(stats.is_sorted_by(|one, other| one.offset < other.offset));
    stats.iter().map(|&BranchStats { executed, taken, .. }| (executed, taken)).collect()
}

/// Branches of many kinds on whether a number is below a limit, and what they lead to:
/// calls of functions that the compiler may take in, loops and traps.
const MANY: &str = r#"(module
    (type $box (struct (field i64)))
    (func $square (param i64) (result i64) (i64.mul (local.get 0) (local.get 0)))
    (func $checked (param $x i64) (param $zero i64) (result i64)
        (local $i i64)
        (if (i64.eq (local.get $x) (local.get $zero)) (then
            (local.set $i (i64.const 10))
            (loop $again
                (local.set $x (i64.add (local.get $x) (i64.mul (local.get $i) (i64.const 3))))
                (br_if $again (i64.ne
                    (local.tee $i (i64.sub (local.get $i) (i64.const 1))) (i64.const 0))))
            (if (i64.eq (local.get $zero) (i64.const 77)) (then unreachable))
            (return (call $square (local.get $x)))))
        (i64.add (local.get $x) (i64.const 1)))
    (func (export "run") (param $n i64) (param $limit i64) (result i64)
        (local $sum i64) (local $below i32) (local $box (ref null $box))
        (local.set $below (i64.lt_s (local.get $n) (local.get $limit)))
        (if (local.get $below) (then (local.set $sum (i64.const 1)))
            (else (local.set $sum (call $square (local.get $n)))))
        (block $skip
            (br_if $skip (i32.eqz (local.get $below)))
            (local.set $sum (i64.add (local.get $sum) (i64.const 10)))
            (local.set $box (struct.new $box (i64.const 100))))
        (local.set $sum (i64.add (local.get $sum) (block $value (result i64)
            (i64.const 1000)
            (br_if $value (i64.const 2000) (local.get $below))
            (drop) (drop) (i64.const 3000))))
        (block $null
            (local.set $sum (i64.add (local.get $sum)
                (struct.get $box 0 (br_on_null $null (local.get $box))))))
        (i64.add (local.get $sum) (call $checked (local.get $n) (local.get $limit)))))"#;

fn expected(n: i64, limit: i64) -> i64 {
    let sum = if n < limit { 1 + 10 + 2000 + 100 } else { n * n + 3000 };
    let checked = if n == limit { (n + 165) * (n + 165) } else { n + 1 };
    sum + checked
}

#[test]
fn figures_of_functions_tell_what_their_branches_did() {
    let engine = engine(true, 0, u32::MAX);
    let module = Module::new(&engine, MANY).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(i64, i64), i64>(&mut store, "run").unwrap();
    for n in 0..20 {
        assert_eq!(run.call(&mut store, (n, 5)).unwrap(), expected(n, 5));
    }
    assert_eq!(branches(&module, 2), [(20, 5), (20, 15), (20, 5), (20, 15)]);
    assert_eq!(branches(&module, 1), [(20, 1), (1, 0)], "the loop counts for itself");
    assert_eq!(branches(&module, 0), []);
    for n in 0..500 {
        assert_eq!(run.call(&mut store, (n, 5)).unwrap(), expected(n, 5));
    }
    let no_more = [(MOST, 10), (MOST, 54), (MOST, 10), (MOST, 54)];
    assert_eq!(branches(&module, 2), no_more);
}

#[test]
fn no_branch_is_watched_if_nobody_wants_to_know() {
    let engine = engine(false, 0, u32::MAX);
    let module = Module::new(&engine, MANY).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[]).unwrap();
    let run = instance.get_typed_func::<(i64, i64), i64>(&mut store, "run").unwrap();
    assert_eq!(run.call(&mut store, (3, 5)).unwrap(), expected(3, 5));
    assert_eq!((branches(&module, 1), branches(&module, 2)), (vec![], vec![]));
}

#[test]
fn ways_that_were_never_gone_are_gone_when_their_time_comes() {
    for (seen, threads) in [(true, 0), (true, 1), (false, 0)] {
        // Whoever always went one way, and whoever always went the other.
        for usual in [0, 1_000_000] {
            let engine = engine(seen, threads, 100);
            let (mut store, instance) = common::instantiate(&engine, MANY);
            let run = instance.get_typed_func::<(i64, i64), i64>(&mut store, "run").unwrap();
            for n in 1..400 {
                assert_eq!(run.call(&mut store, (n, usual)).unwrap(), expected(n, usual));
            }
            for (n, limit) in [(1, 5), (5, 5), (9, 5), (7, 1_000_000), (1_000_000, 1_000_000)] {
                assert_eq!(run.call(&mut store, (n, limit)).unwrap(), expected(n, limit));
            }
            let error = run.call(&mut store, (77, 77)).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
        }
    }
}

#[test]
fn threads_that_watch_the_same_branches_compute_the_same() {
    for round in 0..20 {
        let engine = engine(true, round % 2, if round < 10 { u32::MAX } else { 100 });
        let module = Module::new(&engine, MANY).unwrap();
        common::on_threads(&module, |thread, store, instance| {
            let run = instance.get_typed_func::<(i64, i64), i64>(&mut *store, "run").unwrap();
            for n in 0..200 {
                let limit = 50 * i64::from(thread);
                assert_eq!(run.call(&mut *store, (n, limit)).unwrap(), expected(n, limit));
            }
        });
        for (executed, taken) in branches(&module, 2) {
            assert!(taken <= executed && executed > 0 && executed < MOST + 4, "{executed}");
        }
    }
}
