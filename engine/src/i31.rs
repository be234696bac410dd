//! Numbers of 31 bits, which are references that need no object.

use std::fmt;

use bimetal_runtime::gc::GcRef;

use crate::error::{Error, Result};
use crate::rooted::Rooted;
use crate::store::{AsContext, AsContextMut};

/// A number of 31 bits, with or without a sign.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct I31(GcRef);

impl I31 {
    /// The number, if 31 bits hold it without a sign.
    pub fn new_u32(value: u32) -> Option<I31> {
        (value >> 31 == 0).then(|| I31::wrapping_u32(value))
    }

    /// The number, if 31 bits hold it with its sign.
    pub fn new_i32(value: i32) -> Option<I31> {
        let number = I31::wrapping_i32(value);
        (number.get_i32() == value).then_some(number)
    }

    /// The low 31 bits of a number.
    pub fn wrapping_u32(value: u32) -> I31 {
        I31::wrapping_i32(value.cast_signed())
    }

    /// The low 31 bits of a number.
    pub fn wrapping_i32(value: i32) -> I31 {
        I31(GcRef::i31(value))
    }

    /// The number without a sign (spec: `i31.get_u`).
    pub fn get_u32(self) -> u32 {
        self.0.i31_unsigned().unwrap_or_default().cast_unsigned()
    }

    /// The number with its sign (spec: `i31.get_s`).
    pub fn get_i32(self) -> i32 {
        self.0.i31_signed().unwrap_or_default()
    }
}

impl fmt::Debug for I31 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("I31").field(&self.get_i32()).finish()
    }
}

/// A reference to a number of 31 bits: see [`I31`].
#[derive(Debug)]
pub struct I31Ref(());

impl I31Ref {
    /// The reference to a number.
    #[allow(clippy::new_ret_no_self, reason = "references are rooted in a store")]
    pub fn new(mut store: impl AsContextMut, value: I31) -> Rooted<I31Ref> {
        Rooted::new(store.as_context_mut().opaque_mut(), value.0.slot())
    }
}

impl Rooted<I31Ref> {
    /// The number.
    ///
    /// # Errors
    /// If the reference belongs to another store.
    pub fn get(&self, store: impl AsContext) -> Result<I31> {
        let value = self.gc_ref(store.as_context().opaque())?.i31_signed();
        value.map(I31::wrapping_i32).ok_or_else(|| Error::msg("the reference is no `i31`"))
    }
}
