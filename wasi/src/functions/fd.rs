//! Descriptors and their attributes.

use super::{flags, size};
use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::flags::{DirPerms, FdFlags, FilePerms, FstFlags, Rights};
use crate::memory::GuestMemory;
use crate::table::Entry;
use crate::types::{Advice, Fdstat, Filestat, Filetype, SetTime};

impl WasiCtx {
    /// Takes a hint about future accesses.
    pub fn fd_advise(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        offset: u64,
        len: u64,
        advice: u32,
    ) -> Result<(), Errno> {
        let advice = Advice::from_guest(advice)?;
        self.table.file(fd, Rights::FD_ADVISE)?.file.advise(offset, len, advice)
    }

    /// Files cannot be given space in advance: [`Errno::Notsup`].
    pub fn fd_allocate(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        _offset: u64,
        _len: u64,
    ) -> Result<(), Errno> {
        self.table.file(fd, Rights::FD_ALLOCATE)?;
        Err(Errno::Notsup)
    }

    /// Closes a descriptor.
    pub fn fd_close(&mut self, _memory: &mut GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
        self.table.close(fd)
    }

    /// Brings the data of a file to the disk.
    pub fn fd_datasync(&mut self, _memory: &mut GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
        self.table.file(fd, Rights::FD_DATASYNC)?.file.sync(false)
    }

    /// Brings data and metadata of a file to the disk.
    pub fn fd_sync(&mut self, _memory: &mut GuestMemory<'_>, fd: u32) -> Result<(), Errno> {
        self.table.file(fd, Rights::FD_SYNC)?.file.sync(true)
    }

    /// Writes type, flags and rights of a descriptor.
    pub fn fd_fdstat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        memory.check(stat, Fdstat::SIZE)?;
        let fdstat = match self.table.get(fd)? {
            Entry::File(entry) => Fdstat {
                filetype: entry.file.filetype(),
                flags: entry.file.flags(),
                base: entry.grant.base,
                inheriting: entry.grant.inheriting,
            },
            Entry::Dir(entry) => Fdstat {
                filetype: Filetype::Directory,
                flags: FdFlags::empty(),
                base: entry.grant.base,
                inheriting: entry.grant.inheriting,
            },
        };
        fdstat.write(memory, stat)
    }

    /// Sets the append and non-blocking flags of a file. The flags for synchronised
    /// writing can be kept but not added.
    pub fn fd_fdstat_set_flags(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        flags: u32,
    ) -> Result<(), Errno> {
        let flags = flags!(FdFlags, flags)?;
        let entry = self.table.file(fd, Rights::FD_FDSTAT_SET_FLAGS)?;
        if flags.difference(entry.file.flags()).intersects(FdFlags::SYNCHRONISED) {
            return Err(Errno::Inval);
        }
        entry.file.set_flags(flags)
    }

    /// Gives up rights; asking for more than there are is [`Errno::Notcapable`].
    pub fn fd_fdstat_set_rights(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        base: u64,
        inheriting: u64,
    ) -> Result<(), Errno> {
        let grant = self.table.get_mut(fd)?.grant_mut();
        let rights = |bits| Rights::from_bits(bits).ok_or(Errno::Notcapable);
        grant.narrow(rights(base)?, rights(inheriting)?)
    }

    /// Writes the attributes of an open file or directory.
    pub fn fd_filestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        stat: u32,
    ) -> Result<(), Errno> {
        memory.check(stat, Filestat::SIZE)?;
        let filestat = match self.table.get(fd)? {
            Entry::File(entry) => {
                entry.grant.check(Rights::FD_FILESTAT_GET)?;
                entry.file.filestat()?
            }
            Entry::Dir(entry) => {
                entry.grant.check(Rights::FD_FILESTAT_GET)?;
                entry.dir.filestat()?
            }
        };
        filestat.write(memory, stat)
    }

    /// Cuts or extends a file.
    pub fn fd_filestat_set_size(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        size: u64,
    ) -> Result<(), Errno> {
        let entry = self.table.file(fd, Rights::FD_FILESTAT_SET_SIZE)?;
        if !entry.perms.contains(FilePerms::WRITE) {
            return Err(Errno::Perm);
        }
        entry.file.set_size(size)
    }

    /// Sets the times of an open file or directory.
    pub fn fd_filestat_set_times(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        atim: u64,
        mtim: u64,
        fst_flags: u32,
    ) -> Result<(), Errno> {
        let (atim, mtim) = SetTime::from_flags(flags!(FstFlags, fst_flags)?, atim, mtim)?;
        match self.table.get_mut(fd)? {
            Entry::File(entry) => {
                entry.grant.check(Rights::FD_FILESTAT_SET_TIMES)?;
                if !entry.perms.contains(FilePerms::WRITE) {
                    return Err(Errno::Perm);
                }
                entry.file.set_times(atim, mtim)
            }
            Entry::Dir(entry) => {
                entry.grant.check(Rights::FD_FILESTAT_SET_TIMES)?;
                entry.permit(DirPerms::MUTATE)?;
                entry.dir.set_times(atim, mtim)
            }
        }
    }

    /// Writes what kind of thing was handed over as this descriptor, and the length
    /// of its name. Any other descriptor is [`Errno::Badf`], at which programs stop looking.
    pub fn fd_prestat_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        prestat: u32,
    ) -> Result<(), Errno> {
        let Entry::Dir(entry) = self.table.get(fd)? else { return Err(Errno::Badf) };
        let name = entry.preopen.as_ref().ok_or(Errno::Badf)?;
        memory.check(prestat, 8)?;
        // The tag of a directory.
        memory.write_u32(prestat, 0)?;
        memory.write_u32(prestat.saturating_add(4), size(name.len())?)
    }

    /// Writes the name under which a directory was handed over.
    pub fn fd_prestat_dir_name(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        path: u32,
        path_len: u32,
    ) -> Result<(), Errno> {
        let Entry::Dir(entry) = self.table.get(fd)? else { return Err(Errno::Notdir) };
        let name = entry.preopen.as_ref().ok_or(Errno::Notdir)?;
        if size(name.len())? > path_len {
            return Err(Errno::Nametoolong);
        }
        memory.write(path, name.as_bytes())
    }

    /// Gives a descriptor another's number, closing the other.
    pub fn fd_renumber(
        &mut self,
        _memory: &mut GuestMemory<'_>,
        fd: u32,
        to: u32,
    ) -> Result<(), Errno> {
        self.table.renumber(fd, to)
    }
}
