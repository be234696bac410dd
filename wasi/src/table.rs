//! The descriptors of a guest and what each may still be used for.

use crate::dir::WasiDir;
use crate::errno::Errno;
use crate::file::WasiFile;
use crate::flags::{DirPerms, FilePerms, Rights};
use crate::types::Dirent;

/// How many entries of directories are kept for all descriptors together.
const MAX_LISTED: usize = 1 << 18;

/// The rights of a descriptor. A guest can only ever give some up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// What the descriptor itself may be used for.
    pub(crate) base: Rights,
    /// What descriptors opened through it may be used for.
    pub(crate) inheriting: Rights,
    /// What was given up, here or by the directory it was opened through.
    dropped: Rights,
}

impl Grant {
    /// All of `base` and `inheriting`, nothing given up.
    pub(crate) fn new(base: Rights, inheriting: Rights) -> Self {
        Self { base, inheriting, dropped: Rights::empty() }
    }

    /// What a descriptor opened through this one gets, of the `kind` that apply to it.
    pub(crate) fn inherit(&self, kind: Rights) -> Self {
        Self {
            base: kind.intersection(self.inheriting),
            inheriting: self.inheriting,
            dropped: kind.difference(self.inheriting),
        }
    }

    /// Reading and writing without the right is a bad descriptor, as everywhere;
    /// another right that was given up is [`Errno::Notcapable`].
    pub(crate) fn check(&self, needed: Rights) -> Result<(), Errno> {
        let missing = needed.difference(self.base);
        if missing.intersects(Rights::FD_READ | Rights::FD_WRITE) {
            return Err(Errno::Badf);
        }
        if missing.intersects(self.dropped) {
            return Err(Errno::Notcapable);
        }
        Ok(())
    }

    /// Gives up all rights but these; more than there are is [`Errno::Notcapable`].
    pub(crate) fn narrow(&mut self, base: Rights, inheriting: Rights) -> Result<(), Errno> {
        if !self.base.contains(base) || !self.inheriting.contains(inheriting) {
            return Err(Errno::Notcapable);
        }
        self.dropped = self.dropped | self.base.difference(base);
        (self.base, self.inheriting) = (base, inheriting);
        Ok(())
    }
}

/// A descriptor that is no directory.
pub(crate) struct FileEntry {
    pub(crate) file: Box<dyn WasiFile>,
    pub(crate) grant: Grant,
    pub(crate) perms: FilePerms,
}

/// A directory.
pub(crate) struct DirEntry {
    pub(crate) dir: Box<dyn WasiDir>,
    pub(crate) grant: Grant,
    pub(crate) dir_perms: DirPerms,
    pub(crate) file_perms: FilePerms,
    /// The name under which it was handed over.
    pub(crate) preopen: Option<String>,
    /// What the last listing from the start found; cookies count in it.
    pub(crate) listing: Option<Vec<Dirent>>,
}

impl DirEntry {
    /// Fails unless the embedder permits all of `perms`.
    pub(crate) fn permit(&self, perms: DirPerms) -> Result<(), Errno> {
        if self.dir_perms.contains(perms) { Ok(()) } else { Err(Errno::Perm) }
    }
}

/// What a descriptor number stands for.
pub(crate) enum Entry {
    File(FileEntry),
    Dir(DirEntry),
}

impl Entry {
    pub(crate) fn grant_mut(&mut self) -> &mut Grant {
        match self {
            Self::File(entry) => &mut entry.grant,
            Self::Dir(entry) => &mut entry.grant,
        }
    }
}

/// The table of descriptors.
pub(crate) struct Table {
    entries: Vec<Option<Entry>>,
    limit: usize,
}

impl Table {
    /// An empty table for at most `limit` descriptors.
    pub(crate) fn new(limit: usize) -> Self {
        Self { entries: Vec::new(), limit }
    }

    fn free(&self) -> Result<usize, Errno> {
        let free = self.entries.iter().position(Option::is_none).unwrap_or(self.entries.len());
        if free < self.limit { Ok(free) } else { Err(Errno::Mfile) }
    }

    /// Fails if no further descriptor fits: asked before anything is created.
    pub(crate) fn reserve(&self) -> Result<(), Errno> {
        self.free().map(drop)
    }

    /// Enters `entry` under the lowest free number.
    pub(crate) fn push(&mut self, entry: Entry) -> Result<u32, Errno> {
        let free = self.free()?;
        let fd = u32::try_from(free).map_err(|_| Errno::Mfile)?;
        match self.entries.get_mut(free) {
            Some(slot) => *slot = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        Ok(fd)
    }

    fn slot(&mut self, fd: u32) -> Result<&mut Option<Entry>, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        self.entries.get_mut(index).filter(|slot| slot.is_some()).ok_or(Errno::Badf)
    }

    /// Any descriptor.
    pub(crate) fn get(&self, fd: u32) -> Result<&Entry, Errno> {
        let index = usize::try_from(fd).map_err(|_| Errno::Badf)?;
        self.entries.get(index).and_then(Option::as_ref).ok_or(Errno::Badf)
    }

    /// Any descriptor, to change it.
    pub(crate) fn get_mut(&mut self, fd: u32) -> Result<&mut Entry, Errno> {
        self.slot(fd)?.as_mut().ok_or(Errno::Badf)
    }

    /// A file with these rights. A directory is a bad descriptor here.
    pub(crate) fn file(&mut self, fd: u32, needed: Rights) -> Result<&mut FileEntry, Errno> {
        match self.get_mut(fd)? {
            Entry::File(entry) => {
                entry.grant.check(needed)?;
                Ok(entry)
            }
            Entry::Dir(_) => Err(Errno::Badf),
        }
    }

