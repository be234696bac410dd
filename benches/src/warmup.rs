//! How fast an engine is as time goes on: work done per second, from the moment when
//! it gets the bytes.

use std::time::{Duration, Instant};

use bimetal::Strategy;

use crate::contest::Contestant;
use crate::peers::Error;
use crate::plot::{Line, lines};
use crate::workloads::workload;

/// The programs that are plotted.
pub const PROGRAMS: [&str; 3] = ["json", "machine", "squeeze"];

/// How long each engine is watched.
const WATCHED: Duration = Duration::from_millis(400);

/// Moments are put together until they are this much later than the first.
const STEP: f64 = 1.25;

/// The speed of each engine over time, relative to the fastest moment of all, as SVG.
///
/// # Errors
/// If an engine fails.
pub fn plot(program: &str) -> Result<String, Error> {
    let workload = workload(program).ok_or("no such workload")?;
    let contestants = [
        ("tiered", Contestant::ours(Strategy::Tiered, false)?),
        ("interp", Contestant::ours(Strategy::Interpreter, false)?),
        ("jit", Contestant::ours(Strategy::Jit, false)?),
        ("wasmtime", Contestant::wasmtime(&wasmtime::Config::new())?),
        ("wasmi", Contestant::wasmi(wasmi::CompilationMode::LazyTranslation)),
    ];
    let mut all = Vec::new();
    for (name, contestant) in &contestants {
        all.push(Line { name: (*name).to_owned(), points: watch(contestant, workload.wasm)? });
    }
    let speeds = all.iter().flat_map(|line| line.points.iter().map(|point| point.1));
    let best = speeds.fold(0.0, f64::max);
    for line in &mut all {
        line.points.iter_mut().for_each(|point| point.1 /= best);
    }
    let title = format!("{program}: speed over time, relative to the best");
    lines(&title, "seconds since the engine got the bytes", "speed", &all, true)
}

/// Runs the work once at a time; gives times per second over the time since the start.
fn watch(contestant: &Contestant, wasm: &[u8]) -> Result<Vec<(f64, f64)>, Error> {
    let start = Instant::now();
    let mut call = contestant.load(wasm, "run")?;
    let mut points = Vec::new();
    let (mut since, mut done) = (0.0, 0);
    while start.elapsed() < WATCHED {
        let before = start.elapsed().as_secs_f64();
        call(1)?;
        let now = start.elapsed().as_secs_f64();
        if done == 0 {
            since = before;
        }
        done += 1;
        if now > since * STEP || now - since > 0.01 {
            points.push((now, f64::from(done) / (now - since)));
            done = 0;
        }
    }
    Ok(points)
}
