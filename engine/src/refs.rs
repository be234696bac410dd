//! References of any type.

use std::fmt;

use bimetal_core::value::Slot;

use crate::any::{AnyRef, EqRef};
use crate::array::ArrayRef;
use crate::error::{Error, Result};
use crate::exception::ExnRef;
use crate::extern_ref::ExternRef;
use crate::func::Func;
use crate::i31::I31Ref;
use crate::rooted::Rooted;
use crate::store::StoreOpaque;
use crate::structure::StructRef;
use crate::types::{HeapType, RefType, ValType};
use crate::value::Val;

/// A reference of any type, or null.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Ref {
    /// A reference to a function.
    Func(Option<Func>),
    /// A reference to a host value.
    Extern(Option<Rooted<ExternRef>>),
    /// A reference to an internal value.
    Any(Option<Rooted<AnyRef>>),
    /// A reference to an exception.
    Exn(Option<Rooted<ExnRef>>),
}

impl Ref {
    /// Null, as a reference of this type. Of a defined type it is taken to be a
    /// function's: a null reference passes as one of any defined type.
    ///
    /// # Panics
    /// If references of the type are not supported.
    #[track_caller]
    pub fn null(heap: &HeapType) -> Ref {
        match Ref::try_null(*heap) {
            Some(null) => null,
            None => panic!("references of type {heap} are not supported"),
        }
    }

    pub(crate) fn try_null(heap: HeapType) -> Option<Ref> {
        Some(match kind(heap, || true)? {
            Kind::Func => Ref::Func(None),
            Kind::Extern => Ref::Extern(None),
            Kind::Any => Ref::Any(None),
            Kind::Exn => Ref::Exn(None),
        })
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None) | Ref::Any(None) | Ref::Exn(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// The function, null or not, if it is a function reference.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        match self {
            Ref::Func(func) => Some(func.as_ref()),
            Ref::Extern(_) | Ref::Any(_) | Ref::Exn(_) => None,
        }
    }

    /// The function; `None` for null.
    ///
    /// # Panics
    /// If it is a reference of another type.
    pub fn unwrap_func(&self) -> Option<&Func> {
        self.as_func().expect("expected a function reference")
    }

    /// The host value, null or not, if it is an extern reference.
    pub fn as_extern(&self) -> Option<Option<&Rooted<ExternRef>>> {
        match self {
            Ref::Extern(value) => Some(value.as_ref()),
            Ref::Func(_) | Ref::Any(_) | Ref::Exn(_) => None,
        }
    }

    /// The host value; `None` for null.
    ///
    /// # Panics
    /// If it is a reference of another type.
    pub fn unwrap_extern(&self) -> Option<&Rooted<ExternRef>> {
        self.as_extern().expect("expected an extern reference")
    }

    /// Its most precise type, in canonical ids.
    pub(crate) fn ty(&self, store: &StoreOpaque) -> Result<RefType> {
        Ok(match self {
            Ref::Func(None) => RefType { nullable: true, heap: HeapType::NoFunc },
            Ref::Extern(None) => RefType { nullable: true, heap: HeapType::NoExtern },
            Ref::Any(None) => RefType { nullable: true, heap: HeapType::None },
            Ref::Exn(None) => RefType { nullable: true, heap: HeapType::NoExn },
            Ref::Exn(Some(value)) => {
                value.bits(store)?;
                RefType { nullable: false, heap: HeapType::Exn }
            }
            Ref::Func(Some(func)) => {
                RefType { nullable: false, heap: HeapType::Concrete(func.canonical_id(store)?) }
            }
            Ref::Extern(Some(value)) => {
                value.bits(store)?;
                RefType { nullable: false, heap: HeapType::Extern }
            }
            Ref::Any(Some(value)) => RefType { nullable: false, heap: value.heap_type(store)? },
        })
    }

    /// The bits of a reference of this type in this store.
    ///
    /// # Errors
    /// If it is of another type or store.
    pub(crate) fn to_slot(self, store: &StoreOpaque, expected: RefType) -> Result<Slot> {
        let found = self.ty(store)?;
        if self.is_null() && expected.nullable && matches!(expected.heap, HeapType::Concrete(_)) {
            return Ok(Slot::ZERO);
        }
        if !store.engine().types().ref_type_matches(found, expected) {
            return Err(mismatch(ValType::Ref(expected), self.description()));
        }
        match self {
            Ref::Func(func) => Ok(func.map_or(Slot::ZERO, Func::bits)),
            Ref::Extern(value) => value.map_or(Ok(Slot::ZERO), |value| value.bits(store)),
            Ref::Exn(value) => value.map_or(Ok(Slot::ZERO), |value| value.bits(store)),
            Ref::Any(value) => value.map_or(Ok(Slot::ZERO), |value| value.bits(store)),
        }
    }

    /// The reference with these bits.
    ///
    /// # Safety
    /// The bits are those of a reference of this type in this store.
    pub(crate) unsafe fn from_slot(store: &mut StoreOpaque, ty: RefType, bits: Slot) -> Ref {
        let is_func = || !store.engine().types().is_collected(ValType::Ref(ty));
        let null = bits == Slot::ZERO;
        match kind(ty.heap, is_func) {
            Some(Kind::Exn) => Ref::Exn((!null).then(|| Rooted::new(store, bits))),
            // SAFETY: the caller's promise.
            Some(Kind::Func) => Ref::Func(unsafe { Func::from_bits(store, bits) }),
            Some(Kind::Extern) => Ref::Extern((!null).then(|| Rooted::new(store, bits))),
            Some(Kind::Any) => Ref::Any((!null).then(|| Rooted::new(store, bits))),
            None => unreachable!("validation rejects references that are not supported"),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Ref::Func(None) => "a null function reference",
            Ref::Func(Some(_)) => "a function reference",
            Ref::Exn(None) => "a null exception reference",
            Ref::Exn(Some(_)) => "an exception reference",
            Ref::Extern(None) => "a null extern reference",
            Ref::Extern(Some(_)) => "an extern reference",
            Ref::Any(None) => "a null internal reference",
            Ref::Any(Some(_)) => "an internal reference",
        }
    }
}

