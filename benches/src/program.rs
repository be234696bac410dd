//! Whole programs: WASI commands run in this process, each time from bytes.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bimetal::{Config, Engine, Linker, Module, Result, Store, Strategy};
use bimetal_wasi::pipe::MemoryOutputPipe;
use bimetal_wasi::{WasiCtx, WasiCtxBuilder};

/// A program with its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Workload {
    /// Its name in tables.
    pub name: &'static str,
    /// The folder under `examples`, which is also the program's name.
    pub program: &'static str,
    /// Its arguments.
    pub args: &'static [&'static str],
}

/// The kernels of the examples, each about a tenth of a second natively.
pub const WORKLOADS: &[Workload] = &[
    Workload { name: "mandelbrot", program: "mandelbrot", args: &["bench", "5"] },
    Workload { name: "squeeze", program: "squeeze", args: &["bench", "10"] },
    Workload { name: "sieve", program: "kernels", args: &["sieve", "30"] },
    Workload { name: "sort", program: "kernels", args: &["sort", "20"] },
    Workload { name: "matrix", program: "kernels", args: &["matrix", "800"] },
    Workload { name: "calls", program: "kernels", args: &["calls", "800"] },
];

/// What a run took and printed.
#[derive(Clone, Debug)]
pub struct Run {
    /// From bytes to code that can be called.
    pub load: Duration,
    /// Instantiation and the program itself.
    pub exec: Duration,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs a workload on a tier.
///
/// # Errors
/// If the program cannot be read, loaded or run to its end.
pub fn run(workload: &Workload, strategy: Strategy) -> Result<Run> {
    let path = root()
        .join("examples")
        .join(workload.program)
        .join(workload.program)
        .with_extension("wasm");
    let bytes = std::fs::read(path)?;
    let mut config = Config::new();
    config.strategy(strategy);
    let engine = Engine::new(&config)?;
    let mut linker = Linker::new(&engine);
    bimetal_wasi::add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    let stdout = MemoryOutputPipe::new(1 << 20);
    let wasi = WasiCtxBuilder::new()
        .arg(workload.program)
        .args(workload.args)
        .stdout(stdout.clone())
        .build();

    let start = Instant::now();
    let module = Module::new(&engine, &bytes)?;
    module.compile()?;
    let load = start.elapsed();
    let mut store = Store::new(&engine, wasi);
    let start = Instant::now();
    let instance = linker.instantiate(&mut store, &module)?;
    instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ())?;
    let exec = start.elapsed();
    Ok(Run { load, exec, stdout: stdout.contents() })
}
