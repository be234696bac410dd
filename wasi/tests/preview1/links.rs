//! Symbolic and hard links.

use bimetal_wasi::{Errno, OFlags};

use crate::guest::{ROOT, both};

#[test]
fn links_are_followed_when_asked() {
    both(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.file(ROOT, "dir/file", "text");
        guest.symlink("dir", ROOT, "to_dir").unwrap();
        guest.symlink("to_dir/file", ROOT, "to_file").unwrap();
        assert_eq!(guest.stat(ROOT, "to_file", true).unwrap().filetype, 4);
        assert_eq!(guest.stat(ROOT, "to_file", false).unwrap().filetype, 7);
        let fd = guest.open(ROOT, "to_file").unwrap();
        assert_eq!(guest.read(fd, &[9]).unwrap(), b"text");
        for path in ["to_dir", "to_file"] {
            let plain = guest.open_full(ROOT, path, false, OFlags::empty(), 0, 0);
            assert_eq!(plain, Err(Errno::Loop), "{path}");
            let dir = guest.open_full(ROOT, path, false, OFlags::DIRECTORY, 0, 0);
            assert!(matches!(dir, Err(Errno::Loop | Errno::Notdir)), "{path}");
        }
        assert!(guest.open_dir(ROOT, "to_dir").is_ok());
        assert_eq!(guest.open_dir(ROOT, "to_file"), Err(Errno::Notdir));
    });
}

#[test]
fn a_target_is_read_as_far_as_it_fits() {
    both(|guest| {
        guest.symlink("some/target", ROOT, "link").unwrap();
        assert_eq!(guest.readlink(ROOT, "link", 100), Ok("some/target".to_owned()));
        assert_eq!(guest.readlink(ROOT, "link", 4), Ok("some".to_owned()));
        assert_eq!(guest.readlink(ROOT, "link", 0), Ok(String::new()));
        guest.file(ROOT, "file", "");
        assert_eq!(guest.readlink(ROOT, "file", 9), Err(Errno::Inval));
        assert_eq!(guest.readlink(ROOT, "none", 9), Err(Errno::Noent));
    });
}

#[test]
fn links_are_made_and_removed_like_files() {
    both(|guest| {
        assert_eq!(guest.symlink("nowhere", ROOT, "link"), Ok(()));
        assert_eq!(guest.symlink("nowhere", ROOT, "link"), Err(Errno::Exist));
        assert_eq!(guest.symlink("", ROOT, "empty"), Err(Errno::Noent));
        assert_eq!(guest.open(ROOT, "link"), Err(Errno::Noent));
        assert_eq!(guest.rmdir(ROOT, "link"), Err(Errno::Notdir));
        assert_eq!(guest.rename(ROOT, "link", ROOT, "moved"), Ok(()));
        assert_eq!(guest.readlink(ROOT, "moved", 100), Ok("nowhere".to_owned()));
        assert_eq!(guest.unlink(ROOT, "moved"), Ok(()));
    });
}

#[test]
fn a_hard_link_is_the_same_file() {
    both(|guest| {
        guest.file(ROOT, "file", "text");
        guest.mkdir(ROOT, "dir").unwrap();
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        assert_eq!(guest.link(ROOT, "file", dir, "link"), Ok(()));
        let stat = guest.stat(ROOT, "file", false).unwrap();
        assert_eq!(stat.nlink, 2);
        assert_eq!(guest.stat(dir, "link", false), Ok(stat));
        assert_eq!(guest.unlink(ROOT, "file"), Ok(()));
        let fd = guest.open(dir, "link").unwrap();
        assert_eq!(guest.read(fd, &[9]).unwrap(), b"text");
        assert_eq!(guest.fd_stat(fd).unwrap().nlink, 1);
    });
}

#[test]
fn hard_links_are_refused_where_they_cannot_be() {
    both(|guest| {
        guest.file(ROOT, "file", "");
        guest.mkdir(ROOT, "dir").unwrap();
        assert_eq!(guest.link(ROOT, "file", ROOT, "file"), Err(Errno::Exist));
        assert_eq!(guest.link(ROOT, "file", ROOT, "dir"), Err(Errno::Exist));
        assert_eq!(guest.link(ROOT, "dir", ROOT, "link"), Err(Errno::Perm));
        assert_eq!(guest.link(ROOT, "none", ROOT, "link"), Err(Errno::Noent));
        guest.symlink("target", ROOT, "dangling").unwrap();
        assert_eq!(guest.link(ROOT, "file", ROOT, "dangling"), Err(Errno::Exist));
        assert_eq!(guest.link(ROOT, "dangling", ROOT, "link"), Ok(()));
        assert_eq!(guest.readlink(ROOT, "link", 99), Ok("target".to_owned()));
        let followed = guest.link_following(ROOT, "dangling", true, ROOT, "new");
        assert_eq!(followed, Err(Errno::Inval));
    });
}

#[test]
fn a_link_whose_target_ends_in_a_slash_needs_a_directory() {
    both(|guest| {
        guest.file(ROOT, "file", "");
        guest.mkdir(ROOT, "dir").unwrap();
        guest.symlink("file/", ROOT, "to_file").unwrap();
        guest.symlink("dir/", ROOT, "to_dir").unwrap();
        assert_eq!(guest.open(ROOT, "to_file"), Err(Errno::Notdir));
        assert!(guest.open(ROOT, "to_dir").is_ok());
    });
}
