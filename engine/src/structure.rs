//! References to structures.

use std::vec;

use bimetal_core::value::Slot;
use bimetal_runtime::gc::GcRef;
use bimetal_runtime::gc::layout::Field;

use crate::error::{Context, Error, Result};
use crate::object_types::{FieldType, StructType};
use crate::rooted::Rooted;
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::trap::Trap;
use crate::value::Val;

/// A structure.
///
/// ```
/// use bimetal::{Engine, FieldType, Mutability, Store, StructRef, StructType, Val, ValType};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let number = FieldType::new(Mutability::Var, ValType::I32);
/// let pair = StructType::new(&engine, [number, number])?;
/// let object = StructRef::new(&mut store, &pair, &[Val::I32(1), Val::I32(2)])?;
/// object.set_field(&mut store, 0, Val::I32(5))?;
/// assert_eq!(object.field(&mut store, 0)?.unwrap_i32(), 5);
/// assert_eq!(object.fields(&mut store)?.len(), 2);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct StructRef(());

impl StructRef {
    /// Makes a structure with these values in its fields.
    ///
    /// # Errors
    /// If the type is of another engine, or the values are not of the fields' types;
    /// [`Trap::AllocationTooLarge`] if the heap is full.
    #[allow(clippy::new_ret_no_self, reason = "references are rooted in a store")]
    pub fn new(
        mut store: impl AsContextMut,
        ty: &StructType,
        fields: &[Val],
    ) -> Result<Rooted<StructRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.engine().check_same(ty.engine(), "type")?;
        let (expected, found) = (ty.fields().len(), fields.len());
        if expected != found {
            return Err(Error::msg(format!("expected {expected} fields, found {found}")));
        }
        let mut slots = Vec::with_capacity(fields.len());
        for (index, (ty, value)) in ty.fields().zip(fields).enumerate() {
            push_slots(&mut slots, store, ty, *value).with_context(|| format!("field {index}"))?;
        }
        // SAFETY: the host runs, so every activation has current exit fields, and what
        // it holds has handles; the values are of the fields' types.
        let object = unsafe { store.runtime_mut().new_struct(ty.id(), slots.as_mut_ptr()) };
        Ok(Rooted::new(store, object.map_err(Trap::from)?.slot()))
    }
}

/// Adds the slots of a value for a field.
pub(crate) fn push_slots(
    slots: &mut Vec<Slot>,
    store: &StoreOpaque,
    ty: FieldType,
    value: Val,
) -> Result<()> {
    let ty = ty.element_type().unpack();
    let value = value.to_slots(store, ty)?;
    slots.extend_from_slice(&value[..ty.slots() as usize]);
    Ok(())
}

impl Rooted<StructRef> {
    /// The structure and its type.
    fn object(&self, store: &StoreOpaque) -> Result<(GcRef, StructType)> {
        let object = self.gc_ref(store)?;
        let ty = StructType::of_id(store.engine(), store.runtime().objects().type_id(object));
        Ok((object, ty.ok_or_else(|| Error::msg("the reference is no structure"))?))
    }

    /// The structure, and the type and place of a field.
    fn place(&self, store: &StoreOpaque, index: usize) -> Result<(GcRef, FieldType, Field)> {
        let (object, ty) = self.object(store)?;
        let table = store.engine().types().table();
        let place = table.get(ty.id()).layout().fields.get(index).copied();
        let (Some(field), Some(place)) = (ty.field(index), place) else {
            let count = ty.fields().len();
            let message = format!("there is no field {index}: the structure has {count} fields");
            return Err(Error::msg(message));
        };
        Ok((object, field, place))
    }

    /// Its type.
    ///
    /// # Errors
    /// As all methods: if the reference belongs to another store or its scope has
    /// ended.
    pub fn ty(&self, store: impl AsContext) -> Result<StructType> {
        Ok(self.object(store.as_context().opaque())?.1)
    }

    /// Whether it is of this type or of a subtype.
    ///
    /// # Errors
    /// As [`Rooted::ty`].
    pub fn matches_ty(&self, store: impl AsContext, ty: &StructType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// The values of the fields; packed ones without a sign.
    ///
    /// # Errors
    /// As [`Rooted::ty`].
    pub fn fields(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>> {
        let count = self.ty(&store)?.fields().len();
        let values = (0..count).map(|index| self.field(&mut store, index));
        Ok(values.collect::<Result<Vec<Val>>>()?.into_iter())
    }

    /// The value of a field; a packed one without a sign.
    ///
    /// # Errors
    /// As [`Rooted::ty`], and if there is no such field.
    pub fn field(&self, mut store: impl AsContextMut, index: usize) -> Result<Val> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (object, ty, place) = self.place(store, index)?;
        let value = store.runtime().objects().get(object, place);
        // SAFETY: a field of this store holds a value of its type.
        Ok(unsafe { Val::from_slots(store, ty.element_type().unpack(), value) })
    }

    /// Writes a field.
    ///
    /// # Errors
    /// As [`Rooted::ty`]; if there is no such field, it is immutable, or the value is
    /// of another type or store.
    pub fn set_field(&self, mut store: impl AsContextMut, index: usize, value: Val) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (object, ty, place) = self.place(store, index)?;
        if ty.mutability().is_const() {
            return Err(Error::msg(format!("field {index} is immutable")));
        }
        let value = value.to_slots(store, ty.element_type().unpack());
        let value = value.with_context(|| format!("field {index}"))?;
        store.runtime().objects().set(object, place, value);
        Ok(())
    }
}
