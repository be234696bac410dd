//! Waiting.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use bimetal_wasi::pipe::{MemoryInputPipe, MemoryOutputPipe};
use bimetal_wasi::{
    DirPerms, Errno, FilePerms, Filetype, ManualClocks, Readiness, VirtualDir, WasiCtxBuilder,
    WasiFile,
};

use crate::guest::{Guest, ROOT, both};

#[derive(Clone, Copy)]
enum Sub {
    Clock { id: u32, timeout: u64, absolute: bool },
    Read(u32),
    Write(u32),
}

/// User data, type, bytes, hangup.
type Event = (u64, u8, u64, bool);

/// Subscribes with the user data 100, 101, and so on.
fn poll(guest: &mut Guest, subs: &[Sub]) -> Result<Vec<Event>, Errno> {
    for (index, sub) in subs.iter().enumerate() {
        let at = 1024 + index as u32 * 48;
        guest.put(at, &[0; 48]);
        guest.put(at, &(100 + index as u64).to_le_bytes());
        match *sub {
            Sub::Clock { id, timeout, absolute } => {
                guest.put(at + 16, &id.to_le_bytes());
                guest.put(at + 24, &timeout.to_le_bytes());
                guest.put(at + 40, &u16::from(absolute).to_le_bytes());
            }
            Sub::Read(fd) => {
                guest.put(at + 8, &[1]);
                guest.put(at + 16, &fd.to_le_bytes());
            }
            Sub::Write(fd) => {
                guest.put(at + 8, &[2]);
                guest.put(at + 16, &fd.to_le_bytes());
            }
        }
    }
    guest.call32("poll_oneoff", &[1024, 4096, subs.len() as u32, 0])?;
    let event = |index: u32| {
        let at = 4096 + index * 32;
        assert_eq!(guest.u16(at + 8), 0);
        (guest.u64(at), guest.u8(at + 10), guest.u64(at + 16), guest.u16(at + 24) == 1)
    };
    Ok((0..guest.u32(0)).map(event).collect())
}

const fn after(timeout: u64) -> Sub {
    Sub::Clock { id: 1, timeout, absolute: false }
}

#[test]
fn sleeping_takes_its_time() {
    let mut guest = Guest::new(WasiCtxBuilder::new().build());
    let start = Instant::now();
    assert_eq!(poll(&mut guest, &[after(20_000_000)]), Ok(vec![(100, 0, 0, false)]));
    assert!(start.elapsed() >= Duration::from_millis(20));
}

#[test]
fn only_what_is_due_is_reported() {
    let clock = ManualClocks::new(1_000_000);
    let mut guest = Guest::new(WasiCtxBuilder::new().clocks(clock.clone()).build());
    let subs = [after(500), after(100), Sub::Clock { id: 0, timeout: 1_000_100, absolute: true }];
    let due = poll(&mut guest, &subs).unwrap();
    assert_eq!(due, [(101, 0, 0, false), (102, 0, 0, false)]);
    let past = Sub::Clock { id: 1, timeout: 3, absolute: true };
    assert_eq!(poll(&mut guest, &[past, after(1)]).unwrap(), [(100, 0, 0, false)]);
    let forever = after(u64::MAX);
    assert_eq!(poll(&mut guest, &[forever, after(7)]).unwrap(), [(101, 0, 0, false)]);
}

#[test]
fn files_and_pipes_are_ready() {
    let ctx = WasiCtxBuilder::new()
        .stdin(MemoryInputPipe::new("abc"))
        .stdout(MemoryOutputPipe::new(10))
        .virtual_dir(&VirtualDir::new(), "/")
        .build();
    let mut guest = Guest::new(ctx);
    guest.file(ROOT, "file", "12345");
    let fd = guest.open(ROOT, "file").unwrap();
    let subs = [after(1 << 40), Sub::Read(0), Sub::Write(1), Sub::Read(fd)];
    let due = poll(&mut guest, &subs).unwrap();
    assert_eq!(due, [(101, 1, 3, false), (102, 2, 10, false), (103, 1, 5, false)]);
    guest.read(0, &[9]).unwrap();
    guest.seek(fd, 0, 2).unwrap();
    let due = poll(&mut guest, &[Sub::Read(0), Sub::Read(fd)]).unwrap();
    assert_eq!(due, [(100, 1, 0, true), (101, 1, 0, true)]);
}

