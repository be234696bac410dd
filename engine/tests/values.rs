//! Calls, memories, tables, globals and references as the host handles them.

mod common;

use bimetal::{
    Engine, ExternRef, Func, Global, GlobalType, Memory, MemoryType, Mutability, Ref, RefType,
    Rooted, Store, Table, TableType, Trap, Val, ValType,
};
use common::{engines, engines_with, instantiate};

const ECHO: &str = r#"(module
    (func (export "echo") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
        (local.get 3) (local.get 2) (local.get 1) (local.get 0))
    (func (export "refs") (param funcref externref) (result externref funcref)
        (local.get 1) (local.get 0))
    (func (export "id") (param i32) (result i32) (local.get 0))
    (memory (export "memory") 0))"#;

#[test]
fn typed_and_untyped_calls_carry_every_number() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, ECHO);
        let echo = instance.get_func(&mut store, "echo").unwrap();
        let typed = echo.typed::<(u32, i64, f32, f64), (f64, f32, u64, i32)>(&store).unwrap();
        let (a, b, c, d) = typed.call(&mut store, (u32::MAX, -2, -0.0, f64::MIN)).unwrap();
        assert_eq!((a, b.to_bits(), c, d), (f64::MIN, (-0f32).to_bits(), u64::MAX - 1, -1));
        // Signalling NaNs survive bit for bit.
        let (f32_bits, f64_bits) = (0x7fa0_0001, 0x7ff4_0000_0000_0001);
        let params = [Val::I32(i32::MIN), Val::I64(7), Val::F32(f32_bits), Val::F64(f64_bits)];
        let mut results = [Val::I32(0); 4];
        echo.call(&mut store, &params, &mut results).unwrap();
        assert!(matches!(results[0], Val::F64(bits) if bits == f64_bits), "{results:?}");
        assert!(matches!(results[1], Val::F32(bits) if bits == f32_bits), "{results:?}");
        assert_eq!((results[2].unwrap_i64(), results[3].i32()), (7, Some(i32::MIN)));
        assert_eq!(results[3].i64(), None);
    }
}

#[test]
fn references_come_back_as_they_went() {
    type In = (Option<Func>, Option<Rooted<ExternRef>>);
    type Out = (Option<Rooted<ExternRef>>, Option<Func>);
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, ECHO);
        let refs = instance.get_typed_func::<In, Out>(&mut store, "refs").unwrap();
        let id = instance.get_func(&mut store, "id").unwrap();
        let value = ExternRef::new(&mut store, String::from("value")).unwrap();
        let (value, func) = refs.call(&mut store, (Some(id), Some(value))).unwrap();
        let value = value.unwrap().data(&store).unwrap().unwrap();
        assert_eq!(value.downcast_ref::<String>().unwrap(), "value");
        let func = func.unwrap().typed::<i32, i32>(&store).unwrap();
        assert_eq!(func.call(&mut store, 3).unwrap(), 3);
        let (value, func) = refs.call(&mut store, (None, None)).unwrap();
        assert!(value.is_none() && func.is_none());
        let nulls =
            [Val::null_ref(&RefType::FUNCREF.heap), Val::null_ref(&RefType::EXTERNREF.heap)];
        let mut results = [Val::I32(0); 2];
        refs.func().call(&mut store, &nulls, &mut results).unwrap();
        assert!(results[0].unwrap_externref().is_none() && results[1].unwrap_funcref().is_none());
    }
}

