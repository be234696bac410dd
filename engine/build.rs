//! Tells apart builds whose compiled code must not be mixed: two builds of the same
//! version differ while the engine is being changed.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

/// The crates whose sources compiled code depends on, beside this one. They are not
/// there when this crate was packaged: then the version says everything.
const CRATES: [&str; 5] = ["../core", "../parser", "../runtime", "../interp", "../jit"];

fn main() {
    let mut files = vec![PathBuf::from("../Cargo.lock")];
    for krate in CRATES.iter().copied().chain(["."]) {
        println!("cargo::rerun-if-changed={krate}/src");
        collect(&Path::new(krate).join("src"), &mut files);
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in &files {
        if let Ok(bytes) = std::fs::read(file) {
            (file, bytes).hash(&mut hasher);
        }
    }
    println!("cargo::rerun-if-changed=../Cargo.lock");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-env=BIMETAL_SOURCES={:016x}", hasher.finish());
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}
