//! A guest without an engine: a context, a memory, and calls by name.

use bimetal_wasi::{
    DirPerms, Errno, FilePerms, GuestMemory, OFlags, Rights, VirtualDir, WasiCtx, WasiCtxBuilder,
};

/// The descriptor of the directory that `both` hands over.
pub(crate) const ROOT: u32 = 3;

/// Where results go.
pub(crate) const RESULT: u32 = 0;
/// Where buffer descriptions go.
const IOVEC: u32 = 128;
/// Where strings and data go.
const FIRST: u32 = 256;
const SECOND: u32 = 16 << 10;

pub(crate) struct Guest {
    pub(crate) ctx: WasiCtx,
    pub(crate) bytes: Vec<u8>,
}

/// The fields of a `filestat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) ino: u64,
    pub(crate) filetype: u8,
    pub(crate) nlink: u64,
    pub(crate) size: u64,
    pub(crate) atim: u64,
    pub(crate) mtim: u64,
}

/// The fields of an `fdstat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FdStat {
    pub(crate) filetype: u8,
    pub(crate) flags: u16,
    pub(crate) base: u64,
    pub(crate) inheriting: u64,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) next: u64,
    pub(crate) ino: u64,
    pub(crate) filetype: u8,
    pub(crate) name: String,
}

pub(crate) fn read_write() -> u64 {
    (Rights::FD_READ | Rights::FD_WRITE).bits()
}

impl Guest {
    pub(crate) fn new(ctx: WasiCtx) -> Self {
        Self { ctx, bytes: vec![0; 64 << 10] }
    }

    pub(crate) fn call(&mut self, name: &str, arguments: &[u64]) -> Result<(), Errno> {
        let mut memory = GuestMemory::new(&mut self.bytes);
        match self.ctx.call(name, &mut memory, arguments).unwrap().unwrap() {
            Errno::Success => Ok(()),
            errno => Err(errno),
        }
    }

    /// Calls with every `u32` widened.
    pub(crate) fn call32(&mut self, name: &str, arguments: &[u32]) -> Result<(), Errno> {
        let wide: Vec<u64> = arguments.iter().map(|&argument| u64::from(argument)).collect();
        self.call(name, &wide)
    }

    pub(crate) fn u8(&self, at: u32) -> u8 {
        self.bytes[at as usize]
    }

    pub(crate) fn u16(&self, at: u32) -> u16 {
        u16::from_le_bytes(self.slice(at, 2).try_into().unwrap())
    }

    pub(crate) fn u32(&self, at: u32) -> u32 {
        u32::from_le_bytes(self.slice(at, 4).try_into().unwrap())
    }

    pub(crate) fn u64(&self, at: u32) -> u64 {
        u64::from_le_bytes(self.slice(at, 8).try_into().unwrap())
    }

    pub(crate) fn slice(&self, at: u32, len: u32) -> &[u8] {
        &self.bytes[at as usize..(at + len) as usize]
    }

    pub(crate) fn put(&mut self, at: u32, bytes: &[u8]) {
        self.bytes[at as usize..at as usize + bytes.len()].copy_from_slice(bytes);
    }

    fn path(&mut self, at: u32, path: &str) -> (u32, u32) {
        self.put(at, path.as_bytes());
        (at, path.len() as u32)
    }

    pub(crate) fn open_full(
        &mut self,
        dir: u32,
        path: &str,
        follow: bool,
        oflags: OFlags,
        rights: u64,
        fdflags: u16,
    ) -> Result<u32, Errno> {
        let (at, len) = self.path(FIRST, path);
        let arguments = [
            u64::from(dir),
            u64::from(follow),
            u64::from(at),
            u64::from(len),
            u64::from(oflags.bits()),
            rights,
            0,
            u64::from(fdflags),
            u64::from(RESULT),
        ];
        self.call("path_open", &arguments)?;
        Ok(self.u32(RESULT))
    }

    /// Opens for reading, following links.
    pub(crate) fn open(&mut self, dir: u32, path: &str) -> Result<u32, Errno> {
        self.open_full(dir, path, true, OFlags::empty(), Rights::FD_READ.bits(), 0)
    }

    /// Creates or opens for reading and writing.
    pub(crate) fn create(&mut self, dir: u32, path: &str) -> Result<u32, Errno> {
        self.open_full(dir, path, true, OFlags::CREAT, read_write(), 0)
    }

    pub(crate) fn open_dir(&mut self, dir: u32, path: &str) -> Result<u32, Errno> {
        self.open_full(dir, path, true, OFlags::DIRECTORY, 0, 0)
    }

