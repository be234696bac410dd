//! Opening, reading, writing, seeking.

use bimetal_wasi::pipe::{MemoryInputPipe, MemoryOutputPipe};
use bimetal_wasi::{Errno, FdFlags, OFlags, Rights, VirtualDir, WasiCtxBuilder};

use crate::guest::{Guest, ROOT, both, read_write};

#[test]
fn what_is_written_is_read() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        assert_eq!(fd, 4);
        assert_eq!(guest.write(fd, &[b"hello ", b"", b"world"]), Ok(11));
        assert_eq!(guest.seek(fd, 0, 1), Ok(11));
        assert_eq!(guest.seek(fd, 0, 0), Ok(0));
        assert_eq!(guest.read(fd, &[4, 0, 3, 100]).unwrap(), b"hello world");
        assert_eq!(guest.read(fd, &[10]).unwrap(), b"");
        assert_eq!(guest.seek(fd, -5, 2), Ok(6));
        assert_eq!(guest.read(fd, &[2]).unwrap(), b"wo");
        guest.call32("fd_tell", &[fd, 0]).unwrap();
        assert_eq!(guest.u64(0), 8);
        assert_eq!(guest.read(fd, &[]).unwrap(), b"");
    });
}

#[test]
fn positioned_access_leaves_the_position() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        assert_eq!(guest.write(fd, &[b"abcdef"]), Ok(6));
        assert_eq!(guest.pwrite(fd, b"XY", 1), Ok(2));
        assert_eq!(guest.pread(fd, 3, 0).unwrap(), b"aXY");
        assert_eq!(guest.pread(fd, 3, 100).unwrap(), b"");
        assert_eq!(guest.pwrite(fd, b"!", 8), Ok(1));
        assert_eq!(guest.pread(fd, 20, 0).unwrap(), b"aXYdef\0\0!");
        assert_eq!(guest.seek(fd, 0, 1), Ok(6));
        for offset in [u64::MAX, 1 << 63] {
            assert_eq!(guest.pread(fd, 1, offset), Err(Errno::Inval));
            assert_eq!(guest.pwrite(fd, b"x", offset), Err(Errno::Inval));
        }
    });
}

#[test]
fn seeking_outside_is_invalid() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        assert_eq!(guest.seek(fd, 100, 0), Ok(100));
        for (offset, whence) in [(-101, 1), (-1, 0), (-1, 2), (i64::MIN, 2), (i64::MAX, 1)] {
            let result = guest.seek(fd, offset, whence);
            assert!(matches!(result, Err(Errno::Inval | Errno::Overflow)), "{offset} {whence}");
        }
        assert_eq!(guest.seek(fd, 0, 3), Err(Errno::Inval));
        assert_eq!(guest.seek(ROOT, 0, 1), Err(Errno::Badf));
        assert_eq!(guest.seek(1, 0, 1), Err(Errno::Spipe));
    });
}

#[test]
fn appended_writes_go_to_the_end() {
    both(|guest| {
        guest.file(ROOT, "log", "one");
        let append = FdFlags::APPEND.bits();
        let fd = guest.open_full(ROOT, "log", true, OFlags::empty(), read_write(), append).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, append);
        assert_eq!(guest.write(fd, &[b"two"]), Ok(3));
        guest.seek(fd, 0, 0).unwrap();
        assert_eq!(guest.write(fd, &[b"three"]), Ok(5));
        assert_eq!(guest.seek(fd, 0, 1), Ok(11));
        guest.call32("fd_fdstat_set_flags", &[fd, 0]).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, 0);
        guest.seek(fd, 0, 0).unwrap();
        assert_eq!(guest.write(fd, &[b"ONE"]), Ok(3));
        assert_eq!(guest.pread(fd, 20, 0).unwrap(), b"ONEtwothree");
    });
}

