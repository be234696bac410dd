//! Locals that are in registers: what must not leave an old value there. And cells of
//! several instructions, with everything combined and with nothing.

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use super::{Wasm, i32};
use crate::fast::Fusions;

const BOTH: [Fusions; 2] = [Fusions::ALL, Fusions::NONE];

#[test]
fn calls_and_copies_of_bytes_leave_pinned_locals_as_they_were() {
    let wat = r#"(module
        (memory 1)
        (func $other (param i32 f64) (result f64)
            (loop $l
                (local.set 1 (f64.mul (f64.add (local.get 1) (local.get 1)) (local.get 1)))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $l (local.get 0)))
            (local.get 1))
        (func (export "run") (param $n i32) (param $step f64) (result f64)
            (local $sum f64) (local $product f64) (local $i i32) (local $at i32)
            (local.set $product (f64.const 1))
            (loop $outer
                (local.set $at (i32.const 0))
                (loop $inner
                    (local.set $sum (f64.add (local.get $sum) (local.get $step)))
                    (local.set $product (f64.mul (f64.add (local.get $product) (local.get $step))
                        (local.get $step)))
                    (local.set $sum (f64.sub (local.get $sum) (f64.mul (local.get $product)
                        (local.get $step))))
                    (local.set $at (i32.add (local.get $at) (i32.const 3)))
                    (br_if $inner (i32.lt_u (local.get $at) (i32.const 60))))
                (memory.fill (local.get $at) (local.get $i) (i32.const 9))
                (local.set $sum (f64.add (local.get $sum) (local.get $step)))
                (memory.copy (local.get $i) (local.get $at) (i32.const 5))
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (local.set $sum (f64.add (local.get $sum)
                    (call $other (i32.const 2) (local.get $step))))
                (local.set $sum (f64.add (local.get $sum)
                    (f64.convert_i32_u (i32.load8_u (local.get $at)))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                (br_if $outer (i32.lt_u (local.get $i) (local.get $n))))
            (f64.add (local.get $sum) (local.get $product))))"#;
    let args = [i32(7), Slot::from_f64(0.75)];
    let [combined, plain] =
        BOTH.map(|fusions| with(fusions, wat).get::<f64>("run", &args).to_bits());
    assert_eq!(combined, plain);
    assert!(f64::from_bits(plain).is_finite());
}

#[test]
fn pinned_counters_have_one_value_in_every_cell_that_uses_them() {
    let wat = r#"(module
        (memory 1) (data (i32.const 0) "some bytes, the sum of which is asked for")
        (func (export "run") (param $p i32) (param $step i32) (result i32)
            (local $sum i32) (local $end i32) (local $i i32)
            (local.set $end (i32.add (local.get $p) (i32.const 36)))
            (loop $l
                (local.set $sum (i32.add (local.get $sum)
                    (i32.load8_u offset=1 (local.tee $p (i32.add (local.get $p) (i32.const 1))))))
                (local.set $i (i32.add (local.get $step) (local.get $i)))
                (local.set $sum (i32.xor (local.get $i) (local.get $sum)))
                (if (i32.eq (i32.load8_u (local.get $p)) (i32.const 44))
                    (then (local.set $i (local.get $sum)) (local.set $p (i32.add (local.get $p)
                        (i32.const 2)))))
                (br_if $l (i32.lt_u (local.tee $p (i32.add (local.get $p) (local.get $step)))
                    (local.get $end))))
            (i32.add (local.get $sum) (i32.mul (local.get $i) (local.get $p)))))"#;
    let run = |fusions| with(fusions, wat).get::<i32>("run", &[i32(1), i32(1)]);
    assert_eq!(run(Fusions::ALL), run(Fusions::NONE));
}

