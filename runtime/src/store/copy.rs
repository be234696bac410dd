//! Copies between tables of one store.

use bimetal_core::trap::TrapCode;

use super::{Store, TableId};

impl Store {
    /// Copies elements between tables, which may be the same (spec: `table.copy`).
    /// Whether the types match is the caller's business.
    ///
    /// # Errors
    /// [`TrapCode::TableOutOfBounds`], without effect.
    pub fn copy_table(
        &mut self,
        (to, to_start): (TableId, u64),
        (from, from_start): (TableId, u64),
        count: u64,
    ) -> Result<(), TrapCode> {
        let (to, from) = (self.table(to).vm(), self.table(from).vm());
        // SAFETY: both are tables of this store, which is borrowed here alone.
        unsafe { crate::table::copy(to, from, [to_start, from_start, count]) }
    }
}
