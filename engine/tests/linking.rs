//! Imports: found by name, checked by type, shared between instances.

mod common;

use bimetal::{
    Caller, Engine, Func, FuncType, Global, GlobalType, Instance, Linker, Memory, MemoryType,
    Module, Mutability, Ref, RefType, Store, Table, TableType, Trap, UnknownImportError, Val,
    ValType,
};
use common::{engines, run};

fn module(engine: &Engine, wat: &str) -> Module {
    Module::new(engine, wat).expect("the module is valid")
}

#[test]
fn instances_share_memories_tables_globals_and_functions() {
    let exporter = r#"(module
        (memory (export "m") 1 4)
        (table (export "t") 2 8 funcref)
        (global (export "g") (mut i64) (i64.const 5))
        (global (export "c") i32 (i32.const 16))
        (func (export "load") (result i32) (i32.load (i32.const 16)))
        (func (export "size") (result i32) memory.size)
        (func (export "get") (result i64) global.get 0)
        (func (export "call") (param i32) (result i32)
            (call_indirect (result i32) (local.get 0))))"#;
    let importer = r#"(module
        (import "a" "m" (memory 1))
        (import "a" "t" (table 1 funcref))
        (import "a" "g" (global $g (mut i64)))
        (import "a" "c" (global $c i32))
        (import "a" "load" (func $load (result i32)))
        (global $copy i32 (global.get $c))
        (data (global.get $c) "\2a")
        (elem (i32.const 1) $mine $load)
        (func $mine (result i32) (i32.const 77))
        (func (export "run") (result i32)
            (global.set $g (i64.add (global.get $g) (i64.const 1)))
            (drop (memory.grow (i32.const 2)))
            (drop (table.grow (ref.func $load) (i32.const 1)))
            (i32.store8 offset=1 (global.get $copy) (i32.const 1))
            (call $load)))"#;
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let a = Instance::new(&mut store, &module(&engine, exporter), &[]).unwrap();
        let table = a.get_table(&mut store, "t").unwrap();
        table.grow(&mut store, 1, Ref::Func(None)).unwrap();
        linker.instance(&mut store, "a", a).unwrap();
        let b = linker.instantiate(&mut store, &module(&engine, importer)).unwrap();
        let run = b.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), 0x12a, "{engine:?}");
        let i32_of = |name: &str, store: &mut Store<()>| {
            a.get_typed_func::<(), i32>(&mut *store, name).unwrap().call(store, ()).unwrap()
        };
        assert_eq!((i32_of("load", &mut store), i32_of("size", &mut store)), (0x12a, 3));
        let get = a.get_typed_func::<(), i64>(&mut store, "get").unwrap();
        assert_eq!(get.call(&mut store, ()).unwrap(), 6);
        let call = a.get_typed_func::<i32, i32>(&mut store, "call").unwrap();
        let called: Vec<_> = (1..4).map(|i| call.call(&mut store, i).unwrap()).collect();
        assert_eq!(called, [77, 0x12a, 0x12a], "{engine:?}");
        assert_eq!(a.get_memory(&mut store, "m").unwrap().size(&store), 3);
    }
}

#[test]
fn what_the_host_makes_can_be_imported() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
        let ty = GlobalType::new(ValType::F64, Mutability::Var);
        let global = Global::new(&mut store, ty, Val::from(1.5)).unwrap();
        let ty = TableType::new(RefType::FUNCREF, 1, None);
        let func = Func::wrap(&mut store, || 9i32);
        let table = Table::new(&mut store, ty, func.into()).unwrap();
        linker.define(&store, "h", "m", memory).unwrap();
        linker.define(&store, "h", "g", global).unwrap();
        linker.define(&store, "h", "t", table).unwrap();
        memory.write(&mut store, 100, &[1, 2, 3, 4]).unwrap();
        let wat = r#"(module
            (import "h" "m" (memory 1 4))
            (import "h" "g" (global $g (mut f64)))
            (import "h" "t" (table 1 funcref))
            (func (export "run")
                (if (i32.ne (i32.load (i32.const 100)) (i32.const 0x04030201)) (then unreachable))
                (global.set $g (f64.mul (global.get $g) (f64.const 2)))
                (i32.store (i32.const 200) (call_indirect (result i32) (i32.const 0)))))"#;
        run(&linker, &mut store, wat).unwrap();
        assert_eq!(global.get(&mut store).unwrap_f64(), 3.0);
        assert_eq!(memory.data(&store)[200], 9, "{engine:?}");
    }
}

