//! `bimetal validate`

use std::process::ExitCode;

use bimetal::error::Context as _;
use bimetal::{Engine, Module, Result};

use crate::args::ValidateArgs;
use crate::input;

/// Validates every file; all faults are reported, not only the first.
pub(crate) fn validate(args: &ValidateArgs) -> Result<ExitCode> {
    let engine = Engine::default();
    let mut code = ExitCode::SUCCESS;
    for path in &args.files {
        let valid = input::read(path).and_then(|bytes| {
            Module::new(&engine, &bytes).with_context(|| format!("`{}`", path.display()))
        });
        if let Err(error) = valid {
            eprintln!("Error: {error:?}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