#[test]
fn operands_in_registers_move_with_branches_and_pass_calls() {
    let wat = r#"(module
        (func $other (param f64) (result f64) (local $i i32)
            (local.set $i (i32.const 3))
            (loop $l
                (local.set 0 (f64.mul (f64.add (local.get 0) (local.get 0))
                    (f64.sub (local.get 0) (f64.const 0.75))))
                (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (local.get 0))
        (func (export "run") (param $n i32) (result f64) (local $x f64) (local $s f64)
            (local.set $x (f64.const 0.5))
            (loop $next
                (block $b (result f64 f64)
                    (f64.mul (local.get $s) (f64.const 0.5))
                    (f64.add (local.get $x) (local.get $s))
                    (f64.mul (local.get $x) (f64.add (local.get $s) (f64.const 2)))
                    (br_if $b (i32.and (local.get $n) (i32.const 1)))
                    (drop) (drop) (drop)
                    (f64.sub (local.get $x) (f64.mul (local.get $s) (local.get $x)))
                    (f64.add (call $other (local.get $x)) (f64.add (local.get $s) (local.get $x))))
                (local.set $s (f64.sub (f64.mul (f64.const 0.25)) (f64.mul (f64.const 0.125))))
                (local.set $x (f64.add (f64.mul (local.get $x) (f64.const 0.5))
                    (f64.div (local.get $s) (f64.add (local.get $x) (f64.const 3)))))
                (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
            (f64.add (local.get $s) (local.get $x))))"#;
    let run = |fusions| with(fusions, wat).get::<f64>("run", &[i32(9)]);
    let (all, none) = (run(Fusions::ALL), run(Fusions::NONE));
    assert!(none.is_finite() && none != 0.0, "{none}");
    assert_eq!(all.to_bits(), none.to_bits());
}

#[test]
fn copies_and_fills_check_both_ranges_before_they_write() {
    let wat = r#"(module (memory 1)
        (func (export "copy") (param i32 i32 i32)
            (memory.copy (local.get 0) (local.get 1) (local.get 2)))
        (func (export "fill") (param i32 i32 i32)
            (memory.fill (local.get 0) (local.get 1) (local.get 2)))
        (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0))))"#;
    for fusions in BOTH {
        let mut wasm = with(fusions, wat);
        let call =
            |wasm: &mut Wasm, name: &str, args: [i32; 3]| match wasm.call(name, &args.map(i32)) {
                Ok(_) => None,
                Err(_) => Some(TrapCode::MemoryOutOfBounds),
            };
        assert_eq!(call(&mut wasm, "fill", [10, 0x107, 4]), None);
        assert_eq!(call(&mut wasm, "copy", [11, 10, 4]), None);
        assert_eq!(call(&mut wasm, "fill", [0x1_0000, 1, 0]), None);
        for args in [[0xffff, 0, 2], [0, 0xffff, 2], [0, 0, -1], [-1, 0, 2]] {
            assert!(call(&mut wasm, "copy", args).is_some(), "{args:?}");
        }
        assert!(call(&mut wasm, "fill", [0xfffe, 1, 3]).is_some());
        let bytes: Vec<i32> = [9, 10, 14, 15, 0xfffe].map(|at| wasm.get("at", &[i32(at)])).into();
        assert_eq!(bytes, [0, 7, 7, 0, 0]);
    }
}

#[test]
fn constant_addresses_trap_where_the_sum_with_the_offset_does() {
    let wat = r#"(module (memory 1)
        (func (export "in") (result i32)
            (i32.store offset=65530 (i32.const 2) (i32.const 77))
            (i32.load offset=4 (i32.const 65528)))
        (func (export "out") (result i32) (i32.load offset=65530 (i32.const 3)))
        (func (export "far") (result i32) (i32.load offset=4294967295 (i32.const 1)))
        (func (export "wrapped") (result i32) (i32.load offset=1 (i32.const -1))))"#;
    for fusions in BOTH {
        let mut wasm = with(fusions, wat);
        assert_eq!(wasm.get::<i32>("in", &[]), 77);
        for name in ["out", "far", "wrapped"] {
            assert_eq!(wasm.trap_code(name, &[]), TrapCode::MemoryOutOfBounds, "{name}");
        }
    }
}

fn with(fusions: Fusions, wat: &str) -> Wasm {
    let mut wasm = Wasm::with_fusions(fusions);
    wasm.add(wat, &[]);
    wasm
}
