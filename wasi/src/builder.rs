//! Choosing what a guest gets.

use std::path::Path;

use cap_std::fs::Dir;

use crate::clock::{Clocks, HostClocks};
use crate::ctx::WasiCtx;
use crate::dir::{HostDir, WasiDir};
use crate::errno::Errno;
use crate::file::{Empty, Sink, Stderr, Stdin, Stdout, WasiFile};
use crate::flags::{DirPerms, FilePerms, Rights};
use crate::random::{HostRandom, RandomSource};
use crate::table::{DirEntry, Entry, FileEntry, Grant, Table};
use crate::vfs::VirtualDir;

/// How many descriptors a guest may have open unless the embedder says otherwise.
const DEFAULT_DESCRIPTORS: usize = 4096;

/// Builds a [`WasiCtx`]. A new builder hands nothing over: no arguments, no
/// environment, no directories, standard input at its end, output swallowed; clocks
/// and random bytes are the host's.
///
/// ```
/// use bimetal_wasi::{WasiCtxBuilder, pipe::MemoryOutputPipe};
///
/// let out = MemoryOutputPipe::new(1 << 20);
/// let ctx = WasiCtxBuilder::new().args(&["prog", "-v"]).env("LANG", "C").stdout(out.clone()).build();
/// # drop(ctx);
/// assert!(out.contents().is_empty());
/// ```
pub struct WasiCtxBuilder {
    args: Vec<Vec<u8>>,
    env: Vec<Vec<u8>>,
    stdin: Box<dyn WasiFile>,
    stdout: Box<dyn WasiFile>,
    stderr: Box<dyn WasiFile>,
    preopens: Vec<DirEntry>,
    clocks: Option<Box<dyn Clocks>>,
    random: Option<Box<dyn RandomSource>>,
    descriptors: usize,
}

impl WasiCtxBuilder {
    /// A builder that hands nothing over.
    pub fn new() -> Self {
        Self {
            args: Vec::new(),
            env: Vec::new(),
            stdin: Box::new(Empty),
            stdout: Box::new(Sink),
            stderr: Box::new(Sink),
            preopens: Vec::new(),
            clocks: None,
            random: None,
            descriptors: DEFAULT_DESCRIPTORS,
        }
    }

    /// Appends an argument; the first is the program's name. The guest sees it up to
    /// its first zero byte.
    pub fn arg(&mut self, arg: impl AsRef<[u8]>) -> &mut Self {
        self.args.push(arg.as_ref().to_vec());
        self
    }

    /// Appends arguments.
    pub fn args(&mut self, args: &[impl AsRef<[u8]>]) -> &mut Self {
        for arg in args {
            self.arg(arg);
        }
        self
    }

