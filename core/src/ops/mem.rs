//! The plain loads and stores: everything that moves one number between linear
//! memory and the operand stack. Memory is little-endian. The rows say the width
//! and how a value is extended or wrapped; addresses are [`crate::addr`]'s.

use crate::types::ValType;
use crate::value::{Scalar, Slot};

/// One load in rows: `name Operator memory type -> value type;`, in opcode order.
///
/// A memory type narrower than the value type is sign-extended if it is signed,
/// else zero-extended. `for_each_load_op!(mac)` expands to `mac! { rows }` and
/// `for_each_load_op!(mac!(extra))` to `mac! { (extra) rows }`.
#[macro_export]
macro_rules! for_each_load_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            i32_load     I32Load    u32 -> i32;
            i64_load     I64Load    u64 -> i64;
            f32_load     F32Load    f32 -> f32;
            f64_load     F64Load    f64 -> f64;
            i32_load8_s  I32Load8S  i8  -> i32;
            i32_load8_u  I32Load8U  u8  -> i32;
            i32_load16_s I32Load16S i16 -> i32;
            i32_load16_u I32Load16U u16 -> i32;
            i64_load8_s  I64Load8S  i8  -> i64;
            i64_load8_u  I64Load8U  u8  -> i64;
            i64_load16_s I64Load16S i16 -> i64;
            i64_load16_u I64Load16U u16 -> i64;
            i64_load32_s I64Load32S i32 -> i64;
            i64_load32_u I64Load32U u32 -> i64;
        }
    };
}

/// One store in rows: `name Operator value type -> memory type;`, in opcode order.
///
/// Called like [`for_each_load_op!`](crate::for_each_load_op).
#[macro_export]
macro_rules! for_each_store_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            i32_store   I32Store   i32 -> u32;
            i64_store   I64Store   i64 -> u64;
            f32_store   F32Store   f32 -> f32;
            f64_store   F64Store   f64 -> f64;
            i32_store8  I32Store8  i32 -> u8;
            i32_store16 I32Store16 i32 -> u16;
            i64_store8  I64Store8  i64 -> u8;
            i64_store16 I64Store16 i64 -> u16;
            i64_store32 I64Store32 i64 -> u32;
        }
    };
}

/// A number as it lies in linear memory.
pub trait MemType: Copy + 'static {
    /// Its bytes, `[u8; WIDTH]`.
    type Bytes: Copy + AsRef<[u8]> + for<'a> TryFrom<&'a [u8]> + 'static;
    /// How many bytes it takes.
    const WIDTH: u32;
    /// Whether it is a signed integer, so that widening copies its sign.
    const SIGNED: bool;
    /// The number with these bytes, the least significant first.
    fn from_le_bytes(bytes: Self::Bytes) -> Self;
    /// The bytes, the least significant first.
    fn to_le_bytes(self) -> Self::Bytes;
}

macro_rules! mem_types {
    ($($ty:ident $signed:literal)*) => {$(
        impl MemType for $ty {
            type Bytes = [u8; size_of::<$ty>()];
            const WIDTH: u32 = size_of::<$ty>() as u32;
            const SIGNED: bool = $signed;
            #[inline(always)]
            fn from_le_bytes(bytes: Self::Bytes) -> Self {
                $ty::from_le_bytes(bytes)
            }
            #[inline(always)]
            fn to_le_bytes(self) -> Self::Bytes {
                $ty::to_le_bytes(self)
            }
        }
    )*};
}
mem_types!(u8 false i8 true u16 false i16 true u32 false i32 true u64 false f32 false f64 false);

/// A load, as a type that generic code can be instantiated with. The
/// implementors are in [`mem_sem`].
pub trait Load: 'static {
    /// What lies in memory.
    type Mem: MemType;
    /// What is pushed.
    type Value: Scalar;
    /// The same instruction as a value.
    const OP: LoadOp;
    /// The value for what was read.
    fn extend(mem: Self::Mem) -> Self::Value;
}

