//! Rust types that stand for WebAssembly types, alone and in lists.

use bimetal_core::types::{HeapType, RefType, ValType};
use bimetal_core::value::{Scalar, Slot, V128};

use crate::any::{AnyRef, EqRef};
use crate::array::ArrayRef;
use crate::error::Result;
use crate::exception::ExnRef;
use crate::extern_ref::ExternRef;
use crate::func::Func;
use crate::i31::I31Ref;
use crate::rooted::Rooted;
use crate::store::StoreOpaque;
use crate::structure::StructRef;

/// A Rust type that stands for a WebAssembly type: `i32`, `u32`, `i64`, `u64`,
/// `f32`, `f64`, [`V128`], [`Func`], and [`Rooted`] references to [`ExternRef`],
/// [`AnyRef`], [`EqRef`], [`I31Ref`], [`StructRef`], [`ArrayRef`] and [`ExnRef`]; with
/// an `Option` around them, references may be null.
pub trait WasmTy: Value {}

impl<T: Value> WasmTy for T {}

/// Parameters of a typed function: `()`, one [`WasmTy`], or a tuple of up to
/// sixteen.
pub trait WasmParams: List {}

impl<L: List> WasmParams for L {}

/// Results of a typed function: `()`, one [`WasmTy`], or a tuple of up to
/// sixteen.
pub trait WasmResults: List {}

impl<L: List> WasmResults for L {}

#[diagnostic::on_unimplemented(
    message = "`{Self}` does not stand for a WebAssembly type",
    note = "these do: i32, u32, i64, u64, f32, f64, V128, Func, Option<Func>, Rooted<..>, Option<Rooted<..>>"
)]
/// One value in slots. Only this crate implements it.
pub trait Value: Send + Sized + 'static {
    /// The type that `Self` stands for.
    const TYPE: ValType;

    /// The slots of the value, of which [`ValType::slots`] count.
    ///
    /// # Errors
    /// If the value belongs to another store.
    fn into_slots(self, store: &StoreOpaque) -> Result<[Slot; 2]>;

    /// The value in these slots.
    ///
    /// # Safety
    /// The slots hold a value of this type of this store.
    unsafe fn from_slots(store: &mut StoreOpaque, slots: [Slot; 2]) -> Self;
}

macro_rules! scalars {
    ($($ty:ty as $scalar:ty;)*) => {$(
        impl Value for $ty {
            const TYPE: ValType = <$scalar as Scalar>::TYPE;

            #[inline(always)]
            fn into_slots(self, _: &StoreOpaque) -> Result<[Slot; 2]> {
                Ok([<$scalar as Scalar>::into_slot(self as $scalar), Slot::ZERO])
            }

            #[inline(always)]
            unsafe fn from_slots(_: &mut StoreOpaque, slots: [Slot; 2]) -> Self {
                <$scalar as Scalar>::from_slot(slots[0]) as $ty
            }
        }
    )*};
}

scalars! {
    i32 as i32;
    u32 as i32;
    i64 as i64;
    u64 as i64;
    f32 as f32;
    f64 as f64;
}

impl Value for V128 {
    const TYPE: ValType = ValType::V128;

    fn into_slots(self, _: &StoreOpaque) -> Result<[Slot; 2]> {
        Ok(self.to_slots())
    }

    unsafe fn from_slots(_: &mut StoreOpaque, slots: [Slot; 2]) -> Self {
        V128::from_slots(slots)
    }
}

macro_rules! references {
    ($($what:ty: $heap:ident;)*) => {$(
        impl Value for Rooted<$what> {
            const TYPE: ValType = ValType::Ref(RefType { nullable: false, heap: HeapType::$heap });

            fn into_slots(self, store: &StoreOpaque) -> Result<[Slot; 2]> {
                Ok([self.bits(store)?, Slot::ZERO])
            }

            unsafe fn from_slots(store: &mut StoreOpaque, slots: [Slot; 2]) -> Self {
                Rooted::new(store, slots[0])
            }
        }

        impl Value for Option<Rooted<$what>> {
            const TYPE: ValType = ValType::Ref(RefType { nullable: true, heap: HeapType::$heap });

            fn into_slots(self, store: &StoreOpaque) -> Result<[Slot; 2]> {
                self.map_or(Ok([Slot::ZERO; 2]), |value| value.into_slots(store))
            }

            unsafe fn from_slots(store: &mut StoreOpaque, slots: [Slot; 2]) -> Self {
                (slots[0] != Slot::ZERO).then(|| Rooted::new(store, slots[0]))
            }
        }
    )*};
}

