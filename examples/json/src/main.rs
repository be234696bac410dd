//! Reads JSON from standard input and prints it indented, compact, or as statistics.
//!
//!     json [pretty|compact|stats]
//!
//! Exit codes: 0, 1 if standard input or output fails, 2 for bad usage or bad JSON;
//! a message about bad JSON starts with its line and column.

mod parse;
mod print;
mod stats;

use std::io::{self, Read, Write};
use std::process::ExitCode;

use parse::Value;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let render: fn(&Value) -> String = match (args.next().as_deref(), args.next()) {
        (None | Some("pretty"), None) => print::pretty,
        (Some("compact"), None) => print::compact,
        (Some("stats"), None) => stats::report,
        _ => return fail(2, "usage: json [pretty|compact|stats] < FILE"),
    };
    let mut bytes = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut bytes) {
        return fail(1, &format!("json: cannot read standard input: {error}"));
    }
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return fail(2, &format!("json: not UTF-8: {error}")),
    };
    let value = match parse::parse(&text) {
        Ok(value) => value,
        Err(error) => return fail(2, &format!("json: {error}")),
    };
    let mut output = render(&value);
    output.push('\n');
    if let Err(error) = io::stdout().lock().write_all(output.as_bytes()) {
        return fail(1, &format!("json: cannot write: {error}"));
    }
    ExitCode::SUCCESS
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::from(code)
}