/// A value of one type stands where one of another type is needed.
pub(crate) fn mismatch(expected: ValType, found: impl fmt::Display) -> Error {
    Error::msg(format!("type mismatch: expected {expected}, found {found}"))
}

/// What references are to.
enum Kind {
    Func,
    Extern,
    Any,
    Exn,
}

/// What references of this type are to; `None` for types of proposals that are
/// not supported, which validation rejects. `is_func` says whether a defined type
/// is a function's.
fn kind(heap: HeapType, is_func: impl FnOnce() -> bool) -> Option<Kind> {
    match heap {
        HeapType::Extern | HeapType::NoExtern => Some(Kind::Extern),
        HeapType::Exn | HeapType::NoExn => Some(Kind::Exn),
        HeapType::Func | HeapType::NoFunc => Some(Kind::Func),
        HeapType::Concrete(_) if is_func() => Some(Kind::Func),
        HeapType::Concrete(_)
        | HeapType::Any
        | HeapType::Eq
        | HeapType::I31
        | HeapType::Struct
        | HeapType::Array
        | HeapType::None => Some(Kind::Any),
    }
}

impl From<Func> for Ref {
    fn from(func: Func) -> Ref {
        Ref::Func(Some(func))
    }
}

impl From<Option<Func>> for Ref {
    fn from(func: Option<Func>) -> Ref {
        Ref::Func(func)
    }
}

macro_rules! conversions {
    ($($what:ident: $variant:ident $val:ident;)*) => {$(
        impl From<Rooted<$what>> for Ref {
            fn from(value: Rooted<$what>) -> Ref {
                Ref::$variant(Some(value.convert()))
            }
        }

        impl From<Option<Rooted<$what>>> for Ref {
            fn from(value: Option<Rooted<$what>>) -> Ref {
                Ref::$variant(value.map(Rooted::convert))
            }
        }

        impl From<Rooted<$what>> for Val {
            fn from(value: Rooted<$what>) -> Val {
                Val::$val(Some(value.convert()))
            }
        }

        impl From<Option<Rooted<$what>>> for Val {
            fn from(value: Option<Rooted<$what>>) -> Val {
                Val::$val(value.map(Rooted::convert))
            }
        }
    )*};
}

conversions! {
    ExternRef: Extern ExternRef;
    ExnRef: Exn ExnRef;
    AnyRef: Any AnyRef;
    EqRef: Any AnyRef;
    I31Ref: Any AnyRef;
    StructRef: Any AnyRef;
    ArrayRef: Any AnyRef;
}
