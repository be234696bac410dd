//! Loading: bytes or text to a [`Module`].

use crate::bytes::Bytes;
use crate::error::{Error, ErrorKind};
use crate::features::Features;
use crate::module::Module;
use crate::{sections, text};

/// How a module is loaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ParseOptions {
    /// Leave each function body to be validated at its first use, by
    /// [`Module::ensure_valid`].
    pub lazy: bool,
    /// What the module may use.
    pub features: Features,
}

impl Module {
    /// Loads a binary module or, with the feature `wat`, a module in the text
    /// format.
    ///
    /// # Errors
    /// If the module is malformed, invalid, or needs what is not supported.
    pub fn new(bytes: &[u8], options: &ParseOptions) -> Result<Module, Error> {
        Module::from_bytes(Bytes::new(text::to_binary(bytes)?.into_owned()), options)
    }

    /// Loads a binary module.
    ///
    /// # Errors
    /// If the module is malformed, invalid, or needs what is not supported.
    pub fn from_binary(bytes: &[u8], options: &ParseOptions) -> Result<Module, Error> {
        Module::from_bytes(Bytes::new(bytes.to_vec()), options)
    }

    /// Loads a binary module and keeps its bytes where they are.
    ///
    /// # Errors
    /// As [`Module::from_binary`].
    pub fn from_bytes(bytes: Bytes, options: &ParseOptions) -> Result<Module, Error> {
        check_header(&bytes)?;
        sections::load(&bytes, options)?.finish(bytes, options)
    }
}

/// A component in a module's place, as text or as bytes.
pub(crate) fn component(kind: ErrorKind, offset: u64) -> Error {
    let message = "expected a module, found a component: the component model is not supported";
    Error::new(kind, message, Some(offset))
}

/// Says more than the decoder would about bytes that were never a module.
fn check_header(bytes: &[u8]) -> Result<(), Error> {
    match bytes {
        // After the magic a 16-bit version and a 16-bit layer: 0 is a module, 1 a component.
        // To the specification of modules that is an unknown version.
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Err(component(ErrorKind::Malformed, 4)),
        [b'\0', b'a', b's', b'm', ..] | [] | [_] | [_, _] | [_, _, _] => Ok(()),
        _ => {
            let message = "magic header not detected: not a WebAssembly module";
            Err(Error::new(ErrorKind::Malformed, message, Some(0)))
        }
    }
}
