//! Creating, listing, moving and removing.

use bimetal_wasi::{DirPerms, Errno, FilePerms, VirtualDir, WasiCtxBuilder};

use crate::guest::{Guest, ROOT, both};

#[test]
fn a_listing_begins_with_the_dots() {
    both(|guest| {
        let ino = guest.fd_stat(ROOT).unwrap().ino;
        let (entries, ended) = guest.readdir(ROOT, 256, 0).unwrap();
        assert!(ended);
        let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, [".", ".."]);
        assert!(entries.iter().all(|entry| entry.filetype == 3));
        assert_eq!(entries[0].ino, ino);
        assert_eq!(entries[1].next, 2);
    });
}

#[test]
fn entries_have_type_number_and_cookie() {
    both(|guest| {
        guest.file(ROOT, "file", "");
        guest.mkdir(ROOT, "dir").unwrap();
        guest.symlink("file", ROOT, "link").unwrap();
        let (entries, _) = guest.readdir(ROOT, 1024, 0).unwrap();
        for (name, filetype) in [("file", 4), ("dir", 3), ("link", 7)] {
            let entry = entries.iter().find(|entry| entry.name == name).unwrap();
            assert_eq!(entry.filetype, filetype, "{name}");
            assert_eq!(entry.ino, guest.stat(ROOT, name, false).unwrap().ino, "{name}");
        }
        for (index, entry) in entries.iter().enumerate() {
            assert_eq!(entry.next, index as u64 + 1);
        }
        let (rest, ended) = guest.readdir(ROOT, 1024, entries[2].next).unwrap();
        assert!(ended);
        assert_eq!(rest, entries[3..]);
        assert_eq!(guest.readdir(ROOT, 1024, 5).unwrap(), (Vec::new(), true));
        assert_eq!(guest.readdir(ROOT, 1024, u64::MAX).unwrap(), (Vec::new(), true));
    });
}

#[test]
fn a_long_listing_is_read_in_pieces_and_sees_each_entry_once() {
    both(|guest| {
        for index in 0..300 {
            guest.file(ROOT, &format!("file.{index}"), "");
        }
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            let (entries, ended) = guest.readdir(ROOT, 256, cookie).unwrap();
            cookie = entries.last().map_or(cookie, |entry| entry.next);
            names.extend(entries.into_iter().map(|entry| entry.name));
            if ended {
                break;
            }
            // What changes meanwhile does not confuse the listing.
            let _ = guest.unlink(ROOT, "file.0");
        }
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 302);
    });
}

#[test]
fn an_entry_that_does_not_fit_is_cut_off() {
    both(|guest| {
        guest.call("fd_readdir", &[u64::from(ROOT), 1024, 30, 0, 0]).unwrap();
        assert_eq!(guest.u32(0), 30);
        assert_eq!(guest.u8(1024 + 24), b'.');
        assert_eq!(guest.u64(1024 + 24 + 1) & 0xff_ffff_ffff, 2);
        guest.call("fd_readdir", &[u64::from(ROOT), 1024, 0, 0, 0]).unwrap();
        assert_eq!(guest.u32(0), 0);
    });
}

#[test]
fn a_new_listing_starts_at_cookie_zero() {
    both(|guest| {
        assert_eq!(guest.readdir(ROOT, 256, 0).unwrap().0.len(), 2);
        guest.file(ROOT, "file", "");
        assert_eq!(guest.readdir(ROOT, 256, 2).unwrap().0.len(), 0);
        assert_eq!(guest.readdir(ROOT, 256, 0).unwrap().0.len(), 3);
        let fd = guest.open(ROOT, "file").unwrap();
        assert_eq!(guest.readdir(fd, 256, 0), Err(Errno::Notdir));
        assert_eq!(guest.readdir(0, 256, 0), Err(Errno::Badf));
    });
}

