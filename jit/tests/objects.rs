//! Objects, casts and the references in frames of compiled code while the heap is
//! collected.

mod common;

use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_runtime::limits::Settings;
use common::World;

/// A world in which every allocation collects, so that every object moves.
fn stress() -> World {
    World::with(Settings { gc_stress: true, ..Settings::default() })
}

const LIST: &str = r#"(module
    (type $node (struct (field $next (mut (ref null $node))) (field $value (mut i32))))
    (global $kept (mut (ref null $node)) (ref.null $node))
    (table $t 2 (ref null $node))
    (func $make (param $n i32) (result (ref null $node))
      (local $list (ref null $node))
      (loop $more
        (local.set $list (struct.new $node (local.get $list) (local.get $n)))
        (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $list))
    (func $sum (param $list (ref null $node)) (result i32)
      (local $sum i32)
      (block $end
        (loop $more
          (br_on_null $end (local.get $list))
          (local.set $sum
            (i32.add (local.get $sum) (struct.get $node $value (local.get $list))))
          (local.set $list (struct.get $node $next (local.get $list)))
          drop
          (br $more)))
      (local.get $sum))
    (func (export "run") (param $n i32) (result i32)
      (call $sum (call $make (local.get $n))))
    (func (export "several") (param $n i32) (result i32)
      (local $a (ref null $node)) (local $b (ref null $node))
      (local.set $a (call $make (local.get $n)))
      (global.set $kept (local.get $a))
      (local.set $b (call $make (i32.const 3)))
      (table.set $t (i32.const 1) (local.get $b))
      (drop (call $make (local.get $n)))
      (i32.add
        (i32.add (call $sum (local.get $a)) (call $sum (local.get $b)))
        (i32.add (call $sum (global.get $kept))
                 (call $sum (table.get $t (i32.const 1))))))
    (func $tree (param $depth i32) (result (ref null $node))
      (if (result (ref null $node)) (local.get $depth)
        (then
          (struct.new $node
            (call $tree (i32.sub (local.get $depth) (i32.const 1)))
            (call $sum (call $tree (i32.sub (local.get $depth) (i32.const 1))))))
        (else (struct.new $node (ref.null $node) (i32.const 1)))))
    (func (export "tree") (param $depth i32) (result i32)
      (call $sum (call $tree (local.get $depth)))))"#;

#[test]
fn references_in_frames_follow_objects_that_move() {
    for mut world in [World::new(), stress()] {
        let id = world.instance(LIST, &[]);
        assert_eq!(world.i32(id, "run", &[50]), 50 * 51 / 2);
        assert_eq!(world.i32(id, "several", &[10]), 2 * (55 + 6));
        assert_eq!(world.i32(id, "tree", &[7]), 128);
    }
    let mut world = stress();
    let id = world.instance(LIST, &[]);
    world.i32(id, "run", &[50]);
    assert_eq!(world.store.collections(), 50);
}

#[test]
fn references_wait_in_frames_below_the_host() {
    let mut world = stress();
    let collect = world.host(
        FuncType::new([], []),
        Box::new(|store, _, _| {
            // SAFETY: the thunk has written the exit fields; nothing is borrowed.
            let store = unsafe { bimetal_runtime::store::Store::from_vm(store) };
            // SAFETY: as above.
            unsafe { store.collect() }.expect("there is memory");
            Ok(())
        }),
    );
    let id = world.instance(
        r#"(module (import "" "collect" (func $collect))
            (type $box (struct (field i64)))
            (func $inner (param $x (ref $box)) (result i64)
              (call $collect)
              (struct.get $box 0 (local.get $x)))
            (func (export "run") (result i64)
              (local $x (ref null $box))
              (local.set $x (struct.new $box (i64.const 40)))
              (i64.add (call $inner (struct.new $box (i64.const 2)))
                       (struct.get $box 0 (local.get $x)))))"#,
        &[collect],
    );
    assert_eq!(world.i64(id, "run", &[]), 42);
}

#[test]
fn vectors_functions_and_packed_fields_come_back_as_they_were() {
    let mut world = stress();
    let id = world.instance(
        r#"(module
            (type $f (func (result i32)))
            (type $s (struct (field (mut i8)) (field v128) (field (mut (ref null $f)))
                             (field (mut i16))))
            (type $fs (array (mut funcref)))
            (elem declare func $seven)
            (func $seven (type $f) (i32.const 7))
            (func (export "run") (result i32)
              (local $s (ref null $s)) (local $fs (ref null $fs))
              (local.set $s (struct.new $s (i32.const 0x1ff)
                (v128.const i32x4 1 2 3 4) (ref.null $f) (i32.const -2)))
              (local.set $fs (array.new_default $fs (i32.const 3)))
              (array.set $fs (local.get $fs) (i32.const 2) (ref.func $seven))
              (struct.set $s 2 (local.get $s)
                (ref.cast (ref $f) (array.get $fs (local.get $fs) (i32.const 2))))
              (i32.add
                (i32.add (struct.get_s $s 0 (local.get $s)) (struct.get_u $s 3 (local.get $s)))
                (i32.add (i32x4.extract_lane 3 (struct.get $s 1 (local.get $s)))
                         (call_ref $f (struct.get $s 2 (local.get $s))))))
            (func (export "null") (result i32)
              (ref.is_null (array.get $fs (array.new_default $fs (i32.const 3)) (i32.const 0)))))"#,
        &[],
    );
    assert_eq!(world.i32(id, "run", &[]), 0xfffe - 1 + 4 + 7);
    assert_eq!(world.i32(id, "null", &[]), 1);
}

