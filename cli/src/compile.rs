//! `bimetal compile`, and loading what it made.

use std::process::ExitCode;

use bimetal::error::Context as _;
use bimetal::{Config, Engine, Module, Result, Strategy};

use crate::args::CompileArgs;
use crate::input;

/// Compiles a module into a file.
pub(crate) fn compile(args: &CompileArgs) -> Result<ExitCode> {
    let bytes = input::read(&args.file)?;
    let mut config = Config::new();
    config.strategy(Strategy::Jit).deterministic(args.deterministic);
    let compiled = Engine::new(&config)?
        .precompile_module(&bytes)
        .with_context(|| format!("`{}`", args.file.display()))?;
    std::fs::write(&args.output, compiled)
        .with_context(|| format!("failed to write `{}`", args.output.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The module in a file that [`compile`] made, whose code the user trusts.
#[allow(unsafe_code, reason = "the user vouches for the file by --allow-precompiled")]
pub(crate) fn load(engine: &Engine, bytes: &[u8]) -> Result<Module> {
    // SAFETY: what else than compiled modules of ours is in the file, the user
    // answers for.
    unsafe { Module::deserialize(engine, bytes) }
}
