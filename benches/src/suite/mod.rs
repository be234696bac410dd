//! The benchmark of whole programs: for each engine, workload and round a process of
//! its own, in turns, so that nobody is always first and whatever disturbs the machine
//! disturbs all.

pub mod engines;
mod grid;
mod own;
mod page;
mod pairs;
mod summary;
mod table;

pub use own::{TIERS, measure_tier};
pub use page::page;
pub use table::{HEADING, section, table};

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use crate::guest::Error;
use crate::measure::{Figures, Task, UNSUPPORTED};
use crate::report::machine;
use crate::workloads::{Group, workload};
use engines::Engine;

/// How much to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// How often each engine does each workload, in a new process each time.
    pub rounds: usize,
    /// How long a call of the base engine takes.
    pub length: Duration,
    /// For how long a process makes such calls, of which the best one counts.
    pub budget: Duration,
    /// The engine whose times the others are compared with.
    pub base: String,
    /// How long the speed is watched of a few workloads; not at all if zero.
    pub watch: Duration,
}

/// Everything that was measured.
#[derive(Serialize, Clone, Debug)]
pub struct Report {
    /// The processor and the system.
    pub machine: String,
    /// The engine whose times the others are compared with.
    pub base: String,
    /// How often each engine did each workload.
    pub rounds: usize,
    /// The engines by name.
    pub engines: Vec<String>,
    /// The workloads.
    pub workloads: Vec<Measured>,
}

/// What was measured of a workload.
#[derive(Serialize, Clone, Debug)]
pub struct Measured {
    /// The name of its file.
    pub name: String,
    /// What it is about.
    pub group: String,
    /// How often its work was done in a call.
    pub times: i32,
    /// One for each engine.
    pub entries: Vec<Entry>,
}

/// What was measured of a workload on an engine.
#[derive(Serialize, Clone, Debug, Default)]
pub struct Entry {
    /// One for each round.
    pub rounds: Vec<Figures>,
    /// Why there are none.
    pub failure: Option<Failure>,
    /// The speed over time: see [`Figures::speed`].
    pub speed: Vec<(f64, f64)>,
}

/// Why an engine does not do a workload.
#[derive(Serialize, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Failure {
    /// Whether the engine refuses the module, rather than running it badly.
    pub unsupported: bool,
    /// What it says.
    pub reason: String,
}

/// The workloads whose speed over time is watched; the first ones if these are not there.
const WATCHED: [&str; 3] = ["coremark", "json", "squeeze"];

/// The modules that paths name: files, or all modules of a folder by name.
///
/// # Errors
/// If a file is not there, a folder cannot be read, or there is nothing.
pub fn modules(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            std::fs::metadata(path)?;
            all.push(path.clone());
            continue;
        }
        let is_module = |file: &PathBuf| file.extension().is_some_and(|end| end == "wasm");
        let entries: std::io::Result<Vec<_>> = std::fs::read_dir(path)?.collect();
        let files = entries?.into_iter().map(|entry| entry.path());
        let mut files: Vec<PathBuf> = files.filter(is_module).collect();
        files.sort();
        all.extend(files);
    }
    if all.is_empty() { Err("there are no modules".into()) } else { Ok(all) }
}

/// Measures everything, and says on standard error how far it is.
///
/// # Errors
/// If the base engine is not there or fails.
pub fn run(files: &[PathBuf], engines: &[Engine], options: &Options) -> Result<Report, Error> {
    let base = engines.iter().position(|engine| engine.name == options.base);
    let base = base.ok_or_else(|| format!("there is no engine `{}`", options.base))?;
    let mut workloads = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let times = calibrate(file, &engines[base], options.length);
        let times = times.map_err(|error| format!("{name} on {}: {error}", options.base))?;
        let group = workload(&name).map_or(Group::Other, |workload| workload.group);
        let (group, entries) = (group.name().to_owned(), vec![Entry::default(); engines.len()]);
        workloads.push(Measured { name, group, times, entries });
    }
    for round in 0..options.rounds {
        for (file, workload) in files.iter().zip(&mut workloads) {
            eprintln!("round {} of {}: {}", round + 1, options.rounds, workload.name);
            let (file, times) = (file.clone(), workload.times);
            let task = Task { file, times, budget: millis(options.budget), watch: 0 };
            for turn in 0..engines.len() {
                let index = (turn + round) % engines.len();
                let entry = &mut workload.entries[index];
                if entry.failure.is_none() {
                    entry.add(engines[index].run(&task));
                }
            }
            workload.compare(base)?;
        }
    }
    if !options.watch.is_zero() {
        let named = |workload: &Measured| WATCHED.contains(&workload.name.as_str());
        let none = !workloads.iter().any(named);
        let all = files.iter().zip(&mut workloads);
        let chosen = all.filter(|(_, workload)| none || named(workload)).take(WATCHED.len());
        for (file, workload) in chosen {
            watch(file, workload, engines, options.watch);
        }
    }
    let names = engines.iter().map(|engine| engine.name.clone()).collect();
    let (base, rounds) = (options.base.clone(), options.rounds);
    Ok(Report { machine: machine(), base, rounds, engines: names, workloads })
}

