//! Imports, initial values, segments and what remains after a failure.

use super::*;
use crate::host::HostFunc;
use crate::store::StoreBox;
use crate::test_tier::{call, instantiate, store, store_with};
use crate::vmctx::VmFuncRef;
use bimetal_core::types::FuncType;

fn message(store: &mut StoreBox, wat: &str, imports: &[Extern]) -> String {
    instantiate(store, wat, imports).unwrap_err().to_string()
}

fn export(store: &StoreBox, instance: InstanceId, name: &str) -> Extern {
    store.export(instance, name).unwrap()
}

fn func(external: Extern) -> VmFuncRef {
    let Extern::Func(func) = external else { panic!("not a function") };
    // SAFETY: the store of the test is alive.
    unsafe { func.as_ref() }.clone()
}

#[test]
fn a_missing_import_and_one_of_the_wrong_type_are_named() {
    let mut store = store();
    let importer = r#"(module (import "env" "mem" (memory 2 3)))"#;
    assert_eq!(message(&mut store, importer, &[]), "expected 1 imports, found 0");
    let instance = instantiate(&mut store, r#"(module (memory (export "m") 1))"#, &[]).unwrap();
    let memory = export(&store, instance, "m");
    assert_eq!(
        message(&mut store, importer, &[memory]),
        "incompatible import type for `env::mem`: \
         expected a memory of 2..=3 pages of 65536 bytes, indexed by i32, \
         found a memory of at least 1 pages of 65536 bytes, indexed by i32"
    );
    let importer = r#"(module (import "env" "f" (func (param i32) (result i64))))"#;
    assert_eq!(
        message(&mut store, importer, &[memory]),
        "incompatible import type for `env::f`: expected a function of type [i32] -> [i64], \
         found a memory of at least 1 pages of 65536 bytes, indexed by i32"
    );
}

#[test]
fn a_memory_is_imported_at_its_current_size() {
    let mut store = store();
    let instance = instantiate(&mut store, r#"(module (memory (export "m") 1))"#, &[]).unwrap();
    let memory = export(&store, instance, "m");
    let Extern::Memory(id) = memory else { panic!() };
    store.memory_mut(id).grow(4).unwrap();
    let importer = r#"(module (import "" "" (memory 5)))"#;
    let importer = instantiate(&mut store, importer, &[memory]).unwrap();
    assert_eq!(store.instance(importer).memories(), [id]);
}

#[test]
fn a_function_is_imported_with_its_exporters_context_and_type() {
    let mut store = store();
    let wat = r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#;
    let exporter = instantiate(&mut store, wat, &[]).unwrap();
    let import = export(&store, exporter, "f");
    let wat = r#"(module (import "" "" (func (param i32) (result i32))) (export "g" (func 0)))"#;
    let importer = instantiate(&mut store, wat, &[import]).unwrap();
    let (original, copy) = (func(import), func(export(&store, importer, "g")));
    assert_eq!(copy.cx, store.instance(exporter).cx());
    assert_eq!((copy.code, copy.type_id), (original.code, original.type_id));
    assert_eq!(call(&mut store, importer, "g", 1).unwrap(), 2);
    let wat = r#"(module (import "m" "f" (func (param i32))))"#;
    assert!(
        message(&mut store, wat, &[import]).contains("found a function of type [i32] -> [i32]")
    );
}

#[test]
fn globals_tables_and_segments_take_the_values_of_constant_expressions() {
    let mut store = store();
    let base = instantiate(&mut store, r#"(module (global (export "b") i32 (i32.const 2)))"#, &[]);
    let import = export(&store, base.unwrap(), "b");
    let wat = r#"(module
        (import "" "" (global i32))
        (func $f (param i32) (result i32) local.get 0)
        (global (export "v") i64 (i64.const -1))
        (global (export "r") funcref (ref.func $f))
        (memory (export "m") 1)
        (table (export "t") 5 funcref)
        (elem (global.get 0) func $f $f)
        (elem (table 0) (i32.const 0) funcref (ref.null func) (ref.func $f))
        (data (global.get 0) "xyz")
        (data (i32.const 4) "Z"))"#;
    let instance = instantiate(&mut store, wat, &[import]).unwrap();
    let Extern::Global(v) = export(&store, instance, "v") else { panic!() };
    assert_eq!(store.global(v).get().map(Slot::bits), [u64::MAX, 0]);
    let Extern::Global(r) = export(&store, instance, "r") else { panic!() };
    let f = store.global(r).get()[0];
    assert_eq!(store.instance(instance).func_slot(FuncIdx(0)), f);
    let Extern::Table(t) = export(&store, instance, "t") else { panic!() };
    let null = Slot::ZERO;
    assert_eq!(store.table(t).elements(), [null, f, f, f, null]);
    let Extern::Memory(m) = export(&store, instance, "m") else { panic!() };
    assert_eq!(store.memory(m).data()[..6], *b"\0\0xyZ\0");
}

#[test]
fn a_segment_out_of_bounds_traps_and_earlier_writes_stay() {
    let mut store = store();
    let wat = r#"(module (memory (export "m") 1) (table (export "t") 3 funcref))"#;
    let owner = instantiate(&mut store, wat, &[]).unwrap();
    let imports = [export(&store, owner, "m"), export(&store, owner, "t")];
    let [Extern::Memory(memory), Extern::Table(table)] = imports else { panic!() };
    let wat = r#"(module (import "" "m" (memory 1)) (import "" "t" (table 3 funcref))
        (func $f (param i32) (result i32) local.get 0)
        (elem (i32.const 2) func $f)
        (data (i32.const 0) "kept")
        (data (i32.const 65535) "xx")
        (data (i32.const 8) "never"))"#;
    let error = message(&mut store, wat, &imports);
    assert_eq!(error, "wasm trap: out of bounds memory access");
    assert_eq!(store.memory(memory).data()[..9], *b"kept\0\0\0\0\0");
    assert_eq!(store.memory(memory).data()[65535], 0);
    // The function in the table outlives the failed instantiation.
    let f = store.table(table).get(2).unwrap().bits() as *const VmFuncRef;
    let mut slots = [Slot::from_i32(1)];
    // SAFETY: the store keeps the instance, so the record is valid.
    unsafe { crate::abi::invoke(store.vm(), f, slots.as_mut_ptr()).unwrap() };
    assert_eq!(slots[0].i32(), 2);
    let wat = r#"(module (import "" "m" (memory 1)) (import "" "t" (table 3 funcref))
        (func $f) (elem (i32.const 2) func $f $f) (data (i32.const 0) "lost"))"#;
    let error = message(&mut store, wat, &imports);
    assert_eq!(error, "wasm trap: out of bounds table access");
    assert_eq!(store.memory(memory).data()[..4], *b"kept");
}

