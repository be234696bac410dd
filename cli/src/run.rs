//! `bimetal run`

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bimetal::error::Context as _;
use bimetal::{
    Cache, CacheConfig, Config, Engine, Error, Extern, Instance, Linker, Module, ProfilingStrategy,
    Result, Store, Strategy, Val,
};
use bimetal_benches::marked::Span;
use bimetal_benches::measure::peak_rss;
use bimetal_wasi::{DirPerms, FilePerms, WasiCtx, WasiCtxBuilder};

use crate::args::{GuestArgs, Profile, RunArgs, Tier, UnknownImports};
use crate::stats::{Stats, functions, nanos, not_compiled};
use crate::{compile, input, invoke};

/// Runs a program. Everything that can be found missing without compiling is
/// reported before anything is compiled.
pub(crate) fn run(args: RunArgs) -> Result<ExitCode> {
    let mut stats = Stats {
        tier: args.tier.unwrap_or(Tier::Tiered).name(),
        parse_ns: 0,
        compile_ns: 0,
        instantiate_ns: 0,
        exec_ns: 0,
        peak_rss_bytes: None,
        not_compiled: Vec::new(),
        functions: Vec::new(),
    };
    let span = Span::default();
    let result = execute(&args, &span, &mut stats);
    if args.stats {
        if let Some(elapsed) = span.elapsed() {
            stats.exec_ns = nanos(elapsed);
        }
        stats.peak_rss_bytes = peak_rss();
        stats.print();
    }
    result.map(|()| ExitCode::SUCCESS)
}

fn execute(args: &RunArgs, span: &Span, stats: &mut Stats) -> Result<()> {
    let wasi = wasi(&args.guest)?;
    let bytes = input::read(&args.guest.file)?;
    let engine = engine(args)?;
    stats.tier = Tier::of(engine.strategy()).map_or(stats.tier, Tier::name);
    if args.cache.is_none() {
        // The process ends with the guest: nobody waits for what is being compiled.
        std::mem::forget(engine.clone());
    }
    let named = || format!("`{}`", args.guest.file.display());
    let (module, elapsed) = timed(|| load(args, &engine, &bytes));
    let module = module.with_context(named)?;
    stats.parse_ns = nanos(elapsed);
    drop(bytes);

    check_entry(&args.guest, &module)?;
    let mut store = Store::new(&engine, wasi);
    let linker = linker(args, span, &mut store, &module)?;
    // Finds every import before it compiles.
    let (linked, elapsed) = timed(|| linker.instantiate_pre(&module));
    let linked = linked.with_context(named)?;
    stats.compile_ns = nanos(elapsed);

    let (instance, elapsed) = timed(|| linked.instantiate(&mut store));
    stats.instantiate_ns = nanos(elapsed);
    let instance = instance?;
    let (outcome, elapsed) = timed(|| call(&args.guest, &mut store, instance, &module));
    stats.exec_ns = nanos(elapsed);
    if args.stats {
        stats.not_compiled = not_compiled(&module);
        if engine.strategy() == Strategy::Tiered {
            stats.functions = functions(&module);
        }
    }
    for result in &outcome? {
        println!("{}", invoke::text(result));
    }
    Ok(())
}

/// The module in the file.
fn load(args: &RunArgs, engine: &Engine, bytes: &[u8]) -> Result<Module> {
    match (Engine::detect_precompiled(bytes), args.allow_precompiled) {
        (Some(_), true) => compile::load(engine, bytes),
        (Some(_), false) => Err(Error::msg(
            "the file holds machine code, which runs with all your rights: if you trust it, \
             run it with --allow-precompiled",
        )),
        (None, _) => Module::new(engine, bytes),
    }
}