    /// Creates a file with contents and closes it.
    pub(crate) fn file(&mut self, dir: u32, path: &str, contents: &str) {
        let fd = self.create(dir, path).unwrap();
        assert_eq!(self.write(fd, &[contents.as_bytes()]), Ok(contents.len() as u32));
        self.close(fd).unwrap();
    }

    pub(crate) fn close(&mut self, fd: u32) -> Result<(), Errno> {
        self.call32("fd_close", &[fd])
    }

    /// Lays buffers of these lengths out and answers their description.
    fn iovecs(&mut self, lengths: impl Iterator<Item = u32>) -> (u32, u32, Vec<u32>) {
        let (mut at, mut count, mut places) = (SECOND, 0, Vec::new());
        for length in lengths {
            self.put(IOVEC + count * 8, &at.to_le_bytes());
            self.put(IOVEC + count * 8 + 4, &length.to_le_bytes());
            places.push(at);
            at += length;
            count += 1;
        }
        (IOVEC, count, places)
    }

    pub(crate) fn write(&mut self, fd: u32, buffers: &[&[u8]]) -> Result<u32, Errno> {
        let (iovs, count, places) = self.iovecs(buffers.iter().map(|bytes| bytes.len() as u32));
        for (place, bytes) in places.into_iter().zip(buffers) {
            self.put(place, bytes);
        }
        self.call32("fd_write", &[fd, iovs, count, RESULT])?;
        Ok(self.u32(RESULT))
    }

    pub(crate) fn pwrite(&mut self, fd: u32, bytes: &[u8], offset: u64) -> Result<u32, Errno> {
        let (iovs, count, places) = self.iovecs([bytes.len() as u32].into_iter());
        self.put(places[0], bytes);
        let wide = [u64::from(fd), u64::from(iovs), u64::from(count), offset, u64::from(RESULT)];
        self.call("fd_pwrite", &wide)?;
        Ok(self.u32(RESULT))
    }

    pub(crate) fn read(&mut self, fd: u32, lengths: &[u32]) -> Result<Vec<u8>, Errno> {
        let (iovs, count, _) = self.iovecs(lengths.iter().copied());
        self.call32("fd_read", &[fd, iovs, count, RESULT])?;
        Ok(self.slice(SECOND, self.u32(RESULT)).to_vec())
    }

    pub(crate) fn pread(&mut self, fd: u32, length: u32, offset: u64) -> Result<Vec<u8>, Errno> {
        let (iovs, count, _) = self.iovecs([length].into_iter());
        let wide = [u64::from(fd), u64::from(iovs), u64::from(count), offset, u64::from(RESULT)];
        self.call("fd_pread", &wide)?;
        Ok(self.slice(SECOND, self.u32(RESULT)).to_vec())
    }

    pub(crate) fn seek(&mut self, fd: u32, offset: i64, whence: u32) -> Result<u64, Errno> {
        let wide = [u64::from(fd), offset.cast_unsigned(), u64::from(whence), u64::from(RESULT)];
        self.call("fd_seek", &wide)?;
        Ok(self.u64(RESULT))
    }

    fn stat_at(&self, at: u32) -> Stat {
        Stat {
            ino: self.u64(at + 8),
            filetype: self.u8(at + 16),
            nlink: self.u64(at + 24),
            size: self.u64(at + 32),
            atim: self.u64(at + 40),
            mtim: self.u64(at + 48),
        }
    }

    pub(crate) fn fd_stat(&mut self, fd: u32) -> Result<Stat, Errno> {
        self.call32("fd_filestat_get", &[fd, RESULT])?;
        Ok(self.stat_at(RESULT))
    }

    pub(crate) fn fdstat(&mut self, fd: u32) -> Result<FdStat, Errno> {
        self.call32("fd_fdstat_get", &[fd, RESULT])?;
        Ok(FdStat {
            filetype: self.u8(RESULT),
            flags: self.u16(RESULT + 2),
            base: self.u64(RESULT + 8),
            inheriting: self.u64(RESULT + 16),
        })
    }

    pub(crate) fn stat(&mut self, dir: u32, path: &str, follow: bool) -> Result<Stat, Errno> {
        let (at, len) = self.path(FIRST, path);
        self.call32("path_filestat_get", &[dir, u32::from(follow), at, len, RESULT])?;
        Ok(self.stat_at(RESULT))
    }

    /// Calls a function of a directory and a path.
    pub(crate) fn at(&mut self, name: &str, dir: u32, path: &str) -> Result<(), Errno> {
        let (at, len) = self.path(FIRST, path);
        self.call32(name, &[dir, at, len])
    }

