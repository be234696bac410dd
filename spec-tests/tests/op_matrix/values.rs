//! Values of any number or vector type, and those at the edges of what
//! instructions tell apart.

use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};

/// A value: its type and its bits, the unused ones zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Value {
    pub(crate) ty: ValType,
    pub(crate) bits: u128,
}

impl Value {
    pub(crate) fn new(ty: ValType, bits: u128) -> Value {
        let width = size(ty) * 8;
        Value { ty, bits: if width == 128 { bits } else { bits & ((1 << width) - 1) } }
    }

    /// The value in the first of these slots, or the first two.
    pub(crate) fn from_slots(ty: ValType, slots: [Slot; 2]) -> Value {
        Value::new(ty, V128::from_slots(slots).to_u128())
    }

    /// The slots of the value: one, or two for a vector.
    pub(crate) fn slots(self) -> impl Iterator<Item = Slot> {
        let slots = V128::from_u128(self.bits).to_slots();
        slots.into_iter().take(self.ty.slots() as usize)
    }

    /// The instruction that pushes the value.
    pub(crate) fn constant(self) -> String {
        let bits = self.bits;
        match self.ty {
            ValType::I32 => format!("i32.const {bits:#x}"),
            ValType::I64 => format!("i64.const {bits:#x}"),
            ValType::F32 => {
                let value = f32::from_bits(bits as u32);
                let nan = value.is_nan().then_some(bits & 0x7f_ffff);
                format!("f32.const {}", float(value.is_sign_negative(), value.abs(), nan))
            }
            ValType::F64 => {
                let value = f64::from_bits(bits as u64);
                let nan = value.is_nan().then_some(bits & 0xf_ffff_ffff_ffff);
                format!("f64.const {}", float(value.is_sign_negative(), value.abs(), nan))
            }
            _ => format!("v128.const i64x2 {:#x} {:#x}", bits as u64, (bits >> 64) as u64),
        }
    }
}

fn float(negative: bool, magnitude: impl std::fmt::LowerExp, nan: Option<u128>) -> String {
    let sign = if negative { "-" } else { "" };
    match nan {
        Some(payload) => format!("{sign}nan:{payload:#x}"),
        None => format!("{sign}{magnitude:e}"),
    }
}

/// How many bytes values of a type take in memory.
pub(crate) fn size(ty: ValType) -> usize {
    match ty {
        ValType::I32 | ValType::F32 => 4,
        ValType::I64 | ValType::F64 => 8,
        _ => 16,
    }
}

/// The bits with all NaNs alike, in lanes of 32 or 64 bits.
pub(crate) fn canonical(bits: u128, lane: u32) -> u128 {
    (0..128 / lane).fold(0, |all, i| {
        let bits = bits >> (i * lane);
        let canonical = match lane {
            32 if f32::from_bits(bits as u32).is_nan() => 0x7fc0_0000,
            32 => u128::from(bits as u32),
            _ if f64::from_bits(bits as u64).is_nan() => 0x7ff8_0000_0000_0000,
            _ => u128::from(bits as u64),
        };
        all | canonical << (i * lane)
    })
}

const INTS32: [i32; 14] =
    [0, 1, 2, 5, -1, -2, 31, 32, 0x7fff, -0x8000, 0xff80, 0x1234_5678, i32::MAX, i32::MIN];

const INTS64: [i64; 14] = [
    0,
    1,
    2,
    -1,
    -2,
    63,
    64,
    0x7fff_ffff,
    -0x8000_0000,
    0xffff_ffff,
    0x8080,
    0x0123_4567_89ab_cdef,
    i64::MAX,
    i64::MIN,
];

/// Zeros, halves, subnormals, what just fits an integer type and just does not,
/// infinities, quiet and signalling NaNs.
const FLOATS32: [f32; 18] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.5,
    -0.5,
    2.5,
    1e-45,
    -1.1754944e-38,
    f32::MAX,
    f32::INFINITY,
    f32::NEG_INFINITY,
    2147483520.0,
    -2147483648.0,
    4294967296.0,
    -9223372036854775808.0,
    f32::from_bits(0x7fc0_0000),
    f32::from_bits(0xffa0_0001),
];

const FLOATS64: [f64; 20] = [
    0.0,
    -0.0,
    1.0,
    -1.5,
    0.5,
    -0.9999999999999999,
    2.5,
    5e-324,
    1e-40,
    f64::MAX,
    f64::INFINITY,
    f64::NEG_INFINITY,
    2147483647.5,
    -2147483649.0,
    4294967295.5,
    9223372036854774784.0,
    -9223372036854775808.0,
    18446744073709551616.0,
    f64::from_bits(0x7ff8_0000_0000_0000),
    f64::from_bits(0xfff4_0000_0000_0001),
];

/// Edges of every lane type, a byte string in order, and floats.
const VECTORS: [u128; 12] = [
    0,
    u128::MAX,
    0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100,
    0x7f80_ff00_0180_7f81_fe10_1f20_7fff_8000,
    0x7fff_8000_ffff_0001_8000_8000_7fff_7fff,
    0x7fff_ffff_8000_0000_ffff_ffff_0000_0001,
    0x8000_0000_0000_0000_7fff_ffff_ffff_ffff,
    0x0123_4567_89ab_cdef_fedc_ba98_7654_3210,
    // Lanes of 32 bits: 1.5, -0.0, NaN, infinity; then 2^31, a signalling NaN, -0.5, subnormal.
    0x7f80_0000_7fc0_0000_8000_0000_3fc0_0000,
    0x0000_0001_bf00_0000_ffa0_0001_4f00_0000,
    // Lanes of 64 bits: NaN and -1.5; then -2^31 - 1 and infinity.
    0xbff8_0000_0000_0000_7ff8_0000_0000_0000,
    0x7ff0_0000_0000_0000_c1e0_0000_0020_0000,
];

/// The edge values of a type.
pub(crate) fn edges(ty: ValType) -> Vec<Value> {
    let bits: Vec<u128> = match ty {
        ValType::I32 => INTS32.map(|value| value as u128).to_vec(),
        ValType::I64 => INTS64.map(|value| value as u128).to_vec(),
        ValType::F32 => FLOATS32.map(|value| value.to_bits().into()).to_vec(),
        ValType::F64 => FLOATS64.map(|value| value.to_bits().into()).to_vec(),
        _ => VECTORS.to_vec(),
    };
    bits.into_iter().map(|bits| Value::new(ty, bits)).collect()
}
