//! Instructions that need the runtime: the tiers reach each of them through one
//! function of the runtime, with one interpreter op and one CLIF signature.
//!
//! A slow op takes two immediate indices and up to three operands, and gives at
//! most one result. Operands and result travel as raw 64-bit slots.

use crate::types::{AddrType, ValType};

/// One slow op in rows: `name Operator "mnemonic"`.
///
/// The immediates are the indices of the instruction in the order of its binary
/// format, except that copies name the destination first and that waiting and
/// notifying have those of an access ([`SlowImm::access`]). The last two are no
/// instructions: see [`super::run`].
#[macro_export]
macro_rules! for_each_slow_op {
    ($mac:ident) => {
        $mac! {
            memory_grow MemoryGrow "memory.grow";
            memory_fill MemoryFill "memory.fill";
            memory_copy MemoryCopy "memory.copy";
            memory_init MemoryInit "memory.init";
            data_drop   DataDrop   "data.drop";
            table_grow  TableGrow  "table.grow";
            table_fill  TableFill  "table.fill";
            table_copy  TableCopy  "table.copy";
            table_init  TableInit  "table.init";
            elem_drop   ElemDrop   "elem.drop";
            memory_atomic_notify MemoryAtomicNotify "memory.atomic.notify";
            memory_atomic_wait32 MemoryAtomicWait32 "memory.atomic.wait32";
            memory_atomic_wait64 MemoryAtomicWait64 "memory.atomic.wait64";
            atomic_fence         AtomicFence        "atomic.fence";
            memory_copy_run      MemoryCopyRun      "(memory.copy run)";
            memory_fill_run      MemoryFillRun      "(memory.fill run)";
        }
    };
}

macro_rules! slow_ops {
    ($($name:ident $operator:ident $mnemonic:literal;)*) => {
        /// An instruction that a function of the runtime executes.
        #[allow(non_camel_case_types, reason = "spelled as the specification spells it")]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum SlowOp {
            $(
                #[doc = concat!("`", $mnemonic, "`")]
                $name,
            )*
        }

        impl SlowOp {
            /// Every slow op, in table order.
            pub const ALL: &'static [SlowOp] = &[$(SlowOp::$name),*];

            /// The text-format mnemonic.
            pub const fn name(self) -> &'static str {
                match self { $(SlowOp::$name => $mnemonic,)* }
            }
        }
    };
}
for_each_slow_op!(slow_ops);

/// The immediates of a slow op: indices of memories, tables or segments, unused
/// ones zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SlowImm {
    /// The first index: the destination of a copy, the segment's target otherwise.
    pub a: u32,
    /// The second index: the source of a copy, the segment of an init.
    pub b: u32,
}

impl SlowImm {
    /// The immediates of an access: the memory and the constant offset. No memory
    /// reaches 2^48 bytes, so larger offsets, which lie outside as well, are cut to
    /// the largest below.
    #[inline]
    pub const fn access(memory: u32, offset: u64) -> SlowImm {
        const MAX: u64 = (1 << 48) - 1;
        let offset = if offset < MAX { offset } else { MAX };
        SlowImm { a: memory & 0xffff | ((offset >> 32) as u32) << 16, b: offset as u32 }
    }

    /// The memory and the offset of [`SlowImm::access`].
    #[inline]
    pub const fn memory_and_offset(self) -> (u32, u64) {
        (self.a & 0xffff, ((self.a >> 16) as u64) << 32 | self.b as u64)
    }

    /// Both indices in one word, as compiled code passes them.
    #[inline]
    pub const fn pack(self) -> u64 {
        self.a as u64 | (self.b as u64) << 32
    }

    /// The indices from the word made by [`SlowImm::pack`].
    #[inline]
    pub const fn unpack(bits: u64) -> SlowImm {
        SlowImm { a: bits as u32, b: (bits >> 32) as u32 }
    }
}

/// Operand and result types of a slow op, known once its memory or table is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlowSig {
    /// The operand types, in stack order; only the first [`SlowSig::arity`] count.
    pub params: [ValType; 3],
    /// How many operands there are.
    pub arity: usize,
    /// The result type, if there is a result.
    pub result: Option<ValType>,
}

impl SlowSig {
    /// A signature of these operands.
    pub fn new(operands: &[ValType], result: Option<ValType>) -> SlowSig {
        let mut params = [ValType::I32; 3];
        for (to, from) in params.iter_mut().zip(operands) {
            *to = *from;
        }
        SlowSig { params, arity: operands.len().min(3), result }
    }

    /// The index type of a length between two address spaces: 64 bits only if
    /// both are.
    pub fn narrower(a: AddrType, b: AddrType) -> AddrType {
        if a == AddrType::I64 && b == AddrType::I64 { AddrType::I64 } else { AddrType::I32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_keeps_its_memory_and_any_offset_that_can_matter() {
        for (memory, offset) in [(0, 0), (99, u64::from(u32::MAX) + 7), (3, (1 << 48) - 1)] {
            let imm = SlowImm::unpack(SlowImm::access(memory, offset).pack());
            assert_eq!(imm.memory_and_offset(), (memory, offset));
        }
        assert_eq!(SlowImm::access(1, u64::MAX).memory_and_offset(), (1, (1 << 48) - 1));
    }
}
