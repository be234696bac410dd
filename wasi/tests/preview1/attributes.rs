//! Types, sizes, times and rights.

use bimetal_wasi::{Errno, FstFlags, OFlags, Rights, VirtualDir, WasiCtxBuilder};

use crate::guest::{Guest, ROOT, both, read_write};

fn set_times(guest: &mut Guest, fd: u32, times: [u64; 2], flags: FstFlags) -> Result<(), Errno> {
    let wide = [u64::from(fd), times[0], times[1], u64::from(flags.bits())];
    guest.call("fd_filestat_set_times", &wide)
}

fn set_times_at(
    guest: &mut Guest,
    path: &str,
    follow: bool,
    times: [u64; 2],
    flags: FstFlags,
) -> Result<(), Errno> {
    guest.put(256, path.as_bytes());
    let (root, len) = (u64::from(ROOT), path.len() as u64);
    let flags = u64::from(flags.bits());
    let wide = [root, u64::from(follow), 256, len, times[0], times[1], flags];
    guest.call("path_filestat_set_times", &wide)
}

#[test]
fn a_descriptor_and_a_path_show_the_same_file() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        guest.write(fd, &[b"12345"]).unwrap();
        let stat = guest.fd_stat(fd).unwrap();
        assert_eq!(guest.stat(ROOT, "file", false), Ok(stat));
        assert_eq!((stat.filetype, stat.size, stat.nlink), (4, 5, 1));
        assert!(stat.mtim > 1_600_000_000_000_000_000);
        guest.file(ROOT, "other", "");
        assert_ne!(guest.stat(ROOT, "other", false).unwrap().ino, stat.ino);
        assert_eq!(guest.fd_stat(ROOT).unwrap().filetype, 3);
        assert_eq!(guest.stat(ROOT, ".", false).unwrap().ino, guest.fd_stat(ROOT).unwrap().ino);
    });
}

#[test]
fn a_file_is_cut_and_extended() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        guest.write(fd, &[b"12345"]).unwrap();
        let resize =
            |guest: &mut Guest, size| guest.call("fd_filestat_set_size", &[u64::from(fd), size]);
        assert_eq!(resize(guest, 2), Ok(()));
        assert_eq!(resize(guest, 4), Ok(()));
        assert_eq!(guest.pread(fd, 9, 0).unwrap(), b"12\0\0");
        assert_eq!(resize(guest, u64::MAX), Err(Errno::Inval));
        assert_eq!(guest.call("fd_filestat_set_size", &[1, 0]), Err(Errno::Badf));
        let reading = guest.open(ROOT, "file").unwrap();
        let result = guest.call("fd_filestat_set_size", &[u64::from(reading), 0]);
        assert_eq!(result, Err(Errno::Inval));
    });
}

#[test]
fn times_are_set_kept_and_brought_up_to_date() {
    both(|guest| {
        let fd = guest.create(ROOT, "file").unwrap();
        let both_times = FstFlags::ATIM | FstFlags::MTIM;
        assert_eq!(set_times(guest, fd, [1_000_000_007, 2_000_000_009], both_times), Ok(()));
        let stat = guest.fd_stat(fd).unwrap();
        assert_eq!((stat.atim, stat.mtim), (1_000_000_007, 2_000_000_009));
        assert_eq!(set_times(guest, fd, [5, 5], FstFlags::ATIM), Ok(()));
        let stat = guest.fd_stat(fd).unwrap();
        assert_eq!((stat.atim, stat.mtim), (5, 2_000_000_009));
        assert_eq!(set_times(guest, fd, [0, 0], FstFlags::MTIM_NOW), Ok(()));
        let stat = guest.fd_stat(fd).unwrap();
        assert!(stat.atim == 5 && stat.mtim > 1_600_000_000_000_000_000);
        let clash = FstFlags::ATIM | FstFlags::ATIM_NOW;
        assert_eq!(set_times(guest, fd, [0, 0], clash), Err(Errno::Inval));
        assert_eq!(set_times(guest, ROOT, [7, 8], both_times), Ok(()));
        assert_eq!(guest.fd_stat(ROOT).unwrap().mtim, 8);
        assert_eq!(set_times(guest, 1, [7, 8], both_times), Err(Errno::Badf));
    });
}

#[test]
fn times_of_a_link_and_of_what_it_leads_to_are_different() {
    both(|guest| {
        guest.file(ROOT, "file", "");
        guest.symlink("file", ROOT, "link").unwrap();
        let flags = FstFlags::ATIM | FstFlags::MTIM;
        assert_eq!(set_times_at(guest, "link", true, [10, 11], flags), Ok(()));
        assert_eq!(set_times_at(guest, "link", false, [20, 21], flags), Ok(()));
        assert_eq!(guest.stat(ROOT, "file", false).unwrap().mtim, 11);
        assert_eq!(guest.stat(ROOT, "link", false).unwrap().mtim, 21);
        assert_eq!(set_times_at(guest, "../x", true, [0, 0], flags), Err(Errno::Perm));
        assert_eq!(set_times_at(guest, "none", true, [0, 0], flags), Err(Errno::Noent));
        assert_eq!(set_times_at(guest, "none", false, [0, 0], flags), Err(Errno::Noent));
    });
}

