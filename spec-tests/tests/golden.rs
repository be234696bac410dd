//! Golden files: the code that the tiers make of small functions, as text.
//!
//! Beside each module in `golden/` stand the fast interpreter's code and the CLIF
//! before optimisation. The former does not depend on the processor as long as no relaxed
//! vector instruction is among them; the latter is that for x86-64, where a store is one
//! instruction. After a change that is meant, the environment
//! variable `BIMETAL_BLESS` writes the files anew.

use std::path::{Path, PathBuf};

use bimetal::dump::{self, Dump, Form};
use bimetal::{Engine, Module};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// All modules in the folder, sorted.
fn modules() -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder()).expect("the folder can be read");
    let files = files.map(|file| file.expect("the folder can be read").path());
    let mut modules: Vec<_> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "wat")).collect();
    modules.sort();
    modules
}

/// Every function of a module in one form.
fn text(module: &Module, form: Form) -> String {
    let dump = Dump::new(module, form).expect("this host has every tier");
    let mut text = String::new();
    for func in dump::defined(module) {
        let name = dump::name(module, func).unwrap_or_default();
        let code = dump.function(func).expect("the tier takes the function");
        text += &format!(";; {name}\n{}\n\n", code.trim_end());
    }
    text
}

/// Compares every module's code in this form with the file beside it.
fn compare(form: Form, extension: &str) {
    let engine = Engine::default();
    let mut different = Vec::new();
    for path in modules() {
        let wat = std::fs::read(&path).expect("the module can be read");
        let module = Module::new(&engine, wat).expect("the module is valid");
        let (file, made) = (path.with_extension(extension), text(&module, form));
        if std::env::var_os("BIMETAL_BLESS").is_some() {
            std::fs::write(&file, &made).expect("the file can be written");
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_default().replace("\r\n", "\n");
        if let Some((line, (was, is))) = first_difference(&golden, &made) {
            different.push(format!("{}:{line}:\n  was: {was}\n   is: {is}", file.display()));
        }
    }
    let advice = "if it is meant, run the test again with BIMETAL_BLESS=1";
    assert!(different.is_empty(), "{}\n{advice}", different.join("\n"));
}

/// The first line, counted from 1, in which two texts differ.
fn first_difference<'a>(a: &'a str, b: &'a str) -> Option<(usize, (&'a str, &'a str))> {
    let longest = a.lines().count().max(b.lines().count());
    let end = || std::iter::repeat("(the end)");
    let pairs = a.lines().chain(end()).zip(b.lines().chain(end()));
    (1..).zip(pairs.take(longest)).find(|(_, (a, b))| a != b)
}

#[test]
fn there_are_modules_of_every_family() {
    assert!(modules().len() >= 12);
}

#[test]
fn the_interpreters_code_is_as_written() {
    compare(Form::Interpreter, "interp");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn the_compilers_input_is_as_written() {
    compare(Form::Clif, "clif");
}

#[test]
fn a_difference_is_found_where_it_begins() {
    assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some((2, ("b", "c"))));
    assert_eq!(first_difference("a\n", ""), Some((1, ("a", "(the end)"))));
}
