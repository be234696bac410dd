//! The error of every fallible function of this crate.

mod context;
mod layer;
#[macro_use]
mod macros;

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

pub use context::Context;
use layer::{Layer, Message, Node, Source};

/// A result whose error is an [`Error`] unless it says otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, with the contexts it went through.
///
/// Made from every standard error by `?` or [`Error::new`], or from a message by
/// [`Error::msg`]. The value itself stays inside: an error that a host function
/// returns comes back to the host that called the guest, and
/// [`Error::downcast_ref`] finds it again. A trap is an error in which
/// [`Trap`](crate::Trap) and [`WasmBacktrace`](crate::WasmBacktrace) are found in
/// the same way.
///
/// `{}` prints the outermost layer, `{:#}` all layers separated by colons, and
/// `{:?}` all layers on lines of their own.
///
/// ```
/// use bimetal::{Error, Trap};
///
/// let error = Error::from(Trap::StackOverflow).context("while running the plugin");
/// assert_eq!(error.to_string(), "while running the plugin");
/// assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::StackOverflow));
/// ```
pub struct Error(Box<Node>);

impl Error {
    /// The error that holds this value.
    pub fn new<E>(error: E) -> Error
    where
        E: StdError + Send + Sync + 'static,
    {
        Error::from_layer(Source(error), None)
    }

    /// The error that says this message, which can be any printable value.
    pub fn msg<M>(message: M) -> Error
    where
        M: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        Error::from_layer(Message(message), None)
    }

    /// The same error, with a word on what was being done when it happened.
    ///
    /// The context can be found by [`Error::downcast_ref`] too.
    #[must_use]
    pub fn context<C>(self, context: C) -> Error
    where
        C: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        Error::from_layer(Message(context), Some(self))
    }

    fn from_layer(layer: impl Layer, cause: Option<Error>) -> Error {
        Error(Box::new(Node { layer: Box::new(layer), cause }))
    }

    fn layers(&self) -> impl Iterator<Item = &dyn Layer> {
        std::iter::successors(Some(self), |error| error.0.cause.as_ref())
            .map(|error| &*error.0.layer)
    }

    /// Whether a layer of this error is an `E`.
    pub fn is<E>(&self) -> bool
    where
        E: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        self.downcast_ref::<E>().is_some()
    }

    /// The outermost layer that is an `E`.
    pub fn downcast_ref<E>(&self) -> Option<&E>
    where
        E: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        self.layers().find_map(|layer| layer.value().downcast_ref())
    }

    /// The outermost layer that is an `E`.
    pub fn downcast_mut<E>(&mut self) -> Option<&mut E>
    where
        E: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        let mut next = Some(self);
        while let Some(error) = next {
            if error.0.layer.value().is::<E>() {
                return error.0.layer.value_mut().downcast_mut();
            }
            next = error.0.cause.as_mut();
        }
        None
    }

    /// The outermost layer that is an `E`, taken out of the error.
    ///
    /// # Errors
    /// The error itself if no layer is an `E`.
    pub fn downcast<E>(self) -> Result<E>
    where
        E: fmt::Display + fmt::Debug + Send + Sync + 'static,
    {
        if !self.is::<E>() {
            return Err(self);
        }
        let mut error = self;
        loop {
            let Node { layer, cause } = *error.0;
            match (layer.into_value().downcast::<E>(), cause) {
                (Ok(value), _) => return Ok(*value),
                (Err(_), Some(cause)) => error = cause,
                (Err(_), None) => unreachable!("a layer is an `E`: tested above"),
            }
        }
    }

    /// All layers, outermost first, then the sources of the innermost.
    ///
    /// A layer that was made from a standard error is that very error.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let nodes = std::iter::successors(Some(self), |error| error.0.cause.as_ref());
        nodes.flat_map(|error| {
            let own: &(dyn StdError + 'static) = match error.0.layer.as_error() {
                Some(own) => own,
                None => &*error.0,
            };
            // A layer with a cause goes on with it; only the last has sources.
            let inner = if error.0.cause.is_none() { own.source() } else { None };
            std::iter::once(own).chain(std::iter::successors(inner, |source| (*source).source()))
        })
    }

    /// The last error of [`Error::chain`].
    pub fn root_cause(&self) -> &(dyn StdError + 'static) {
        self.chain().last().expect("the chain holds at least this error")
    }

    /// The error for interfaces that take any standard error.
    pub fn into_boxed_dyn_error(self) -> Box<dyn StdError + Send + Sync + 'static> {
        self.0
    }

    /// The error as the runtime carries it through guest frames.
    pub(crate) fn into_any(self) -> Box<dyn Any + Send + Sync> {
        Box::new(self)
    }
}

impl<E> From<E> for Error
where
    E: StdError + Send + Sync + 'static,
{
    fn from(error: E) -> Error {
        Error::new(error)
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl From<Error> for Box<dyn StdError + 'static> {
    fn from(error: Error) -> Self {
        error.into_boxed_dyn_error()
    }
}

impl Deref for Error {
    type Target = dyn StdError + Send + Sync + 'static;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl AsRef<dyn StdError + Send + Sync> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(&self.0, f);
        }
        for (i, error) in self.chain().enumerate() {
            let separator = if i == 0 { "" } else { ": " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return fmt::Debug::fmt(&self.0, f);
        }
        fmt::Display::fmt(&self.0, f)?;
        for (i, cause) in self.chain().skip(1).enumerate() {
            if i == 0 {
                f.write_str("\n\nCaused by:")?;
            }
            write!(f, "\n    {i}: {cause}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
