//! Typed function references: in guests, and between guests and the host.

mod common;

use bimetal::{
    Func, FuncType, HeapType, Instance, Module, Ref, RefType, Store, Table, TableType, Trap, Val,
    ValType,
};
use common::{engines, instantiate};

const APPLY: &str = r#"(module
    (type $t (func (param i32) (result i32)))
    (type $u (func (param i64)))
    (global $double (ref $t) (ref.func $double))
    (table $typed 2 (ref $t) (ref.func $double))
    (elem declare func $inc $double $other)
    (func $double (param i32) (result i32) (i32.add (local.get 0) (local.get 0)))
    (func $inc (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $other (param i64))
    (func (export "apply") (param (ref null $t) i32) (result i32)
        (call_ref $t (local.get 1) (local.get 0)))
    (func (export "strict") (param (ref $t) i32) (result i32)
        (call_ref $t (local.get 1) (local.get 0)))
    (func (export "inc") (result (ref $t)) (ref.func $inc))
    (func (export "other") (result (ref $u)) (ref.func $other))
    (func (export "non_null") (param (ref null $t)) (result i32)
        (call_ref $t (i32.const 5) (ref.as_non_null (local.get 0))))
    (func (export "or") (param (ref null $t) i32) (result i32)
        (block $null (result i32)
            (i32.const -1)
            (br_on_null $null (local.get 0))
            (local.set 0)
            (return (call_ref $t (local.get 1) (local.get 0)))))
    (func (export "else") (param (ref null $t) i32) (result i32)
        (block $some (result (ref $t))
            (br_on_non_null $some (local.get 0))
            (return (i32.const -1)))
        (local.set 0)
        (call_ref $t (local.get 1) (local.get 0)))
    (func (export "kept") (param i32) (result i32) (local $f (ref $t))
        (local.set $f (global.get $double))
        (if (local.get 0) (then (local.set $f (table.get $typed (i32.const 1)))))
        (call_ref $t (local.get 0) (local.get $f))))"#;

fn call(
    store: &mut Store<()>,
    instance: Instance,
    name: &str,
    args: &[Val],
) -> bimetal::Result<Val> {
    let func = instance.get_func(&mut *store, name).expect("an export");
    let mut results = [Val::I32(0)];
    func.call(store, args, &mut results)?;
    Ok(results[0])
}

#[test]
fn a_reference_is_called_and_null_is_told_apart() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, APPLY);
        let inc = call(&mut store, instance, "inc", &[]).unwrap();
        let null = Val::FuncRef(None);
        let mut get = |name: &str, args: &[Val]| call(&mut store, instance, name, args);
        for name in ["apply", "strict", "or", "else"] {
            assert_eq!(get(name, &[inc, Val::I32(4)]).unwrap().unwrap_i32(), 5, "{name}");
        }
        assert_eq!(get("non_null", &[inc]).unwrap().unwrap_i32(), 6);
        for name in ["or", "else"] {
            let result = get(name, &[null, Val::I32(4)]).unwrap();
            assert_eq!(result.unwrap_i32(), -1, "{name} on {engine:?}");
        }
        assert_eq!(get("kept", &[Val::I32(21)]).unwrap().unwrap_i32(), 42);
        let error = get("apply", &[null, Val::I32(4)]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::NullFunctionReference), "{engine:?}");
        let error = get("non_null", &[null]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::NullReference), "{engine:?}");
    }
}

#[test]
fn the_host_passes_functions_of_the_right_type_only() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, APPLY);
        let other = call(&mut store, instance, "other", &[]).unwrap();
        for wrong in [other, Val::FuncRef(None), Val::I32(1)] {
            let error = call(&mut store, instance, "strict", &[wrong, Val::I32(1)]).unwrap_err();
            assert!(error.root_cause().to_string().contains("type mismatch"), "{error:?}");
            assert!(error.downcast_ref::<Trap>().is_none());
        }
        let square = Func::wrap(&mut store, |a: i32| a * a);
        let result = call(&mut store, instance, "strict", &[square.into(), Val::I32(7)]).unwrap();
        assert_eq!(result.unwrap_i32(), 49, "{engine:?}");
    }
}

