// An embedder's program. `engine_under_test` is one engine or the other: see
// `lib.rs`. Messages are left out of the transcript, for they are each engine's
// own; values, types, names, offsets and kinds of errors are in it.

use engine_under_test::{
    AsContextMut, Caller, Engine, Error, Extern, ExternRef, ExternType, Func, FuncType, Global,
    GlobalType, Instance, Linker, Memory, MemoryType, Module, Mutability, Ref, RefType, Result,
    Rooted, Store, Table, TableType, Trap, TypedFunc, Val, ValType, WasmBacktrace,
};

/// What the program observed, in order.
type Transcript = Vec<String>;

macro_rules! log {
    ($to:expr, $($arg:tt)*) => { $to.push(format!($($arg)*)) };
}

/// The embedder's data in each store.
#[derive(Default)]
pub struct Host {
    log: Transcript,
    count: u32,
}

/// The embedder's own error.
#[derive(Debug, PartialEq)]
struct Exit(i32);

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit with {}", self.0)
    }
}

impl std::error::Error for Exit {}

/// Runs the program.
///
/// # Errors
/// If the engine fails where it must not.
pub fn run(engine: &Engine) -> Result<Transcript> {
    let mut out = Transcript::new();
    let parts: [fn(&Engine, &mut Transcript) -> Result<()>; 8] =
        [modules, calls, host, errors, memories, tables_and_globals, references, linking];
    for part in parts {
        part(engine, &mut out)?;
    }
    Ok(out)
}

/// A value without what differs between engines: the identity of references.
fn show(val: &Val) -> String {
    match val {
        Val::I32(value) => format!("i32 {value}"),
        Val::I64(value) => format!("i64 {value}"),
        Val::F32(bits) => format!("f32 {bits:#x}"),
        Val::F64(bits) => format!("f64 {bits:#x}"),
        Val::FuncRef(func) => format!("func {}", func.is_some()),
        Val::ExternRef(value) => format!("extern {}", value.is_some()),
        _ => "other".into(),
    }
}

fn kind(ty: &ExternType) -> String {
    match ty {
        ExternType::Func(ty) => format!("func {} -> {}", ty.params().len(), ty.results().len()),
        ExternType::Global(ty) if ty.content().is_ref() => format!("{:?} ref", ty.mutability()),
        ExternType::Global(ty) => format!("{:?} {}", ty.mutability(), ty.content()),
        ExternType::Table(ty) => format!("table {} {:?}", ty.minimum(), ty.maximum()),
        ExternType::Memory(ty) => format!("memory {} {:?}", ty.minimum(), ty.maximum()),
        _ => "other".into(),
    }
}

fn modules(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module $name
            (import "a" "f" (func (param i32 f64) (result i64)))
            (import "a" "m" (memory 1 3))
            (global (export "g") (mut f32) (f32.const 1))
            (table (export "t") 2 7 funcref)
            (func (export "run")))"#,
    )?;
    log!(out, "name {:?}", module.name());
    for import in module.imports() {
        log!(out, "import {} {} {}", import.module(), import.name(), kind(&import.ty()));
    }
    for export in module.exports() {
        log!(out, "export {} {}", export.name(), kind(&export.ty()));
    }
    log!(out, "absent {:?}", module.get_export("absent").is_none());
    for bad in ["(module", "(module (func (result i32)))", "(module (func call 5))"] {
        log!(out, "refused {}", Module::new(engine, bad).is_err());
    }
    let mut store = Store::new(engine, Host::default());
    log!(out, "missing imports {}", Instance::new(&mut store, &module, &[]).is_err());
    let linker = Linker::<Host>::new(engine);
    log!(out, "unknown imports {}", linker.instantiate(&mut store, &module).is_err());
    Ok(())
}

