//! Prints the README's speed table: the example kernels on every tier against
//! the same sources compiled natively with `cc -O3`, in interleaved rounds.
//!
//! `speed-table [ROUNDS]`; the native programs come from `examples/build.sh native`.

#![forbid(unsafe_code)]

use std::process::Command;
use std::time::{Duration, Instant};

use bimetal::error::Context as _;
use bimetal::{Error, Result};
use bimetal_benches::TIERS;
use bimetal_benches::program::{Run, WORKLOADS, Workload, root, run};
use bimetal_benches::rounds::{geomean, median, ratios};

/// The reference interpreter takes part in this many rounds: its ratio is two
/// orders of magnitude, and more rounds would not change what it says.
const REFERENCE_ROUNDS: usize = 1;

fn main() -> Result<()> {
    let rounds = match std::env::args().nth(1) {
        Some(text) => text.parse().map_err(|_| Error::msg(format!("not a number: `{text}`")))?,
        None => 5,
    };
    println!("| workload | native | jit | interp | reference | jit load |");
    println!("|---|---|---|---|---|---|");
    let mut columns: [Vec<f64>; 3] = Default::default();
    for workload in WORKLOADS {
        let line = measure(workload, rounds)?;
        for (column, ratio) in columns.iter_mut().zip(line) {
            column.push(ratio);
        }
    }
    let means = columns.map(|column| format!("{:.2}x", geomean(&column)));
    println!("| geometric mean | 1 | {} | |", means.join(" | "));
    Ok(())
}

/// Measures one workload, prints its row and returns each tier's median ratio.
fn measure(workload: &Workload, rounds: usize) -> Result<[f64; 3]> {
    let mut native_times = Vec::new();
    let mut runs: [Vec<Run>; 3] = Default::default();
    for round in 0..rounds.max(1) {
        let (time, stdout) = native(workload)?;
        native_times.push(time);
        for (index, (name, strategy)) in TIERS.into_iter().enumerate() {
            if name == "reference" && round >= REFERENCE_ROUNDS {
                continue;
            }
            let run = run(workload, strategy)?;
            if checksum(&run.stdout) != checksum(&stdout) {
                let message = format!("{}: {name} prints another checksum", workload.name);
                return Err(Error::msg(message));
            }
            runs[index].push(run);
        }
    }
    let load = median(&runs[0].iter().map(|run| run.load).collect::<Vec<_>>());
    let mut cells = Vec::new();
    let mut means = [0.0; 3];
    for (mean, runs) in means.iter_mut().zip(&runs) {
        let times: Vec<Duration> = runs.iter().map(|run| run.exec).collect();
        let [middle, least, greatest] = ratios(&times, &native_times);
        cells.push(format!("{middle:.2}x ({least:.2}-{greatest:.2})"));
        *mean = middle;
    }
    println!(
        "| {} | {:.0} ms | {} | {:.1} ms |",
        workload.name,
        median(&native_times).as_secs_f64() * 1e3,
        cells.join(" | "),
        load.as_secs_f64() * 1e3
    );
    Ok(means)
}

/// Runs the native program: how long it took and what it printed.
fn native(workload: &Workload) -> Result<(Duration, Vec<u8>)> {
    let program = root().join("target/native").join(workload.program);
    let start = Instant::now();
    let output = Command::new(&program).args(workload.args).output().with_context(|| {
        format!("failed to run `{}`: run `examples/build.sh native` first", program.display())
    })?;
    let elapsed = start.elapsed();
    if !output.status.success() {
        return Err(Error::msg(format!("{}: native program failed", workload.name)));
    }
    Ok((elapsed, output.stdout))
}

/// The words of an output that say what was computed, without times.
fn checksum(stdout: &[u8]) -> String {
    String::from_utf8_lossy(stdout).into_owned()
}
