//! The map that `perf report` reads: a line for each function.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use super::{Sink, Symbol};

/// Lines of address, length and name.
pub(super) struct PerfMap<W: Write>(BufWriter<W>);

impl PerfMap<File> {
    /// # Errors
    /// If the file cannot be made.
    pub(super) fn create() -> io::Result<PerfMap<File>> {
        let path = format!("/tmp/perf-{}.map", std::process::id());
        Ok(PerfMap(BufWriter::new(File::create(path)?)))
    }
}

impl<W: Write + Send> Sink for PerfMap<W> {
    fn write(&mut self, symbol: &Symbol<'_>) -> io::Result<()> {
        writeln!(self.0, "{:x} {:x} {}", symbol.address, symbol.code.len(), symbol.name)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_address_length_and_name() {
        let mut map = PerfMap(BufWriter::new(Vec::new()));
        let symbol = Symbol { name: "wasm:f g".to_owned(), address: 0xab_cdef, code: &[0; 32] };
        map.write(&symbol).unwrap();
        assert_eq!(map.0.into_inner().unwrap(), b"abcdef 20 wasm:f g\n");
    }
}
