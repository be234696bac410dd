//! Programs that mark themselves what is to be measured: they import `bench.start` and
//! `bench.end`, as the modules of the public suite sightglass do, and WASI.

#[cfg(feature = "peers")]
mod peers;
mod span;

#[cfg(feature = "peers")]
pub use peers::measure_peer;
pub use span::Span;

use std::path::Path;
use std::time::Instant;

use bimetal::{Engine, Linker, Module, Store};
use bimetal_wasi::pipe::MemoryOutputPipe;
use bimetal_wasi::{DirPerms, FilePerms, I32Exit, WasiCtx, WasiCtxBuilder};

use crate::guest::{Error, Guest, code_bytes};
use crate::measure::{Figures, nanos, peak_rss, unsupported, whole};

/// The name of a program's only function, which says how it ended: 0 is well.
const START: &str = "_start";

/// How a module says that it is such a program, in the binary and in the text format.
const MARKS: [&[u8]; 2] = [b"\x05bench\x05start", b"\"bench\" \"start\""];

/// Whether a module is such a program.
pub fn is_marked(wasm: &[u8]) -> bool {
    let contains = |mark: &[u8]| wasm.windows(mark.len()).any(|bytes| bytes == mark);
    MARKS.into_iter().any(contains)
}

/// What a program may use.
pub struct World {
    wasi: WasiCtx,
    span: Span,
}

/// Runs a program once; the time is that between its marks. It may read the folder that
/// it lies in. `load` makes an instance whose only call runs it and gives its exit code.
///
/// # Errors
/// If it cannot be loaded, fails, or marks nothing.
pub fn measure(
    file: &Path,
    wasm: &[u8],
    load: impl FnOnce(&[u8], World) -> Result<Guest, Error>,
) -> Result<Figures, Error> {
    let stdout = MemoryOutputPipe::new(1 << 24);
    let mut wasi = WasiCtxBuilder::new();
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        wasi.preopened_dir(folder, ".", DirPerms::READ, FilePerms::READ)?;
    }
    let span = Span::default();
    let world = World { wasi: wasi.stdout(stdout.clone()).build(), span: span.clone() };
    let start = Instant::now();
    let mut guest = load(wasm, world).map_err(unsupported)?;
    let load_ns = Some(nanos(start));
    match (guest.call)(0)? {
        0 => {}
        code => return Err(format!("the program ended with {code}").into()),
    }
    let elapsed = span.elapsed().ok_or("the program marks no span")?;
    Ok(Figures {
        load_ns,
        runs_ns: vec![whole(elapsed)],
        checksum: String::from_utf8_lossy(&stdout.contents()).into_owned(),
        peak_rss_bytes: peak_rss(),
        code_bytes: (guest.code_bytes)().map(|bytes| bytes as u64),
        ..Figures::default()
    })
}

/// The code of a program that ended itself, which engines give as an error's cause.
fn exit_code(exit: Option<&I32Exit>) -> Option<i64> {
    exit.map(|exit| exit.0.into())
}

/// Runs a program on one of our strategies: see [`measure`].
///
/// # Errors
/// As [`measure`].
pub fn measure_ours(engine: &Engine, file: &Path, wasm: &[u8]) -> Result<Figures, Error> {
    measure(file, wasm, |wasm, world| {
        let mut linker = Linker::new(engine);
        bimetal_wasi::add_to_linker(&mut linker, |world: &mut World| &mut world.wasi)?;
        world.span.add_to_linker(&mut linker)?;
        let mut store = Store::new(engine, world);
        let module = Module::new(engine, wasm)?;
        let instance = linker.instantiate(&mut store, &module)?;
        let run = instance.get_typed_func::<(), ()>(&mut store, START)?;
        Ok(Guest {
            call: Box::new(move |_| match run.call(&mut store, ()) {
                Ok(()) => Ok(0),
                Err(error) => exit_code(error.downcast_ref()).ok_or_else(|| error.into()),
            }),
            code_bytes: Box::new(move || code_bytes(&module)),
        })
    })
}
