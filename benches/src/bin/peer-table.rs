//! Compares our compiler with wasmtime on the kernels, in interleaved rounds, and
//! writes the table to `benches/RESULTS.md`.
//!
//! `peer-table [ROUNDS] [NAME..]`; with names, only kernels that contain one of them
//! take part and nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::time::Duration;

use bimetal_benches::guest::{Call, Error};
use bimetal_benches::kernels::{KERNELS, Kernel};
use bimetal_benches::peers::{ours, theirs};
use bimetal_benches::report::{cpu_time, machine, replace_section};
use bimetal_benches::rounds::{median, quartiles};

const HEADING: &str = "Compiled code against wasmtime";
const COMMAND: &str = "cargo run --release -p bimetal-benches --features peers --bin peer-table";

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = match args.first() {
        Some(text) => text.parse()?,
        None => 25,
    };
    let names = args.get(1..).unwrap_or_default();
    let wanted = |kernel: &&Kernel| {
        names.is_empty() || names.iter().any(|name| kernel.name.contains(name.as_str()))
    };
    let mut table = String::from(
        "| kernel | bimetal | wasmtime | ratio | quartiles | aim |\n|---|---|---|---|---|---|\n",
    );
    print!("{table}");
    for kernel in KERNELS.iter().filter(wanted) {
        let row = measure(kernel, rounds)?;
        print!("{row}");
        table += &row;
    }
    if names.is_empty() {
        replace_section(HEADING, &report(&table, rounds))?;
    }
    Ok(())
}

/// Measures one kernel; gives its row.
fn measure(kernel: &Kernel, rounds: usize) -> Result<String, Error> {
    let mut engines = [ours(kernel)?, theirs(kernel)?];
    let mut times: [Vec<Duration>; 2] = Default::default();
    for round in 0..=rounds {
        let mut sums = [0; 2];
        // Neither is always the first.
        for index in [round % 2, 1 - round % 2] {
            let (time, sum) = timed(&mut engines[index], kernel.times)?;
            sums[index] = sum;
            // The first round is to warm up.
            if round > 0 {
                times[index].push(time);
            }
        }
        if sums[0] != sums[1] {
            return Err(format!("{}: the checksums differ: {sums:?}", kernel.name).into());
        }
    }
    let [low, middle, high] = quartiles(&times[0], &times[1]);
    let ms = |times: &[Duration]| median(times).as_secs_f64() * 1e3;
    Ok(format!(
        "| {} | {:.2} ms | {:.2} ms | {middle:.2} | {low:.2}-{high:.2} | {} |\n",
        kernel.name,
        ms(&times[0]),
        ms(&times[1]),
        kernel.aim,
    ))
}

/// How long a run takes of the processor, whoever else is busy, and its checksum.
///
/// # Errors
/// If the kernel traps.
fn timed(run: &mut Call, times: i32) -> Result<(Duration, i64), Error> {
    let start = cpu_time();
    let sum = run(times)?;
    Ok((cpu_time().saturating_sub(start), sum))
}

/// The section: where it was measured, by which command, and the table.
fn report(table: &str, rounds: usize) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "Written by `{COMMAND}`: the kernels in `benches/kernels` on our compiler and on wasmtime \
         48 as it is by default, in one process, in {rounds} interleaved rounds. Times are of the \
         processor. The ratio is the median of our time divided by wasmtime's, round by round; the \
         quartiles say how much rounds differ. Below 1 we are faster. Machine: {}.\n",
        machine(),
    );
    page + table
}
