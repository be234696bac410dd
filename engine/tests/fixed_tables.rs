//! Indirect calls that are known by their index: only where the table is the same in every
//! instance, from before its code runs.

mod common;

use bimetal::{Config, Engine, Instance, Linker, Module, Store, Strategy, Trap};
use common::engines_with;

/// Engines that compare indices, and some that do not.
fn engines() -> Vec<Engine> {
    let mut engines = Vec::new();
    for enable in [true, false] {
        let set = |config: &mut Config| {
            config.fixed_tables(enable);
        };
        engines.extend(engines_with(set));
        let mut config = Config::new();
        set(config.strategy(Strategy::Tiered).compile_threads(0).thresholds(2, 2));
        engines.push(Engine::new(&config).unwrap());
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
