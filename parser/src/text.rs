//! The text format, where the feature `wat` is on.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind};

/// The binary module in `bytes`, which may hold the text format.
///
/// # Errors
/// If the bytes are a text that is not a module.
pub fn to_binary(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Error> {
    // No text holds a NUL character, and every binary module starts with one.
    if bytes.is_empty() || bytes.contains(&0) {
        return Ok(Cow::Borrowed(bytes));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => encode::encode(text).map(Cow::Owned),
        Err(error) => {
            let offset = error.valid_up_to() as u64;
            let message = "malformed UTF-8 encoding in a text, which is not a binary module either";
            Err(Error::new(ErrorKind::Malformed, message, Some(offset)))
        }
    }
}

#[cfg(feature = "wat")]
mod encode {
    use super::{Error, ErrorKind};

    pub(super) fn encode(text: &str) -> Result<Vec<u8>, Error> {
        let binary = wat::parse_str(text).map_err(|error| {
            let message = error.to_string();
            if message.starts_with("support for parsing components disabled") {
                return crate::load::component(ErrorKind::Unsupported, 0);
            }
            // The message shows the line at fault; the text has no file name here.
            let message = message.replacen("--> <anon>:", "--> line ", 1);
            Error::new(ErrorKind::Malformed, message, None)
        })?;
        // Whether the text parser knows components depends on what else is built.
        match binary.get(6) {
            Some(1) => Err(crate::load::component(ErrorKind::Unsupported, 0)),
            _ => Ok(binary),
        }
    }
}

#[cfg(not(feature = "wat"))]
mod encode {
    use super::{Error, ErrorKind};

    pub(super) fn encode(_: &str) -> Result<Vec<u8>, Error> {
        let message = "expected a binary module: support for the text format is not built in";
        Err(Error::new(ErrorKind::Unsupported, message, Some(0)))
    }
}
