//! Host functions: every shape, their errors and their panics.

mod common;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bimetal::{
    Caller, Error, Extern, ExternRef, Func, FuncType, Linker, Module, Result, Rooted, Store, V128,
    Val, ValType, WasmBacktrace, bail,
};
use common::{engines, run};

#[derive(Debug, PartialEq)]
struct Exit(i32);

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit with code {}", self.0)
    }
}

impl std::error::Error for Exit {}

#[test]
fn the_error_of_a_host_function_comes_back_as_the_same_value() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "exit", |code: i32| -> Result<()> { Err(Exit(code).into()) })
            .unwrap();
        let wat = r#"(module
            (import "host" "exit" (func $exit (param i32)))
            (func $main (export "run") (call $exit (i32.const 3)) unreachable))"#;
        let error = run(&linker, &mut store, wat).unwrap_err();
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(3)), "{engine:?}");
        assert_eq!(error.root_cause().downcast_ref::<Exit>(), Some(&Exit(3)));
        let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
        assert_eq!(frames[0].func_name(), Some("main"));
        assert_eq!(error.downcast::<Exit>().unwrap(), Exit(3));
    }
}

#[test]
fn an_error_goes_through_several_layers_of_guest_and_host() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "down", |mut caller: Caller<'_, ()>, depth: i32| -> Result<()> {
                if depth == 0 {
                    bail!("the bottom");
                }
                let down = caller.get_export("down").and_then(Extern::into_func).unwrap();
                let down = down.typed::<i32, ()>(&caller)?;
                down.call(&mut caller, depth - 1).map_err(|error| error.context(depth))
            })
            .unwrap();
        let wat = r#"(module
            (import "host" "down" (func $down (param i32)))
            (func (export "down") (param i32) (call $down (local.get 0)))
            (func (export "run") (call $down (i32.const 2))))"#;
        let error = run(&linker, &mut store, wat).unwrap_err();
        assert_eq!(error.downcast_ref::<i32>(), Some(&2));
        assert_eq!(error.root_cause().to_string(), "the bottom");
        // One backtrace, of the innermost failure: three guest frames deep.
        assert_eq!(error.downcast_ref::<WasmBacktrace>().unwrap().frames().len(), 3);
    }
}

#[test]
fn a_panic_of_a_host_function_goes_through_the_guest() {
    for engine in engines() {
        let mut store = Store::new(&engine, 0);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "panic", |mut caller: Caller<'_, i32>| -> () {
                *caller.data_mut() += 1;
                std::panic::panic_any(Exit(9));
            })
            .unwrap();
        let wat = r#"(module
            (import "host" "panic" (func $panic))
            (func (export "run") call $panic))"#;
        for _ in 0..2 {
            let call = || run(&linker, &mut store, wat);
            let panic = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
            assert_eq!(panic.downcast_ref::<Exit>(), Some(&Exit(9)), "{engine:?}");
        }
        assert_eq!(*store.data(), 2);
        assert!(WasmBacktrace::capture(&store).frames().is_empty());
    }
}

const SIXTEEN: &str = r#"(module
    (type $f (func (param i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64 i32 i64 f32 f64)
        (result f64 f32 i64 i32)))
    (import "" "f" (func $f (type $f)))
    (func (export "run")
        (call $f (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)
            (i32.const 5) (i64.const 6) (f32.const 7) (f64.const 8)
            (i32.const 9) (i64.const 10) (f32.const 11) (f64.const 12)
            (i32.const -13) (i64.const -14) (f32.const 15) (f64.const 16))
        (if (i32.ne (i32.const -13)) (then unreachable))
        (if (i64.ne (i64.const -14)) (then unreachable))
        (if (f32.ne (f32.const 15)) (then unreachable))
        (if (f64.ne (f64.const 16)) (then unreachable))))"#;

#[test]
fn host_functions_take_sixteen_parameters() {
    for engine in engines() {
        let mut store = Store::new(&engine, Vec::new());
        let mut linker = Linker::new(&engine);
        type Log = Vec<f64>;
        linker
            .func_wrap(
                "",
                "f",
                |mut caller: Caller<'_, Log>,
                 a: i32,
                 b: i64,
                 c: f32,
                 d: f64,
                 e: u32,
                 f: u64,
                 g: f32,
                 h: f64,
                 i: i32,
                 j: i64,
                 k: f32,
                 l: f64,
                 m: i32,
                 n: i64,
                 o: f32,
                 p: f64| {
                    let ints = [a.into(), b, e.into(), f as i64, i.into(), j, m.into(), n];
                    caller.data_mut().extend(ints.map(|value| value as f64));
                    let floats = [c.into(), d, g.into(), h, k.into(), l, o.into(), p];
                    caller.data_mut().extend(floats);
                    (p, o, n, m)
                },
            )
            .unwrap();
        run(&linker, &mut store, SIXTEEN).unwrap();
        let ints = [1., 2., 5., 6., 9., 10., -13., -14.];
        let floats = [3., 4., 7., 8., 11., 12., 15., 16.];
        assert_eq!(*store.data(), [ints, floats].concat(), "{engine:?}");
    }
}

