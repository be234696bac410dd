//! Compares our interpreter with wasmi on the kernels that use vectors, in interleaved
//! rounds with our compiler, and writes the table to `benches/RESULTS.md`.
//!
//! `simd-table [ROUNDS] [NAME..]`; with names, only kernels that contain one of them
//! take part and nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::time::Duration;

use bimetal_benches::guest::Error;
use bimetal_benches::kernels::{KERNELS, Kernel};
use bimetal_benches::peers::{interpreted, ours, wasmi};
use bimetal_benches::report::{machine, replace_section};
use bimetal_benches::rounds::{Asked, geomean, interleaved, median, quartiles};

const HEADING: &str = "SIMD in the interpreter";
const COMMAND: &str =
    "cargo run --release -p bimetal-benches --features wasmi-simd --bin simd-table";
/// How much less often than the compiler's table this one repeats a kernel.
const FEWER: i32 = 10;

fn main() -> Result<(), Error> {
    let asked = Asked::from_args(25)?;
    let wanted = |kernel: &&Kernel| kernel.name.starts_with("simd/") && asked.row(kernel.name);
    let mut table = String::from(
        "| kernel | interpreter | wasmi | ratio | quartiles | compiler | ratio to it |\n\
         |---|---|---|---|---|---|---|\n",
    );
    print!("{table}");
    let mut ratios = Vec::new();
    for kernel in KERNELS.iter().filter(wanted) {
        let (row, ratio) = measure(kernel, asked.rounds)?;
        print!("{row}");
        table += &row;
        ratios.push(ratio);
    }
    let mean = format!("\nGeometric mean of the ratios to wasmi: {:.2}.\n", geomean(&ratios));
    print!("{mean}");
    if asked.all() {
        replace_section(HEADING, &report(&(table + &mean), asked.rounds))?;
    }
    Ok(())
}

/// Measures one kernel; gives its row and the ratio of our interpreter to wasmi.
fn measure(kernel: &Kernel, rounds: usize) -> Result<(String, f64), Error> {
    let mut engines = [interpreted(kernel)?, wasmi(kernel)?, ours(kernel)?];
    let times = interleaved(&mut engines, kernel.times / FEWER, rounds)
        .map_err(|error| format!("{}: {error}", kernel.name))?;
    let [low, middle, high] = quartiles(&times[0], &times[1]);
    let [_, compiled, _] = quartiles(&times[0], &times[2]);
    let ms = |times: &[Duration]| median(times).as_secs_f64() * 1e3;
    let row = format!(
        "| {} | {:.2} ms | {:.2} ms | {middle:.2} | {low:.2}-{high:.2} | {:.2} ms | {compiled:.1} |\n",
        kernel.name,
        ms(&times[0]),
        ms(&times[1]),
        ms(&times[2]),
    );
    Ok((row, middle))
}

/// The section: where it was measured, by which command, and the table.
fn report(table: &str, rounds: usize) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "Written by `{COMMAND}`: the kernels in `benches/kernels/simd` on our interpreter, on \
         wasmi 2 (translated when loaded, with its feature for vectors) and on our compiler, in \
         one process, in {rounds} interleaved rounds. Times are of the processor. The ratio is \
         the median of the interpreter's time divided by wasmi's, round by round; the quartiles \
         say how much rounds differ. Below 1 our interpreter is faster. Machine: {}.\n",
        machine(),
    );
    page + table
}
