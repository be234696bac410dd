//! Traps, their backtraces, and the end of the stack.

mod common;

use bimetal::{
    Caller, Engine, Error, Extern, Func, FuncType, Instance, Linker, Module, Store, Trap,
    WasmBacktrace,
};
use common::{engines, engines_with, instantiate, run};

fn trap_of(engine: &Engine, body: &str) -> Error {
    let wat = format!(
        r#"(module
            (type $none (func))
            (type $other (func (param i64)))
            (memory 1)
            (table 3 funcref)
            (elem (i32.const 1) $other)
            (func $other (param i64))
            (func $run (export "run") {body}))"#
    );
    let (mut store, instance) = instantiate(engine, &wat);
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    run.call(&mut store, ()).unwrap_err()
}

#[test]
fn every_trap_is_told_by_its_value() {
    let cases = [
        ("unreachable", Trap::UnreachableCodeReached),
        ("(drop (i32.load (i32.const -1)))", Trap::MemoryOutOfBounds),
        ("(drop (i32.load offset=0xffffffff (i32.const -1)))", Trap::MemoryOutOfBounds),
        ("(i64.store (i32.const 65529) (i64.const 0))", Trap::MemoryOutOfBounds),
        ("(memory.fill (i32.const 65536) (i32.const 0) (i32.const 1))", Trap::MemoryOutOfBounds),
        ("(drop (table.get (i32.const 3)))", Trap::TableOutOfBounds),
        ("(call_indirect (type $none) (i32.const 3))", Trap::UndefinedElement),
        ("(call_indirect (type $none) (i32.const 0))", Trap::IndirectCallToNull),
        ("(call_indirect (type $none) (i32.const 1))", Trap::BadSignature),
        ("(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))", Trap::IntegerOverflow),
        ("(drop (i64.rem_u (i64.const 1) (i64.const 0)))", Trap::IntegerDivisionByZero),
        ("(drop (i32.trunc_f32_s (f32.const nan)))", Trap::BadConversionToInteger),
        ("(drop (i64.trunc_f64_u (f64.const 1e300)))", Trap::IntegerOverflow),
    ];
    for engine in engines() {
        for (body, expected) in cases {
            let error = trap_of(&engine, body);
            assert_eq!(error.downcast_ref::<Trap>(), Some(&expected), "{body} on {engine:?}");
            assert_eq!(error.root_cause().to_string(), expected.to_string());
            let backtrace = error.downcast_ref::<WasmBacktrace>().expect("a backtrace");
            assert_eq!(backtrace.frames()[0].func_name(), Some("run"), "{body} on {engine:?}");
        }
    }
}

const NESTED: &str = r#"(module $nested
    (func $outer (export "run") call $middle)
    (func $middle call 2)
    (func nop unreachable))"#;

#[test]
fn a_backtrace_names_functions_and_offsets_from_the_inside_out() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, NESTED);
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let error = run.call(&mut store, ()).unwrap_err();
        let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
        let names: Vec<_> = frames.iter().map(|frame| frame.func_name()).collect();
        assert_eq!(names, [None, Some("middle"), Some("outer")], "{engine:?}");
        let indices: Vec<_> = frames.iter().map(|frame| frame.func_index()).collect();
        assert_eq!(indices, [2, 1, 0]);
        // Bodies start with the number of local groups; `nop` takes a byte too.
        let offsets: Vec<_> = frames.iter().map(|frame| frame.func_offset()).collect();
        assert_eq!(offsets, [Some(2), Some(1), Some(1)], "{engine:?}");
        let binary = frames[0].module().binary();
        let at = |frame: &bimetal::FrameInfo| binary[frame.module_offset().unwrap()];
        assert_eq!(frames.iter().map(at).collect::<Vec<_>>(), [0x00, 0x10, 0x10]);
        assert_eq!(frames[0].module().name(), Some("nested"));
    }
}

