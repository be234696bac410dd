//! Arguments and environment.

use super::size;
use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::memory::GuestMemory;

impl WasiCtx {
    /// Writes the arguments to `argv_buf`, each ended by a zero, and their addresses to `argv`.
    pub fn args_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        argv: u32,
        argv_buf: u32,
    ) -> Result<(), Errno> {
        write_strings(memory, &self.args, argv, argv_buf)
    }

    /// Writes the number of arguments and the size that `args_get` needs for them.
    pub fn args_sizes_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        argc: u32,
        argv_buf_size: u32,
    ) -> Result<(), Errno> {
        write_sizes(memory, &self.args, argc, argv_buf_size)
    }

    /// Writes the environment (`KEY=value`) as `args_get` writes the arguments.
    pub fn environ_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        environ: u32,
        environ_buf: u32,
    ) -> Result<(), Errno> {
        write_strings(memory, &self.env, environ, environ_buf)
    }

    /// Writes the number of variables and the size that `environ_get` needs for them.
    pub fn environ_sizes_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        environc: u32,
        environ_buf_size: u32,
    ) -> Result<(), Errno> {
        write_sizes(memory, &self.env, environc, environ_buf_size)
    }
}

fn write_strings(
    memory: &mut GuestMemory<'_>,
    strings: &[Vec<u8>],
    pointers: u32,
    bytes: u32,
) -> Result<(), Errno> {
    memory.check(pointers, size(strings.len().saturating_mul(4))?)?;
    memory.check(bytes, total(strings)?)?;
    let (mut pointer, mut at) = (pointers, bytes);
    for string in strings {
        memory.write_u32(pointer, at)?;
        memory.write(at, string)?;
        at = at.checked_add(size(string.len())?).ok_or(Errno::Fault)?;
        memory.write(at, &[0])?;
        // May wrap after the last one, which is not written to.
        at = at.wrapping_add(1);
        pointer = pointer.wrapping_add(4);
    }
    Ok(())
}

fn write_sizes(
    memory: &mut GuestMemory<'_>,
    strings: &[Vec<u8>],
    count: u32,
    bytes: u32,
) -> Result<(), Errno> {
    memory.check(bytes, 4)?;
    memory.write_u32(count, size(strings.len())?)?;
    memory.write_u32(bytes, total(strings)?)
}

/// The size of all strings with their zeros.
fn total(strings: &[Vec<u8>]) -> Result<u32, Errno> {
    let bytes = strings.iter().fold(0usize, |sum, string| sum.saturating_add(string.len()));
    size(bytes.saturating_add(strings.len()))
}
