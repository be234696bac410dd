//! Exceptions and their tags.

use std::fmt;

use bimetal_core::value::Slot;
use bimetal_runtime::{StoreId, TagId};

use crate::error::{Context, Error, Result};
use crate::rooted::{OwnedRooted, Rooted};
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::types::{FuncType, TagType};
use crate::value::Val;

/// A tag in a store: what kind of exception something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tag {
    pub(crate) store: StoreId,
    pub(crate) id: TagId,
}

impl Tag {
    /// A new tag, different from all others.
    ///
    /// # Errors
    /// If its type has results, or the store has too many tags.
    pub fn new(mut store: impl AsContextMut, ty: TagType) -> Result<Tag> {
        if ty.ty().results().len() != 0 {
            return Err(Error::msg("the type of a tag has no results"));
        }
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let type_id = store.engine().types().intern_func(ty.ty().as_core().clone());
        let id = store.runtime_mut().new_tag(type_id)?;
        Ok(Tag { store: store.id(), id })
    }

    /// Its type.
    ///
    /// # Panics
    /// If the tag belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TagType {
        let context = store.as_context();
        context.opaque().expect_own(self.store, "tag");
        let id = context.opaque().runtime().tag_type(self.id);
        TagType::new(FuncType::of_id(context.engine(), id))
    }
}

/// An exception.
///
/// A host function throws one by returning it as an error:
///
/// ```
/// use bimetal::{Engine, ExnRef, Func, FuncType, Store, Tag, TagType, ThrownException, Val};
/// use bimetal::{Result, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let tag = Tag::new(&mut store, TagType::new(FuncType::new(&engine, [ValType::I32], [])))?;
/// let exception = ExnRef::new(&mut store, &tag, &[Val::I32(7)])?;
/// let throw = Func::wrap(&mut store, move || -> Result<()> {
///     Err(ThrownException::new(exception).into())
/// });
/// let error = throw.call(&mut store, &[], &mut []).unwrap_err();
/// let Some(thrown) = error.downcast_ref::<ThrownException>() else { return Err(error) };
/// let fields = thrown.exception(&mut store)?.fields(&mut store)?;
/// assert!(matches!(fields[..], [Val::I32(7)]));
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct ExnRef(());

impl ExnRef {
    /// Makes an exception that carries these values.
    ///
    /// # Errors
    /// If the tag or a value belongs to another store, the values do not have the
    /// types that the tag asks for, or the store holds too many exceptions.
    #[allow(clippy::new_ret_no_self, reason = "references are rooted in a store")]
    pub fn new(mut store: impl AsContextMut, tag: &Tag, fields: &[Val]) -> Result<Rooted<ExnRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.check(tag.store, "tag")?;
        let ty = FuncType::of_id(store.engine(), store.runtime().tag_type(tag.id));
        if ty.params().len() != fields.len() {
            let (expected, found) = (ty.params().len(), fields.len());
            return Err(Error::msg(format!("expected {expected} fields, found {found}")));
        }
        let mut payload = Vec::new();
        for (ty, field) in ty.params().zip(fields) {
            let slots = field.to_slots(store, ty).context("field of an exception")?;
            payload.extend_from_slice(&slots[..ty.slots() as usize]);
        }
        // SAFETY: the host runs, so every activation has current exit fields; the
        // payload is of the tag's type.
        let bits = unsafe { store.runtime_mut().new_exception(tag.id, payload.as_mut_ptr()) };
        Ok(Rooted::new(store, bits.map_err(crate::trap::Trap::from)?))
    }
}

impl Rooted<ExnRef> {
    /// Its tag.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn tag(&self, store: impl AsContext) -> Result<Tag> {
        let context = store.as_context();
        let store = context.opaque();
        let tag = store.runtime().exception_tag(self.bits(store)?);
        let id = tag.ok_or_else(|| Error::msg("there is no such exception"))?;
        Ok(Tag { store: store.id(), id })
    }

    /// The values that it carries.
    ///
    /// # Errors
    /// If it belongs to another store.
    pub fn fields(&self, mut store: impl AsContextMut) -> Result<Vec<Val>> {
        let tag = self.tag(&store)?;
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let ty = FuncType::of_id(store.engine(), store.runtime().tag_type(tag.id));
        let count = ty.as_core().param_slots() as usize;
        let mut payload = vec![Slot::ZERO; count];
        let bits = self.bits(store)?;
        // SAFETY: there is room for the payload, which is of the tag's type.
        unsafe { store.runtime_mut().read_payload(bits, payload.as_mut_ptr()) };
        let mut payload = payload.into_iter();
        let mut fields = Vec::with_capacity(ty.params().len());
        for ty in ty.params() {
            let low = payload.next().unwrap_or_default();
            let wide = ty.slots() == 2;
            let high = if wide { payload.next().unwrap_or_default() } else { Slot::ZERO };
            // SAFETY: the payload is of the tag's type.
            fields.push(unsafe { Val::from_slots(store, ty, [low, high]) });
        }
        Ok(fields)
    }
}

/// The error of a call that ended with an exception which the guest did not catch.
/// Returned by a host function, it lets the exception go on in the guest.
///
/// Its [`WasmBacktrace`](crate::WasmBacktrace) says where it was thrown.
#[derive(Clone, Debug)]
pub struct ThrownException(Held);

/// How the error keeps its exception.
#[derive(Clone, Debug)]
enum Held {
    /// As the host has given it.
    Rooted(Rooted<ExnRef>),
    /// For as long as the error lives.
    Owned(OwnedRooted<ExnRef>),
}

impl ThrownException {
    /// Throws an exception, which is rooted in the scope of the host function that
    /// throws it or further out.
    pub fn new(exception: Rooted<ExnRef>) -> ThrownException {
        ThrownException(Held::Rooted(exception))
    }

    /// The exception with these bits.
    pub(crate) fn from_bits(store: &mut StoreOpaque, bits: Slot) -> ThrownException {
        ThrownException(Held::Owned(OwnedRooted::new(store, bits)))
    }

    /// The exception's bits.
    ///
    /// # Errors
    /// If it belongs to another store or the scope of its reference has ended.
    pub(crate) fn bits(&self, store: &StoreOpaque) -> Result<Slot> {
        match &self.0 {
            Held::Rooted(exception) => exception.bits(store),
            Held::Owned(exception) => exception.bits(store),
        }
    }

    /// The exception.
    ///
    /// # Errors
    /// If it belongs to another store or the scope of its reference has ended.
    pub fn exception(&self, mut store: impl AsContextMut) -> Result<Rooted<ExnRef>> {
        let mut context = store.as_context_mut();
        let bits = self.bits(context.opaque())?;
        Ok(Rooted::new(context.opaque_mut(), bits))
    }
}

impl fmt::Display for ThrownException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the guest threw an exception that it did not catch")
    }
}

impl std::error::Error for ThrownException {}
