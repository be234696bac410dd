//! Files of the host, opened through a directory that was handed over.

use std::io::{IoSlice, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd};

use cap_std::fs::{File, FileExt};
use rustix::event::PollFlags;
use rustix::fs::{OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT};

use super::stdio::readiness;
use super::{Readiness, WasiFile};
use crate::dir::host_filestat;
use crate::errno::Errno;
use crate::flags::FdFlags;
use crate::types::{Advice, Filestat, Filetype, SetTime};

/// An open file of the host. The position and the append flag are the system's own.
#[derive(Debug)]
pub struct HostFile {
    file: File,
    filetype: Filetype,
    flags: FdFlags,
}

impl HostFile {
    /// Takes an open file over, which may also be a pipe or a device.
    ///
    /// # Errors
    ///
    /// If its attributes cannot be read.
    pub fn new(file: std::fs::File) -> Result<Self, Errno> {
        Self::from_cap_std(File::from_std(file))
    }

    fn from_cap_std(file: File) -> Result<Self, Errno> {
        let filetype = host_filestat(&file.metadata()?).filetype;
        Ok(Self { file, filetype, flags: FdFlags::empty() })
    }

    /// A file opened with the synchronisation flags in `flags`; the others are set now.
    pub(crate) fn opened(file: File, flags: FdFlags) -> Result<Self, Errno> {
        let mut file = Self::from_cap_std(file)?;
        if flags.intersects(FdFlags::APPEND | FdFlags::NONBLOCK) {
            file.set_flags(flags)?;
        }
        file.flags = flags;
        Ok(file)
    }
}

impl WasiFile for HostFile {
    fn filetype(&self) -> Filetype {
        self.filetype
    }

    fn filestat(&self) -> Result<Filestat, Errno> {
        Ok(host_filestat(&self.file.metadata()?))
    }

    fn is_stream(&self) -> bool {
        self.filetype != Filetype::RegularFile
    }

    fn flags(&self) -> FdFlags {
        self.flags
    }

    fn set_flags(&mut self, flags: FdFlags) -> Result<(), Errno> {
        let mut host = rustix::fs::fcntl_getfl(&self.file)?;
        host.set(OFlags::APPEND, flags.contains(FdFlags::APPEND));
        host.set(OFlags::NONBLOCK, flags.contains(FdFlags::NONBLOCK));
        rustix::fs::fcntl_setfl(&self.file, host)?;
        let kept = self.flags.intersection(FdFlags::SYNCHRONISED);
        self.flags = flags.difference(FdFlags::SYNCHRONISED) | kept;
        Ok(())
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Errno> {
        retry(|| (&self.file).read(bytes))
    }

    fn read_at(&mut self, bytes: &mut [u8], offset: u64) -> Result<usize, Errno> {
        check_offset(offset)?;
        retry(|| self.file.read_at(bytes, offset))
    }

    fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        retry(|| (&self.file).write_vectored(buffers))
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
        check_offset(offset)?;
        retry(|| self.file.write_at(bytes, offset))
    }

    fn seek(&mut self, to: SeekFrom) -> Result<u64, Errno> {
        if let SeekFrom::Start(offset) = to {
            check_offset(offset)?;
        }
        Ok((&self.file).seek(to)?)
    }

    fn set_size(&mut self, size: u64) -> Result<(), Errno> {
        check_offset(size)?;
        Ok(self.file.set_len(size)?)
    }

    fn set_times(&mut self, atim: SetTime, mtim: SetTime) -> Result<(), Errno> {
        let times = Timestamps { last_access: timespec(atim)?, last_modification: timespec(mtim)? };
        Ok(rustix::fs::futimens(&self.file, &times)?)
    }

    fn sync(&mut self, metadata: bool) -> Result<(), Errno> {
        let result = if metadata { self.file.sync_all() } else { self.file.sync_data() };
        match result.map_err(Errno::from) {
            // A file open only for reading has nothing to bring to the disk.
            Err(Errno::Badf | Errno::Inval) => Ok(()),
            result => result,
        }
    }

    fn advise(&mut self, offset: u64, len: u64, advice: Advice) -> Result<(), Errno> {
        check_offset(offset)?;
        check_offset(len)?;
        host_advise(&self.file, offset, len, advice)
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        if self.is_stream() {
            return readiness(self.file.as_fd(), PollFlags::IN);
        }
        let size = self.file.metadata()?.len();
        let left = size.saturating_sub((&self.file).stream_position()?);
        Ok(Readiness::Ready { bytes: left, hangup: left == 0 })
    }

    fn poll_write(&mut self) -> Result<Readiness, Errno> {
        if self.is_stream() {
            return readiness(self.file.as_fd(), PollFlags::OUT);
        }
        Ok(Readiness::READY)
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}

/// Offsets of the system are signed.
fn check_offset(offset: u64) -> Result<(), Errno> {
    i64::try_from(offset).map(drop).map_err(|_| Errno::Inval)
}

fn retry(mut call: impl FnMut() -> std::io::Result<usize>) -> Result<usize, Errno> {
    loop {
        match call() {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            result => return Ok(result?),
        }
    }
}

fn timespec(time: SetTime) -> Result<Timespec, Errno> {
    Ok(match time {
        SetTime::Keep => Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        SetTime::Now => Timespec { tv_sec: 0, tv_nsec: UTIME_NOW },
        SetTime::At(nanoseconds) => Timespec {
            tv_sec: i64::try_from(nanoseconds / 1_000_000_000).map_err(|_| Errno::Overflow)?,
            tv_nsec: i64::try_from(nanoseconds % 1_000_000_000).map_err(|_| Errno::Overflow)?,
        },
    })
}

#[cfg(target_os = "linux")]
fn host_advise(file: &File, offset: u64, len: u64, advice: Advice) -> Result<(), Errno> {
    use rustix::fs::Advice as Host;
    let advice = match advice {
        Advice::Normal => Host::Normal,
        Advice::Sequential => Host::Sequential,
        Advice::Random => Host::Random,
        Advice::WillNeed => Host::WillNeed,
        Advice::DontNeed => Host::DontNeed,
        Advice::NoReuse => Host::NoReuse,
    };
    Ok(rustix::fs::fadvise(file, offset, std::num::NonZeroU64::new(len), advice)?)
}

/// Elsewhere the hint is dropped, which it may always be.
#[cfg(not(target_os = "linux"))]
fn host_advise(_file: &File, _offset: u64, _len: u64, _advice: Advice) -> Result<(), Errno> {
    Ok(())
}
