//! Loops that move from the interpreter to compiled code in the middle of a call:
//! whatever lives there, and however they end, nobody can tell.
//!
//! Every program runs on the reference interpreter and then with loops compiled at
//! their first, second, ... back-edge.

mod common;

use std::fmt::Debug;

use bimetal::{
    Config, Engine, Linker, Module, Result, Store, Strategy, Trap, WasmParams, WasmResults,
};

/// Iterations after which a loop is compiled, and calls after which a function is:
/// most of the time never, so that loops are all that moves.
const MOMENTS: [(u32, u32); 7] =
    [(1, u32::MAX), (2, u32::MAX), (3, u32::MAX), (7, u32::MAX), (50, u32::MAX), (1, 2), (3, 1)];

fn engine(moment: Option<(u32, u32)>, configure: impl Fn(&mut Config)) -> Engine {
    let mut config = Config::new();
    match moment {
        None => config.strategy(Strategy::Reference),
        Some((iterations, calls)) => {
            config.strategy(Strategy::Tiered).compile_threads(0).thresholds(calls, iterations)
        }
    };
    configure(&mut config);
    Engine::new(&config).expect("the strategy is available")
}

/// Calls `run` of a module, which may import `host.inc`, three times.
fn outcomes<P, R>(engine: &Engine, wat: &str, params: P) -> Vec<String>
where
    P: WasmParams + Copy,
    R: WasmResults + Debug,
{
    let mut linker = Linker::new(engine);
    linker.func_wrap("host", "inc", |x: i32| x.wrapping_add(1)).unwrap();
    let mut store = Store::new(engine, ());
    let module = Module::new(engine, wat).expect("the module is valid");
    let instance = linker.instantiate(&mut store, &module).expect("it can be instantiated");
    let run = instance.get_typed_func::<P, R>(&mut store, "run").expect("it has a `run`");
    let outcome = |result: Result<R>| match result {
        Ok(values) => format!("{values:?}"),
        Err(error) => {
            let frames = error.downcast_ref::<bimetal::WasmBacktrace>();
            let frames = frames.map(|trace| {
                trace
                    .frames()
                    .iter()
                    .map(|at| (at.func_index(), at.module_offset()))
                    .collect::<Vec<_>>()
            });
            format!("{:?} at {frames:?}", error.downcast_ref::<Trap>())
        }
    };
    (0..3).map(|_| outcome(run.call(&mut store, params))).collect()
}

fn check_with<P, R>(configure: impl Fn(&mut Config), wat: &str, params: P)
where
    P: WasmParams + Copy,
    R: WasmResults + Debug,
{
    let expected = outcomes::<P, R>(&engine(None, &configure), wat, params);
    for moment in MOMENTS {
        let actual = outcomes::<P, R>(&engine(Some(moment), &configure), wat, params);
        assert_eq!(actual, expected, "iterations and calls {moment:?}\n{wat}");
    }
}

fn check<P: WasmParams + Copy, R: WasmResults + Debug>(wat: &str, params: P) {
    check_with::<P, R>(|_| {}, wat, params);
}

#[test]
fn locals_and_operands_of_every_type_move_along() {
    let wat = r#"(module (memory 1)
        (func (export "run") (param $n i32) (param $a i64) (param $b f32) (param $c f64)
            (result i32 i64 f32 f64 i64)
          (local $v v128) (local $w v128) (local $i i32) (local $f funcref) (local $e externref)
          (local.set $v (i32x4.splat (i32.const 3)))
          (i32.const 11) (i64.const 12) (f32.const 1.5) (f64.const 2.5) (v128.const i64x2 5 6)
          (loop $l (param i32 i64 f32 f64 v128) (result i32 i64 f32 f64 v128)
            (local.set $w (i64x2.add (local.get $v)))
            (local.set $c (f64.add (local.get $c)))
            (local.set $b (f32.mul (local.get $b)))
            (local.set $a (i64.xor (local.get $a)))
            (local.set $i (i32.add (local.get $i)))
            (local.set $v (i64x2.sub (local.get $w) (i64x2.splat (local.get $a))))
            (local.get $i) (local.get $a) (f32.sub (local.get $b) (f32.const 0.25))
            (f64.div (local.get $c) (f64.const 3)) (local.get $w)
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (i64x2.extract_lane 1)))"#;
    for n in [1, 2, 3, 4, 9, 60] {
        check::<_, (i32, i64, f32, f64, i64)>(wat, (n, 77_i64, 0.5_f32, 1e3_f64));
    }
}

