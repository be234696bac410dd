//! The nodes of an in-memory file system. They live in one flat map by number, so
//! that a tree of any depth is dropped without recursion.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::host_realtime;
use crate::errno::Errno;
use crate::types::{Filestat, Filetype, SetTime};

/// The number of a node.
pub(super) type Ino = u64;

/// The number of the root.
pub(super) const ROOT: Ino = 1;

/// The longest name, in bytes.
const MAX_NAME: usize = 255;

/// The most names of one file system, so that empty files and links are bounded too.
const MAX_ENTRIES: usize = 1 << 18;

/// What a node is.
#[derive(Debug)]
pub(super) enum Body {
    File(Vec<u8>),
    Dir(BTreeMap<String, Ino>),
    Symlink(String),
}

#[derive(Debug)]
struct Node {
    body: Body,
    /// How many entries name the node.
    links: u64,
    /// How many descriptors hold it; it goes when both are zero.
    handles: u64,
    atim: u64,
    mtim: u64,
    ctim: u64,
}

/// Where the time stamps come from.
pub(super) type TimeSource = Arc<dyn Fn() -> u64 + Send + Sync>;

/// A whole file system.
pub(super) struct Tree {
    nodes: HashMap<Ino, Node>,
    next: Ino,
    /// The bytes of all files and targets of links.
    used: u64,
    /// The entries of all directories.
    names: usize,
    capacity: u64,
    now: TimeSource,
}

/// A file system that several handles share.
pub(super) type Shared = Arc<Mutex<Tree>>;

