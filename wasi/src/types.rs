//! The structures of WASI preview 1 and their layout in guest memory.

use crate::errno::Errno;
use crate::flags::{FdFlags, FstFlags, Rights};
use crate::memory::GuestMemory;

/// The type of a file (`filetype`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Filetype {
    /// Something else, for example a pipe.
    Unknown = 0,
    /// A block device.
    BlockDevice = 1,
    /// A character device, for example a terminal.
    CharacterDevice = 2,
    /// A directory.
    Directory = 3,
    /// A regular file.
    RegularFile = 4,
    /// A datagram socket.
    SocketDgram = 5,
    /// A stream socket.
    SocketStream = 6,
    /// A symbolic link.
    SymbolicLink = 7,
}

/// The attributes of a file (`filestat`); times are nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filestat {
    /// The device.
    pub dev: u64,
    /// The serial number of the file on its device.
    pub ino: u64,
    /// The type.
    pub filetype: Filetype,
    /// The number of hard links.
    pub nlink: u64,
    /// The size in bytes.
    pub size: u64,
    /// The time of the last access.
    pub atim: u64,
    /// The time of the last change of the data.
    pub mtim: u64,
    /// The time of the last change of the attributes.
    pub ctim: u64,
}

impl Filestat {
    /// The size of the structure in guest memory.
    pub const SIZE: u32 = 64;

    /// The attributes of something that is no file: a stream of this type.
    pub const fn stream(filetype: Filetype) -> Self {
        Self { dev: 0, ino: 0, filetype, nlink: 0, size: 0, atim: 0, mtim: 0, ctim: 0 }
    }

    pub(crate) fn write(&self, memory: &mut GuestMemory<'_>, ptr: u32) -> Result<(), Errno> {
        let mut bytes = [0; Self::SIZE as usize];
        put(&mut bytes, 0, &self.dev.to_le_bytes());
        put(&mut bytes, 8, &self.ino.to_le_bytes());
        put(&mut bytes, 16, &[self.filetype as u8]);
        put(&mut bytes, 24, &self.nlink.to_le_bytes());
        put(&mut bytes, 32, &self.size.to_le_bytes());
        put(&mut bytes, 40, &self.atim.to_le_bytes());
        put(&mut bytes, 48, &self.mtim.to_le_bytes());
        put(&mut bytes, 56, &self.ctim.to_le_bytes());
        memory.write(ptr, &bytes)
    }
}

/// The attributes of a descriptor (`fdstat`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fdstat {
    pub(crate) filetype: Filetype,
    pub(crate) flags: FdFlags,
    pub(crate) base: Rights,
    pub(crate) inheriting: Rights,
}

impl Fdstat {
    pub(crate) const SIZE: u32 = 24;

    pub(crate) fn write(&self, memory: &mut GuestMemory<'_>, ptr: u32) -> Result<(), Errno> {
        let mut bytes = [0; Self::SIZE as usize];
        put(&mut bytes, 0, &[self.filetype as u8]);
        put(&mut bytes, 2, &self.flags.bits().to_le_bytes());
        put(&mut bytes, 8, &self.base.bits().to_le_bytes());
        put(&mut bytes, 16, &self.inheriting.bits().to_le_bytes());
        memory.write(ptr, &bytes)
    }
}

/// An entry of a directory (`dirent`); its position comes from the listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirent {
    /// The serial number of the file.
    pub ino: u64,
    /// The type of the file.
    pub filetype: Filetype,
    /// The name.
    pub name: String,
}

impl Dirent {
    /// The structure and the name as the guest reads them; `next` is the cookie of
    /// the entry after this one.
    pub(crate) fn encode(&self, next: u64) -> Result<Vec<u8>, Errno> {
        let length = u32::try_from(self.name.len()).map_err(|_| Errno::Overflow)?;
        let mut bytes = vec![0; 24];
        put(&mut bytes, 0, &next.to_le_bytes());
        put(&mut bytes, 8, &self.ino.to_le_bytes());
        put(&mut bytes, 16, &length.to_le_bytes());
        put(&mut bytes, 20, &[self.filetype as u8]);
        bytes.extend_from_slice(self.name.as_bytes());
        Ok(bytes)
    }
}

/// Copies a field into a structure whose size is a constant beside the call.
pub(crate) fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(field.len())) {
        place.copy_from_slice(field);
    }
}

/// What to do with a time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetTime {
    /// Leave it.
    Keep,
    /// Set it to the present.
    Now,
    /// Set it to so many nanoseconds since 1970.
    At(u64),
}

impl SetTime {
    /// The requests for access and modification time that `fst_flags` describe.
    pub(crate) fn from_flags(flags: FstFlags, atim: u64, mtim: u64) -> Result<(Self, Self), Errno> {
        let pick = |set: FstFlags, now: FstFlags, time: u64| match (
            flags.contains(set),
            flags.contains(now),
        ) {
            (true, true) => Err(Errno::Inval),
            (true, false) => Ok(Self::At(time)),
            (false, true) => Ok(Self::Now),
            (false, false) => Ok(Self::Keep),
        };
        Ok((
            pick(FstFlags::ATIM, FstFlags::ATIM_NOW, atim)?,
            pick(FstFlags::MTIM, FstFlags::MTIM_NOW, mtim)?,
        ))
    }
}

/// A hint about future accesses (`advice`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Nothing special.
    Normal,
    /// From low to high offsets.
    Sequential,
    /// In random order.
    Random,
    /// Soon.
    WillNeed,
    /// Not soon.
    DontNeed,
    /// Once.
    NoReuse,
}

impl Advice {
    pub(crate) fn from_guest(value: u32) -> Result<Self, Errno> {
        Ok(match value {
            0 => Self::Normal,
            1 => Self::Sequential,
            2 => Self::Random,
            3 => Self::WillNeed,
            4 => Self::DontNeed,
            5 => Self::NoReuse,
            _ => return Err(Errno::Inval),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filestat_is_laid_out_as_the_specification_says() {
        let stat = Filestat {
            dev: 1,
            ino: 2,
            filetype: Filetype::RegularFile,
            nlink: 3,
            size: 4,
            atim: 5,
            mtim: 6,
            ctim: 7,
        };
        let mut bytes = [0xff; 64];
        stat.write(&mut GuestMemory::new(&mut bytes), 0).unwrap();
        let words: Vec<u64> = bytes
            .chunks_exact(8)
            .map(|word| u64::from_le_bytes(word.try_into().unwrap()))
            .collect();
        assert_eq!(words, [1, 2, 4, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn a_dirent_is_24_bytes_and_the_name() {
        let entry = Dirent { ino: 9, filetype: Filetype::Directory, name: "ab".into() };
        let bytes = entry.encode(3).unwrap();
        assert_eq!(bytes[..8], 3u64.to_le_bytes());
        assert_eq!(bytes[8..16], 9u64.to_le_bytes());
        assert_eq!(bytes[16..], [2, 0, 0, 0, 3, 0, 0, 0, b'a', b'b']);
    }

    #[test]
    fn a_time_cannot_be_given_and_be_now() {
        let both = FstFlags::ATIM | FstFlags::ATIM_NOW;
        assert_eq!(SetTime::from_flags(both, 1, 2), Err(Errno::Inval));
        let split = FstFlags::ATIM | FstFlags::MTIM_NOW;
        assert_eq!(SetTime::from_flags(split, 1, 2), Ok((SetTime::At(1), SetTime::Now)));
    }
}
