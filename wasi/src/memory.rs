//! A checked view of guest memory: every access is bounds-checked, little-endian
//! and answers [`Errno::Fault`] instead of panicking.

use std::ops::Range;

use crate::errno::Errno;

/// The longest array of buffers that one call looks at. A call with more of them
/// reads or writes short, which every program must expect anyway.
const MAX_BUFFERS: u32 = 1024;

/// The most bytes that one call transfers, as on Linux. Buffers may overlap, so
/// their sum is not bounded by the size of memory.
const MAX_TRANSFER: u32 = 0x7fff_f000;

/// The linear memory of the calling instance during one call.
#[derive(Debug)]
pub struct GuestMemory<'a> {
    bytes: &'a mut [u8],
}

/// A buffer named by the guest: an element of an `iovec` array, checked against memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// The guest address.
    pub(crate) ptr: u32,
    /// The length in bytes.
    pub(crate) len: u32,
}

impl<'a> GuestMemory<'a> {
    /// A view of the whole memory in `bytes`.
    pub fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes }
    }

    fn range(&self, ptr: u32, len: u64) -> Result<Range<usize>, Errno> {
        let end = u64::from(ptr).checked_add(len).ok_or(Errno::Fault)?;
        if end > self.bytes.len() as u64 {
            return Err(Errno::Fault);
        }
        let start = usize::try_from(ptr).map_err(|_| Errno::Fault)?;
        let end = usize::try_from(end).map_err(|_| Errno::Fault)?;
        Ok(start..end)
    }

    /// Fails with [`Errno::Fault`] unless the `len` bytes at `ptr` lie in memory.
    pub fn check(&self, ptr: u32, len: u32) -> Result<(), Errno> {
        self.range(ptr, u64::from(len)).map(drop)
    }

    /// The `len` bytes at `ptr`.
    pub fn slice(&self, ptr: u32, len: u32) -> Result<&[u8], Errno> {
        let range = self.range(ptr, u64::from(len))?;
        self.bytes.get(range).ok_or(Errno::Fault)
    }

    /// The `len` bytes at `ptr`, to write to.
    pub fn slice_mut(&mut self, ptr: u32, len: u32) -> Result<&mut [u8], Errno> {
        let range = self.range(ptr, u64::from(len))?;
        self.bytes.get_mut(range).ok_or(Errno::Fault)
    }

    fn array<const N: usize>(&self, ptr: u32) -> Result<[u8; N], Errno> {
        let range = self.range(ptr, N as u64)?;
        let bytes = self.bytes.get(range).ok_or(Errno::Fault)?;
        bytes.try_into().map_err(|_| Errno::Fault)
    }

    /// Reads one byte.
    pub fn read_u8(&self, ptr: u32) -> Result<u8, Errno> {
        self.array(ptr).map(u8::from_le_bytes)
    }

    /// Reads a 16-bit number.
    pub fn read_u16(&self, ptr: u32) -> Result<u16, Errno> {
        self.array(ptr).map(u16::from_le_bytes)
    }

    /// Reads a 32-bit number.
    pub fn read_u32(&self, ptr: u32) -> Result<u32, Errno> {
        self.array(ptr).map(u32::from_le_bytes)
    }

    /// Reads a 64-bit number.
    pub fn read_u64(&self, ptr: u32) -> Result<u64, Errno> {
        self.array(ptr).map(u64::from_le_bytes)
    }

    /// Copies `bytes` to `ptr`.
    pub fn write(&mut self, ptr: u32, bytes: &[u8]) -> Result<(), Errno> {
        let range = self.range(ptr, bytes.len() as u64)?;
        self.bytes.get_mut(range).ok_or(Errno::Fault)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes a 32-bit number.
    pub fn write_u32(&mut self, ptr: u32, value: u32) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// Writes a 64-bit number.
    pub fn write_u64(&mut self, ptr: u32, value: u64) -> Result<(), Errno> {
        self.write(ptr, &value.to_le_bytes())
    }

    /// The string of `len` bytes at `ptr`; [`Errno::Ilseq`] if it is not UTF-8 and
    /// [`Errno::Nametoolong`] if it is longer than any path may be.
    pub fn path(&self, ptr: u32, len: u32) -> Result<String, Errno> {
        let bytes = self.slice(ptr, len)?;
        if bytes.len() > MAX_PATH {
            return Err(Errno::Nametoolong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Errno::Ilseq)?;
        Ok(text.to_owned())
    }

    /// The buffers of the `iovec` array of `len` elements at `ptr`, each checked,
    /// empty ones left out, cut to what one call transfers.
    pub(crate) fn buffers(&self, ptr: u32, len: u32) -> Result<Vec<Buffer>, Errno> {
        self.range(ptr, u64::from(len).saturating_mul(8))?;
        let mut buffers = Vec::new();
        let mut room = MAX_TRANSFER;
        for index in 0..len.min(MAX_BUFFERS) {
            // In range: the whole array is, and it holds fewer than 2^29 elements.
            let element = ptr.saturating_add(index.saturating_mul(8));
            let buffer = Buffer {
                ptr: self.read_u32(element)?,
                len: self.read_u32(element.saturating_add(4))?,
            };
            self.check(buffer.ptr, buffer.len)?;
            let len = buffer.len.min(room);
            room = room.saturating_sub(len);
            if len > 0 {
                buffers.push(Buffer { len, ..buffer });
            }
        }
        Ok(buffers)
    }
}

/// The longest path, in bytes, that a guest may name.
const MAX_PATH: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_at_the_edge_work_and_those_past_it_fault() {
        let mut bytes = [0u8; 16];
        let mut memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.write_u64(8, 0x0102_0304_0506_0708), Ok(()));
        assert_eq!(memory.read_u64(8), Ok(0x0102_0304_0506_0708));
        assert_eq!(memory.read_u8(15), Ok(1));
        assert_eq!(memory.read_u16(14), Ok(0x0102));
        assert_eq!(memory.read_u64(9), Err(Errno::Fault));
        assert_eq!(memory.write_u32(u32::MAX, 0), Err(Errno::Fault));
        assert_eq!(memory.slice(u32::MAX, u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.slice(16, 0), Ok(&[][..]));
        assert_eq!(memory.slice(17, 0), Err(Errno::Fault));
    }

    #[test]
    fn a_buffer_array_that_leaves_memory_faults_before_anything_is_allocated() {
        let mut bytes = [0u8; 64];
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.buffers(0, u32::MAX), Err(Errno::Fault));
        assert_eq!(memory.buffers(0, 9), Err(Errno::Fault));
        assert_eq!(memory.buffers(0, 8), Ok(Vec::new()));
    }

    #[test]
    fn overlapping_buffers_are_cut_to_one_transfer() {
        let mut bytes = vec![0u8; 8 * 2000];
        for element in bytes.chunks_exact_mut(8) {
            element[4..].copy_from_slice(&8000u32.to_le_bytes());
        }
        let memory = GuestMemory::new(&mut bytes);
        let buffers = memory.buffers(0, 2000).unwrap();
        assert_eq!(buffers.len(), MAX_BUFFERS as usize);
    }

    #[test]
    fn paths_must_be_utf8_and_of_a_sane_length() {
        let mut bytes = vec![b'a'; 8192];
        bytes[0] = 0xff;
        let memory = GuestMemory::new(&mut bytes);
        assert_eq!(memory.path(0, 4), Err(Errno::Ilseq));
        assert_eq!(memory.path(1, 3), Ok("aaa".to_owned()));
        assert_eq!(memory.path(1, 4097), Err(Errno::Nametoolong));
    }
}
