//! Listing directories.

use super::size;
use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::flags::{DirPerms, Rights};
use crate::memory::GuestMemory;
use crate::table::DirEntry;
use crate::types::{Dirent, Filetype};

impl WasiCtx {
    /// Writes as many entries as fit, from the one that `cookie` names; the last may
    /// be cut off. A listing is taken anew at cookie zero and stays as it was then.
    pub fn fd_readdir(
        &mut self,
        memory: &mut GuestMemory<'_>,
        fd: u32,
        buf: u32,
        buf_len: u32,
        cookie: u64,
        bufused: u32,
    ) -> Result<(), Errno> {
        let entry = self.table.dir(fd, Rights::FD_READDIR)?;
        entry.permit(DirPerms::READ)?;
        memory.check(bufused, 4)?;
        memory.check(buf, buf_len)?;
        if cookie == 0 || entry.listing.is_none() {
            let listing = listing(entry)?;
            self.table.keep_listing(fd, listing)?;
        }
        let entry = self.table.dir(fd, Rights::FD_READDIR)?;
        let entries = entry.listing.as_deref().unwrap_or_default();
        let skipped = usize::try_from(cookie).unwrap_or(usize::MAX);
        let (mut at, mut room) = (buf, buf_len);
        for (next, dirent) in (1u64..).zip(entries).skip(skipped) {
            let bytes = dirent.encode(next)?;
            let count = size(bytes.len())?.min(room);
            let part = bytes.get(..count as usize).unwrap_or_default();
            memory.write(at, part)?;
            // Both stay within the buffer that was checked; `at` may wrap at its end.
            at = at.wrapping_add(count);
            room = room.saturating_sub(count);
            if room == 0 {
                break;
            }
        }
        memory.write_u32(bufused, buf_len.saturating_sub(room))
    }
}

/// All entries, after `.` and `..`. Nothing is told about the directory above: it
/// shows as the directory itself, as above a root.
fn listing(entry: &DirEntry) -> Result<Vec<Dirent>, Errno> {
    let ino = entry.dir.filestat()?.ino;
    let dot = |name: &str| Dirent { ino, filetype: Filetype::Directory, name: name.to_owned() };
    let mut entries = vec![dot("."), dot("..")];
    entries.extend(entry.dir.list()?);
    Ok(entries)
}