#[test]
fn a_wrong_call_says_what_was_expected_and_found() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, ECHO);
        let id = instance.get_func(&mut store, "id").unwrap();
        let refs = instance.get_func(&mut store, "refs").unwrap();
        let one = &mut [Val::I32(0)];
        let two = &mut [Val::I32(0), Val::I32(0)];
        let errors = [
            (id.call(&mut store, &[], one), "expected 1 argument, found 0"),
            (id.call(&mut store, &[1.into(), 2.into()], one), "expected 1 argument, found 2"),
            (id.call(&mut store, &[1.into()], &mut []), "expected 1 result, found 0"),
            (refs.call(&mut store, &[1.into()], two), "expected 2 arguments, found 1"),
            (
                id.call(&mut store, &[1i64.into()], one),
                "argument 0: type mismatch: expected i32, found i64",
            ),
            (
                refs.call(&mut store, &[Val::FuncRef(None), Val::FuncRef(None)], two),
                "argument 1: type mismatch: expected externref, found a null function reference",
            ),
            (
                refs.call(&mut store, &[Val::F32(0), Val::ExternRef(None)], two),
                "argument 0: type mismatch: expected funcref, found f32",
            ),
            (
                id.typed::<i32, i64>(&store).map(drop),
                "type mismatch: expected a function of type [i32] -> [i64], found [i32] -> [i32]",
            ),
            (
                instance.get_typed_func::<(), ()>(&mut store, "nothing").map(drop),
                "there is no export named `nothing`",
            ),
            (
                instance.get_typed_func::<(), ()>(&mut store, "memory").map(drop),
                "the export `memory` is not a function",
            ),
            (
                instance.get_typed_func::<(), ()>(&mut store, "id").map(drop),
                "the export `id` is of another type: type mismatch: \
                 expected a function of type [] -> [], found [i32] -> [i32]",
            ),
        ];
        for (result, expected) in errors {
            assert_eq!(format!("{:#}", result.unwrap_err()), expected);
        }
    }
}

#[test]
fn a_memory_is_read_written_and_grown_within_bounds() {
    for engine in engines_with(|config| _ = config.memory_guard_pages(false)) {
        memory_within_bounds(&engine);
    }
    engines().iter().for_each(memory_within_bounds);
}

fn memory_within_bounds(engine: &Engine) {
    let mut store = Store::new(engine, 5);
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3))).unwrap();
    let end = 1 << 16;
    memory.write(&mut store, end - 2, &[1, 2]).unwrap();
    assert!(memory.write(&mut store, end - 1, &[3, 4]).is_err());
    assert!(memory.write(&mut store, usize::MAX, &[3]).is_err());
    let mut buffer = [0; 2];
    memory.read(&store, end - 2, &mut buffer).unwrap();
    assert_eq!(buffer, [1, 2]);
    let error = memory.read(&store, end - 1, &mut buffer).unwrap_err();
    assert_eq!(error.to_string(), "out of bounds memory access");
    assert_eq!(memory.grow(&mut store, 2).unwrap(), 1);
    assert!(memory.grow(&mut store, 1).is_err());
    assert!(memory.grow(&mut store, u64::MAX).is_err());
    assert_eq!((memory.size(&store), memory.data_size(&store)), (3, 3 << 16));
    assert_eq!((memory.page_size(&store), memory.ty(&store).maximum()), (1 << 16, Some(3)));
    let (bytes, data) = memory.data_and_store_mut(&mut store);
    bytes[end] = *data;
    *data += 1;
    assert_eq!((memory.data(&store)[end], *store.data()), (5, 6));
    memory.data_mut(&mut store)[0] = 9;
    // SAFETY: the memory is not empty, and nobody else uses it.
    assert_eq!(unsafe { memory.data_ptr(&store).read() }, 9);
}

#[test]
fn impossible_memories_and_tables_are_errors() {
    let mut store = Store::new(&Engine::default(), ());
    assert!(Memory::new(&mut store, MemoryType::new(2, Some(1))).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(65537, None)).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(0, Some(65537))).is_err());
    assert!(Memory::new(&mut store, MemoryType::new(0, Some(65536))).is_ok());
    let table = |min, max| TableType::new(RefType::FUNCREF, min, max);
    assert!(Table::new(&mut store, table(2, Some(1)), Ref::Func(None)).is_err());
    assert!(Table::new(&mut store, table(u32::MAX, None), Ref::Func(None)).is_err());
    assert!(Table::new(&mut store, table(1, None), Ref::Extern(None)).is_err());
}

