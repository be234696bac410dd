//! References to arrays.

use std::vec;

use bimetal_core::value::Slot;
use bimetal_runtime::gc::GcRef;
use bimetal_runtime::gc::layout::Field;

use crate::error::{Context, Error, Result};
use crate::object_types::ArrayType;
use crate::rooted::Rooted;
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::structure::push_slots;
use crate::trap::Trap;
use crate::value::Val;

/// An array.
///
/// ```
/// use bimetal::{ArrayRef, ArrayType, Engine, FieldType, Mutability, StorageType, Store, Val};
///
/// let engine = Engine::default();
/// let mut store = Store::new(&engine, ());
/// let bytes = ArrayType::new(&engine, FieldType::new(Mutability::Var, StorageType::I8))?;
/// let array = ArrayRef::new(&mut store, &bytes, &Val::I32(7), 100)?;
/// array.set(&mut store, 3, Val::I32(-1))?;
/// assert_eq!(array.get(&mut store, 3)?.unwrap_i32(), 255);
/// let sum: i32 = array.elems(&mut store)?.map(|value| value.unwrap_i32()).sum();
/// assert_eq!(sum, 99 * 7 + 255);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Debug)]
pub struct ArrayRef(());

/// The array that an allocation gave.
fn allocated(
    store: &mut StoreOpaque,
    array: Result<GcRef, bimetal_core::trap::TrapCode>,
) -> Result<Rooted<ArrayRef>> {
    Ok(Rooted::new(store, array.map_err(Trap::from)?.slot()))
}

impl ArrayRef {
    /// Makes an array of this length with a value as every element.
    ///
    /// # Errors
    /// If the type is of another engine, or the value is not of the elements' type;
    /// [`Trap::AllocationTooLarge`] if the heap is full.
    #[allow(clippy::new_ret_no_self, reason = "references are rooted in a store")]
    pub fn new(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        element: &Val,
        len: u32,
    ) -> Result<Rooted<ArrayRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.engine().check_same(ty.engine(), "type")?;
        let mut slots = Vec::new();
        push_slots(&mut slots, store, ty.field_type(), *element).context("element")?;
        // SAFETY: the host runs, so every activation has current exit fields, and what
        // it holds has handles; the value is of the elements' type.
        let array = unsafe { store.runtime_mut().new_array(ty.id(), len, slots.as_mut_ptr()) };
        allocated(store, array)
    }

    /// Makes an array of these elements.
    ///
    /// # Errors
    /// As [`ArrayRef::new`].
    pub fn new_fixed(
        mut store: impl AsContextMut,
        ty: &ArrayType,
        elements: &[Val],
    ) -> Result<Rooted<ArrayRef>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.engine().check_same(ty.engine(), "type")?;
        let len = u32::try_from(elements.len()).map_err(|_| Trap::AllocationTooLarge)?;
        let mut slots = Vec::with_capacity(elements.len());
        for (index, value) in elements.iter().enumerate() {
            let pushed = push_slots(&mut slots, store, ty.field_type(), *value);
            pushed.with_context(|| format!("element {index}"))?;
        }
        let slots = slots.as_mut_ptr();
        // SAFETY: as in `new`; there are so many values.
        let array = unsafe { store.runtime_mut().new_array_fixed(ty.id(), len, slots) };
        allocated(store, array)
    }
}

impl Rooted<ArrayRef> {
    /// The array, its type and the place of its first element.
    fn object(&self, store: &StoreOpaque) -> Result<(GcRef, ArrayType, Field)> {
        let object = self.gc_ref(store)?;
        let ty = ArrayType::of_id(store.engine(), store.runtime().objects().type_id(object));
        let ty = ty.ok_or_else(|| Error::msg("the reference is no array"))?;
        let place = store.engine().types().table().get(ty.id()).layout().element();
        Ok((object, ty, place))
    }

    /// As `object`, with the index checked.
    fn checked(&self, store: &StoreOpaque, index: u32) -> Result<(GcRef, ArrayType, Field)> {
        let found = self.object(store)?;
        let len = store.runtime().objects().length(found.0);
        if index < len {
            return Ok(found);
        }
        Err(Error::msg(format!("there is no element {index}: the array has {len} elements")))
    }

    /// Its type.
    ///
    /// # Errors
    /// As all methods: if the reference belongs to another store or its scope has
    /// ended.
    pub fn ty(&self, store: impl AsContext) -> Result<ArrayType> {
        Ok(self.object(store.as_context().opaque())?.1)
    }

    /// Whether it is of this type or of a subtype.
    ///
    /// # Errors
    /// As [`Rooted::ty`].
    pub fn matches_ty(&self, store: impl AsContext, ty: &ArrayType) -> Result<bool> {
        Ok(self.ty(store)?.matches(ty))
    }

    /// How many elements it has.
    ///
    /// # Errors
    /// As [`Rooted::ty`].
    pub fn len(&self, store: impl AsContext) -> Result<u32> {
        let context = store.as_context();
        let (array, ..) = self.object(context.opaque())?;
        Ok(context.opaque().runtime().objects().length(array))
    }

    /// The elements; packed ones without a sign.
    ///
    /// # Errors
    /// As [`Rooted::ty`].
    pub fn elems(&self, mut store: impl AsContextMut) -> Result<vec::IntoIter<Val>> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (array, ty, place) = self.object(store)?;
        let ty = ty.field_type().element_type().unpack();
        let values: Vec<Val> = (0..store.runtime().objects().length(array))
            .map(|index| {
                let value: [Slot; 2] = store.runtime().objects().get_element(array, place, index);
                // SAFETY: an array of this store holds values of its type; handles
                // are no objects, so it has not moved.
                unsafe { Val::from_slots(store, ty, value) }
            })
            .collect();
        Ok(values.into_iter())
    }

    /// An element; a packed one without a sign.
    ///
    /// # Errors
    /// As [`Rooted::ty`], and if there is no such element.
    pub fn get(&self, mut store: impl AsContextMut, index: u32) -> Result<Val> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (array, ty, place) = self.checked(store, index)?;
        let value = store.runtime().objects().get_element(array, place, index);
        // SAFETY: an array of this store holds values of its type.
        Ok(unsafe { Val::from_slots(store, ty.field_type().element_type().unpack(), value) })
    }

    /// Writes an element.
    ///
    /// # Errors
    /// As [`Rooted::ty`]; if there is no such element, elements are immutable, or the
    /// value is of another type or store.
    pub fn set(&self, mut store: impl AsContextMut, index: u32, value: Val) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let (array, ty, place) = self.checked(store, index)?;
        if ty.field_type().mutability().is_const() {
            return Err(Error::msg("the elements of the array are immutable"));
        }
        let value = value.to_slots(store, ty.field_type().element_type().unpack());
        let value = value.with_context(|| format!("element {index}"))?;
        store.runtime().objects().set_element(array, place, index, value);
        Ok(())
    }
}
