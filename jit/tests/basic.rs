//! Arithmetic, control flow, calls and memory.

mod common;

use bimetal_core::trap::TrapCode;
use common::World;

#[test]
fn a_recursive_function_calls_itself() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module (func $fib (export "fib") (param i32) (result i32)
            (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
              (then (local.get 0))
              (else (i32.add
                (call $fib (i32.sub (local.get 0) (i32.const 1)))
                (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"#,
        &[],
    );
    assert_eq!(world.i32(id, "fib", &[20]), 6765);
}

#[test]
fn a_loop_carries_its_parameters() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module (func (export "sum") (param $n i64) (result i64)
            (i64.const 0)
            (loop $l (param i64) (result i64)
              (i64.add (local.get $n))
              (local.set $n (i64.sub (local.get $n) (i64.const 1)))
              (br_if $l (i64.ne (local.get $n) (i64.const 0))))))"#,
        &[],
    );
    assert_eq!(world.i64(id, "sum", &[100]), 5050);
}

#[test]
fn traps_of_arithmetic_say_what_happened() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module
            (func (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
            (func (export "rem") (param i64 i64) (result i64) (i64.rem_u (local.get 0) (local.get 1)))
            (func (export "trunc") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
            (func (export "unreachable") unreachable))"#,
        &[],
    );
    assert_eq!(world.i32(id, "div", &[7, 2]), 3);
    assert_eq!(world.trap_code(id, "div", &[7, 0]), TrapCode::IntegerDivideByZero);
    let overflow = world.trap_code(id, "div", &[0x8000_0000, 0xffff_ffff]);
    assert_eq!(overflow, TrapCode::IntegerOverflow);
    assert_eq!(world.trap_code(id, "rem", &[7, 0]), TrapCode::IntegerDivideByZero);
    let mut trunc = |value: f64| world.trap_code(id, "trunc", &[value.to_bits()]);
    assert_eq!(trunc(f64::NAN), TrapCode::BadConversionToInteger);
    assert_eq!(trunc(1e10), TrapCode::IntegerOverflow);
    assert_eq!(world.trap_code(id, "unreachable", &[]), TrapCode::Unreachable);
    assert_eq!(world.i32(id, "div", &[9, 3]), 3, "the store is as good as before");
}

#[test]
fn memory_is_bounded() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module (memory 1 2)
            (func (export "load") (param i32) (result i32) (i32.load offset=4 (local.get 0)))
            (func (export "far") (param i32) (result i32) (i32.load offset=4294967295 (local.get 0)))
            (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
            (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
            (func (export "size") (result i32) (memory.size))
            (func (export "fill") (param i32 i32 i32)
              (memory.fill (local.get 0) (local.get 1) (local.get 2))))"#,
        &[],
    );
    world.call(id, "store", &[8, 0xdead_beef]).unwrap();
    assert_eq!(world.i32(id, "load", &[4]), 0xdead_beef);
    assert_eq!(world.i32(id, "load", &[65_528]), 0);
    for index in [65_529, 65_536, 0x7fff_ffff, 0xffff_ffff] {
        assert_eq!(world.trap_code(id, "load", &[index]), TrapCode::MemoryOutOfBounds);
        assert_eq!(world.trap_code(id, "far", &[index]), TrapCode::MemoryOutOfBounds);
    }
    for index in [65_533, 65_536, 0xffff_ffff] {
        assert_eq!(world.trap_code(id, "store", &[index, 1]), TrapCode::MemoryOutOfBounds);
    }
    assert_eq!(world.i32(id, "grow", &[1]), 1);
    assert_eq!(world.i32(id, "grow", &[1]), u32::MAX);
    assert_eq!(world.i32(id, "size", &[]), 2);
    world.call(id, "fill", &[65_536, 0xab, 16]).unwrap();
    assert_eq!(world.i32(id, "load", &[65_532]), 0xabab_abab);
    assert_eq!(world.trap_code(id, "fill", &[131_070, 0, 3]), TrapCode::MemoryOutOfBounds);
}