#[test]
fn a_file_of_either_kind_knows_what_is_left() {
    both(|guest| {
        guest.file(ROOT, "file", "12345");
        let fd = guest.open(ROOT, "file").unwrap();
        guest.read(fd, &[2]).unwrap();
        let due = poll(guest, &[Sub::Read(fd), Sub::Write(fd)]).unwrap();
        assert_eq!(due, [(100, 1, 3, false), (101, 2, 1, false)]);
    });
}

#[test]
fn what_cannot_be_waited_for_fails_the_call() {
    let mut guest = Guest::new(WasiCtxBuilder::new().virtual_dir(&VirtualDir::new(), "/").build());
    for sub in [Sub::Read(9), Sub::Write(9), Sub::Read(1), Sub::Write(0), Sub::Read(ROOT)] {
        assert_eq!(poll(&mut guest, &[sub, after(0)]), Err(Errno::Badf));
    }
    for id in [2, 3, 4] {
        let clock = Sub::Clock { id, timeout: 0, absolute: false };
        assert_eq!(poll(&mut guest, &[clock]), Err(Errno::Inval));
    }
    assert_eq!(poll(&mut guest, &[]), Err(Errno::Inval));
    guest.put(1024 + 8, &[3]);
    assert_eq!(guest.call32("poll_oneoff", &[1024, 4096, 1, 0]), Err(Errno::Inval));
}

/// One end of a pipe of the host.
struct HostPipe(std::io::PipeReader);

impl WasiFile for HostPipe {
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        let mut fds = [rustix::event::PollFd::new(&self.0, rustix::event::PollFlags::IN)];
        let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
        let ready = rustix::event::poll(&mut fds, Some(&now))? > 0;
        Ok(if ready { Readiness::READY } else { Readiness::Pending })
    }

    fn host_fd(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }
}

#[test]
fn a_pipe_of_the_host_is_waited_for() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(HostPipe(reader)).build());
    let due = poll(&mut guest, &[Sub::Read(0), after(5_000_000)]).unwrap();
    assert_eq!(due, [(101, 0, 0, false)]);
    let sender = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(10));
        std::io::Write::write_all(&mut writer, b"x").unwrap();
    });
    let due = poll(&mut guest, &[Sub::Read(0), after(60_000_000_000)]).unwrap();
    assert_eq!(due, [(100, 1, 1, false)]);
    sender.join().unwrap();
}

/// Becomes ready after it has been asked a few times, and has no descriptor.
struct Slow(u32);

impl WasiFile for Slow {
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        self.0 = self.0.saturating_sub(1);
        Ok(if self.0 == 0 { Readiness::READY } else { Readiness::Pending })
    }
}

#[test]
fn a_stream_without_a_descriptor_is_asked_again() {
    let mut guest = Guest::new(WasiCtxBuilder::new().stdin(Slow(4)).build());
    assert_eq!(poll(&mut guest, &[Sub::Read(0)]), Ok(vec![(100, 1, 1, false)]));
}

#[test]
fn a_fifo_of_the_host_waits_without_a_writer() {
    let host = tempfile::tempdir().unwrap();
    let path = host.path().join("fifo");
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR)
        .unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(host.path(), "/", DirPerms::all(), FilePerms::all())
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    let nonblock = bimetal_wasi::FdFlags::NONBLOCK.bits();
    let rights = crate::guest::read_write();
    let none = bimetal_wasi::OFlags::empty();
    let fd = guest.open_full(ROOT, "fifo", true, none, rights, nonblock).unwrap();
    assert_eq!(guest.read(fd, &[4]), Err(Errno::Again));
    assert_eq!(poll(&mut guest, &[Sub::Read(fd), after(0)]), Ok(vec![(101, 0, 0, false)]));
    guest.write(fd, &[b"abc"]).unwrap();
    assert_eq!(poll(&mut guest, &[Sub::Read(fd), after(0)]).unwrap()[0], (100, 1, 3, false));
    assert_eq!(guest.read(fd, &[4]).unwrap(), b"abc");
    assert_eq!(guest.seek(fd, 0, 0), Err(Errno::Spipe));
}