/// A store, as a type that generic code can be instantiated with. The
/// implementors are in [`mem_sem`].
pub trait Store: 'static {
    /// What lies in memory.
    type Mem: MemType;
    /// What is popped.
    type Value: Scalar;
    /// The same instruction as a value.
    const OP: StoreOp;
    /// What to write for a value: its low bits.
    fn wrap(value: Self::Value) -> Self::Mem;
}

fn load_slot<L: Load>(bytes: &[u8]) -> Option<Slot> {
    let bytes = <L::Mem as MemType>::Bytes::try_from(bytes).ok()?;
    Some(L::extend(L::Mem::from_le_bytes(bytes)).into_slot())
}

macro_rules! load_ops {
    ($($name:ident $operator:ident $mem:ident -> $value:ident;)+) => {
        /// A load of one number.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum LoadOp {
            $(
                #[doc = concat!("Reads `", stringify!($mem), "`, pushes `", stringify!($value), "`.")]
                $name,
            )+
        }

        impl LoadOp {
            /// Every load, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [LoadOp] = &[$(LoadOp::$name),+];

            /// The text-format mnemonic, such as `i32.load8_s`.
            pub const fn name(self) -> &'static str {
                match self { $(LoadOp::$name => super::mnemonic!($name),)+ }
            }

            /// How many bytes are read.
            pub const fn width(self) -> u32 {
                match self { $(LoadOp::$name => <$mem as MemType>::WIDTH,)+ }
            }

            /// The type of the value that is pushed.
            pub const fn value_type(self) -> ValType {
                match self { $(LoadOp::$name => <$value as Scalar>::TYPE,)+ }
            }

            /// Whether the value is wider than what is read and copies its sign.
            pub const fn sign_extends(self) -> bool {
                match self { $(LoadOp::$name => <$mem as MemType>::SIGNED,)+ }
            }

            /// The value for the bytes that were read, or `None` unless there are
            /// [`width`](LoadOp::width) of them.
            pub fn eval(self, bytes: &[u8]) -> Option<Slot> {
                match self { $(LoadOp::$name => load_slot::<mem_sem::$name>(bytes),)+ }
            }
        }

        $(impl Load for mem_sem::$name {
            type Mem = $mem;
            type Value = $value;
            const OP: LoadOp = LoadOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn extend(mem: $mem) -> $value {
                mem as $value
            }
        })+
    };
}
for_each_load_op!(load_ops);

macro_rules! store_ops {
    ($($name:ident $operator:ident $value:ident -> $mem:ident;)+) => {
        /// A store of one number.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum StoreOp {
            $(
                #[doc = concat!("Pops `", stringify!($value), "`, writes `", stringify!($mem), "`.")]
                $name,
            )+
        }

        impl StoreOp {
            /// Every store, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [StoreOp] = &[$(StoreOp::$name),+];

            /// The text-format mnemonic, such as `i32.store8`.
            pub const fn name(self) -> &'static str {
                match self { $(StoreOp::$name => super::mnemonic!($name),)+ }
            }

            /// How many bytes are written.
            pub const fn width(self) -> u32 {
                match self { $(StoreOp::$name => <$mem as MemType>::WIDTH,)+ }
            }

            /// The type of the value that is popped.
            pub const fn value_type(self) -> ValType {
                match self { $(StoreOp::$name => <$value as Scalar>::TYPE,)+ }
            }

            /// The bytes of a value, of which the first [`width`](StoreOp::width)
            /// are to be written.
            pub const fn eval(self, value: Slot) -> [u8; 8] {
                value.bits().to_le_bytes()
            }
        }

        $(impl Store for mem_sem::$name {
            type Mem = $mem;
            type Value = $value;
            const OP: StoreOp = StoreOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn wrap(value: $value) -> $mem {
                value as $mem
            }
        })+
    };
}
for_each_store_op!(store_ops);

