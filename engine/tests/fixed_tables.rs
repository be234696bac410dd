//! Indirect calls that are known by their index: only where the table is the same in every
//! instance, from before its code runs.

mod common;

use bimetal::{Config, Engine, Func, Instance, Linker, Module, Store, Trap, Val};
use common::engines_and_tiered;

/// Engines that compare indices, and some that do not.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for enable in [true, false] {
        let set = |config: &mut Config| {
            config.fixed_tables(enable).own_contexts(enable);
        };
        engines.extend(engines_and_tiered(set));
    }
    engines
}

#[test]
fn every_index_of_a_fixed_table_means_what_it_says() {
    let wat = r#"(module
        (type $t (func (param i64) (result i64)))
        (table 6 funcref) (elem (i32.const 1) $a $b) (elem (i32.const 4) $other)
        (func $a (type $t) (i64.add (local.get 0) (i64.const 1)))
        (func $b (type $t) (i64.mul (local.get 0) (i64.const 3)))
        (func $other)
        (func (export "grow") (result i32) (table.grow (ref.func $a) (i32.const 2)))
        (func (export "run") (param $at i32) (result i64)
            (call_indirect (type $t) (i64.const 7) (local.get $at))))"#;
    for engine in engines() {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let run = instance.get_typed_func::<i32, i64>(&mut store, "run").unwrap();
        let grow = instance.get_typed_func::<(), i32>(&mut store, "grow").unwrap();
        for round in 0..6 {
            assert_eq!(run.call(&mut store, 1).unwrap(), 8, "{engine:?}");
            assert_eq!(run.call(&mut store, 2).unwrap(), 21, "{engine:?}");
            for (at, trap) in [
                (0, Trap::IndirectCallToNull),
                (3, Trap::IndirectCallToNull),
                (4, Trap::BadSignature),
                (-1, Trap::UndefinedElement),
            ] {
                let error = run.call(&mut store, at).unwrap_err();
                assert_eq!(error.downcast_ref::<Trap>(), Some(&trap), "{at} on {engine:?}");
            }
            assert_eq!(grow.call(&mut store, ()).unwrap(), 6 + 2 * round);
            assert_eq!(run.call(&mut store, 7).unwrap(), 8, "{engine:?}");
        }
    }
}

#[test]
fn a_table_that_is_not_complete_yet_is_not_known() {
    // The first segment hands a function out; the one behind it does not fit, so the
    // module's own table stays empty.
    let wat = r#"(module
        (type $t (func (result i32)))
        (import "" "shared" (table $shared 1 funcref))
        (table $own 2 funcref)
        (elem (table $shared) (i32.const 0) func $call)
        (elem (table $shared) (i32.const 9) func $call)
        (elem (table $own) (i32.const 0) func $one)
        (func $one (type $t) (i32.const 1))
        (func $call (type $t) (call_indirect $own (type $t) (i32.const 0))))"#;
    let owner = r#"(module (type $t (func (result i32)))
        (table (export "shared") 1 funcref)
        (func (export "run") (result i32) (call_indirect (type $t) (i32.const 0))))"#;
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, owner).unwrap();
        let owner = Instance::new(&mut store, &module, &[]).unwrap();
        let mut linker = Linker::new(&engine);
        linker.instance(&mut store, "", owner).unwrap();
        let module = Module::new(&engine, wat).unwrap();
        assert!(linker.instantiate(&mut store, &module).is_err());
        let run = owner.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        for _ in 0..4 {
            let error = run.call(&mut store, ()).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::IndirectCallToNull));
        }
    }
}

#[test]
fn functions_of_another_instance_run_in_their_own_context() {
    // The table grows by a function of whoever calls; each instance has a number of
    // its own.
    let wat = r#"(module
        (type $t (func (result i64)))
        (global $number (export "number") (mut i64) (i64.const 0))
        (table $grown 2 funcref) (elem (table $grown) (i32.const 1) func $own)
        (table $kept 2 funcref) (elem (table $kept) (i32.const 1) func $own)
        (func $own (export "own") (type $t) (global.get $number))
        (func (export "grow") (param funcref) (result i32)
            (table.grow $grown (local.get 0) (i32.const 1)))
        (func $grown (param i32) (result i64)
            (return_call_indirect $grown (type $t) (local.get 0)))
        (func (export "run") (param $at i32) (result i64)
            (i64.add
                (i64.mul (i64.const 100) (call_indirect $grown (type $t) (local.get $at)))
                (i64.add
                    (i64.mul (i64.const 10) (call $grown (local.get $at)))
                    (call_indirect $kept (type $t) (i32.const 1))))))"#;
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, wat).unwrap();
        let [a, b] = [1, 2].map(|number| {
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let global = instance.get_global(&mut store, "number").unwrap();
            global.set(&mut store, Val::I64(number)).unwrap();
            instance
        });
        let grow = a.get_typed_func::<Option<Func>, i32>(&mut store, "grow").unwrap();
        let own = b.get_func(&mut store, "own");
        assert_eq!(grow.call(&mut store, own).unwrap(), 2);
        let run = a.get_typed_func::<i32, i64>(&mut store, "run").unwrap();
        for _ in 0..6 {
            assert_eq!(run.call(&mut store, 1).unwrap(), 111, "{engine:?}");
            assert_eq!(run.call(&mut store, 2).unwrap(), 221, "{engine:?}");
        }
    }
}
