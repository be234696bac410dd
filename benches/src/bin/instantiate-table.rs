//! Compares what instances cost on our tiers, wasmtime and wasmi, in interleaved rounds,
//! and writes the section to `benches/RESULTS.md`.
//!
//! `instantiate-table [ROUNDS] [NAME..]`; with names, only engines that contain one of
//! them take part and nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};

use bimetal_benches::guest::Error;
use bimetal_benches::instantiation::{FEW, Mould, OURS, PEERS, PROGRAMS, Program};
use bimetal_benches::instantiation::{ours, rss, theirs};
use bimetal_benches::report::{cpu_time, machine, replace_section};
use bimetal_benches::rounds::{median, quartiles};

const HEADING: &str = "Instantiation";
const COMMAND: &str =
    "cargo run --release -p bimetal-benches --features peers --bin instantiate-table";

/// What ratios are to.
const BASES: [&str; 2] = ["wasmtime", "wasmtime, pooled"];

/// How many instances live at once.
const LIVE: u32 = 10_000;

/// About as long a batch of instances takes.
const BATCH: Duration = Duration::from_millis(2);

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [command, engine, program] = &args[..]
        && command == "live-on"
    {
        println!("{}", live(engine, &PROGRAMS[program.parse::<usize>()?])?);
        return Ok(());
    }
    let rounds = match args.first() {
        Some(text) => text.parse()?,
        None => 25,
    };
    let only = args.get(1..).unwrap_or_default();
    let wanted = |name: &&str| {
        only.is_empty()
            || BASES.contains(name)
            || only.iter().any(|only| name.contains(only.as_str()))
    };
    let names: Vec<&str> = OURS.iter().chain(&PEERS).copied().filter(|name| wanted(name)).collect();
    let mut page = page(rounds);
    page += &times(&names, rounds)?;
    page += &lives(&names)?;
    println!("{page}");
    if only.is_empty() {
        replace_section(HEADING, &page)?;
    }
    Ok(())
}

/// The head of the section.
fn page(rounds: usize) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "Written by `{COMMAND}`: instances made of a module that is loaded already, each in a \
         store of its own which is dropped with it, in {rounds} interleaved rounds. Times are of \
         the processor, the system's part included. The programs are in \
         `benches/src/instantiation.rs`: one function; the same with a memory of a page, a table, \
         three globals and 45 bytes of data; the same with a start function that writes to two \
         pages; 1 MiB of data in a memory of 2 MiB; the same with a start function that writes to \
         16 pages. In brackets the median ratios to wasmtime on demand and to wasmtime pooled, \
         round by round: below 1 we are faster. Machine: {}.\n",
        machine(),
    );
    page
}

fn mould(name: &str, program: &Program, most: u32) -> Result<Mould, Error> {
    if PEERS.contains(&name) { theirs(name, program, most) } else { ours(name, program, most) }
}

/// The table of single instances.
fn times(names: &[&str], rounds: usize) -> Result<String, Error> {
    let mut cells = vec![String::new(); names.len()];
    for program in &PROGRAMS {
        let times = program_times(names, program, rounds)?;
        let base = |base| names.iter().position(|name| *name == base);
        for (cells, own) in cells.iter_mut().zip(&times) {
            let [on_demand, pooled] = BASES
                .map(|name| base(name).map_or(f64::NAN, |index| quartiles(own, &times[index])[1]));
            let us = median(own).as_secs_f64() * 1e6;
            let _ = write!(cells, " {us:.2} us ({on_demand:.2}, {pooled:.2}) |");
        }
    }
    let mut table = String::from("| engine |");
    for program in &PROGRAMS {
        let _ = write!(table, " {} |", program.name);
    }
    let _ = writeln!(table, "\n|---|{}", "---|".repeat(PROGRAMS.len()));
    for (name, cells) in names.iter().zip(&cells) {
        let _ = writeln!(table, "| {name} |{cells}");
    }
    Ok(table)
}

/// Times of an instance of one program, round by round, on each engine.
fn program_times(
    names: &[&str],
    program: &Program,
    rounds: usize,
) -> Result<Vec<Vec<Duration>>, Error> {
    let mut contestants = Vec::new();
    for name in names {
        let mould = mould(name, program, FEW)?;
        (mould.repeat)(100)?;
        let start = Instant::now();
        (mould.repeat)(100)?;
        let each = start.elapsed() / 100;
        let batch = (BATCH.as_nanos() / each.as_nanos().max(1)).clamp(10, 10_000) as u32;
        contestants.push((mould, batch, Vec::new()));
    }
    for round in 0..rounds {
        for index in 0..contestants.len() {
            // Nobody always comes behind the same one.
            let index = (index * (1 + round % 2) + round) % names.len();
            let (mould, batch, _) = &contestants[index];
            let start = cpu_time();
            (mould.repeat)(*batch)?;
            let time = cpu_time().saturating_sub(start) / *batch;
            contestants[index].2.push(time);
        }
    }
    Ok(contestants.into_iter().map(|(_, _, times)| times).collect())
}

/// What [`live`] measures of each engine, in processes of their own.
fn lives(names: &[&str]) -> Result<String, Error> {
    let mut table = format!(
        "\n{LIVE} instances alive at once, each in a store of its own: the time of one and the \
         resident memory that it adds, made for the first time in a process.\n\n| engine |"
    );
    let programs = [0, 1, 3];
    for index in programs {
        let _ = write!(table, " {} |", PROGRAMS[index].name);
    }
    let _ = writeln!(table, "\n|---|{}", "---|".repeat(programs.len()));
    for name in names {
        let _ = write!(table, "| {name} |");
        for index in programs {
            let output = Command::new(std::env::current_exe()?)
                .args(["live-on", name, &index.to_string()])
                .output()?;
            let text = String::from_utf8(output.stdout)?;
            let text = if output.status.success() { text.trim() } else { "failed" };
            let _ = write!(table, " {text} |");
        }
        table += "\n";
    }
    Ok(table)
}

/// Makes many instances and keeps them: the time of one, and the memory that it adds.
fn live(name: &str, program: &Program) -> Result<String, Error> {
    let mould = mould(name, program, LIVE)?;
    drop((mould.keep)()?);
    let (before, start) = (rss().ok_or("no figures of the process")?, cpu_time());
    let mut kept = Vec::with_capacity(LIVE as usize);
    for _ in 0..LIVE {
        kept.push((mould.keep)()?);
    }
    let time = cpu_time().saturating_sub(start) / LIVE;
    let bytes = rss().unwrap_or_default().saturating_sub(before) / kept.len() as u64;
    Ok(format!("{:.2} us, {:.1} KiB", time.as_secs_f64() * 1e6, bytes as f64 / 1024.0))
}
