//! Indirect calls whose likely functions are compared and taken in: whichever function
//! is called, guests cannot tell.

mod common;

use bimetal::{Config, Engine, ExternType, Func, Instance, Module, Ref, Store, Table, Trap, Val};
use common::{Outcome, engines_and_tiered, outcome_of};

/// Engines of every strategy with guesses and without, and some that compile functions
/// and loops after a few runs.
fn engines(configure: impl Fn(&mut Config)) -> Vec<Engine> {
    let mut engines = Vec::new();
    for (guesses, calls) in [(true, true), (true, false), (false, true)] {
        let set = |config: &mut Config| {
            configure(config.inline_guesses(guesses).inline_calls(calls));
        };
        engines.extend(engines_and_tiered(set));
    }
    engines
}

/// A table with two functions of a type, one of another type, one of a subtype, one of
/// the host, and nothing at its end. `set` puts an element elsewhere.
const TABLE: &str = r#"(module
    (type $t (sub (func (param i64) (result i64))))
    (type $sub (sub $t (func (param i64) (result i64))))
    (type $other (func (param i64) (result i64)))
    (import "" "host" (func $host (type $other)))
    (table $table (export "table") 7 funcref)
    (elem (i32.const 0) $double $divide $trap $of_subtype $of_other $host)
    (func $double (type $t) (i64.mul (local.get 0) (i64.const 2)))
    (func $divide (type $t) (i64.div_s (i64.const 100) (local.get 0)))
    (func $trap (type $other) (unreachable))
    (func $of_subtype (type $sub) (i64.const -5))
    (func $of_other (type $other) (i64.const -6))
    (func (export "set") (param i32 i32)
        (table.set $table (local.get 0) (table.get $table (local.get 1))))
    (func $call (param $index i32) (param $n i64) (result i64)
        (i64.add (i64.const 1000)
            (call_indirect $table (type $t) (local.get $n) (local.get $index))))
    (func (export "call") (param $index i32) (param $n i64) (result i64)
        (call $call (local.get $index) (local.get $n)))
    (func (export "ref") (param $index i32) (param $n i64) (result i64)
        (call_ref $t (local.get $n)
            (ref.cast (ref null $t) (table.get $table (local.get $index)))))
)"#;

struct World {
    store: Store<()>,
    instance: Instance,
}

impl World {
    fn new(engine: &Engine) -> World {
        let mut store = Store::new(engine, ());
        let module = Module::new(engine, TABLE).unwrap();
        let ExternType::Func(ty) = module.imports().next().unwrap().ty() else { unreachable!() };
        let host = Func::new(&mut store, ty, |_, args, results| {
            results[0] = Val::I64(args[0].unwrap_i64() - 1);
            Ok(())
        });
        let instance = Instance::new(&mut store, &module, &[host.into()]).unwrap();
        World { store, instance }
    }

    fn call(&mut self, name: &str, index: i32, n: i64) -> Outcome {
        let call = self.instance.get_typed_func::<(i32, i64), i64>(&mut self.store, name).unwrap();
        outcome_of(call.call(&mut self.store, (index, n)))
    }

    /// Every element in every way, three times.
    fn all(&mut self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            for index in 0..8 {
                for n in [0, 7] {
                    outcomes.push(self.call("call", index, n));
                    outcomes.push(self.call("ref", index, n));
                }
            }
        }
        outcomes
    }
}

#[test]
fn whatever_is_in_a_table_is_called() {
    let mut expected = None;
    for engine in engines(|_| {}) {
        let mut world = World::new(&engine);
        let mut outcomes = world.all();
        assert_eq!(outcomes[2..4], [Ok(1014), Ok(14)], "{engine:?}");
        // The likely functions are elsewhere now.
        let set = world.instance.get_typed_func::<(i32, i32), ()>(&mut world.store, "set").unwrap();
        for (to, from) in [(6, 0), (0, 1), (1, 3)] {
            set.call(&mut world.store, (to, from)).unwrap();
        }
        outcomes.extend(world.all());
        match &expected {
            None => expected = Some(outcomes),
            Some(expected) => assert_eq!(&outcomes, expected, "{engine:?}"),
        }
    }
    let outcomes = expected.unwrap();
    let traps: Vec<Trap> = outcomes.iter().filter_map(|o| o.as_ref().err()?.0).collect();
    for trap in [
        Trap::IntegerDivisionByZero,
        Trap::IndirectCallToNull,
        Trap::BadSignature,
        Trap::TableOutOfBounds,
        Trap::UndefinedElement,
        Trap::NullFunctionReference,
        Trap::CastFailure,
    ] {
        assert!(traps.contains(&trap), "{trap:?}: {traps:?}");
    }
}

