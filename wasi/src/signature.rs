//! The one list of the functions of `wasi_snapshot_preview1`. Registration in a
//! linker, calls by name and the tests are made from it.

use crate::ctx::{I32Exit, WasiCtx};
use crate::errno::Errno;
use crate::memory::GuestMemory;

/// The module under which guests import the functions.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// An address in guest memory.
pub(crate) type Ptr = u32;
/// A length in bytes or elements.
pub(crate) type Size = u32;
/// A descriptor.
pub(crate) type Fd = u32;

/// Hands all functions to the macro `$consumer`, as rows
/// `kind name(parameter: type, ..);` where kind is `errno` for a function that answers
/// an error number and `exit` for one that does not return.
macro_rules! wasi_functions {
    ($consumer:ident) => {
        $consumer! {
            errno args_get(argv: Ptr, argv_buf: Ptr);
            errno args_sizes_get(argc: Ptr, argv_buf_size: Ptr);
            errno environ_get(environ: Ptr, environ_buf: Ptr);
            errno environ_sizes_get(environc: Ptr, environ_buf_size: Ptr);
            errno clock_res_get(id: u32, resolution: Ptr);
            errno clock_time_get(id: u32, precision: u64, time: Ptr);
            errno fd_advise(fd: Fd, offset: u64, len: u64, advice: u32);
            errno fd_allocate(fd: Fd, offset: u64, len: u64);
            errno fd_close(fd: Fd);
            errno fd_datasync(fd: Fd);
            errno fd_fdstat_get(fd: Fd, stat: Ptr);
            errno fd_fdstat_set_flags(fd: Fd, flags: u32);
            errno fd_fdstat_set_rights(fd: Fd, base: u64, inheriting: u64);
            errno fd_filestat_get(fd: Fd, stat: Ptr);
            errno fd_filestat_set_size(fd: Fd, size: u64);
            errno fd_filestat_set_times(fd: Fd, atim: u64, mtim: u64, fst_flags: u32);
            errno fd_pread(fd: Fd, iovs: Ptr, iovs_len: Size, offset: u64, nread: Ptr);
            errno fd_prestat_get(fd: Fd, prestat: Ptr);
            errno fd_prestat_dir_name(fd: Fd, path: Ptr, path_len: Size);
            errno fd_pwrite(fd: Fd, iovs: Ptr, iovs_len: Size, offset: u64, nwritten: Ptr);
            errno fd_read(fd: Fd, iovs: Ptr, iovs_len: Size, nread: Ptr);
            errno fd_readdir(fd: Fd, buf: Ptr, buf_len: Size, cookie: u64, bufused: Ptr);
            errno fd_renumber(fd: Fd, to: Fd);
            errno fd_seek(fd: Fd, offset: i64, whence: u32, new_offset: Ptr);
            errno fd_sync(fd: Fd);
            errno fd_tell(fd: Fd, offset: Ptr);
            errno fd_write(fd: Fd, iovs: Ptr, iovs_len: Size, nwritten: Ptr);
            errno path_create_directory(fd: Fd, path: Ptr, path_len: Size);
            errno path_filestat_get(fd: Fd, lookup: u32, path: Ptr, path_len: Size, stat: Ptr);
            errno path_filestat_set_times(
                fd: Fd, lookup: u32, path: Ptr, path_len: Size,
                atim: u64, mtim: u64, fst_flags: u32
            );
            errno path_link(
                old_fd: Fd, old_flags: u32, old_path: Ptr, old_path_len: Size,
                new_fd: Fd, new_path: Ptr, new_path_len: Size
            );
            errno path_open(
                fd: Fd, dirflags: u32, path: Ptr, path_len: Size, oflags: u32,
                fs_rights_base: u64, fs_rights_inheriting: u64, fdflags: u32, opened: Ptr
            );
            errno path_readlink(
                fd: Fd, path: Ptr, path_len: Size, buf: Ptr, buf_len: Size, bufused: Ptr
            );
            errno path_remove_directory(fd: Fd, path: Ptr, path_len: Size);
            errno path_rename(
                fd: Fd, old_path: Ptr, old_path_len: Size,
                new_fd: Fd, new_path: Ptr, new_path_len: Size
            );
            errno path_symlink(
                old_path: Ptr, old_path_len: Size, fd: Fd, new_path: Ptr, new_path_len: Size
            );
            errno path_unlink_file(fd: Fd, path: Ptr, path_len: Size);
            errno poll_oneoff(
                subscriptions: Ptr, events: Ptr, nsubscriptions: Size, nevents: Ptr
            );
            exit proc_exit(code: u32);
            errno proc_raise(sig: u32);
            errno sched_yield();
            errno random_get(buf: Ptr, buf_len: Size);
            errno sock_accept(fd: Fd, flags: u32, accepted: Ptr);
            errno sock_recv(
                fd: Fd, ri_data: Ptr, ri_data_len: Size, ri_flags: u32,
                ro_datalen: Ptr, ro_flags: Ptr
            );
            errno sock_send(
                fd: Fd, si_data: Ptr, si_data_len: Size, si_flags: u32, so_datalen: Ptr
            );
            errno sock_shutdown(fd: Fd, how: u32);
        }
    };
}

