//! The heap under load, on every tier: garbage without end, very long lists, limits.

mod common;

use bimetal::*;
use common::engines;

const WAT: &str = r#"(module
    (type $node (struct (field (mut (ref null $node))) (field i32)))
    (global $head (mut (ref null $node)) (ref.null $node))
    ;; Pairs of nodes that refer to each other, and to nothing else.
    (func (export "cycles") (param $pairs i32) (result i32)
        (local $a (ref null $node))
        (loop $again
            (local.set $a (struct.new $node (ref.null $node) (i32.const 1)))
            (struct.set $node 0 (local.get $a)
                (struct.new $node (local.get $a) (local.get $pairs)))
            (br_if $again (local.tee $pairs (i32.sub (local.get $pairs) (i32.const 1)))))
        (struct.get $node 1 (struct.get $node 0 (local.get $a))))
    (func (export "grow") (param $count i32)
        (loop $again
            (global.set $head (struct.new $node (global.get $head) (i32.const 3)))
            (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))
    (func (export "sum") (result i64)
        (local $at (ref null $node)) (local $sum i64)
        (local.set $at (global.get $head))
        (block $end
            (loop $again
                (br_if $end (ref.is_null (local.get $at)))
                (local.set $sum (i64.add (local.get $sum)
                    (i64.extend_i32_u (struct.get $node 1 (local.get $at)))))
                (local.set $at (struct.get $node 0 (local.get $at)))
                (br $again)))
        (local.get $sum))
    (func (export "drop") (global.set $head (ref.null $node))))"#;

struct World {
    store: Store<()>,
    instance: Instance,
}

impl World {
    fn new(engine: &Engine, limit: usize) -> World {
        let mut store = Store::new(engine, ());
        store.set_limits(StoreLimitsBuilder::new().heap_size(limit).build());
        let module = Module::new(engine, WAT).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        World { store, instance }
    }

    fn call<P: WasmParams, R: WasmResults>(&mut self, name: &str, params: P) -> Result<R> {
        let func = self.instance.get_typed_func::<P, R>(&mut self.store, name)?;
        func.call(&mut self.store, params)
    }
}

/// A hundredth of `full` on the reference interpreter and a tenth on the other one,
/// and that much less again in debug builds.
fn scaled(engine: &Engine, full: i32) -> i32 {
    let count = match engine.strategy() {
        Strategy::Reference => full / 100,
        Strategy::Interpreter => full / 10,
        _ => full,
    };
    if cfg!(debug_assertions) { count / 10 } else { count }
}

#[test]
fn a_hundred_million_objects_in_cycles_need_no_more_than_64_mebibytes() {
    for engine in &engines() {
        // The collector needs as much again.
        let mut world = World::new(engine, 32 << 20);
        let pairs = scaled(engine, 50_000_000);
        assert_eq!(world.call::<i32, i32>("cycles", pairs).unwrap(), 1);
    }
}

#[test]
fn a_list_of_ten_million_nodes_is_kept_and_dropped() {
    for engine in &engines() {
        let mut world = World::new(engine, 1 << 30);
        let count = scaled(engine, 10_000_000);
        world.call::<i32, ()>("grow", count).unwrap();
        world.store.gc().unwrap();
        assert_eq!(world.call::<(), i64>("sum", ()).unwrap(), 3 * i64::from(count));
        world.call::<(), ()>("drop", ()).unwrap();
        world.store.gc().unwrap();
        assert_eq!(world.call::<(), i64>("sum", ()).unwrap(), 0);
    }
}

#[test]
fn a_full_heap_is_a_trap_and_the_store_goes_on() {
    for engine in &engines() {
        let mut world = World::new(engine, 1 << 20);
        let full = (1 << 20) / 16;
        for _ in 0..3 {
            let error = world.call::<i32, ()>("grow", full + 1).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge), "{error:#}");
            assert!(error.is::<WasmBacktrace>());
            // What needs no object works still.
            let sum = world.call::<(), i64>("sum", ()).unwrap();
            assert_eq!(sum, 3 * i64::from(full), "{:?}", engine.strategy());
            let node = StructType::new(engine, [FieldType::new(Mutability::Var, ValType::I64)]);
            let error = StructRef::new(&mut world.store, &node.unwrap(), &[Val::I64(1)]);
            let error = error.unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Trap::AllocationTooLarge), "{error:#}");
            world.call::<(), ()>("drop", ()).unwrap();
            world.call::<i32, ()>("grow", full - 1).unwrap();
            world.call::<(), ()>("drop", ()).unwrap();
        }
    }
}
