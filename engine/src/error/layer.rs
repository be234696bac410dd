//! What an error is made of: layers, each with the error that it wraps.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt;

use super::Error;

/// One layer of an error and what it wraps.
pub(super) struct Node {
    pub(super) layer: Box<dyn Layer>,
    pub(super) cause: Option<Error>,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layer.display(f)
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.layer.debug(f)?;
        match &self.cause {
            Some(cause) => write!(f, ", caused by {:?}", cause.0),
            None => Ok(()),
        }
    }
}

impl StdError for Node {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.cause {
            Some(cause) => Some(&*cause.0),
            None => self.layer.as_error()?.source(),
        }
    }
}

/// A value in an error: a standard error or a message.
pub(super) trait Layer: Send + Sync + 'static {
    fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    fn as_error(&self) -> Option<&(dyn StdError + 'static)>;
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    fn into_value(self: Box<Self>) -> Box<dyn Any>;
}

/// A standard error.
pub(super) struct Source<E>(pub(super) E);

/// A printable value that is not a standard error.
pub(super) struct Message<M>(pub(super) M);

macro_rules! layer {
    ($name:ident: $bound:path, $self:ident => $as_error:expr) => {
        impl<T> Layer for $name<T>
        where
            T: $bound + fmt::Display + fmt::Debug + Send + Sync + 'static,
        {
            fn display(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
            fn debug(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
            fn as_error(&$self) -> Option<&(dyn StdError + 'static)> {
                $as_error
            }
            fn value(&self) -> &dyn Any {
                &self.0
            }
            fn value_mut(&mut self) -> &mut dyn Any {
                &mut self.0
            }
            fn into_value(self: Box<Self>) -> Box<dyn Any> {
                Box::new(self.0)
            }
        }
    };
}

layer!(Source: StdError, self => Some(&self.0));
layer!(Message: Sized, self => None);
