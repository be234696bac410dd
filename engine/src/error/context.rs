//! Context for results and options.

use std::error::Error as StdError;
use std::fmt;

use super::{Error, Result};

/// Adds a context to the error of a result, or makes a missing value an error.
///
/// ```
/// use bimetal::error::Context;
///
/// let error = "x".parse::<i32>().context("no number").unwrap_err();
/// assert_eq!(format!("{error:#}"), "no number: invalid digit found in string");
/// assert_eq!(None::<i32>.context("nothing").unwrap_err().to_string(), "nothing");
/// ```
pub trait Context<T> {
    /// Adds this context.
    ///
    /// # Errors
    /// If there was an error, or no value, before.
    fn context<C>(self, context: C) -> Result<T>
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static;

    /// Adds the context that `make` returns, which is only called for an error.
    ///
    /// # Errors
    /// If there was an error, or no value, before.
    fn with_context<C>(self, make: impl FnOnce() -> C) -> Result<T>
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static;
}

impl<T, E: IntoError> Context<T> for Result<T, E> {
    fn context<C>(self, context: C) -> Result<T>
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        self.map_err(|error| error.into_error().context(context))
    }

    fn with_context<C>(self, make: impl FnOnce() -> C) -> Result<T>
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        self.map_err(|error| error.into_error().context(make()))
    }
}

impl<T> Context<T> for Option<T> {
    fn context<C>(self, context: C) -> Result<T>
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        self.ok_or_else(|| Error::msg(context))
    }

    fn with_context<C>(self, make: impl FnOnce() -> C) -> Result<T>
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        self.ok_or_else(|| Error::msg(make()))
    }
}

/// Standard errors and [`Error`] itself, which is none.
pub trait IntoError {
    /// The error.
    fn into_error(self) -> Error;
}

impl IntoError for Error {
    fn into_error(self) -> Error {
        self
    }
}

impl<E: StdError + Send + Sync + 'static> IntoError for E {
    fn into_error(self) -> Error {
        Error::new(self)
    }
}
