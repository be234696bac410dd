//! Sets of flags: rights, descriptor flags, open flags, lookup flags, and the
//! permissions an embedder gives with a directory.

macro_rules! flags {
    ($(#[$doc:meta])* $name:ident: $ty:ty { $($(#[$flag_doc:meta])* $flag:ident = $bit:expr,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name($ty);

        impl $name {
            $($(#[$flag_doc])* pub const $flag: Self = Self($bit);)*

            /// The empty set.
            pub const fn empty() -> Self {
                Self(0)
            }

            /// Every flag.
            pub const fn all() -> Self {
                Self(0 $(| $bit)*)
            }

            /// The set with these bits, if each of them is a flag.
            pub fn from_bits(bits: u64) -> Option<Self> {
                let bits = <$ty>::try_from(bits).ok()?;
                (bits & !Self::all().0 == 0).then_some(Self(bits))
            }

            /// The set as the guest sees it.
            pub const fn bits(self) -> $ty {
                self.0
            }

            /// Whether every flag of `other` is in the set.
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether any flag of `other` is in the set.
            pub const fn intersects(self, other: Self) -> bool {
                self.0 & other.0 != 0
            }

            /// The flags in either set.
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// The flags in both sets.
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// The flags of this set that are not in `other`.
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
        }

        impl std::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }
    };
}

flags! {
    /// What a descriptor may be used for (`rights`).
    Rights: u64 {
        /// `fd_datasync`.
        FD_DATASYNC = 1 << 0,
        /// `fd_read`, `sock_recv`; with `FD_SEEK` also `fd_pread`.
        FD_READ = 1 << 1,
        /// `fd_seek`.
        FD_SEEK = 1 << 2,
        /// `fd_fdstat_set_flags`.
        FD_FDSTAT_SET_FLAGS = 1 << 3,
        /// `fd_sync`.
        FD_SYNC = 1 << 4,
        /// `fd_tell`, and `fd_seek` that does not move.
        FD_TELL = 1 << 5,
        /// `fd_write`, `sock_send`; with `FD_SEEK` also `fd_pwrite`.
        FD_WRITE = 1 << 6,
        /// `fd_advise`.
        FD_ADVISE = 1 << 7,
        /// `fd_allocate`.
        FD_ALLOCATE = 1 << 8,
        /// `path_create_directory`.
        PATH_CREATE_DIRECTORY = 1 << 9,
        /// `path_open` that creates.
        PATH_CREATE_FILE = 1 << 10,
        /// `path_link` from here.
        PATH_LINK_SOURCE = 1 << 11,
        /// `path_link` to here.
        PATH_LINK_TARGET = 1 << 12,
        /// `path_open`.
        PATH_OPEN = 1 << 13,
        /// `fd_readdir`.
        FD_READDIR = 1 << 14,
        /// `path_readlink`.
        PATH_READLINK = 1 << 15,
        /// `path_rename` from here.
        PATH_RENAME_SOURCE = 1 << 16,
        /// `path_rename` to here.
        PATH_RENAME_TARGET = 1 << 17,
        /// `path_filestat_get`.
        PATH_FILESTAT_GET = 1 << 18,
        /// `path_open` that truncates.
        PATH_FILESTAT_SET_SIZE = 1 << 19,
        /// `path_filestat_set_times`.
        PATH_FILESTAT_SET_TIMES = 1 << 20,
        /// `fd_filestat_get`.
        FD_FILESTAT_GET = 1 << 21,
        /// `fd_filestat_set_size`.
        FD_FILESTAT_SET_SIZE = 1 << 22,
        /// `fd_filestat_set_times`.
        FD_FILESTAT_SET_TIMES = 1 << 23,
        /// `path_symlink`.
        PATH_SYMLINK = 1 << 24,
        /// `path_remove_directory`.
        PATH_REMOVE_DIRECTORY = 1 << 25,
        /// `path_unlink_file`.
        PATH_UNLINK_FILE = 1 << 26,
        /// `poll_oneoff` on the descriptor.
        POLL_FD_READWRITE = 1 << 27,
        /// `sock_shutdown`.
        SOCK_SHUTDOWN = 1 << 28,
        /// `sock_accept`.
        SOCK_ACCEPT = 1 << 29,
    }
}

impl Rights {
    /// All that applies to a regular file.
    pub const FILE: Self = Self::FD_DATASYNC
        .union(Self::FD_READ)
        .union(Self::FD_SEEK)
        .union(Self::FD_FDSTAT_SET_FLAGS)
        .union(Self::FD_SYNC)
        .union(Self::FD_TELL)
        .union(Self::FD_WRITE)
        .union(Self::FD_ADVISE)
        .union(Self::FD_ALLOCATE)
        .union(Self::FD_FILESTAT_GET)
        .union(Self::FD_FILESTAT_SET_SIZE)
        .union(Self::FD_FILESTAT_SET_TIMES)
        .union(Self::POLL_FD_READWRITE);

    /// All that applies to a directory.
    pub const DIRECTORY: Self = Self::PATH_CREATE_DIRECTORY
        .union(Self::PATH_CREATE_FILE)
        .union(Self::PATH_LINK_SOURCE)
        .union(Self::PATH_LINK_TARGET)
        .union(Self::PATH_OPEN)
        .union(Self::FD_READDIR)
        .union(Self::PATH_READLINK)
        .union(Self::PATH_RENAME_SOURCE)
        .union(Self::PATH_RENAME_TARGET)
        .union(Self::PATH_FILESTAT_GET)
        .union(Self::PATH_FILESTAT_SET_SIZE)
        .union(Self::PATH_FILESTAT_SET_TIMES)
        .union(Self::FD_FILESTAT_GET)
        .union(Self::FD_FILESTAT_SET_TIMES)
        .union(Self::PATH_SYMLINK)
        .union(Self::PATH_REMOVE_DIRECTORY)
        .union(Self::PATH_UNLINK_FILE);

    /// Standard streams. Without seek and tell, which is how wasi-libc's `isatty`
    /// tells a terminal from a device file.
    pub(crate) const STREAM: Self =
        Self::FD_FDSTAT_SET_FLAGS.union(Self::FD_FILESTAT_GET).union(Self::POLL_FD_READWRITE);
}

flags! {
    /// The flags of an open descriptor (`fdflags`).
    FdFlags: u16 {
        /// Writes go to the end of the file.
        APPEND = 1 << 0,
        /// Writes return when the data is on the disk.
        DSYNC = 1 << 1,
        /// Calls don't wait.
        NONBLOCK = 1 << 2,
        /// Reads are synchronised too.
        RSYNC = 1 << 3,
        /// Writes return when data and metadata are on the disk.
        SYNC = 1 << 4,
    }
}

impl FdFlags {
    /// The flags that can be chosen only when a file is opened.
    pub(crate) const SYNCHRONISED: Self = Self::DSYNC.union(Self::RSYNC).union(Self::SYNC);
}

flags! {
    /// How `path_open` opens (`oflags`).
    OFlags: u16 {
        /// Create the file if it does not exist.
        CREAT = 1 << 0,
        /// Fail unless it is a directory.
        DIRECTORY = 1 << 1,
        /// Fail if it exists.
        EXCL = 1 << 2,
        /// Empty the file.
        TRUNC = 1 << 3,
    }
}

flags! {
    /// How a path is resolved (`lookupflags`).
    LookupFlags: u32 {
        /// If the last component is a symbolic link, follow it.
        SYMLINK_FOLLOW = 1 << 0,
    }
}

flags! {
    /// Which times to set (`fstflags`).
    FstFlags: u16 {
        /// The access time to the given one.
        ATIM = 1 << 0,
        /// The access time to now.
        ATIM_NOW = 1 << 1,
        /// The modification time to the given one.
        MTIM = 1 << 2,
        /// The modification time to now.
        MTIM_NOW = 1 << 3,
    }
}

flags! {
    /// What a guest may do with the directories under a preopened one.
    DirPerms: u8 {
        /// List and look up.
        READ = 1 << 0,
        /// Create, remove and rename.
        MUTATE = 1 << 1,
    }
}

flags! {
    /// What a guest may do with the files under a preopened directory.
    FilePerms: u8 {
        /// Read them.
        READ = 1 << 0,
        /// Write, truncate and touch them.
        WRITE = 1 << 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_bits_are_refused() {
        assert_eq!(OFlags::from_bits(0b1001), Some(OFlags::CREAT | OFlags::TRUNC));
        assert_eq!(OFlags::from_bits(1 << 4), None);
        assert_eq!(OFlags::from_bits(1 << 16), None);
        assert_eq!(Rights::from_bits(1 << 30), None);
    }

    #[test]
    fn streams_have_neither_seek_nor_tell() {
        assert!(!Rights::STREAM.intersects(Rights::FD_SEEK | Rights::FD_TELL));
    }
}
