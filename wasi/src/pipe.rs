//! Pipes in memory: what an embedder gives a guest to read, and what the guest wrote.

use std::io::IoSlice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::errno::Errno;
use crate::file::{Readiness, WasiFile};
use crate::types::Filetype;

/// The reading end of a pipe that holds given bytes. Clones read from the same place.
#[derive(Debug, Clone)]
pub struct MemoryInputPipe {
    state: Arc<Mutex<Input>>,
}

#[derive(Debug)]
struct Input {
    bytes: Vec<u8>,
    position: usize,
}

impl MemoryInputPipe {
    /// A pipe with `bytes` in it, closed at their end.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { state: Arc::new(Mutex::new(Input { bytes: bytes.into(), position: 0 })) }
    }

    /// Whether everything has been read.
    pub fn is_empty(&self) -> bool {
        lock(&self.state).rest().is_empty()
    }
}

impl Input {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }
}

impl WasiFile for MemoryInputPipe {
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<usize, Errno> {
        let mut state = lock(&self.state);
        let mut count = 0;
        for (to, from) in bytes.iter_mut().zip(state.rest()) {
            *to = *from;
            count += 1;
        }
        state.position = state.position.saturating_add(count);
        Ok(count)
    }

    fn poll_read(&mut self) -> Result<Readiness, Errno> {
        let bytes = lock(&self.state).rest().len() as u64;
        Ok(Readiness::Ready { bytes, hangup: bytes == 0 })
    }
}

/// The writing end of a pipe whose contents the embedder reads afterwards. Clones
/// write to the same place.
#[derive(Debug, Clone)]
pub struct MemoryOutputPipe {
    capacity: usize,
    state: Arc<Mutex<Vec<u8>>>,
}

impl MemoryOutputPipe {
    /// An empty pipe that takes `capacity` bytes; after that, writing fails with
    /// [`Errno::Nospc`].
    pub fn new(capacity: usize) -> Self {
        Self { capacity, state: Arc::default() }
    }

    /// All that has been written.
    pub fn contents(&self) -> Vec<u8> {
        lock(&self.state).clone()
    }
}

impl WasiFile for MemoryOutputPipe {
    fn filetype(&self) -> Filetype {
        Filetype::Unknown
    }

    fn write(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut state = lock(&self.state);
        let mut count = 0;
        for buffer in buffers {
            let room = self.capacity.saturating_sub(state.len());
            let part = buffer.get(..buffer.len().min(room)).unwrap_or_default();
            state.try_reserve(part.len()).map_err(|_| Errno::Nomem)?;
            state.extend_from_slice(part);
            count += part.len();
            if part.len() < buffer.len() {
                break;
            }
        }
        if count == 0 && buffers.iter().any(|buffer| !buffer.is_empty()) {
            return Err(Errno::Nospc);
        }
        Ok(count)
    }

    fn poll_write(&mut self) -> Result<Readiness, Errno> {
        let room = self.capacity.saturating_sub(lock(&self.state).len()) as u64;
        Ok(Readiness::Ready { bytes: room, hangup: false })
    }
}

/// The lock, whether or not an embedder's thread panicked while it held it: the
/// contents are plain bytes and always whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_pipe_is_read_once_and_then_at_its_end() {
        let pipe = MemoryInputPipe::new("hello");
        let mut end = pipe.clone();
        let mut bytes = [0; 3];
        assert_eq!(end.read(&mut bytes), Ok(3));
        assert_eq!(&bytes, b"hel");
        assert_eq!(end.poll_read(), Ok(Readiness::Ready { bytes: 2, hangup: false }));
        assert_eq!(end.read(&mut bytes), Ok(2));
        assert_eq!(end.read(&mut bytes), Ok(0));
        assert!(pipe.is_empty());
    }

    #[test]
    fn an_output_pipe_keeps_what_fits() {
        let pipe = MemoryOutputPipe::new(4);
        let mut end = pipe.clone();
        assert_eq!(end.write(&[IoSlice::new(b"ab"), IoSlice::new(b"cdef")]), Ok(4));
        assert_eq!(end.write(&[IoSlice::new(b"g")]), Err(Errno::Nospc));
        assert_eq!(end.write(&[]), Ok(0));
        assert_eq!(pipe.contents(), b"abcd");
    }
}
