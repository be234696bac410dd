//! Objects as the reference interpreter reaches them: the rest of [`super::access`].
//!
//! **What must never happen here:** a reference to an object is used after
//! something was allocated.

use bimetal_core::index::{GlobalIdx, TableIdx, TypeIdx};
use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_runtime::gc::layout::Field;
use bimetal_runtime::gc::{GcRef, Objects};

use super::access::Context;

impl Context<'_> {
    /// The objects of the store. Methods are given references to objects of types
    /// that validation has checked.
    pub(super) fn objects(self) -> Objects {
        // SAFETY: the store outlives the activation; references are on the operand
        // stack when a collection runs, and read again after it.
        unsafe { Objects::of(self.vm_store()) }
    }

    /// A field of a structure type, or the element (0) of an array type.
    pub(super) fn field(self, ty: TypeIdx, index: u32) -> Field {
        // SAFETY: the ids of the module's types are known to its store.
        let record = unsafe { &*(*self.vm_store()).types.add(self.type_id(ty) as usize) };
        record.layout().fields[index as usize]
    }

    /// Whether a collection follows values of this type of the module.
    pub(super) fn is_collected(self, ty: ValType) -> bool {
        self.module().module().is_collected(ty)
    }

    /// Whether a collection follows the value of a global.
    pub(super) fn global_is_collected(self, global: GlobalIdx) -> bool {
        self.is_collected(self.module().module().globals[global.index()].ty.content)
    }

    /// Whether a collection follows the elements of a table.
    pub(super) fn table_is_collected(self, table: TableIdx) -> bool {
        self.is_collected(ValType::Ref(self.module().module().tables[table.index()].ty.element))
    }

    /// The position of an element, if the reference is to an array that has it.
    pub(super) fn check_element(self, array: GcRef, index: u32) -> Result<(), TrapCode> {
        if array.is_null() {
            Err(TrapCode::NullArrayReference)
        } else if index >= self.objects().length(array) {
            Err(TrapCode::ArrayOutOfBounds)
        } else {
            Ok(())
        }
    }

    /// Has the runtime execute an instruction on objects; `operands` are its own.
    pub(super) fn gc_builtin(
        self,
        op: GcBuiltinOp,
        imm: SlowImm,
        operands: *mut Slot,
    ) -> Result<Slot, TrapCode> {
        let cx = self.as_ptr();
        // SAFETY: there is one builtin per op; the immediates come from validated
        // code of this module, the operands are of the op's types, and the machine
        // has been left: its stack is known to a collection.
        let result = unsafe { (*(*cx).gc_builtins.add(op as usize))(cx, imm.pack(), operands) };
        // A number that is no trap's is zero: there was none.
        match TrapCode::from_u8(result.trap as u8) {
            Some(trap) => Err(trap),
            None => Ok(Slot::from_bits(result.value)),
        }
    }
}
