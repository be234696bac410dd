//! Optimisations of the compiler: with and without each, and on every tier, guests
//! compute the same.

mod common;

use bimetal::{Engine, Strategy, Trap, WasmBacktrace};
use common::{engines_with, instantiate};

/// Engines of every strategy, with the optimisations of the compiler and without.
fn engines() -> Vec<Engine> {
    let with = |enable| {
        engines_with(move |config| {
            config.tail_loops(enable).tail_sets(enable).signed_conversions(enable);
            config.inline_recursion(enable).inline_calls(enable).inline_guesses(enable);
            config
                .cheap_products(enable)
                .address_sums(enable)
                .inline_bulk(enable)
                .narrow(enable)
                .place_loops(enable)
                .near_bases(enable);
            config.short_checks(enable).known_bounds(enable).early_lengths(enable);
        })
    };
    [with(true), with(false)].concat()
}

/// What an export of this name gives for a number, on each engine.
fn results(wat: &str, n: i64) -> Vec<(String, i64)> {
    let result = |engine: &Engine| {
        let (mut store, instance) = instantiate(engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        (format!("{engine:?}"), run.call(&mut store, n).unwrap())
    };
    engines().iter().map(result).collect()
}

fn assert_all(wat: &str, n: i64, expected: i64) {
    for (engine, result) in results(wat, n) {
        assert_eq!(result, expected, "{engine}");
    }
}

#[test]
fn a_function_that_goes_on_to_itself_ten_million_times_takes_no_stack() {
    let wat = r#"(module
        (func $sum (param $n i64) (param $sum i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (return (local.get $sum))))
            (return_call $sum (i64.sub (local.get $n) (i64.const 1))
                (i64.add (local.get $n) (local.get $sum))))
        (func (export "run") (param i64) (result i64)
            (call $sum (local.get 0) (i64.const 0))))"#;
    for engine in engines() {
        // The reference interpreter is slow.
        let deep = if engine.strategy() == Strategy::Reference { 100_000 } else { 10_000_000 };
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, deep).unwrap(), deep * (deep + 1) / 2, "{engine:?}");
    }
}

#[test]
fn arguments_of_a_call_to_itself_are_taken_at_once() {
    // Two swap, and one is shifted through the others.
    let wat = r#"(module
        (func $turn (param $n i64) (param $a i64) (param $b f64) (param $c i64) (result i64)
            (if (i64.eqz (local.get $n))
                (then (return (i64.add (i64.mul (local.get $a) (i64.const 100))
                    (i64.add (i64.mul (local.get $c) (i64.const 10))
                        (i64.trunc_f64_s (local.get $b)))))))
            (return_call $turn (i64.sub (local.get $n) (i64.const 1)) (local.get $c)
                (f64.add (local.get $b) (f64.const 1)) (local.get $a)))
        (func (export "run") (param i64) (result i64)
            (call $turn (local.get 0) (i64.const 1) (f64.const 0) (i64.const 2))))"#;
    assert_all(wat, 3, 213);
    assert_all(wat, 4, 124);
}

#[test]
fn other_locals_are_zero_again_in_a_function_that_goes_on_to_itself() {
    let wat = r#"(module
        (func $f (export "run") (param $n i64) (result i64)
            (local $seen i64) (local $float f32) (local $vector v128) (local $ref externref)
            (if (i64.ne (local.get $seen) (i64.const 0)) (then (return (i64.const -1))))
            (if (f32.ne (local.get $float) (f32.const 0)) (then (return (i64.const -2))))
            (if (v128.any_true (local.get $vector)) (then (return (i64.const -3))))
            (if (i32.eqz (ref.is_null (local.get $ref))) (then (return (i64.const -4))))
            (if (i64.eqz (local.get $n)) (then (return (i64.const 7))))
            (local.set $seen (local.get $n))
            (local.set $float (f32.const 1.5))
            (local.set $vector (i64x2.splat (local.get $n)))
            (return_call $f (i64.sub (local.get $n) (i64.const 1)))))"#;
    assert_all(wat, 5, 7);
}

#[test]
fn a_function_goes_on_to_itself_from_inside_loops_with_operands_below() {
    let wat = r#"(module
        (func $f (param $n i64) (param $sum i64) (result i64) (local $i i64)
            (i64.const 9)
            (loop $next (result i64)
                (i64.const 8)
                (local.set $sum (i64.add (local.get $sum) (local.get $i)))
                (local.set $i (i64.add (local.get $i) (i64.const 1)))
                (if (i64.gt_u (local.get $i) (local.get $n))
                    (then
                        (br_if 2 (local.get $sum) (i64.eqz (local.get $n)))
                        (drop)
                        (return_call $f (i64.sub (local.get $n) (i64.const 1)) (local.get $sum))))
                (drop)
                (br $next))
            (i64.add))
        (func (export "run") (param i64) (result i64)
            (call $f (local.get 0) (i64.const 0))))"#;
    // The sums of 0 to n for each n down to 0.
    assert_all(wat, 20, (0..=20).map(|n| n * (n + 1) / 2).sum());
}

