//! Fields of structures, elements of arrays, and `i31`.
//!
//! **What must never happen here:** an offset or kind in a cell does not belong to
//! the type that validation found for the object. Nothing here allocates, so a
//! reference stays good for the whole handler.

use std::marker::PhantomData;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::{Slot, V128};
use bimetal_runtime::gc::layout::{Field, FieldKind};
use bimetal_runtime::gc::{GcRef, Objects};

use super::DEST_FORMS;
use super::place::{A, Dest, Place, Reg, S, ToAcc, ToSlot};
use super::straight::Straight;
use crate::fast::dispatch::{Handler, Regs, handler};

/// How a field is read and written: its kind, and its type on the stack.
pub(crate) trait Access: 'static {
    /// The type on the stack.
    type Value: Reg;
    /// How it is stored.
    const KIND: FieldKind;
    /// The value in slots.
    fn of_slots(slots: [Slot; 2]) -> Self::Value;
    /// The slots of a value.
    fn to_slots(value: Self::Value) -> [Slot; 2];
}

macro_rules! accesses {
    ($($name:ident $kind:ident $ty:ident: $from:expr, $to:expr;)*) => {$(
        /// An access to a field of the kind in its name.
        pub(crate) enum $name {}

        impl Access for $name {
            type Value = $ty;
            const KIND: FieldKind = FieldKind::$kind;
            #[inline(always)] // vanishes into handlers
            fn of_slots(slots: [Slot; 2]) -> $ty {
                let read: fn([Slot; 2]) -> $ty = $from;
                read(slots)
            }
            #[inline(always)] // vanishes into handlers
            fn to_slots(value: $ty) -> [Slot; 2] {
                let write: fn($ty) -> [Slot; 2] = $to;
                write(value)
            }
        }
    )*};
}
accesses! {
    S8 I8 i32: |[low, _]| i32::from(low.u32() as i8), |value| one(Slot::from_i32(value));
    U8 I8 i32: |[low, _]| low.i32(), |value| one(Slot::from_i32(value));
    S16 I16 i32: |[low, _]| i32::from(low.u32() as i16), |value| one(Slot::from_i32(value));
    U16 I16 i32: |[low, _]| low.i32(), |value| one(Slot::from_i32(value));
    I32 I32 i32: |[low, _]| low.i32(), |value| one(Slot::from_i32(value));
    I64 I64 i64: |[low, _]| low.i64(), |value| one(Slot::from_bits(value as u64));
    F32 F32 f32: |[low, _]| f32::from_bits(low.u32()), |value| one(Slot::from_bits(value.to_bits().into()));
    F64 F64 f64: |[low, _]| f64::from_bits(low.bits()), |value| one(Slot::from_bits(value.to_bits()));
    Vector V128 V128: V128::from_slots, V128::to_slots;
    Ref Ref i64: |[low, _]| low.i64(), |value| one(Slot::from_bits(value as u64));
    Func Func i64: |[low, _]| low.i64(), |value| one(Slot::from_bits(value as u64));
}

#[inline(always)] // vanishes into handlers
fn one(low: Slot) -> [Slot; 2] {
    [low, Slot::ZERO]
}

/// The objects of the store.
#[inline(always)] // vanishes into handlers
unsafe fn objects(r: Regs) -> Objects {
    // SAFETY: the context's store is valid and outlives the handler.
    unsafe { Objects::of((*r.cx).store) }
}

/// The reference in a slot.
#[inline(always)] // vanishes into handlers
unsafe fn reference(r: Regs, field: usize) -> GcRef {
    // SAFETY: the cell names a slot with a reference in this field.
    GcRef::from_bits(unsafe { *r.slot(field) } as u32)
}

/// `struct.get`: `[handler, dst object | offset]`.
pub(crate) struct StructGet<K, P, D>(PhantomData<(K, P, D)>);

impl<K: Access, P: Place, D: Dest> Straight for StructGet<K, P, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for a field of this kind.
        unsafe {
            let object = GcRef::from_bits(P::read::<i64>(r, 1, 2) as u32);
            if object.is_null() {
                return Err(TrapCode::NullStructureReference);
            }
            let field = Field { offset: r.imm(), kind: K::KIND };
            Ok(D::write(r, K::of_slots(objects(r).get(object, field))).behind(2))
        }
    }
}

/// `struct.set`: `[handler, value object | offset]`.
pub(crate) struct StructSet<K, P>(PhantomData<(K, P)>);

impl<K: Access, P: Place> Straight for StructSet<K, P> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for a field of this kind.
        unsafe {
            let object = reference(r, 1);
            if object.is_null() {
                return Err(TrapCode::NullStructureReference);
            }
            let field = Field { offset: r.imm(), kind: K::KIND };
            objects(r).set(object, field, K::to_slots(P::read::<K::Value>(r, 0, 2)));
            Ok(r.behind(2))
        }
    }
}

