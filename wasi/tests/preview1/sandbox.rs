//! Nothing is reachable that was not handed over.

use bimetal_wasi::{DirPerms, Errno, FilePerms, OFlags, VirtualDir, WasiCtxBuilder};

use crate::guest::{Guest, ROOT, both, read_write};

/// `dir/inner/`, and links that lead out in every way, some by way of others.
fn populate(guest: &mut Guest) {
    guest.mkdir(ROOT, "dir").unwrap();
    guest.mkdir(ROOT, "dir/inner").unwrap();
    guest.file(ROOT, "dir/file", "text");
    guest.symlink("../secret", ROOT, "out").unwrap();
    guest.symlink("../../secret", ROOT, "dir/out").unwrap();
    guest.symlink("out", ROOT, "chain1").unwrap();
    guest.symlink("chain1", ROOT, "chain2").unwrap();
    guest.symlink("..", ROOT, "up").unwrap();
    guest.symlink("dir/inner/../../..", ROOT, "zigzag").unwrap();
}

/// Paths that lead out of the directory they start from.
const ESCAPES: &[&str] = &[
    "..",
    "../",
    "../secret",
    "dir/../../secret",
    "dir/inner/../../../secret",
    "./../secret",
    "/",
    "/etc/passwd",
    "//etc/passwd",
    "out",
    "dir/out",
    "chain1",
    "chain2",
    "up",
    "up/secret",
    "zigzag",
    "zigzag/secret",
];

#[test]
fn every_way_out_is_refused_when_opening() {
    both(|guest| {
        populate(guest);
        for path in ESCAPES {
            assert_eq!(guest.open(ROOT, path), Err(Errno::Perm), "{path}");
            assert_eq!(guest.create(ROOT, path), Err(Errno::Perm), "creating {path}");
            assert_eq!(guest.open_dir(ROOT, path), Err(Errno::Perm), "as a directory: {path}");
            assert_eq!(guest.stat(ROOT, path, true), Err(Errno::Perm), "stat {path}");
        }
    });
}

#[test]
fn every_way_out_is_refused_by_functions_that_change_something() {
    both(|guest| {
        populate(guest);
        for path in ["../new", "/new", "up/new", "zigzag/new", "dir/../../new"] {
            assert_eq!(guest.mkdir(ROOT, path), Err(Errno::Perm), "mkdir {path}");
            assert_eq!(guest.unlink(ROOT, path), Err(Errno::Perm), "unlink {path}");
            assert_eq!(guest.rmdir(ROOT, path), Err(Errno::Perm), "rmdir {path}");
            assert_eq!(guest.symlink("x", ROOT, path), Err(Errno::Perm), "symlink {path}");
            assert_eq!(guest.readlink(ROOT, path, 99), Err(Errno::Perm), "readlink {path}");
            assert_eq!(guest.rename(ROOT, "dir", ROOT, path), Err(Errno::Perm), "to {path}");
            assert_eq!(guest.rename(ROOT, path, ROOT, "x"), Err(Errno::Perm), "from {path}");
            assert_eq!(guest.link(ROOT, "dir/file", ROOT, path), Err(Errno::Perm), "link {path}");
            assert_eq!(guest.link(ROOT, path, ROOT, "x"), Err(Errno::Perm), "link from {path}");
        }
    });
}

#[test]
fn a_descriptor_of_a_subdirectory_confines_to_it() {
    both(|guest| {
        populate(guest);
        let dir = guest.open_dir(ROOT, "dir").unwrap();
        guest.symlink("../file", dir, "inner/sibling").unwrap();
        assert!(guest.open(dir, "inner/../file").is_ok());
        assert!(guest.open(dir, "inner/sibling").is_ok());
        let inner = guest.open_dir(dir, "inner").unwrap();
        for path in ["..", "../file", "sibling", "../../dir/file"] {
            assert_eq!(guest.open(inner, path), Err(Errno::Perm), "{path}");
        }
        assert_eq!(guest.open(dir, "../dir/file"), Err(Errno::Perm));
    });
}

#[test]
fn a_link_that_leads_out_can_be_looked_at_but_an_absolute_one_not_made() {
    both(|guest| {
        populate(guest);
        assert_eq!(guest.readlink(ROOT, "out", 99), Ok("../secret".to_owned()));
        assert_eq!(guest.stat(ROOT, "out", false).unwrap().filetype, 7);
        assert_eq!(guest.symlink("/etc/passwd", ROOT, "abs"), Err(Errno::Perm));
        assert_eq!(guest.unlink(ROOT, "out"), Ok(()));
    });
}