#[test]
fn a_handler_is_gone_once_its_function_went_on_to_itself() {
    // The second round throws outside of the `try_table` that the first one was in.
    let wat = r#"(module
        (tag $e (param i64))
        (func $f (param $n i64) (param $outside i32) (result i64)
            (if (local.get $outside) (then (throw $e (local.get $n))))
            (block $caught (result i64)
                (try_table (result i64) (catch $e $caught)
                    (if (i64.eqz (local.get $n)) (then (throw $e (i64.const 40))))
                    (return_call $f (i64.sub (local.get $n) (i64.const 1))
                        (i64.eq (local.get $n) (i64.const 3)))))
            (i64.const 1000)
            (i64.add))
        (func (export "run") (param $n i64) (result i64)
            (block $caught (result i64)
                (try_table (result i64) (catch $e $caught)
                    (call $f (local.get $n) (i32.const 0))))))"#;
    assert_all(wat, 5, 2);
    assert_all(wat, 2, 1040);
}

#[test]
fn objects_survive_collections_in_a_function_that_goes_on_to_itself() {
    let wat = r#"(module
        (type $node (struct (field i64) (field (ref null $node))))
        (func $f (param $n i64) (param $list (ref null $node)) (result i64)
            (local $last (ref null $node))
            (if (i32.eqz (ref.is_null (local.get $last))) (then (unreachable)))
            (if (i64.eqz (local.get $n))
                (then (return_call $sum (local.get $list) (i64.const 0))))
            (local.set $last (local.get $list))
            (return_call $f (i64.sub (local.get $n) (i64.const 1))
                (struct.new $node (local.get $n) (local.get $last))))
        (func $sum (param $list (ref null $node)) (param $sum i64) (result i64)
            (if (ref.is_null (local.get $list)) (then (return (local.get $sum))))
            (drop (struct.new $node (i64.const 0) (ref.null $node)))
            (return_call $sum (struct.get $node 1 (local.get $list))
                (i64.add (local.get $sum) (struct.get $node 0 (local.get $list)))))
        (func (export "run") (param $n i64) (result i64)
            (call $f (local.get $n) (ref.null $node))))"#;
    for enable in [true, false] {
        for engine in engines_with(|config| {
            config.gc_stress(true).tail_loops(enable);
        }) {
            let (mut store, instance) = instantiate(&engine, wat);
            let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
            assert_eq!(run.call(&mut store, 60).unwrap(), 60 * 61 / 2, "{engine:?}");
        }
    }
}

#[test]
fn a_trap_in_a_later_round_has_one_frame_of_the_function() {
    let wat = r#"(module
        (func $f (export "run") (param $n i64) (result i64)
            (if (i64.eqz (local.get $n)) (then (unreachable)))
            (return_call $f (i64.sub (local.get $n) (i64.const 1)))))"#;
    let mut traces: Vec<Vec<(u32, Option<usize>)>> = Vec::new();
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        let error = run.call(&mut store, 10).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
        let trace = error.downcast_ref::<WasmBacktrace>().unwrap();
        let frames = trace.frames().iter();
        traces.push(frames.map(|frame| (frame.func_index(), frame.module_offset())).collect());
    }
    assert_eq!(traces[0].len(), 1);
    assert!(traces.iter().all(|trace| *trace == traces[0]), "{traces:?}");
}

#[test]
fn unsigned_integers_become_the_nearest_floats() {
    let wat = r#"(module
        (func (export "f64") (param i64) (result f64) (f64.convert_i64_u (local.get 0)))
        (func (export "f32") (param i64) (result f32) (f32.convert_i64_u (local.get 0))))"#;
    let edges = [0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, (1 << 63) + 1, (1 << 63) + 1025];
    let near = (0..64).flat_map(|bit| [(1_u64 << bit) - 1, 1 << bit, (1 << bit) + 1]);
    // Halfway between two floats, and next to it.
    let halves = [(1 << 53) + 1, (1 << 24) + 1, 0xffff_fe80_0000_0001, 0xffff_ffff_ffff_fbff];
    let values: Vec<u64> = edges.into_iter().chain(near).chain(halves).collect();
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let double = instance.get_typed_func::<u64, f64>(&mut store, "f64").unwrap();
        let single = instance.get_typed_func::<u64, f32>(&mut store, "f32").unwrap();
        for &value in &values {
            assert_eq!(double.call(&mut store, value).unwrap(), value as f64, "{value:#x}");
            assert_eq!(single.call(&mut store, value).unwrap(), value as f32, "{value:#x}");
        }
    }
}