#[test]
fn a_table_is_read_written_filled_copied_and_grown_within_bounds() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let value = |store: &mut Store<()>, n: i32| Ref::from(ExternRef::new(store, n).unwrap());
        let [one, two] = [value(&mut store, 1), value(&mut store, 2)];
        let ty = TableType::new(RefType::EXTERNREF, 3, Some(5));
        let table = Table::new(&mut store, ty, one).unwrap();
        table.set(&mut store, 1, two).unwrap();
        assert_eq!(table.grow(&mut store, 1, Ref::Extern(None)).unwrap(), 3);
        Table::copy(&mut store, &table, 2, &table, 0, 2).unwrap();
        let contents = |store: &mut Store<()>| {
            let numbers = (0..table.size(&*store)).map(|i| {
                let element = table.get(&mut *store, i).unwrap();
                let value = element.unwrap_extern()?.data(&*store).unwrap().unwrap();
                value.downcast_ref::<i32>().copied()
            });
            numbers.collect::<Vec<_>>()
        };
        assert_eq!(contents(&mut store), [Some(1), Some(2), Some(1), Some(2)]);
        table.fill(&mut store, 1, Ref::Extern(None), 2).unwrap();
        assert_eq!(contents(&mut store), [Some(1), None, None, Some(2)]);
        for error in [
            table.set(&mut store, 4, one).unwrap_err(),
            table.fill(&mut store, 3, one, 2).unwrap_err(),
            Table::copy(&mut store, &table, 3, &table, 0, 2).unwrap_err(),
        ] {
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::TableOutOfBounds));
        }
        assert!(table.get(&mut store, 4).is_none());
        assert!(table.grow(&mut store, 2, one).is_err());
        assert!(table.set(&mut store, 0, Ref::Func(None)).is_err());
        let funcs = TableType::new(RefType::FUNCREF, 1, None);
        let funcs = Table::new(&mut store, funcs, Ref::Func(None)).unwrap();
        let error = Table::copy(&mut store, &table, 0, &funcs, 0, 1).unwrap_err();
        let text = "type mismatch: expected externref, found a table of funcref";
        assert_eq!(error.to_string(), text);
        assert_eq!(contents(&mut store), [Some(1), None, None, Some(2)]);
        assert_eq!(table.ty(&store).maximum(), Some(5));
    }
}

#[test]
fn a_global_is_written_only_if_it_can_be() {
    let mut store = Store::new(&Engine::default(), ());
    let ty = |mutability| GlobalType::new(ValType::I64, mutability);
    let var = Global::new(&mut store, ty(Mutability::Var), Val::I64(1)).unwrap();
    var.set(&mut store, Val::I64(2)).unwrap();
    assert_eq!(var.get(&mut store).unwrap_i64(), 2);
    let error = var.set(&mut store, Val::I32(2)).unwrap_err();
    let text = "value of a global: type mismatch: expected i64, found i32";
    assert_eq!(format!("{error:#}"), text);
    let constant = Global::new(&mut store, ty(Mutability::Const), Val::I64(3)).unwrap();
    assert!(constant.set(&mut store, Val::I64(4)).is_err());
    assert_eq!(constant.get(&mut store).unwrap_i64(), 3);
    assert_eq!(constant.ty(&store).mutability(), Mutability::Const);
    assert!(Global::new(&mut store, ty(Mutability::Var), Val::F64(0)).is_err());
}

#[test]
fn guest_and_host_see_the_same_global() {
    let wat = r#"(module
        (global $g (export "g") (mut f32) (f32.const 1.5))
        (global (export "f") funcref (ref.func 0))
        (func (export "double") (global.set $g (f32.add (global.get $g) (global.get $g)))))"#;
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        let g = instance.get_global(&mut store, "g").unwrap();
        let f = instance.get_global(&mut store, "f").unwrap().get(&mut store);
        let double = f.unwrap_funcref().unwrap().typed::<(), ()>(&store).unwrap();
        double.call(&mut store, ()).unwrap();
        assert_eq!(g.get(&mut store).unwrap_f32(), 3.0, "{engine:?}");
        g.set(&mut store, 10f32.into()).unwrap();
        double.call(&mut store, ()).unwrap();
        assert_eq!(g.get(&mut store).unwrap_f32(), 20.0);
    }
}

#[test]
fn unwrapping_the_wrong_value_panics_with_both_types() {
    let panic = std::panic::catch_unwind(|| Val::I64(5).unwrap_i32()).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "expected an `i32`, found I64(5)");
    assert!(Val::default_for_ty(&ValType::I32).is_some_and(|val| val.unwrap_i32() == 0));
    assert_eq!(Val::from(1.5f64).f64(), Some(1.5));
    assert!(Val::I32(1).ref_().is_none());
    let any = |nullable| ValType::Ref(RefType { nullable, heap: bimetal::HeapType::Any });
    assert!(Val::default_for_ty(&any(true)).is_some_and(|val| matches!(val, Val::AnyRef(None))));
    assert!(Val::default_for_ty(&any(false)).is_none());
}
