//! The dump that `perf inject --jit` reads: names, addresses and code, with the times
//! at which they were loaded. Its form is that of the kernel's `jitdump`
//! specification, version 1.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use rustix::mm::{MapFlags, ProtFlags};
use rustix::time::{ClockId, clock_gettime};

use super::{Sink, Symbol};

const MAGIC: u32 = 0x4a69_5444;
const VERSION: u32 = 1;
const HEADER_SIZE: u32 = 40;
/// A record says that code was loaded.
const CODE_LOAD: u32 = 0;
const CODE_LOAD_SIZE: usize = 56;
/// The machine as ELF numbers it.
const MACHINE: u32 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };

/// A header and records.
pub(super) struct JitDump<W: Write> {
    out: BufWriter<W>,
    loaded: u64,
}

impl JitDump<File> {
    /// # Errors
    /// If the file cannot be made.
    pub(super) fn create() -> io::Result<JitDump<File>> {
        let path = format!("jit-{}.dump", std::process::id());
        let options = File::options().read(true).write(true).create(true).truncate(true).open(path);
        let file = options?;
        file.set_len(u64::from(HEADER_SIZE))?;
        let (prot, flags) = (ProtFlags::READ | ProtFlags::EXEC, MapFlags::PRIVATE);
        let page = rustix::param::page_size();
        // That the file is mapped is how `perf record` learns of it.
        // SAFETY: a new mapping, which nobody reads and which stays.
        unsafe { rustix::mm::mmap(std::ptr::null_mut(), page, prot, flags, &file, 0)? };
        JitDump::new(file)
    }
}

impl<W: Write> JitDump<W> {
    fn new(out: W) -> io::Result<JitDump<W>> {
        let mut out = BufWriter::new(out);
        for word in [MAGIC, VERSION, HEADER_SIZE, MACHINE, 0, std::process::id()] {
            out.write_all(&word.to_ne_bytes())?;
        }
        out.write_all(&now().to_ne_bytes())?;
        out.write_all(&0_u64.to_ne_bytes())?;
        Ok(JitDump { out, loaded: 0 })
    }
}

/// Nanoseconds of the clock that `perf record -k mono` uses.
fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

impl<W: Write + Send> Sink for JitDump<W> {
    fn write(&mut self, symbol: &Symbol<'_>) -> io::Result<()> {
        let size = CODE_LOAD_SIZE + symbol.name.len() + 1 + symbol.code.len();
        let thread = rustix::thread::gettid().as_raw_nonzero().get() as u32;
        for word in [CODE_LOAD, u32::try_from(size).map_err(io::Error::other)?] {
            self.out.write_all(&word.to_ne_bytes())?;
        }
        self.out.write_all(&now().to_ne_bytes())?;
        for word in [std::process::id(), thread] {
            self.out.write_all(&word.to_ne_bytes())?;
        }
        let address = symbol.address as u64;
        for word in [address, address, symbol.code.len() as u64, self.loaded] {
            self.out.write_all(&word.to_ne_bytes())?;
        }
        self.loaded += 1;
        self.out.write_all(symbol.name.as_bytes())?;
        self.out.write_all(&[0])?;
        self.out.write_all(symbol.code)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_records_read_back() {
        let mut dump = JitDump::new(Vec::new()).unwrap();
        for (name, code) in [("wasm:f", &[1, 2, 3][..]), ("wasm:g", &[4])] {
            dump.write(&Symbol { name: name.to_owned(), address: 0x1234, code }).unwrap();
        }
        let bytes = dump.out.into_inner().unwrap();
        let u32_at = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
        let u64_at = |at: usize| u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
        assert_eq!([u32_at(0), u32_at(4), u32_at(8)], [MAGIC, VERSION, HEADER_SIZE]);
        assert_eq!(u32_at(20), std::process::id());
        let mut at = HEADER_SIZE as usize;
        for (index, (name, code)) in
            [(&b"wasm:f\0"[..], &[1, 2, 3][..]), (b"wasm:g\0", &[4])].iter().enumerate()
        {
            assert_eq!((u32_at(at), u64_at(at + 24), u64_at(at + 32)), (CODE_LOAD, 0x1234, 0x1234));
            assert!(u64_at(at + 8) >= u64_at(24), "after the header was written");
            assert_eq!((u64_at(at + 40), u64_at(at + 48)), (code.len() as u64, index as u64));
            let end = at + u32_at(at + 4) as usize;
            assert_eq!(bytes[at + CODE_LOAD_SIZE..end], [*name, *code].concat());
            at = end;
        }
        assert_eq!(at, bytes.len());
    }
}