#[test]
fn a_missing_import_is_named_with_its_type() {
    for engine in engines() {
        let linker = Linker::<()>::new(&engine);
        let wat = r#"(module (import "env" "f" (func (param i32) (result f64))))"#;
        let module = module(&engine, wat);
        let mut store = Store::new(&engine, ());
        for error in [
            linker.instantiate(&mut store, &module).unwrap_err(),
            linker.instantiate_pre(&module).unwrap_err(),
            Instance::new(&mut store, &module, &[]).unwrap_err(),
        ] {
            let text = "unknown import: `env::f` has not been defined, \
                        expected a function of type [i32] -> [f64]";
            assert_eq!(error.to_string(), text);
            let error = error.downcast_ref::<UnknownImportError>().unwrap();
            assert_eq!((error.module(), error.name()), ("env", "f"));
            assert_eq!(error.ty().unwrap_func().param(0), Some(ValType::I32));
        }
        let f = Func::wrap(&mut store, |_: i32| 0f64);
        let error = Instance::new(&mut store, &module, &[f.into(), f.into()]).unwrap_err();
        assert_eq!(error.to_string(), "expected 1 imports, found 2");
    }
}

#[test]
fn an_import_of_the_wrong_type_is_named_with_both_types() {
    let cases = [
        (r#"(func (param i64))"#, "a function of type [i64] -> []"),
        (r#"(global i32)"#, "an immutable global of type i32"),
        (r#"(memory 1)"#, "a memory of at least 1 pages"),
        (r#"(table 1 2 externref)"#, "a table of 1..=2 elements of type externref"),
    ];
    for engine in engines() {
        let mut linker = Linker::<()>::new(&engine);
        linker.func_wrap("a", "b", |_: i32| ()).unwrap();
        for (ty, expected) in cases {
            let module = module(&engine, &format!(r#"(module (import "a" "b" {ty}))"#));
            let mut store = Store::new(&engine, ());
            let expected = format!("incompatible import type for `a::b`: expected {expected}");
            for error in [
                linker.instantiate(&mut store, &module).unwrap_err(),
                linker.instantiate_pre(&module).unwrap_err(),
            ] {
                let text = format!("{error:#}");
                assert!(text.starts_with(&expected), "{text}");
                assert!(text.ends_with("found a function of type [i32] -> []"), "{text}");
            }
        }
    }
}

#[test]
fn limits_of_imports_are_those_of_the_moment() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let memory = Memory::new(&mut store, MemoryType::new(1, Some(5))).unwrap();
        let wants_two = module(&engine, r#"(module (import "" "" (memory 2 5)))"#);
        assert!(Instance::new(&mut store, &wants_two, &[memory.into()]).is_err());
        memory.grow(&mut store, 1).unwrap();
        assert!(Instance::new(&mut store, &wants_two, &[memory.into()]).is_ok());
        let too_small = module(&engine, r#"(module (import "" "" (memory 1 4)))"#);
        assert!(Instance::new(&mut store, &too_small, &[memory.into()]).is_err());
    }
}

#[test]
fn names_are_defined_once_unless_shadowing_is_allowed() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker.func_wrap("a", "f", || 1i32).unwrap();
        let error = linker.func_wrap("a", "f", || 2i32).unwrap_err();
        assert_eq!(error.to_string(), "import of `a::f` defined twice");
        linker.allow_shadowing(true).func_wrap("a", "f", || 3i32).unwrap();
        linker.alias("a", "f", "b", "g").unwrap();
        linker.alias_module("a", "c").unwrap();
        assert!(linker.alias("a", "nothing", "b", "h").is_err());
        assert!(linker.alias_module("nothing", "d").is_err());
        for (module, name) in [("a", "f"), ("b", "g"), ("c", "f")] {
            let func = linker.get(&mut store, module, name).unwrap().into_func().unwrap();
            let func = func.typed::<(), i32>(&store).unwrap();
            assert_eq!(func.call(&mut store, ()).unwrap(), 3);
        }
        let error = linker.get(&mut store, "a", "g").unwrap_err();
        assert_eq!(error.to_string(), "there is no definition of `a::g`");
        let mut names: Vec<_> =
            linker.iter(&mut store).map(|(m, n, _)| format!("{m}.{n}")).collect();
        names.sort();
        assert_eq!(names, ["a.f", "b.g", "c.f"]);
    }
}

#[test]
fn unknown_imports_can_be_errors_when_called() {
    for engine in engines() {
        let wat = r#"(module
            (import "a" "known" (func $known))
            (import "a" "unknown" (func $unknown (param i32) (result i64)))
            (func (export "run") call $known)
            (func (export "fail") (drop (call $unknown (i32.const 1)))))"#;
        let module = module(&engine, wat);
        let mut store = Store::new(&engine, 0);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("a", "known", |mut caller: Caller<'_, i32>| *caller.data_mut() += 1)
            .unwrap();
        linker.define_unknown_imports_as_traps(&module).unwrap();
        let instance = linker.instantiate(&mut store, &module).unwrap();
        let call = |name: &str, store: &mut Store<i32>| {
            instance.get_typed_func::<(), ()>(&mut *store, name).unwrap().call(store, ())
        };
        call("run", &mut store).unwrap();
        assert_eq!(*store.data(), 1);
        let error = call("fail", &mut store).unwrap_err();
        assert_eq!(error.downcast_ref::<UnknownImportError>().unwrap().name(), "unknown");
    }
}

#[test]
fn unknown_imports_can_be_defaults() {
    let wat = r#"(module
        (import "a" "f" (func $f (param i32) (result i64 f32 funcref)))
        (import "a" "g" (global $g f64))
        (import "a" "m" (memory 2 3))
        (import "a" "t" (table 4 externref))
        (func (export "run")
            (call $f (i32.const 1))
            (if (i32.eqz (ref.is_null)) (then unreachable))
            (if (f32.ne (f32.const 0)) (then unreachable))
            (if (i64.ne (i64.const 0)) (then unreachable))
            (if (f64.ne (global.get $g) (f64.const 0)) (then unreachable))
            (if (i32.ne (memory.size) (i32.const 2)) (then unreachable))
            (if (i32.ne (table.size) (i32.const 4)) (then unreachable))))"#;
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let module = module(&engine, wat);
        linker.define_unknown_imports_as_default_values(&mut store, &module).unwrap();
        run(&linker, &mut store, wat).unwrap();
    }
}

const COUNTER: &str = r#"(global $n (mut i32) (i32.const 0))
    (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (global.get $n))"#;

#[test]
fn a_reactor_is_initialised_once_and_a_command_lives_for_one_call() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let initialize = r#"(func (export "_initialize") (global.set $n (i32.const 10)))"#;
        let reactor = module(&engine, &format!("(module {COUNTER} {initialize})"));
        linker.module(&mut store, "reactor", &reactor).unwrap();
        let start = r#"(func (export "_start"))"#;
        let command = module(&engine, &format!("(module {COUNTER} {start})"));
        linker.module(&mut store, "command", &command).unwrap();
        let mut next = |module: &str| {
            let func = linker.get(&mut store, module, "next").unwrap().into_func().unwrap();
            let func = func.typed::<(), i32>(&store).unwrap();
            func.call(&mut store, ()).unwrap()
        };
        assert_eq!([next("reactor"), next("reactor")], [11, 12]);
        assert_eq!([next("command"), next("command")], [1, 1]);
        let start = linker.get_default(&mut store, "command").unwrap();
        start.call(&mut store, &[], &mut []).unwrap();
        let nothing = linker.get_default(&mut store, "reactor").unwrap();
        assert_eq!(nothing.ty(&store), FuncType::new(&engine, [], []));
        nothing.call(&mut store, &[], &mut []).unwrap();
    }
}

