//! `bimetal wast`

use std::process::ExitCode;

use bimetal::Result;
use bimetal::error::Context as _;
use bimetal_spec_tests::{Conformance, Tier, run, source};

use crate::args::{TierChoice, WastArgs};

/// Runs scripts on every tier asked for. Standard error gets the failures and the
/// totals, standard output ends with one line per tier, and a folder the report if
/// one was named.
pub(crate) fn wast(args: &WastArgs) -> Result<ExitCode> {
    let scripts = source::collect(&args.paths).context("failed to read the scripts")?;
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut code = ExitCode::SUCCESS;
    let mut reports = Vec::new();
    for tier in TierChoice::tiers(&args.tiers) {
        let tier = Tier::named(tier.name()).context("the runner knows every tier")?;
        let report = run(&scripts, &tier, threads);
        if args.per_file {
            eprintln!("tier {}", tier.name);
            eprint!("{}", report.by_file());
            eprint!("{}", report.by_kind());
        }
        for failure in report.failures() {
            eprintln!("{}: {failure}", tier.name);
        }
        if report.failed() > 0 {
            code = ExitCode::FAILURE;
        }
        reports.push(report);
    }
    for report in &reports {
        println!("{}", report.summary());
    }
    if let Some(folder) = &args.report {
        let written = Conformance::new(&reports, &scripts).write(folder);
        written.with_context(|| format!("failed to write the report to {}", folder.display()))?;
    }
    Ok(code)
}