/// The lock. A panic of an embedder's time source cannot leave the tree half changed:
/// the time is asked for before anything is touched.
pub(super) fn lock(tree: &Shared) -> MutexGuard<'_, Tree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tree {
    pub(super) fn new(capacity: u64) -> Self {
        let mut tree = Self {
            nodes: HashMap::new(),
            next: ROOT,
            used: 0,
            names: 0,
            capacity,
            now: Arc::new(host_realtime),
        };
        tree.insert_node(Body::Dir(BTreeMap::new()), 0);
        if let Some(root) = tree.nodes.get_mut(&ROOT) {
            root.links = 1;
        }
        tree
    }

    pub(super) fn set_time_source(&mut self, now: TimeSource) {
        self.now = now;
        let time = (self.now)();
        if let Some(root) = self.nodes.get_mut(&ROOT) {
            (root.atim, root.mtim, root.ctim) = (time, time, time);
        }
    }

    pub(super) fn now(&self) -> u64 {
        (self.now)()
    }

    fn insert_node(&mut self, body: Body, now: u64) -> Ino {
        let ino = self.next;
        self.next = self.next.saturating_add(1);
        let node = Node { body, links: 0, handles: 0, atim: now, mtim: now, ctim: now };
        self.nodes.insert(ino, node);
        ino
    }

    fn node(&self, ino: Ino) -> Result<&Node, Errno> {
        self.nodes.get(&ino).ok_or(Errno::Noent)
    }

    fn node_mut(&mut self, ino: Ino) -> Result<&mut Node, Errno> {
        self.nodes.get_mut(&ino).ok_or(Errno::Noent)
    }

    pub(super) fn body(&self, ino: Ino) -> Result<&Body, Errno> {
        self.node(ino).map(|node| &node.body)
    }

    pub(super) fn entries(&self, ino: Ino) -> Result<&BTreeMap<String, Ino>, Errno> {
        match self.body(ino)? {
            Body::Dir(entries) => Ok(entries),
            Body::File(_) | Body::Symlink(_) => Err(Errno::Notdir),
        }
    }

    /// The directory, to change its entries, with its times brought up to date.
    fn entries_mut(&mut self, ino: Ino) -> Result<&mut BTreeMap<String, Ino>, Errno> {
        let now = self.now();
        let node = self.node_mut(ino)?;
        (node.mtim, node.ctim) = (now, now);
        match &mut node.body {
            Body::Dir(entries) => Ok(entries),
            Body::File(_) | Body::Symlink(_) => Err(Errno::Notdir),
        }
    }

    pub(super) fn is_dir(&self, ino: Ino) -> bool {
        matches!(self.body(ino), Ok(Body::Dir(_)))
    }

    pub(super) fn filestat(&self, ino: Ino) -> Result<Filestat, Errno> {
        let node = self.node(ino)?;
        let (filetype, size) = match &node.body {
            Body::File(bytes) => (Filetype::RegularFile, bytes.len()),
            Body::Dir(entries) => (Filetype::Directory, entries.len()),
            Body::Symlink(target) => (Filetype::SymbolicLink, target.len()),
        };
        Ok(Filestat {
            dev: 1,
            ino,
            filetype,
            nlink: node.links,
            size: size as u64,
            atim: node.atim,
            mtim: node.mtim,
            ctim: node.ctim,
        })
    }

    pub(super) fn set_times(
        &mut self,
        ino: Ino,
        atim: SetTime,
        mtim: SetTime,
    ) -> Result<(), Errno> {
        let now = self.now();
        let node = self.node_mut(ino)?;
        for (stamp, request) in [(&mut node.atim, atim), (&mut node.mtim, mtim)] {
            match request {
                SetTime::Keep => {}
                SetTime::Now => *stamp = now,
                SetTime::At(time) => *stamp = time,
            }
        }
        node.ctim = now;
        Ok(())
    }

    /// Creates a node and enters it as `name`, which must be free.
    pub(super) fn create(&mut self, parent: Ino, name: &str, body: Body) -> Result<Ino, Errno> {
        let size = match &body {
            Body::Symlink(target) => target.len() as u64,
            Body::File(bytes) => bytes.len() as u64,
            Body::Dir(_) => 0,
        };
        let used = self.used.saturating_add(size);
        if used > self.capacity {
            return Err(Errno::Nospc);
        }
        self.used = used;
        let now = self.now();
        let ino = self.insert_node(body, now);
        self.link(parent, name, ino).inspect_err(|_| self.release(ino))?;
        Ok(ino)
    }

    /// Enters an existing node under a further name.
    pub(super) fn link(&mut self, parent: Ino, name: &str, ino: Ino) -> Result<(), Errno> {
        if name.len() > MAX_NAME {
            return Err(Errno::Nametoolong);
        }
        if self.names >= MAX_ENTRIES {
            return Err(Errno::Nospc);
        }
        // A removed directory that is still open takes no new entries.
        if self.node(parent)?.links == 0 {
            return Err(Errno::Noent);
        }
        let entries = self.entries_mut(parent)?;
        if entries.contains_key(name) {
            return Err(Errno::Exist);
        }
        entries.insert(name.to_owned(), ino);
        self.names = self.names.saturating_add(1);
        let now = self.now();
        let node = self.node_mut(ino)?;
        node.links = node.links.saturating_add(1);
        node.ctim = now;
        Ok(())
    }

    /// Removes a name; the node goes when nothing holds it any more.
    pub(super) fn unlink(&mut self, parent: Ino, name: &str) -> Result<(), Errno> {
        let ino = self.entries_mut(parent)?.remove(name).ok_or(Errno::Noent)?;
        self.names = self.names.saturating_sub(1);
        let now = self.now();
        let node = self.node_mut(ino)?;
        node.links = node.links.saturating_sub(1);
        node.ctim = now;
        self.release(ino);
        Ok(())
    }

    /// Counts a descriptor that holds the node.
    pub(super) fn hold(&mut self, ino: Ino) -> Result<(), Errno> {
        let node = self.node_mut(ino)?;
        node.handles = node.handles.saturating_add(1);
        Ok(())
    }

    /// Counts a descriptor that no longer holds the node.
    pub(super) fn let_go(&mut self, ino: Ino) {
        if let Some(node) = self.nodes.get_mut(&ino) {
            node.handles = node.handles.saturating_sub(1);
        }
        self.release(ino);
    }

    fn release(&mut self, ino: Ino) {
        let unused = |node: &Node| node.links == 0 && node.handles == 0;
        if !self.nodes.get(&ino).is_some_and(unused) {
            return;
        }
        let freed = match self.nodes.remove(&ino).map(|node| node.body) {
            Some(Body::File(bytes)) => bytes.len(),
            Some(Body::Symlink(target)) => target.len(),
            Some(Body::Dir(_)) | None => 0,
        };
        self.used = self.used.saturating_sub(freed as u64);
    }

    /// The contents of a file.
    pub(super) fn bytes(&self, ino: Ino) -> Result<&[u8], Errno> {
        match self.body(ino)? {
            Body::File(bytes) => Ok(bytes),
            Body::Dir(_) => Err(Errno::Isdir),
            Body::Symlink(_) => Err(Errno::Inval),
        }
    }

    /// Sets the size of a file within the capacity of the file system.
    pub(super) fn resize(&mut self, ino: Ino, size: u64) -> Result<&mut Vec<u8>, Errno> {
        let old = self.bytes(ino)?.len() as u64;
        let used = self.used.saturating_sub(old).checked_add(size).ok_or(Errno::Fbig)?;
        if size > old && used > self.capacity {
            return Err(Errno::Nospc);
        }
        let now = self.now();
        let length = usize::try_from(size).map_err(|_| Errno::Fbig)?;
        let node = self.node_mut(ino)?;
        (node.mtim, node.ctim) = (now, now);
        let Body::File(bytes) = &mut node.body else { return Err(Errno::Inval) };
        bytes.try_reserve(length.saturating_sub(bytes.len())).map_err(|_| Errno::Nospc)?;
        bytes.resize(length, 0);
        self.used = used;
        match &mut self.node_mut(ino)?.body {
            Body::File(bytes) => Ok(bytes),
            Body::Dir(_) | Body::Symlink(_) => Err(Errno::Inval),
        }
    }

    /// Writes `from` at `offset`, extending the file where necessary.
    pub(super) fn write(&mut self, ino: Ino, offset: u64, from: &[u8]) -> Result<(), Errno> {
        if from.is_empty() {
            return Ok(());
        }
        let end = offset.checked_add(from.len() as u64).ok_or(Errno::Fbig)?;
        let size = (self.bytes(ino)?.len() as u64).max(end);
        let bytes = self.resize(ino, size)?;
        let start = usize::try_from(offset).map_err(|_| Errno::Fbig)?;
        let end = usize::try_from(end).map_err(|_| Errno::Fbig)?;
        bytes.get_mut(start..end).ok_or(Errno::Fbig)?.copy_from_slice(from);
        Ok(())
    }

    /// Whether `inner` is `outer` or lies below it. Needed only when a directory
    /// moves, so it looks instead of keeping parents.
    pub(super) fn is_within(&self, outer: Ino, inner: Ino) -> bool {
        let mut pending = vec![outer];
        while let Some(ino) = pending.pop() {
            if ino == inner {
                return true;
            }
            if let Ok(entries) = self.entries(ino) {
                pending.extend(entries.values().copied().filter(|child| self.is_dir(*child)));
            }
        }
        false
    }
}
