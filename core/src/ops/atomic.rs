//! The atomic accesses: loads, stores and read-modify-writes that no other access
//! of their kind interleaves with (proposal *threads*).
//!
//! Waiting, notifying and the fence are slow ops ([`super::slow`]).

use crate::sem;
use crate::types::ValType;
use crate::value::Slot;

/// One atomic access in rows: `name Operator memory value Kind;`.
///
/// `Operator` is the variant of `wasmparser::Operator`, `memory` what lies in
/// memory, zero-extended to and wrapped from `value`, `Kind` an [`AtomicKind`].
#[macro_export]
macro_rules! for_each_atomic_op {
    ($mac:ident) => {
        $mac! {
            i32_atomic_load            I32AtomicLoad          u32 i32 Load;
            i64_atomic_load            I64AtomicLoad          u64 i64 Load;
            i32_atomic_load8_u         I32AtomicLoad8U        u8  i32 Load;
            i32_atomic_load16_u        I32AtomicLoad16U       u16 i32 Load;
            i64_atomic_load8_u         I64AtomicLoad8U        u8  i64 Load;
            i64_atomic_load16_u        I64AtomicLoad16U       u16 i64 Load;
            i64_atomic_load32_u        I64AtomicLoad32U       u32 i64 Load;
            i32_atomic_store           I32AtomicStore         u32 i32 Store;
            i64_atomic_store           I64AtomicStore         u64 i64 Store;
            i32_atomic_store8          I32AtomicStore8        u8  i32 Store;
            i32_atomic_store16         I32AtomicStore16       u16 i32 Store;
            i64_atomic_store8          I64AtomicStore8        u8  i64 Store;
            i64_atomic_store16         I64AtomicStore16       u16 i64 Store;
            i64_atomic_store32         I64AtomicStore32       u32 i64 Store;
            i32_atomic_rmw_add         I32AtomicRmwAdd        u32 i32 Add;
            i64_atomic_rmw_add         I64AtomicRmwAdd        u64 i64 Add;
            i32_atomic_rmw8_add_u      I32AtomicRmw8AddU      u8  i32 Add;
            i32_atomic_rmw16_add_u     I32AtomicRmw16AddU     u16 i32 Add;
            i64_atomic_rmw8_add_u      I64AtomicRmw8AddU      u8  i64 Add;
            i64_atomic_rmw16_add_u     I64AtomicRmw16AddU     u16 i64 Add;
            i64_atomic_rmw32_add_u     I64AtomicRmw32AddU     u32 i64 Add;
            i32_atomic_rmw_sub         I32AtomicRmwSub        u32 i32 Sub;
            i64_atomic_rmw_sub         I64AtomicRmwSub        u64 i64 Sub;
            i32_atomic_rmw8_sub_u      I32AtomicRmw8SubU      u8  i32 Sub;
            i32_atomic_rmw16_sub_u     I32AtomicRmw16SubU     u16 i32 Sub;
            i64_atomic_rmw8_sub_u      I64AtomicRmw8SubU      u8  i64 Sub;
            i64_atomic_rmw16_sub_u     I64AtomicRmw16SubU     u16 i64 Sub;
            i64_atomic_rmw32_sub_u     I64AtomicRmw32SubU     u32 i64 Sub;
            i32_atomic_rmw_and         I32AtomicRmwAnd        u32 i32 And;
            i64_atomic_rmw_and         I64AtomicRmwAnd        u64 i64 And;
            i32_atomic_rmw8_and_u      I32AtomicRmw8AndU      u8  i32 And;
            i32_atomic_rmw16_and_u     I32AtomicRmw16AndU     u16 i32 And;
            i64_atomic_rmw8_and_u      I64AtomicRmw8AndU      u8  i64 And;
            i64_atomic_rmw16_and_u     I64AtomicRmw16AndU     u16 i64 And;
            i64_atomic_rmw32_and_u     I64AtomicRmw32AndU     u32 i64 And;
            i32_atomic_rmw_or          I32AtomicRmwOr         u32 i32 Or;
            i64_atomic_rmw_or          I64AtomicRmwOr         u64 i64 Or;
            i32_atomic_rmw8_or_u       I32AtomicRmw8OrU       u8  i32 Or;
            i32_atomic_rmw16_or_u      I32AtomicRmw16OrU      u16 i32 Or;
            i64_atomic_rmw8_or_u       I64AtomicRmw8OrU       u8  i64 Or;
            i64_atomic_rmw16_or_u      I64AtomicRmw16OrU      u16 i64 Or;
            i64_atomic_rmw32_or_u      I64AtomicRmw32OrU      u32 i64 Or;
            i32_atomic_rmw_xor         I32AtomicRmwXor        u32 i32 Xor;
            i64_atomic_rmw_xor         I64AtomicRmwXor        u64 i64 Xor;
            i32_atomic_rmw8_xor_u      I32AtomicRmw8XorU      u8  i32 Xor;
            i32_atomic_rmw16_xor_u     I32AtomicRmw16XorU     u16 i32 Xor;
            i64_atomic_rmw8_xor_u      I64AtomicRmw8XorU      u8  i64 Xor;
            i64_atomic_rmw16_xor_u     I64AtomicRmw16XorU     u16 i64 Xor;
            i64_atomic_rmw32_xor_u     I64AtomicRmw32XorU     u32 i64 Xor;
            i32_atomic_rmw_xchg        I32AtomicRmwXchg       u32 i32 Xchg;
            i64_atomic_rmw_xchg        I64AtomicRmwXchg       u64 i64 Xchg;
            i32_atomic_rmw8_xchg_u     I32AtomicRmw8XchgU     u8  i32 Xchg;
            i32_atomic_rmw16_xchg_u    I32AtomicRmw16XchgU    u16 i32 Xchg;
            i64_atomic_rmw8_xchg_u     I64AtomicRmw8XchgU     u8  i64 Xchg;
            i64_atomic_rmw16_xchg_u    I64AtomicRmw16XchgU    u16 i64 Xchg;
            i64_atomic_rmw32_xchg_u    I64AtomicRmw32XchgU    u32 i64 Xchg;
            i32_atomic_rmw_cmpxchg     I32AtomicRmwCmpxchg    u32 i32 Cmpxchg;
            i64_atomic_rmw_cmpxchg     I64AtomicRmwCmpxchg    u64 i64 Cmpxchg;
            i32_atomic_rmw8_cmpxchg_u  I32AtomicRmw8CmpxchgU  u8  i32 Cmpxchg;
            i32_atomic_rmw16_cmpxchg_u I32AtomicRmw16CmpxchgU u16 i32 Cmpxchg;
            i64_atomic_rmw8_cmpxchg_u  I64AtomicRmw8CmpxchgU  u8  i64 Cmpxchg;
            i64_atomic_rmw16_cmpxchg_u I64AtomicRmw16CmpxchgU u16 i64 Cmpxchg;
            i64_atomic_rmw32_cmpxchg_u I64AtomicRmw32CmpxchgU u32 i64 Cmpxchg;
        }
    };
}

