//! Directories of the host. cap-std resolves every path below the open directory and
//! refuses what would leave it.

use std::any::Any;
use std::time::{Duration, SystemTime};

use cap_fs_ext::{
    DirExt, FileTypeExt, FollowSymlinks, MetadataExt, OpenOptionsFollowExt, OpenOptionsMaybeDirExt,
    OpenOptionsSyncExt, OsMetadataExt, SystemTimeSpec,
};
use cap_std::fs::{Dir, FileType, Metadata, OpenOptions};

use super::{OpenHow, Opened, WasiDir};
use crate::errno::Errno;
use crate::file::HostFile;
use crate::flags::{FdFlags, OFlags};
use crate::types::{Dirent, Filestat, Filetype, SetTime};

/// An open directory of the host.
#[derive(Debug)]
pub struct HostDir {
    dir: Dir,
}

impl HostDir {
    /// Hands `dir` and everything below it over.
    pub fn new(dir: Dir) -> Self {
        Self { dir }
    }

    fn same_back_end(dir: &dyn WasiDir) -> Result<&Self, Errno> {
        (dir as &dyn Any).downcast_ref().ok_or(Errno::Xdev)
    }
}

impl WasiDir for HostDir {
    fn open(&self, path: &str, how: OpenHow) -> Result<Opened, Errno> {
        let file = self.dir.open_with(path, &options(how)?)?;
        if file.metadata()?.is_dir() {
            return Ok(Opened::Dir(Box::new(Self::new(Dir::from_std_file(file.into_std())))));
        }
        if how.oflags.contains(OFlags::DIRECTORY) {
            return Err(Errno::Notdir);
        }
        Ok(Opened::File(Box::new(HostFile::opened(file, how.flags)?)))
    }

    fn create_dir(&self, path: &str) -> Result<(), Errno> {
        Ok(self.dir.create_dir(path)?)
    }

    fn filestat(&self) -> Result<Filestat, Errno> {
        Ok(host_filestat(&self.dir.dir_metadata()?))
    }

    fn filestat_at(&self, path: &str, follow: bool) -> Result<Filestat, Errno> {
        let metadata = if follow || insists_on_directory(path) {
            self.dir.metadata(path)?
        } else {
            self.dir.symlink_metadata(path)?
        };
        Ok(host_filestat(&metadata))
    }

    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<(), Errno> {
        // By path: the descriptor may be one that only names the directory.
        self.set_times_at(".", true, atim, mtim)
    }

    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        atim: SetTime,
        mtim: SetTime,
    ) -> Result<(), Errno> {
        let (atim, mtim) = (time_spec(atim)?, time_spec(mtim)?);
        if follow || insists_on_directory(path) {
            DirExt::set_times(&self.dir, path, atim, mtim)?;
        } else {
            self.dir.set_symlink_times(path, atim, mtim)?;
        }
        Ok(())
    }

    fn list(&self) -> Result<Vec<Dirent>, Errno> {
        let mut entries = Vec::new();
        for entry in self.dir.entries()? {
            let entry = entry?;
            // A name that the guest could not spell does not exist for it.
            let Ok(name) = entry.file_name().into_string() else { continue };
            // Removed since the listing began.
            let Ok(metadata) = entry.metadata() else { continue };
            let stat = host_filestat(&metadata);
            entries.push(Dirent { ino: stat.ino, filetype: stat.filetype, name });
        }
        Ok(entries)
    }

    fn read_link(&self, path: &str) -> Result<String, Errno> {
        let target = self.dir.read_link(path)?;
        target.into_os_string().into_string().map_err(|_| Errno::Ilseq)
    }

    fn remove_dir(&self, path: &str) -> Result<(), Errno> {
        // cap-std would take a slash at the end for `/.`, which cannot be removed.
        let name = path.trim_end_matches('/');
        Ok(self.dir.remove_dir(if name.is_empty() { path } else { name })?)
    }

    fn unlink_file(&self, path: &str) -> Result<(), Errno> {
        Ok(self.dir.remove_file_or_symlink(path)?)
    }

    fn symlink(&self, target: &str, path: &str) -> Result<(), Errno> {
        Ok(DirExt::symlink(&self.dir, target, path)?)
    }

    fn hard_link(&self, path: &str, to: &dyn WasiDir, to_path: &str) -> Result<(), Errno> {
        Ok(self.dir.hard_link(path, &Self::same_back_end(to)?.dir, to_path)?)
    }

    fn rename(&self, path: &str, to: &dyn WasiDir, to_path: &str) -> Result<(), Errno> {
        let to = Self::same_back_end(to)?;
        // cap-std drops a slash at the end of the new name.
        if to_path.ends_with('/') {
            let metadata = self.dir.symlink_metadata(path.trim_end_matches('/'));
            if metadata.is_ok_and(|metadata| !metadata.is_dir()) {
                return Err(Errno::Notdir);
            }
        }
        Ok(self.dir.rename(path, &to.dir, to_path)?)
    }
}

