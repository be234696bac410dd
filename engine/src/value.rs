//! Values whose type is known at run time only.

use bimetal_core::value::Slot;
pub use bimetal_core::value::V128;

use crate::any::AnyRef;
use crate::error::Result;
use crate::exception::ExnRef;
use crate::extern_ref::ExternRef;
use crate::func::Func;
use crate::refs::{Ref, mismatch};
use crate::rooted::Rooted;
use crate::store::{AsContext, StoreOpaque};
use crate::types::{HeapType, ValType};

/// A value.
///
/// Floats are held as their bits, so that every NaN survives.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Val {
    /// A 32-bit integer.
    I32(i32),
    /// A 64-bit integer.
    I64(i64),
    /// The bits of a 32-bit float.
    F32(u32),
    /// The bits of a 64-bit float.
    F64(u64),
    /// A 128-bit vector.
    V128(V128),
    /// A reference to a function, or null.
    FuncRef(Option<Func>),
    /// A reference to a host value, or null.
    ExternRef(Option<Rooted<ExternRef>>),
    /// A reference to an internal value, or null.
    AnyRef(Option<Rooted<AnyRef>>),
    /// A reference to an exception, or null.
    ExnRef(Option<Rooted<ExnRef>>),
}

macro_rules! accessors {
    ($($get:ident, $unwrap:ident, $ty:ty, $what:literal: $pattern:pat => $value:expr;)*) => {$(
        #[doc = concat!("The value, if it is ", $what, ".")]
        pub fn $get(&self) -> Option<$ty> {
            match *self {
                $pattern => Some($value),
                _ => None,
            }
        }

        #[doc = concat!("The value, which is ", $what, ".")]
        ///
        /// # Panics
        /// If it is of another type.
        #[track_caller]
        pub fn $unwrap(&self) -> $ty {
            match self.$get() {
                Some(value) => value,
                None => panic!(concat!("expected ", $what, ", found {:?}"), self),
            }
        }
    )*};
}

impl Val {
    accessors! {
        i32, unwrap_i32, i32, "an `i32`": Val::I32(value) => value;
        i64, unwrap_i64, i64, "an `i64`": Val::I64(value) => value;
        f32, unwrap_f32, f32, "an `f32`": Val::F32(bits) => f32::from_bits(bits);
        f64, unwrap_f64, f64, "an `f64`": Val::F64(bits) => f64::from_bits(bits);
        v128, unwrap_v128, V128, "a `v128`": Val::V128(value) => value;
    }

    /// The reference, null or not, if it is one to a function.
    pub fn funcref(&self) -> Option<Option<&Func>> {
        match self {
            Val::FuncRef(func) => Some(func.as_ref()),
            _ => None,
        }
    }

    /// The function that a function reference leads to; `None` for null.
    ///
    /// # Panics
    /// If it is of another type.
    #[track_caller]
    pub fn unwrap_funcref(&self) -> Option<&Func> {
        self.funcref().unwrap_or_else(|| panic!("expected a `funcref`, found {self:?}"))
    }

