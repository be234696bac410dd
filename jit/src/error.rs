//! Why a module could not be compiled.

use std::fmt;

/// A module that this tier refuses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JitError(Box<Inner>);

#[derive(Clone, PartialEq, Eq, Debug)]
struct Inner {
    message: String,
    func: Option<(u32, Option<String>)>,
    offset: Option<u32>,
    invalid: bool,
}

impl JitError {
    pub(crate) fn new(message: impl Into<String>) -> JitError {
        JitError(Box::new(Inner {
            message: message.into(),
            func: None,
            offset: None,
            invalid: false,
        }))
    }

    /// The code is invalid: no tier can run it.
    pub(crate) fn invalid(message: impl Into<String>) -> JitError {
        let mut error = JitError::new(message);
        error.0.invalid = true;
        error
    }

    /// Whether no tier can run the code, not just this one.
    pub fn is_invalid(&self) -> bool {
        self.0.invalid
    }

    /// The same error, said to lie at this byte offset of the module.
    pub(crate) fn at(mut self, offset: u32) -> JitError {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// The same error, said to lie in this function.
    pub(crate) fn in_func(mut self, func: u32, name: Option<&str>) -> JitError {
        self.0.func = Some((func, name.map(str::to_owned)));
        self
    }

    /// What is wrong, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The index of the function at fault, where there is one.
    pub fn func(&self) -> Option<u32> {
        self.0.func.as_ref().map(|func| func.0)
    }

    /// The byte offset in the module, where there is one.
    pub fn offset(&self) -> Option<u32> {
        self.0.offset
    }
}

impl fmt::Display for JitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot compile: {}", self.0.message)?;
        match &self.0.func {
            Some((index, Some(name))) => write!(f, ", in function {index} ({name})")?,
            Some((index, None)) => write!(f, ", in function {index}")?,
            None => {}
        }
        if let Some(offset) = self.0.offset {
            write!(f, " (at byte offset {offset:#x})")?;
        }
        Ok(())
    }
}

impl std::error::Error for JitError {}