#[test]
fn only_escaping_functions_have_records_and_the_start_function_is_one() {
    let mut store = store();
    let instance = instantiate(&mut store, "(module (func) (func $s) (start $s))", &[]).unwrap();
    let instance = store.instance(instance);
    assert!(instance.func_ref(FuncIdx(1)).is_some());
    assert!(instance.func_ref(FuncIdx(0)).is_none());
    // SAFETY: the store is alive.
    let start = unsafe { instance.start().unwrap().as_ref() };
    assert_eq!((start.index, start.cx), (1, instance.cx()));
}

#[test]
fn an_imported_start_function_is_the_import() {
    let mut store = store();
    let body = Box::new(|_, _, _| Ok(()));
    let host = Arc::new(HostFunc::new(&store.types, FuncType::default(), body));
    let import = Extern::Func(store.new_host_func(host));
    let wat = r#"(module (import "" "" (func $s)) (start $s))"#;
    let instance = instantiate(&mut store, wat, &[import]).unwrap();
    let instance = store.instance(instance);
    let start = instance.start().unwrap();
    assert_eq!(Some(start), instance.func_ref(FuncIdx(0)));
    // SAFETY: the store is alive.
    let record = unsafe { start.as_ref() };
    assert_eq!(record.cx as usize, start.as_ptr() as usize);
    assert_eq!((record.caller, record.index), (instance.cx(), VmFuncRef::HOST));
}

#[test]
fn the_number_of_instances_is_limited() {
    let limits = crate::limits::StoreLimits { max_instances: 1, ..Default::default() };
    let mut store = store_with(limits);
    instantiate(&mut store, "(module)", &[]).unwrap();
    assert!(message(&mut store, "(module)", &[]).contains("limited to 1 instances"));
}
