//! Opening files and directories.

use super::flags;
use crate::ctx::WasiCtx;
use crate::dir::{OpenHow, Opened};
use crate::errno::Errno;
use crate::flags::{DirPerms, FdFlags, FilePerms, LookupFlags, OFlags, Rights};
use crate::memory::GuestMemory;
use crate::table::{DirEntry, Entry, FileEntry};

impl WasiCtx {
    /// Opens or creates what is at a path, relative to a directory, and writes the
    /// new descriptor. Of the rights asked for, reading and writing matter; the
    /// others are those that the directory passes on.
    #[expect(clippy::too_many_arguments, reason = "the specification's")]
    pub fn path_open(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        dirflags: u32,
        path: u32,
        path_len: u32,
        oflags: u32,
        fs_rights_base: u64,
        _fs_rights_inheriting: u64,
        fdflags: u32,
        opened: u32,
    ) -> Result<(), Errno> {
        memory.check(opened, 4)?;
        let path = memory.path(path, path_len)?;
        let wanted = |right: Rights| fs_rights_base & right.bits() != 0;
        let how = OpenHow {
            follow: flags!(LookupFlags, dirflags)?.contains(LookupFlags::SYMLINK_FOLLOW),
            oflags: flags!(OFlags, oflags)?,
            read: wanted(Rights::FD_READ),
            write: wanted(Rights::FD_WRITE),
            flags: flags!(FdFlags, fdflags)?,
        };
        let dir = self.table.dir(fd, Rights::PATH_OPEN)?;
        check_permitted(dir, how)?;
        self.table.reserve()?;
        let entry = match dir.dir.open(&path, how)? {
            Opened::File(file) => {
                let mut grant = dir.grant.inherit(Rights::FILE);
                let readable = (how.read || !how.write) && dir.file_perms.contains(FilePerms::READ);
                for (right, given) in [(Rights::FD_READ, readable), (Rights::FD_WRITE, how.write)] {
                    if !given {
                        grant.base = grant.base.difference(right);
                    }
                }
                Entry::File(FileEntry { file, grant, perms: dir.file_perms })
            }
            Opened::Dir(opened) => Entry::Dir(DirEntry {
                dir: opened,
                grant: dir.grant.inherit(Rights::DIRECTORY),
                dir_perms: dir.dir_perms,
                file_perms: dir.file_perms,
                preopen: None,
                listing: None,
            }),
        };
        let new = self.table.push(entry)?;
        memory.write_u32(opened, new)
    }
}

/// The rights that the guest kept ([`Errno::Notcapable`]) and the permissions that the
/// embedder gave ([`Errno::Perm`]), before the host is asked.
fn check_permitted(dir: &DirEntry, how: OpenHow) -> Result<(), Errno> {
    let create = how.oflags.contains(OFlags::CREAT);
    let truncate = how.oflags.contains(OFlags::TRUNC);
    if create {
        dir.grant.check(Rights::PATH_CREATE_FILE)?;
    }
    if truncate {
        dir.grant.check(Rights::PATH_FILESTAT_SET_SIZE)?;
    }
    for (wanted, right) in [(how.read, Rights::FD_READ), (how.write, Rights::FD_WRITE)] {
        if wanted && !dir.grant.inheriting.contains(right) {
            return Err(Errno::Notcapable);
        }
    }
    dir.permit(DirPerms::READ)?;
    if create {
        dir.permit(DirPerms::MUTATE)?;
    }
    if (create || truncate || how.write) && !dir.file_perms.contains(FilePerms::WRITE) {
        return Err(Errno::Perm);
    }
    Ok(())
}