#[test]
fn creating_truncating_and_insisting() {
    both(|guest| {
        let open = |guest: &mut Guest, path: &str, oflags: OFlags| {
            guest.open_full(ROOT, path, true, oflags, read_write(), 0)
        };
        assert_eq!(open(guest, "file", OFlags::empty()), Err(Errno::Noent));
        assert_eq!(open(guest, "file", OFlags::TRUNC), Err(Errno::Noent));
        guest.file(ROOT, "file", "contents");
        assert_eq!(open(guest, "file", OFlags::CREAT | OFlags::EXCL), Err(Errno::Exist));
        assert_eq!(open(guest, "file", OFlags::DIRECTORY), Err(Errno::Notdir));
        assert!(open(guest, "file", OFlags::CREAT).is_ok());
        assert_eq!(guest.stat(ROOT, "file", true).unwrap().size, 8);
        let append = FdFlags::APPEND.bits();
        let flags = OFlags::CREAT | OFlags::TRUNC;
        assert!(guest.open_full(ROOT, "file", true, flags, read_write(), append).is_ok());
        assert_eq!(guest.stat(ROOT, "file", true).unwrap().size, 0);
        guest.mkdir(ROOT, "dir").unwrap();
        assert_eq!(open(guest, "dir", OFlags::empty()), Err(Errno::Isdir));
        assert_eq!(open(guest, "dir", OFlags::CREAT | OFlags::EXCL), Err(Errno::Exist));
        assert_eq!(open(guest, "new", OFlags::DIRECTORY | OFlags::CREAT), Err(Errno::Inval));
        assert!(guest.open_full(ROOT, "dir", true, OFlags::DIRECTORY, 0, 0).is_ok());
    });
}

#[test]
fn synchronised_files_keep_their_flags() {
    both(|guest| {
        let sync = (FdFlags::SYNC | FdFlags::DSYNC).bits();
        let fd = guest.open_full(ROOT, "f", true, OFlags::CREAT, read_write(), sync).unwrap();
        assert_eq!(guest.fdstat(fd).unwrap().flags, sync);
        assert_eq!(guest.write(fd, &[b"x"]), Ok(1));
        let append = FdFlags::APPEND.bits() | sync;
        assert_eq!(guest.call32("fd_fdstat_set_flags", &[fd, u32::from(append)]), Ok(()));
        assert_eq!(guest.fdstat(fd).unwrap().flags, append);
        let plain = guest.create(ROOT, "g").unwrap();
        let refused = guest.call32("fd_fdstat_set_flags", &[plain, u32::from(sync)]);
        assert_eq!(refused, Err(Errno::Inval));
        assert_eq!(guest.call32("fd_fdstat_set_flags", &[plain, 1 << 5]), Err(Errno::Inval));
        assert_eq!(guest.call32("fd_sync", &[fd]), Ok(()));
        assert_eq!(guest.call32("fd_datasync", &[fd]), Ok(()));
    });
}

#[test]
fn a_file_open_for_one_thing_is_a_bad_descriptor_for_the_other() {
    both(|guest| {
        guest.file(ROOT, "file", "text");
        let open = |guest: &mut Guest, rights: Rights| {
            guest.open_full(ROOT, "file", true, OFlags::empty(), rights.bits(), 0).unwrap()
        };
        let reading = open(guest, Rights::FD_READ);
        assert_eq!(guest.write(reading, &[b"x"]), Err(Errno::Badf));
        assert_eq!(guest.pwrite(reading, b"x", 0), Err(Errno::Badf));
        assert_eq!(guest.read(reading, &[4]).unwrap(), b"text");
        let writing = open(guest, Rights::FD_WRITE);
        assert_eq!(guest.read(writing, &[4]), Err(Errno::Badf));
        assert_eq!(guest.pread(writing, 4, 0), Err(Errno::Badf));
        assert_eq!(guest.write(writing, &[b"T"]), Ok(1));
        // Asking for nothing opens for reading, also when the file is created.
        let neither = open(guest, Rights::empty());
        assert_eq!(guest.read(neither, &[4]).unwrap(), b"Text");
        let created = guest.open_full(ROOT, "new", true, OFlags::CREAT, 0, 0).unwrap();
        assert_eq!(guest.write(created, &[b"x"]), Err(Errno::Badf));
        assert!(guest.seek(created, 5, 0).is_ok());
    });
}

