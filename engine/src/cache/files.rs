//! The files of a cache: written as a whole or not at all, and removed when they
//! become too many. Files of other names in the folder are left alone.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const EXTENSION: &str = "bimetal";
const UNFINISHED: &str = "bimetal-tmp";

/// After this time a file that is not finished is one whose writer died.
const ABANDONED: Duration = Duration::from_secs(3600);

/// Where an entry of this name is, or would be.
pub(super) struct Entry(PathBuf);

impl Entry {
    pub(super) fn new(directory: &Path, name: &str) -> Entry {
        Entry(directory.join(name).with_extension(EXTENSION))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Its contents, `None` if there is no such file. Marks it as used.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub(super) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(&self.0) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // In a folder that can only be read, nothing is ever removed either.
        let _ = file.set_modified(SystemTime::now());
        Ok(Some(bytes))
    }

    /// Replaces its contents. Whoever reads at the same time finds what was there
    /// before or all that is new.
    ///
    /// # Errors
    /// If the folder cannot be made or written.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let own = format!("{}-{number}.{UNFINISHED}", std::process::id());
        let unfinished = self.0.with_extension(own);
        if let Some(directory) = self.0.parent() {
            make_private(directory)?;
        }
        let written = File::create_new(&unfinished)
            .and_then(|mut file| file.write_all(bytes))
            .and_then(|()| fs::rename(&unfinished, &self.0));
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        written
    }
}

/// Makes a folder, if it is not there, that nobody else can write to.
fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Removes the files that were not used for the longest time, if there are too many
/// bytes or files, until they are 70 % of what is allowed.
///
/// # Errors
/// If the folder cannot be read.
pub(super) fn evict(directory: &Path, max_bytes: u64, max_files: u64) -> io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)?.flatten() {
        let path = entry.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        // Another process may have removed it meanwhile.
        let Ok(metadata) = entry.metadata() else { continue };
        let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        match extension {
            Some(EXTENSION) => files.push((used, metadata.len(), path)),
            Some(UNFINISHED) if used.elapsed().is_ok_and(|age| age > ABANDONED) => {
                let _ = fs::remove_file(path);
            }
            _ => {}
        }
    }
    let mut bytes: u64 = files.iter().map(|file| file.1).sum();
    let mut count = files.len() as u64;
    if bytes <= max_bytes && count <= max_files {
        return Ok(());
    }
    files.sort_unstable();
    let share = |limit: u64| limit.saturating_mul(7) / 10;
    let enough = |bytes, count| bytes <= share(max_bytes) && count <= share(max_files);
    for (_, len, path) in files {
        if enough(bytes, count) {
            break;
        }
        if fs::remove_file(path).is_ok() {
            (bytes, count) = (bytes - len, count - 1);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, name: &str, len: usize, age: u64) {
        let entry = Entry::new(directory, name);
        entry.write(&vec![0; len]).unwrap();
        let used = SystemTime::now() - Duration::from_secs(age);
        File::open(entry.path()).unwrap().set_modified(used).unwrap();
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<String> = entries.map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn an_entry_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("made/on/demand");
        let entry = Entry::new(&directory, "a");
        assert_eq!(entry.read().unwrap(), None);
        entry.write(b"one").unwrap();
        entry.write(b"two").unwrap();
        assert_eq!(entry.read().unwrap().unwrap(), b"two");
        assert_eq!(names(&directory), ["a.bimetal"], "no unfinished file is left");
    }

    #[test]
    fn what_was_not_used_for_long_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path();
        fs::write(directory.join("foreign"), [0; 5000]).unwrap();
        for (name, age) in [("old", 300), ("older", 400), ("new", 100)] {
            write(directory, name, 400, age);
        }
        evict(directory, 1200, 10).unwrap();
        assert_eq!(names(directory).len(), 4, "as many bytes as are allowed");
        evict(directory, 1199, 10).unwrap();
        assert_eq!(names(directory), ["foreign", "new.bimetal", "old.bimetal"]);
        // Reading is use.
        Entry::new(directory, "old").read().unwrap();
        write(directory, "third", 1, 200);
        evict(directory, 10_000, 2).unwrap();
        assert_eq!(names(directory), ["foreign", "old.bimetal"]);
    }

    #[test]
    fn files_whose_writer_died_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let unfinished = folder.path().join("a.1-1.bimetal-tmp");
        fs::write(&unfinished, "").unwrap();
        evict(folder.path(), 10, 10).unwrap();
        assert!(unfinished.exists(), "its writer may be at work");
        let old = SystemTime::now() - 2 * ABANDONED;
        File::open(&unfinished).unwrap().set_modified(old).unwrap();
        evict(folder.path(), 10, 10).unwrap();
        assert!(!unfinished.exists());
    }
}
