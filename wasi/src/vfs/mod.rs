//! An in-memory file system: directories, files, symbolic and hard links, with the
//! errors of a real one. For embedders who hand over files that are on no disk.

mod dir;
mod file;
mod resolve;
mod tree;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use self::dir::VirtualHandle;
use self::resolve::resolve;
use self::tree::{Body, Ino, ROOT, Shared, Tree, lock};
use crate::dir::WasiDir;
use crate::errno::Errno;

/// How many bytes the files of a file system hold unless the embedder says otherwise.
const DEFAULT_CAPACITY: u64 = 1 << 30;

/// An in-memory file system. Clones are handles to the same one, so an embedder keeps
/// a clone to read what the guest wrote.
#[derive(Clone)]
pub struct VirtualDir {
    tree: Shared,
}

impl VirtualDir {
    /// An empty file system of one gibibyte.
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// An empty file system whose files hold `bytes` at most.
    pub fn with_capacity(bytes: u64) -> Self {
        Self { tree: Arc::new(Mutex::new(Tree::new(bytes))) }
    }

    /// Takes time stamps (nanoseconds since 1970) from `now` instead of the host.
    pub fn set_time_source(&self, now: impl Fn() -> u64 + Send + Sync + 'static) {
        lock(&self.tree).set_time_source(Arc::new(now));
    }

    /// Writes a file, replacing one that exists and creating the directories above it.
    pub fn write(&self, path: &str, contents: impl AsRef<[u8]>) -> Result<(), Errno> {
        if let Some((parents, _)) = path.trim_end_matches('/').rsplit_once('/') {
            self.create_dir_all(parents)?;
        }
        let mut tree = lock(&self.tree);
        let place = resolve(&tree, ROOT, path, true)?;
        let ino = match (place.node, place.entry) {
            (Some(ino), _) => ino,
            (None, Some((parent, name))) => tree.create(parent, &name, Body::File(Vec::new()))?,
            (None, None) => return Err(Errno::Noent),
        };
        tree.resize(ino, 0)?;
        tree.write(ino, 0, contents.as_ref())
    }

    /// The contents of a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, Errno> {
        let tree = lock(&self.tree);
        let ino = resolve(&tree, ROOT, path, true)?.existing(&tree)?;
        tree.bytes(ino).map(<[u8]>::to_vec)
    }

    /// Creates a directory and those above it, as far as they don't exist.
    pub fn create_dir_all(&self, path: &str) -> Result<(), Errno> {
        let mut tree = lock(&self.tree);
        let mut current: Ino = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let place = resolve(&tree, current, name, true)?;
            current = match (place.node, place.entry) {
                (Some(ino), _) if tree.is_dir(ino) => ino,
                (None, Some((parent, name))) => {
                    tree.create(parent, &name, Body::Dir(BTreeMap::new()))?
                }
                _ => return Err(Errno::Notdir),
            };
        }
        Ok(())
    }

    /// Creates a symbolic link. The guest cannot follow one that leads out.
    pub fn symlink(&self, target: &str, path: &str) -> Result<(), Errno> {
        let mut tree = lock(&self.tree);
        let place = resolve(&tree, ROOT, path, false)?;
        let (parent, name) = place.entry.ok_or(Errno::Exist)?;
        tree.create(parent, &name, Body::Symlink(target.to_owned())).map(drop)
    }

    /// The names in a directory, in order.
    pub fn names(&self, path: &str) -> Result<Vec<String>, Errno> {
        let tree = lock(&self.tree);
        let ino = resolve(&tree, ROOT, path, true)?.existing(&tree)?;
        Ok(tree.entries(ino)?.keys().cloned().collect())
    }

    /// The root as a directory to hand over.
    pub(crate) fn open_root(&self) -> Box<dyn WasiDir> {
        Box::new(VirtualHandle::root(&self.tree))
    }
}

impl Default for VirtualDir {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_embedder_reads_back_what_it_wrote() {
        let fs = VirtualDir::new();
        fs.write("a/b/c.txt", "text").unwrap();
        fs.write("a/b/c.txt", "new").unwrap();
        fs.symlink("b/c.txt", "a/link").unwrap();
        assert_eq!(fs.read("a/b/c.txt").unwrap(), b"new");
        assert_eq!(fs.clone().read("a/link").unwrap(), b"new");
        assert_eq!(fs.names("a").unwrap(), ["b", "link"]);
        assert_eq!(fs.read("a"), Err(Errno::Isdir));
        assert_eq!(fs.write("a/b", "x"), Err(Errno::Isdir));
    }

    #[test]
    fn a_full_file_system_refuses_to_grow_and_forgets_nothing() {
        let fs = VirtualDir::with_capacity(8);
        fs.write("a", "12345").unwrap();
        assert_eq!(fs.write("b", "12345"), Err(Errno::Nospc));
        assert_eq!(fs.read("a").unwrap(), b"12345");
        fs.write("a", "1").unwrap();
        fs.write("b", "1234567").unwrap();
    }

    #[test]
    fn names_and_targets_of_links_are_bounded_too() {
        let fs = VirtualDir::with_capacity(10);
        fs.symlink("12345678", "link").unwrap();
        assert_eq!(fs.symlink("123", "more"), Err(Errno::Nospc));
        let mut tree = lock(&fs.tree);
        let ino = tree.create(ROOT, "file", Body::File(Vec::new())).unwrap();
        let refused = (0..1 << 19).find_map(|n| tree.link(ROOT, &n.to_string(), ino).err());
        assert_eq!(refused, Some(Errno::Nospc));
        tree.unlink(ROOT, "link").unwrap();
        assert!(tree.link(ROOT, "again", ino).is_ok());
    }

    #[test]
    fn a_tree_of_great_depth_is_dropped_without_recursion() {
        let fs = VirtualDir::new();
        {
            let mut tree = lock(&fs.tree);
            let mut current = ROOT;
            for _ in 0..200_000 {
                current = tree.create(current, "d", Body::Dir(BTreeMap::new())).unwrap();
            }
            assert!(tree.is_within(ROOT, current));
        }
        drop(fs);
    }
}
