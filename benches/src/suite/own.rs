//! Our tiers as engines of the suite.

use std::path::Path;
use std::time::Instant;

use bimetal::{Config, Engine, Linker, Module, Store, Strategy};
use bimetal_wasi::pipe::MemoryOutputPipe;
use bimetal_wasi::{DirPerms, FilePerms, I32Exit, WasiCtx, WasiCtxBuilder};

use crate::guest::{Error, code_bytes, ours};
use crate::measure::{Figures, Task, measure, nanos, peak_rss};
use crate::span::Span;

/// Their names; the reference interpreter takes too long for a table.
pub const TIERS: &[&str] = &["tiered", "interp", "jit"];

/// How a module says that it is a program that marks what is to be measured: it
/// imports `bench.start`, in the binary and in the text format.
const MARKS: [&[u8]; 2] = [b"\x05bench\x05start", b"\"bench\" \"start\""];

/// Does a task on one of [`TIERS`], or on `reference`.
///
/// # Errors
/// If there is no such tier, or the module cannot be loaded or run.
pub fn measure_tier(tier: &str, task: &Task) -> Result<Figures, Error> {
    let mut config = Config::new();
    config.strategy(match tier {
        "tiered" => Strategy::Tiered,
        "interp" => Strategy::Interpreter,
        "jit" => Strategy::Jit,
        "reference" => Strategy::Reference,
        _ => return Err(format!("no tier is named `{tier}`").into()),
    });
    let engine = Engine::new(&config)?;
    let wasm = std::fs::read(&task.file)?;
    let marks = |mark: &[u8]| wasm.windows(mark.len()).any(|bytes| bytes == mark);
    if MARKS.into_iter().any(marks) {
        return program(&engine, &task.file, &wasm);
    }
    measure(task, |wasm| ours(&engine, wasm, "run"))
}

/// Runs a WASI program, between whose calls of `bench.start` and `bench.end` the time
/// is taken. It may read the folder that it lies in.
fn program(engine: &Engine, file: &Path, wasm: &[u8]) -> Result<Figures, Error> {
    let span = Span::default();
    let mut linker = Linker::new(engine);
    bimetal_wasi::add_to_linker(&mut linker, |wasi: &mut WasiCtx| wasi)?;
    span.add_to_linker(&mut linker)?;
    let stdout = MemoryOutputPipe::new(1 << 24);
    let mut wasi = WasiCtxBuilder::new();
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        wasi.preopened_dir(folder, ".", DirPerms::READ, FilePerms::READ)?;
    }
    let wasi = wasi.stdout(stdout.clone()).build();
    let mut store = Store::new(engine, wasi);
    let start = Instant::now();
    let module = Module::new(engine, wasm)?;
    let instance = linker.instantiate(&mut store, &module)?;
    let load_ns = nanos(start);
    let entry = instance.get_typed_func::<(), ()>(&mut store, "_start")?;
    if let Err(error) = entry.call(&mut store, ())
        && error.downcast_ref::<I32Exit>().is_none_or(|exit| exit.0 != 0)
    {
        return Err(error.into());
    }
    let elapsed = span.elapsed().ok_or("the program marks no span")?;
    Ok(Figures {
        load_ns,
        runs_ns: vec![u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)],
        checksum: String::from_utf8_lossy(&stdout.contents()).into_owned(),
        peak_rss_bytes: peak_rss(),
        code_bytes: code_bytes(&module).map(|bytes| bytes as u64),
        ..Figures::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(file: std::path::PathBuf) -> Task {
        Task { file, times: 3, runs: 2, watch: 0 }
    }

    #[test]
    fn a_workload_is_called_as_often_as_asked_for() {
        let file = crate::program::root().join("benches/workloads/sieve.wasm");
        let figures = TIERS.iter().map(|tier| measure_tier(tier, &task(file.clone())).unwrap());
        let figures: Vec<Figures> = figures.collect();
        for own in &figures {
            assert_eq!((own.runs_ns.len(), &own.checksum), (2, &figures[0].checksum));
            assert!(own.first_ns.is_some() && own.load_ns > 0);
        }
        assert!(figures[2].code_bytes > Some(0), "{:?}", figures[2]);
    }

    #[test]
    fn of_a_program_the_span_between_its_marks_is_measured() {
        let wat = r#"(module (import "bench" "start" (func $start)) (import "bench" "end" (func $end))
            (memory (export "memory") 1)
            (func (export "_start") (call $start) (call $end)))"#;
        let path = std::env::temp_dir().join(format!("bimetal-own-{}.wat", std::process::id()));
        std::fs::write(&path, wat).unwrap();
        let figures = measure_tier("interp", &task(path.clone()));
        std::fs::remove_file(path).unwrap();
        let figures = figures.unwrap();
        assert_eq!((figures.runs_ns.len(), figures.first_ns), (1, None));
    }
}
