//! References in the hands of the host: how long they and their values live.

mod common;

use std::sync::Arc;

use bimetal::*;
use common::{engines, engines_with};

/// Passes references on and keeps one.
const KEEPER: &str = r#"(module
    (import "" "make" (func $make (result externref)))
    (global $kept (mut externref) (ref.null extern))
    (table $table 2 externref)
    (func (export "make") (param $count i32)
        (local $own externref)
        (local.set $own (call $make))
        (loop
            (drop (call $make))
            (br_if 0 (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
        (global.set $kept (local.get $own))
        (table.set $table (i32.const 1) (call $make)))
    (func (export "kept") (result externref externref)
        (global.get $kept) (table.get $table (i32.const 1)))
    (func (export "drop")
        (global.set $kept (ref.null extern))
        (table.set $table (i32.const 1) (ref.null extern))))"#;

type Two = (Option<Rooted<ExternRef>>, Option<Rooted<ExternRef>>);

#[test]
fn host_values_die_when_guest_and_host_have_let_go() {
    for stress in [false, true] {
        for engine in &engines_with(|config| _ = config.gc_stress(stress)) {
            let alive = Arc::new(());
            let mut store = Store::new(engine, 0u32);
            let value = Arc::clone(&alive);
            let make = Func::wrap(&mut store, move |mut caller: Caller<'_, u32>| {
                *caller.data_mut() += 1;
                let value = (*caller.data(), Arc::clone(&value));
                ExternRef::new(&mut caller, value).map(Some)
            });
            let module = Module::new(engine, KEEPER).unwrap();
            let instance = Instance::new(&mut store, &module, &[make.into()]).unwrap();
            let get = |store: &mut Store<u32>, name| instance.get_func(store, name).unwrap();
            let make = get(&mut store, "make").typed::<i32, ()>(&store).unwrap();
            make.call(&mut store, 20_000).unwrap();
            assert!(Arc::strong_count(&alive) < 12_000, "most have died on the way");
            store.gc().unwrap();
            assert_eq!(Arc::strong_count(&alive), 2 + 2);
            let kept = get(&mut store, "kept").typed::<(), Two>(&store).unwrap();
            let drop_all = get(&mut store, "drop").typed::<(), ()>(&store).unwrap();
            let mut scope = RootScope::new(&mut store);
            let (a, b) = kept.call(&mut scope, ()).unwrap();
            for (value, expected) in [(a, 1), (b, 20_002)] {
                let value = value.unwrap().data(&scope).unwrap().unwrap();
                assert_eq!(value.downcast_ref::<(u32, Arc<()>)>().unwrap().0, expected);
            }
            let owned = a.unwrap().to_owned_rooted(&mut scope).unwrap();
            drop_all.call(&mut scope, ()).unwrap();
            scope.as_context_mut().gc().unwrap();
            assert_eq!(Arc::strong_count(&alive), 2 + 2, "the scope holds them");
            drop(scope);
            store.gc().unwrap();
            assert_eq!(Arc::strong_count(&alive), 2 + 1, "one is owned");
            drop(owned);
            store.gc().unwrap();
            assert_eq!(Arc::strong_count(&alive), 2);
        }
    }
}

#[test]
fn a_reference_ends_with_its_scope_and_belongs_to_its_store() {
    for engine in &engines() {
        let mut store = Store::new(engine, ());
        let mut other = Store::new(engine, ());
        let outer = ExternRef::new(&mut store, 1).unwrap();
        let (inner, owned) = {
            let mut scope = RootScope::new(&mut store);
            let inner = ExternRef::new(&mut scope, 2).unwrap();
            let mut nested = RootScope::new(&mut scope);
            let owned = inner.to_owned_rooted(&mut nested).unwrap();
            (inner, owned)
        };
        // Takes the place of the one before.
        let later = ExternRef::new(&mut store, 3).unwrap();
        let ended = "the scope of the reference has ended";
        assert_eq!(inner.data(&store).unwrap_err().to_string(), ended);
        let table = TableType::new(RefType::EXTERNREF, 1, None);
        let error = Table::new(&mut store, table, inner.into()).unwrap_err();
        assert!(format!("{error:#}").contains(ended), "{error:#}");
        for reference in [outer, later, owned.to_rooted(&mut store).unwrap()] {
            assert!(reference.data(&store).unwrap().is_some());
            let foreign = "the reference belongs to another store";
            assert_eq!(reference.data(&other).unwrap_err().to_string(), foreign);
            assert_eq!(owned.to_rooted(&mut other).unwrap_err().to_string(), foreign);
            assert_eq!(reference.to_owned_rooted(&mut other).unwrap_err().to_string(), foreign);
        }
        drop(store);
        assert!(owned.to_rooted(&mut other).is_err());
    }
}

#[test]
fn a_value_that_panics_when_it_is_dropped_panics_in_the_host() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "dropped");
        }
    }
    let mut store = Store::new(&Engine::default(), ());
    {
        let mut scope = RootScope::new(&mut store);
        ExternRef::new(&mut scope, Bomb).unwrap();
    }
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.gc()));
    assert!(result.is_err());
    store.gc().unwrap();
    let value = ExternRef::new(&mut store, 1).unwrap();
    assert!(value.data(&store).unwrap().is_some());
}
