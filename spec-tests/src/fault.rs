//! Why a module could not be loaded, linked or run: whose fault it is.

use std::fmt;

use bimetal::{Error, ModuleError, ModuleErrorKind, ThrownException, Trap};

use crate::outcome::Outcome;

/// Why something did not work.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The module is malformed or invalid.
    Rejected(String),
    /// The engine does not implement what is needed.
    Unsupported(String),
    /// Imports are missing or do not fit.
    Link(String),
    /// The guest trapped.
    Trap(Trap),
    /// Anything else.
    Other(String),
}

impl Fault {
    /// Why a module was not loaded.
    pub(crate) fn of_loading(error: &Error) -> Fault {
        match error.downcast_ref::<ModuleError>().map(ModuleError::kind) {
            Some(ModuleErrorKind::Malformed | ModuleErrorKind::Invalid) => {
                Fault::Rejected(format!("{error:#}"))
            }
            Some(ModuleErrorKind::Unsupported) => Fault::Unsupported(format!("{error:#}")),
            _ => Fault::Other(format!("{error:#}")),
        }
    }

    /// Why a module was not instantiated.
    pub(crate) fn of_linking(error: &Error) -> Fault {
        match error.downcast_ref::<Trap>() {
            Some(trap) => Fault::Trap(*trap),
            None => Fault::Link(format!("{error:#}")),
        }
    }

    /// Why a function did not return.
    pub(crate) fn of_calling(error: &Error) -> Fault {
        match error.downcast_ref::<Trap>() {
            Some(trap) => Fault::Trap(*trap),
            None if error.is::<ThrownException>() => Fault::Trap(Trap::UncaughtException),
            None => Fault::Other(format!("{error:#}")),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Rejected(message) | Fault::Unsupported(message) | Fault::Other(message) => {
                f.write_str(message)
            }
            Fault::Link(message) => write!(f, "cannot link: {message}"),
            Fault::Trap(trap) => trap.fmt(f),
        }
    }
}

/// What a fault means to a directive that expects none.
impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Outcome {
        match fault {
            Fault::Unsupported(reason) => Outcome::Unsupported(reason),
            other => Outcome::failed(other),
        }
    }
}