#[test]
fn links_of_the_host_that_lead_out_are_refused_too() {
    let host = tempfile::tempdir().unwrap();
    let sandbox = host.path().join("sandbox");
    std::fs::create_dir(&sandbox).unwrap();
    std::fs::write(host.path().join("secret"), "secret").unwrap();
    let links = [
        (host.path().join("secret"), "absolute"),
        ("../secret".into(), "relative"),
        (sandbox.clone(), "self"),
        ("/".into(), "root"),
    ];
    for (target, link) in &links {
        std::os::unix::fs::symlink(target, sandbox.join(link)).unwrap();
    }
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(&sandbox, "/", DirPerms::all(), FilePerms::all())
        .unwrap()
        .build();
    let mut guest = Guest::new(ctx);
    for (_, link) in &links {
        assert_eq!(guest.open(ROOT, link), Err(Errno::Perm), "{link}");
        assert_eq!(guest.open(ROOT, &format!("{link}/x")), Err(Errno::Perm), "{link}/x");
        assert_eq!(guest.create(ROOT, link), Err(Errno::Perm), "creating {link}");
    }
    // An absolute target tells about the host.
    assert_eq!(guest.readlink(ROOT, "absolute", 99), Err(Errno::Perm));
    assert_eq!(std::fs::read(host.path().join("secret")).unwrap(), b"secret");
}

#[test]
fn links_an_embedder_made_in_memory_are_confined() {
    let fs = VirtualDir::new();
    fs.write("dir/file", "text").unwrap();
    fs.symlink("/dir/file", "absolute").unwrap();
    let mut guest = Guest::new(WasiCtxBuilder::new().virtual_dir(&fs, "/").build());
    assert_eq!(guest.open(ROOT, "absolute"), Err(Errno::Perm));
    assert_eq!(guest.readlink(ROOT, "absolute", 99), Err(Errno::Perm));
}

#[test]
fn a_slash_at_the_end_insists_on_a_directory() {
    both(|guest| {
        populate(guest);
        guest.symlink("file", ROOT, "dir/to_file").unwrap();
        guest.symlink("inner", ROOT, "dir/to_inner").unwrap();
        for path in ["dir/file/", "dir/file///", "dir/to_file/", "dir/file/."] {
            assert_eq!(guest.open(ROOT, path), Err(Errno::Notdir), "{path}");
            assert_eq!(guest.stat(ROOT, path, true), Err(Errno::Notdir), "stat {path}");
            assert_eq!(guest.stat(ROOT, path, false), Err(Errno::Notdir), "lstat {path}");
            let times = guest.at_nofollow("path_filestat_set_times", ROOT, path);
            assert_eq!(times, Err(Errno::Notdir), "times of {path}");
        }
        assert_eq!(guest.stat(ROOT, "dir/to_inner/", false).unwrap().filetype, 3);
        assert_eq!(guest.readlink(ROOT, "dir/to_inner/", 9), Err(Errno::Inval));
        assert_eq!(guest.unlink(ROOT, "dir/file/"), Err(Errno::Notdir));
        assert_eq!(guest.rmdir(ROOT, "dir/file/"), Err(Errno::Notdir));
        assert_eq!(guest.link(ROOT, "dir/file", ROOT, "new/"), Err(Errno::Noent));
        assert_eq!(guest.symlink("x", ROOT, "new/"), Err(Errno::Noent));
        assert_eq!(guest.symlink("x", ROOT, "dir/"), Err(Errno::Exist));
        assert_eq!(guest.rename(ROOT, "dir/file", ROOT, "new/"), Err(Errno::Notdir));
        for path in ["new/", "dir/", "dir/file/", "dir/to_inner/"] {
            assert_eq!(guest.create(ROOT, path), Err(Errno::Isdir), "creating {path}");
            let excl = OFlags::CREAT | OFlags::EXCL;
            let result = guest.open_full(ROOT, path, true, excl, 0, 0);
            assert_eq!(result, Err(Errno::Isdir), "exclusively {path}");
        }
        for path in ["dir/", "dir//", "dir/inner/", "dir/to_inner/", ".", "./", "dir/inner/.."] {
            assert!(guest.open(ROOT, path).is_ok(), "{path}");
        }
        assert_eq!(guest.mkdir(ROOT, "made/"), Ok(()));
        assert_eq!(guest.rmdir(ROOT, "made/"), Ok(()));
    });
}

