//! `bimetal bench`

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bimetal::error::Context as _;
use bimetal::{Error, Result};
use bimetal_benches::guest;
use bimetal_benches::report::replace_section;
use bimetal_benches::suite::engines::{Engine, engines};
use bimetal_benches::suite::{self, Options};
use bimetal_benches::{measure, suite::TIERS};
use clap::Args;

/// Arguments of `bench`.
#[derive(Args, Debug)]
pub(crate) struct BenchArgs {
    /// Add the engines of a runner: a command that speaks the protocol of `bench-peer`
    #[arg(long, value_name = "COMMAND")]
    peers: Vec<String>,
    /// Add the workloads in C as programs of this machine, built by `cc`
    #[arg(long)]
    native: bool,
    /// Measure only these engines, by name
    #[arg(long = "engine", value_name = "NAME")]
    engines: Vec<String>,
    /// Give times relative to this engine's
    #[arg(long, value_name = "NAME", default_value = "jit")]
    base: String,
    /// Do everything this often, in turns
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    rounds: usize,
    /// Milliseconds that a call takes on the base engine
    #[arg(long, value_name = "MS", default_value_t = 5)]
    length: u64,
    /// Milliseconds for which a process makes calls, of which the best one counts
    #[arg(long, value_name = "MS", default_value_t = 60)]
    budget: u64,
    /// Milliseconds for which the speed over time of three workloads is watched
    #[arg(long, value_name = "MS", default_value_t = 300)]
    watch: u64,
    /// Write table.md, results.json and index.html into this folder
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Put the tables into benches/RESULTS.md
    #[arg(long)]
    record: bool,
    /// Modules that export `run`, or WASI programs that import `bench.start` and
    /// `bench.end`; or folders of them
    #[arg(value_name = "FILE|FOLDER", default_value = "benches/workloads")]
    paths: Vec<PathBuf>,
}

/// Measures and prints the table.
pub(crate) fn bench(args: &BenchArgs) -> Result<ExitCode> {
    let files = suite::modules(&args.paths).map_err(foreign).with_context(|| {
        let paths: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
        format!("no workloads in `{}`", paths.join("`, `"))
    })?;
    let options = Options {
        rounds: args.rounds.max(1),
        length: Duration::from_millis(args.length),
        budget: Duration::from_millis(args.budget),
        base: args.base.clone(),
        watch: Duration::from_millis(args.watch),
    };
    let report = suite::run(&files, &contestants(args)?, &options).map_err(foreign)?;
    let table = suite::table(&report);
    print!("{table}");
    if args.record {
        replace_section(suite::HEADING, &suite::section(&report))?;
    }
    if let Some(folder) = &args.output {
        let json = serde_json::to_string(&report).map_err(|error| foreign(error.into()))?;
        let page = suite::page(&report).map_err(foreign)?;
        let written = std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(folder.join("table.md"), table))
            .and_then(|()| std::fs::write(folder.join("results.json"), json))
            .and_then(|()| std::fs::write(folder.join("index.html"), page));
        written.with_context(|| format!("failed to write into `{}`", folder.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Our tiers, and the engines of the runners.
fn contestants(args: &BenchArgs) -> Result<Vec<Engine>> {
    let own = vec![std::env::current_exe()?.into_os_string(), "bench-runner".into()];
    let mut commands = vec![own];
    let words = |peers: &String| peers.split_whitespace().map(OsString::from).collect();
    commands.extend(args.peers.iter().map(words));
    if args.native {
        let script = bimetal_benches::root().join("benches/workloads/native.sh");
        commands.push(vec!["sh".into(), script.into()]);
    }
    let mut all = Vec::new();
    for command in commands {
        all.extend(engines(&command).map_err(foreign)?);
    }
    if !args.engines.is_empty() {
        all.retain(|engine| engine.name == args.base || args.engines.contains(&engine.name));
    }
    Ok(all)
}

/// One task on one of our tiers, in this process.
pub(crate) fn runner(args: &[String]) -> Result<ExitCode> {
    measure::runner(args, TIERS, suite::measure_tier).map_err(foreign)?;
    Ok(ExitCode::SUCCESS)
}

fn foreign(error: guest::Error) -> Error {
    Error::msg(error.to_string())
}
