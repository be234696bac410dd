//! Compares calls between host and guest on our tiers with those on wasmtime and
//! wasmi, in interleaved rounds, and writes the table to `benches/RESULTS.md`.
//!
//! `call-table [ROUNDS] [NAME..]`; with names, only crossings that contain one of them
//! take part and nothing is written.

#![forbid(unsafe_code)]

use std::fmt::Write as _;
use std::time::Duration;

use bimetal_benches::calls::{CROSSINGS, Crossing, Party, parties};
use bimetal_benches::guest::Error;
use bimetal_benches::report::{machine, replace_section};
use bimetal_benches::rounds::{median, quartiles};

const HEADING: &str = "Calls";
const COMMAND: &str = "cargo run --release -p bimetal-benches --features peers --bin call-table";

/// Crossings in a round.
const CALLS: i32 = 50_000;

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = match args.first() {
        Some(text) => text.parse()?,
        None => 41,
    };
    let names = args.get(1..).unwrap_or_default();
    let wanted = |crossing: &Crossing| {
        names.is_empty() || names.iter().any(|name| crossing.name.contains(name.as_str()))
    };
    let mut parties = parties()?;
    let mut table = String::from("| call |");
    parties.iter().for_each(|party| table += &format!(" {} |", party.name));
    table += " jit / wasmtime | quartiles | aim |\n|---|---|---|---|---|---|---|---|---|\n";
    print!("{table}");
    for (index, crossing) in CROSSINGS.iter().enumerate().filter(|(_, crossing)| wanted(crossing)) {
        let row = measure(&mut parties, (index, crossing), rounds)?;
        print!("{row}");
        table += &row;
    }
    if names.is_empty() {
        replace_section(HEADING, &report(&table, rounds))?;
    }
    Ok(())
}

/// Measures one crossing; gives its row.
fn measure(
    parties: &mut [Party; 5],
    (index, crossing): (usize, &Crossing),
    rounds: usize,
) -> Result<String, Error> {
    let mut times: [Vec<Duration>; 5] = Default::default();
    for round in 0..rounds {
        for turn in 0..parties.len() {
            // Nobody is always the first.
            let party = (turn + round) % parties.len();
            times[party].push(parties[party].time(index, CALLS)?);
        }
    }
    let mut row = format!("| {} |", crossing.name);
    for times in &times {
        let _ = write!(row, " {:.1} ns |", median(times).as_secs_f64() * 1e9 / f64::from(CALLS));
    }
    let of = |name| parties.iter().position(|party| party.name == name).unwrap_or_default();
    let [low, middle, high] = quartiles(&times[of("jit")], &times[of("wasmtime")]);
    let _ = writeln!(row, " {middle:.2} | {low:.2}-{high:.2} | {} |", crossing.aim);
    Ok(row)
}

/// The section: where it was measured, by which command, and the table.
fn report(table: &str, rounds: usize) -> String {
    let mut page = String::new();
    let _ = writeln!(
        page,
        "Written by `{COMMAND}`: calls between host and guest, of a function of one or two `i32` \
         that adds one, on wasmtime 48, wasmi 2 and our strategies, in one process, in {rounds} \
         interleaved rounds of {CALLS} calls. Times are of the processor, for one call; the time \
         of the loop in the guest that the calls are made in is subtracted. The ratio is the median \
         of the time of `jit` divided by wasmtime's, round by round; the quartiles say how much \
         rounds differ. Machine: {}.\n",
        machine(),
    );
    page + table
}
