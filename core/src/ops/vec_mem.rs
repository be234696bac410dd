//! The loads and stores of vectors. The rows say what lies in memory, the
//! functions in [`crate::sem::vec`] what becomes of it; memory is little-endian
//! and addresses are [`crate::addr`]'s, as for the scalars in [`super::mem`].

use super::mem::MemType;
use crate::sem::vec as sem;
use crate::value::V128;

/// One vector load in rows: `name Operator memory type;`, in opcode order.
///
/// Called like [`for_each_load_op!`](crate::for_each_load_op).
#[macro_export]
macro_rules! for_each_vec_load_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            v128_load         V128Load        V128;
            v128_load8x8_s    V128Load8x8S    u64;
            v128_load8x8_u    V128Load8x8U    u64;
            v128_load16x4_s   V128Load16x4S   u64;
            v128_load16x4_u   V128Load16x4U   u64;
            v128_load32x2_s   V128Load32x2S   u64;
            v128_load32x2_u   V128Load32x2U   u64;
            v128_load8_splat  V128Load8Splat  u8;
            v128_load16_splat V128Load16Splat u16;
            v128_load32_splat V128Load32Splat u32;
            v128_load64_splat V128Load64Splat u64;
            v128_load32_zero  V128Load32Zero  u32;
            v128_load64_zero  V128Load64Zero  u64;
        }
    };
}

/// The store of a whole vector as a row: `name Operator memory type;`.
///
/// Called like [`for_each_load_op!`](crate::for_each_load_op).
#[macro_export]
macro_rules! for_each_vec_store_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            v128_store V128Store V128;
        }
    };
}

/// One load of a lane in rows: `name Operator memory type;`, in opcode order.
/// Operands are the address and the vector that gets the lane.
///
/// Called like [`for_each_load_op!`](crate::for_each_load_op).
#[macro_export]
macro_rules! for_each_load_lane_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            v128_load8_lane  V128Load8Lane  u8;
            v128_load16_lane V128Load16Lane u16;
            v128_load32_lane V128Load32Lane u32;
            v128_load64_lane V128Load64Lane u64;
        }
    };
}

/// One store of a lane in rows: `name Operator memory type;`, in opcode order.
/// Operands are the address and the vector.
///
/// Called like [`for_each_load_op!`](crate::for_each_load_op).
#[macro_export]
macro_rules! for_each_store_lane_op {
    ($mac:ident $(! ($($extra:tt)*))?) => {
        $mac! {
            $(($($extra)*))?
            v128_store8_lane  V128Store8Lane  u8;
            v128_store16_lane V128Store16Lane u16;
            v128_store32_lane V128Store32Lane u32;
            v128_store64_lane V128Store64Lane u64;
        }
    };
}

impl MemType for V128 {
    type Bytes = [u8; 16];
    const WIDTH: u32 = 16;
    const SIGNED: bool = false;
    #[inline(always)]
    fn from_le_bytes(bytes: [u8; 16]) -> V128 {
        V128(bytes)
    }
    #[inline(always)]
    fn to_le_bytes(self) -> [u8; 16] {
        self.0
    }
}

/// A load of a vector, as a type that generic code can be instantiated with. The
/// implementors are in [`vec_mem_sem`].
pub trait VecLoad: 'static {
    /// What lies in memory.
    type Mem: MemType;
    /// The same instruction as a value.
    const OP: VecLoadOp;
    /// The vector for what was read.
    fn extend(mem: Self::Mem) -> V128;
}

/// A store of a whole vector, as a type that generic code can be instantiated
/// with. The implementor is in [`vec_mem_sem`].
pub trait VecStore: 'static {
    /// What lies in memory.
    type Mem: MemType;
    /// The same instruction as a value.
    const OP: VecStoreOp;
    /// What to write.
    fn wrap(vector: V128) -> Self::Mem;
}

/// A load of a lane, as a type that generic code can be instantiated with. The
/// implementors are in [`vec_mem_sem`].
pub trait LoadLane: 'static {
    /// What lies in memory.
    type Mem: MemType;
    /// The same instruction as a value.
    const OP: LoadLaneOp;
    /// The vector with what was read in one lane.
    fn replace(vector: V128, mem: Self::Mem, lane: u8) -> V128;
}

/// A store of a lane, as a type that generic code can be instantiated with. The
/// implementors are in [`vec_mem_sem`].
pub trait StoreLane: 'static {
    /// What lies in memory.
    type Mem: MemType;
    /// The same instruction as a value.
    const OP: StoreLaneOp;
    /// What to write.
    fn extract(vector: V128, lane: u8) -> Self::Mem;
}

/// The number with these bytes, if there are as many as it takes.
fn read<M: MemType>(bytes: &[u8]) -> Option<M> {
    M::Bytes::try_from(bytes).ok().map(M::from_le_bytes)
}

/// The bytes of a number, with zeros after them.
fn written<M: MemType>(mem: M) -> [u8; 16] {
    let (mut all, bytes) = ([0; 16], mem.to_le_bytes());
    for (to, from) in all.iter_mut().zip(bytes.as_ref()) {
        *to = *from;
    }
    all
}