#[test]
fn copies_of_constant_size_allow_overlap_and_write_nothing_out_of_bounds() {
    // Ten moves forwards and backwards over each other, then a sum of what is there; a
    // number beyond the memory traps before anything is written.
    let wat = r#"(module (memory 1)
        (func $move (param $to i32) (param $from i32)
            (memory.copy (local.get $to) (local.get $from) (i32.const 71)))
        (func (export "run") (param $at i64) (result i64)
            (local $i i32) (local $sum i64)
            (loop $set
                (i32.store16 offset=100 (local.get $i) (local.get $i))
                (i32.store8 offset=100 (local.get $i) (i32.const 0x1fe))
                (br_if $set (i32.ne (i32.const 200)
                    (local.tee $i (i32.add (local.get $i) (i32.const 2))))))
            (call $move (i32.const 110) (i32.const 100))
            (call $move (i32.const 130) (i32.const 140))
            (memory.fill (i32.const 150) (i32.const 0x177) (i32.const 15))
            (memory.fill (i32.wrap_i64 (local.get $at)) (i32.const 1) (i32.const 128))
            (local.set $i (i32.const 0))
            (loop $add
                (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31))
                    (i64.load8_u offset=100 (local.get $i))))
                (br_if $add (i32.ne (i32.const 200)
                    (local.tee $i (i32.add (local.get $i) (i32.const 1))))))
            (local.get $sum)))"#;
    let sums: Vec<i64> = results(wat, 65_408).into_iter().map(|result| result.1).collect();
    assert!(sums.iter().all(|&sum| sum == sums[0] && sum != 0), "{sums:?}");
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        let error = run.call(&mut store, 65_409).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Trap::MemoryOutOfBounds), "{engine:?}");
    }
}

#[test]
fn masks_of_the_low_half_mean_what_they_say() {
    let wat = r#"(module (func (export "run") (param $x i64) (result i64)
        (i64.add
            (i64.add (i64.and (local.get $x) (i64.const 0xffffffff))
                (i64.and (i64.shl (local.get $x) (i64.const 1)) (i64.const 0x1fffffffe)))
            (i64.add (i64.and (i64.const 0xffffffff00) (i64.shl (local.get $x) (i64.const 4)))
                (i64.and (i64.const 0xffffffff0) (i64.shl (local.get $x) (i64.const 68)))))))"#;
    for x in [0, 1, -1, 0x1234_5678_9abc_def0, i64::MIN] {
        let low = x & 0xffff_ffff;
        let sum = low + (x << 1 & 0x1_ffff_fffe);
        let sum = sum + (x << 4 & 0xff_ffff_ff00) + (x << 4 & 0xf_ffff_fff0);
        assert_all(wat, x, sum);
    }
}

#[test]
fn products_and_remainders_by_constants_are_what_they_are_by_variables() {
    let constants = [3_u32, 5, 7, 9, 10, 11, 1000, 641, 0x7fff_ffff, 0x8000_0001, u32::MAX];
    let step = |c: u32| {
        format!(
            "(local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const {wide})) (i64.extend_i32_u
                (i32.xor (i32.mul (local.get $x) (i32.const {c})) (i32.add
                    (i32.div_u (local.get $x) (i32.const {c}))
                    (i32.rem_u (local.get $x) (i32.const {c})))))))",
            wide = (c % 10) | 1,
        )
    };
    let wat = format!(
        r#"(module (func (export "run") (param $n i64) (result i64) (local $x i32) (local $sum i64)
            (local.set $x (i32.wrap_i64 (local.get $n))) {} (local.get $sum)))"#,
        constants.map(step).concat()
    );
    for x in [0, 1, 4, 5, 6, 999, 1000, 0x7fff_fffe, 0x8000_0000, u32::MAX - 1, u32::MAX] {
        let add = |sum: i64, &c: &u32| {
            let value = x.wrapping_mul(c) ^ (x / c + x % c);
            sum.wrapping_mul(i64::from((c % 10) | 1)).wrapping_add(i64::from(value))
        };
        assert_all(&wat, i64::from(x), constants.iter().fold(0, add));
    }
}
