//! Bulk instructions on arrays: each checks everything before it writes.

use std::ops::Range;

use bimetal_core::addr::range_in_bounds;
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use super::done;
use super::gc::Call;
use crate::gc::GcRef;
use crate::gc::layout::FieldKind;
use crate::vmctx::{BuiltinResult, VmCtx};

/// The bytes of a data segment that make so many elements.
pub(super) fn data_range(
    data: &[u8],
    start: u32,
    length: u32,
    kind: FieldKind,
) -> Result<&[u8], TrapCode> {
    let (start, count) = (u64::from(start), u64::from(length) << kind.size_log2());
    if range_in_bounds(start, count, data.len() as u64) {
        Ok(&data[start as usize..(start + count) as usize])
    } else {
        Err(TrapCode::MemoryOutOfBounds)
    }
}

/// The positions of so many references of an element segment.
pub(super) fn elem_range(
    items: &[Slot],
    start: u32,
    length: u32,
) -> Result<Range<usize>, TrapCode> {
    if range_in_bounds(start.into(), length.into(), items.len() as u64) {
        Ok(start as usize..start as usize + length as usize)
    } else {
        Err(TrapCode::TableOutOfBounds)
    }
}

impl Call {
    /// The array in a slot, whose elements from `start` on are to be used.
    fn array(&self, slot: usize, start: u32, count: u32) -> Result<GcRef, TrapCode> {
        let array = GcRef::from_slot(self.slot(slot));
        if array.is_null() {
            return Err(TrapCode::NullArrayReference);
        }
        let length = self.objects().length(array);
        if range_in_bounds(start.into(), count.into(), length.into()) {
            Ok(array)
        } else {
            Err(TrapCode::ArrayOutOfBounds)
        }
    }

    fn array_fill(&self) -> Result<(), TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let start = self.slot(1).u32();
        let count = self.slot(2 + element.kind.slots()).u32();
        let array = self.array(0, start, count)?;
        let end = start + count;
        self.objects().fill(array, element, start..end, self.value(2, element.kind));
        Ok(())
    }

    fn array_copy(&self) -> Result<(), TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let [to_start, from_start, count] = [1, 3, 4].map(|at| self.slot(at).u32());
        let to = self.array(0, to_start, count)?;
        let from = self.array(2, from_start, count)?;
        self.objects().copy(element, (to, to_start), (from, from_start), count);
        Ok(())
    }

    fn array_init_data(&self) -> Result<(), TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let [to, from, count] = [1, 2, 3].map(|at| self.slot(at).u32());
        let array = self.array(0, to, count)?;
        let bytes = data_range(self.data(self.imm.b), from, count, element.kind)?;
        self.objects().write_bytes(array, element, to, bytes);
        Ok(())
    }

    fn array_init_elem(&self) -> Result<(), TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let [to, from, count] = [1, 2, 3].map(|at| self.slot(at).u32());
        let array = self.array(0, to, count)?;
        let items = self.elem(self.imm.b);
        let range = elem_range(items, from, count)?;
        for (index, &item) in (to..).zip(&items[range]) {
            self.objects().set_element(array, element, index, [item, Slot::ZERO]);
        }
        Ok(())
    }
}

macro_rules! bulk {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub(super) unsafe extern "C-unwind" fn $name(
            cx: *mut VmCtx,
            imm: u64,
            slots: *mut Slot,
        ) -> BuiltinResult {
            // SAFETY: the contract of `GcBuiltin`.
            done(unsafe { Call::new(cx, imm, slots) }.$name())
        }
    )*};
}

bulk! {
    /// `array.fill`
    array_fill;
    /// `array.copy`
    array_copy;
    /// `array.init_data`
    array_init_data;
    /// `array.init_elem`
    array_init_elem;
}