/// How often the work has to be done for a call to take as long as it should.
fn calibrate(file: &Path, base: &Engine, length: Duration) -> Result<i32, Error> {
    let wanted = length.as_nanos() as f64;
    let mut times = 1.0_f64;
    loop {
        let task = Task { file: file.to_owned(), times: times as i32, budget: 0, watch: 0 };
        let figures = base.run(&task)?;
        // A program does its work once, however long that takes.
        if figures.first_ns.is_none() {
            return Ok(1);
        }
        let took = figures.runs_ns.iter().min().copied().unwrap_or(0).max(1) as f64;
        // What is done once in a call makes the time grow more slowly than the work.
        if took >= wanted * 0.8 || times >= 1e9 {
            return Ok((times * wanted / took).clamp(1.0, 1e9) as i32);
        }
        times = (times * (wanted / took).clamp(1.5, 50.0)).ceil().min(1e9);
    }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// Watches the speed of a workload on all engines.
fn watch(file: &Path, workload: &mut Measured, engines: &[Engine], length: Duration) {
    eprintln!("speed over time: {}", workload.name);
    let task = Task { file: file.to_owned(), times: 1, budget: 0, watch: millis(length) };
    for (entry, engine) in workload.entries.iter_mut().zip(engines) {
        if entry.failure.is_none() {
            entry.speed = engine.run(&task).map(|figures| figures.speed).unwrap_or_default();
        }
    }
}

impl Measured {
    /// Turns out who computed something else than the base engine, which must not fail.
    fn compare(&mut self, base: usize) -> Result<(), Error> {
        if let Some(failure) = &self.entries[base].failure {
            return Err(format!("{}: {}", self.name, failure.reason).into());
        }
        // A runner that cannot tell what was computed leaves it out.
        let sum = |entry: &Entry| Some(entry.rounds.last()?.checksum.clone());
        let known = |sum: &Option<String>| sum.as_ref().is_some_and(|sum| !sum.is_empty());
        let right: Option<String> = sum(&self.entries[base]);
        for entry in &mut self.entries {
            let own = sum(entry);
            if known(&own) && known(&right) && own != right {
                entry.add(Err("another checksum".into()));
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Adds a round. A failure ends it all.
    fn add(&mut self, result: Result<Figures, Error>) {
        match result {
            Ok(figures) => self.rounds.push(figures),
            Err(error) => {
                let failure = Some(Failure::new(&error.to_string()));
                *self = Entry { failure, ..Entry::default() };
            }
        }
    }
}

/// Of a reason that is longer, the beginning is told.
const REASON: usize = 160;

impl Failure {
    fn new(error: &str) -> Failure {
        let reason = error.strip_prefix(UNSUPPORTED);
        let unsupported = reason.is_some();
        let mut reason = reason.unwrap_or(error);
        // The place in the module says nothing to a reader of tables.
        for place in [" (at offset", " at offset", " @+"] {
            reason = reason.split_once(place).map_or(reason, |(reason, _)| reason);
        }
        let mut text: String = reason.chars().take(REASON).collect();
        if text.len() < reason.len() {
            text.push_str("...");
        }
        Failure { unsupported, reason: text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_that_is_refused_is_told_from_one_that_fails() {
        let refused = Failure::new("unsupported: no objects (at offset 0x20)");
        assert_eq!((refused.unsupported, refused.reason.as_str()), (true, "no objects"));
        assert!(!Failure::new("a trap").unsupported);
    }
}