#[test]
fn nested_loops_with_operands_below_each() {
    let wat = r#"(module (func (export "run") (param $n i32) (result i64)
          (local $i i32) (local $j i32) (local $sum i64)
        (i64.const 1000000)
        (loop $outer (result i64)
          (i64.mul (i64.extend_i32_u (local.get $n)) (i64.const 1000))
          (local.set $i (i32.const 4))
          (loop $middle
            (i32.mul (local.get $i) (i32.const 7))
            (local.set $j (local.get $i))
            (loop $inner
              (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (local.get $j))))
              (br_if $inner (local.tee $j (i32.sub (local.get $j) (i32.const 1)))))
            (i64.extend_i32_u) (local.set $sum (i64.add (local.get $sum)))
            (if (i32.and (local.get $i) (i32.const 1))
              (then (loop $odd (local.set $sum (i64.add (local.get $sum) (i64.const 3)))
                (br_if $odd (i32.and (i32.wrap_i64 (local.get $sum)) (i32.const 2)))))
              (else (local.set $sum (i64.add (local.get $sum) (i64.const 5)))))
            (br_if $middle (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
          (local.set $sum (i64.add (local.get $sum)))
          (br_if $outer (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
          (local.get $sum))
        (i64.add)))"#;
    for n in [1, 2, 5, 30] {
        check::<_, i64>(wat, n);
    }
}

#[test]
fn loops_in_arms_and_blocks_that_leave_in_every_way() {
    let wat = r#"(module (func (export "run") (param $n i32) (param $way i32) (result i32 i32)
          (local $sum i32)
        (i32.const 5)
        (block $out (param i32) (result i32 i32)
          (local.set $sum)
          (loop $l
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (if (i32.eqz (local.get $n))
              (then (block $c (block $b (block $a
                  (br_table $a $b $c $l (local.get $way)))
                (return (local.get $sum) (i32.const 1)))
                (br $out (local.get $sum) (i32.const 2)))
                (unreachable)))
            (local.set $n (i32.sub (local.get $n) (i32.const 1)))
            (br_if $l (i32.ne (local.get $sum) (i32.const 12345))))
          (local.get $sum) (i32.const 3))))"#;
    for way in 0..3 {
        for n in [0, 1, 10, 70] {
            check::<_, (i32, i32)>(wat, (n, way));
        }
    }
}

#[test]
fn traps_are_at_their_place_with_one_frame_for_the_loop() {
    let wat = r#"(module (memory 1)
        (func $walk (param $at i32) (result i32)
          (loop $l (result i32)
            (drop (i32.load (local.get $at)))
            (local.set $at (i32.add (local.get $at) (i32.const 1000)))
            (br $l)))
        (func $middle (param i32) (result i32) (call $walk (local.get 0)))
        (func (export "run") (param i32) (result i32) (call $middle (local.get 0))))"#;
    for at in [0, 60_000, 64_000] {
        check::<_, i32>(wat, at);
    }
    let wat = wat.replace(
        "(drop (i32.load (local.get $at)))",
        "(drop (i32.div_u (i32.const 1) (i32.sub (i32.const 9000) (local.get $at))))",
    );
    check::<_, i32>(&wat, 0);
}

#[test]
fn calls_in_the_loop_go_to_every_kind_of_function() {
    let wat = r#"(module (import "host" "inc" (func $inc (param i32) (result i32)))
        (type $t (func (param i32) (result i32)))
        (table funcref (elem $inc $double $loop)) (global $g (mut i32) (i32.const 0))
        (func $double (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
        (func $loop (param i32) (result i32) (local $i i32)
          (loop $l (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 5))))
          (i32.add (local.get 0) (local.get $i)))
        (func (export "run") (param $n i32) (result i32 i32) (local $x i32)
          (loop $l
            (local.set $x (call $double (call $inc (local.get $x))))
            (local.set $x (call_indirect (type $t) (local.get $x)
              (i32.rem_u (local.get $n) (i32.const 3))))
            (local.set $x (call_ref $t (local.get $x) (ref.func $loop)))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.get $x) (global.get $g))
        (elem declare func $loop))"#;
    for n in [1, 4, 20, 80] {
        check::<_, (i32, i32)>(wat, n);
    }
}