#[test]
fn host_functions_return_every_shape() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let store = &mut store;
        let unit = Func::wrap(&mut *store, || ());
        let one = Func::wrap(&mut *store, || 1i32);
        let two = Func::wrap(&mut *store, || (1i32, 2.5f64));
        let fallible = Func::wrap(&mut *store, |n: i32| -> Result<(i32, i64)> {
            if n == 0 { Err(Exit(1).into()) } else { Ok((n, 2)) }
        });
        unit.typed::<(), ()>(&*store).unwrap().call(&mut *store, ()).unwrap();
        assert_eq!(one.typed::<(), i32>(&*store).unwrap().call(&mut *store, ()).unwrap(), 1);
        assert_eq!(one.typed::<(), (i32,)>(&*store).unwrap().call(&mut *store, ()).unwrap(), (1,));
        let two = two.typed::<(), (i32, f64)>(&*store).unwrap();
        assert_eq!(two.call(&mut *store, ()).unwrap(), (1, 2.5));
        let fallible = fallible.typed::<i32, (i32, i64)>(&*store).unwrap();
        assert_eq!(fallible.call(&mut *store, 1).unwrap(), (1, 2));
        let error = fallible.call(&mut *store, 0).unwrap_err();
        assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(1)));
        // No guest was involved.
        assert!(error.downcast_ref::<WasmBacktrace>().is_none());
    }
}

#[test]
fn vectors_and_references_pass_between_hosts() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let swap = Func::wrap(&mut store, |a: V128, n: i32, b: V128| (b, n + 1, a));
        let (a, b) = (V128::from_u128(1 << 100), V128::from_u128(7));
        let typed = swap.typed::<(V128, i32, V128), (V128, i32, V128)>(&store).unwrap();
        assert_eq!(typed.call(&mut store, (a, 5, b)).unwrap(), (b, 6, a));
        let mut results = [Val::I32(0); 3];
        swap.call(&mut store, &[a.into(), 5.into(), b.into()], &mut results).unwrap();
        assert_eq!(results[0].unwrap_v128(), b);
        assert_eq!((results[1].unwrap_i32(), results[2].unwrap_v128()), (6, a));

        type Refs = (Option<Func>, Option<Rooted<ExternRef>>);
        let same = Func::wrap(&mut store, |f: Option<Func>, e: Option<Rooted<ExternRef>>| (f, e));
        let value = ExternRef::new(&mut store, 5u8).unwrap();
        let same = same.typed::<Refs, Refs>(&store).unwrap();
        let (f, e) = same.call(&mut store, (Some(swap), Some(value))).unwrap();
        assert!(Rooted::ref_eq(&store, &e.unwrap(), &value).unwrap());
        assert_eq!(f.unwrap().ty(&store), swap.ty(&store));
        let (f, e) = same.call(&mut store, (None, None)).unwrap();
        assert!(f.is_none() && e.is_none());
    }
}

#[test]
fn dynamic_host_functions_see_and_make_values() {
    for engine in engines() {
        let mut store = Store::new(&engine, 100);
        let mut linker = Linker::new(&engine);
        let ty = FuncType::new(&engine, [ValType::I32, ValType::F64], [ValType::F64, ValType::I32]);
        linker
            .func_new("", "f", ty, |caller: Caller<'_, i32>, params, results| {
                assert_eq!(results[0].unwrap_f64(), 0.0);
                results[0] = params[1];
                results[1] = Val::I32(params[0].unwrap_i32() + caller.data());
                Ok(())
            })
            .unwrap();
        let wat = r#"(module
            (import "" "f" (func $f (param i32 f64) (result f64 i32)))
            (func (export "run")
                (call $f (i32.const 1) (f64.const 2.5))
                (if (i32.ne (i32.const 101)) (then unreachable))
                (if (f64.ne (f64.const 2.5)) (then unreachable))))"#;
        run(&linker, &mut store, wat).unwrap();
    }
}

#[test]
fn a_dynamic_host_function_with_the_wrong_result_is_an_error() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let ty = FuncType::new(&engine, [], [ValType::I32]);
        let bad = Func::new(&mut store, ty, |_, _, results| {
            results[0] = Val::I64(1);
            Ok(())
        });
        let error = bad.call(&mut store, &[], &mut [Val::I32(0)]).unwrap_err();
        let text = format!("{error:#}");
        assert_eq!(text, "result 0 of a host function: type mismatch: expected i32, found i64");
    }
}

#[test]
fn many_values_go_through_dynamic_functions() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let types = [ValType::I64; 100];
        let ty = FuncType::new(&engine, types, types);
        let reverse = Func::new(&mut store, ty, |_, params, results| {
            results.copy_from_slice(params);
            results.reverse();
            Ok(())
        });
        let params: Vec<Val> = (0..100i64).map(Val::from).collect();
        let mut results = [Val::I32(0); 100];
        reverse.call(&mut store, &params, &mut results).unwrap();
        assert!((0..100).all(|i| results[i as usize].unwrap_i64() == 99 - i));
    }
}