    /// Adds an environment variable.
    pub fn env(&mut self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut Self {
        self.env.push([key.as_ref(), b"=", value.as_ref()].concat());
        self
    }

    /// Adds environment variables.
    pub fn envs(&mut self, env: &[(impl AsRef<[u8]>, impl AsRef<[u8]>)]) -> &mut Self {
        for (key, value) in env {
            self.env(key, value);
        }
        self
    }

    /// Adds the whole environment of the host.
    pub fn inherit_env(&mut self) -> &mut Self {
        for (key, value) in std::env::vars_os() {
            self.env(key.as_encoded_bytes(), value.as_encoded_bytes());
        }
        self
    }

    /// Appends all arguments of the host's process.
    pub fn inherit_args(&mut self) -> &mut Self {
        for arg in std::env::args_os() {
            self.arg(arg.as_encoded_bytes());
        }
        self
    }

    /// Sets standard input.
    pub fn stdin(&mut self, stdin: impl WasiFile + 'static) -> &mut Self {
        self.stdin = Box::new(stdin);
        self
    }

    /// Sets standard output.
    pub fn stdout(&mut self, stdout: impl WasiFile + 'static) -> &mut Self {
        self.stdout = Box::new(stdout);
        self
    }

    /// Sets standard error.
    pub fn stderr(&mut self, stderr: impl WasiFile + 'static) -> &mut Self {
        self.stderr = Box::new(stderr);
        self
    }

    /// Hands the host's standard input over.
    pub fn inherit_stdin(&mut self) -> &mut Self {
        self.stdin(Stdin::new())
    }

    /// Hands the host's standard output over.
    pub fn inherit_stdout(&mut self) -> &mut Self {
        self.stdout(Stdout::new())
    }

    /// Hands the host's standard error over.
    pub fn inherit_stderr(&mut self) -> &mut Self {
        self.stderr(Stderr::new())
    }

    /// Hands the host's standard streams over.
    pub fn inherit_stdio(&mut self) -> &mut Self {
        self.inherit_stdin().inherit_stdout().inherit_stderr()
    }

    /// Hands a directory of the host and all below it over, as `guest_path`.
    ///
    /// # Errors
    ///
    /// If the directory cannot be opened.
    pub fn preopened_dir(
        &mut self,
        host_path: impl AsRef<Path>,
        guest_path: impl AsRef<str>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> std::io::Result<&mut Self> {
        let dir = Dir::open_ambient_dir(host_path, cap_std::ambient_authority())?;
        Ok(self.directory(Box::new(HostDir::new(dir)), guest_path, dir_perms, file_perms))
    }

    /// Hands an in-memory file system over, as `guest_path`, with all permissions.
    pub fn virtual_dir(&mut self, dir: &VirtualDir, guest_path: impl AsRef<str>) -> &mut Self {
        let root = dir.open_root();
        self.directory(root, guest_path, DirPerms::all(), FilePerms::all())
    }

    /// Hands a directory of any kind over, as `guest_path`.
    pub fn directory(
        &mut self,
        dir: Box<dyn WasiDir>,
        guest_path: impl AsRef<str>,
        dir_perms: DirPerms,
        file_perms: FilePerms,
    ) -> &mut Self {
        self.preopens.push(DirEntry {
            dir,
            grant: Grant::new(Rights::DIRECTORY, Rights::DIRECTORY | Rights::FILE),
            dir_perms,
            file_perms,
            preopen: Some(guest_path.as_ref().to_owned()),
            listing: None,
        });
        self
    }

    /// Sets the clocks.
    pub fn clocks(&mut self, clocks: impl Clocks + 'static) -> &mut Self {
        self.clocks = Some(Box::new(clocks));
        self
    }

    /// Sets the source of random bytes.
    pub fn random(&mut self, random: impl RandomSource + 'static) -> &mut Self {
        self.random = Some(Box::new(random));
        self
    }

    /// Sets how many descriptors may be open at once, beyond the standard streams and
    /// directories handed over, which always fit.
    pub fn max_descriptors(&mut self, count: usize) -> &mut Self {
        self.descriptors = count;
        self
    }

    /// The world as chosen. The builder is left as a new one.
    pub fn build(&mut self) -> WasiCtx {
        let chosen = std::mem::take(self);
        let fixed = chosen.preopens.len().saturating_add(3);
        let mut table = Table::new(chosen.descriptors.max(fixed));
        let read = Rights::STREAM | Rights::FD_READ;
        let write = Rights::STREAM | Rights::FD_WRITE;
        let streams = [(chosen.stdin, read), (chosen.stdout, write), (chosen.stderr, write)];
        let streams = streams.into_iter().map(|(file, rights)| {
            let grant = Grant::new(rights, rights);
            Entry::File(FileEntry { file, grant, perms: FilePerms::all() })
        });
        for entry in streams.chain(chosen.preopens.into_iter().map(Entry::Dir)) {
            // The table has room for all of these.
            let pushed: Result<u32, Errno> = table.push(entry);
            debug_assert!(pushed.is_ok());
        }
        WasiCtx {
            args: chosen.args,
            env: chosen.env,
            table,
            clocks: chosen.clocks.unwrap_or_else(|| Box::new(HostClocks::new())),
            random: chosen.random.unwrap_or_else(|| Box::new(HostRandom::new())),
        }
    }
}

impl Default for WasiCtxBuilder {
    fn default() -> Self {
        Self::new()
    }
}
