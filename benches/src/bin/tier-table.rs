//! Compares code that is compiled bit by bit with code that is compiled all at once,
//! and calls between tiers with calls inside them.
//!
//! `tier-table peak [NAME] [ROUNDS]` and `tier-table loops [NAME] [ROUNDS]` print the
//! time of the tiered strategy relative to the compiler's, after a warm-up of many calls
//! or of few; `tier-table calls [ROUNDS]` prints what a call costs. `tier-table` alone
//! does all of it and writes the tables to `benches/RESULTS.md`.

#![forbid(unsafe_code)]

use bimetal::{Error, Result};
use bimetal_benches::crossings;
use bimetal_benches::peak::{self, WarmUp};
use bimetal_benches::report::replace_section;

/// Rounds where nobody says how many: for each pair of instances.
const ROUNDS: usize = 7;
/// The same of what a call costs.
const CALL_ROUNDS: usize = 31;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |at: usize| args.get(at).map_or("", String::as_str);
    let rounds = |at, usual| arg(at).parse().unwrap_or(usual);
    let table = match arg(0) {
        "" => all()?,
        "peak" => peak::table(arg(1), WarmUp::Calls, rounds(2, ROUNDS))?,
        "loops" => peak::table(arg(1), WarmUp::Loops, rounds(2, ROUNDS))?,
        "calls" => crossings::table(rounds(1, CALL_ROUNDS))?,
        _ => {
            let usage = "usage: tier-table peak [NAME] [ROUNDS] | loops [NAME] [ROUNDS] | \
                         calls [ROUNDS]";
            return Err(Error::msg(usage));
        }
    };
    println!("\n{table}");
    Ok(())
}

/// All tables: writes them down and returns them.
fn all() -> Result<String> {
    let calls = peak::table("", WarmUp::Calls, ROUNDS)?;
    let loops = peak::table("", WarmUp::Loops, ROUNDS)?;
    let crossings = crossings::table(CALL_ROUNDS)?;
    let text = format!(
        "Written by `cargo run --release -p bimetal-benches --bin tier-table`: \
         `Strategy::Tiered` when nothing more is compiled, against `Strategy::Jit`, in one \
         process. Times are of the processor. Code that is the same on both sides differs by \
         up to 5 % here, by where it and its data lie in memory: so there are five pairs of \
         instances, of which each lies elsewhere, with {ROUNDS} rounds each. In a round both \
         run twice, in the order jit, tiered, tiered, jit. The ratio is the median of all \
         rounds; the last column has the median of each pair.\n\n\
         After many short calls of the program, all of whose hot functions are compiled from \
         their beginning:\n\n{calls}\n\
         After few long calls, in which compiled code takes over from the interpreter at a \
         loop:\n\n{loops}\n\
         A call, together with an iteration of the loop that it is in:\n\n{crossings}"
    );
    replace_section("Tiers in one instance", &text)?;
    Ok(text)
}
