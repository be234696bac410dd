//! The bytes of a module, in whatever memory its loader has them.

use std::fmt;
use std::ops::Deref;

/// Bytes that stay as they are: what ranges in a [`Module`](crate::Module) point into.
pub struct Bytes(Box<dyn AsRef<[u8]> + Send + Sync>);

impl Bytes {
    /// Keeps these bytes without copying them. Their owner gives the same ones whenever
    /// it is asked.
    pub fn new(owner: impl AsRef<[u8]> + Send + Sync + 'static) -> Bytes {
        Bytes(Box::new(owner))
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}
