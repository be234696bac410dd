//! References to internal values: structures, arrays, small integers.

use bimetal_runtime::gc::GcRef;
use bimetal_runtime::gc::layout::ObjectKind;

use crate::array::ArrayRef;
use crate::error::Result;
use crate::extern_ref::ExternRef;
use crate::i31::{I31, I31Ref};
use crate::rooted::Rooted;
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::structure::StructRef;
use crate::types::{HeapType, RefType};

/// A value that a guest has made: a structure, an array, an `i31`, or a host value
/// that it keeps among them.
///
/// ```
/// use bimetal::{AnyRef, Engine, I31, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let any = AnyRef::from_i31(&mut store, I31::wrapping_i32(-5));
/// assert_eq!(any.as_i31(&store)?.map(I31::get_i32), Some(-5));
/// assert!(any.is_eq(&store)? && any.as_struct(&store)?.is_none());
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct AnyRef(());

/// A value that can be compared: every internal value but those of the host.
#[derive(Debug)]
pub struct EqRef(());

impl AnyRef {
    /// The reference to a value of the other hierarchy (spec: `any.convert_extern`).
    pub fn convert_extern(value: Rooted<ExternRef>) -> Rooted<AnyRef> {
        value.convert()
    }

    /// A small number.
    pub fn from_i31(store: impl AsContextMut, value: I31) -> Rooted<AnyRef> {
        I31Ref::new(store, value).to_anyref()
    }
}

impl<T> Rooted<T> {
    /// The reference's bits.
    pub(crate) fn gc_ref(&self, store: &StoreOpaque) -> Result<GcRef> {
        Ok(GcRef::from_slot(self.bits(store)?))
    }

    /// Whether it is an object of this kind.
    fn is(&self, store: &StoreOpaque, kind: ObjectKind) -> Result<bool> {
        let value = self.gc_ref(store)?;
        Ok(value.is_object() && store.runtime().objects().is(value, kind))
    }
}

macro_rules! tests_and_casts {
    ($($name:ident)*) => {$(
        impl Rooted<$name> {
            /// Whether it is a structure.
            ///
            /// # Errors
            /// As all methods: if the reference belongs to another store or its scope
            /// has ended.
            pub fn is_struct(&self, store: impl AsContext) -> Result<bool> {
                self.is(store.as_context().opaque(), ObjectKind::Struct)
            }

            /// The reference as one to a structure, if it is one.
            ///
            /// # Errors
            /// As [`Rooted::is_struct`].
            pub fn as_struct(&self, store: impl AsContext) -> Result<Option<Rooted<StructRef>>> {
                Ok(self.is_struct(store)?.then(|| self.convert()))
            }

            /// Whether it is an array.
            ///
            /// # Errors
            /// As [`Rooted::is_struct`].
            pub fn is_array(&self, store: impl AsContext) -> Result<bool> {
                self.is(store.as_context().opaque(), ObjectKind::Array)
            }

            /// The reference as one to an array, if it is one.
            ///
            /// # Errors
            /// As [`Rooted::is_struct`].
            pub fn as_array(&self, store: impl AsContext) -> Result<Option<Rooted<ArrayRef>>> {
                Ok(self.is_array(store)?.then(|| self.convert()))
            }

            /// Whether it is an `i31`.
            ///
            /// # Errors
            /// As [`Rooted::is_struct`].
            pub fn is_i31(&self, store: impl AsContext) -> Result<bool> {
                Ok(self.gc_ref(store.as_context().opaque())?.is_i31())
            }

            /// The number, if it is an `i31`.
            ///
            /// # Errors
            /// As [`Rooted::is_struct`].
            pub fn as_i31(&self, store: impl AsContext) -> Result<Option<I31>> {
                let value = self.gc_ref(store.as_context().opaque())?;
                Ok(value.i31_signed().map(I31::wrapping_i32))
            }
        }
    )*};
}
tests_and_casts! { AnyRef EqRef }

impl Rooted<AnyRef> {
    /// Its most precise type, in canonical ids.
    pub(crate) fn heap_type(&self, store: &StoreOpaque) -> Result<HeapType> {
        let value = self.gc_ref(store)?;
        Ok(if value.is_i31() {
            HeapType::I31
        } else if value.is_object() {
            HeapType::Concrete(store.runtime().objects().type_id(value))
        } else {
            HeapType::Any
        })
    }

    /// Its most precise type.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn ty(&self, store: impl AsContext) -> Result<HeapType> {
        self.heap_type(store.as_context().opaque())
    }

    /// Whether it is of a type.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn matches_ty(&self, store: impl AsContext, ty: &HeapType) -> Result<bool> {
        let found = RefType { nullable: false, heap: self.ty(&store)? };
        let wanted = RefType { nullable: true, heap: *ty };
        Ok(store.as_context().engine().val_type_matches(found.into(), wanted.into()))
    }

    /// Whether it can be compared: everything but a host value.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn is_eq(&self, store: impl AsContext) -> Result<bool> {
        let value = self.gc_ref(store.as_context().opaque())?;
        Ok(value.is_i31() || value.is_object())
    }

    /// The reference as one that can be compared, if it can be.
    ///
    /// # Errors
    /// As [`Rooted::is_struct`].
    pub fn as_eqref(&self, store: impl AsContext) -> Result<Option<Rooted<EqRef>>> {
        Ok(self.is_eq(store)?.then(|| self.convert()))
    }
}

macro_rules! upcasts {
    ($($from:ident => $to:ident $method:ident $doc:literal;)*) => {$(
        impl Rooted<$from> {
            #[doc = $doc]
            pub fn $method(self) -> Rooted<$to> {
                self.convert()
            }
        }

        impl From<Rooted<$from>> for Rooted<$to> {
            fn from(value: Rooted<$from>) -> Rooted<$to> {
                value.convert()
            }
        }
    )*};
}

upcasts! {
    EqRef => AnyRef to_anyref "The same reference as one to any internal value.";
    I31Ref => AnyRef to_anyref "The same reference as one to any internal value.";
    StructRef => AnyRef to_anyref "The same reference as one to any internal value.";
    ArrayRef => AnyRef to_anyref "The same reference as one to any internal value.";
    I31Ref => EqRef to_eqref "The same reference as one to a value that can be compared.";
    StructRef => EqRef to_eqref "The same reference as one to a value that can be compared.";
    ArrayRef => EqRef to_eqref "The same reference as one to a value that can be compared.";
}
