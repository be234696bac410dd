//! Objects, while every allocation moves all of them: a reference that a
//! collection misses leads to memory that is used again at once.

use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_core::value::Slot;

use super::{Fusions, Wasm, i32, i64};

const TYPE: &str = "(type $box (struct (field (mut i32))))";
const BOX: &str = "(func $box (param i32) (result (ref $box)) (struct.new $box (local.get 0)))
    (func $get (param (ref null $box)) (result i32) (struct.get $box 0 (local.get 0)))
    (func $waste (local i32)
        (loop $again
            (drop (struct.new $box (i32.const -1)))
            (br_if $again
                (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 9)))))";

fn each(wat: &str, test: impl Fn(&mut Wasm)) {
    for fusions in [Fusions::ALL, Fusions::NONE] {
        test(&mut Wasm::moving(&format!("(module {TYPE} {BOX} {wat})"), fusions));
    }
}

#[test]
fn operands_locals_and_parameters_are_roots_in_every_frame() {
    // At each level: a parameter, a local, an operand in its slot, an operand that
    // is a local's value, a null and numbers that look like references.
    each(
        r#"(func $down (export "run") (param i32) (result i32)
                (call $level (local.get 0) (call $box (i32.const 100))))
            (func $level (param i32 (ref $box)) (result i32)
                (local $a (ref null $box)) (local $n i64) (local $null (ref null $box))
                (local.set $n (i64.const 65536))
                (local.set $a (call $box (local.get 0)))
                (call $sum
                    (call $box (i32.const 1000))
                    (i32.add (i32.const 65536) (i32.const 8))
                    (local.get $a)
                    (ref.null $box)
                    (if (result i32) (local.get 0)
                        (then (call $level (i32.sub (local.get 0) (i32.const 1)) (local.get 1)))
                        (else (call $waste) (call $get (local.get 1))))
                    (i32.wrap_i64 (local.get $n))))
            (func $sum (param (ref $box) i32 (ref null $box) (ref null $box) i32 i32) (result i32)
                (call $waste)
                (i32.add (i32.add (call $get (local.get 0)) (i32.sub (local.get 1) (local.get 5)))
                    (i32.add (call $get (local.get 2))
                        (i32.add (local.get 4) (ref.is_null (local.get 3))))))"#,
        |wasm| {
            assert_eq!(wasm.get::<i32>("run", &[i32(0)]), 100 + 1009);
            assert_eq!(wasm.get::<i32>("run", &[i32(20)]), 100 + 21 * 1009 + 210);
            assert!(wasm.store.collections() > 200);
        },
    );
}

#[test]
fn references_beyond_the_reach_of_a_cell_are_roots() {
    let wat = format!(
        r#"(func (export "run") (param i32) (result i32) (local {locals}) (local $a (ref null $box))
                (local.set $a (call $box (i32.const 5)))
                {operands}
                (call $box (local.get 0))
                (struct.new $box (i32.const 7))
                (call $waste)
                (i32.add (struct.get $box 0) (i32.const 0))
                (local.set 0)
                (i32.add (struct.get $box 0) (local.get 0))
                (return (i32.add (call $get (local.get $a)))))"#,
        locals = "i32 ".repeat(49_000),
        operands = "(i32.const 1) ".repeat(18_000),
    );
    each(&wat, |wasm| assert_eq!(wasm.get::<i32>("run", &[i32(30)]), 42));
}

