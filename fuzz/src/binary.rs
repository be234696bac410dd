//! The little of the binary format that the targets must know.

/// The sections of a module: each one's id and contents. What cannot be read as one
/// ends the list.
pub(crate) fn sections(wasm: &[u8]) -> Vec<(u8, &[u8])> {
    let mut sections = Vec::new();
    let mut rest = wasm.get(8..).unwrap_or_default();
    while let [id, tail @ ..] = rest {
        let Some((len, tail)) = leb(tail) else { break };
        let Some((contents, tail)) = tail.split_at_checked(len) else { break };
        sections.push((*id, contents));
        rest = tail;
    }
    sections
}

/// An unsigned LEB128 number and what follows it.
pub(crate) fn leb(data: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0usize;
    for (i, byte) in data.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            return Some((value, &data[i + 1..]));
        }
    }
    None
}

/// Appends an unsigned LEB128 number.
pub(crate) fn push_leb(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The id of the export section.
const EXPORTS: u8 = 7;

/// The module with its global of this index exported under a name; `None` if it has
/// no section of exports.
pub(crate) fn export_global(wasm: &[u8], global: u32, name: &str) -> Option<Vec<u8>> {
    let mut out = wasm.get(..8)?.to_vec();
    let mut exported = false;
    for (id, contents) in sections(wasm) {
        out.push(id);
        if id != EXPORTS {
            push_leb(&mut out, contents.len());
            out.extend(contents);
            continue;
        }
        let (count, rest) = leb(contents)?;
        let mut section = Vec::new();
        push_leb(&mut section, count + 1);
        section.extend(rest);
        push_leb(&mut section, name.len());
        section.extend(name.as_bytes());
        section.push(3);
        push_leb(&mut section, global as usize);
        push_leb(&mut out, section.len());
        out.extend(section);
        exported = true;
    }
    exported.then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_they_were_written() {
        for value in [0, 1, 127, 128, 300, 0xffff_ffff] {
            let mut bytes = Vec::new();
            push_leb(&mut bytes, value);
            bytes.push(9);
            assert_eq!(leb(&bytes), Some((value, &[9][..])));
        }
        assert_eq!(leb(&[0x80; 7]), None);
    }

    #[test]
    fn a_global_is_exported_beside_what_was_exported() {
        // One immutable global, an i32, exported as "g".
        let wasm = b"\0asm\x01\0\0\0\x06\x06\x01\x7f\0\x41\x05\x0b\x07\x05\x01\x01g\x03\0";
        let exported = export_global(wasm, 0, "fuel").unwrap();
        let ids: Vec<u8> = sections(&exported).iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, [6, 7]);
        assert_eq!(sections(&exported)[1].1, b"\x02\x01g\x03\0\x04fuel\x03\0");
    }
}
