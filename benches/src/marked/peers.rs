//! The other engines on programs that mark what is to be measured. wasmtime and wasmi
//! have the functions of our WASI crate; what stitch and tinywasm let a host function see
//! of memory is not enough for it: they run programs that import nothing but the marks.

use bimetal_wasi::{FUNCTIONS, GuestMemory, I32Exit, MODULE};

use super::{START, World, exit_code, is_marked, measure};
use crate::contest::Contestant;
use crate::guest::{Error, Guest};
use crate::measure::{self, Figures, Task};

/// Does a task on another engine.
///
/// # Errors
/// If the engine refuses the module, or running it fails.
pub fn measure_peer(engine: &Contestant, task: &Task) -> Result<Figures, Error> {
    let wasm = std::fs::read(&task.file)?;
    if is_marked(&wasm) {
        return measure(&task.file, &wasm, |wasm, world| program(engine, wasm, world));
    }
    measure::measure(task, |wasm| engine.load(wasm, "run"))
}

fn program(engine: &Contestant, wasm: &[u8], world: World) -> Result<Guest, Error> {
    match engine {
        Contestant::Wasmtime(engine) => wasmtime(engine, wasm, world),
        Contestant::Wasmi(engine) => wasmi(engine, wasm, world),
        Contestant::Stitch => stitch(wasm, &world),
        Contestant::Tinywasm => tinywasm(wasm, &world),
        Contestant::Ours(_) => Err("our own tiers are no peers".into()),
    }
}

/// Defines the imports of a program in a linker of an engine whose library has the same
/// names as wasmtime's; `$exit` makes the error that ends the program.
macro_rules! define {
    ($library:ident, $linker:ident, $types:expr, $error:expr, $exit:expr) => {{
        $linker.func_wrap("bench", "start", |caller: $library::Caller<'_, World>| {
            caller.data().span.start();
        })?;
        $linker.func_wrap("bench", "end", |caller: $library::Caller<'_, World>| {
            caller.data().span.end();
        })?;
        for function in FUNCTIONS {
            use $library::{Val, ValType};
            let wide = |wide| if wide { ValType::I64 } else { ValType::I32 };
            let params: Vec<_> = function.parameters.iter().map(|at| wide(at.wide)).collect();
            let results: Vec<_> = function.returns.then_some(ValType::I32).into_iter().collect();
            let call = move |mut caller: $library::Caller<'_, World>,
                             params: &[Val],
                             results: &mut [Val]| {
                let Some($library::Extern::Memory(memory)) = caller.get_export("memory") else {
                    return Err($error("a program exports `memory`"));
                };
                let bits = |value: &Val| match *value {
                    Val::I32(value) => u64::from(value.cast_unsigned()),
                    Val::I64(value) => value.cast_unsigned(),
                    _ => 0,
                };
                let bits: Vec<u64> = params.iter().map(bits).collect();
                let (bytes, world) = memory.data_and_store_mut(&mut caller);
                let memory = &mut GuestMemory::new(bytes);
                match (world.wasi.call(function.name, memory, &bits), results) {
                    (Some(Ok(errno)), [result]) => *result = Val::I32(errno as i32),
                    (Some(Err(exit)), _) => return Err($exit(exit)),
                    _ => {}
                }
                Ok(())
            };
            $linker.func_new(MODULE, function.name, $types(params, results), call)?;
        }
    }};
}

fn wasmtime(engine: &wasmtime::Engine, wasm: &[u8], world: World) -> Result<Guest, Error> {
    let mut linker = wasmtime::Linker::new(engine);
    let types = |params, results| wasmtime::FuncType::new(engine, params, results);
    define!(wasmtime, linker, types, wasmtime::Error::msg, wasmtime::Error::new);
    let module = wasmtime::Module::new(engine, wasm)?;
    let mut store = wasmtime::Store::new(engine, world);
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(), ()>(&mut store, START)?;
    Ok(Guest {
        call: Box::new(move |_| match run.call(&mut store, ()) {
            Ok(()) => Ok(0),
            Err(error) => exit_code(error.downcast_ref()).ok_or_else(|| error.into()),
        }),
        code_bytes: Box::new(move || Some(module.text().len())),
    })
}