/// One type without values per load ([`Load`]) and store ([`Store`]).
#[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
pub mod mem_sem {
    macro_rules! markers {
        ($($name:ident $operator:ident $from:ident -> $to:ident;)+) => {$(
            #[doc = concat!("Moves `", stringify!($from), "` to `", stringify!($to), "`.")]
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}
        )+};
    }
    for_each_load_op!(markers);
    for_each_store_op!(markers);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_the_table_is_complete() {
        let loads = LoadOp::ALL.iter().map(|op| op.name());
        let names: HashSet<_> = loads.chain(StoreOp::ALL.iter().map(|op| op.name())).collect();
        // Opcodes 0x28 to 0x35 and 0x36 to 0x3e.
        assert_eq!((LoadOp::ALL.len(), StoreOp::ALL.len(), names.len()), (14, 9, 23));
        assert!(LoadOp::ALL.iter().enumerate().all(|(i, &op)| op as usize == i));
        assert!(StoreOp::ALL.iter().enumerate().all(|(i, &op)| op as usize == i));
    }

    #[test]
    fn a_mnemonic_says_value_type_width_and_sign() {
        for op in LoadOp::ALL {
            let (ty, rest) = op.name().split_once(".load").unwrap();
            assert_eq!(op.value_type().to_string(), ty);
            let bits = rest.split('_').next().unwrap().parse().unwrap_or(op.width() * 8);
            assert_eq!(op.width() * 8, bits);
            assert_eq!(op.sign_extends(), rest.ends_with("_s"), "{}", op.name());
            assert_eq!(rest.is_empty(), ty.ends_with(&(op.width() * 8).to_string()));
        }
        for op in StoreOp::ALL {
            let (ty, rest) = op.name().split_once(".store").unwrap();
            assert_eq!(op.value_type().to_string(), ty);
            let own_width = if rest.is_empty() { &ty[1..] } else { rest };
            assert_eq!((op.width() * 8).to_string(), own_width);
        }
    }

    #[test]
    fn narrow_loads_extend_as_their_suffix_says() {
        assert_eq!(LoadOp::i32_load8_s.eval(&[0x80]), Some(Slot::from_i32(-128)));
        assert_eq!(LoadOp::i32_load8_u.eval(&[0x80]), Some(Slot::from_i32(128)));
        assert_eq!(LoadOp::i32_load16_s.eval(&[0xfe, 0xff]), Some(Slot::from_i32(-2)));
        assert_eq!(LoadOp::i64_load16_u.eval(&[0xfe, 0xff]), Some(Slot::from_i64(0xfffe)));
        let minus_two = [0xfe, 0xff, 0xff, 0xff];
        assert_eq!(LoadOp::i64_load32_s.eval(&minus_two), Some(Slot::from_i64(-2)));
        assert_eq!(LoadOp::i64_load32_u.eval(&minus_two), Some(Slot::from_i64(0xffff_fffe)));
        assert_eq!(LoadOp::i32_load.eval(&minus_two), Some(Slot::from_i32(-2)));
    }

    #[test]
    fn float_loads_keep_a_signalling_nan() {
        let bytes = 0x7fa0_0001_u32.to_le_bytes();
        assert_eq!(LoadOp::f32_load.eval(&bytes).map(Slot::bits), Some(0x7fa0_0001));
    }

    #[test]
    fn a_load_of_the_wrong_length_is_refused() {
        for op in LoadOp::ALL {
            assert_eq!(op.eval(&[0; 9][..op.width() as usize + 1]), None);
            assert_eq!(op.eval(&[0; 9][..op.width() as usize]), Some(Slot::ZERO));
        }
    }

    #[test]
    fn a_store_writes_the_low_bytes_that_its_marker_writes() {
        fn written<S: Store>(slot: Slot) -> Vec<u8> {
            S::wrap(S::Value::from_slot(slot)).to_le_bytes().as_ref().to_vec()
        }
        let slot = Slot::from_bits(0x8877_6655_4433_2211);
        macro_rules! compare {
            ($($name:ident $operator:ident $value:ident -> $mem:ident;)+) => {$(
                let op = StoreOp::$name;
                assert_eq!(op.eval(slot)[..op.width() as usize], written::<mem_sem::$name>(slot));
                assert_eq!(<mem_sem::$name as Store>::OP, op);
            )+};
        }
        for_each_store_op!(compare);
    }
}
