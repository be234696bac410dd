//! Stores: whose handles are whose, limits, threads and the end of a store.

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bimetal::{
    Engine, ExternRef, Func, Global, GlobalType, Instance, Linker, Memory, MemoryType, Module,
    Mutability, Ref, RefType, Rooted, Store, StoreLimitsBuilder, Table, TableType, TypedFunc, Val,
    ValType,
};
use common::{engines, instantiate};

/// Everything that can be in a store.
struct Handles {
    func: Func,
    typed: TypedFunc<(), ()>,
    global: Global,
    table: Table,
    memory: Memory,
    value: Rooted<ExternRef>,
    instance: Instance,
}

fn handles(store: &mut Store<()>) -> Handles {
    let func = Func::wrap(&mut *store, || ());
    let ty = GlobalType::new(ValType::FUNCREF, Mutability::Var);
    let table = TableType::new(RefType::FUNCREF, 1, None);
    let module = Module::new(store.engine(), r#"(module (func (export "f")))"#).unwrap();
    Handles {
        func,
        typed: func.typed(&*store).unwrap(),
        global: Global::new(&mut *store, ty, func.into()).unwrap(),
        table: Table::new(&mut *store, table, func.into()).unwrap(),
        memory: Memory::new(&mut *store, MemoryType::new(1, None)).unwrap(),
        value: ExternRef::new(&mut *store, 1).unwrap(),
        instance: Instance::new(store, &module, &[]).unwrap(),
    }
}

#[test]
fn a_handle_of_another_store_is_an_error_where_there_can_be_one() {
    for engine in engines() {
        let mut other = Store::new(&engine, ());
        let h = handles(&mut other);
        let mut store = Store::new(&engine, ());
        let own = handles(&mut store);
        let s = &mut store;
        let importer = Module::new(&engine, r#"(module (import "" "" (func)))"#).unwrap();
        let same = Func::wrap(&mut *s, |f: Option<Func>| f).typed(&*s).unwrap();
        let same: TypedFunc<Option<Func>, Option<Func>> = same;
        let foreign = h.func;
        let leak = Func::wrap(&mut *s, move || Some(foreign));
        let mut linker = Linker::new(&engine);
        let null = || Ref::Func(None);
        let errors = [
            h.func.call(&mut *s, &[], &mut []).unwrap_err(),
            h.func.typed::<(), ()>(&*s).unwrap_err(),
            h.typed.call(&mut *s, ()).unwrap_err(),
            same.call(&mut *s, Some(h.func)).unwrap_err(),
            leak.call(&mut *s, &[], &mut [Val::I32(0)]).unwrap_err(),
            own.global.set(&mut *s, h.func.into()).unwrap_err(),
            h.global.set(&mut *s, Val::FuncRef(None)).unwrap_err(),
            own.table.set(&mut *s, 0, h.func.into()).unwrap_err(),
            h.table.set(&mut *s, 0, null()).unwrap_err(),
            h.table.grow(&mut *s, 1, null()).unwrap_err(),
            h.table.fill(&mut *s, 0, null(), 1).unwrap_err(),
            Table::copy(&mut *s, &own.table, 0, &h.table, 0, 1).unwrap_err(),
            h.memory.grow(&mut *s, 1).unwrap_err(),
            h.value.data(&*s).unwrap_err(),
            Instance::new(&mut *s, &importer, &[h.func.into()]).unwrap_err(),
            linker.define(&*s, "", "", h.memory).unwrap_err(),
        ];
        for (i, error) in errors.iter().enumerate() {
            let text = format!("{error:#}");
            assert!(text.contains("belongs to another store"), "{i}: {text}");
        }
    }
}

#[test]
fn a_handle_of_another_store_is_a_panic_elsewhere() {
    let engine = Engine::default();
    let mut other = Store::new(&engine, ());
    let h = handles(&mut other);
    let mut store = Store::new(&engine, ());
    let s = &mut store;
    fn panics<R>(store: &mut Store<()>, call: impl FnOnce(&mut Store<()>) -> R) {
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(call(store)))) else {
            panic!("no panic");
        };
        let text = panic.downcast_ref::<String>().expect("a message");
        assert!(text.contains("belongs to another store"), "{text}");
    }
    panics(s, |s| h.func.ty(s));
    panics(s, |s| h.memory.data(s).len());
    panics(s, |s| h.memory.read(s, 0, &mut [0]));
    panics(s, |s| h.memory.data_mut(s).len());
    panics(s, |s| h.table.get(s, 0));
    panics(s, |s| h.global.get(s));
    panics(s, |s| h.instance.get_export(s, "f"));
    panics(s, |s| h.instance.exports(&*s).len());
}

