//! The host's standard streams, unbuffered: what a guest writes is out when the call
//! returns, and what it did not read is left for whoever reads next.

use std::io::{IoSlice, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno as Os;

use super::{Readiness, WasiFile};
use crate::errno::Errno;
use crate::types::Filetype;

/// The host's standard input.
#[derive(Debug)]
pub struct Stdin(std::io::Stdin);

/// The host's standard output.
#[derive(Debug)]
pub struct Stdout(std::io::Stdout);

/// The host's standard error.
#[derive(Debug)]
pub struct Stderr(std::io::Stderr);

impl Stdin {
    /// The stream of this process.
    pub fn new() -> Self {
        Self(std::io::stdin())
    }
}

impl Default for Stdin {
    fn default() -> Self {
        Self::new()
    }
}

impl WasiFile for Stdin {
    fn filetype(&self) -> Filetype {
        filetype(&self.0)
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Errno> {
        loop {
            match rustix::io::read(&self.0, &mut *bytes) {
                Err(Os::INTR) => {}
                // The terminal's owner made it non-blocking; the guest did not ask.
                Err(Os::AGAIN) => wait(self.0.as_fd(), PollFlags::IN)?,
                result => return Ok(result?),
            }
        }
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        readiness(self.0.as_fd(), PollFlags::IN)
    }

    fn host_fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

macro_rules! output {
    ($name:ident, $stream:path) => {
        impl $name {
            /// The stream of this process.
            pub fn new() -> Self {
                Self($stream())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl WasiFile for $name {
            fn filetype(&self) -> Filetype {
                filetype(&self.0)
            }

            fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
                write(self.0.as_fd(), buffers)
            }

            fn poll_write(&mut self) -> Result<Readiness, Errno> {
                readiness(self.0.as_fd(), PollFlags::OUT)
            }

            fn host_fd(&self) -> Option<BorrowedFd<'_>> {
                Some(self.0.as_fd())
            }
        }
    };
}

output!(Stdout, std::io::stdout);
output!(Stderr, std::io::stderr);

fn filetype(stream: &impl IsTerminal) -> Filetype {
    if stream.is_terminal() { Filetype::CharacterDevice } else { Filetype::Unknown }
}

fn write(fd: BorrowedFd<'_>, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
    loop {
        match rustix::io::writev(fd, buffers) {
            Err(Os::INTR) => {}
            Err(Os::AGAIN) => wait(fd, PollFlags::OUT)?,
            result => return Ok(result?),
        }
    }
}

fn wait(fd: BorrowedFd<'_>, events: PollFlags) -> Result<(), Errno> {
    match poll(&mut [PollFd::from_borrowed_fd(fd, events)], None) {
        Ok(_) | Err(Os::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What `poll` of the host says about `fd` right now.
pub(crate) fn readiness(fd: BorrowedFd<'_>, events: PollFlags) -> Result<Readiness, Errno> {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut fds = [PollFd::from_borrowed_fd(fd, events)];
    match poll(&mut fds, Some(&now)) {
        Ok(0) | Err(Os::INTR) => return Ok(Readiness::Pending),
        Ok(_) => {}
        Err(error) => return Err(error.into()),
    }
    let hangup = fds.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR));
    let bytes = if events.contains(PollFlags::IN) {
        rustix::io::ioctl_fionread(fd).unwrap_or(1)
    } else {
        1
    };
    Ok(Readiness::Ready { bytes, hangup })
}