#[test]
fn directories_are_bad_descriptors_for_files_and_the_reverse() {
    both(|guest| {
        guest.file(ROOT, "file", "text");
        assert_eq!(guest.read(ROOT, &[4]), Err(Errno::Badf));
        assert_eq!(guest.write(ROOT, &[b"x"]), Err(Errno::Badf));
        assert_eq!(guest.pread(ROOT, 4, 0), Err(Errno::Badf));
        assert_eq!(guest.call32("fd_tell", &[ROOT, 0]), Err(Errno::Badf));
        for name in ["fd_allocate", "fd_filestat_set_size", "fd_advise", "fd_sync"] {
            assert_eq!(guest.call32(name, &[ROOT, 0, 1]), Err(Errno::Badf), "{name}");
        }
        let fd = guest.open(ROOT, "file").unwrap();
        assert_eq!(guest.open(fd, "x"), Err(Errno::Notdir));
        assert_eq!(guest.stat(fd, "x", true), Err(Errno::Notdir));
        assert_eq!(guest.open(1, "x"), Err(Errno::Badf));
        assert_eq!(guest.open(99, "x"), Err(Errno::Badf));
        assert_eq!(guest.call32("fd_allocate", &[fd, 0, 1]), Err(Errno::Notsup));
        assert_eq!(guest.call32("fd_advise", &[fd, 0, 1, 4]), Ok(()));
        assert_eq!(guest.call32("fd_advise", &[fd, 0, 1, 6]), Err(Errno::Inval));
    });
}

#[test]
fn streams_pass_bytes_and_cannot_be_sought() {
    let out = MemoryOutputPipe::new(1 << 10);
    let ctx =
        WasiCtxBuilder::new().stdin(MemoryInputPipe::new("some input")).stdout(out.clone()).build();
    let mut guest = Guest::new(ctx);
    assert_eq!(guest.read(0, &[0, 4, 100]).unwrap(), b"some");
    assert_eq!(guest.read(0, &[100]).unwrap(), b" input");
    assert_eq!(guest.read(0, &[100]).unwrap(), b"");
    assert_eq!(guest.write(1, &[b"out", b"put"]), Ok(6));
    assert_eq!(guest.write(2, &[b"swallowed"]), Ok(9));
    assert_eq!(out.contents(), b"output");
    assert_eq!(guest.pread(0, 1, 0), Err(Errno::Spipe));
    assert_eq!(guest.write(0, &[b"x"]), Err(Errno::Badf));
    assert_eq!(guest.read(1, &[1]), Err(Errno::Badf));
    assert_eq!(guest.fdstat(1).unwrap().filetype, 0);
    assert_eq!(guest.fdstat(0).unwrap().base & Rights::FD_SEEK.bits(), 0);
    assert_eq!(guest.fd_stat(1).unwrap().size, 0);
}

#[test]
fn an_open_file_outlives_its_name() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        guest.write(fd, &[b"alive"]).unwrap();
        guest.unlink(ROOT, "file").unwrap();
        assert_eq!(guest.open(ROOT, "file"), Err(Errno::Noent));
        assert_eq!(guest.pread(fd, 9, 0).unwrap(), b"alive");
        assert_eq!(guest.fd_stat(fd).unwrap().nlink, 0);
    });
}

#[test]
fn an_open_directory_outlives_its_name_and_takes_nothing_new() {
    both(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        guest.rmdir(ROOT, "dir").unwrap();
        assert_eq!(guest.create(dir, "file"), Err(Errno::Noent));
        assert_eq!(guest.mkdir(dir, "sub"), Err(Errno::Noent));
    });
}

#[test]
fn a_full_memory_file_system_is_out_of_space() {
    let fs = VirtualDir::with_capacity(10);
    let mut guest = Guest::new(WasiCtxBuilder::new().virtual_dir(&fs, "/").build());
    let fd = guest.create(ROOT, "file").unwrap();
    assert_eq!(guest.write(fd, &[b"12345", b"67890x"]), Ok(5));
    assert_eq!(guest.write(fd, &[b"67890x"]), Err(Errno::Nospc));
    assert_eq!(guest.call("fd_filestat_set_size", &[u64::from(fd), 1 << 40]), Err(Errno::Nospc));
    assert_eq!(guest.pwrite(fd, b"x", 1 << 60), Err(Errno::Nospc));
    guest.close(fd).unwrap();
    guest.unlink(ROOT, "file").unwrap();
    guest.file(ROOT, "again", "1234567890");
}