#[test]
fn the_same_function_of_another_instance_is_another_one() {
    let wat = r#"(module
        (import "" "table" (table $table 4 funcref))
        (type $t (func (result i32)))
        (global $me (mut i32) (i32.const 0))
        (func $who (type $t) (global.get $me))
        (elem declare func $who)
        (func (export "join") (param $at i32) (param $me i32)
            (global.set $me (local.get $me))
            (table.set $table (local.get $at) (ref.func $who)))
        (func (export "call") (param $at i32) (result i32)
            (call_indirect $table (type $t) (local.get $at))))"#;
    for engine in engines(|_| {}) {
        let mut store = Store::new(&engine, ());
        let module = Module::new(&engine, wat).unwrap();
        let ExternType::Table(ty) = module.imports().next().unwrap().ty() else { unreachable!() };
        let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
        let mut instances = Vec::new();
        for me in 0..3 {
            let instance = Instance::new(&mut store, &module, &[table.into()]).unwrap();
            let join = instance.get_typed_func::<(i32, i32), ()>(&mut store, "join").unwrap();
            join.call(&mut store, (me, 70 + me)).unwrap();
            instances.push(instance);
        }
        for at in [0, 1, 2, 2, 1, 0, 0, 1] {
            for instance in &instances {
                let call = instance.get_typed_func::<i32, i32>(&mut store, "call").unwrap();
                assert_eq!(call.call(&mut store, at).unwrap(), 70 + at, "{engine:?}");
            }
        }
    }
}

#[test]
fn references_and_exceptions_come_out_of_guessed_functions() {
    let wat = r#"(module
        (type $node (struct (field i64)))
        (type $t (func (param (ref null $node)) (result (ref $node))))
        (tag $e (param i64))
        (table funcref (elem $more $throw))
        (func $more (type $t)
            (struct.new $node (i64.add (i64.const 1) (struct.get $node 0 (local.get 0)))))
        (func $throw (type $t)
            (drop (struct.new $node (i64.const -1)))
            (throw $e (struct.get $node 0 (local.get 0))))
        (func (export "run") (param $n i64) (result i64)
            (local $node (ref null $node)) (local $first (ref null $node))
            (local.set $node (struct.new $node (i64.const 0)))
            (local.set $first (local.get $node))
            (loop $next
                (local.set $node (call_indirect (type $t) (local.get $node) (i32.const 0)))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br_if $next (i64.ne (local.get $n) (i64.const 0))))
            (block $caught (result i64)
                (try_table (catch $e $caught)
                    (drop (call_indirect (type $t) (local.get $node) (i32.const 1))))
                (unreachable))
            (i64.add (struct.get $node 0 (local.get $first)))))"#;
    for engine in engines(|config| {
        config.gc_stress(true);
    }) {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, 40).unwrap(), 40, "{engine:?}");
    }
}

#[test]
fn one_of_many_functions_is_guessed_by_its_calls_and_others_are_called() {
    let wat = r#"(module
        (type $t (func (param i64) (result i64)))
        (table funcref (elem $a $b $c $d $e))
        (func $a (type $t) (i64.add (local.get 0) (i64.const 1)))
        (func $b (type $t) (i64.mul (local.get 0) (i64.const 3)))
        (func $c (type $t) (i64.xor (local.get 0) (i64.const 5)))
        (func $d (type $t) (i64.sub (local.get 0) (i64.const 7)))
        (func $e (type $t) (i64.rotl (local.get 0) (i64.const 9)))
        (func (export "run") (param $n i64) (result i64) (local $sum i64)
            (loop $next
                ;; Nearly always the fourth one; in the end each of them.
                (local.set $sum (i64.add (local.get $sum) (call_indirect (type $t) (local.get $n)
                    (if (result i32) (i64.gt_u (local.get $n) (i64.const 5))
                        (then (i32.const 3))
                        (else (i32.wrap_i64 (i64.sub (local.get $n) (i64.const 1))))))))
                (local.set $n (i64.sub (local.get $n) (i64.const 1)))
                (br_if $next (i64.ne (local.get $n) (i64.const 0))))
            (local.get $sum)))"#;
    let last = [1 + 1, 2 * 3, 3 ^ 5, 4 - 7, 5 << 9];
    let expected: i64 = (6..=90).map(|n| n - 7).sum::<i64>() + last.iter().sum::<i64>();
    for engine in engines(|_| {}) {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        for _ in 0..4 {
            assert_eq!(run.call(&mut store, 90).unwrap(), expected, "{engine:?}");
        }
    }
}