fn calls(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let module = Module::new(
        engine,
        r#"(module
            (func $fib (export "fib") (param i32) (result i32)
                (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))
                    (then (local.get 0))
                    (else (i32.add
                        (call $fib (i32.sub (local.get 0) (i32.const 1)))
                        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
            (func (export "swap") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
                (local.get 3) (local.get 2) (local.get 1) (local.get 0)))"#,
    )?;
    let mut store = Store::new(engine, Host::default());
    let instance = Instance::new(&mut store, &module, &[])?;
    let fib: TypedFunc<u32, u32> = instance.get_typed_func(&mut store, "fib")?;
    log!(out, "fib {}", fib.call(&mut store, 15)?);
    let swap = instance.get_func(&mut store, "swap").expect("exported");
    let typed = swap.typed::<(i32, u64, f32, f64), (f64, f32, i64, u32)>(&store)?;
    log!(out, "swap {:?}", typed.call(&mut store, (-1, u64::MAX, -0.0, f64::INFINITY))?);
    let mut results = [Val::I32(0), Val::I32(0), Val::I32(0), Val::I32(0)];
    let params = [Val::I32(1), Val::I64(2), Val::F32(0x7fa0_0001), Val::F64(4)];
    swap.call(&mut store, &params, &mut results)?;
    log!(out, "swap {:?}", results.each_ref().map(show));
    log!(out, "type {:?}", swap.ty(&store).params().map(|ty| ty.to_string()).collect::<Vec<_>>());
    log!(out, "too few {}", swap.call(&mut store, &params[1..], &mut results).is_err());
    log!(out, "too short {}", swap.call(&mut store, &params, &mut results[1..]).is_err());
    let wrong = [Val::I64(1), Val::I64(2), Val::F32(3), Val::F64(4)];
    log!(out, "wrong type {}", swap.call(&mut store, &wrong, &mut results).is_err());
    log!(out, "wrong signature {}", swap.typed::<(), ()>(&store).is_err());
    log!(out, "absent {}", instance.get_typed_func::<(), ()>(&mut store, "absent").is_err());
    Ok(())
}

const HOST: &str = r#"(module
    (import "host" "print" (func $print (param i32 i32)))
    (import "host" "pair" (func $pair (param i32 i64) (result i64 i32)))
    (import "host" "swap" (func $swap (param f64 i32) (result i32 f64)))
    (import "host" "again" (func $again (param i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 8) "hello")
    (global $started (mut i32) (i32.const 0))
    (func $start (global.set $started (i32.const 1)))
    (start $start)
    (func (export "run") (result i64 i32 i32 f64 i32)
        (call $print (i32.const 8) (i32.const 5))
        (call $print (i32.const 65530) (i32.const 100))
        (call $pair (i32.const 3) (i64.const 4))
        (call $swap (f64.const 0.5) (i32.const 6))
        (global.get $started))
    (func $down (export "down") (param i32) (result i32)
        (if (result i32) (i32.eqz (local.get 0))
            (then (i32.const 100))
            (else (i32.add (i32.const 1) (call $again (local.get 0)))))))"#;

fn host(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let mut linker = Linker::new(engine);
    linker.func_wrap(
        "host",
        "print",
        |mut caller: Caller<'_, Host>, at: u32, len: u32| -> Result<()> {
            let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
                return Err(Exit(1).into());
            };
            let (bytes, host) = memory.data_and_store_mut(&mut caller);
            let text = bytes.get(at as usize..).and_then(|bytes| bytes.get(..len as usize));
            host.log.push(String::from_utf8_lossy(text.unwrap_or(b"out of bounds")).into());
            Ok(())
        },
    )?;
    linker.func_wrap("host", "pair", |a: i32, b: i64| (b, a))?;
    let ty = FuncType::new(engine, [ValType::F64, ValType::I32], [ValType::I32, ValType::F64]);
    linker.func_new("host", "swap", ty, |mut caller: Caller<'_, Host>, params, results| {
        caller.data_mut().count += 1;
        results[0] = params[1];
        results[1] = params[0];
        Ok(())
    })?;
    linker.func_wrap("host", "again", |mut caller: Caller<'_, Host>, n: i32| -> Result<i32> {
        let Some(Extern::Func(func)) = caller.get_export("down") else { return Ok(-1) };
        caller.data_mut().count += 1;
        func.typed::<i32, i32>(&caller)?.call(&mut caller, n - 1)
    })?;
    let module = Module::new(engine, HOST)?;
    let mut store = Store::new(engine, Host::default());
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.get_typed_func::<(), (i64, i32, i32, f64, i32)>(&mut store, "run")?;
    log!(out, "run {:?}", run.call(&mut store, ())?);
    let down = instance.get_typed_func::<i32, i32>(&mut store, "down")?;
    log!(out, "down {}", down.call(&mut store, 20)?);
    out.append(&mut store.data_mut().log);
    let wrapped =
        Func::wrap(&mut store, |caller: Caller<'_, Host>, n: u32| caller.data().count + n);
    log!(out, "direct {}", wrapped.typed::<u32, u32>(&store)?.call(&mut store, 1000)?);
    log!(out, "into data {}", store.into_data().count);
    Ok(())
}

