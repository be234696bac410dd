//! Stores inside stores, and guests on many threads.

mod common;

use bimetal::{
    Caller, Engine, Error, Extern, Instance, Linker, Module, Result, Store, Trap, WasmBacktrace,
};
use common::{engines, instantiate};

const RECURSE: &str = r#"(module
    (func $run (export "run") (param i64) (result i64)
        (i64.add (i64.const 1) (call $run (i64.add (local.get 0) (i64.const 1))))))"#;

fn overflow(engine: &Engine) -> Error {
    let (mut store, instance) = instantiate(engine, RECURSE);
    let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
    run.call(&mut store, 0).unwrap_err()
}

#[test]
fn a_trap_in_an_inner_store_is_an_error_in_the_outer_one() {
    for engine in engines() {
        let inner = engine.clone();
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("", "nested", move |mut caller: Caller<'_, Vec<Trap>>| {
                let wat = r#"(module $inner (memory 1)
                    (func (export "f") (drop (i32.load (i32.const -1)))))"#;
                let (mut store, instance) = instantiate(&inner, wat);
                let f = instance.get_typed_func::<(), ()>(&mut store, "f").unwrap();
                let error = f.call(&mut store, ()).unwrap_err();
                // Only the inner store's frames.
                assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 1);
                let traps = [error, overflow(&inner)];
                let traps = traps.map(|error| *error.downcast_ref::<Trap>().unwrap());
                caller.data_mut().extend(traps);
            })
            .unwrap();
        let wat = r#"(module
            (import "" "nested" (func $nested))
            (func (export "run") call $nested call $nested unreachable))"#;
        let mut store = Store::new(&engine, Vec::new());
        let error = common::run(&linker, &mut store, wat).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
        let once = [Trap::MemoryOutOfBounds, Trap::StackOverflow];
        assert_eq!(*store.data(), [once, once].concat(), "{engine:?}");
    }
}

/// Calls itself in a new store each time.
fn descend(linker: &Linker<u32>, module: &Module, depth: u32) -> Result<()> {
    let mut store = Store::new(module.engine(), depth);
    let instance = linker.instantiate(&mut store, module)?;
    instance.get_typed_func::<(), ()>(&mut store, "run")?.call(&mut store, ())
}

#[test]
fn recursion_through_ever_new_stores_traps() {
    for engine in engines() {
        let wat = r#"(module
            (import "" "down" (func $down))
            (func (export "run") call $down))"#;
        let module = Module::new(&engine, wat).unwrap();
        let mut linker = Linker::new(&engine);
        let (below, again) = (std::sync::Arc::new(std::sync::OnceLock::new()), module.clone());
        let linked = std::sync::Arc::clone(&below);
        linker
            .func_wrap("", "down", move |caller: Caller<'_, u32>| -> Result<()> {
                let linker = linked.get().expect("set below");
                descend(linker, &again, caller.data() + 1)
            })
            .unwrap();
        below.set(linker.clone()).expect("set once");
        let error = descend(&linker, &module, 0).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{engine:?}");
    }
}

#[test]
fn guests_trap_on_every_thread() {
    for engine in engines() {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let trap = *overflow(&engine).downcast_ref::<Trap>().unwrap();
                        assert_eq!(trap, Trap::StackOverflow);
                    }
                });
            }
        });
    }
}

#[test]
fn a_thread_with_a_small_stack_is_not_overrun() {
    for engine in engines() {
        let thread = std::thread::Builder::new().stack_size(256 << 10);
        let run = move || *overflow(&engine).downcast_ref::<Trap>().unwrap();
        let trap = thread.spawn(run).unwrap().join().unwrap();
        assert_eq!(trap, Trap::StackOverflow);
    }
}

#[test]
fn a_panic_leaves_both_stores_usable() {
    for engine in engines() {
        let mut store = Store::new(&engine, 0);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("", "f", |mut caller: Caller<'_, i32>, panic: i32| {
                *caller.data_mut() += 1;
                assert!(panic == 0, "asked to");
                let again = caller.get_export("run").and_then(Extern::into_func).unwrap();
                let again = again.typed::<i32, ()>(&caller).unwrap();
                if *caller.data() < 3 {
                    let panic = i32::from(*caller.data() == 2);
                    again.call(&mut caller, panic).unwrap();
                }
            })
            .unwrap();
        let wat = r#"(module
            (import "" "f" (func $f (param i32)))
            (func (export "run") (param i32) (call $f (local.get 0))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance: Instance = linker.instantiate(&mut store, &module).unwrap();
        let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
        let call = std::panic::AssertUnwindSafe(|| run.call(&mut store, 0));
        let panic = std::panic::catch_unwind(call).unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"asked to"));
        assert_eq!(*store.data(), 3);
        run.call(&mut store, 0).unwrap();
        assert_eq!(*store.data(), 4, "{engine:?}");
    }
}
