//! Why bytes are not a module that this engine can run.

use std::fmt;

/// What kind of fault an [`Error`] reports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The bytes are not the binary format, or the text not the text format.
    Malformed,
    /// The module is well-formed but breaks a validation rule.
    Invalid,
    /// The module uses something that this engine does not implement.
    Unsupported,
    /// The module goes beyond a limit of the implementation.
    Limit,
}

/// A module that cannot be loaded: what is wrong and where.
///
/// One word wide, so that results stay small.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    offset: Option<u64>,
    func: Option<u32>,
}

impl Error {
    /// An error of this kind. `offset` counts bytes from the module's start.
    pub fn new(kind: ErrorKind, message: impl Into<String>, offset: Option<u64>) -> Error {
        Error(Box::new(Inner { kind, message: message.into(), offset, func: None }))
    }

    /// The same error, said to lie in the function with this index.
    #[must_use]
    pub fn in_func(mut self, func: u32) -> Error {
        self.0.func = Some(func);
        self
    }

    /// What kind of fault it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The fault in words, without its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The byte offset in the module, where there is one.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The index of the function at fault, where there is one.
    pub fn func(&self) -> Option<u32> {
        self.0.func
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0.kind {
            ErrorKind::Malformed => "malformed module",
            ErrorKind::Invalid => "invalid module",
            ErrorKind::Unsupported => "unsupported module",
            ErrorKind::Limit => "module too large",
        };
        write!(f, "{kind}: {}", self.0.message)?;
        if let Some(func) = self.0.func {
            write!(f, ", in function {func}")?;
        }
        if let Some(offset) = self.0.offset {
            write!(f, " (at byte offset {offset:#x})")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}