/// Whether the path ends in a slash or a dot after one: then a link before it is always
/// followed, which cap-std does only when it opens.
fn insists_on_directory(path: &str) -> bool {
    path.ends_with('/') || path.ends_with("/.")
}

/// What the guest may do with the file is checked by its rights; the host must at
/// least let it be opened, which needs reading or writing.
fn options(how: OpenHow) -> Result<OpenOptions, Errno> {
    let has = |flag| how.oflags.contains(flag);
    if has(OFlags::DIRECTORY) && how.oflags.intersects(OFlags::CREAT | OFlags::EXCL | OFlags::TRUNC)
    {
        return Err(Errno::Inval);
    }
    let mut options = OpenOptions::new();
    options.maybe_dir(true);
    options.read(how.read || !how.write);
    options.write(how.write || has(OFlags::CREAT) || has(OFlags::TRUNC));
    options.truncate(has(OFlags::TRUNC));
    if has(OFlags::CREAT) && has(OFlags::EXCL) {
        options.create_new(true);
    } else {
        options.create(has(OFlags::CREAT));
    }
    options.follow(if how.follow { FollowSymlinks::Yes } else { FollowSymlinks::No });
    options.sync(how.flags.contains(FdFlags::SYNC));
    options.dsync(how.flags.contains(FdFlags::DSYNC));
    options.rsync(how.flags.contains(FdFlags::RSYNC));
    options.nonblock(how.flags.contains(FdFlags::NONBLOCK));
    Ok(options)
}

fn time_spec(time: SetTime) -> Result<Option<SystemTimeSpec>, Errno> {
    Ok(match time {
        SetTime::Keep => None,
        SetTime::Now => Some(SystemTimeSpec::SymbolicNow),
        SetTime::At(nanoseconds) => {
            let time = SystemTime::UNIX_EPOCH
                .checked_add(Duration::from_nanos(nanoseconds))
                .ok_or(Errno::Overflow)?;
            Some(SystemTimeSpec::Absolute(cap_std::time::SystemTime::from_std(time)))
        }
    })
}

/// The attributes in WASI's terms. Times before 1970 are zero.
pub(crate) fn host_filestat(metadata: &Metadata) -> Filestat {
    let time = |seconds: i64, nanoseconds: i64| {
        let seconds = u64::try_from(seconds).unwrap_or(0);
        let nanoseconds = u64::try_from(nanoseconds).unwrap_or(0);
        seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
    };
    Filestat {
        dev: MetadataExt::dev(metadata),
        ino: MetadataExt::ino(metadata),
        filetype: filetype(metadata.file_type()),
        nlink: MetadataExt::nlink(metadata),
        size: metadata.len(),
        atim: time(metadata.atime(), metadata.atime_nsec()),
        mtim: time(metadata.mtime(), metadata.mtime_nsec()),
        ctim: time(metadata.ctime(), metadata.ctime_nsec()),
    }
}

fn filetype(filetype: FileType) -> Filetype {
    if filetype.is_dir() {
        Filetype::Directory
    } else if filetype.is_file() {
        Filetype::RegularFile
    } else if filetype.is_symlink() {
        Filetype::SymbolicLink
    } else if filetype.is_char_device() {
        Filetype::CharacterDevice
    } else if filetype.is_block_device() {
        Filetype::BlockDevice
    } else if filetype.is_socket() {
        Filetype::SocketStream
    } else {
        Filetype::Unknown
    }
}
