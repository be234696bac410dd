//! Globals.

use std::ptr::NonNull;

use bimetal_core::types::GlobalType;
use bimetal_core::value::Slot;

use crate::cells::Cells;
use crate::vmctx::VmGlobal;

/// A global: its value stands in a cell of its own that guest code reaches.
#[derive(Debug)]
pub struct Global {
    ty: GlobalType,
    vm: NonNull<VmGlobal>,
}

impl Global {
    /// A global of this value, which lives as long as the cells. `ty` holds canonical type
    /// ids.
    pub(crate) fn new(ty: GlobalType, value: [Slot; 2], cells: &mut Cells) -> Global {
        Global { ty, vm: cells.add(VmGlobal { value }) }
    }

    /// Its type, in canonical type ids.
    pub fn ty(&self) -> &GlobalType {
        &self.ty
    }

    /// The cell that guest code reads: valid as long as the global.
    pub fn vm(&self) -> *mut VmGlobal {
        self.vm.as_ptr()
    }

    /// The value: the first slot alone for everything but vectors.
    pub fn get(&self) -> [Slot; 2] {
        // SAFETY: `vm` is valid as long as `self`.
        unsafe { (*self.vm.as_ptr()).value }
    }

    /// Writes the value, which must be of the global's type. Whether the global
    /// is mutable is the caller's business.
    pub fn set(&mut self, value: [Slot; 2]) {
        // SAFETY: as in `get`; guest code does not run while the store is here.
        unsafe { (*self.vm.as_ptr()).value = value };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bimetal_core::types::ValType;

    #[test]
    fn a_vector_uses_both_halves_and_guest_code_sees_them() {
        let ty = GlobalType { content: ValType::V128, mutable: true };
        let mut cells = Cells::new();
        let value = [Slot::from_bits(1), Slot::from_bits(2)];
        let mut global = Global::new(ty, value, &mut cells);
        global.set([Slot::from_bits(3), Slot::from_bits(4)]);
        // SAFETY: the global is alive and not borrowed.
        let seen = unsafe { (*global.vm()).value };
        assert_eq!(seen, [Slot::from_bits(3), Slot::from_bits(4)]);
        assert_eq!(global.get(), seen);
    }
}
