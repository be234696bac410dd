//! The other engines for `bimetal bench`: a runner as `bimetal_benches::measure`
//! describes it.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use bimetal_benches::contest::{Contestant, PEERS};
use bimetal_benches::marked::measure_peer;
use bimetal_benches::measure::{explain, runner};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let done = runner(&args, PEERS, |engine, task| measure_peer(&Contestant::peer(engine)?, task));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {}", explain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
