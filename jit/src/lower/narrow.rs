//! Forms of instructions that the code generator makes better code of.

use cranelift_codegen::ir::{
    InstBuilder, InstructionData, MemFlagsData, Opcode, Type, Value, types,
};

use super::Lower;

const I32: Type = types::I32;
const I64: Type = types::I64;

impl Lower<'_> {
    /// The constant that an integer is, with the bits above its type zero.
    pub(super) fn constant_of(&self, value: Value) -> Option<u64> {
        let dfg = &self.builder.func.dfg;
        let value = dfg.resolve_aliases(value);
        match dfg.insts[dfg.value_def(value).inst()?] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, imm } => {
                let bits = dfg.value_type(value).bits();
                Some(imm.bits() as u64 & (u64::MAX >> (64 - bits)))
            }
            _ => None,
        }
    }

    /// An integer and another: with a mask of the low 32 bits, in their place or shifted,
    /// which would have to be loaded, it is a conversion.
    pub(super) fn and(&mut self, a: Value, b: Value) -> Value {
        if self.env.optimisations.narrow && self.builder.func.dfg.value_type(a) == I64 {
            let masked = [(a, b), (b, a)].into_iter();
            let masked = masked.filter_map(|(a, mask)| Some((a, self.constant_of(mask)?)));
            for (value, mask) in masked.collect::<Vec<_>>() {
                if let Some(low) = self.low_half(value, mask) {
                    return low;
                }
            }
        }
        self.builder.ins().band(a, b)
    }

    fn low_half(&mut self, value: Value, mask: u64) -> Option<Value> {
        const LOW: u64 = u32::MAX as u64;
        let shift = mask.trailing_zeros();
        if shift >= 32 || mask != LOW << shift {
            return None;
        }
        let value = match shift {
            0 => value,
            _ => self.shifted(value).filter(|shifted| shifted.1 == u64::from(shift))?.0,
        };
        let low = self.builder.ins().ireduce(I32, value);
        let low = self.builder.ins().uextend(I64, low);
        Some(match shift {
            0 => low,
            _ => self.builder.ins().ishl_imm_u(low, i64::from(shift)),
        })
    }

    /// What a value is that was shifted left by a constant, and how far.
    fn shifted(&self, value: Value) -> Option<(Value, u64)> {
        let dfg = &self.builder.func.dfg;
        match dfg.insts[dfg.value_def(dfg.resolve_aliases(value)).inst()?] {
            InstructionData::Binary { opcode: Opcode::Ishl, args: [value, by] } => {
                Some((value, self.constant_of(by)?))
            }
            _ => None,
        }
    }

    /// Stores the low bits of an integer: constants as immediates.
    pub(super) fn store_low(
        &mut self,
        ty: Type,
        flags: MemFlagsData,
        value: Value,
        (at, by): (Value, i32),
    ) {
        let constant = self.constant_of(value).filter(|_| self.env.optimisations.narrow);
        let ins = self.builder.ins();
        match constant {
            Some(bits) => {
                let bits = bits & (u64::MAX >> (64 - ty.bits()));
                let low = ins.iconst(ty, bits as i64);
                self.builder.ins().store(flags, low, at, by);
            }
            None if ty == types::I8 => {
                ins.istore8(flags, value, at, by);
            }
            None => {
                ins.istore16(flags, value, at, by);
            }
        }
    }
}