pub(crate) use wasi_functions;

/// A parameter as WebAssembly passes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in the specification.
    pub name: &'static str,
    /// Whether it is an `i64`; otherwise it is an `i32`.
    pub wide: bool,
    /// Whether it is an address in guest memory.
    pub pointer: bool,
}

/// A function of `wasi_snapshot_preview1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Whether it answers an error number; `proc_exit` has no result.
    pub returns: bool,
}

/// The type of a parameter of a method, as WebAssembly passes it.
pub(crate) trait Abi {
    /// Whether it is passed as an `i64`.
    const WIDE: bool;

    /// The parameter from the bits passed; those of an `i32` are the lower ones.
    fn from_bits(bits: u64) -> Self;
}

impl Abi for u32 {
    const WIDE: bool = false;

    fn from_bits(bits: u64) -> Self {
        bits as u32
    }
}

impl Abi for u64 {
    const WIDE: bool = true;

    fn from_bits(bits: u64) -> Self {
        bits
    }
}

impl Abi for i64 {
    const WIDE: bool = true;

    fn from_bits(bits: u64) -> Self {
        bits.cast_signed()
    }
}

/// How a call ends that answers no success.
pub(crate) enum Stop {
    Errno(Errno),
    Exit(I32Exit),
}

impl From<Errno> for Stop {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<I32Exit> for Stop {
    fn from(exit: I32Exit) -> Self {
        Self::Exit(exit)
    }
}

/// What the guest gets for a result.
pub(crate) fn answer(result: Result<(), impl Into<Stop>>) -> Result<Errno, I32Exit> {
    match result.map_err(Into::into) {
        Ok(()) => Ok(Errno::Success),
        Err(Stop::Errno(errno)) => Ok(errno),
        Err(Stop::Exit(exit)) => Err(exit),
    }
}

macro_rules! define {
    ($($kind:ident $name:ident($($parameter:ident: $ty:ident),*);)*) => {
        /// All functions, with their parameters.
        pub const FUNCTIONS: &[Function] = &[
            $(Function {
                name: stringify!($name),
                parameters: &[$(Parameter {
                    name: stringify!($parameter),
                    wide: <$ty as Abi>::WIDE,
                    pointer: matches!(stringify!($ty).as_bytes(), b"Ptr"),
                }),*],
                returns: matches!(stringify!($kind).as_bytes(), b"errno"),
            },)*
        ];

        impl WasiCtx {
            /// Calls a function by name, with its arguments as raw bits (an `i32` in
            /// the lower half; absent ones are zero). None if there is no such function.
            ///
            /// # Errors
            ///
            /// [`I32Exit`] when the function is `proc_exit`.
            pub fn call(
                &mut self,
                name: &str,
                memory: &mut GuestMemory<'_>,
                arguments: &[u64],
            ) -> Option<Result<Errno, I32Exit>> {
                let mut arguments = arguments.iter().copied();
                Some(match name {
                    $(stringify!($name) => {
                        $(let $parameter =
                            <$ty as Abi>::from_bits(arguments.next().unwrap_or(0));)*
                        answer(self.$name(memory, $($parameter),*))
                    })*
                    _ => return None,
                })
            }
        }
    };
}
wasi_functions!(define);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WasiCtxBuilder;

    #[test]
    fn there_are_46_functions_with_different_names() {
        let mut names: Vec<_> = FUNCTIONS.iter().map(|function| function.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 46);
    }

    #[test]
    fn every_function_can_be_called_by_name_and_only_exit_exits() {
        let mut ctx = WasiCtxBuilder::new().build();
        let mut memory = GuestMemory::new(&mut []);
        for function in FUNCTIONS {
            let result = ctx.call(function.name, &mut memory, &[]);
            assert_eq!(result.unwrap().is_err(), !function.returns, "{}", function.name);
        }
        assert!(ctx.call("fd_fly", &mut memory, &[]).is_none());
    }

    #[test]
    fn proc_exit_carries_any_code() {
        let mut ctx = WasiCtxBuilder::new().build();
        let mut memory = GuestMemory::new(&mut []);
        assert_eq!(ctx.call("proc_exit", &mut memory, &[42]), Some(Err(I32Exit(42))));
        assert_eq!(ctx.call("proc_exit", &mut memory, &[u64::MAX]), Some(Err(I32Exit(-1))));
    }
}
