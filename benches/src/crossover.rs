//! Which engine is first at the goal, for runs from a millisecond to seconds: load,
//! compile and run, all together.

use std::fmt::Write as _;
use std::time::Duration;

use bimetal::Strategy;

use crate::contest::Contestant;
use crate::guest::Error;
use crate::plot::{Axes, Line, Panel, panels};
use crate::rounds::{geomean, median};
use crate::workloads::{Workload, workload};

/// The programs of the table.
const PROGRAMS: [&str; 6] = ["recursion", "sort_dynamic", "json", "machine", "squeeze", "matrix"];

/// How long our compiler's code would run, and in how many rounds that is measured.
const LENGTHS: [(Duration, usize); 5] = [
    (Duration::from_millis(1), 15),
    (Duration::from_millis(10), 15),
    (Duration::from_millis(100), 9),
    (Duration::from_secs(1), 3),
    (Duration::from_secs(10), 1),
];

/// The most that the tiered engine should take, relative to the best other one.
const LIMIT: f64 = 1.15;

/// An engine this much slower than the first is left out of longer runs.
const HOPELESS: f64 = 2.5;

/// The engines, ours first; the tiered one is compared with the best of the others.
fn contestants() -> Result<Vec<(&'static str, Contestant)>, Error> {
    Ok(vec![
        ("tiered", Contestant::ours(Strategy::Tiered, false)?),
        ("interp", Contestant::ours(Strategy::Interpreter, false)?),
        ("jit", Contestant::ours(Strategy::Jit, false)?),
        ("wasmtime", Contestant::wasmtime(&wasmtime::Config::new())?),
        ("wasmi", Contestant::wasmi(wasmi::CompilationMode::LazyTranslation)),
    ])
}

/// The table as Markdown, and the plot as SVG.
#[derive(Debug)]
pub struct Crossover {
    /// A row for each program and length.
    pub table: String,
    /// How fast each engine is, the fastest one being at 1.
    pub plot: String,
}

/// Measures everything: some minutes.
///
/// # Errors
/// If an engine fails, or two compute different checksums.
pub fn measure(longest: Duration) -> Result<Crossover, Error> {
    let contestants = contestants()?;
    let names: Vec<&str> = contestants.iter().map(|(name, _)| *name).collect();
    let mut table = format!("| program | run | {} | tiered / best |\n", names.join(" | "));
    table += &format!("|---|---|{}---|\n", "---|".repeat(names.len()));
    let mut plots = Vec::new();
    let mut all = Vec::new();
    for program in PROGRAMS {
        let workload = workload(program).ok_or("no such workload")?;
        let once = per_time(&contestants[2].1, &workload)?;
        let mut racing = vec![true; contestants.len()];
        let mut lines: Vec<Line> = names.iter().map(|name| Line::new(name)).collect();
        for (length, rounds) in LENGTHS {
            if length > longest {
                continue;
            }
            let times = (length.as_secs_f64() / once).ceil().max(1.0) as i32;
            let medians = race(&contestants, &racing, &workload, times, rounds)?;
            let best = medians[1..].iter().flatten().min().copied().unwrap_or_default();
            let tiered = medians[0].unwrap_or_default().as_secs_f64() / best.as_secs_f64();
            for (racing, time) in racing.iter_mut().zip(&medians).skip(1) {
                let ratio = time.map_or(f64::MAX, |time| time.as_secs_f64() / best.as_secs_f64());
                *racing = ratio < HOPELESS || length < Duration::from_millis(100);
            }
            let cells: Vec<String> = medians.iter().map(|time| cell(*time)).collect();
            let row = format!("| {program} | {length:?} | {} | {tiered:.2} |\n", cells.join(" | "));
            eprint!("{row}");
            table += &row;
            let first = medians.iter().flatten().min().copied().unwrap_or_default();
            for (line, time) in lines.iter_mut().zip(&medians) {
                let speed = time.map(|time| first.as_secs_f64() / time.as_secs_f64());
                line.points.extend(speed.map(|speed| (length.as_secs_f64(), speed)));
            }
            all.push(tiered);
        }
        plots.push(Panel { title: program.to_owned(), lines });
    }
    let worst = all.iter().copied().fold(0.0, f64::max);
    let _ = writeln!(
        table,
        "\nGeometric mean of the last column {:.2}, worst {worst:.2}.",
        geomean(&all)
    );
    let axes = Axes { across: "length of the run", up: "speed", mark: Some(1.0 / LIMIT) };
    let title = format!(
        "From bytes to the end of the run: speed relative to the fastest engine \
         (dashed: {LIMIT} times its time)"
    );
    let plot = panels(&title, &axes, &plots, 3)?;
    Ok(Crossover { table, plot })
}

/// A duration with three digits.
fn cell(time: Option<Duration>) -> String {
    time.map_or_else(
        || "-".to_owned(),
        |time| {
            let ms = time.as_secs_f64() * 1e3;
            format!("{ms:.*} ms", if ms < 10.0 { 2 } else { usize::from(ms < 100.0) })
        },
    )
}

/// Seconds that one time of the work takes when the code is there.
fn per_time(jit: &Contestant, workload: &Workload) -> Result<f64, Error> {
    let mut call = jit.load(workload.wasm, "run")?.call;
    call(20)?;
    let mut samples = Vec::new();
    for _ in 0..9 {
        let start = std::time::Instant::now();
        call(50)?;
        samples.push(start.elapsed() / 50);
    }
    Ok(median(&samples).as_secs_f64())
}

/// The median of each engine that takes part.
fn race(
    contestants: &[(&str, Contestant)],
    racing: &[bool],
    workload: &Workload,
    times: i32,
    rounds: usize,
) -> Result<Vec<Option<Duration>>, Error> {
    let mut all = vec![Vec::new(); contestants.len()];
    let mut sums = Vec::new();
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let index = (turn + round) % contestants.len();
            if racing[index] {
                let (time, sum) = contestants[index].1.total(workload.wasm, "run", times)?;
                all[index].push(time);
                sums.push(sum);
            }
        }
    }
    if sums.iter().any(|sum| *sum != sums[0]) {
        return Err(format!("{}: the engines compute different checksums", workload.name).into());
    }
    Ok(all.iter().map(|times| (!times.is_empty()).then(|| median(times))).collect())
}
