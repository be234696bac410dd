//! Guests that import the functions, under every strategy.

use bimetal::{Config, Engine, Error, Linker, Module, Result, Store, Strategy};
use bimetal_wasi::pipe::{MemoryInputPipe, MemoryOutputPipe};
use bimetal_wasi::{FUNCTIONS, I32Exit, MODULE, WasiCtx, WasiCtxBuilder, add_to_linker};

/// The strategies that are built in, which the reference always is.
fn strategies() -> Vec<Strategy> {
    let built_in = |strategy: &Strategy| Engine::new(Config::new().strategy(*strategy)).is_ok();
    let strategies: Vec<Strategy> = Strategy::ALL.iter().copied().filter(built_in).collect();
    assert!(strategies.contains(&Strategy::Reference));
    strategies
}

/// Instantiates a guest and calls `_start`.
fn run(strategy: Strategy, wat: &str, ctx: WasiCtx) -> Result<()> {
    let engine = Engine::new(Config::new().strategy(strategy))?;
    let module = Module::new(&engine, wat)?;
    let mut linker = Linker::new(&engine);
    add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx)?;
    let mut store = Store::new(&engine, ctx);
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())
}

fn exit_code(result: Result<()>) -> Option<i32> {
    result.err().and_then(|error| error.downcast_ref::<I32Exit>().map(|exit| exit.0))
}

#[test]
fn a_guest_copies_its_input_to_its_output_and_exits() {
    const CAT: &str = r#"(module
        (import "wasi_snapshot_preview1" "fd_read"
            (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write"
            (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1)
        (func (export "_start")
            (loop $next
                (i32.store (i32.const 0) (i32.const 64))
                (i32.store (i32.const 4) (i32.const 5))
                (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4))
                    (then (unreachable)))
                (if (i32.eqz (i32.load (i32.const 4)))
                    (then (call $exit (i32.const 42))))
                (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))
                    (then (unreachable)))
                (br $next))))"#;
    for strategy in strategies() {
        let out = MemoryOutputPipe::new(1 << 10);
        let ctx = WasiCtxBuilder::new()
            .stdin(MemoryInputPipe::new("a sentence that takes several turns"))
            .stdout(out.clone())
            .build();
        assert_eq!(exit_code(run(strategy, CAT, ctx)), Some(42), "{strategy:?}");
        assert_eq!(out.contents(), b"a sentence that takes several turns");
    }
}

/// A guest that imports every function and calls each with zeros.
fn calls_everything() -> String {
    use std::fmt::Write;
    let (mut imports, mut calls) = (String::new(), String::new());
    for function in FUNCTIONS.iter().filter(|function| function.returns) {
        let types = |prefix: &str, suffix: &str| {
            let mut list = String::new();
            for parameter in function.parameters {
                let ty = if parameter.wide { "i64" } else { "i32" };
                write!(list, " {prefix}{ty}{suffix}").unwrap();
            }
            list
        };
        let name = function.name;
        let parameters = types("", "");
        let arguments = types("(", ".const 0)");
        write!(
            imports,
            "(import \"{MODULE}\" \"{name}\" (func ${name} (param{parameters}) (result i32)))"
        )
        .unwrap();
        write!(calls, "(drop (call ${name}{arguments}))").unwrap();
    }
    format!(
        "(module {imports}
            (import \"{MODULE}\" \"proc_exit\" (func $proc_exit (param i32)))
            (memory (export \"memory\") 1)
            (func (export \"_start\") {calls} (call $proc_exit (i32.const 7))))"
    )
}

#[test]
fn every_function_can_be_imported_and_called() {
    let wat = calls_everything();
    for strategy in strategies() {
        let ctx = WasiCtxBuilder::new().build();
        assert_eq!(exit_code(run(strategy, &wat, ctx)), Some(7), "{strategy:?}");
    }
}

#[test]
fn a_guest_without_a_memory_gets_an_error() {
    const NO_MEMORY: &str = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "_start") (drop (call $yield))))"#;
    for strategy in strategies() {
        let error = run(strategy, NO_MEMORY, WasiCtxBuilder::new().build()).unwrap_err();
        assert!(format!("{error:#}").contains("must export a memory"), "{error:#}");
    }
}

#[test]
fn the_functions_are_defined_once() {
    let mut linker = Linker::new(&Engine::default());
    let mut add = || -> Result<(), Error> { add_to_linker(&mut linker, |ctx: &mut WasiCtx| ctx) };
    assert!(add().is_ok());
    assert!(add().is_err());
}
