//! Compares code that is compiled bit by bit with code that is compiled all at once,
//! and calls between tiers with calls inside them.
//!
//! `tier-table peak [NAME] [ROUNDS]` and `tier-table loops [NAME] [ROUNDS]` print the
//! time of the tiered strategy relative to the compiler's, after a warm-up of many calls
//! or of few; `tier-table calls [ROUNDS]` prints what a call costs.

#![forbid(unsafe_code)]

use bimetal::{Error, Result};
use bimetal_benches::crossings;
use bimetal_benches::peak::{self, WarmUp};

/// Rounds where nobody says how many.
const ROUNDS: usize = 31;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let arg = |at: usize| args.get(at).map_or("", String::as_str);
    let rounds = |at| arg(at).parse().unwrap_or(ROUNDS);
    let table = match arg(0) {
        "peak" => peak::table(arg(1), WarmUp::Calls, rounds(2))?,
        "loops" => peak::table(arg(1), WarmUp::Loops, rounds(2))?,
        "calls" => crossings::table(rounds(1))?,
        _ => {
            let usage = "usage: tier-table peak [NAME] [ROUNDS] | loops [NAME] [ROUNDS] | \
                         calls [ROUNDS]";
            return Err(Error::msg(usage));
        }
    };
    println!("\n{table}");
    Ok(())
}