/// What an atomic access does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AtomicKind {
    /// Pushes the number.
    Load,
    /// Writes an operand.
    Store,
    /// Adds an operand; pushes the number before, as all that follow.
    Add,
    /// Subtracts an operand.
    Sub,
    /// Keeps the bits that an operand has as well.
    And,
    /// Adds the bits of an operand.
    Or,
    /// Flips the bits of an operand.
    Xor,
    /// Writes an operand.
    Xchg,
    /// Writes the second operand if the number is the first.
    Cmpxchg,
}

impl AtomicKind {
    /// How many operands follow the address.
    pub const fn operands(self) -> usize {
        match self {
            AtomicKind::Load => 0,
            AtomicKind::Cmpxchg => 2,
            _ => 1,
        }
    }

    /// Whether it pushes what it found.
    pub const fn has_result(self) -> bool {
        !matches!(self, AtomicKind::Store)
    }

    /// What to write where `old` was found: the low bits, as many as the access is
    /// wide. `mask` has these bits.
    #[inline(always)] // the body of an interpreter's loop
    pub const fn update(self, old: u64, args: [u64; 2], mask: u64) -> u64 {
        match self {
            AtomicKind::Load => old,
            AtomicKind::Store | AtomicKind::Xchg => sem::atomic_xchg(old, args[0]),
            AtomicKind::Add => sem::atomic_add(old, args[0]),
            AtomicKind::Sub => sem::atomic_sub(old, args[0]),
            AtomicKind::And => sem::atomic_and(old, args[0]),
            AtomicKind::Or => sem::atomic_or(old, args[0]),
            AtomicKind::Xor => sem::atomic_xor(old, args[0]),
            AtomicKind::Cmpxchg => sem::atomic_cmpxchg(old, args[0] & mask, args[1]),
        }
    }
}

/// The mnemonic of a row's name: underscores stand for dots, but for the last one of
/// `_u`.
const fn atomic_mnemonic<const N: usize>(name: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        let byte = name.as_bytes()[i];
        let suffix = i + 2 == N && name.as_bytes()[i + 1] == b'u';
        bytes[i] = if byte == b'_' && !suffix { b'.' } else { byte };
        i += 1;
    }
    bytes
}

macro_rules! width_of {
    (u8) => {
        1
    };
    (u16) => {
        2
    };
    (u32) => {
        4
    };
    (u64) => {
        8
    };
}

macro_rules! type_of {
    (i32) => {
        ValType::I32
    };
    (i64) => {
        ValType::I64
    };
}