#[test]
fn recursion_through_loops() {
    let wat = r#"(module (func $f (export "run") (param $n i32) (result i64)
          (local $i i32) (local $sum i64)
        (if (i32.eqz (local.get $n)) (then (return (i64.const 1))))
        (loop $l
          (local.set $sum (i64.add (local.get $sum)
            (call $f (i32.shr_u (local.get $n) (i32.const 1)))))
          (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1)))
            (i32.const 3))))
        (local.get $sum)))"#;
    for n in [0, 1, 5, 100] {
        check::<_, i64>(wat, n);
    }
}

#[test]
fn exceptions_are_caught_around_the_loop_and_by_its_callers() {
    let wat = r#"(module (tag $e (param i32 i64)) (tag $other)
        (func $throw (param i32)
          (if (i32.eq (i32.rem_u (local.get 0) (i32.const 7)) (i32.const 3))
            (then (throw $e (local.get 0) (i64.const 40))))
          (if (i32.eq (local.get 0) (i32.const 30)) (then (throw $other))))
        (func $inside (param $n i32) (param $to i32) (result i64) (local $sum i64)
          (loop $again
            (block $caught (result i32 i64)
              (try_table (catch $e $caught)
                (loop $l
                  (call $throw (local.get $n))
                  (local.set $sum (i64.add (local.get $sum) (i64.const 1)))
                  (local.set $n (i32.add (local.get $n) (i32.const 1)))
                  (br_if $l (i32.lt_u (local.get $n) (local.get $to)))))
              (return (local.get $sum)))
            (local.set $sum (i64.add (local.get $sum)))
            (local.set $n (i32.add (i32.const 1)))
            (br_if $again (i32.lt_u (local.get $n) (local.get $to))))
          (local.get $sum))
        (func $outside (param $n i32) (result i64)
          (loop $l (call $throw (local.get $n))
            (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $l))
          (i64.const 0))
        (func (export "run") (param $n i32) (result i64 i64) (local $a i64)
          (block $gone
            (try_table (catch_all $gone)
              (local.set $a (call $inside (i32.const 0) (local.get $n)))))
          (block $here (result i32 i64)
            (try_table (catch $e $here) (drop (call $outside (local.get $n))))
            (unreachable))
          (local.set $a (i64.add (local.get $a)))
          (i64.extend_i32_u) (local.get $a)))"#;
    for n in [1, 5, 12, 25, 29, 33, 60] {
        check::<_, (i64, i64)>(wat, n);
    }
}

#[test]
fn an_exception_that_nobody_catches_reaches_the_host() {
    let wat = r#"(module (tag $e)
        (func (export "run") (param $n i32)
          (loop $l
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1))))
            (throw $e))))"#;
    for n in [1, 5, 80] {
        check::<_, ()>(wat, n);
    }
}

#[test]
fn tail_calls_out_of_loops_return_to_the_caller_in_constant_stack() {
    let wat = r#"(module (import "host" "inc" (func $inc (param i32) (result i32)))
        (type $t (func (param i32 i64) (result i32)))
        (table funcref (elem $ping $pong))
        (func $ping (type $t) (param $n i32) (param $x i64) (result i32) (local $i i32)
          (loop $l (local.set $x (i64.add (local.get $x) (i64.const 3)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4))))
          (if (i32.eqz (local.get $n)) (then (return_call $inc (i32.wrap_i64 (local.get $x)))))
          (return_call_indirect (type $t) (i32.sub (local.get $n) (i32.const 1)) (local.get $x)
            (i32.const 1)))
        (func $pong (type $t) (param $n i32) (param $x i64) (result i32) (local $i i32)
          (loop $l (local.set $x (i64.mul (local.get $x) (i64.const 5)))
            (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
          (if (i32.and (local.get $n) (i32.const 2))
            (then (return_call $ping (local.get $n) (local.get $x))))
          (return_call_ref $t (local.get $n) (local.get $x) (ref.func $ping)))
        (func (export "run") (param $n i32) (result i32)
          (i32.add (call $ping (local.get $n) (i64.const 1)) (i32.const 100000))))"#;
    for n in [0, 1, 2, 9, 40_000] {
        check::<_, i32>(wat, n);
    }
}

