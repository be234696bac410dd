//! What a runner does: a process of its own that loads one module on one engine,
//! calls it and prints what that took as one line of JSON.
//!
//! A runner is a command with the arguments `list`, which prints the names of its
//! engines, one a line, or `run ENGINE FILE TIMES BUDGET WATCH`: see [`Task`]. If the engine
//! cannot do that at all, it fails and says `unsupported: ` and why on standard error.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::guest::{Error, Guest};
use crate::report::cpu_time;

/// What a runner is asked to do with a module that exports `run`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    /// The module.
    pub file: PathBuf,
    /// How often its work is done in a call.
    pub times: i32,
    /// For how many milliseconds calls are measured behind the first one: at least two.
    pub budget: u64,
    /// Milliseconds in which the work is done once at a time, in place of these calls,
    /// to see the speed change; zero if that is not asked for.
    pub watch: u64,
}

/// What it took.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug, Default)]
#[serde(default)]
pub struct Figures {
    /// From the module's bytes to an instance; null for what was compiled before.
    pub load_ns: Option<u64>,
    /// The first call, which does the work once; null for a program, whose only call is
    /// measured below.
    pub first_ns: Option<u64>,
    /// Each of the calls that followed, in time of the processor that the calling thread
    /// took, so that it does not matter who else is busy; or the span that a program marks.
    pub runs_ns: Vec<u64>,
    /// What the last call computed, or the program wrote; empty if that is not told.
    pub checksum: String,
    /// The most memory that the process had.
    pub peak_rss_bytes: Option<u64>,
    /// Bytes of machine code at the end; null for engines that make none or do not tell.
    pub code_bytes: Option<u64>,
    /// Seconds since the engine got the bytes, and how often per second the work was
    /// done then.
    pub speed: Vec<(f64, f64)>,
}

impl Task {
    /// The arguments behind the name of the engine.
    pub fn args(&self) -> [std::ffi::OsString; 4] {
        let numbers = [self.times.to_string(), self.budget.to_string(), self.watch.to_string()];
        let [times, budget, watch] = numbers.map(Into::into);
        [self.file.clone().into(), times, budget, watch]
    }

    /// Reads the arguments behind the name of the engine.
    ///
    /// # Errors
    /// If they are not what [`Task::args`] gives.
    pub fn parse(args: &[String]) -> Result<Task, Error> {
        let [file, times, budget, watch] = args else {
            return Err("expected FILE TIMES BUDGET WATCH".into());
        };
        Ok(Task {
            file: file.into(),
            times: times.parse()?,
            budget: budget.parse()?,
            watch: watch.parse()?,
        })
    }
}

/// The whole of a runner's `main`, with the names of its engines and how one of them
/// measures.
///
/// # Errors
/// If the arguments are not those of a runner, the output cannot be written, or
/// measuring fails.
pub fn runner(
    args: &[String],
    engines: &[&str],
    measure: impl FnOnce(&str, &Task) -> Result<Figures, Error>,
) -> Result<(), Error> {
    match args {
        [command] if command == "list" => engines.iter().for_each(|name| println!("{name}")),
        [command, engine, task @ ..] if command == "run" => {
            let figures = measure(engine, &Task::parse(task)?)?;
            println!("{}", serde_json::to_string(&figures)?);
        }
        _ => return Err("expected `list` or `run ENGINE FILE TIMES BUDGET WATCH`".into()),
    }
    Ok(())
}

/// How a runner's error begins when the engine cannot run the module at all.
pub const UNSUPPORTED: &str = "unsupported: ";

/// The error of an engine that refuses a module.
pub fn unsupported(error: Error) -> Error {
    format!("{UNSUPPORTED}{}", explain(error.as_ref())).into()
}

/// An error with what caused it, in one line.
pub fn explain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        // Some engines say it all in the first message.
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many calls are measured however long they take.
const LEAST_CALLS: usize = 2;

/// Loads a module and does a task.
///
/// # Errors
/// If it cannot be loaded, or a call traps.
pub fn measure(
    task: &Task,
    load: impl FnOnce(&[u8]) -> Result<Guest, Error>,
) -> Result<Figures, Error> {
    let wasm = std::fs::read(&task.file)?;
    let start = Instant::now();
    let mut guest = load(&wasm).map_err(unsupported)?;
    let load_ns = Some(nanos(start));
    let mut figures = Figures { load_ns, ..Figures::default() };
    if task.watch > 0 {
        figures.speed = watch(start, Duration::from_millis(task.watch), &mut guest)?;
    } else {
        let start = Instant::now();
        (guest.call)(1)?;
        figures.first_ns = Some(nanos(start));
        let (begun, budget) = (Instant::now(), Duration::from_millis(task.budget));
        while figures.runs_ns.len() < LEAST_CALLS || begun.elapsed() < budget {
            let start = cpu_time();
            let sum = (guest.call)(task.times)?;
            figures.runs_ns.push(whole(cpu_time().saturating_sub(start)));
            figures.checksum = sum.to_string();
        }
    }
    figures.code_bytes = (guest.code_bytes)().map(|bytes| bytes as u64);
    figures.peak_rss_bytes = peak_rss();
    Ok(figures)
}

/// Moments of the speed over time are put together until they are this much later
/// than the first.
const STEP: f64 = 1.25;

/// Does the work once at a time; gives times per second over the seconds since the
/// engine got the bytes, which was at `start`.
///
/// # Errors
/// If a call traps.
pub fn watch(
    start: Instant,
    watched: Duration,
    guest: &mut Guest,
) -> Result<Vec<(f64, f64)>, Error> {
    let mut points = Vec::new();
    let (mut since, mut done) = (0.0, 0);
    while start.elapsed() < watched {
        let before = start.elapsed().as_secs_f64();
        (guest.call)(1)?;
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

/// Whole nanoseconds since a moment.
pub(crate) fn nanos(start: Instant) -> u64 {
    whole(start.elapsed())
}

/// Whole nanoseconds.
pub(crate) fn whole(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// The largest resident set that the process had so far, in bytes.
pub fn peak_rss() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_survives_the_command_line() {
        let task = Task { file: "a b.wasm".into(), times: 7, budget: 3, watch: 0 };
        let args = task.args().map(|arg| arg.into_string().unwrap());
        assert_eq!(Task::parse(&args).unwrap(), task);
        assert!(Task::parse(&args[1..]).is_err());
    }

    #[test]
    fn what_a_runner_leaves_out_is_unknown() {
        let figures: Figures = serde_json::from_str(r#"{"load_ns":5,"checksum":"1"}"#).unwrap();
        assert_eq!((figures.load_ns, figures.first_ns, figures.code_bytes), (Some(5), None, None));
    }
}
