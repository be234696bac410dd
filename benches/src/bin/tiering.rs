//! What tiering brings, against our single tiers and the peers, in one process.
//!
//! `tiering crossover [SECONDS]` prints the table of total times for runs of up to
//! that length (10 s unless given) and writes `benches/crossover.svg`; `tiering
//! startup [NAME]` prints the times to a first result; `tiering warmup` writes
//! `benches/warmup.svg`.

#![forbid(unsafe_code)]

use std::time::Duration;

use bimetal_benches::guest::Error;
use bimetal_benches::root;
use bimetal_benches::{crossover, startup, warmup};

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let folder = root().join("benches");
    match args.first().map(String::as_str) {
        Some("crossover") => {
            let seconds = args.get(1).map_or(Ok(10.0), |text| text.parse())?;
            let result = crossover::measure(Duration::from_secs_f64(seconds))?;
            println!("\n{}", result.table);
            std::fs::write(folder.join("crossover.svg"), result.plot)?;
        }
        Some("startup") => {
            print!("{}", startup::table(args.get(1).map_or("", String::as_str))?);
        }
        // A process of the table.
        Some("startup-of") => {
            println!("{}", startup::once(args.get(1).map_or("", String::as_str))?);
        }
        Some("warmup") => {
            std::fs::write(folder.join("warmup.svg"), warmup::plot()?)?;
            println!("wrote benches/warmup.svg");
        }
        _ => return Err("usage: tiering crossover [SECONDS] | startup | warmup".into()),
    }
    Ok(())
}
