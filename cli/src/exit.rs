//! Exit codes: the guest's own; 134 for a trap; 2 for usage; 1 otherwise.

use std::process::ExitCode;

use bimetal::{Error, Trap};
use bimetal_wasi::I32Exit;

/// What a shell reports for a program that aborted.
const TRAP: u8 = 134;

/// Prints an error with its causes and gives the exit code that it asks for.
pub(crate) fn report(error: &Error) -> ExitCode {
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return guest(exit.0);
    }
    eprintln!("Error: {error:?}");
    if error.downcast_ref::<Trap>().is_some() { ExitCode::from(TRAP) } else { ExitCode::FAILURE }
}

/// The guest's exit code as the system's: its low eight bits, but never zero for
/// a code that is not.
fn guest(code: i32) -> ExitCode {
    match (code, code as u8) {
        (0, _) => ExitCode::SUCCESS,
        (_, 0) => ExitCode::FAILURE,
        (_, low) => ExitCode::from(low),
    }
}