#[test]
fn a_prepared_instance_serves_many_stores() {
    for engine in engines() {
        let mut linker = Linker::<i32>::new(&engine);
        linker
            .func_wrap("", "add", |mut caller: Caller<'_, i32>, n: i32| *caller.data_mut() += n)
            .unwrap();
        let wat = r#"(module
            (import "" "add" (func $add (param i32)))
            (func (export "run") (param i32) (call $add (local.get 0))))"#;
        let pre = linker.instantiate_pre(&module(&engine, wat)).unwrap();
        for n in 0..20 {
            let mut store = Store::new(&engine, n);
            for _ in 0..3 {
                let instance = pre.instantiate(&mut store).unwrap();
                let run = instance.get_typed_func::<i32, ()>(&mut store, "run").unwrap();
                run.call(&mut store, 100).unwrap();
            }
            assert_eq!(store.into_data(), n + 300);
        }
    }
}

#[test]
fn one_failed_instantiation_leaves_the_store_usable() {
    let wat = r#"(module
        (import "" "t" (table 2 funcref))
        (memory 1)
        (elem (i32.const 0) $f)
        (data (i32.const 65536) "x")
        (func $f (result i32) (i32.const 3)))"#;
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let ty = TableType::new(RefType::FUNCREF, 2, None);
        let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
        let error = Instance::new(&mut store, &module(&engine, wat), &[table.into()]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::MemoryOutOfBounds));
        // What was written before the failure stays, and works.
        let func = *table.get(&mut store, 0).unwrap().unwrap_func().unwrap();
        let func = func.typed::<(), i32>(&store).unwrap();
        assert_eq!(func.call(&mut store, ()).unwrap(), 3);
    }
}
