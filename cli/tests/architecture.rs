//! ARCHITECTURE.md says one sentence about every source file, and about no other;
//! every source file stays small.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Files of a crate that a reader of the design looks for.
const FOLDERS: &[&str] = &["src", "tests", "benches", "libfuzzer"];
const CRATES: &[&str] = &[
    "core",
    "parser",
    "runtime",
    "interp",
    "jit",
    "engine",
    "wasi",
    "cli",
    "spec-tests",
    "benches",
    "fuzz",
    "compat",
];
const MOST_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            if path.ends_with("target") {
                continue;
            }
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every Rust source file of the workspace, with its path from the root.
fn sources() -> Vec<(String, PathBuf)> {
    let root = root();
    let mut found = Vec::new();
    for krate in CRATES {
        for folder in FOLDERS {
            rust_files(&root.join(krate).join(folder), &mut found);
        }
        found.extend(Some(root.join(krate).join("build.rs")).filter(|script| script.exists()));
    }
    let name = |path: &PathBuf| {
        let inside = path.strip_prefix(&root).expect("a file of the workspace");
        inside.to_str().expect("a UTF-8 path").replace('\\', "/")
    };
    let mut named: Vec<_> = found.into_iter().map(|path| (name(&path), path)).collect();
    named.sort();
    named
}

#[test]
fn every_file_has_one_line_in_the_architecture_and_every_line_a_file() {
    let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let described: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("- `")?.split_once("`: "))
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, sentence)| {
            assert!(sentence.ends_with('.'), "{path}: the sentence ends with a full stop");
            path
        })
        .collect();
    let unique: BTreeSet<&str> = described.iter().copied().collect();
    assert_eq!(unique.len(), described.len(), "a file is described twice");
    let sources = sources();
    let present: BTreeSet<&str> = sources.iter().map(|(name, _)| name.as_str()).collect();
    let missing: Vec<_> = present.difference(&unique).collect();
    let gone: Vec<_> = unique.difference(&present).collect();
    assert!(missing.is_empty(), "not in ARCHITECTURE.md: {missing:#?}");
    assert!(gone.is_empty(), "in ARCHITECTURE.md but not in the tree: {gone:#?}");
}

#[test]
fn no_source_file_is_longer_than_the_limit() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter_map(|(name, path)| {
            let lines = std::fs::read_to_string(path).expect("a UTF-8 file").lines().count();
            (lines > MOST_LINES).then(|| format!("{name}: {lines}"))
        })
        .collect();
    assert!(long.is_empty(), "files over {MOST_LINES} lines: {long:#?}");
}
