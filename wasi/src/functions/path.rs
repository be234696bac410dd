//! Everything else that names a path.

use super::{flags, size};
use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::flags::{DirPerms, FilePerms, FstFlags, LookupFlags, Rights};
use crate::memory::GuestMemory;
use crate::table::DirEntry;
use crate::types::{Filestat, SetTime};

impl WasiCtx {
    /// A directory with a right and a permission.
    fn dir(&self, fd: u32, needed: Rights, perms: DirPerms) -> Result<&DirEntry, Errno> {
        let entry = self.table.dir(fd, needed)?;
        entry.permit(perms)?;
        Ok(entry)
    }

    /// Creates a directory.
    pub fn path_create_directory(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let entry = self.dir(fd, Rights::PATH_CREATE_DIRECTORY, DirPerms::MUTATE)?;
        entry.dir.create_dir(&memory.path(path, path_len)?)
    }

    /// Writes the attributes of what is at a path.
    pub fn path_filestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        let follow = flags!(LookupFlags, lookup)?.contains(LookupFlags::SYMLINK_FOLLOW);
        let entry = self.dir(fd, Rights::PATH_FILESTAT_GET, DirPerms::READ)?;
        memory.check(stat, Filestat::SIZE)?;
        let filestat = entry.dir.filestat_at(&memory.path(path, path_len)?, follow)?;
        filestat.write(memory, stat)
    }

    /// Sets the times of what is at a path.
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    pub fn path_filestat_set_times(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        lookup: u32,
        path: u32,
        path_len: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Result<(), Errno> {
        let follow = flags!(LookupFlags, lookup)?.contains(LookupFlags::SYMLINK_FOLLOW);
        let (atim, mtim) = SetTime::from_flags(flags!(FstFlags, fst_flags)?, atim, mtim)?;
        let entry = self.dir(fd, Rights::PATH_FILESTAT_SET_TIMES, DirPerms::MUTATE)?;
        if !entry.file_perms.contains(FilePerms::WRITE) {
            return Err(Errno::Perm);
        }
        entry.dir.set_times_at(&memory.path(path, path_len)?, follow, atim, mtim)
    }

    /// Creates a hard link. Following a symbolic link in the last component of the
    /// old path is not supported: [`Errno::Inval`].
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    pub fn path_link(
        &mut self,
        memory: &mut GuestMemory<'_>,
        old_fd: u32,
        old_flags: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let flags = flags!(LookupFlags, old_flags)?;
        let old = self.dir(old_fd, Rights::PATH_LINK_SOURCE, DirPerms::MUTATE)?;
        let new = self.dir(new_fd, Rights::PATH_LINK_TARGET, DirPerms::MUTATE)?;
        same_permissions(old, new)?;
        let old_path = memory.path(old_path, old_path_len)?;
        let new_path = memory.path(new_path, new_path_len)?;
        if flags.contains(LookupFlags::SYMLINK_FOLLOW) {
            return Err(Errno::Inval);
        }
        old.dir.hard_link(&old_path, &*new.dir, &new_path)
    }

    /// Writes the target of a symbolic link, cut to the buffer.
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    pub fn path_readlink(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
        buf: u32,
        buf_len: u32,
        bufused: u32,
    ) -> Result<(), Errno> {
        let entry = self.dir(fd, Rights::PATH_READLINK, DirPerms::READ)?;
        memory.check(bufused, 4)?;
        memory.check(buf, buf_len)?;
        let target = entry.dir.read_link(&memory.path(path, path_len)?)?;
        let count = size(target.len())?.min(buf_len);
        let part = target.as_bytes().get(..count as usize).unwrap_or_default();
        memory.write(buf, part)?;
        memory.write_u32(bufused, count)
    }

    /// Removes an empty directory.
    pub fn path_remove_directory(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let entry = self.dir(fd, Rights::PATH_REMOVE_DIRECTORY, DirPerms::MUTATE)?;
        entry.dir.remove_dir(&memory.path(path, path_len)?)
    }

    /// Moves a file or directory.
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    pub fn path_rename(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        old_path: u32,
        old_path_len: u32,
        new_fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let old = self.dir(fd, Rights::PATH_RENAME_SOURCE, DirPerms::MUTATE)?;
        let new = self.dir(new_fd, Rights::PATH_RENAME_TARGET, DirPerms::MUTATE)?;
        same_permissions(old, new)?;
        let old_path = memory.path(old_path, old_path_len)?;
        let new_path = memory.path(new_path, new_path_len)?;
        old.dir.rename(&old_path, &*new.dir, &new_path)
    }

    /// Creates a symbolic link.
    pub fn path_symlink(
        &mut self,
        memory: &mut GuestMemory<'_>,
        old_path: u32,
        old_path_len: u32,
        fd: u32,
        new_path: u32,
        new_path_len: u32,
    ) -> Result<(), Errno> {
        let entry = self.dir(fd, Rights::PATH_SYMLINK, DirPerms::MUTATE)?;
        let target = memory.path(old_path, old_path_len)?;
        entry.dir.symlink(&target, &memory.path(new_path, new_path_len)?)
    }

    /// Removes anything but a directory.
    pub fn path_unlink_file(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let entry = self.dir(fd, Rights::PATH_UNLINK_FILE, DirPerms::MUTATE)?;
        entry.dir.unlink_file(&memory.path(path, path_len)?)
    }
}

/// A file must not become writable by being linked or moved to where files are.
fn same_permissions(old: &DirEntry, new: &DirEntry) -> Result<(), Errno> {
    let same = old.dir_perms == new.dir_perms && old.file_perms == new.file_perms;
    if same { Ok(()) } else { Err(Errno::Perm) }
}
