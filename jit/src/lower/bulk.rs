//! Copies and fills of linear memory without the runtime.
//!
//! Both ranges are checked before anything is written, so C's functions, which do the
//! work, never fault. Few bytes of a constant number are moved in place.

use bimetal_core::index::MemIdx;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_parser::walk::Operand;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Lower;
use crate::abi::{PTR, clif_trap, host};
use crate::env::{Region, Symbol};

/// The most bytes that are moved in place: eight vectors are all that registers hold
/// beside whatever else is in them.
const MAX_IN_PLACE: u64 = 128;

/// What bytes are moved in, widest first.
const CHUNKS: [Type; 5] = [types::I8X16, types::I64, types::I32, types::I16, types::I8];

impl Lower<'_> {
    /// Copies or fills, if that is what the instruction does.
    pub(super) fn bulk(&mut self, op: SlowOp, imm: SlowImm, args: &[Operand<Value>]) -> bool {
        if !self.env.optimisations.inline_bulk {
            return false;
        }
        match (op, args) {
            (SlowOp::memory_fill, &[to, value, count]) => {
                self.memory_fill(MemIdx(imm.a), to, value.value, count);
            }
            (SlowOp::memory_copy, &[to, from, count]) => {
                self.memory_copy([MemIdx(imm.a), MemIdx(imm.b)], to, from, count);
            }
            _ => return false,
        }
        true
    }

    fn memory_fill(
        &mut self,
        memory: MemIdx,
        to: Operand<Value>,
        value: Value,
        count: Operand<Value>,
    ) {
        let at = self.range(memory, to, count);
        if let (Some(bytes), Some(byte)) = (self.few(count.value), self.constant_of(value)) {
            let region = Region::of_memory(self.env, memory);
            let flags = region.guest(self.builder.func);
            for (ty, offset) in chunks(bytes) {
                let chunk = self.splat_byte(ty, byte as u8);
                self.builder.ins().store(flags, chunk, at, offset);
            }
            return;
        }
        let count = self.index(count);
        let callee = self.callee(Symbol::MemSet, || host(&[PTR, types::I32, PTR], &[PTR]));
        self.safepoints += 1;
        self.builder.ins().call(callee, &[at, value, count]);
    }

    fn memory_copy(
        &mut self,
        [to_memory, from_memory]: [MemIdx; 2],
        to: Operand<Value>,
        from: Operand<Value>,
        count: Operand<Value>,
    ) {
        let from = self.range(from_memory, from, count);
        let to = self.range(to_memory, to, count);
        if let Some(bytes) = self.few(count.value) {
            let from_region = Region::of_memory(self.env, from_memory);
            let to_region = Region::of_memory(self.env, to_memory);
            let flags = from_region.guest(self.builder.func);
            // All of them before the first store, since the ranges may overlap.
            let mut loaded = Vec::new();
            for (ty, offset) in chunks(bytes) {
                loaded.push((self.builder.ins().load(ty, flags, from, offset), offset));
            }
            let flags = to_region.guest(self.builder.func);
            for (chunk, offset) in loaded {
                self.builder.ins().store(flags, chunk, to, offset);
            }
            return;
        }
        let count = self.index(count);
        let callee = self.callee(Symbol::MemMove, || host(&[PTR, PTR, PTR], &[PTR]));
        self.safepoints += 1;
        self.builder.ins().call(callee, &[to, from, count]);
    }

    /// The address of a range of bytes, which traps unless it is inside the memory.
    fn range(&mut self, memory: MemIdx, start: Operand<Value>, count: Operand<Value>) -> Value {
        const OUTSIDE: TrapCode = TrapCode::MemoryOutOfBounds;
        let narrow = start.ty == ValType::I32 && count.ty == ValType::I32;
        let [start, count] = [start, count].map(|operand| self.index(operand));
        let end = match narrow {
            true => self.builder.ins().iadd(start, count),
            false => self.builder.ins().uadd_overflow_trap(start, count, clif_trap(OUTSIDE)),
        };
        let len = self.memory_len(memory);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, len);
        self.trap_if(outside, OUTSIDE);
        let base = self.memory_base(memory);
        self.builder.ins().iadd(base, start)
    }

    /// The number of bytes, if it is constant and so small that they are moved in place.
    fn few(&self, count: Value) -> Option<u64> {
        self.constant_of(count).filter(|&count| count <= MAX_IN_PLACE)
    }

    /// A number of this type all of whose bytes are the same.
    fn splat_byte(&mut self, ty: Type, byte: u8) -> Value {
        if ty.is_vector() {
            let lane = self.builder.ins().iconst(types::I8, i64::from(byte));
            return self.builder.ins().splat(ty, lane);
        }
        let bits = u64::from_le_bytes([byte; 8]) >> (64 - ty.bits());
        self.builder.ins().iconst(ty, bits as i64)
    }
}

/// The types and offsets of the pieces that so many bytes are moved in.
fn chunks(bytes: u64) -> impl Iterator<Item = (Type, i32)> {
    let mut offset = 0;
    let mut left = bytes;
    std::iter::from_fn(move || {
        let ty = CHUNKS.into_iter().find(|ty| u64::from(ty.bytes()) <= left)?;
        let at = offset;
        offset += ty.bytes() as i32;
        left -= u64::from(ty.bytes());
        Some((ty, at))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_lie_behind_each_other_and_are_all_bytes() {
        for bytes in 0..=MAX_IN_PLACE {
            let mut end = 0;
            for (ty, offset) in chunks(bytes) {
                assert_eq!(u64::from(offset as u32), end);
                end += u64::from(ty.bytes());
            }
            assert_eq!(end, bytes);
        }
    }
}
