//! Compares how fast modules are validated, translated and compiled, on our tiers,
//! wasmtime and wasmi, in interleaved rounds, and writes the section to
//! `benches/RESULTS.md`.
//!
//! `compile-table [ROUNDS] [MEGABYTES]`; with the size nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::time::Duration;

use bimetal_benches::compile::{WORKS, timed, work};
use bimetal_benches::guest::Error;
use bimetal_benches::report::{machine, replace_section};
use bimetal_benches::rounds::{median, quartiles};
use bimetal_benches::startup::large_module;

const HEADING: &str = "Compile throughput";
const COMMAND: &str = "cargo run --release -p bimetal-benches --features peers --bin compile-table";

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = args.first().map_or(Ok(5), |text| text.parse())?;
    let megabytes: f64 = args.get(1).map_or(Ok(3.0), |text| text.parse())?;
    let wasm = large_module((megabytes * 1e6) as usize);
    let works: Vec<_> =
        WORKS.iter().map(|(engine, what)| work(engine, what)).collect::<Result<_, _>>()?;
    let mut times: Vec<[Vec<Duration>; 2]> = vec![Default::default(); WORKS.len()];
    for _ in 0..rounds {
        for (work, own) in works.iter().zip(&mut times) {
            let both = timed(work, &wasm)?;
            own.iter_mut().zip(both).for_each(|(own, time)| own.push(time));
        }
    }
    let page = head(&wasm, rounds) + &table(&wasm, &times);
    println!("{page}");
    if args.len() < 2 {
        replace_section(HEADING, &page)?;
    }
    Ok(())
}

fn head(wasm: &[u8], rounds: usize) -> String {
    format!(
        "Written by `{COMMAND}`: a module of {:.1} MB (`large_module` in `benches/src/startup.rs`) \
         from its bytes, in {rounds} interleaved rounds in one process. MB/s are bytes of the \
         module by the time that all cores together took, so of one core; the ratio is of these \
         times to wasmtime's for compiling or validating. *Translate all* validates every function \
         and makes the interpreter's code of it, which otherwise happens at its first call. \
         Machine: {}.\n\n",
        wasm.len() as f64 / 1e6,
        machine(),
    )
}

fn table(wasm: &[u8], times: &[[Vec<Duration>; 2]]) -> String {
    let mut table = String::from(
        "| engine | work | MB/s per core | until done | to wasmtime compiling | to wasmtime \
         validating |\n|---|---|---|---|---|---|\n",
    );
    let base = |what: &str| WORKS.iter().position(|work| *work == ("wasmtime", what));
    for ((engine, what), [cores, wall]) in WORKS.iter().zip(times) {
        let speed = wasm.len() as f64 / 1e6 / median(cores).as_secs_f64();
        let wall = median(wall).as_secs_f64() * 1e3;
        let [compiling, validating] = ["compile", "validate"]
            .map(|what| base(what).map_or(f64::NAN, |index| quartiles(cores, &times[index][0])[1]));
        let _ = writeln!(
            table,
            "| {engine} | {what} | {speed:.2} | {wall:.1} ms | {compiling:.3} | {validating:.2} |"
        );
    }
    table
}
