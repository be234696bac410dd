//! Numbers and lists as bytes: little-endian, lists after their length.

use crate::error::JitError;

/// Bytes being written.
#[derive(Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// A list of bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// A list of groups of numbers.
    pub(crate) fn words<const N: usize>(&mut self, groups: impl Iterator<Item = [u32; N]>) {
        let len_at = self.0.len();
        self.u64(0);
        let mut len = 0_u64;
        for group in groups {
            len += 1;
            group.iter().for_each(|word| self.0.extend_from_slice(&word.to_le_bytes()));
        }
        self.0[len_at..len_at + 8].copy_from_slice(&len.to_le_bytes());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Bytes being read. Nothing in them is trusted.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], JitError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, JitError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(u64::from_le_bytes(*taken))
    }

    fn len(&mut self) -> Result<usize, JitError> {
        usize::try_from(self.u64()?).map_err(|_| cut_short())
    }

    /// A list of bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], JitError> {
        let len = self.len()?;
        self.take(len)
    }

    /// A list of groups of numbers.
    pub(crate) fn words<const N: usize>(
        &mut self,
    ) -> Result<impl ExactSizeIterator<Item = [u32; N]> + use<'a, N>, JitError> {
        let len = self.len()?;
        let bytes = self.take(len.checked_mul(4 * N).ok_or_else(cut_short)?)?;
        let (words, _) = bytes.as_chunks::<4>();
        let (groups, _) = words.as_chunks::<N>();
        Ok(groups.iter().map(|group| group.map(u32::from_le_bytes)))
    }

    /// # Errors
    /// If something was not read.
    pub(crate) fn finish(self) -> Result<(), JitError> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(JitError::new("an image of code is followed by something else"))
    }
}

fn cut_short() -> JitError {
    JitError::new("an image of code is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_no_claim_is_believed() {
        let mut writer = Writer::default();
        writer.u64(7);
        writer.bytes(b"abc");
        writer.words([[1, 2], [3, 4]].into_iter());
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.u64(), Ok(7));
        assert_eq!(reader.bytes(), Ok(&b"abc"[..]));
        assert_eq!(reader.words::<2>().unwrap().collect::<Vec<_>>(), [[1, 2], [3, 4]]);
        reader.finish().unwrap();
        let read = |bytes: &[u8]| {
            let mut reader = Reader::new(bytes);
            reader.u64()?;
            reader.bytes()?;
            reader.words::<2>()?.for_each(drop);
            reader.finish()
        };
        assert!((0..bytes.len()).all(|len| read(&bytes[..len]).is_err()));
        assert!(Reader::new(&[0xff; 8]).bytes().is_err());
        assert!(Reader::new(&[0xff; 8]).words::<2>().is_err());
    }
}
