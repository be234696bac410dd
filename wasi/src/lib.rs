//! WASI preview 1 for Bimetal: the 46 functions of `wasi_snapshot_preview1` over small
//! traits ([`WasiFile`], [`WasiDir`], [`Clocks`], [`RandomSource`]), with the host's
//! files through cap-std and an in-memory file system behind them.
//!
//! A guest reaches what its [`WasiCtx`] was built with and nothing else. Paths are
//! resolved below the directory that was handed over; what would leave it is
//! [`Errno::Perm`], as in wasmtime. An address outside guest memory is
//! [`Errno::Fault`].
//!
//! Unix hosts only.

#![forbid(unsafe_code)]

mod builder;
mod clock;
mod ctx;
mod dir;
mod errno;
mod file;
mod flags;
mod functions;
mod link;
mod memory;
pub mod pipe;
mod random;
mod signature;
mod table;
mod types;
mod vfs;

pub use self::builder::WasiCtxBuilder;
pub use self::clock::{Clocks, HostClocks, ManualClocks};
pub use self::ctx::{I32Exit, WasiCtx};
pub use self::dir::{HostDir, OpenHow, Opened, WasiDir};
pub use self::errno::Errno;
pub use self::file::{Empty, HostFile, Readiness, Sink, Stderr, Stdin, Stdout, WasiFile};
pub use self::flags::{DirPerms, FdFlags, FilePerms, FstFlags, LookupFlags, OFlags, Rights};
pub use self::link::add_to_linker;
pub use self::memory::GuestMemory;
pub use self::random::{HostRandom, RandomSource, SeededRandom};
pub use self::signature::{FUNCTIONS, Function, MODULE, Parameter};
pub use self::types::{Advice, Dirent, Filestat, Filetype, SetTime};
pub use self::vfs::VirtualDir;
