//! Reading, writing and seeking.

use std::io::{IoSlice, SeekFrom};

use super::size;
use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::flags::Rights;
use crate::memory::{Buffer, GuestMemory};
use crate::table::FileEntry;

impl WasiCtx {
    /// Reads at the position of a file, or from a stream.
    pub fn fd_read(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nread: u32,
    ) -> Result<(), Errno> {
        let entry = self.table.file(fd, Rights::FD_READ)?;
        memory.check(nread, 4)?;
        let mut buffers = memory.buffers(iovs, iovs_len)?;
        if entry.file.is_stream() {
            // After the first buffer is full, a further read could wait.
            buffers.truncate(1);
        }
        let count = read_all(entry, memory, &buffers, |entry, bytes, _| entry.file.read(bytes))?;
        memory.write_u32(nread, count)
    }

    /// Reads at an offset of a file.
    pub fn fd_pread(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nread: u32,
    ) -> Result<(), Errno> {
        let entry = self.table.file(fd, Rights::FD_READ | Rights::FD_SEEK)?;
        memory.check(nread, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        if entry.file.is_stream() {
            return Err(Errno::Spipe);
        }
        let count = read_all(entry, memory, &buffers, |entry, bytes, done| {
            entry.file.read_at(bytes, offset.checked_add(done).ok_or(Errno::Inval)?)
        })?;
        memory.write_u32(nread, count)
    }

    /// Writes at the position of a file, or to a stream.
    pub fn fd_write(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let entry = self.table.file(fd, Rights::FD_WRITE)?;
        memory.check(nwritten, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        let slices = buffers
            .iter()
            .map(|buffer| memory.slice(buffer.ptr, buffer.len).map(IoSlice::new))
            .collect::<Result<Vec<_>, Errno>>()?;
        let count = if slices.is_empty() { 0 } else { entry.file.write(&slices)? };
        memory.write_u32(nwritten, size(count)?)
    }

    /// Writes at an offset of a file.
    pub fn fd_pwrite(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        iovs: u32,
        iovs_len: u32,
        offset: u64,
        nwritten: u32,
    ) -> Result<(), Errno> {
        let entry = self.table.file(fd, Rights::FD_WRITE | Rights::FD_SEEK)?;
        memory.check(nwritten, 4)?;
        let buffers = memory.buffers(iovs, iovs_len)?;
        if entry.file.is_stream() {
            return Err(Errno::Spipe);
        }
        let mut done = 0u32;
        for buffer in buffers {
            let at = offset.checked_add(u64::from(done)).ok_or(Errno::Inval)?;
            let bytes = memory.slice(buffer.ptr, buffer.len)?;
            match entry.file.write_at(bytes, at) {
                Ok(count) => {
                    done = done.saturating_add(size(count)?);
                    if count < bytes.len() {
                        break;
                    }
                }
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
        }
        memory.write_u32(nwritten, done)
    }

    /// Moves the position of a file and writes the new one.
    pub fn fd_seek(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        offset: i64,
        whence: u32,
        new_offset: u32,
    ) -> Result<(), Errno> {
        let to = match whence {
            0 => SeekFrom::Start(u64::try_from(offset).map_err(|_| Errno::Inval)?),
            1 => SeekFrom::Current(offset),
            2 => SeekFrom::End(offset),
            _ => return Err(Errno::Inval),
        };
        // Asking for the position is telling.
        let needed = if to == SeekFrom::Current(0) { Rights::FD_TELL } else { Rights::FD_SEEK };
        let entry = self.table.file(fd, needed)?;
        memory.check(new_offset, 8)?;
        let position = entry.file.seek(to)?;
        memory.write_u64(new_offset, position)
    }

    /// Writes the position of a file.
    pub fn fd_tell(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        offset: u32,
    ) -> Result<(), Errno> {
        let entry = self.table.file(fd, Rights::FD_TELL)?;
        memory.check(offset, 8)?;
        let position = entry.file.seek(SeekFrom::Current(0))?;
        memory.write_u64(offset, position)
    }
}

/// Fills the buffers one after the other until a read comes back short. `read` gets
/// how much was read before. An error after some bytes waits for the next call.
fn read_all(
    entry: &mut FileEntry,
    memory: &mut GuestMemory<'_>,
    buffers: &[Buffer],
    mut read: impl FnMut(&mut FileEntry, &mut [u8], u64) -> Result<usize, Errno>,
) -> Result<u32, Errno> {
    let mut done = 0u32;
    for buffer in buffers {
        let bytes = memory.slice_mut(buffer.ptr, buffer.len)?;
        match read(entry, bytes, u64::from(done)) {
            Ok(count) => {
                done = done.saturating_add(size(count)?);
                if count < bytes.len() {
                    break;
                }
            }
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}