#[test]
fn every_kind_of_field_keeps_its_value_while_objects_move() {
    each(
        r#"(type $all (struct (field (mut i8)) (field (mut i16)) (field (mut i32))
                (field (mut i64)) (field (mut f32)) (field (mut f64)) (field (mut v128))
                (field (mut (ref null $box))) (field (mut funcref))))
            (type $void (func))
            (global $touched (mut i32) (i32.const 0))
            (func $touch (global.set $touched (i32.const 32)))
            (elem declare func $touch)
            (func (export "run") (param i64) (result i64) (local $x (ref null $all))
                (local.set $x (struct.new $all (i32.const 255) (i32.const 65535) (i32.const -3)
                    (local.get 0) (f32.const 1.5) (f64.const 2.5) (v128.const i64x2 7 9)
                    (call $box (i32.const 11)) (ref.func $touch)))
                (call $waste)
                (struct.set $all 6 (local.get $x)
                    (i64x2.add (struct.get $all 6 (local.get $x)) (v128.const i64x2 1 2)))
                (struct.set $all 7 (local.get $x) (call $box
                    (i32.mul (call $get (struct.get $all 7 (local.get $x))) (i32.const 2))))
                (call_ref $void (ref.cast (ref $void) (struct.get $all 8 (local.get $x))))
                (i64.add
                    (i64.add
                        (i64.extend_i32_s (i32.add
                            (i32.add (struct.get_s $all 0 (local.get $x))
                                (struct.get_u $all 0 (local.get $x)))
                            (i32.add (struct.get_s $all 1 (local.get $x))
                                (struct.get_u $all 1 (local.get $x)))))
                        (i64.add (i64.extend_i32_s (struct.get $all 2 (local.get $x)))
                            (struct.get $all 3 (local.get $x))))
                    (i64.add
                        (i64.trunc_f64_s (f64.add (struct.get $all 5 (local.get $x))
                            (f64.promote_f32 (struct.get $all 4 (local.get $x)))))
                        (i64.add
                            (i64x2.extract_lane 1 (struct.get $all 6 (local.get $x)))
                            (i64.extend_i32_s (i32.add (global.get $touched)
                                (call $get (struct.get $all 7 (local.get $x)))))))))"#,
        |wasm| {
            let expected = (255 - 1 + 65535 - 1) + (-3 + 1000) + 4 + 11 + 32 + 22;
            assert_eq!(wasm.get::<i64>("run", &[i64(1000)]), expected);
        },
    );
}

#[test]
fn arrays_of_references_are_filled_copied_and_read_while_objects_move() {
    each(
        r#"(type $list (array (mut (ref null $box))))
            (func (export "run") (param i32) (result i32) (local $i i32) (local $sum i32)
                (local $a (ref null $list)) (local $b (ref null $list))
                (local.set $a (array.new $list (call $box (i32.const 3)) (local.get 0)))
                (local.set $b (array.new_fixed $list 3
                    (call $box (i32.const 10)) (ref.null $box) (call $box (i32.const 20))))
                (array.copy $list $list
                    (local.get $a) (i32.const 1) (local.get $b) (i32.const 0) (i32.const 3))
                (array.fill $list (local.get $a) (i32.const 0) (call $box (i32.const 100))
                    (i32.const 1))
                (array.set $list (local.get $a) (i32.const 2) (call $box (i32.const 1000)))
                (call $waste)
                (loop $next
                    (local.set $sum (i32.add (local.get $sum)
                        (call $get (array.get $list (local.get $a) (local.get $i)))))
                    (br_if $next (i32.lt_u
                        (local.tee $i (i32.add (local.get $i) (i32.const 1)))
                        (array.len (local.get $a)))))
                (local.get $sum))
            (func (export "null") (result i32) (array.len (ref.null $list)))
            (func (export "beyond") (param i32) (result i32)
                (call $get (array.get $list (array.new_default $list (i32.const 4))
                    (local.get 0))))"#,
        |wasm| {
            assert_eq!(wasm.get::<i32>("run", &[i32(6)]), 100 + 10 + 1000 + 20 + 3 + 3);
            assert_eq!(wasm.trap_code("run", &[i32(3)]), TrapCode::ArrayOutOfBounds);
            assert_eq!(wasm.trap_code("null", &[]), TrapCode::NullArrayReference);
            assert_eq!(wasm.trap_code("beyond", &[i32(4)]), TrapCode::ArrayOutOfBounds);
            assert_eq!(wasm.trap_code("beyond", &[i32(3)]), TrapCode::NullStructureReference);
        },
    );
}