#[test]
fn directories_are_made_and_removed_when_empty() {
    both(|guest| {
        assert_eq!(guest.mkdir(ROOT, "dir"), Ok(()));
        assert_eq!(guest.mkdir(ROOT, "dir"), Err(Errno::Exist));
        assert_eq!(guest.mkdir(ROOT, "."), Err(Errno::Exist));
        assert_eq!(guest.mkdir(ROOT, "none/dir"), Err(Errno::Noent));
        guest.file(ROOT, "dir/file", "");
        assert_eq!(guest.rmdir(ROOT, "dir"), Err(Errno::Notempty));
        assert_eq!(guest.rmdir(ROOT, "dir/file"), Err(Errno::Notdir));
        assert_eq!(guest.unlink(ROOT, "dir"), Err(Errno::Isdir));
        assert_eq!(guest.unlink(ROOT, "dir/file"), Ok(()));
        assert_eq!(guest.rmdir(ROOT, "dir"), Ok(()));
        assert_eq!(guest.rmdir(ROOT, "dir"), Err(Errno::Noent));
        assert_eq!(guest.rmdir(ROOT, "."), Err(Errno::Inval));
    });
}

#[test]
fn renaming_replaces_only_what_fits() {
    both(|guest| {
        guest.mkdir(ROOT, "source").unwrap();
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target"), Ok(()));
        assert_eq!(guest.names(ROOT, "."), ["target"]);
        guest.mkdir(ROOT, "source").unwrap();
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target"), Ok(()));
        guest.mkdir(ROOT, "source").unwrap();
        guest.file(ROOT, "target/file", "");
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target"), Err(Errno::Notempty));
        assert_eq!(guest.rename(ROOT, "source", ROOT, "target/file"), Err(Errno::Notdir));
        guest.file(ROOT, "file", "new");
        assert_eq!(guest.rename(ROOT, "file", ROOT, "source"), Err(Errno::Isdir));
        assert_eq!(guest.rename(ROOT, "file", ROOT, "target/file"), Ok(()));
        assert_eq!(guest.stat(ROOT, "target/file", false).unwrap().size, 3);
        assert_eq!(guest.rename(ROOT, "none", ROOT, "x"), Err(Errno::Noent));
        assert_eq!(guest.rename(ROOT, "target", ROOT, "target/below"), Err(Errno::Inval));
        assert_eq!(guest.rename(ROOT, "target", ROOT, "target"), Ok(()));
        assert_eq!(guest.names(ROOT, "."), ["source", "target"]);
    });
}

#[test]
fn descriptors_follow_what_is_moved() {
    both(|guest| {
        guest.mkdir(ROOT, "a").unwrap();
        guest.mkdir(ROOT, "b").unwrap();
        let dir = guest.open_dir(ROOT, "a").unwrap();
        guest.rename(ROOT, "a", ROOT, "b/a").unwrap();
        guest.file(dir, "file", "here");
        assert_eq!(guest.stat(ROOT, "b/a/file", false).unwrap().size, 4);
    });
}

#[test]
fn directories_handed_over_are_found_by_their_names() {
    let host = tempfile::tempdir().unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(host.path(), "/host", DirPerms::all(), FilePerms::all())
        .unwrap()
        .virtual_dir(&VirtualDir::new(), "memory")
        .build();
    let mut guest = Guest::new(ctx);
    for (fd, name) in [(3, "/host"), (4, "memory")] {
        guest.call32("fd_prestat_get", &[fd, 0]).unwrap();
        let length = name.len() as u32;
        assert_eq!((guest.u32(0), guest.u32(4)), (0, length));
        let short = guest.call32("fd_prestat_dir_name", &[fd, 16, length - 1]);
        assert_eq!(short, Err(Errno::Nametoolong));
        guest.call32("fd_prestat_dir_name", &[fd, 16, length + 1]).unwrap();
        assert_eq!(guest.slice(16, length), name.as_bytes());
    }
    assert_eq!(guest.call32("fd_prestat_get", &[5, 0]), Err(Errno::Badf));
    assert_eq!(guest.call32("fd_prestat_get", &[0, 0]), Err(Errno::Badf));
    let opened = guest.open_dir(3, ".").unwrap();
    assert_eq!(guest.call32("fd_prestat_get", &[opened, 0]), Err(Errno::Badf));
    assert_eq!(guest.call32("fd_prestat_dir_name", &[opened, 0, 9]), Err(Errno::Notdir));
}

#[test]
fn a_directory_that_does_not_exist_cannot_be_handed_over() {
    let host = tempfile::tempdir().unwrap();
    let path = host.path().join("none");
    let mut builder = WasiCtxBuilder::new();
    let result = builder.preopened_dir(path, "/", DirPerms::all(), FilePerms::all());
    assert_eq!(result.err().unwrap().kind(), std::io::ErrorKind::NotFound);
}