fn describe(error: &Error) -> String {
    let frames = error.downcast_ref::<WasmBacktrace>().map_or(&[][..], |trace| trace.frames());
    let frames = frames.iter().map(|frame| {
        let name = frame.func_name().unwrap_or("-");
        format!("{name} {} {:?}", frame.func_index(), frame.module_offset())
    });
    format!(
        "trap {:?}, exit {:?}, root exit {}, frames {:?}",
        error.downcast_ref::<Trap>(),
        error.downcast_ref::<Exit>(),
        error.root_cause().is::<Exit>(),
        frames.collect::<Vec<_>>(),
    )
}

fn errors(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let mut linker = Linker::<Host>::new(engine);
    linker.func_wrap("host", "exit", |code: i32| -> Result<()> { Err(Exit(code).into()) })?;
    linker.func_wrap("host", "trap", || -> Result<()> { Err(Trap::Interrupt.into()) })?;
    let module = Module::new(
        engine,
        r#"(module $errors
            (import "host" "exit" (func $exit (param i32)))
            (import "host" "trap" (func $trap))
            (memory 1)
            (table 2 funcref)
            (elem (i32.const 1) $exit)
            (func $inner unreachable)
            (func $unreachable (export "unreachable") nop call $inner)
            (func $divide (export "divide") (param i32) (drop (i32.div_u (i32.const 1) (i32.const 0))))
            (func $overflow (export "overflow") (drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1))))
            (func $convert (export "convert") (drop (i32.trunc_f32_s (f32.const nan))))
            (func $load (export "load") (drop (i32.load offset=4 (i32.const 65532))))
            (func $null (export "null") (call_indirect (i32.const 0)))
            (func $signature (export "signature") (call_indirect (i32.const 1)))
            (func $element (export "element") (drop (table.get (i32.const 2))))
            (func $call_exit (export "exit") (call $exit (i32.const 7)))
            (func $call_trap (export "trap") call $trap)
            (func $deep (export "deep") call $deep call $deep))"#,
    )?;
    let mut store = Store::new(engine, Host::default());
    let instance = linker.instantiate(&mut store, &module)?;
    let names = ["unreachable", "overflow", "convert", "load", "null", "signature", "element"];
    for name in names.into_iter().chain(["exit", "trap"]) {
        let func = instance.get_typed_func::<(), ()>(&mut store, name)?;
        let error = func.call(&mut store, ()).expect_err("it fails");
        log!(out, "{name}: {}", describe(&error));
    }
    let divide = instance.get_func(&mut store, "divide").expect("exported");
    let error = divide.call(&mut store, &[Val::I32(0)], &mut []).expect_err("it fails");
    log!(out, "divide: {}", describe(&error.context("with context")));
    let deep = instance.get_typed_func::<(), ()>(&mut store, "deep")?;
    let error = deep.call(&mut store, ()).expect_err("it fails");
    log!(out, "deep: {:?}", error.downcast_ref::<Trap>());
    let exit = linker.get(&mut store, "host", "exit")?.into_func().expect("a function");
    let error = exit.call(&mut store, &[Val::I32(9)], &mut []).expect_err("it fails");
    log!(out, "from the host: {}", describe(&error));
    log!(out, "taken out: {:?}", error.downcast::<Exit>().ok());
    let start = Module::new(engine, "(module (start 0) (func unreachable))")?;
    let error = Instance::new(&mut store, &start, &[]).expect_err("it fails");
    log!(out, "start: {}", describe(&error));
    let data = Module::new(engine, r#"(module (memory 1) (data (i32.const 65536) "x"))"#)?;
    let error = Instance::new(&mut store, &data, &[]).expect_err("it fails");
    log!(out, "data: {:?}", error.downcast_ref::<Trap>());
    Ok(())
}