/// Everything that the guest may import.
fn linker(
    args: &RunArgs,
    span: &Span,
    store: &mut Store<WasiCtx>,
    module: &Module,
) -> Result<Linker<WasiCtx>> {
    let mut linker = Linker::new(module.engine());
    bimetal_wasi::add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    if args.bench_hooks {
        span.add_to_linker(&mut linker)?;
    }
    match args.unknown_imports {
        UnknownImports::Default => {
            linker.define_unknown_imports_as_default_values(store, module)?;
        }
        UnknownImports::Trap => linker.define_unknown_imports_as_traps(module)?,
        UnknownImports::Error => {}
    }
    Ok(linker)
}

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn engine(args: &RunArgs) -> Result<Engine> {
    let mut config = Config::new();
    if let Some(tier) = args.tier {
        config.strategy(tier.strategy());
    }
    config.lazy_validation(args.lazy_validation);
    config.deterministic(args.deterministic);
    config.debug_info(args.gdb);
    config.profiler(match args.profile {
        None => ProfilingStrategy::None,
        Some(Profile::Perfmap) => ProfilingStrategy::PerfMap,
        Some(Profile::Jitdump) => ProfilingStrategy::JitDump,
    });
    if args.log_tiering {
        config.tiering_listener(|event| eprintln!("tiering: {event}"));
    }
    if let Some(directory) = &args.cache {
        let mut cache = CacheConfig::new();
        if let Some(directory) = directory {
            cache.with_directory(directory);
        }
        config.cache(Some(Cache::new(cache)?));
    }
    if let Some(bytes) = args.max_wasm_stack {
        config.max_wasm_stack(bytes);
    }
    Engine::new(&config)
}

/// The guest's world: its arguments, environment and folders.
pub(crate) fn wasi(args: &GuestArgs) -> Result<WasiCtx> {
    let mut builder = WasiCtxBuilder::new();
    builder.inherit_stdio();
    let name = args.file.file_name().unwrap_or(args.file.as_os_str());
    builder.arg(name.as_encoded_bytes());
    if args.invoke.is_none() {
        builder.args(&args.args);
    }
    for (name, value) in &args.envs {
        builder.env(name, value);
    }
    for dir in &args.dirs {
        builder
            .preopened_dir(&dir.host, &dir.guest, DirPerms::all(), FilePerms::all())
            .with_context(|| format!("failed to open the folder `{}`", dir.host.display()))?;
    }
    Ok(builder.build())
}

/// The export that is to be called.
fn entry(args: &GuestArgs) -> &str {
    args.invoke.as_deref().unwrap_or("_start")
}

/// Finds out that there is nothing to call, or that the arguments do not fit,
/// before the module is compiled.
pub(crate) fn check_entry(args: &GuestArgs, module: &Module) -> Result<()> {
    let name = entry(args);
    let ty = module.get_export(name);
    match (ty.as_ref().and_then(|ty| ty.func()), &args.invoke) {
        (Some(ty), Some(name)) => invoke::arguments(name, ty, &args.args).map(|_| ()),
        (Some(_), None) => Ok(()),
        (None, _) => {
            let names: Vec<String> = module
                .exports()
                .filter(|export| export.ty().func().is_some())
                .map(|export| format!("`{}`", export.name()))
                .collect();
            let hint = if args.invoke.is_none() { "; name one with --invoke" } else { "" };
            let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            Err(Error::msg(format!(
                "the module exports no function `{name}`; its functions are: {found}{hint}"
            )))
        }
    }
}

/// Calls the program's entry; the results of a function named by `--invoke`.
pub(crate) fn call<T: 'static>(
    args: &GuestArgs,
    store: &mut Store<T>,
    instance: Instance,
    module: &Module,
) -> Result<Vec<Val>> {
    let Some(name) = &args.invoke else {
        instance.get_typed_func::<(), ()>(&mut *store, "_start")?.call(&mut *store, ())?;
        return Ok(Vec::new());
    };
    // A library without a command entry may want to be initialised first.
    if module.get_export("_start").is_none()
        && name != "_initialize"
        && let Some(Extern::Func(initialize)) = instance.get_export(&mut *store, "_initialize")
    {
        initialize.typed::<(), ()>(&*store)?.call(&mut *store, ())?;
    }
    let func = instance
        .get_func(&mut *store, name)
        .ok_or_else(|| Error::msg(format!("the module exports no function `{name}`")))?;
    let ty = func.ty(&*store);
    let params = invoke::arguments(name, &ty, &args.args)?;
    let mut results = vec![Val::I32(0); ty.results().len()];
    func.call(&mut *store, &params, &mut results)?;
    Ok(results)
}
