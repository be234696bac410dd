//! Streams that hold nothing: what a guest gets as long as it is given nothing else.

use std::io::IoSlice;

use super::{Readiness, WasiFile};
use crate::errno::Errno;
use crate::types::Filetype;

/// A stream at its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Empty;

impl WasiFile for Empty {
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    fn read(&mut self, _bytes: &mut [u8]) -> Result<usize, Errno> {
        Ok(0)
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        Ok(Readiness::Ready { bytes: 0, hangup: true })
    }
}

/// A stream that swallows what is written to it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sink;

impl WasiFile for Sink {
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        Ok(total(buffers))
    }

    fn poll_write(&mut self) -> Result<Readiness, Errno> {
        Ok(Readiness::READY)
    }
}

/// The length of all buffers together.
pub(crate) fn total(buffers: &[IoSlice<'_>]) -> usize {
    buffers.iter().fold(0, |sum, buffer| sum.saturating_add(buffer.len()))
}