/// Traps if the reference is not to an array that has the element.
#[inline(always)] // vanishes into handlers
unsafe fn check(r: Regs, array: GcRef, index: u32) -> Result<(), TrapCode> {
    if array.is_null() {
        return Err(TrapCode::NullArrayReference);
    }
    // SAFETY: a reference to an array of the store.
    let length = unsafe { objects(r) }.length(array);
    if index < length { Ok(()) } else { Err(TrapCode::ArrayOutOfBounds) }
}

/// `array.get`: `[handler, dst array index ., offset of the first element]`.
pub(crate) struct ArrayGet<K, P, D>(PhantomData<(K, P, D)>);

impl<K: Access, P: Place, D: Dest> Straight for ArrayGet<K, P, D> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for elements of this kind; the index has
        // been checked.
        unsafe {
            let (array, index) = (reference(r, 1), P::read::<i32>(r, 2, 2) as u32);
            check(r, array, index)?;
            let first = Field { offset: r.half(2, 0), kind: K::KIND };
            Ok(D::write(r, K::of_slots(objects(r).get_element(array, first, index))).behind(3))
        }
    }
}

/// `array.set`: `[handler, value array index ., offset of the first element]`.
pub(crate) struct ArraySet<K, P>(PhantomData<(K, P)>);

impl<K: Access, P: Place> Straight for ArraySet<K, P> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: as for `ArrayGet`.
        unsafe {
            let (array, index) = (reference(r, 1), *r.slot(2) as u32);
            check(r, array, index)?;
            let first = Field { offset: r.half(2, 0), kind: K::KIND };
            let value = K::to_slots(P::read::<K::Value>(r, 0, 2));
            objects(r).set_element(array, first, index, value);
            Ok(r.behind(3))
        }
    }
}

/// `array.len`: `[handler, dst array . .]`.
pub(crate) enum ArrayLen {}

impl Straight for ArrayLen {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let array = reference(r, 1);
            if array.is_null() {
                return Err(TrapCode::NullArrayReference);
            }
            Ok(ToSlot::write(r, objects(r).length(array).cast_signed()).behind(2))
        }
    }
}

/// `ref.i31`: `[handler, dst number . .]`.
pub(crate) enum RefI31 {}

impl Straight for RefI31 {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let value = GcRef::i31(*r.slot(1) as i32);
            Ok(ToSlot::write(r, value.slot().i64()).behind(2))
        }
    }
}

/// `i31.get_s` or `i31.get_u`: `[handler, dst i31 . .]`.
pub(crate) struct I31Get<const SIGNED: bool>;

impl<const SIGNED: bool> Straight for I31Get<SIGNED> {
    #[inline(always)] // vanishes into handlers
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode> {
        // SAFETY: the cell was linked for this body.
        unsafe {
            let value = reference(r, 1);
            let number = if SIGNED { value.i31_signed() } else { value.i31_unsigned() };
            let number = number.ok_or(TrapCode::NullI31Reference)?;
            Ok(ToSlot::write(r, number).behind(2))
        }
    }
}

/// The handlers of accesses to one kind of field.
pub(crate) struct AccessHandlers {
    /// By place of the object and of the result.
    pub(crate) struct_get: [[Handler; DEST_FORMS]; 2],
    /// By place of the value.
    pub(crate) struct_set: [Handler; 2],
    /// By place of the index and of the result.
    pub(crate) array_get: [[Handler; DEST_FORMS]; 2],
    /// By place of the value.
    pub(crate) array_set: [Handler; 2],
}

impl AccessHandlers {
    const fn of<K: Access>() -> AccessHandlers {
        AccessHandlers {
            struct_get: [
                [handler::<StructGet<K, S, ToAcc>>, handler::<StructGet<K, S, ToSlot>>],
                [handler::<StructGet<K, A, ToAcc>>, handler::<StructGet<K, A, ToSlot>>],
            ],
            struct_set: [handler::<StructSet<K, S>>, handler::<StructSet<K, A>>],
            array_get: [
                [handler::<ArrayGet<K, S, ToAcc>>, handler::<ArrayGet<K, S, ToSlot>>],
                [handler::<ArrayGet<K, A, ToAcc>>, handler::<ArrayGet<K, A, ToSlot>>],
            ],
            array_set: [handler::<ArraySet<K, S>>, handler::<ArraySet<K, A>>],
        }
    }
}

/// The handlers for a kind of field; `signed` says how packed ones are extended.
pub(crate) fn access_handlers(kind: FieldKind, signed: bool) -> &'static AccessHandlers {
    macro_rules! of {
        ($kind:ty) => {{
            static HANDLERS: AccessHandlers = AccessHandlers::of::<$kind>();
            &HANDLERS
        }};
    }
    match (kind, signed) {
        (FieldKind::I8, true) => of!(S8),
        (FieldKind::I8, false) => of!(U8),
        (FieldKind::I16, true) => of!(S16),
        (FieldKind::I16, false) => of!(U16),
        (FieldKind::I32, _) => of!(I32),
        (FieldKind::I64, _) => of!(I64),
        (FieldKind::F32, _) => of!(F32),
        (FieldKind::F64, _) => of!(F64),
        (FieldKind::V128, _) => of!(Vector),
        (FieldKind::Ref, _) => of!(Ref),
        (FieldKind::Func, _) => of!(Func),
    }
}