#[test]
fn a_slash_after_a_link_does_not_move_or_remove_what_it_leads_to() {
    both(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.symlink("dir", ROOT, "link").unwrap();
        guest.symlink("none", ROOT, "dangling").unwrap();
        assert_eq!(guest.rmdir(ROOT, "link/"), Err(Errno::Notdir));
        assert_eq!(guest.unlink(ROOT, "link/"), Err(Errno::Isdir));
        assert_eq!(guest.rename(ROOT, "link/", ROOT, "moved"), Err(Errno::Notdir));
        assert_eq!(guest.mkdir(ROOT, "link/"), Err(Errno::Exist));
        assert_eq!(guest.mkdir(ROOT, "dangling/"), Err(Errno::Exist));
        assert_eq!(guest.symlink("x", ROOT, "dangling/"), Err(Errno::Noent));
        assert_eq!(guest.names(ROOT, "."), ["dangling", "dir", "link"]);
        assert_eq!(guest.rename(ROOT, "dir/", ROOT, "moved/"), Ok(()));
        assert_eq!(guest.names(ROOT, "."), ["dangling", "link", "moved"]);
    });
}

#[test]
fn strange_paths_get_an_error() {
    both(|guest| {
        populate(guest);
        assert_eq!(guest.open(ROOT, ""), Err(Errno::Noent));
        assert_eq!(guest.open(ROOT, "dir/file\0"), Err(Errno::Inval));
        assert_eq!(guest.open(ROOT, "dir\0/../file"), Err(Errno::Inval));
        assert_eq!(guest.open(ROOT, "dir/missing/file"), Err(Errno::Noent));
        assert_eq!(guest.open(ROOT, "dir/file/below"), Err(Errno::Notdir));
        let long = "x".repeat(300);
        assert_eq!(guest.create(ROOT, &long), Err(Errno::Nametoolong));
        let longer = "y/".repeat(3000);
        assert_eq!(guest.open(ROOT, &longer), Err(Errno::Nametoolong));
        guest.put(256, &[0xff, 0xfe]);
        assert_eq!(guest.call32("path_unlink_file", &[ROOT, 256, 2]), Err(Errno::Ilseq));
        assert!(guest.open(ROOT, "dir/.//inner/../../dir/inner/../inner///./../file").is_ok());
    });
}

#[test]
fn a_loop_of_links_ends() {
    both(|guest| {
        guest.symlink("b", ROOT, "a").unwrap();
        guest.symlink("a", ROOT, "b").unwrap();
        assert_eq!(guest.open(ROOT, "a"), Err(Errno::Loop));
        assert_eq!(guest.stat(ROOT, "a", true), Err(Errno::Loop));
        assert_eq!(guest.open(ROOT, "a/x"), Err(Errno::Loop));
        let nofollow = guest.open_full(ROOT, "a", false, OFlags::empty(), 0, 0);
        assert_eq!(nofollow, Err(Errno::Loop));
    });
}

#[test]
fn moving_between_directories_that_were_handed_over() {
    let (left, right) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (fs, other) = (VirtualDir::new(), VirtualDir::new());
    let all = (DirPerms::all(), FilePerms::all());
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(left.path(), "/left", all.0, all.1)
        .unwrap()
        .preopened_dir(right.path(), "/right", all.0, all.1)
        .unwrap()
        .virtual_dir(&fs, "/fs")
        .virtual_dir(&fs, "/same")
        .virtual_dir(&other, "/other")
        .build();
    let mut guest = Guest::new(ctx);
    guest.file(3, "a", "left");
    assert_eq!(guest.rename(3, "a", 4, "b"), Ok(()));
    assert_eq!(std::fs::read(right.path().join("b")).unwrap(), b"left");
    assert_eq!(guest.rename(4, "b", 3, "../b"), Err(Errno::Perm));
    guest.file(5, "v", "memory");
    assert_eq!(guest.rename(5, "v", 6, "w"), Ok(()));
    assert_eq!(fs.read("w").unwrap(), b"memory");
    for to in [3, 7] {
        assert_eq!(guest.rename(5, "w", to, "w"), Err(Errno::Xdev));
        assert_eq!(guest.link(5, "w", to, "w"), Err(Errno::Xdev));
    }
    assert_eq!(guest.rename(4, "b", 5, "b"), Err(Errno::Xdev));
}

#[test]
fn creating_through_a_dangling_link_stays_inside() {
    both(|guest| {
        guest.mkdir(ROOT, "dir").unwrap();
        guest.symlink("dir/new", ROOT, "link").unwrap();
        assert_eq!(guest.open(ROOT, "link"), Err(Errno::Noent));
        let excl = OFlags::CREAT | OFlags::EXCL;
        assert_eq!(guest.open_full(ROOT, "link", true, excl, read_write(), 0), Err(Errno::Exist));
        guest.file(ROOT, "link", "made");
        assert_eq!(guest.stat(ROOT, "dir/new", false).unwrap().size, 4);
    });
}
