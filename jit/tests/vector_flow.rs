//! Vectors wherever values can be: parameters, results, locals, globals, blocks,
//! and every border between the tiers and the host.

mod common;

use bimetal_core::types::{FuncType, ValType};
use bimetal_core::value::{Slot, V128};
use common::World;

const LOW: u64 = 0x0123_4567_89ab_cdef;
const HIGH: u64 = 0xfedc_ba98_7654_3210;

#[test]
fn more_vectors_than_registers_go_through_every_boundary() {
    const COUNT: usize = 12;
    let mut world = World::new();
    // Numbers between the vectors, so that slots do not fall into pairs.
    let types: Vec<ValType> = [ValType::V128, ValType::I32, ValType::V128, ValType::F64]
        .into_iter()
        .cycle()
        .take(COUNT)
        .collect();
    let slots: usize = types.iter().map(|ty| ty.slots() as usize).sum();
    let ty = FuncType::new(types.clone(), types.clone());
    let host = world.host(
        ty,
        Box::new(move |_, _, values| {
            // SAFETY: as many slots as the type takes.
            let values = unsafe { std::slice::from_raw_parts_mut(values, slots) };
            for value in values {
                *value = Slot::from_bits(value.bits() ^ 0x5555);
            }
            Ok(())
        }),
    );
    let list: Vec<String> = types.iter().map(ToString::to_string).collect();
    let list = list.join(" ");
    let gets: String = (0..COUNT).map(|i| format!("(local.get {i})")).collect();
    let wat = format!(
        r#"(module (type $t (func (param {list}) (result {list})))
            (import "" "f" (func $host (type $t)))
            (table funcref (elem $inner))
            (func $inner (type $t) {gets} call $host)
            (func (export "run") (type $t) {gets} (call_indirect (type $t) (i32.const 0))))"#
    );
    let id = world.instance(&wat, &[host]);
    let mut args = Vec::new();
    for (position, ty) in types.iter().enumerate() {
        let bits = (position as u64 + 1) << 20;
        args.push(bits);
        if *ty == ValType::V128 {
            args.push(!bits);
        }
    }
    let results = world.call(id, "run", &args).unwrap();
    let expected: Vec<u64> = args.iter().map(|bits| bits ^ 0x5555).collect();
    assert_eq!(results[..slots], expected);
}

#[test]
fn vectors_go_through_globals_locals_blocks_loops_and_select() {
    let mut world = World::new();
    let wat = r#"(module
        (global $g (export "g") (mut v128) (v128.const i64x2 1 2))
        (global $constant v128 (v128.const i64x2 10 20))
        (func (export "swap") (param v128) (result v128)
            (global.get $g) (global.set $g (local.get 0)))
        (func (export "constant") (result v128) (global.get $constant))
        (func (export "zero") (result v128) (local v128) (local.get 0))
        (func (export "select") (param v128 i32) (result v128)
            (select (local.get 0) (v128.const i64x2 3 4) (local.get 1)))
        (func (export "typed") (param v128 i32) (result v128)
            (select (result v128) (local.get 0) (v128.const i64x2 3 4) (local.get 1)))
        (func (export "if") (param v128 i32) (result v128)
            (local.get 0)
            (if (param v128) (result v128) (local.get 1)
                (then (i64x2.add (local.get 0)))
                (else (br 0 (v128.not)))))
        (func (export "loop") (param $v v128) (param $n i32) (result v128)
            (local.get $v)
            (loop $again (param v128) (result v128)
                (i64x2.add (v128.const i64x2 1 2))
                (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                (br_if $again (local.get $n))))
        (func (export "table") (param v128 i32) (result v128)
            (block $a (result v128) (block $b (result v128)
                (br_table $a $b (local.get 0) (local.get 1)))
                (v128.not))))"#;
    let id = world.instance(wat, &[]);
    let mut call = |name: &str, args: &[u64]| {
        let results = world.call(id, name, args).unwrap();
        [results[0], results[1]]
    };
    assert_eq!(call("swap", &[LOW, HIGH]), [1, 2]);
    assert_eq!(call("swap", &[0, 0]), [LOW, HIGH]);
    assert_eq!(call("constant", &[]), [10, 20]);
    assert_eq!(call("zero", &[]), [0, 0]);
    for name in ["select", "typed"] {
        assert_eq!(call(name, &[LOW, HIGH, 1]), [LOW, HIGH]);
        assert_eq!(call(name, &[LOW, HIGH, 0]), [3, 4]);
    }
    assert_eq!(call("if", &[1, 2, 1]), [2, 4]);
    assert_eq!(call("if", &[LOW, HIGH, 0]), [!LOW, !HIGH]);
    assert_eq!(call("loop", &[LOW, HIGH, 5]), [LOW + 5, HIGH.wrapping_add(10)]);
    assert_eq!(call("table", &[LOW, HIGH, 0]), [LOW, HIGH]);
    assert_eq!(call("table", &[LOW, HIGH, 1]), [!LOW, !HIGH]);
}

#[test]
fn a_vector_global_is_imported_and_exported_whole() {
    let mut world = World::new();
    let owner = r#"(module (global (export "g") (mut v128) (v128.const i64x2 5 6)))"#;
    let owner = world.instance(owner, &[]);
    let global = world.export(owner, "g");
    let wat = r#"(module (import "" "g" (global $g (mut v128)))
        (func (export "double") (result v128)
            (global.set $g (i64x2.add (global.get $g) (global.get $g))) (global.get $g)))"#;
    let id = world.instance(wat, &[global]);
    let results = world.call(id, "double", &[]).unwrap();
    assert_eq!(results[..2], [10, 12]);
    let results = world.call(id, "double", &[]).unwrap();
    let vector = V128::from_slots([results[0], results[1]].map(Slot::from_bits));
    assert_eq!(vector.to_u128(), 20 | 24 << 64);
}