references! {
    ExternRef: Extern;
    AnyRef: Any;
    EqRef: Eq;
    I31Ref: I31;
    StructRef: Struct;
    ArrayRef: Array;
    ExnRef: Exn;
}

impl Value for Option<Func> {
    const TYPE: ValType = ValType::FUNCREF;

    fn into_slots(self, store: &StoreOpaque) -> Result<[Slot; 2]> {
        self.map_or(Ok([Slot::ZERO; 2]), |func| func.into_slots(store))
    }

    unsafe fn from_slots(store: &mut StoreOpaque, slots: [Slot; 2]) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Func::from_bits(store, slots[0]) }
    }
}

impl Value for Func {
    const TYPE: ValType = ValType::Ref(RefType { nullable: false, heap: HeapType::Func });

    fn into_slots(self, store: &StoreOpaque) -> Result<[Slot; 2]> {
        self.record(store)?;
        Ok([self.bits(), Slot::ZERO])
    }

    unsafe fn from_slots(store: &mut StoreOpaque, slots: [Slot; 2]) -> Self {
        // SAFETY: the caller's promise: it is not null.
        unsafe { Func::from_bits(store, slots[0]) }.expect("a value of the type is not null")
    }
}

/// Values in consecutive slots. Only this crate implements it.
pub trait List: Send + Sized + 'static {
    /// The types that `Self` stands for.
    const TYPES: &'static [ValType];

    /// Writes the values.
    ///
    /// # Errors
    /// If a value belongs to another store.
    ///
    /// # Safety
    /// There is room at `slots` for values of these types.
    unsafe fn write(self, store: &StoreOpaque, slots: *mut Slot) -> Result<()>;

    /// Reads the values.
    ///
    /// # Safety
    /// The slots hold values of these types of this store.
    unsafe fn read(store: &mut StoreOpaque, slots: *const Slot) -> Self;
}

/// Writes one value and returns what is behind it.
#[inline(always)]
unsafe fn put<T: Value>(value: T, store: &StoreOpaque, slots: *mut Slot) -> Result<*mut Slot> {
    let [low, high] = value.into_slots(store)?;
    // SAFETY: the caller's promise: there is room for a value of this type.
    unsafe {
        slots.write(low);
        if matches!(T::TYPE, ValType::V128) {
            slots.add(1).write(high);
        }
        Ok(slots.add(T::TYPE.slots() as usize))
    }
}

/// Reads one value and moves behind it.
#[inline(always)]
unsafe fn take<T: Value>(store: &mut StoreOpaque, slots: &mut *const Slot) -> T {
    // SAFETY: the caller's promise: the slots hold a value of this type.
    unsafe {
        let wide = matches!(T::TYPE, ValType::V128);
        let value = [slots.read(), if wide { slots.add(1).read() } else { Slot::ZERO }];
        *slots = slots.add(T::TYPE.slots() as usize);
        T::from_slots(store, value)
    }
}

impl<T: Value> List for T {
    const TYPES: &'static [ValType] = &[T::TYPE];

    #[inline(always)]
    unsafe fn write(self, store: &StoreOpaque, slots: *mut Slot) -> Result<()> {
        // SAFETY: the caller's promise.
        unsafe { put(self, store, slots).map(drop) }
    }

    #[inline(always)]
    unsafe fn read(store: &mut StoreOpaque, mut slots: *const Slot) -> Self {
        // SAFETY: the caller's promise.
        unsafe { take(store, &mut slots) }
    }
}

macro_rules! tuples {
    ($($name:ident)*) => {
        #[allow(non_snake_case, reason = "a variable is called like its type")]
        #[allow(clippy::unused_unit, reason = "the empty tuple is one of them")]
        impl<$($name: Value),*> List for ($($name,)*) {
            const TYPES: &'static [ValType] = &[$($name::TYPE),*];

            #[inline(always)]
            unsafe fn write(self, _store: &StoreOpaque, _slots: *mut Slot) -> Result<()> {
                let ($($name,)*) = self;
                // SAFETY: the caller's promise, value by value.
                $(let _slots = unsafe { put($name, _store, _slots)? };)*
                Ok(())
            }

            #[inline(always)]
            unsafe fn read(_store: &mut StoreOpaque, mut _slots: *const Slot) -> Self {
                // SAFETY: the caller's promise, value by value, in order.
                ($(unsafe { take::<$name>(_store, &mut _slots) },)*)
            }
        }
    };
}

crate::func::into_func::for_each_arity!(tuples);
