//! What a file descriptor that is no directory can do.

mod host;
mod null;
mod stdio;

use std::io::{IoSlice, SeekFrom};
use std::os::fd::BorrowedFd;

pub use self::host::HostFile;
pub use self::null::{Empty, Sink};
pub use self::stdio::{Stderr, Stdin, Stdout};
use crate::errno::Errno;
use crate::flags::FdFlags;
use crate::types::{Advice, Filestat, Filetype, SetTime};

/// How ready a descriptor is for reading or writing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// A call would not wait.
    Ready {
        /// How many bytes can be transferred, as far as known; at least one if unknown.
        bytes: u64,
        /// The other end is closed, or the end of the file is reached.
        hangup: bool,
    },
    /// A call would wait. If the file has a host descriptor, `poll_oneoff` waits on it.
    Pending,
}

impl Readiness {
    /// Ready, for an unknown number of bytes.
    pub const READY: Self = Self::Ready { bytes: 1, hangup: false };
}

/// A file, pipe or stream, with a position of its own where it has one.
///
/// The default methods are those of something that is neither read, written nor
/// sought, with the errors that WASI expects.
pub trait WasiFile: Send {
    /// The type, as `fd_fdstat_get` shows it.
    fn filetype(&self) -> Filetype;

    /// The attributes.
    fn filestat(&self) -> Result<Filestat, Errno> {
        Ok(Filestat::stream(self.filetype()))
    }

    /// Whether the file is a standard stream or pipe: something that cannot be sought.
    fn is_stream(&self) -> bool {
        true
    }

    /// The flags.
    fn flags(&self) -> FdFlags {
        FdFlags::empty()
    }

    /// Replaces the append and non-blocking flags.
    fn set_flags(&mut self, _flags: FdFlags) -> Result<(), Errno> {
        Err(Errno::Badf)
    }

    /// Reads at the position and advances it; zero means the end.
    fn read(&mut self, _bytes: &mut [u8]) -> Result<usize, Errno> {
        Err(Errno::Badf)
    }

    /// Reads at `offset`, leaving the position.
    fn read_at(&mut self, _bytes: &mut [u8], _offset: u64) -> Result<usize, Errno> {
        Err(Errno::Spipe)
    }

    /// Writes at the position (or the end) and advances it; answers how much was written.
    fn write(&mut self, _buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        Err(Errno::Badf)
    }

    /// Writes at `offset`, leaving the position.
    fn write_at(&mut self, _bytes: &[u8], _offset: u64) -> Result<usize, Errno> {
        Err(Errno::Spipe)
    }

    /// Moves the position and answers the new one.
    fn seek(&mut self, _to: SeekFrom) -> Result<u64, Errno> {
        Err(Errno::Spipe)
    }

    /// Cuts or extends with zeros.
    fn set_size(&mut self, _size: u64) -> Result<(), Errno> {
        Err(Errno::Badf)
    }

    /// Sets access and modification time.
    fn set_times(&mut self, _atim: SetTime, _mtim: SetTime) -> Result<(), Errno> {
        Err(Errno::Badf)
    }

    /// Brings data, and metadata too if asked, to the disk.
    fn sync(&mut self, _metadata: bool) -> Result<(), Errno> {
        Err(Errno::Badf)
    }

    /// Takes a hint about future accesses.
    fn advise(&mut self, _offset: u64, _len: u64, _advice: Advice) -> Result<(), Errno> {
        Err(Errno::Badf)
    }

    /// Whether a read would wait.
    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        Err(Errno::Badf)
    }

    /// Whether a write would wait.
    fn poll_write(&mut self) -> Result<Readiness, Errno> {
        Err(Errno::Badf)
    }

    /// The host descriptor to wait on while [`Readiness::Pending`].
    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}
