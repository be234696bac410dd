//! `bimetal dump`

use std::io::Write as _;
use std::process::ExitCode;

use bimetal::dump::{self, Dump, Form};
use bimetal::error::Context as _;
use bimetal::{Engine, Error, Module, Result};

use crate::args::{DumpArgs, What};
use crate::input;

/// Prints a function, or all of them, in the form asked for.
pub(crate) fn dump(args: &DumpArgs) -> Result<ExitCode> {
    let bytes = input::read(&args.file)?;
    let engine = Engine::default();
    let module =
        Module::new(&engine, &bytes).with_context(|| format!("`{}`", args.file.display()))?;
    let funcs = match &args.func {
        Some(name) => vec![
            dump::find(&module, name)
                .ok_or_else(|| Error::msg(format!("the module defines no function `{name}`")))?,
        ],
        None => dump::defined(&module).collect(),
    };
    let mut out = std::io::stdout().lock();
    let text = match args.what {
        What::Wat => wat(&module, args.func.as_ref().map(|_| &*funcs))?,
        What::Interp => each(&module, &funcs, Form::Interpreter)?,
        What::Clif => each(&module, &funcs, Form::Clif)?,
        What::Asm => each(&module, &funcs, Form::MachineCode)?,
    };
    out.write_all(text.as_bytes()).context("failed to write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn each(module: &Module, funcs: &[u32], form: Form) -> Result<String> {
    let dump = Dump::new(module, form)?;
    let mut text = String::new();
    for &func in funcs {
        let name = dump::name(module, func).unwrap_or("");
        text.push_str(&format!(";; function {func} {name}\n"));
        text.push_str(&dump.function(func)?);
        text.push('\n');
    }
    Ok(text)
}

/// The text format of the whole module, or of the functions named.
fn wat(module: &Module, funcs: Option<&[u32]>) -> Result<String> {
    let text = wasmprinter::print_bytes(module.binary())
        .map_err(|error| Error::msg(format!("failed to print the module: {error:#}")))?;
    let Some(funcs) = funcs else { return Ok(text) };
    let mut chosen = String::new();
    for &func in funcs {
        chosen.push_str(function_text(&text, func).unwrap_or_default());
    }
    Ok(chosen)
}

/// The lines of one function: from its head, which carries its index as
/// `(;INDEX;)`, to the line before the next field of the module.
fn function_text(text: &str, func: u32) -> Option<&str> {
    let mark = format!("(;{func};)");
    let start = text
        .match_indices("\n  (func ")
        .map(|(at, _)| at + 1)
        .find(|&at| text[at..].lines().next().is_some_and(|line| line.contains(&mark)))?;
    let end = text[start..].find("\n  (").map_or(text.len(), |len| start + len + 1);
    Some(&text[start..end])
}

#[cfg(test)]
mod tests {
    use super::function_text;

    #[test]
    fn a_function_ends_where_the_next_field_begins() {
        let text =
            "(module\n  (func $a (;0;)\n    nop\n  )\n  (func (;1;) (type 0)\n    drop\n  )\n)\n";
        assert_eq!(function_text(text, 0), Some("  (func $a (;0;)\n    nop\n  )\n"));
        assert!(function_text(text, 1).is_some_and(|text| text.contains("drop")));
        assert_eq!(function_text(text, 2), None);
    }
}