fn memories(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let mut store = Store::new(engine, Host::default());
    let memory = Memory::new(&mut store, MemoryType::new(1, Some(3)))?;
    memory.write(&mut store, 65535, &[5])?;
    log!(out, "write {}", memory.write(&mut store, 65535, &[5, 6]).is_err());
    let mut buffer = [0; 2];
    memory.read(&store, 65534, &mut buffer)?;
    log!(out, "read {buffer:?} {}", memory.read(&store, 65535, &mut buffer).is_err());
    log!(out, "grow {} {}", memory.grow(&mut store, 1)?, memory.grow(&mut store, 5).is_err());
    log!(out, "size {} {}", memory.size(&store), memory.data_size(&store));
    memory.data_mut(&mut store)[65536] = 7;
    log!(out, "data {:?}", &memory.data(&store)[65534..65538]);
    log!(out, "type {}", kind(&ExternType::Memory(memory.ty(&store))));
    log!(out, "current {}", kind(&Extern::Memory(memory).ty(&store)));
    Ok(())
}

fn tables_and_globals(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let mut store = Store::new(engine, Host::default());
    let func = Func::wrap(&mut store, || 5i32);
    let ty = TableType::new(RefType::FUNCREF, 2, Some(4));
    let table = Table::new(&mut store, ty, Ref::Func(None))?;
    table.set(&mut store, 1, Ref::Func(Some(func)))?;
    log!(out, "set {}", table.set(&mut store, 2, Ref::Func(None)).is_err());
    log!(out, "wrong type {}", table.set(&mut store, 0, Ref::Extern(None)).is_err());
    log!(out, "grow {}", table.grow(&mut store, 1, Ref::Func(Some(func)))?);
    log!(out, "grow {}", table.grow(&mut store, 2, Ref::Func(None)).is_err());
    Table::copy(&mut store, &table, 0, &table, 1, 1)?;
    table.fill(&mut store, 2, Ref::Func(None), 1)?;
    for index in 0..4 {
        let element = table.get(&mut store, index);
        log!(out, "element {:?}", element.map(|element| element.unwrap_func().is_some()));
    }
    log!(out, "type {}", kind(&ExternType::Table(table.ty(&store))));
    let ty = GlobalType::new(ValType::I64, Mutability::Var);
    let global = Global::new(&mut store, ty, Val::I64(1))?;
    global.set(&mut store, Val::I64(-2))?;
    log!(out, "global {}", show(&global.get(&mut store)));
    log!(out, "wrong type {}", global.set(&mut store, Val::I32(1)).is_err());
    let ty = GlobalType::new(ValType::FUNCREF, Mutability::Const);
    let global = Global::new(&mut store, ty, Val::FuncRef(Some(func)))?;
    log!(out, "constant {}", global.set(&mut store, Val::FuncRef(None)).is_err());
    log!(
        out,
        "global {} {}",
        show(&global.get(&mut store)),
        kind(&Extern::Global(global).ty(&store))
    );
    Ok(())
}