#[test]
fn a_caller_finds_the_exports_of_its_instance_and_no_others() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("", "f", |mut caller: Caller<'_, ()>| -> Result<()> {
                let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                    bail!("no memory");
                };
                memory.write(&mut caller, 3, b"xyz")?;
                assert!(caller.get_export("nothing").is_none());
                Ok(())
            })
            .unwrap();
        let wat = r#"(module
            (import "" "f" (func $f))
            (memory (export "memory") 1)
            (func (export "run")
                call $f
                (if (i32.ne (i32.load8_u (i32.const 4)) (i32.const 0x79)) (then unreachable))))"#;
        run(&linker, &mut store, wat).unwrap();
        let f = linker.get(&mut store, "", "f").unwrap().into_func().unwrap();
        let error: Error = f.call(&mut store, &[], &mut []).unwrap_err();
        assert_eq!(error.to_string(), "no memory");
    }
}

#[test]
fn a_host_function_instantiates_in_the_store_of_its_caller() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let inner =
            Module::new(&engine, r#"(module (func (export "f") (result i32) i32.const 5))"#);
        let inner = inner.unwrap();
        let instances = linker.clone();
        linker
            .func_wrap("", "spawn", move |mut caller: Caller<'_, ()>| -> Result<i32> {
                let instance = instances.instantiate(&mut caller, &inner)?;
                instance.get_typed_func::<(), i32>(&caller, "f")?.call(&mut caller, ())
            })
            .unwrap();
        let wat = r#"(module
            (import "" "spawn" (func $spawn (result i32)))
            (func (export "run")
                (if (i32.ne (call $spawn) (i32.const 5)) (then unreachable))
                (drop (call $spawn))))"#;
        run(&linker, &mut store, wat).unwrap();
    }
}

#[test]
fn a_host_function_in_a_table_is_called_indirectly() {
    for engine in engines() {
        let mut store = Store::new(&engine, 0);
        let wat = r#"(module
            (table (export "t") 1 funcref)
            (func (export "run") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance = bimetal::Instance::new(&mut store, &module, &[]).unwrap();
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, i32>, n: i32| {
            *caller.data_mut() += n;
            n + 1
        });
        let table = instance.get_table(&mut store, "t").unwrap();
        table.set(&mut store, 0, host.into()).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        assert_eq!(run.call(&mut store, 41).unwrap(), 42, "{engine:?}");
        assert_eq!(*store.data(), 41);
    }
}

#[test]
fn a_host_function_that_no_instance_imports_unwinds_the_guest_that_called_it() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let wat = r#"(module
            (table (export "t") 1 funcref)
            (func (export "run") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance = bimetal::Instance::new(&mut store, &module, &[]).unwrap();
        let host = Func::wrap(&mut store, |mut caller: Caller<'_, ()>, n: i32| -> Result<i32> {
            assert!(caller.get_export("t").is_none(), "no instance imports the function");
            match n {
                0 => Err(Exit(4).into()),
                1 => std::panic::panic_any(Exit(5)),
                n => Ok(n),
            }
        });
        let table = instance.get_table(&mut store, "t").unwrap();
        table.set(&mut store, 0, host.into()).unwrap();
        let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
        for round in 2..5 {
            let error = run.call(&mut store, 0).unwrap_err();
            assert_eq!(error.downcast_ref::<Exit>(), Some(&Exit(4)), "{engine:?}");
            let call = AssertUnwindSafe(|| run.call(&mut store, 1));
            let panic = catch_unwind(call).unwrap_err();
            assert_eq!(panic.downcast_ref::<Exit>(), Some(&Exit(5)), "{engine:?}");
            assert_eq!(run.call(&mut store, round).unwrap(), round);
        }
    }
}

#[test]
fn values_around_a_call_survive_it_however_it_ends() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let wat = r#"(module (func (export "run") (param i64) (result i64)
            (if (i64.eqz (local.get 0)) (then unreachable))
            (i64.mul (local.get 0) (i64.const 3))))"#;
        let module = Module::new(&engine, wat).unwrap();
        let instance = bimetal::Instance::new(&mut store, &module, &[]).unwrap();
        let run = instance.get_typed_func::<i64, i64>(&mut store, "run").unwrap();
        // More than there are registers, each in the next round's sum.
        let mut sums = [1_i64, 2, 3, 5, 8, 13, 21, 34, 55, 89];
        let mut expected = sums;
        for round in 0..20 {
            let result = run.call(&mut store, round % 3);
            let step = result.unwrap_or(-7);
            sums.iter_mut().for_each(|sum| *sum = sum.wrapping_mul(5) ^ step);
            let step = if round % 3 == 0 { -7 } else { round % 3 * 3 };
            expected.iter_mut().for_each(|sum| *sum = sum.wrapping_mul(5) ^ step);
        }
        assert_eq!(sums, expected, "{engine:?}");
    }
}
