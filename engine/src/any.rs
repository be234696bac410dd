//! References to internal values: structures, arrays, small integers.

use bimetal_runtime::gc::GcRef;
use bimetal_runtime::gc::layout::ObjectKind;

use crate::error::Result;
use crate::extern_ref::ExternRef;
use crate::rooted::Rooted;
use crate::store::{AsContext, StoreOpaque};
use crate::types::HeapType;

/// A value that a guest has made: a structure, an array, an `i31`, or a host value
/// that it keeps among them.
#[derive(Debug)]
pub struct AnyRef(());

impl AnyRef {
    /// The reference to a value of the other hierarchy (spec: `any.convert_extern`).
    pub fn convert_extern(value: Rooted<ExternRef>) -> Rooted<AnyRef> {
        value.convert()
    }
}

impl Rooted<AnyRef> {
    fn get(&self, store: &StoreOpaque) -> Result<GcRef> {
        Ok(GcRef::from_slot(self.bits(store)?))
    }

    /// Its most precise type, in canonical ids.
    pub(crate) fn heap_type(&self, store: &StoreOpaque) -> Result<HeapType> {
        let value = self.get(store)?;
        Ok(if value.is_i31() {
            HeapType::I31
        } else if value.is_object() {
            HeapType::Concrete(store.runtime().objects().type_id(value))
        } else {
            HeapType::Any
        })
    }

    fn is(&self, store: &StoreOpaque, kind: ObjectKind) -> Result<bool> {
        let value = self.get(store)?;
        Ok(value.is_object() && store.runtime().objects().is(value, kind))
    }

    /// Whether it is a structure.
    ///
    /// # Errors
    /// As all methods: if the reference belongs to another store or is not kept
    /// alive any more.
    pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
        self.is(store.as_context().opaque(), ObjectKind::Struct)
    }

    /// Whether it is an array.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
        self.is(store.as_context().opaque(), ObjectKind::Array)
    }

    /// Whether it can be compared: everything but a host value.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn is_eq(&self, store: impl AsContext) -> Result<bool> {
        let value = self.get(store.as_context().opaque())?;
        Ok(value.is_i31() || value.is_object())
    }

    /// The number, with its sign, if it is an `i31`.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn as_i31(&self, store: impl AsContext) -> Result<Option<i32>> {
        Ok(self.get(store.as_context().opaque())?.i31_signed())
    }
}