macro_rules! atomic_ops {
    ($($name:ident $operator:ident $mem:ident $value:ident $kind:ident;)*) => {
        /// An atomic access.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum AtomicOp {
            $(
                #[doc = concat!("[`AtomicKind::", stringify!($kind), "`] of `", stringify!($mem),
                    "` as `", stringify!($value), "`.")]
                $name,
            )*
        }

        impl AtomicOp {
            /// Every atomic access, in table order.
            pub const ALL: &'static [AtomicOp] = &[$(AtomicOp::$name),*];

            /// The text-format mnemonic, such as `i32.atomic.rmw8.add_u`.
            pub const fn name(self) -> &'static str {
                match self { $(AtomicOp::$name => {
                    const BYTES: [u8; stringify!($name).len()] =
                        atomic_mnemonic(stringify!($name));
                    const TEXT: &str = match str::from_utf8(&BYTES) {
                        Ok(text) => text,
                        Err(_) => panic!("a name in ASCII stays so"),
                    };
                    TEXT
                })* }
            }

            /// What it does.
            #[inline(always)] // a constant in an interpreter's handler, not a call
            pub const fn kind(self) -> AtomicKind {
                match self { $(AtomicOp::$name => AtomicKind::$kind,)* }
            }

            /// How many bytes it accesses: the address is a multiple of this.
            #[inline(always)] // a constant in an interpreter's handler, not a call
            pub const fn width(self) -> u32 {
                match self { $(AtomicOp::$name => width_of!($mem),)* }
            }

            /// The type of its operands and of its result.
            pub const fn value_type(self) -> ValType {
                match self { $(AtomicOp::$name => type_of!($value),)* }
            }
        }
    };
}
for_each_atomic_op!(atomic_ops);

impl AtomicOp {
    /// As many low bits as it accesses.
    #[inline(always)] // a constant in an interpreter's handler, not a call
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - 8 * self.width())
    }

    /// What it leaves in memory where it finds `old`, and what it pushes. Operands that
    /// it lacks are ignored.
    pub const fn eval(self, old: u64, args: [Slot; 2]) -> (u64, Option<Slot>) {
        let args = [args[0].bits(), args[1].bits()];
        let new = self.kind().update(old, args, self.mask()) & self.mask();
        let result = Slot::from_bits(old & self.mask());
        (new, if self.kind().has_result() { Some(result) } else { None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_the_table_is_complete() {
        let names: HashSet<_> = AtomicOp::ALL.iter().map(|op| op.name()).collect();
        // Opcodes 0xfe 0x10 to 0x4e.
        assert_eq!((AtomicOp::ALL.len(), names.len()), (0x4e - 0x10 + 1, 63));
        assert!(AtomicOp::ALL.iter().enumerate().all(|(i, &op)| op as usize == i));
    }

    #[test]
    fn a_mnemonic_says_type_width_and_kind() {
        for op in AtomicOp::ALL {
            let parts: Vec<_> = op.name().split('.').collect();
            let kind = parts[parts.len() - 1].trim_end_matches("_u");
            let (ty, access) = (parts[0], parts[2].trim_end_matches("_u"));
            assert_eq!((op.value_type().to_string().as_str(), parts[1]), (ty, "atomic"));
            let digits = access.trim_start_matches(|c: char| c.is_ascii_alphabetic());
            let bits = if digits.is_empty() { &ty[1..] } else { digits };
            assert_eq!((op.width() * 8).to_string(), bits, "{}", op.name());
            let kind = kind.trim_end_matches(|c: char| c.is_ascii_digit());
            assert_eq!(format!("{:?}", op.kind()).to_lowercase(), kind);
            let narrow = !digits.is_empty() && op.kind() != AtomicKind::Store;
            assert_eq!(op.name().ends_with("_u"), narrow);
        }
    }

    #[test]
    fn narrow_accesses_wrap_operands_and_extend_results() {
        let args = [0xff01, 0x1234].map(Slot::from_i32);
        let add = AtomicOp::i32_atomic_rmw8_add_u.eval(0xff, args);
        assert_eq!(add, (0, Some(Slot::from_i32(0xff))));
        let equal = AtomicOp::i32_atomic_rmw8_cmpxchg_u.eval(1, args);
        assert_eq!(equal, (0x34, Some(Slot::from_i32(1))));
        let different = AtomicOp::i64_atomic_rmw16_cmpxchg_u.eval(1, args);
        assert_eq!(different, (1, Some(Slot::from_i64(1))));
        assert_eq!(AtomicOp::i64_atomic_store8.eval(7, args), (1, None));
        assert_eq!(AtomicOp::i64_atomic_rmw_sub.eval(0, args).0, (-0xff01_i64) as u64);
    }
}