    /// A directory with these rights.
    pub(crate) fn dir(&self, fd: u32, needed: Rights) -> Result<&DirEntry, Errno> {
        match self.get(fd)? {
            Entry::Dir(entry) => {
                entry.grant.check(needed)?;
                Ok(entry)
            }
            Entry::File(entry) if entry.file.is_stream() => Err(Errno::Badf),
            Entry::File(_) => Err(Errno::Notdir),
        }
    }

    /// A directory with these rights, to change what is known of it.
    pub(crate) fn dir_mut(&mut self, fd: u32, needed: Rights) -> Result<&mut DirEntry, Errno> {
        self.dir(fd, needed)?;
        match self.get_mut(fd)? {
            Entry::Dir(entry) => Ok(entry),
            Entry::File(_) => Err(Errno::Notdir),
        }
    }

    /// Keeps a listing of a directory. A guest with very many long ones loses the
    /// others, which are then taken anew.
    pub(crate) fn keep_listing(&mut self, fd: u32, listing: Vec<Dirent>) -> Result<(), Errno> {
        let dirs = |entry: &'_ Entry| match entry {
            Entry::Dir(entry) => entry.listing.as_ref().map_or(0, Vec::len),
            Entry::File(_) => 0,
        };
        let kept = self.entries.iter().flatten().map(dirs).fold(0, usize::saturating_add);
        if kept.saturating_add(listing.len()) > MAX_LISTED {
            for entry in self.entries.iter_mut().flatten() {
                if let Entry::Dir(entry) = entry {
                    entry.listing = None;
                }
            }
        }
        self.dir_mut(fd, Rights::empty())?.listing = Some(listing);
        Ok(())
    }

    /// Closes a descriptor.
    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        *self.slot(fd)? = None;
        Ok(())
    }

    /// Gives `from` the number `to`, closing what had it.
    pub(crate) fn renumber(&mut self, from: u32, to: u32) -> Result<(), Errno> {
        self.get(from)?;
        self.get(to)?;
        if from != to {
            let entry = self.slot(from)?.take();
            *self.slot(to)? = entry;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Empty;
    use crate::types::Filetype;

    fn entry() -> Entry {
        let grant = Grant::new(Rights::FD_READ, Rights::empty());
        Entry::File(FileEntry { file: Box::new(Empty), grant, perms: FilePerms::all() })
    }

    #[test]
    fn the_lowest_free_number_is_taken_and_the_table_is_bounded() {
        let mut table = Table::new(3);
        for fd in 0..3 {
            assert_eq!(table.push(entry()), Ok(fd));
        }
        assert_eq!(table.push(entry()), Err(Errno::Mfile));
        assert_eq!(table.close(1), Ok(()));
        assert_eq!(table.close(1), Err(Errno::Badf));
        assert_eq!(table.push(entry()), Ok(1));
        assert_eq!(table.close(u32::MAX), Err(Errno::Badf));
    }

    #[test]
    fn renumbering_needs_both_numbers_open() {
        let mut table = Table::new(8);
        table.push(entry()).unwrap();
        table.push(entry()).unwrap();
        assert_eq!(table.renumber(0, 0), Ok(()));
        assert_eq!(table.renumber(0, 2), Err(Errno::Badf));
        assert_eq!(table.renumber(0, 1), Ok(()));
        assert!(table.get(0).is_err() && table.get(1).is_ok());
    }

    #[test]
    fn listings_are_bounded_together() {
        let mut table = Table::new(8);
        for _ in 0..2 {
            let dir = crate::VirtualDir::new().open_root();
            let grant = Grant::new(Rights::DIRECTORY, Rights::FILE);
            let (dir_perms, file_perms) = (DirPerms::all(), FilePerms::all());
            let (preopen, listing) = (None, None);
            let entry = DirEntry { dir, grant, dir_perms, file_perms, preopen, listing };
            table.push(Entry::Dir(entry)).unwrap();
        }
        let name = |n: u64| Dirent { ino: n, filetype: Filetype::Unknown, name: String::new() };
        let listing = |count: usize| (0..count as u64).map(name).collect::<Vec<_>>();
        let kept = |table: &Table, fd| table.dir(fd, Rights::empty()).unwrap().listing.is_some();
        table.keep_listing(0, listing(10)).unwrap();
        table.keep_listing(1, listing(10)).unwrap();
        assert!(kept(&table, 0) && kept(&table, 1));
        table.keep_listing(1, listing(MAX_LISTED)).unwrap();
        assert!(!kept(&table, 0) && kept(&table, 1));
    }

    #[test]
    fn rights_only_shrink_and_are_passed_on_shrunk() {
        let mut grant = Grant::new(Rights::DIRECTORY, Rights::FILE);
        let narrow = Rights::FILE.difference(Rights::FD_SEEK | Rights::FD_WRITE);
        assert_eq!(grant.narrow(Rights::PATH_OPEN, narrow), Ok(()));
        assert_eq!(grant.narrow(Rights::DIRECTORY, narrow), Err(Errno::Notcapable));
        assert_eq!(grant.check(Rights::PATH_OPEN), Ok(()));
        assert_eq!(grant.check(Rights::PATH_SYMLINK), Err(Errno::Notcapable));
        let child = grant.inherit(Rights::FILE);
        assert_eq!(child.check(Rights::FD_READ), Ok(()));
        assert_eq!(child.check(Rights::FD_WRITE), Err(Errno::Badf));
        assert_eq!(child.check(Rights::FD_SEEK), Err(Errno::Notcapable));
    }
}