#[test]
fn types_of_modules_name_defined_types_that_the_host_can_use() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, APPLY);
        let ty = instance.get_func(&mut store, "strict").unwrap().ty(&store);
        let Some(ValType::Ref(RefType { nullable: false, heap: HeapType::Concrete(id) })) =
            ty.param(0)
        else {
            panic!("{ty}")
        };
        let reference = ValType::Ref(RefType { nullable: true, heap: HeapType::Concrete(id) });
        // A host function that takes such references and gives them back.
        let ty = FuncType::new(&engine, [reference], [reference]);
        let same = Func::new(&mut store, ty, |_, args, results| {
            results[0] = args[0];
            Ok(())
        });
        let wat = r#"(module
            (type $t (func (param i32) (result i32)))
            (import "" "" (func $same (param (ref null $t)) (result (ref null $t))))
            (func (export "run") (param (ref $t)) (result i32)
                (call_ref $t (i32.const 1) (call $same (local.get 0)))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let user = Instance::new(&mut store, &module, &[same.into()]).unwrap();
        let inc = call(&mut store, instance, "inc", &[]).unwrap();
        assert_eq!(call(&mut store, user, "run", &[inc]).unwrap().unwrap_i32(), 2, "{engine:?}");
        // A table of them takes no other functions.
        let element = RefType { nullable: true, heap: HeapType::Concrete(id) };
        let ty = TableType::new(element, 1, None);
        let table = Table::new(&mut store, ty, Ref::Func(None)).unwrap();
        let other = call(&mut store, instance, "other", &[]).unwrap();
        assert!(table.set(&mut store, 0, other.ref_().unwrap()).is_err());
        table.set(&mut store, 0, inc.ref_().unwrap()).unwrap();
    }
}

#[test]
fn a_function_of_a_subtype_can_be_imported_and_called_through_a_table() {
    let wat = r#"(module
        (type $a (sub (func (result i32))))
        (type $b (sub $a (func (result i32))))
        (type $c (sub final $b (func (result i32))))
        (table funcref (elem $fa $fb $fc))
        (func $fa (type $a) (i32.const 1))
        (func $fb (export "b") (type $b) (i32.const 2))
        (func $fc (type $c) (i32.const 3))
        (func (export "as_a") (param i32) (result i32)
            (call_indirect (type $a) (local.get 0)))
        (func (export "as_b") (param i32) (result i32)
            (return_call_indirect (type $b) (local.get 0)))
        (func (export "as_c") (param i32) (result i32)
            (call_indirect (type $c) (local.get 0))))"#;
    let types = "(type $a (sub (func (result i32)))) (type $b (sub $a (func (result i32))))
        (type $c (sub final $b (func (result i32))))";
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        for (name, lowest) in [("as_a", 0), ("as_b", 1), ("as_c", 2)] {
            let func = instance.get_typed_func::<i32, i32>(&mut store, name).unwrap();
            for index in 0..3 {
                let result = func.call(&mut store, index);
                if index >= lowest {
                    assert_eq!(result.unwrap(), index + 1, "{name} on {engine:?}");
                } else {
                    let error = result.unwrap_err();
                    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::BadSignature), "{name}");
                }
            }
        }
        let b = instance.get_export(&mut store, "b").unwrap();
        for (ty, fits) in [("$a", true), ("$b", true), ("$c", false)] {
            let wat = format!(r#"(module {types} (import "" "" (func (type {ty}))))"#);
            let module = Module::new(&engine, wat).unwrap();
            let result = Instance::new(&mut store, &module, std::slice::from_ref(&b));
            assert_eq!(result.is_ok(), fits, "{ty}: {result:?}");
        }
    }
}

#[test]
fn references_that_are_known_not_to_be_null_survive_collections() {
    let wat = r#"(module
        (type $n (struct (field i32)))
        (func $new (param i32) (result (ref null $n)) (struct.new $n (local.get 0)))
        (func (export "run") (result i32) (local $a (ref null $n)) (local $b (ref null $n))
            (ref.as_non_null (call $new (i32.const 1)))
            (block $null
                (br_on_null $null (call $new (i32.const 2)))
                (drop (call $new (i32.const -1)))
                (local.set $a))
            (block $reference (result (ref $n))
                (br_on_non_null $reference (call $new (i32.const 4)))
                (unreachable))
            (drop (call $new (i32.const -1)))
            (local.set $b)
            (i32.add (struct.get $n 0 (local.get $b)) (struct.get $n 0 (local.get $a)))
            (local.set $b (ref.null $n))
            (local.set $a (ref.null $n))
            (call $sum))
        (func $sum (param (ref $n)) (param i32) (result i32)
            (i32.add (struct.get $n 0 (local.get 0)) (local.get 1))))"#;
    for engine in common::engines_with(|config| {
        config.gc_stress(true);
    }) {
        let (mut store, instance) = common::instantiate(&engine, wat);
        let run = instance.get_typed_func::<(), i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, ()).unwrap(), 7, "{engine:?}");
    }
}
