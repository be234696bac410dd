//! Sums of 32 bits as parts of addresses.
//!
//! A sum `x + c` wraps at 2^32, so that an address cannot take `x` and `c` apart unless
//! it makes no difference: it must be computed first, for each constant anew. In a
//! memory that is a circle ([`MemoryPlan::circular`]) it makes no difference:
//!
//! The instruction means byte `t`, which is `x + c` modulo 2^32. Let `u` be a sum of 64
//! bits that is `t` modulo 2^32 and not below -2^31, and below 2^32. If `u >= 0`, then
//! `u = t`. Otherwise `u = t - 2^32` and `t >= 2^31`: `u` lies in front of the memory,
//! where the upper half of the address range is a second time, and so is the byte `t`,
//! or faults as that would. So may each byte of the access: if it ends in front of the
//! first byte, that is clear. If it goes on there, then it touches the last byte of the
//! address range, which always faults, as it should, and writes nothing.
//!
//! Such sums `u` are, for a constant that is taken as signed:
//! - if it is below zero, that of `x` as unsigned and `c`;
//! - if not, that of `x` as signed and `c`;
//! - or, where `x` is known to be below 2^31, of `x` as either and `c`.
//!
//! Another constant on top, the access's own, would lead from in front of the memory
//! into it: so there must be none.
//!
//! **What must never happen here:** an address is changed whose access has such a
//! constant, is in a memory that is no circle, or is checked otherwise than by the pages
//! around the memory.
//!
//! [`MemoryPlan::circular`]: bimetal_runtime::memory::MemoryPlan::circular

use std::collections::{HashMap, HashSet};

use cranelift_codegen::cursor::{Cursor, FuncCursor};
use cranelift_codegen::ir::{Inst, InstBuilder, InstructionData, Opcode, Value, types};

use super::Lower;

/// How far operands are followed to find out that a value is small.
const DEPTH: u32 = 5;

/// An access at a sum.
#[derive(Clone, Copy)]
pub(super) struct AtSum {
    /// What makes the address: the sum of `base` and of this one as 64 bits.
    address: Inst,
    base: Value,
    sum: Value,
}

/// A sum as what it is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Parts {
    value: Value,
    constant: i32,
}

/// The sums of a value with constants that are not below zero.
#[derive(Default)]
struct Sums {
    constants: HashSet<i32>,
    /// How many accesses are at them.
    accesses: usize,
}

impl Sums {
    /// Whether computing the sums costs more than converting the value once and having
    /// a constant in each access: not if most of them serve two accesses.
    fn cost_more(&self) -> bool {
        self.constants.len() > 1 && self.accesses < 2 * self.constants.len()
    }
}

impl Lower<'_> {
    /// Remembers an access without constant offset at this index of 32 bits, which only
    /// pages around its circular memory check.
    pub(super) fn note_sum(&mut self, address: Value, base: Value, index: Value) {
        if !self.env.optimisations.address_sums || self.parts(index).is_none() {
            return;
        }
        if let Some(address) = self.builder.func.dfg.value_def(address).inst() {
            self.sums.push(AtSum { address, base, sum: index });
        }
    }

    /// Takes sums apart that nothing else needs, where that saves instructions.
    pub(super) fn take_sums_apart(&mut self) {
        let noted = std::mem::take(&mut self.sums);
        let needed = self.needed(&noted);
        let parts = noted.iter().filter_map(|at| Some((*at, self.parts(at.sum)?)));
        let apart: Vec<(AtSum, Parts)> =
            parts.filter(|(at, _)| !needed.contains(&self.resolved(at.sum))).collect();
        let mut signed: HashMap<Value, Sums> = HashMap::new();
        for (_, parts) in apart.iter().filter(|(_, parts)| parts.constant >= 0) {
            let sums = signed.entry(parts.value).or_default();
            sums.constants.insert(parts.constant);
            sums.accesses += 1;
        }
        for (at, parts) in apart {
            let unsigned = parts.constant < 0 || self.most(parts.value, DEPTH) <= i32::MAX as u64;
            if unsigned || signed.get(&parts.value).is_some_and(Sums::cost_more) {
                self.take_apart(at, parts, unsigned);
            }
        }
    }

    fn take_apart(&mut self, at: AtSum, parts: Parts, unsigned: bool) {
        let mut cursor = FuncCursor::new(self.builder.func).at_inst(at.address);
        let value = match unsigned {
            true => cursor.ins().uextend(types::I64, parts.value),
            false => cursor.ins().sextend(types::I64, parts.value),
        };
        let near = cursor.ins().iadd(at.base, value);
        let constant = cursor.ins().iconst(types::I64, i64::from(parts.constant));
        cursor.func.replace(at.address).iadd(near, constant);
    }

    /// Of the sums, those that are used otherwise.
    fn needed(&self, noted: &[AtSum]) -> HashSet<Value> {
        let dfg = &self.builder.func.dfg;
        let mut uses: HashMap<Value, usize> = HashMap::new();
        for at in noted {
            // Each access extends the sum anew.
            *uses.entry(self.resolved(at.sum)).or_default() += 1;
        }
        let mut needed = HashSet::new();
        let insts = self.builder.func.layout.blocks();
        for inst in insts.flat_map(|block| self.builder.func.layout.block_insts(block)) {
            for value in dfg.inst_values(inst) {
                let value = dfg.resolve_aliases(value);
                if let Some(left) = uses.get_mut(&value) {
                    match left.checked_sub(1) {
                        Some(rest) => *left = rest,
                        None => drop(needed.insert(value)),
                    }
                }
            }
        }
        needed
    }

    /// A value and a constant other than zero of which this one is the sum.
    fn parts(&self, sum: Value) -> Option<Parts> {
        let dfg = &self.builder.func.dfg;
        let inst = dfg.value_def(self.resolved(sum)).inst()?;
        let InstructionData::Binary { opcode, args: [a, b] } = dfg.insts[inst] else { return None };
        let constant = |value| self.constant_of(value).map(|constant| constant as u32);
        let (value, constant) = match (opcode, constant(a), constant(b)) {
            (Opcode::Iadd, _, Some(constant)) => (a, constant),
            (Opcode::Iadd, Some(constant), _) => (b, constant),
            (Opcode::Isub, _, Some(constant)) => (a, constant.wrapping_neg()),
            _ => return None,
        };
        let parts = Parts { value: self.resolved(value), constant: constant as i32 };
        (dfg.value_type(value) == types::I32 && constant != 0).then_some(parts)
    }

    fn resolved(&self, value: Value) -> Value {
        self.builder.func.dfg.resolve_aliases(value)
    }
}
