//! What an embedder withholds from a directory.

use bimetal_wasi::{DirPerms, Errno, FilePerms, OFlags, Rights, WasiCtxBuilder};

use crate::guest::{Guest, read_write};

/// Descriptor 3 is read-only and 4 is not; both are the same directory.
fn guest() -> (tempfile::TempDir, Guest) {
    let host = tempfile::tempdir().unwrap();
    std::fs::write(host.path().join("file"), "text").unwrap();
    std::fs::create_dir(host.path().join("dir")).unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(host.path(), "/ro", DirPerms::READ, FilePerms::READ)
        .unwrap()
        .preopened_dir(host.path(), "/rw", DirPerms::all(), FilePerms::all())
        .unwrap()
        .preopened_dir(host.path(), "/none", DirPerms::empty(), FilePerms::empty())
        .unwrap()
        .build();
    (host, Guest::new(ctx))
}

#[test]
fn a_read_only_directory_can_be_read() {
    let (_host, mut guest) = guest();
    let fd = guest.open(3, "file").unwrap();
    assert_eq!(guest.read(fd, &[9]).unwrap(), b"text");
    assert_eq!(guest.names(3, "."), ["dir", "file"]);
    assert_eq!(guest.stat(3, "file", true).unwrap().size, 4);
}

#[test]
fn a_read_only_directory_and_all_below_cannot_be_changed() {
    let (_host, mut guest) = guest();
    let below = guest.open_dir(3, "dir").unwrap();
    for dir in [3, below] {
        assert_eq!(guest.create(dir, "new"), Err(Errno::Perm));
        assert_eq!(guest.mkdir(dir, "new"), Err(Errno::Perm));
        assert_eq!(guest.symlink("x", dir, "new"), Err(Errno::Perm));
        assert_eq!(guest.link(4, "file", dir, "new"), Err(Errno::Perm));
        assert_eq!(guest.rename(4, "file", dir, "new"), Err(Errno::Perm));
        let times = [u64::from(dir), 1, 1, 5];
        assert_eq!(guest.call("fd_filestat_set_times", &times), Err(Errno::Perm));
    }
    assert_eq!(guest.unlink(3, "file"), Err(Errno::Perm));
    assert_eq!(guest.rmdir(3, "dir"), Err(Errno::Perm));
    assert_eq!(guest.link(3, "file", 4, "new"), Err(Errno::Perm));
    assert_eq!(guest.rename(3, "file", 4, "new"), Err(Errno::Perm));
    for (oflags, rights) in
        [(OFlags::empty(), read_write()), (OFlags::TRUNC, 0), (OFlags::CREAT, 0)]
    {
        assert_eq!(guest.open_full(3, "file", true, oflags, rights, 0), Err(Errno::Perm));
    }
    let fd = guest.open(3, "file").unwrap();
    assert_eq!(guest.write(fd, &[b"x"]), Err(Errno::Badf));
    assert_eq!(guest.call("fd_filestat_set_size", &[u64::from(fd), 0]), Err(Errno::Perm));
    assert_eq!(guest.call("fd_filestat_set_times", &[u64::from(fd), 1, 1, 5]), Err(Errno::Perm));
}

#[test]
fn a_directory_without_permissions_shows_nothing() {
    let (_host, mut guest) = guest();
    assert_eq!(guest.open(5, "file"), Err(Errno::Perm));
    assert_eq!(guest.stat(5, "file", true), Err(Errno::Perm));
    assert_eq!(guest.readdir(5, 256, 0), Err(Errno::Perm));
    assert_eq!(guest.readlink(5, "file", 9), Err(Errno::Perm));
}

#[test]
fn files_that_may_only_be_written_cannot_be_read() {
    let host = tempfile::tempdir().unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(host.path(), "/", DirPerms::all(), FilePerms::WRITE)
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    let write = Rights::FD_WRITE.bits();
    let fd = guest.open_full(3, "log", true, OFlags::CREAT, write, 0).unwrap();
    assert_eq!(guest.write(fd, &[b"entry"]), Ok(5));
    let fd = guest.open(3, "log").unwrap();
    assert_eq!(guest.read(fd, &[9]), Err(Errno::Badf));
}

#[test]
fn descriptors_are_bounded() {
    let host = tempfile::tempdir().unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(host.path(), "/", DirPerms::all(), FilePerms::all())
        .unwrap()
        .max_descriptors(6)
        .build();
    let mut guest = Guest::new(ctx);
    assert_eq!(guest.create(3, "a"), Ok(4));
    assert_eq!(guest.create(3, "b"), Ok(5));
    assert_eq!(guest.create(3, "c"), Err(Errno::Mfile));
    assert!(!host.path().join("c").exists());
    assert_eq!(guest.call32("fd_renumber", &[5, 4]), Ok(()));
    assert_eq!(guest.create(3, "c"), Ok(5));
    assert_eq!(guest.call32("fd_renumber", &[5, 9]), Err(Errno::Badf));
}
