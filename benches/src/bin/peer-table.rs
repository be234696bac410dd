//! Compares our compiler with wasmtime on the kernels, in interleaved rounds, and
//! writes the table to `benches/RESULTS.md`.
//!
//! `peer-table [ROUNDS] [NAME..]`; with names, only kernels that contain one of them
//! take part and nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::time::Duration;

use bimetal_benches::guest::Error;
use bimetal_benches::kernels::{KERNELS, Kernel};
use bimetal_benches::peers::{ours, theirs};
use bimetal_benches::report::{machine, replace_section};
use bimetal_benches::rounds::{Asked, interleaved, median, quartiles};

const HEADING: &str = "Compiled code against wasmtime";
const COMMAND: &str = "cargo run --release -p bimetal-benches --features peers --bin peer-table";

fn main() -> Result<(), Error> {
    let asked = Asked::from_args(25)?;
    let mut table = String::from(
        "| kernel | bimetal | wasmtime | ratio | quartiles | aim |\n|---|---|---|---|---|---|\n",
    );
    print!("{table}");
    for kernel in KERNELS.iter().filter(|kernel| asked.row(kernel.name)) {
        let row = measure(kernel, asked.rounds)?;
        print!("{row}");
        table += &row;
    }
    if asked.all() {
        replace_section(HEADING, &report(&table, asked.rounds))?;
    }
    Ok(())
}

/// Measures one kernel; gives its row.
fn measure(kernel: &Kernel, rounds: usize) -> Result<String, Error> {
    let mut engines = [ours(kernel)?, theirs(kernel)?];
    let times = interleaved(&mut engines, kernel.times, rounds)
        .map_err(|error| format!("{}: {error}", kernel.name))?;
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
