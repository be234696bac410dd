//! Values as the tiers hold them: untyped 64-bit [`Slot`]s and [`V128`].

use crate::types::ValType;

/// One untyped 64-bit cell of a frame, an argument list or a table.
///
/// A 32-bit value lives in the low half; **the high half of a slot that holds a
/// 32-bit value is unspecified**, so readers truncate. References are stored as
/// the raw bits that the runtime gives them, null being all zeros.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(transparent)]
pub struct Slot(u64);

impl Slot {
    /// All bits zero: the default of every number and the null reference.
    pub const ZERO: Slot = Slot(0);

    /// A slot of these 64 bits.
    #[inline(always)]
    pub const fn from_bits(bits: u64) -> Slot {
        Slot(bits)
    }
    /// All 64 bits.
    #[inline(always)]
    pub const fn bits(self) -> u64 {
        self.0
    }
    /// A slot that holds an `i32`, zero-extended.
    #[inline(always)]
    pub const fn from_i32(value: i32) -> Slot {
        Slot(value as u32 as u64)
    }
    /// The low half as an `i32`.
    #[inline(always)]
    pub const fn i32(self) -> i32 {
        self.0 as i32
    }
    /// The low half as an unsigned number.
    #[inline(always)]
    pub const fn u32(self) -> u32 {
        self.0 as u32
    }
    /// A slot that holds an `i64`.
    #[inline(always)]
    pub const fn from_i64(value: i64) -> Slot {
        Slot(value as u64)
    }
    /// The slot as an `i64`.
    #[inline(always)]
    pub const fn i64(self) -> i64 {
        self.0 as i64
    }
    /// A slot that holds an `f32`, bit for bit.
    #[inline(always)]
    pub const fn from_f32(value: f32) -> Slot {
        Slot(value.to_bits() as u64)
    }
    /// The low half as an `f32`, bit for bit.
    #[inline(always)]
    pub const fn f32(self) -> f32 {
        f32::from_bits(self.0 as u32)
    }
    /// A slot that holds an `f64`, bit for bit.
    #[inline(always)]
    pub const fn from_f64(value: f64) -> Slot {
        Slot(value.to_bits())
    }
    /// The slot as an `f64`, bit for bit.
    #[inline(always)]
    pub const fn f64(self) -> f64 {
        f64::from_bits(self.0)
    }
}

/// A 128-bit vector, its bytes in memory order (lane 0 first).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(C, align(16))]
pub struct V128(pub [u8; 16]);

impl V128 {
    /// The vector of these bits, lane 0 in the lowest.
    #[inline]
    pub const fn from_u128(bits: u128) -> V128 {
        V128(bits.to_le_bytes())
    }
    /// All bits, lane 0 in the lowest.
    #[inline]
    pub const fn to_u128(self) -> u128 {
        u128::from_le_bytes(self.0)
    }
    /// The two slots that hold the vector, the one with lane 0 first.
    #[inline]
    pub const fn to_slots(self) -> [Slot; 2] {
        let bits = self.to_u128();
        [Slot(bits as u64), Slot((bits >> 64) as u64)]
    }
    /// The vector held by two slots, the one with lane 0 first.
    #[inline]
    pub const fn from_slots(slots: [Slot; 2]) -> V128 {
        V128::from_u128(slots[0].0 as u128 | (slots[1].0 as u128) << 64)
    }
}

/// A Rust type that represents a WebAssembly number type in one [`Slot`].
pub trait Scalar: Copy + 'static {
    /// The number type that `Self` represents.
    const TYPE: ValType;
    /// The value held by a slot.
    fn from_slot(slot: Slot) -> Self;
    /// A slot that holds the value.
    fn into_slot(self) -> Slot;
}

macro_rules! scalars {
    ($($ty:ty, $val:ident, $get:ident, $from:ident;)*) => {$(
        impl Scalar for $ty {
            const TYPE: ValType = ValType::$val;
            #[inline(always)]
            fn from_slot(slot: Slot) -> Self {
                slot.$get()
            }
            #[inline(always)]
            fn into_slot(self) -> Slot {
                Slot::$from(self)
            }
        }
    )*};
}

scalars! {
    i32, I32, i32, from_i32;
    i64, I64, i64, from_i64;
    f32, F32, f32, from_f32;
    f64, F64, f64, from_f64;
}

/// A Rust type that represents a number or vector type in one or two slots.
pub trait VecValue: Copy + 'static {
    /// The number or vector type that `Self` represents.
    const TYPE: ValType;
    /// The value held by the first of these slots; as many are needed as the
    /// type [takes](ValType::slots).
    ///
    /// # Panics
    /// If there are fewer.
    fn from_slots(slots: &[Slot]) -> Self;
    /// The slots that hold the value; the second of a number is zero.
    fn into_slots(self) -> [Slot; 2];
}

impl<T: Scalar> VecValue for T {
    const TYPE: ValType = T::TYPE;
    #[inline(always)]
    fn from_slots(slots: &[Slot]) -> Self {
        T::from_slot(slots[0])
    }
    #[inline(always)]
    fn into_slots(self) -> [Slot; 2] {
        [self.into_slot(), Slot::ZERO]
    }
}

impl VecValue for V128 {
    const TYPE: ValType = ValType::V128;
    #[inline(always)]
    fn from_slots(slots: &[Slot]) -> Self {
        V128::from_slots([slots[0], slots[1]])
    }
    #[inline(always)]
    fn into_slots(self) -> [Slot; 2] {
        self.to_slots()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_32_bit_value_ignores_the_high_half() {
        assert_eq!(Slot::from_bits(0xdead_beef_ffff_ffff).i32(), -1);
        assert_eq!(Slot::from_i32(-1).bits(), 0xffff_ffff);
    }

    #[test]
    fn a_signalling_nan_survives_a_slot() {
        let bits = 0x7fa0_0001;
        assert_eq!(Slot::from_f32(f32::from_bits(bits)).f32().to_bits(), bits);
    }

    #[test]
    fn a_vector_survives_its_slots() {
        let v = V128::from_u128(0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10);
        assert_eq!(V128::from_slots(v.to_slots()), v);
        assert_eq!(v.to_slots()[0].bits(), 0x090a_0b0c_0d0e_0f10);
    }
}
