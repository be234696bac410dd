//! The other engines for `bimetal bench`: a runner as `bimetal_benches::measure`
//! describes it.

#![forbid(unsafe_code)]

use bimetal_benches::contest::{Contestant, PEERS};
use bimetal_benches::guest::Error;
use bimetal_benches::measure::{measure, runner};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    runner(&args, PEERS, |engine, task| {
        let engine = Contestant::peer(engine)?;
        measure(task, |wasm| engine.load(wasm, "run"))
    })
}