#[test]
fn casts_see_supertypes_at_any_depth() {
    let depth = 12;
    let mut types = String::from("(type $t0 (sub (struct)))");
    let mut cases = String::new();
    for level in 1..depth {
        types += &format!("(type $t{level} (sub $t{} (struct)))", level - 1);
    }
    for level in 0..depth {
        cases += &format!(
            "(i32.shl (ref.test (ref $t{level}) (local.get $x)) (i32.const {level})) i32.or "
        );
    }
    let mut world = stress();
    let id = world.instance(
        &format!(
            r#"(module {types} (type $other (sub (struct)))
                (func $test (param $x anyref) (result i32) (i32.const 0) {cases})
                (func (export "deep") (result i32) (call $test (struct.new $t10)))
                (func (export "top") (result i32) (call $test (struct.new $t0)))
                (func (export "i31") (result i32) (call $test (ref.i31 (i32.const 4))))
                (func (export "null") (result i32) (call $test (ref.null any)))
                (func (export "cast") (drop (ref.cast (ref $t5) (struct.new $t4)))))"#
        ),
        &[],
    );
    assert_eq!(world.i32(id, "deep", &[]), 0x7ff);
    // `$other` is `$t0`: the same structure.
    assert_eq!(world.i32(id, "top", &[]), 1);
    assert_eq!((world.i32(id, "i31", &[]), world.i32(id, "null", &[])), (0, 0));
    assert_eq!(world.trap_code(id, "cast", &[]), TrapCode::CastFailure);
}

#[test]
fn null_traps_wherever_the_field_lies() {
    // The last field lies behind the part of the heap that is never accessible.
    let far = "(field (mut v128)) ".repeat(5000);
    let wat = format!(
        r#"(module
            (type $near (struct (field (mut i8)) (field (mut v128)) (field (mut funcref))))
            (type $far (struct {far} (field $last (mut i32))))
            (type $array (array (mut i64)))
            (func (export "get") (result i32) (struct.get_s $near 0 (ref.null $near)))
            (func (export "vector") (result i32)
              (i32x4.extract_lane 0 (struct.get $near 1 (ref.null $near))))
            (func (export "set") (struct.set $near 2 (ref.null $near) (ref.null func)))
            (func (export "unused") (drop (struct.get $far 0 (ref.null $far))))
            (func (export "far") (result i32) (struct.get $far $last (ref.null $far)))
            (func (export "len") (result i32) (array.len (ref.null $array)))
            (func (export "element") (result i64)
              (array.get $array (ref.null $array) (i32.const 7)))
            (func (export "copy")
              (array.copy $array $array
                (array.new_default $array (i32.const 1)) (i32.const 0)
                (ref.null $array) (i32.const 0) (i32.const 0))))"#
    );
    let mut world = World::new();
    let id = world.instance(&wat, &[]);
    for name in ["get", "vector", "set", "unused", "far"] {
        assert_eq!(world.trap_code(id, name, &[]), TrapCode::NullStructureReference, "{name}");
    }
    for name in ["len", "element", "copy"] {
        assert_eq!(world.trap_code(id, name, &[]), TrapCode::NullArrayReference, "{name}");
    }
}

#[test]
fn copies_of_arrays_may_overlap_and_stay_inside() {
    let mut world = World::new();
    let id = world.instance(
        r#"(module
            (type $array (array (mut i16)))
            ;; 1 2 3 4 5 after a copy inside it, as decimal digits.
            (func (export "copy") (param $to i32) (param $from i32) (param $count i32) (result i32)
              (local $array (ref $array)) (local $index i32) (local $digits i32)
              (local.set $array (array.new_fixed $array 5
                (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)))
              (array.copy $array $array (local.get $array) (local.get $to)
                (local.get $array) (local.get $from) (local.get $count))
              (loop $next
                (local.set $digits (i32.add (i32.mul (local.get $digits) (i32.const 10))
                  (array.get_u $array (local.get $array) (local.get $index))))
                (br_if $next (i32.lt_u
                  (local.tee $index (i32.add (local.get $index) (i32.const 1))) (i32.const 5))))
              (local.get $digits)))"#,
        &[],
    );
    assert_eq!(world.i32(id, "copy", &[1, 0, 4]), 11234);
    assert_eq!(world.i32(id, "copy", &[0, 1, 4]), 23455);
    assert_eq!(world.i32(id, "copy", &[5, 5, 0]), 12345);
    let max = u64::from(u32::MAX);
    for args in [[0, 2, 4], [2, 0, 4], [6, 0, 0], [0, 6, 0], [max, 0, 1], [1, 0, max]] {
        assert_eq!(world.trap_code(id, "copy", &args), TrapCode::ArrayOutOfBounds, "{args:?}");
    }
}