fn wasmi(engine: &wasmi::Engine, wasm: &[u8], world: World) -> Result<Guest, Error> {
    let mut linker = wasmi::Linker::new(engine);
    let exit = |exit: I32Exit| wasmi::Error::i32_exit(exit.0);
    define!(wasmi, linker, wasmi::FuncType::new, wasmi::Error::new, exit);
    let module = wasmi::Module::new(engine, wasm)?;
    let mut store = wasmi::Store::new(engine, world);
    let instance = linker.instantiate_and_start(&mut store, &module)?;
    let run = instance.get_typed_func::<(), ()>(&store, START)?;
    Ok(Guest {
        call: Box::new(move |_| match run.call(&mut store, ()) {
            Ok(()) => Ok(0),
            Err(error) => error.i32_exit_status().map(Into::into).ok_or_else(|| error.into()),
        }),
        code_bytes: Box::new(|| None),
    })
}

fn stitch(wasm: &[u8], world: &World) -> Result<Guest, Error> {
    use makepad_stitch::{Engine, Func, Linker, Module, Store};
    let mut store = Store::new(Engine::new());
    let mut linker = Linker::new();
    let [start, end] = [world.span.clone(), world.span.clone()];
    linker.define("bench", "start", Func::wrap(&mut store, move || start.start()));
    linker.define("bench", "end", Func::wrap(&mut store, move || end.end()));
    let module = Module::new(store.engine(), wasm).map_err(|error| error.to_string())?;
    let instance = linker.instantiate(&mut store, &module).map_err(|error| error.to_string())?;
    let run = instance.exported_func(START).ok_or("no such export")?;
    Ok(Guest {
        call: Box::new(move |_| {
            run.call(&mut store, &[], &mut []).map_err(|error| error.to_string())?;
            Ok(0)
        }),
        code_bytes: Box::new(|| None),
    })
}

fn tinywasm(wasm: &[u8], world: &World) -> Result<Guest, Error> {
    use tinywasm::{FuncContext, HostFunction, Imports};
    let module = tinywasm::parse_bytes(wasm)?;
    let mut store = tinywasm::Store::default();
    let [start, end] = [world.span.clone(), world.span.clone()];
    let start = HostFunction::from(&mut store, move |_: FuncContext<'_>, (): ()| {
        start.start();
        Ok(())
    });
    let end = HostFunction::from(&mut store, move |_: FuncContext<'_>, (): ()| {
        end.end();
        Ok(())
    });
    let mut imports = Imports::new();
    imports.define("bench", "start", start).define("bench", "end", end);
    let instance = tinywasm::ModuleInstance::instantiate(&mut store, &module, Some(imports))?;
    let run = instance.func::<(), ()>(&store, START)?;
    Ok(Guest {
        call: Box::new(move |_| {
            run.call(&mut store, ())?;
            Ok(0)
        }),
        code_bytes: Box::new(|| None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contest::PEERS;

    #[test]
    fn every_peer_measures_the_span_that_a_program_marks() {
        let wasm = wat::parse_str(
            r#"(module (import "bench" "start" (func $start)) (import "bench" "end" (func $end))
            (memory (export "memory") 1)
            (func (export "_start") (call $start) (call $end)))"#,
        );
        let path = std::env::temp_dir().join(format!("bimetal-marked-{}.wasm", std::process::id()));
        std::fs::write(&path, wasm.unwrap()).unwrap();
        let task = Task { file: path.clone(), times: 1, budget: 0, watch: 0 };
        for name in PEERS {
            let figures = measure_peer(&Contestant::peer(name).unwrap(), &task).unwrap();
            assert_eq!((figures.runs_ns.len(), figures.first_ns), (1, None), "{name}");
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_program_on_wasmtime_and_wasmi_writes_and_exits_as_on_ours() {
        let wasm = wat::parse_str(
            r#"(module
            (import "bench" "start" (func $start)) (import "bench" "end" (func $end))
            (import "wasi_snapshot_preview1" "fd_write"
              (func $write (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (data (i32.const 0) "\08\00\00\00\05\00\00\00hello")
            (func (export "_start")
              (call $start)
              (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))
              (call $end)
              (call $exit (i32.const 0))))"#,
        );
        let path = std::env::temp_dir().join(format!("bimetal-writes-{}.wasm", std::process::id()));
        std::fs::write(&path, wasm.unwrap()).unwrap();
        let task = Task { file: path.clone(), times: 1, budget: 0, watch: 0 };
        for name in ["wasmtime", "wasmi"] {
            let figures = measure_peer(&Contestant::peer(name).unwrap(), &task).unwrap();
            assert_eq!(figures.checksum, "hello", "{name}");
        }
        let error = measure_peer(&Contestant::Stitch, &task).unwrap_err().to_string();
        assert!(error.starts_with(measure::UNSUPPORTED), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}