#[test]
fn a_branch_on_a_cast_takes_its_operands_along() {
    each(
        r#"(type $sub (sub (struct (field i32))))
            (type $subsub (sub $sub (struct (field i32) (field i64))))
            (func $make (param i32) (result anyref)
                (if (i32.eqz (local.get 0)) (then (return (ref.null any))))
                (if (i32.eq (local.get 0) (i32.const 1)) (then (return (ref.i31 (i32.const -9)))))
                (if (i32.eq (local.get 0) (i32.const 2)) (then (return (call $box (i32.const 4)))))
                (if (i32.eq (local.get 0) (i32.const 3))
                    (then (return (struct.new $sub (i32.const 5)))))
                (struct.new $subsub (i32.const 6) (i64.const 0)))
            (func (export "run") (param i32) (result i32) (local $x anyref)
                (local.set $x (call $make (local.get 0)))
                (block $not (result i32 anyref)
                    (block $small (result i32 (ref i31))
                        (i32.const 1000)
                        (local.get $x)
                        (br_on_cast $small anyref (ref i31))
                        (br_on_cast_fail $not anyref (ref $sub))
                        (struct.get $sub 0)
                        (return (i32.add)))
                    (return (i32.add (i31.get_s))))
                (drop)
                (i32.add (ref.test (ref null $sub) (local.get $x))))
            (func (export "cast") (param i32) (result i32)
                (struct.get $sub 0 (ref.cast (ref null $subsub) (call $make (local.get 0)))))"#,
        |wasm| {
            for (kind, expected) in [(0, 1001), (1, 991), (2, 1000), (3, 1005), (4, 1006)] {
                assert_eq!(wasm.get::<i32>("run", &[i32(kind)]), expected, "{kind}");
            }
            assert_eq!(wasm.get::<i32>("cast", &[i32(4)]), 6);
            assert_eq!(wasm.trap_code("cast", &[i32(3)]), TrapCode::CastFailure);
            assert_eq!(wasm.trap_code("cast", &[i32(1)]), TrapCode::CastFailure);
            assert_eq!(wasm.trap_code("cast", &[i32(0)]), TrapCode::NullStructureReference);
        },
    );
}

#[test]
fn frames_below_another_instance_and_below_the_host_are_roots() {
    for fusions in [Fusions::ALL, Fusions::NONE] {
        let inner = format!(
            r#"(module {TYPE} {BOX} (func (export "waste") (param (ref $box) i64) (result (ref $box))
                (call $waste) (local.get 0)))"#
        );
        let mut wasm = Wasm::moving(&inner, fusions);
        let instance = wasm.last.expect("an instance");
        let other = wasm.export(instance, "waste");
        let collect = wasm.host(
            FuncType::new([], []),
            Box::new(|vm, _, _| {
                // SAFETY: the store calls a host function; guest frames are recorded.
                let result = unsafe { bimetal_runtime::store::Store::from_vm(vm).collect() };
                assert_eq!(result, Ok(()));
                Ok(())
            }),
        );
        let outer = format!(
            r#"(module {TYPE}
                (import "" "waste" (func $other (param (ref $box) i64) (result (ref $box))))
                (import "" "collect" (func $collect))
                {BOX}
                (func $tail (param (ref $box)) (result i32)
                    (return_call $get (call $other (local.get 0) (i64.const 65544))))
                (func (export "run") (param i32) (result i32) (local $x (ref null $box))
                    (local.set $x (call $box (i32.const 1)))
                    (call $get (call $box (i32.const 20)))
                    (call $box (i32.const 300))
                    (call $other (call $box (i32.const 4000)) (i64.const 65536))
                    (call $collect)
                    (local.set 0 (call $get))
                    (i32.add (call $tail))
                    (i32.add (local.get 0))
                    (i32.add (call $get (local.get $x)))))"#
        );
        wasm.add_objects(&outer, &[other, collect]);
        assert_eq!(wasm.get::<i32>("run", &[Slot::ZERO]), 4321);
    }
}