#[test]
fn memory_files_take_their_times_from_the_embedder() {
    let fs = VirtualDir::new();
    fs.set_time_source(|| 77);
    let mut guest = Guest::new(WasiCtxBuilder::new().virtual_dir(&fs, "/").build());
    guest.file(ROOT, "file", "x");
    let stat = guest.stat(ROOT, "file", false).unwrap();
    assert_eq!((stat.atim, stat.mtim), (77, 77));
}

#[test]
fn rights_follow_what_was_asked_and_can_only_be_given_up() {
    both(|guest| {
        let dir = guest.fdstat(ROOT).unwrap();
        assert_eq!(dir.filetype, 3);
        assert_eq!(dir.base, Rights::DIRECTORY.bits());
        assert_eq!(dir.inheriting, (Rights::DIRECTORY | Rights::FILE).bits());
        let fd = guest.create(ROOT, "file").unwrap();
        let stat = guest.fdstat(fd).unwrap();
        assert_eq!((stat.filetype, stat.base), (4, Rights::FILE.bits()));
        guest.write(fd, &[b"1234"]).unwrap();
        let give_up = |guest: &mut Guest, fd: u32, rights: Rights| {
            let stat = guest.fdstat(fd).unwrap();
            let base = stat.base & !rights.bits();
            guest.call("fd_fdstat_set_rights", &[u64::from(fd), base, stat.inheriting])
        };
        assert_eq!(give_up(guest, fd, Rights::FD_READ | Rights::FD_SEEK), Ok(()));
        assert_eq!(guest.read(fd, &[4]), Err(Errno::Badf));
        assert_eq!(guest.seek(fd, 0, 0), Err(Errno::Notcapable));
        assert_eq!(guest.seek(fd, 0, 1), Ok(4));
        let regain = [u64::from(fd), Rights::FILE.bits(), 0];
        assert_eq!(guest.call("fd_fdstat_set_rights", &regain), Err(Errno::Notcapable));
        let unknown = [u64::from(fd), 1 << 40, 0];
        assert_eq!(guest.call("fd_fdstat_set_rights", &unknown), Err(Errno::Notcapable));
    });
}

#[test]
fn what_a_directory_gave_up_is_missing_below_it() {
    both(|guest| {
        guest.file(ROOT, "file", "text");
        let dir = guest.open_dir(ROOT, ".").unwrap();
        let stat = guest.fdstat(dir).unwrap();
        let base = stat.base & !(Rights::PATH_CREATE_FILE | Rights::PATH_FILESTAT_SET_SIZE).bits();
        let inheriting = stat.inheriting & !(Rights::FD_WRITE | Rights::FD_SEEK).bits();
        guest.call("fd_fdstat_set_rights", &[u64::from(dir), base, inheriting]).unwrap();
        assert_eq!(guest.create(dir, "new"), Err(Errno::Notcapable));
        let truncate = guest.open_full(dir, "file", true, OFlags::TRUNC, 0, 0);
        assert_eq!(truncate, Err(Errno::Notcapable));
        let write = guest.open_full(dir, "file", true, OFlags::empty(), read_write(), 0);
        assert_eq!(write, Err(Errno::Notcapable));
        let fd = guest.open(dir, "file").unwrap();
        assert_eq!(guest.read(fd, &[9]).unwrap(), b"text");
        assert_eq!(guest.seek(fd, 0, 0), Err(Errno::Notcapable));
        assert!(guest.create(ROOT, "new").is_ok());
    });
}

#[test]
fn unknown_flags_are_invalid() {
    both(|guest| {
        guest.put(256, b"x");
        let root = u64::from(ROOT);
        for (dirflags, oflags, fdflags) in [(2, 0, 0), (0, 16, 0), (0, 0, 32), (0, 1 << 20, 0)] {
            let wide = [root, dirflags, 256, 1, oflags, 0, 0, fdflags, 0];
            assert_eq!(guest.call("path_open", &wide), Err(Errno::Inval));
        }
        assert_eq!(guest.call32("path_filestat_get", &[ROOT, 2, 256, 1, 0]), Err(Errno::Inval));
        let flags = [root, 0, 0, 16];
        assert_eq!(guest.call("fd_filestat_set_times", &flags), Err(Errno::Inval));
    });
}
