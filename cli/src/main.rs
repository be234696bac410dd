//! The `bimetal` command: runs, checks and inspects WebAssembly modules.

#![deny(unsafe_code)]

mod args;
mod bench;
mod compile;
mod diff;
mod dump;
mod exit;
mod input;
mod invoke;
mod log;
mod run;
mod stats;
mod validate;
mod wast;

use std::process::ExitCode;

use args::Command;

fn main() -> ExitCode {
    log::warnings_to_stderr();
    let result = match args::parse() {
        Command::Run(args) => run::run(args),
        Command::Compile(args) => compile::compile(&args),
        Command::Validate(args) => validate::validate(&args),
        Command::Wast(args) => wast::wast(&args),
        Command::Dump(args) => dump::dump(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Bench(args) => bench::bench(&args),
        Command::BenchRunner { args } => bench::runner(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => exit::report(&error),
    }
}