#[test]
fn an_error_prints_its_backtrace_and_its_trap() {
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, NESTED);
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        let text = format!("{:?}", run.call(&mut store, ()).unwrap_err());
        let expected = [
            "error while executing at wasm backtrace:",
            "- nested!<wasm function 2>",
            "- nested!middle",
            "- nested!outer",
            "Caused by:",
            "wasm trap: unreachable",
        ];
        let mut rest = &text[..];
        for part in expected {
            let at = rest.find(part).unwrap_or_else(|| panic!("`{part}` in {text}"));
            rest = &rest[at + part.len()..];
        }
    }
}

#[test]
fn a_backtrace_goes_through_the_host() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "back", |mut caller: Caller<'_, ()>| {
                let Some(Extern::Func(inner)) = caller.get_export("inner") else { return Ok(()) };
                inner.call(&mut caller, &[], &mut [])
            })
            .unwrap();
        let wat = r#"(module
            (import "host" "back" (func $back))
            (func $inner (export "inner") unreachable)
            (func $run (export "run") call $back))"#;
        let error = run(&linker, &mut store, wat).unwrap_err();
        let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
        let names: Vec<_> = frames.iter().map(|frame| frame.func_name().unwrap()).collect();
        assert_eq!(names, ["inner", "run"], "{engine:?}");
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
    }
}

#[test]
fn a_host_function_can_capture_the_backtrace() {
    for engine in engines() {
        let mut store = Store::new(&engine, Vec::new());
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("", "look", |mut caller: Caller<'_, Vec<String>>| {
                let backtrace = WasmBacktrace::capture(&caller);
                let names =
                    backtrace.frames().iter().map(|frame| frame.func_name().unwrap().into());
                let names: Vec<String> = names.collect();
                caller.data_mut().extend(names);
            })
            .unwrap();
        let wat = r#"(module
            (import "" "look" (func $look))
            (func $a call $look)
            (func $b (export "run") call $a))"#;
        run(&linker, &mut store, wat).unwrap();
        assert_eq!(store.data(), &["a", "b"]);
        assert!(WasmBacktrace::capture(&store).frames().is_empty());
    }
}

#[test]
fn endless_recursion_traps_and_the_store_goes_on() {
    let wat = r#"(module
        (func $run (export "run") (param i32) (result i32)
            (i32.add (i32.const 1) (call $run (i32.add (local.get 0) (i32.const 1)))))
        (func $even (export "mutual") (param i64) call $odd)
        (func $odd (call $even (i64.const 1)))
        (func (export "fine") (result i32) (i32.const 7)))"#;
    for engine in engines() {
        let (mut store, instance) = instantiate(&engine, wat);
        for _ in 0..3 {
            let run = instance.get_typed_func::<i32, i32>(&mut store, "run").unwrap();
            let error = run.call(&mut store, 0).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{engine:?}");
            let backtrace = error.downcast_ref::<WasmBacktrace>().unwrap();
            assert!(backtrace.omitted() > 0);
            let mutual = instance.get_func(&mut store, "mutual").unwrap();
            let error = mutual.call(&mut store, &[1i64.into()], &mut []).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{engine:?}");
            let fine = instance.get_typed_func::<(), i32>(&mut store, "fine").unwrap();
            assert_eq!(fine.call(&mut store, ()).unwrap(), 7);
        }
    }
}

#[test]
fn recursion_through_the_host_traps() {
    for engine in engines() {
        let mut store = Store::new(&engine, 0u64);
        let mut linker = Linker::new(&engine);
        linker
            .func_wrap("host", "again", |mut caller: Caller<'_, u64>| {
                *caller.data_mut() += 1;
                let Some(Extern::Func(run)) = caller.get_export("run") else { return Ok(()) };
                run.typed::<(), ()>(&caller)?.call(&mut caller, ())
            })
            .unwrap();
        let wat = r#"(module
            (import "host" "again" (func $again))
            (func (export "run") call $again))"#;
        for _ in 0..2 {
            let error = run(&linker, &mut store, wat).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow), "{engine:?}");
        }
        assert!(*store.data() > 100, "{} calls on {engine:?}", store.data());
    }
}

