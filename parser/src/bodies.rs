//! The code section: where each function body is, without a look inside.

use std::ops::Range;

use wasmparser::BinaryReader;

use crate::module::Body;

/// Longer bodies are left to the decoder, which knows the limit.
const LONG: usize = 1 << 20;

/// The bodies in a code section, of which `range` is what follows the count. `None`
/// unless there are exactly so many: then the decoder says what is wrong, item by item.
pub(crate) fn find(bytes: &[u8], range: Range<usize>, count: u32) -> Option<Vec<Body>> {
    let section = bytes.get(range.clone())?;
    let mut reader = BinaryReader::new(section, range.start as u64);
    // Each takes a byte at least.
    let mut bodies = Vec::with_capacity(section.len().min(count as usize));
    for _ in 0..count {
        let len = reader.read_var_u32().ok()? as usize;
        let start = range.start + reader.current_position();
        reader.read_bytes(len).ok().filter(|_| len <= LONG)?;
        bodies.push(Body { range: start..start + len });
    }
    reader.eof().then_some(bodies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(section: &[u8], count: u32) -> Option<Vec<Range<usize>>> {
        let bytes = [&[9; 10][..], section].concat();
        let bodies = find(&bytes, 10..bytes.len(), count)?;
        Some(bodies.into_iter().map(|body| body.range).collect())
    }

    #[test]
    fn bodies_are_found_by_their_lengths() {
        assert_eq!(found(&[2, 0, 11, 0, 0x83, 0, 0, 1, 11], 3), Some(vec![11..13, 14..14, 16..19]));
        assert_eq!(found(&[], 0), Some(vec![]));
    }

    #[test]
    fn what_is_not_so_many_bodies_is_left_to_the_decoder() {
        let section = [2, 0, 11, 2, 0, 11];
        assert!(found(&section, 2).is_some());
        assert_eq!(found(&section, 1), None, "bytes left");
        assert_eq!(found(&section, u32::MAX), None, "too few");
        assert_eq!(found(&section[..5], 2), None, "cut short");
        assert_eq!(found(&[0x80, 0x80, 0x80, 0x80, 0x80, 0], 1), None, "no length");
        assert_eq!(find(&[0; 4], 3..5, 1), None, "beyond the end");
    }
}