fn references(engine: &Engine, out: &mut Transcript) -> Result<()> {
    type Refs = (Option<Rooted<ExternRef>>, Option<Func>);
    let module = Module::new(
        engine,
        r#"(module
            (table (export "t") 1 externref)
            (func (export "same") (param externref funcref) (result externref funcref)
                (table.set (i32.const 0) (local.get 0)) (local.get 0) (local.get 1)))"#,
    )?;
    let mut store = Store::new(engine, Host::default());
    let instance = Instance::new(&mut store, &module, &[])?;
    let same = instance.get_typed_func::<Refs, Refs>(&mut store, "same")?;
    let func = Func::wrap(&mut store, |n: i64| n * 2);
    let value = ExternRef::new(&mut store, String::from("ours"))?;
    let (value, func) = same.call(&mut store, (Some(value), Some(func)))?;
    let value = value.expect("not null");
    let text = value.data(&store)?.and_then(|value| value.downcast_ref::<String>());
    log!(out, "extern {text:?}");
    let func = func.expect("not null").typed::<i64, i64>(&store)?;
    log!(out, "func {}", func.call(&mut store, 21)?);
    let table = instance.get_table(&mut store, "t").expect("exported");
    let element = table.get(&mut store, 0).expect("in bounds");
    let element = *element.unwrap_extern().expect("not null");
    log!(out, "same {}", Rooted::<ExternRef>::ref_eq(&store, &element, &value)?);
    let (value, func) = same.call(&mut store, (None, None))?;
    log!(out, "null {} {}", value.is_none(), func.is_none());
    Ok(())
}

fn bump(mut store: impl AsContextMut<Data = Host>) -> u32 {
    store.as_context_mut().data_mut().count += 1;
    store.as_context_mut().data().count
}

fn linking(engine: &Engine, out: &mut Transcript) -> Result<()> {
    let counter = Module::new(
        engine,
        r#"(module
            (global $n (export "n") (mut i32) (i32.const 0))
            (func (export "_initialize") (global.set $n (i32.const 10)))
            (func (export "next") (result i32)
                (global.set $n (i32.add (global.get $n) (i32.const 1)))
                (global.get $n)))"#,
    )?;
    let user = Module::new(
        engine,
        r#"(module
            (import "counter" "next" (func $next (result i32)))
            (import "alias" "n" (global $n (mut i32)))
            (import "env" "missing" (func $missing (param i32) (result i64)))
            (func (export "run") (result i32)
                (drop (call $next)) (i32.add (call $next) (global.get $n)))
            (func (export "miss") (drop (call $missing (i32.const 1)))))"#,
    )?;
    let mut store = Store::new(engine, Host::default());
    let mut linker = Linker::new(engine);
    linker.module(&mut store, "counter", &counter)?;
    linker.alias_module("counter", "alias")?;
    log!(out, "twice {}", linker.func_wrap("counter", "next", || 1i32).is_err());
    linker.define_unknown_imports_as_traps(&user)?;
    let pre = linker.instantiate_pre(&user)?;
    for _ in 0..2 {
        let instance = pre.instantiate(&mut store)?;
        let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
        log!(out, "run {}", run.call(&mut store, ())?);
        let miss = instance.get_typed_func::<(), ()>(&mut store, "miss")?;
        log!(out, "miss {}", miss.call(&mut store, ()).is_err());
        let names = instance.exports(&mut store).map(|export| export.name().to_string());
        log!(out, "exports {:?}", names.collect::<Vec<_>>());
    }
    linker.allow_shadowing(true);
    linker.func_wrap("counter", "next", |caller: Caller<'_, Host>| caller.data().count as i32)?;
    log!(out, "bump {} {}", bump(&mut store), bump(store.as_context_mut()));
    log!(out, "undefined {}", linker.get(&mut store, "counter", "absent").is_err());
    let instance = linker.instantiate(&mut store, &user)?;
    let run = instance.get_typed_func::<(), i32>(&mut store, "run")?;
    log!(out, "shadowed {}", run.call(&mut store, ())?);
    let wrong = Module::new(engine, r#"(module (import "counter" "next" (func (param i32))))"#)?;
    log!(out, "wrong type {}", linker.instantiate(&mut store, &wrong).is_err());
    Ok(())
}
