//! References: to functions and to host values.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use bimetal_core::value::Slot;
use bimetal_runtime::StoreId;

use crate::error::{Error, Result};
use crate::func::Func;
use crate::store::{AsContext, AsContextMut, StoreContext, StoreOpaque};
use crate::types::{HeapType, RefType, ValType};

/// A host value that guests can hold and pass on but not look into.
///
/// ```
/// use bimetal::{Engine, ExternRef, Store};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let reference = ExternRef::new(&mut store, String::from("ours"))?;
/// let value = reference.data(&store)?.and_then(|value| value.downcast_ref::<String>());
/// assert_eq!(value.map(String::as_str), Some("ours"));
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct ExternRef(());

impl ExternRef {
    /// Puts a host value into the store and returns the reference to it.
    ///
    /// # Errors
    /// If the store cannot hold more of them.
    #[allow(clippy::new_ret_no_self, reason = "references are rooted in a store")]
    pub fn new(
        mut store: impl AsContextMut,
        value: impl Any + Send + Sync,
    ) -> Result<Rooted<ExternRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let bits = store.runtime_mut().new_extern_ref(Box::new(value))?;
        Ok(Rooted { store: store.id(), bits, what: PhantomData })
    }
}

/// A reference that the store keeps alive for as long as the store lives.
pub struct Rooted<T> {
    store: StoreId,
    bits: Slot,
    what: PhantomData<fn() -> T>,
}

impl<T> Clone for Rooted<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Rooted<T> {}

impl<T> fmt::Debug for Rooted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rooted").field(&self.bits.bits()).finish()
    }
}

impl Rooted<ExternRef> {
    /// The host value behind the reference.
    ///
    /// # Errors
    /// If the reference belongs to another store.
    pub fn data<'a, T: 'static>(
        &self,
        store: impl Into<StoreContext<'a, T>>,
    ) -> Result<Option<&'a (dyn Any + Send + Sync)>> {
        let store = store.into().opaque();
        store.check(self.store, "reference")?;
        Ok(store.runtime().extern_ref(self.bits))
    }

    /// Whether two references lead to the same host value.
    ///
    /// # Errors
    /// If a reference belongs to another store.
    pub fn ref_eq(store: impl AsContext, a: &Self, b: &Self) -> Result<bool> {
        let context = store.as_context();
        context.opaque().check(a.store, "reference")?;
        context.opaque().check(b.store, "reference")?;
        Ok(a.bits == b.bits)
    }
}

/// A reference of any type, or null.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Ref {
    /// A reference to a function.
    Func(Option<Func>),
    /// A reference to a host value.
    Extern(Option<Rooted<ExternRef>>),
}

impl Ref {
    /// Null, as a reference of this type.
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
        Some(match kind(heap)? {
            Kind::Func => Ref::Func(None),
            Kind::Extern => Ref::Extern(None),
        })
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Ref::Func(None) | Ref::Extern(None))
    }

    /// Whether it is not null.
    pub fn is_non_null(&self) -> bool {
        !self.is_null()
    }

    /// The function, null or not, if it is a function reference.
    pub fn as_func(&self) -> Option<Option<&Func>> {
        match self {
            Ref::Func(func) => Some(func.as_ref()),
            Ref::Extern(_) => None,
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
            Ref::Func(_) => None,
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
            Ref::Func(Some(func)) => {
                RefType { nullable: false, heap: HeapType::Concrete(func.canonical_id(store)?) }
            }
            Ref::Extern(Some(value)) => {
                store.check(value.store, "reference")?;
                RefType { nullable: false, heap: HeapType::Extern }
            }
        })
    }

    /// The bits of a reference of this type in this store.
    ///
    /// # Errors
    /// If it is of another type or store.
    pub(crate) fn to_slot(self, store: &StoreOpaque, expected: RefType) -> Result<Slot> {
        let found = self.ty(store)?;
        if !store.engine().types().ref_type_matches(found, expected) {
            return Err(mismatch(ValType::Ref(expected), self.description()));
        }
        Ok(match self {
            Ref::Func(func) => func.map_or(Slot::ZERO, Func::bits),
            Ref::Extern(value) => value.map_or(Slot::ZERO, |value| value.bits),
        })
    }

    /// The reference with these bits.
    ///
    /// # Safety
    /// The bits are those of a reference of this type in this store.
    pub(crate) unsafe fn from_slot(store: &StoreOpaque, ty: RefType, bits: Slot) -> Ref {
        match kind(ty.heap) {
            Some(Kind::Extern) => {
                let value = Rooted { store: store.id(), bits, what: PhantomData };
                Ref::Extern((bits != Slot::ZERO).then_some(value))
            }
            // SAFETY: the caller's promise.
            Some(Kind::Func) => Ref::Func(unsafe { Func::from_bits(store, bits) }),
            None => unreachable!("validation rejects references that are not supported"),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Ref::Func(None) => "a null function reference",
            Ref::Func(Some(_)) => "a function reference",
            Ref::Extern(None) => "a null extern reference",
            Ref::Extern(Some(_)) => "an extern reference",
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
}

/// What references of this type are to; `None` for types of proposals that are
/// not supported, which validation rejects.
fn kind(heap: HeapType) -> Option<Kind> {
    match heap {
        HeapType::Extern | HeapType::NoExtern => Some(Kind::Extern),
        HeapType::Func | HeapType::NoFunc | HeapType::Concrete(_) => Some(Kind::Func),
        HeapType::Any
        | HeapType::Eq
        | HeapType::I31
        | HeapType::Struct
        | HeapType::Array
        | HeapType::None
        | HeapType::Exn
        | HeapType::NoExn => None,
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

impl From<Rooted<ExternRef>> for Ref {
    fn from(value: Rooted<ExternRef>) -> Ref {
        Ref::Extern(Some(value))
    }
}

impl From<Option<Rooted<ExternRef>>> for Ref {
    fn from(value: Option<Rooted<ExternRef>>) -> Ref {
        Ref::Extern(value)
    }
}