#[test]
fn things_of_different_engines_do_not_mix() {
    for (a, b) in engines().iter().zip(engines()) {
        let module = Module::new(a, r#"(module (func (export "f")))"#).unwrap();
        let mut store = Store::new(&b, ());
        let linker = Linker::new(&b);
        let mut foreign_linker = Linker::new(a);
        let memory = Memory::new(&mut store, MemoryType::new(0, None)).unwrap();
        let host = Linker::<()>::new(a).instantiate_pre(&module).unwrap();
        let errors = [
            Instance::new(&mut store, &module, &[]).unwrap_err(),
            linker.instantiate(&mut store, &module).unwrap_err(),
            foreign_linker.instantiate(&mut store, &module).unwrap_err(),
            host.instantiate(&mut store).unwrap_err(),
            foreign_linker.define(&store, "", "", memory).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().ends_with("belongs to another engine"), "{error}");
        }
    }
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn everything_is_dropped_once_with_its_store() {
    for engine in engines() {
        let dropped = Arc::new(AtomicUsize::new(0));
        let counted = || Counted(Arc::clone(&dropped));
        let mut store = Store::new(&engine, counted());
        ExternRef::new(&mut store, counted()).unwrap();
        let captured = counted();
        Func::wrap(&mut store, move || captured.0.load(Ordering::Relaxed) as u32);
        let mut linker = Linker::new(&engine);
        let captured = counted();
        linker.func_wrap("", "f", move || captured.0.load(Ordering::Relaxed) as u32).unwrap();
        let wat = r#"(module (import "" "f" (func (result i32))))"#;
        let module = Module::new(&engine, wat).unwrap();
        linker.instantiate(&mut store, &module).unwrap();
        drop((linker, module));
        assert_eq!(dropped.load(Ordering::Relaxed), 0);
        let data = store.into_data();
        assert_eq!(dropped.load(Ordering::Relaxed), 3);
        drop(data);
        assert_eq!(dropped.load(Ordering::Relaxed), 4);
    }
}

#[test]
fn code_outlives_module_and_engine_handles() {
    for engine in engines() {
        let (mut store, instance) =
            instantiate(&engine, r#"(module (func (export "f") (result i32) i32.const 8))"#);
        drop(engine);
        let f = instance.get_typed_func::<(), i32>(&mut store, "f").unwrap();
        assert_eq!(f.call(&mut store, ()).unwrap(), 8);
    }
}

#[test]
fn a_store_moves_to_another_thread_and_modules_are_shared() {
    fn send<T: Send>() {}
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Engine>();
    send_and_sync::<Module>();
    send_and_sync::<Linker<()>>();
    send_and_sync::<Store<()>>();
    send::<Store<std::cell::Cell<i32>>>();
    send_and_sync::<(Func, Memory, Table, Global, Instance, Rooted<ExternRef>, Val)>();
    send_and_sync::<bimetal::Error>();

    let wat = r#"(module
        (memory 1)
        (func (export "run") (param i32) (result i32)
            (i32.store (i32.const 8) (local.get 0))
            (i32.mul (i32.load (i32.const 8)) (i32.const 2))))"#;
    for engine in engines() {
        let module = Module::new(&engine, wat).unwrap();
        let threads: Vec<_> = (0..4)
            .map(|n| {
                let module = module.clone();
                let mut store = Store::new(&engine, ());
                std::thread::spawn(move || {
                    let instance = Instance::new(&mut store, &module, &[]).unwrap();
                    let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
                    let result = run.call(&mut store, n).unwrap();
                    (store, instance, result)
                })
            })
            .collect();
        for (n, thread) in (0..).zip(threads) {
            let (mut store, instance, result) = thread.join().unwrap();
            assert_eq!(result, n * 2);
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
            assert_eq!(run.call(&mut store, 5).unwrap(), 10);
        }
    }
}

#[test]
fn many_instances_live_in_one_store() {
    let wat = r#"(module
        (global $n (mut i32) (i32.const 0))
        (func (export "next") (result i32)
            (global.set $n (i32.add (global.get $n) (i32.const 1)))
            (global.get $n)))"#;
    for engine in engines() {
        let module = Module::new(&engine, wat).unwrap();
        let mut store = Store::new(&engine, ());
        let instances: Vec<_> =
            (0..2000).map(|_| Instance::new(&mut store, &module, &[]).unwrap()).collect();
        for (i, instance) in instances.iter().enumerate().step_by(7) {
            let next = instance.get_typed_func::<(), i32>(&mut store, "next").unwrap();
            for call in 1..=(i % 3) as i32 {
                assert_eq!(next.call(&mut store, ()).unwrap(), call);
            }
        }
    }
}

#[test]
fn a_store_refuses_what_exceeds_its_limits() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let limits = StoreLimitsBuilder::new().memory_size(3 << 16).table_elements(10);
        store.set_limits(limits.instances(2).memories(1).tables(1).build());
        let wat = r#"(module
            (memory (export "m") 1)
            (table (export "t") 1 funcref)
            (func (export "grow") (param i32 i32) (result i32 i32)
                (memory.grow (local.get 0))
                (table.grow (ref.null func) (local.get 1))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance = Instance::new(&mut store, &module, &[]).unwrap();
        let grow = instance.get_typed_func::<(i32, i32), (i32, i32)>(&mut store, "grow").unwrap();
        assert_eq!(grow.call(&mut store, (3, 10)).unwrap(), (-1, -1));
        assert_eq!(grow.call(&mut store, (2, 9)).unwrap(), (1, 1));
        assert!(instance.get_memory(&mut store, "m").unwrap().grow(&mut store, 1).is_err());
        let table = instance.get_table(&mut store, "t").unwrap();
        assert!(table.grow(&mut store, 1, Ref::Func(None)).is_err());
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert!(error.to_string().contains("limited to 1 memories"), "{error}");
        let empty = Module::new(&engine, "(module)").unwrap();
        let error = Instance::new(&mut store, &empty, &[]).unwrap_err();
        assert!(error.to_string().contains("limited to 2 instances"), "{error}");
    }
}