    /// Calls a function of a directory, lookup flags (none) and a path.
    pub(crate) fn at_nofollow(&mut self, name: &str, dir: u32, path: &str) -> Result<(), Errno> {
        let (at, len) = self.path(FIRST, path);
        self.call32(name, &[dir, 0, at, len])
    }

    pub(crate) fn mkdir(&mut self, dir: u32, path: &str) -> Result<(), Errno> {
        self.at("path_create_directory", dir, path)
    }

    pub(crate) fn unlink(&mut self, dir: u32, path: &str) -> Result<(), Errno> {
        self.at("path_unlink_file", dir, path)
    }

    pub(crate) fn rmdir(&mut self, dir: u32, path: &str) -> Result<(), Errno> {
        self.at("path_remove_directory", dir, path)
    }

    pub(crate) fn symlink(&mut self, target: &str, dir: u32, path: &str) -> Result<(), Errno> {
        let (from, from_len) = self.path(FIRST, target);
        let (to, to_len) = self.path(SECOND, path);
        self.call32("path_symlink", &[from, from_len, dir, to, to_len])
    }

    pub(crate) fn rename(
        &mut self,
        dir: u32,
        from: &str,
        to_dir: u32,
        to: &str,
    ) -> Result<(), Errno> {
        let (from, from_len) = self.path(FIRST, from);
        let (to, to_len) = self.path(SECOND, to);
        self.call32("path_rename", &[dir, from, from_len, to_dir, to, to_len])
    }

    pub(crate) fn link(
        &mut self,
        dir: u32,
        from: &str,
        to_dir: u32,
        to: &str,
    ) -> Result<(), Errno> {
        self.link_following(dir, from, false, to_dir, to)
    }

    pub(crate) fn link_following(
        &mut self,
        dir: u32,
        from: &str,
        follow: bool,
        to_dir: u32,
        to: &str,
    ) -> Result<(), Errno> {
        let (from, from_len) = self.path(FIRST, from);
        let (to, to_len) = self.path(SECOND, to);
        let follow = u32::from(follow);
        self.call32("path_link", &[dir, follow, from, from_len, to_dir, to, to_len])
    }

    pub(crate) fn readlink(&mut self, dir: u32, path: &str, room: u32) -> Result<String, Errno> {
        let (at, len) = self.path(FIRST, path);
        self.call32("path_readlink", &[dir, at, len, SECOND, room, RESULT])?;
        Ok(String::from_utf8(self.slice(SECOND, self.u32(RESULT)).to_vec()).unwrap())
    }

    /// One call of `fd_readdir`: the whole entries, and whether the listing ended.
    pub(crate) fn readdir(
        &mut self,
        fd: u32,
        room: u32,
        cookie: u64,
    ) -> Result<(Vec<Entry>, bool), Errno> {
        let wide = [u64::from(fd), u64::from(SECOND), u64::from(room), cookie, u64::from(RESULT)];
        self.call("fd_readdir", &wide)?;
        let used = self.u32(RESULT);
        let (mut entries, mut at) = (Vec::new(), SECOND);
        while at + 24 <= SECOND + used {
            let length = self.u32(at + 16);
            if at + 24 + length > SECOND + used {
                break;
            }
            entries.push(Entry {
                next: self.u64(at),
                ino: self.u64(at + 8),
                filetype: self.u8(at + 20),
                name: String::from_utf8(self.slice(at + 24, length).to_vec()).unwrap(),
            });
            at += 24 + length;
        }
        Ok((entries, used < room))
    }

    /// All names in a directory, sorted, without the two dots.
    pub(crate) fn names(&mut self, dir: u32, path: &str) -> Vec<String> {
        let fd = self.open_dir(dir, path).unwrap();
        let (entries, ended) = self.readdir(fd, 8192, 0).unwrap();
        assert!(ended);
        self.close(fd).unwrap();
        let mut names: Vec<String> = entries.into_iter().skip(2).map(|entry| entry.name).collect();
        names.sort();
        names
    }
}

/// Runs a test with an empty directory of the host as descriptor 3, and then with an
/// empty in-memory file system.
pub(crate) fn both(test: impl Fn(&mut Guest)) {
    let host = tempfile::tempdir().unwrap();
    let ctx = WasiCtxBuilder::new()
        .preopened_dir(host.path(), "/", DirPerms::all(), FilePerms::all())
        .unwrap()
        .build();
    test(&mut Guest::new(ctx));
    let ctx = WasiCtxBuilder::new().virtual_dir(&VirtualDir::new(), "/").build();
    test(&mut Guest::new(ctx));
}
