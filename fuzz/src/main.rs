//! Runs a target on one seed after the other for a given time:
//! `bimetal-fuzz tiers|bytes [--seconds N] [--seed N]`; `bimetal-fuzz tiers|bytes
//! --show SEED` writes the module of a seed to standard output.

#![forbid(unsafe_code)]

use std::io::Write as _;
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bimetal_fuzz::seeded::{bytes_module, bytes_of, tiers_module, tiers_of};

/// A seed that takes longer is named: loading must be in proportion to the bytes.
const SLOW: Duration = Duration::from_secs(2);

/// So many findings are enough.
const MAX_FINDINGS: usize = 20;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str, default: u64| {
        let at = args.iter().position(|arg| arg == name);
        at.and_then(|at| args.get(at + 1)).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    type Target = (fn(u64) -> bool, fn(u64) -> Option<Vec<u8>>);
    let (run, module): Target = match args.first().map(String::as_str) {
        Some("tiers") => (tiers_of, tiers_module),
        Some("bytes") => (bytes_of, bytes_module),
        _ => {
            eprintln!("usage: bimetal-fuzz tiers|bytes [--seconds N] [--seed N] [--show SEED]");
            return ExitCode::from(2);
        }
    };
    if args.iter().any(|arg| arg == "--show") {
        let written = module(number("--show", 1)).map(|wasm| std::io::stdout().write_all(&wasm));
        return if matches!(written, Some(Ok(()))) { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let (first, limit) = (number("--seed", 1), Duration::from_secs(number("--seconds", 60)));
    let start = Instant::now();
    let (mut modules, mut findings) = (0, Vec::new());
    let mut seed = first;
    while start.elapsed() < limit && findings.len() < MAX_FINDINGS {
        let begun = Instant::now();
        match catch_unwind(|| run(seed)) {
            Ok(made) => modules += u64::from(made),
            Err(_) => {
                eprintln!("finding: seed {seed}");
                findings.push(seed);
            }
        }
        if begun.elapsed() > SLOW {
            eprintln!("slow: seed {seed} took {:?}", begun.elapsed());
        }
        seed += 1;
    }
    println!(
        "seeds {first}..{seed}, {modules} modules, {:?}, {} findings {findings:?}",
        start.elapsed(),
        findings.len()
    );
    if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
