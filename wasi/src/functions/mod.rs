//! The functions of `wasi_snapshot_preview1`, as methods of
//! [`WasiCtx`](crate::WasiCtx). Where a function has results, the addresses it
//! writes them to are checked before it does anything else.

mod args;
mod clock;
mod fd;
mod fd_io;
mod path;
mod path_open;
mod poll;
mod process;
mod readdir;
mod sock;

use crate::errno::Errno;

/// Unpacks a set of flags that the guest passed.
macro_rules! flags {
    ($ty:ty, $bits:expr) => {
        <$ty>::from_bits(u64::from($bits)).ok_or(crate::errno::Errno::Inval)
    };
}
use flags;

/// A length as the guest counts.
fn size(length: usize) -> Result<u32, Errno> {
    u32::try_from(length).map_err(|_| Errno::Overflow)
}