#[test]
fn objects_are_followed_while_the_heap_moves() {
    let wat = r#"(module
        (type $pair (struct (field i64) (field (mut (ref null $pair)))))
        (type $list (array (mut (ref null $pair))))
        (func $make (param $v i64) (param $rest (ref null $pair)) (result (ref $pair))
          (struct.new $pair (local.get $v) (local.get $rest)))
        (func (export "run") (param $n i32) (result i64)
            (local $head (ref null $pair)) (local $all (ref null $list)) (local $sum i64)
          (local.set $all (array.new_default $list (i32.const 8)))
          (call $make (i64.const 1000) (ref.null $pair))
          (ref.i31 (i32.const 17))
          (loop $l (param (ref $pair) (ref i31)) (result (ref $pair) (ref i31))
            (local.set $head (call $make (i64.extend_i32_u (local.get $n)) (local.get $head)))
            (array.set $list (local.get $all) (i32.and (local.get $n) (i32.const 7)) (local.get $head))
            (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
          (local.set $sum (i64.extend_i32_u (i31.get_u)))
          (struct.get $pair 0) (local.set $sum (i64.add (local.get $sum)))
          (array.set $list (local.get $all) (i32.const 0) (local.get $head))
          (loop $add
            (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3))
              (struct.get $pair 0 (local.get $head))))
            (local.set $head (struct.get $pair 1 (local.get $head)))
            (br_if $add (i32.eqz (ref.is_null (local.get $head)))))
          (i64.add (local.get $sum)
            (struct.get $pair 0 (array.get $list (local.get $all) (i32.const 1))))))"#;
    for n in [1, 2, 6, 55] {
        let stress = |config: &mut Config| {
            config.gc_stress(true);
        };
        check_with::<_, i64>(stress, wat, n);
    }
}

#[test]
fn memories_of_either_index_type_grow_in_loops() {
    for ty in ["i32", "i64"] {
        let wat = r#"(module (memory $m TY 1 40) (func (export "run") (param $n i32) (result i64)
              (local $at TY) (local $sum i64)
            (loop $l
              (i64.store offset=8 (local.get $at) (i64.extend_i32_u (local.get $n)))
              (local.set $sum (i64.add (local.get $sum)
                (i64.load8_u offset=8 (local.get $at))))
              (local.set $at (TY.add (local.get $at) (TY.const 3001)))
              (if (TY.gt_u (TY.add (local.get $at) (TY.const 16))
                    (TY.mul (memory.size) (TY.const 65536)))
                (then (drop (memory.grow (TY.const 1)))))
              (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (i64.add (local.get $sum) (i64.mul (i64.const 1000)
              (EXTEND (memory.size))))))"#;
        let extend = if ty == "i32" { "i64.extend_i32_u" } else { "i64.add (i64.const 0)" };
        let wat = wat.replace("TY", ty).replace("EXTEND", extend);
        for n in [1, 30, 300] {
            check::<_, i64>(&wat, n);
            let small = |config: &mut Config| {
                config.memory_guard_pages(false);
            };
            check_with::<_, i64>(small, &wat, n);
        }
    }
}

#[test]
fn a_running_loop_moves_to_code_that_another_thread_compiles() {
    let wat = r#"(module (func (export "run") (param $n i64) (result i64) (local $sum i64)
        (loop $l
          (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (local.get $n)))
          (br_if $l (i64.ne (local.tee $n (i64.sub (local.get $n) (i64.const 1))) (i64.const 0))))
        (local.get $sum)))"#;
    let mut config = Config::new();
    config.strategy(Strategy::Tiered).compile_threads(1);
    let engine = Engine::new(&config).unwrap();
    let (mut store, instance) = common::instantiate(&engine, wat);
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
    let n = 20_000_000_i64;
    let expected = (1..=n).rev().fold(0_i64, |sum, n| sum.rotate_left(1).wrapping_add(n));
    assert_eq!(run.call(&mut store, n).unwrap(), expected);
}
