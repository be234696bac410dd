//! A small ELF file: symbols for code that lies elsewhere in memory.

use super::Symbol;

const SECTIONS: usize = 5;
const HEADER: usize = 64;
const SECTION: usize = 64;
const SYMBOL: usize = 24;
/// The machine as ELF numbers it.
pub(super) const MACHINE: u16 = if cfg!(target_arch = "aarch64") { 183 } else { 62 };
/// Names of the sections, and where each begins.
const NAMES: &[u8] = b"\0.text\0.symtab\0.strtab\0.shstrtab\0";

/// A file with these symbols in a section of `len` bytes at `address`.
pub(super) fn file(symbols: &[Symbol<'_>], address: usize, len: usize) -> Vec<u8> {
    let (mut table, mut strings) = (vec![0; SYMBOL], vec![0]);
    for symbol in symbols {
        table.extend((strings.len() as u32).to_le_bytes());
        // A global function in the first section.
        table.extend([0x12, 0, 1, 0]);
        table.extend(((symbol.address - address) as u64).to_le_bytes());
        table.extend((symbol.code.len() as u64).to_le_bytes());
        strings.extend(symbol.name.as_bytes());
        strings.push(0);
    }
    let sections_at = HEADER;
    let table_at = sections_at + SECTIONS * SECTION;
    let strings_at = table_at + table.len();
    let names_at = strings_at + strings.len();
    let mut out = header(sections_at);
    section(&mut out, [0, 0, 0, 0, 0, 0, 0, 0]);
    // `.text` has no bytes here: allocated, executable, at an address.
    section(&mut out, [1, 8, 6, address, 0, len, 0, 16]);
    section(&mut out, [7, 2, 0, 0, table_at, table.len(), 3 | 1 << 32, 8]);
    section(&mut out, [15, 3, 0, 0, strings_at, strings.len(), 0, 1]);
    section(&mut out, [23, 3, 0, 0, names_at, NAMES.len(), 0, 1]);
    out.extend(table);
    out.extend(strings);
    out.extend(NAMES);
    out
}

/// The header of a relocatable file.
fn header(sections_at: usize) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01".to_vec();
    out.resize(16, 0);
    for half in [1, MACHINE] {
        out.extend(half.to_le_bytes());
    }
    out.extend(1_u32.to_le_bytes());
    for word in [0, 0, sections_at as u64] {
        out.extend(word.to_le_bytes());
    }
    out.extend(0_u32.to_le_bytes());
    for half in [HEADER, 0, 0, SECTION, SECTIONS, SECTIONS - 1] {
        out.extend((half as u16).to_le_bytes());
    }
    out
}

/// Name, type, flags, address, offset, length, link and info, alignment.
fn section(out: &mut Vec<u8>, fields: [usize; 8]) {
    let [name, kind, flags, address, offset, len, link_info, align] = fields.map(|f| f as u64);
    out.extend((name as u32).to_le_bytes());
    out.extend((kind as u32).to_le_bytes());
    for word in [flags, address, offset, len, link_info, align] {
        out.extend(word.to_le_bytes());
    }
    let entry = if kind == 2 { SYMBOL as u64 } else { 0 };
    out.extend(entry.to_le_bytes());
}