    /// The reference, null or not, if it is one to a host value.
    pub fn externref(&self) -> Option<Option<&Rooted<ExternRef>>> {
        match self {
            Val::ExternRef(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    /// The host value that an extern reference leads to; `None` for null.
    ///
    /// # Panics
    /// If it is of another type.
    #[track_caller]
    pub fn unwrap_externref(&self) -> Option<&Rooted<ExternRef>> {
        self.externref().unwrap_or_else(|| panic!("expected an `externref`, found {self:?}"))
    }

    /// The reference, null or not, if it is one to an internal value.
    pub fn anyref(&self) -> Option<Option<&Rooted<AnyRef>>> {
        match self {
            Val::AnyRef(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    /// The internal value that a reference leads to; `None` for null.
    ///
    /// # Panics
    /// If it is of another type.
    #[track_caller]
    pub fn unwrap_anyref(&self) -> Option<&Rooted<AnyRef>> {
        self.anyref().unwrap_or_else(|| panic!("expected an `anyref`, found {self:?}"))
    }

    /// The reference, null or not, if it is one to an exception.
    pub fn exnref(&self) -> Option<Option<&Rooted<ExnRef>>> {
        match self {
            Val::ExnRef(value) => Some(value.as_ref()),
            _ => None,
        }
    }

    /// The value as a reference, if it is one.
    pub fn ref_(self) -> Option<Ref> {
        match self {
            Val::FuncRef(func) => Some(Ref::Func(func)),
            Val::ExternRef(value) => Some(Ref::Extern(value)),
            Val::AnyRef(value) => Some(Ref::Any(value)),
            Val::ExnRef(value) => Some(Ref::Exn(value)),
            _ => None,
        }
    }

    /// Zero or null; `None` if the type has no default or is not supported.
    pub fn default_for_ty(ty: &ValType) -> Option<Val> {
        Some(match ty {
            ValType::I32 => Val::I32(0),
            ValType::I64 => Val::I64(0),
            ValType::F32 => Val::F32(0),
            ValType::F64 => Val::F64(0),
            ValType::V128 => Val::V128(V128::default()),
            ValType::Ref(ty) if ty.nullable => Ref::try_null(ty.heap)?.into(),
            ValType::Ref(_) => return None,
        })
    }

    /// Its most precise type.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> Result<ValType> {
        Ok(match self {
            Val::I32(_) => ValType::I32,
            Val::I64(_) => ValType::I64,
            Val::F32(_) => ValType::F32,
            Val::F64(_) => ValType::F64,
            Val::V128(_) => ValType::V128,
            Val::FuncRef(func) => ValType::Ref(Ref::Func(*func).ty(store.as_context().opaque())?),
            Val::ExnRef(value) => ValType::Ref(Ref::Exn(*value).ty(store.as_context().opaque())?),
            Val::ExternRef(value) => {
                ValType::Ref(Ref::Extern(*value).ty(store.as_context().opaque())?)
            }
            Val::AnyRef(value) => ValType::Ref(Ref::Any(*value).ty(store.as_context().opaque())?),
        })
    }

    /// The slots of a value of this type in this store: the first alone for
    /// everything but vectors.
    ///
    /// # Errors
    /// If it is of another type or store.
    #[inline]
    pub(crate) fn to_slots(self, store: &StoreOpaque, expected: ValType) -> Result<[Slot; 2]> {
        let one = |slot| Ok([slot, Slot::ZERO]);
        match (self, expected) {
            (Val::I32(value), ValType::I32) => one(Slot::from_i32(value)),
            (Val::I64(value), ValType::I64) => one(Slot::from_i64(value)),
            (Val::F32(bits), ValType::F32) => one(Slot::from_bits(bits.into())),
            (Val::F64(bits), ValType::F64) => one(Slot::from_bits(bits)),
            (Val::V128(value), ValType::V128) => Ok(value.to_slots()),
            (val, expected) => one(val.reference_to_slot(store, expected)?),
        }
    }

    /// The same for references.
    fn reference_to_slot(self, store: &StoreOpaque, expected: ValType) -> Result<Slot> {
        match (self, expected) {
            (Val::FuncRef(func), ValType::Ref(ty)) => Ref::Func(func).to_slot(store, ty),
            (Val::ExnRef(value), ValType::Ref(ty)) => Ref::Exn(value).to_slot(store, ty),
            (Val::ExternRef(value), ValType::Ref(ty)) => Ref::Extern(value).to_slot(store, ty),
            (Val::AnyRef(value), ValType::Ref(ty)) => Ref::Any(value).to_slot(store, ty),
            _ => Err(mismatch(expected, self.type_name())),
        }
    }

    /// The value of this type in these slots.
    ///
    /// # Safety
    /// The slots hold a value of this type of this store.
    #[inline]
    pub(crate) unsafe fn from_slots(store: &mut StoreOpaque, ty: ValType, slots: [Slot; 2]) -> Val {
        match ty {
            ValType::I32 => Val::I32(slots[0].i32()),
            ValType::I64 => Val::I64(slots[0].i64()),
            ValType::F32 => Val::F32(slots[0].u32()),
            ValType::F64 => Val::F64(slots[0].bits()),
            ValType::V128 => Val::V128(V128::from_slots(slots)),
            // SAFETY: the caller's promise.
            ValType::Ref(ty) => unsafe { Ref::from_slot(store, ty, slots[0]) }.into(),
        }
    }

    fn type_name(self) -> &'static str {
        match self {
            Val::I32(_) => "i32",
            Val::I64(_) => "i64",
            Val::F32(_) => "f32",
            Val::F64(_) => "f64",
            Val::V128(_) => "v128",
            Val::FuncRef(_) => "funcref",
            Val::ExternRef(_) => "externref",
            Val::AnyRef(_) => "anyref",
            Val::ExnRef(_) => "exnref",
        }
    }

    /// Null, as a reference of this type.
    ///
    /// # Panics
    /// If references of the type are not supported.
    pub fn null_ref(heap: &HeapType) -> Val {
        Ref::null(heap).into()
    }
}

impl From<i32> for Val {
    fn from(value: i32) -> Val {
        Val::I32(value)
    }
}

impl From<u32> for Val {
    fn from(value: u32) -> Val {
        Val::I32(value.cast_signed())
    }
}

impl From<i64> for Val {
    fn from(value: i64) -> Val {
        Val::I64(value)
    }
}

impl From<u64> for Val {
    fn from(value: u64) -> Val {
        Val::I64(value.cast_signed())
    }
}

impl From<f32> for Val {
    fn from(value: f32) -> Val {
        Val::F32(value.to_bits())
    }
}

impl From<f64> for Val {
    fn from(value: f64) -> Val {
        Val::F64(value.to_bits())
    }
}

impl From<V128> for Val {
    fn from(value: V128) -> Val {
        Val::V128(value)
    }
}

impl From<Ref> for Val {
    fn from(value: Ref) -> Val {
        match value {
            Ref::Func(func) => Val::FuncRef(func),
            Ref::Extern(value) => Val::ExternRef(value),
            Ref::Any(value) => Val::AnyRef(value),
            Ref::Exn(value) => Val::ExnRef(value),
        }
    }
}

impl From<Func> for Val {
    fn from(func: Func) -> Val {
        Val::FuncRef(Some(func))
    }
}

impl From<Option<Func>> for Val {
    fn from(func: Option<Func>) -> Val {
        Val::FuncRef(func)
    }
}
