//! What a directory descriptor can do. Paths are relative to the directory, and no
//! implementation lets one lead out of it: that is [`Errno::Perm`].

mod host;

use std::any::Any;

pub use self::host::HostDir;
pub(crate) use self::host::host_filestat;
use crate::errno::Errno;
use crate::file::WasiFile;
use crate::flags::{FdFlags, OFlags};
use crate::types::{Dirent, Filestat, SetTime};

/// How [`WasiDir::open`] opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenHow {
    /// Whether a symbolic link in the last component is followed.
    pub follow: bool,
    /// Whether to create, truncate, and what to insist on.
    pub oflags: OFlags,
    /// Whether the guest may read the file.
    pub read: bool,
    /// Whether the guest may write to the file.
    pub write: bool,
    /// The flags of the descriptor.
    pub flags: FdFlags,
}

/// What was found at a path.
pub enum Opened {
    /// Anything but a directory.
    File(Box<dyn WasiFile>),
    /// A directory.
    Dir(Box<dyn WasiDir>),
}

/// An open directory.
pub trait WasiDir: Any + Send {
    /// Opens what is at `path`, or creates it.
    fn open(&self, path: &str, how: OpenHow) -> Result<Opened, Errno>;

    /// Creates a directory.
    fn create_dir(&self, path: &str) -> Result<(), Errno>;

    /// The attributes of the directory itself.
    fn filestat(&self) -> Result<Filestat, Errno>;

    /// The attributes of what is at `path`.
    fn filestat_at(&self, path: &str, follow: bool) -> Result<Filestat, Errno>;

    /// Sets the times of the directory itself.
    fn set_times(&self, atim: SetTime, mtim: SetTime) -> Result<(), Errno>;

    /// Sets the times of what is at `path`.
    fn set_times_at(
        &self,
        path: &str,
        follow: bool,
        atim: SetTime,
        mtim: SetTime,
    ) -> Result<(), Errno>;

    /// All entries but `.` and `..`.
    fn list(&self) -> Result<Vec<Dirent>, Errno>;

    /// The target of the symbolic link at `path`.
    fn read_link(&self, path: &str) -> Result<String, Errno>;

    /// Removes an empty directory.
    fn remove_dir(&self, path: &str) -> Result<(), Errno>;

    /// Removes anything but a directory.
    fn unlink_file(&self, path: &str) -> Result<(), Errno>;

    /// Creates a symbolic link at `path`. An absolute target is [`Errno::Perm`].
    fn symlink(&self, target: &str, path: &str) -> Result<(), Errno>;

    /// Creates a hard link at `to_path` in `to`; [`Errno::Xdev`] if that belongs to a
    /// different back end.
    fn hard_link(&self, path: &str, to: &dyn WasiDir, to_path: &str) -> Result<(), Errno>;

    /// Moves what is at `path` to `to_path` in `to`; [`Errno::Xdev`] as above.
    fn rename(&self, path: &str, to: &dyn WasiDir, to_path: &str) -> Result<(), Errno>;
}
