//! Instructions that make objects, and casts.
//!
//! Operands stay in their slots until the object is there: a collection updates
//! them. So nobody else need report them.

use bimetal_core::index::{DataIdx, ElemIdx, TypeIdx};
use bimetal_core::ops::gc::cast_type;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::{HeapType, RefType};
use bimetal_core::value::Slot;

use super::instance;
use crate::gc::layout::FieldKind;
use crate::gc::{GcRef, Objects};
use crate::store::Store;
use crate::types::VmType;
use crate::vmctx::{BuiltinResult, VmCtx};

/// What a function of this file has to do with: a type and operands.
pub(super) struct Call {
    cx: *mut VmCtx,
    pub(super) imm: SlowImm,
    slots: *mut Slot,
}

impl Call {
    /// # Safety
    /// As `GcBuiltin` says: the context is live, the immediates come from
    /// validated code of its module, and the operands are of the types that the
    /// instruction asks for. No reference to the store is used.
    pub(super) unsafe fn new(cx: *mut VmCtx, imm: u64, slots: *mut Slot) -> Call {
        Call { cx, imm: SlowImm::unpack(imm), slots }
    }

    /// The canonical id of a type of the module.
    pub(super) fn type_id(&self, index: u32) -> u32 {
        // SAFETY: by the promise of `new`; the ids stand at the layout's offset.
        unsafe {
            let offset = instance(self.cx).layout().type_id(TypeIdx(index));
            self.cx.byte_add(offset as usize).cast::<u32>().read()
        }
    }

    /// The record of a type of the module.
    pub(super) fn ty(&self, index: u32) -> VmType {
        let id = self.type_id(index);
        *self.store().type_table(id).get(id)
    }

    pub(super) fn store<'a>(&self) -> &'a mut Store {
        // SAFETY: by the promise of `new`; callers drop the reference at once.
        unsafe { Store::from_vm((*self.cx).store) }
    }

    pub(super) fn objects(&self) -> Objects {
        // SAFETY: by the promise of `new`.
        unsafe { Objects::of((*self.cx).store) }
    }

    /// The operand in a slot.
    pub(super) fn slot(&self, index: usize) -> Slot {
        // SAFETY: callers ask for operands that the instruction has.
        unsafe { *self.slots.add(index) }
    }

    /// The operand of a field of this kind in the slots from `index` on.
    pub(super) fn value(&self, index: usize, kind: FieldKind) -> [Slot; 2] {
        let high = if kind.slots() == 2 { self.slot(index + 1) } else { Slot::ZERO };
        [self.slot(index), high]
    }

    /// The references of an element segment.
    pub(super) fn elem<'a>(&self, index: u32) -> &'a [Slot] {
        // SAFETY: the instance lives as long as the store; callers drop the
        // result before anything else happens to the segment.
        unsafe { instance(self.cx).segments.elem(ElemIdx(index)) }
    }

    /// The bytes of a data segment.
    pub(super) fn data<'a>(&self, index: u32) -> &'a [u8] {
        // SAFETY: as in `elem`.
        unsafe {
            let instance = instance(self.cx);
            instance.segments.data(instance.module(), DataIdx(index))
        }
    }

    /// A new object of zeros.
    fn allocate(&self, length: u32) -> Result<GcRef, TrapCode> {
        // SAFETY: as in `struct_new`.
        unsafe { self.store().allocate(self.type_id(self.imm.a), length, &mut |_| {}) }
    }
}

/// What a function that gives a reference returns.
fn object(result: Result<GcRef, TrapCode>) -> BuiltinResult {
    match result {
        Ok(object) => BuiltinResult { value: object.slot().bits(), trap: 0 },
        Err(code) => BuiltinResult { value: 0, trap: code as u64 },
    }
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident: $with:path;)*) => {$(
        $(#[$doc])*
        pub(super) unsafe extern "C-unwind" fn $name(
            cx: *mut VmCtx,
            imm: u64,
            slots: *mut Slot,
        ) -> BuiltinResult {
            // SAFETY: the contract of `GcBuiltin`.
            object($with(&unsafe { Call::new(cx, imm, slots) }))
        }
    )*};
}

constructors! {
    /// `struct.new`
    struct_new: Call::struct_new;
    /// `struct.new_default`
    struct_new_default: Call::struct_new_default;
    /// `array.new`
    array_new: Call::array_new;
    /// `array.new_default`
    array_new_default: Call::array_new_default;
    /// `array.new_fixed`
    array_new_fixed: Call::array_new_fixed;
    /// `array.new_data`
    array_new_data: Call::array_new_data;
    /// `array.new_elem`
    array_new_elem: Call::array_new_elem;
}

impl Call {
    fn struct_new(&self) -> Result<GcRef, TrapCode> {
        // SAFETY: tiers set their exit fields before they call, and keep in roots
        // what is not an operand; the instruction has these operands.
        unsafe { self.store().new_struct(self.type_id(self.imm.a), self.slots) }
    }

    fn struct_new_default(&self) -> Result<GcRef, TrapCode> {
        self.allocate(0)
    }

    fn array_new(&self) -> Result<GcRef, TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let length = self.slot(element.kind.slots()).u32();
        // SAFETY: as in `struct_new`.
        unsafe { self.store().new_array(self.type_id(self.imm.a), length, self.slots) }
    }

    fn array_new_default(&self) -> Result<GcRef, TrapCode> {
        self.allocate(self.slot(0).u32())
    }

    fn array_new_fixed(&self) -> Result<GcRef, TrapCode> {
        let id = self.type_id(self.imm.a);
        // SAFETY: as in `struct_new`.
        unsafe { self.store().new_array_fixed(id, self.imm.b, self.slots) }
    }

    fn array_new_data(&self) -> Result<GcRef, TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let [start, length] = [0, 1].map(|at| self.slot(at).u32());
        let bytes = super::array::data_range(self.data(self.imm.b), start, length, element.kind)?;
        let array = self.allocate(length)?;
        self.objects().write_bytes(array, element, 0, bytes);
        Ok(array)
    }

    fn array_new_elem(&self) -> Result<GcRef, TrapCode> {
        let element = self.ty(self.imm.a).layout().element();
        let [start, length] = [0, 1].map(|at| self.slot(at).u32());
        let range = super::array::elem_range(self.elem(self.imm.b), start, length)?;
        let array = self.allocate(length)?;
        // A collection has updated the segment, too.
        for (index, &item) in (0..).zip(&self.elem(self.imm.b)[range]) {
            self.objects().set_element(array, element, index, [item, Slot::ZERO]);
        }
        Ok(array)
    }
}

/// `ref.test`
pub(super) unsafe extern "C-unwind" fn ref_test(
    cx: *mut VmCtx,
    imm: u64,
    slots: *mut Slot,
) -> BuiltinResult {
    // SAFETY: the contract of `GcBuiltin`.
    let call = unsafe { Call::new(cx, imm, slots) };
    let to = cast_type(call.imm);
    let heap = match to.heap {
        HeapType::Concrete(index) => HeapType::Concrete(call.type_id(index)),
        heap => heap,
    };
    // SAFETY: as above: the operand is a reference of the type's hierarchy.
    let has = unsafe { call.store().ref_has_type(call.slot(0), RefType { heap, ..to }) };
    BuiltinResult { value: has.into(), trap: 0 }
}