/// The enum of one table; `eval` differs and stands beside it.
macro_rules! mem_op_enum {
    (($enum:ident $doc:literal) $($name:ident $operator:ident $mem:ident;)+) => {
        #[doc = $doc]
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum $enum {
            $(
                #[doc = concat!("The instruction of [`sem::", stringify!($name), "`].")]
                $name,
            )+
        }

        impl $enum {
            /// Every instruction, in table order: `ALL[op as usize] == op`.
            pub const ALL: &'static [$enum] = &[$($enum::$name),+];

            /// The text-format mnemonic, such as `v128.load8x8_s`.
            pub const fn name(self) -> &'static str {
                match self { $($enum::$name => super::mnemonic!($name),)+ }
            }

            /// How many bytes of memory are accessed.
            pub const fn width(self) -> u32 {
                match self { $($enum::$name => <$mem as MemType>::WIDTH,)+ }
            }
        }
    };
}
for_each_vec_load_op!(mem_op_enum!(VecLoadOp "A load of a vector."));
for_each_vec_store_op!(mem_op_enum!(VecStoreOp "A store of a whole vector."));
for_each_load_lane_op!(mem_op_enum!(LoadLaneOp "A load of one lane of a vector."));
for_each_store_lane_op!(mem_op_enum!(StoreLaneOp "A store of one lane of a vector."));

macro_rules! vec_loads {
    ($($name:ident $operator:ident $mem:ident;)+) => {
        impl VecLoadOp {
            /// The vector for the bytes that were read, or `None` unless there are
            /// [`width`](VecLoadOp::width) of them.
            pub fn eval(self, bytes: &[u8]) -> Option<V128> {
                match self { $(VecLoadOp::$name => read(bytes).map(sem::$name),)+ }
            }
        }

        $(impl VecLoad for vec_mem_sem::$name {
            type Mem = $mem;
            const OP: VecLoadOp = VecLoadOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn extend(mem: $mem) -> V128 {
                sem::$name(mem)
            }
        })+
    };
}
for_each_vec_load_op!(vec_loads);

macro_rules! vec_stores {
    ($($name:ident $operator:ident $mem:ident;)+) => {
        impl VecStoreOp {
            /// The bytes to write, of which the first [`width`](VecStoreOp::width) count.
            pub fn eval(self, vector: V128) -> [u8; 16] {
                match self { $(VecStoreOp::$name => written(sem::$name(vector)),)+ }
            }
        }

        $(impl VecStore for vec_mem_sem::$name {
            type Mem = $mem;
            const OP: VecStoreOp = VecStoreOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn wrap(vector: V128) -> $mem {
                sem::$name(vector)
            }
        })+
    };
}
for_each_vec_store_op!(vec_stores);

macro_rules! load_lanes {
    ($($name:ident $operator:ident $mem:ident;)+) => {
        impl LoadLaneOp {
            /// The vector with the bytes that were read in one lane, or `None` unless
            /// there are [`width`](LoadLaneOp::width) of them.
            pub fn eval(self, vector: V128, bytes: &[u8], lane: u8) -> Option<V128> {
                match self {
                    $(LoadLaneOp::$name => Some(sem::$name(vector, read(bytes)?, lane)),)+
                }
            }
        }

        $(impl LoadLane for vec_mem_sem::$name {
            type Mem = $mem;
            const OP: LoadLaneOp = LoadLaneOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn replace(vector: V128, mem: $mem, lane: u8) -> V128 {
                sem::$name(vector, mem, lane)
            }
        })+
    };
}
for_each_load_lane_op!(load_lanes);

macro_rules! store_lanes {
    ($($name:ident $operator:ident $mem:ident;)+) => {
        impl StoreLaneOp {
            /// The bytes to write, of which the first [`width`](StoreLaneOp::width) count.
            pub fn eval(self, vector: V128, lane: u8) -> [u8; 16] {
                match self { $(StoreLaneOp::$name => written(sem::$name(vector, lane)),)+ }
            }
        }

        $(impl StoreLane for vec_mem_sem::$name {
            type Mem = $mem;
            const OP: StoreLaneOp = StoreLaneOp::$name;
            #[inline(always)] // a handler's body: must vanish into it
            fn extract(vector: V128, lane: u8) -> $mem {
                sem::$name(vector, lane)
            }
        })+
    };
}
for_each_store_lane_op!(store_lanes);

/// One type without values per vector load ([`VecLoad`]), store ([`VecStore`]),
/// load of a lane ([`LoadLane`]) and store of a lane ([`StoreLane`]).
#[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
pub mod vec_mem_sem {
    macro_rules! markers {
        ($($name:ident $operator:ident $mem:ident;)+) => {$(
            #[doc = concat!("Accesses `", stringify!($mem), "`.")]
            #[derive(Clone, Copy, Debug)]
            pub enum $name {}
        )+};
    }
    for_each_vec_load_op!(markers);
    for_each_vec_store_op!(markers);
    for_each_load_lane_op!(markers);
    for_each_store_lane_op!(markers);
}

#[cfg(test)]
mod tests;