#[test]
fn a_smaller_stack_ends_sooner() {
    let depth = |engine: &Engine| {
        let wat = r#"(module
            (global $depth (export "depth") (mut i32) (i32.const 0))
            (func $run (export "run")
                (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
                call $run))"#;
        let (mut store, instance) = instantiate(engine, wat);
        let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
        run.call(&mut store, ()).unwrap_err();
        instance.get_global(&mut store, "depth").unwrap().get(&mut store).unwrap_i32()
    };
    let small = engines_with(|config| {
        config.max_wasm_stack(64 << 10).interpreter_stack(64 << 10);
    });
    for (small, large) in small.iter().zip(engines()) {
        let (small, large) = (depth(small), depth(&large));
        assert!(small > 10 && small * 2 < large, "{small} and {large} on {large:?}");
    }
}

#[test]
fn a_start_function_runs_and_its_trap_is_the_instantiation_s() {
    for engine in engines() {
        let mut store = Store::new(&engine, 0);
        let count = Func::wrap(&mut store, |mut caller: Caller<'_, i32>| *caller.data_mut() += 1);
        let wat = r#"(module (import "" "" (func $count)) (start $count))"#;
        let module = Module::new(&engine, wat).unwrap();
        Instance::new(&mut store, &module, &[count.into()]).unwrap();
        assert_eq!(*store.data(), 1);
        let module = Module::new(&engine, "(module (start 0) (func $boom unreachable))").unwrap();
        let error = Instance::new(&mut store, &module, &[]).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached));
        let frames = error.downcast_ref::<WasmBacktrace>().unwrap().frames();
        assert_eq!(frames[0].func_name(), Some("boom"));
    }
}

#[test]
fn a_segment_out_of_bounds_is_a_trap() {
    let data = r#"(module (memory 1) (data (i32.const 65536) "x"))"#;
    let elem = "(module (table 1 funcref) (elem (i32.const 1) 0) (func))";
    for engine in engines() {
        for (wat, trap) in [(data, Trap::MemoryOutOfBounds), (elem, Trap::TableOutOfBounds)] {
            let module = Module::new(&engine, wat).unwrap();
            let mut store = Store::new(&engine, ());
            let error = Instance::new(&mut store, &module, &[]).unwrap_err();
            assert_eq!(error.downcast_ref::<Trap>(), Some(&trap));
        }
    }
}

#[test]
fn a_host_function_can_return_a_trap() {
    for engine in engines() {
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        let ty = FuncType::new(&engine, [], []);
        linker.func_new("", "stop", ty, |_, _, _| Err(Trap::Interrupt.into())).unwrap();
        let wat = r#"(module (import "" "stop" (func $stop)) (func (export "run") call $stop))"#;
        let error = run(&linker, &mut store, wat).unwrap_err();
        assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    }
}

#[test]
fn extreme_stack_sizes_are_traps_or_errors() {
    let wat = r#"(module
        (func $run (export "run") (param i32) (result i32) (local i64 i64)
            (if (result i32) (local.get 0)
                (then (call $run (i32.sub (local.get 0) (i32.const 1))))
                (else (i32.const 7)))))"#;
    for bytes in [0, 1, 100, 4096, 1 << 40, usize::MAX] {
        for engine in engines_with(|config| {
            config.max_wasm_stack(bytes).interpreter_stack(bytes);
        }) {
            let module = Module::new(&engine, wat).unwrap();
            let mut store = Store::new(&engine, ());
            let result = Instance::new(&mut store, &module, &[]).and_then(|instance| {
                let run = instance.get_typed_func::<i32, i32>(&mut store, "run")?;
                run.call(&mut store, 20)
            });
            match result {
                Ok(result) => assert_eq!(result, 7),
                Err(error) => {
                    let trap = error.downcast_ref::<Trap>();
                    assert!(trap.is_none_or(|&trap| trap == Trap::StackOverflow), "{error:?}");
                }
            }
        }
    }
}
