//! Why a module could not be instantiated.

use std::fmt;

use bimetal_core::trap::TrapCode;

use crate::limits::ResourceError;
use crate::trap::Trap;

/// Why a module could not be instantiated.
#[derive(Debug)]
pub enum InstantiateError {
    /// Not as many imports as the module declares.
    ImportCount {
        /// How many it declares.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// An import of the wrong type.
    ImportType(Box<ImportTypeError>),
    /// The store's limits or the system refuse what the instance needs.
    Resource(ResourceError),
    /// A segment does not fit where it belongs. What was written before stays.
    Trap(Trap),
}

/// An import of the wrong type.
#[derive(Debug)]
pub struct ImportTypeError {
    /// The module name of the import.
    pub module: Box<str>,
    /// The field name of the import.
    pub name: Box<str>,
    /// What the module declares, in words.
    pub expected: String,
    /// What was given, in words.
    pub found: String,
}

impl fmt::Display for InstantiateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstantiateError::ImportCount { expected, found } => {
                write!(f, "expected {expected} imports, found {found}")
            }
            InstantiateError::ImportType(error) => {
                let ImportTypeError { module, name, expected, found } = &**error;
                write!(f, "incompatible import type for `{module}::{name}`: ")?;
                write!(f, "expected {expected}, found {found}")
            }
            InstantiateError::Resource(error) => error.fmt(f),
            InstantiateError::Trap(trap) => trap.fmt(f),
        }
    }
}

impl std::error::Error for InstantiateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            InstantiateError::Resource(error) => Some(error),
            InstantiateError::Trap(trap) => Some(trap),
            _ => None,
        }
    }
}

impl From<ResourceError> for InstantiateError {
    fn from(error: ResourceError) -> InstantiateError {
        InstantiateError::Resource(error)
    }
}

impl From<TrapCode> for InstantiateError {
    fn from(code: TrapCode) -> InstantiateError {
        InstantiateError::Trap(Trap::new(code))
    }
}
