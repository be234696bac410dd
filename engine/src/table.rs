//! Tables of references.

use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_runtime::{StoreId, TableId};

use crate::error::{Context, Error, Result};
use crate::refs::Ref;
use crate::store::{AsContext, AsContextMut, StoreOpaque};
use crate::trap::Trap;
use crate::types::TableType;

/// A table in a store.
///
/// ```
/// use bimetal::{Engine, Func, Ref, RefType, Store, Table, TableType};
///
/// let mut store = Store::new(&Engine::default(), ());
/// let ty = TableType::new(RefType::FUNCREF, 2, None);
/// let table = Table::new(&mut store, ty, Ref::Func(None))?;
/// let func = Func::wrap(&mut store, || 7);
/// table.set(&mut store, 1, func.into())?;
/// let element = table.get(&mut store, 1).unwrap();
/// let func = element.unwrap_func().unwrap();
/// assert_eq!(func.typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
/// # bimetal::Result::<()>::Ok(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub(crate) store: StoreId,
    pub(crate) id: TableId,
}

const WHAT: &str = "table";

impl Table {
    /// A table of the type's minimal size, every element `init`.
    ///
    /// # Errors
    /// If the type is impossible, `init` is of another type or store, or the
    /// store's limits or the system refuse it.
    pub fn new(mut store: impl AsContextMut, ty: TableType, init: Ref) -> Result<Table> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        if let Some(max) = ty.maximum()
            && ty.minimum() > max
        {
            let min = ty.minimum();
            return Err(Error::msg(format!(
                "a table's minimum of {min} exceeds its maximum of {max}"
            )));
        }
        store.engine().check_type(ValType::Ref(*ty.element()))?;
        let init = init.to_slot(store, *ty.element()).context("initial element of a table")?;
        let id = store.runtime_mut().new_table(*ty.as_core(), init)?;
        Ok(Table { store: store.id(), id })
    }

    /// Its type, as it was made.
    ///
    /// # Panics
    /// If the table belongs to another store.
    pub fn ty(&self, store: impl AsContext) -> TableType {
        TableType::from_core(*self.inner(store.as_context().opaque()).ty())
    }

    /// The number of elements.
    ///
    /// # Panics
    /// If the table belongs to another store.
    pub fn size(&self, store: impl AsContext) -> u64 {
        self.inner(store.as_context().opaque()).len()
    }

    /// An element; `None` outside the table.
    ///
    /// # Panics
    /// If the table belongs to another store.
    pub fn get(&self, mut store: impl AsContextMut, index: u64) -> Option<Ref> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        let table = self.inner(store);
        let (element, bits) = (table.ty().element, table.get(index)?);
        // SAFETY: a table of this store holds references of its element type.
        Some(unsafe { Ref::from_slot(store, element, bits) })
    }

    /// Writes an element.
    ///
    /// # Errors
    /// If the index is outside the table, or a value or the table is of another
    /// type or store.
    pub fn set(&self, mut store: impl AsContextMut, index: u64, value: Ref) -> Result<()> {
        let mut context = store.as_context_mut();
        let (table, value) = self.with_value(context.opaque_mut(), value)?;
        table.set(index, value).map_err(Trap::from)?;
        Ok(())
    }

    /// Grows by this many elements and returns the previous size.
    ///
    /// # Errors
    /// If the table's type, the store's limits or the system forbid it, or a
    /// value or the table is of another type or store.
    pub fn grow(&self, mut store: impl AsContextMut, delta: u64, init: Ref) -> Result<u64> {
        let mut context = store.as_context_mut();
        let (table, init) = self.with_value(context.opaque_mut(), init)?;
        let grown = table.grow(delta, init);
        grown.ok_or_else(|| Error::msg(format!("failed to grow table by {delta} elements")))
    }

    /// Writes a value to `len` elements from `start` on.
    ///
    /// # Errors
    /// If the range is outside the table, or a value or the table is of another
    /// type or store. Then nothing is written.
    pub fn fill(
        &self,
        mut store: impl AsContextMut,
        start: u64,
        value: Ref,
        len: u64,
    ) -> Result<()> {
        let mut context = store.as_context_mut();
        let (table, value) = self.with_value(context.opaque_mut(), value)?;
        table.fill(start, value, len).map_err(Trap::from)?;
        Ok(())
    }

    /// Copies `len` elements from one table to another or the same. The ranges
    /// may overlap.
    ///
    /// # Errors
    /// If a range is outside its table, the element types do not match, or a
    /// table belongs to another store. Then nothing is written.
    pub fn copy(
        mut store: impl AsContextMut,
        to: &Table,
        to_start: u64,
        from: &Table,
        from_start: u64,
        len: u64,
    ) -> Result<()> {
        let mut context = store.as_context_mut();
        let store = context.opaque_mut();
        store.check(to.store, WHAT)?;
        store.check(from.store, WHAT)?;
        let (target, source) = (store.runtime().table(to.id), store.runtime().table(from.id));
        let (expected, found) = (target.ty().element, source.ty().element);
        if !store.engine().types().ref_type_matches(found, expected) {
            let (expected, found) = (ValType::Ref(expected), ValType::Ref(found));
            return Err(crate::refs::mismatch(expected, format_args!("a table of {found}")));
        }
        store
            .runtime_mut()
            .copy_table((to.id, to_start), (from.id, from_start), len)
            .map_err(Trap::from)?;
        Ok(())
    }

    #[track_caller]
    fn inner(self, store: &StoreOpaque) -> &bimetal_runtime::Table {
        store.expect_own(self.store, WHAT);
        store.runtime().table(self.id)
    }

    /// The table, and a reference that may become one of its elements.
    fn with_value(
        self,
        store: &mut StoreOpaque,
        value: Ref,
    ) -> Result<(&mut bimetal_runtime::Table, Slot)> {
        store.check(self.store, WHAT)?;
        let element = store.runtime().table(self.id).ty().element;
        let value = value.to_slot(store, element).context("element of a table")?;
        Ok((store.runtime_mut().table_mut(self.id), value))
    }
}
