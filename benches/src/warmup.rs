//! How fast an engine is as time goes on: work done per second, from the moment when
//! it gets the bytes.

use std::time::{Duration, Instant};

use bimetal::Strategy;

use crate::contest::Contestant;
use crate::guest::Error;
use crate::measure::watch;
use crate::plot::{Axes, Line, Panel, panels, relate};
use crate::workloads::workload;

/// The programs that are plotted.
pub const PROGRAMS: [&str; 3] = ["json", "machine", "squeeze"];

/// How long each engine is watched.
const WATCHED: Duration = Duration::from_millis(400);

/// Each engine runs so often, in turns; the run that got furthest is shown.
const ROUNDS: usize = 5;

/// The speed of each engine over time, relative to the fastest moment of all, as SVG.
///
/// # Errors
/// If an engine fails.
pub fn plot() -> Result<String, Error> {
    let all: Result<Vec<Panel>, Error> = PROGRAMS.into_iter().map(panel).collect();
    let axes = Axes { across: "time since the engine got the bytes", up: "speed", mark: None };
    panels("Speed over time, relative to the fastest moment", &axes, &all?, 3)
}

fn panel(program: &str) -> Result<Panel, Error> {
    let workload = workload(program).ok_or("no such workload")?;
    let contestants = [
        ("tiered", Contestant::ours(Strategy::Tiered, false)?),
        ("interp", Contestant::ours(Strategy::Interpreter, false)?),
        ("jit", Contestant::ours(Strategy::Jit, false)?),
        ("wasmtime", Contestant::wasmtime(&wasmtime::Config::new())?),
        ("wasmi", Contestant::wasmi(wasmi::CompilationMode::LazyTranslation)),
    ];
    let mut lines = contestants.each_ref().map(|(name, _)| Line::new(name));
    for _ in 0..ROUNDS {
        for (line, (_, contestant)) in lines.iter_mut().zip(&contestants) {
            let start = Instant::now();
            let points = watch(start, WATCHED, &mut contestant.load(workload.wasm, "run")?)?;
            if work(&points) > work(&line.points) {
                line.points = points;
            }
        }
    }
    relate(&mut lines);
    Ok(Panel { title: program.to_owned(), lines: lines.into() })
}

/// How much was done in a run.
fn work(points: &[(f64, f64)]) -> f64 {
    let since = std::iter::once(0.0).chain(points.iter().map(|point| point.0));
    points.iter().zip(since).map(|(&(now, speed), since)| speed * (now - since)).sum()
}
