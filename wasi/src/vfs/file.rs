//! An open file of an in-memory file system.

use std::io::{IoSlice, SeekFrom};

use super::tree::{Ino, Shared, lock};
use crate::errno::Errno;
use crate::file::{Readiness, WasiFile};
use crate::flags::FdFlags;
use crate::types::{Advice, Filestat, Filetype, SetTime};

/// A descriptor's view of a file. The file lives as long as a name or descriptor does.
pub(super) struct VirtualFile {
    tree: Shared,
    ino: Ino,
    position: u64,
    flags: FdFlags,
    /// Whether the size may be set.
    writable: bool,
}

impl VirtualFile {
    pub(super) fn open(
        tree: &Shared,
        ino: Ino,
        flags: FdFlags,
        writable: bool,
    ) -> Result<Self, Errno> {
        lock(tree).hold(ino)?;
        Ok(Self { tree: tree.clone(), ino, position: 0, flags, writable })
    }

    fn size(&self) -> Result<u64, Errno> {
        Ok(lock(&self.tree).bytes(self.ino)?.len() as u64)
    }
}

/// Offsets are signed, as those of the host's files.
fn check_offset(offset: u64) -> Result<(), Errno> {
    i64::try_from(offset).map(drop).map_err(|_| Errno::Inval)
}

impl Drop for VirtualFile {
    fn drop(&mut self) {
        lock(&self.tree).let_go(self.ino);
    }
}

impl WasiFile for VirtualFile {
    fn filetype(&self) -> Filetype {
        Filetype::RegularFile
    }

    fn filestat(&self) -> Result<Filestat, Errno> {
        lock(&self.tree).filestat(self.ino)
    }

    fn is_stream(&self) -> bool {
        false
    }

    fn flags(&self) -> FdFlags {
        self.flags
    }

    fn set_flags(&mut self, flags: FdFlags) -> Result<(), Errno> {
        let kept = self.flags.intersection(FdFlags::SYNCHRONISED);
        self.flags = flags.difference(FdFlags::SYNCHRONISED) | kept;
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Errno> {
        let count = self.read_at(bytes, self.position)?;
        self.position = self.position.saturating_add(count as u64);
        Ok(count)
    }

    fn read_at(&mut self, bytes: &mut [u8], offset: u64) -> Result<usize, Errno> {
        check_offset(offset)?;
        let tree = lock(&self.tree);
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let rest = tree.bytes(self.ino)?.get(start..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        if let (Some(to), Some(from)) = (bytes.get_mut(..count), rest.get(..count)) {
            to.copy_from_slice(from);
        }
        Ok(count)
    }

    fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        if self.flags.contains(FdFlags::APPEND) {
            self.position = self.size()?;
        }
        let mut count = 0;
        for buffer in buffers {
            match lock(&self.tree).write(self.ino, self.position, buffer) {
                Ok(()) => {}
                Err(error) if count == 0 => return Err(error),
                Err(_) => break,
            }
            count += buffer.len();
            self.position = self.position.saturating_add(buffer.len() as u64);
        }
        Ok(count)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
        check_offset(offset)?;
        // As on Linux, and so as the host's files do.
        let offset = if self.flags.contains(FdFlags::APPEND) { self.size()? } else { offset };
        lock(&self.tree).write(self.ino, offset, bytes)?;
        Ok(bytes.len())
    }

    fn seek(&mut self, to: SeekFrom) -> Result<u64, Errno> {
        let position = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => self.size()?.checked_add_signed(delta),
        };
        self.position =
            position.filter(|offset| i64::try_from(*offset).is_ok()).ok_or(Errno::Inval)?;
        Ok(self.position)
    }

    fn set_size(&mut self, size: u64) -> Result<(), Errno> {
        check_offset(size)?;
        if !self.writable {
            return Err(Errno::Inval);
        }
        lock(&self.tree).resize(self.ino, size).map(drop)
    }

    fn set_times(&mut self, atim: SetTime, mtim: SetTime) -> Result<(), Errno> {
        lock(&self.tree).set_times(self.ino, atim, mtim)
    }

    fn sync(&mut self, _metadata: bool) -> Result<(), Errno> {
        Ok(())
    }

    fn advise(&mut self, _offset: u64, _len: u64, _advice: Advice) -> Result<(), Errno> {
        Ok(())
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        let bytes = self.size()?.saturating_sub(self.position);
        Ok(Readiness::Ready { bytes, hangup: bytes == 0 })
    }

    fn poll_write(&mut self) -> Result<Readiness, Errno> {
        Ok(Readiness::READY)
    }
}
