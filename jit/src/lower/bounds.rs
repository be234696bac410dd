//! Which accesses to linear memory are checked, and how.
//!
//! **What must never happen here:** an access is left unchecked that could touch a byte
//! which is neither in the memory nor on a page of its reservation that faults.
//!
//! Every check establishes one fact about the 64-bit number `i` that it was made for:
//! `i < len`, and the `reach` bytes from `i` on are in the memory or fault. A memory
//! never shrinks and its pages behind the length never become accessible without
//! becoming part of it, so that stays true wherever the check dominates, whatever is
//! called meanwhile, even where the memory moves: its guard moves along.
//!
//! `i` is a sum, modulo 2^64, of a value and a constant: `i = root + from`. Of another
//! access at `root + at`, of which the last byte is `end - 1` behind that, let
//! `d = at - from` modulo 2^64. If `d + end <= reach` (no sum of numbers below 2^33
//! wraps), then `root + at = i + d` modulo 2^64, and `i + d < len + 2^33` does not wrap
//! either: the access lies in the `reach` bytes from `i` on. If `root + at` lies before
//! `i`, then `d` is nearly 2^64 and the access is checked itself.

use bimetal_core::index::MemIdx;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::{AddrType, ValType};
use bimetal_parser::walk::{BlockType, Control, ControlKind, MemArg, Operand, Stack};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, InstructionData, Opcode, Value, types};

use super::{Label, Lower};
use crate::abi::clif_trap;

/// How many facts are looked at, the latest first.
const LOOKED_AT: usize = 32;
/// How many memories have their lengths loaded in front of each loop.
const LOADED_EARLY: usize = 2;
/// Constants that are added to one value, each on top of the other.
const ADDED: usize = 4;
/// How far operands are followed to find the largest number that they give.
const DEPTH: u32 = 5;

const OUTSIDE: TrapCode = TrapCode::MemoryOutOfBounds;

/// What checks have established, by where it holds.
#[derive(Default)]
pub(super) struct Bounds {
    facts: Vec<Fact>,
    /// The open structures.
    marks: Vec<Mark>,
}

/// The beginning of a structure.
#[derive(Clone, Copy, Default)]
struct Mark {
    /// How many facts there were: these hold behind the structure as well.
    facts: usize,
    /// Whether it is a loop, or in one, in front of which lengths were loaded.
    loaded: bool,
}

/// The `reach` bytes from `root + from` on lie in the memory or fault, and the first of
/// them lies in it.
#[derive(Clone, Copy)]
struct Fact {
    memory: MemIdx,
    root: Value,
    from: u64,
    reach: u64,
}

impl Bounds {
    /// A structure begins.
    pub(super) fn open(&mut self) {
        let loaded = self.marks.last().is_some_and(|outer| outer.loaded);
        self.marks.push(Mark { facts: self.facts.len(), loaded });
    }

    /// The second arm of the innermost structure begins.
    pub(super) fn turn(&mut self) {
        self.facts.truncate(self.marks.last().map_or(0, |mark| mark.facts));
    }

    /// The innermost structure ends. What is behind it is dominated by its whole
    /// straight part if there is no other way there than through its last instruction.
    pub(super) fn close(&mut self, one_way: bool) {
        let mark = self.marks.pop().unwrap_or_default();
        if !one_way {
            self.facts.truncate(mark.facts);
        }
    }

    /// What comes next is reached without what came before.
    pub(super) fn forget(&mut self) {
        self.facts.clear();
        self.marks.fill(Mark::default());
    }

    fn covers(&self, memory: MemIdx, (root, at): (Value, u64), end: u64) -> bool {
        self.facts.iter().rev().take(LOOKED_AT).any(|fact| {
            let needed = at.wrapping_sub(fact.from).checked_add(end);
            fact.memory == memory
                && fact.root == root
                && needed.is_some_and(|needed| needed <= fact.reach)
        })
    }
}

impl Lower<'_> {
    /// A structure of this type begins.
    pub(super) fn begin_structure(&mut self, stack: &Stack<Value>, ty: BlockType) {
        self.bounds.open();
        self.open(stack, ty);
    }

    /// The innermost structure ended.
    pub(super) fn end_structure(&mut self, control: &Control<Value, Label>) {
        self.bounds.close(match control.kind {
            ControlKind::Loop(_) => true,
            ControlKind::Block => !control.end_reached,
            _ => false,
        });
    }

    /// Traps unless every byte of the access lies inside the memory, or on a page that
    /// faults. `index` is the address as 64 bits.
    pub(super) fn check_bounds(
        &mut self,
        arg: MemArg,
        addr: Operand<Value>,
        index: Value,
        width: u32,
    ) {
        let Some(end) = arg.offset.checked_add(u64::from(width)) else {
            let always = self.builder.ins().iconst(types::I8, 1);
            return self.trap_if(always, OUTSIDE);
        };
        let memory = arg.memory;
        let known = self.env.optimisations.known_bounds;
        let place = match addr.ty {
            // Sums of 32 bits wrap elsewhere.
            ValType::I32 => (self.builder.func.dfg.resolve_aliases(addr.value), 0),
            _ => self.root(addr.value),
        };
        if known
            && (self.within_minimum(memory, index, end) || self.bounds.covers(memory, place, end))
        {
            return;
        }
        let reach = self.check(memory, addr.ty, index, end);
        // Nothing is known at the header of a loop from what came before it if the
        // function begins there.
        let reached = self.body.osr.as_ref().is_none_or(|osr| osr.is_found());
        if known && reached {
            let (root, from) = place;
            self.bounds.facts.push(Fact { memory, root, from, reach });
        }
    }

    /// Checks the `end` bytes from `index` on. Returns how many from there are now known
    /// to be inside or to fault.
    fn check(&mut self, memory: MemIdx, ty: ValType, index: Value, end: u64) -> u64 {
        let guard = self.env.plans[memory.index()].guard;
        let short = self.env.optimisations.short_checks;
        let len = self.memory_len(memory);
        if short && end <= guard {
            // The length is a multiple of the host's pages; behind it everything faults
            // up to the end of the guard, which is `guard` bytes long at least.
            let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
            self.trap_if(outside, OUTSIDE);
            return guard;
        }
        let outside = if short && end <= self.minimum(memory) {
            // `end <= minimum <= len`: the difference does not wrap, and no sum is needed
            // that could: `index <= len - end` if and only if `index + end <= len`.
            let last = self.builder.ins().iadd_imm_s(len, -(end as i64));
            self.builder.ins().icmp(IntCC::UnsignedGreaterThan, index, last)
        } else {
            let distance = self.builder.ins().iconst(types::I64, end as i64);
            let sum = match ty {
                // Both are far below 2^63.
                ValType::I32 if short && end <= 1 << 62 => self.builder.ins().iadd(index, distance),
                _ => self.builder.ins().uadd_overflow_trap(index, distance, clif_trap(OUTSIDE)),
            };
            self.builder.ins().icmp(IntCC::UnsignedGreaterThan, sum, len)
        };
        self.trap_if(outside, OUTSIDE);
        end
    }

    /// The bytes that a memory has at least, from the beginning on.
    fn minimum(&self, memory: MemIdx) -> u64 {
        let ty = &self.env.module.memories[memory.index()];
        // Kept below 2^63, so that differences may be signed.
        ty.limits.min.saturating_mul(ty.page_size()).min(1 << 48)
    }

    /// Whether the `end` bytes from `index` on are in the memory however short it is.
    fn within_minimum(&self, memory: MemIdx, index: Value, end: u64) -> bool {
        let last = self.most(index, DEPTH).checked_add(end);
        last.is_some_and(|last| last <= self.minimum(memory))
    }

    /// A 64-bit value as the sum of another and a constant, modulo 2^64.
    fn root(&self, value: Value) -> (Value, u64) {
        let dfg = &self.builder.func.dfg;
        let mut root = dfg.resolve_aliases(value);
        let mut sum = 0_u64;
        for _ in 0..ADDED {
            let Some(inst) = dfg.value_def(root).inst() else { break };
            let InstructionData::Binary { opcode, args: [a, b] } = dfg.insts[inst] else { break };
            let (rest, constant) = match (opcode, self.constant_of(b), self.constant_of(a)) {
                (Opcode::Iadd, Some(constant), _) => (a, constant),
                (Opcode::Iadd, _, Some(constant)) => (b, constant),
                (Opcode::Isub, Some(constant), _) => (a, constant.wrapping_neg()),
                _ => break,
            };
            root = dfg.resolve_aliases(rest);
            sum = sum.wrapping_add(constant);
        }
        (root, sum)
    }

    /// A number that this value, as unsigned, does not exceed.
    pub(super) fn most(&self, value: Value, depth: u32) -> u64 {
        let dfg = &self.builder.func.dfg;
        let value = dfg.resolve_aliases(value);
        let bits = dfg.value_type(value).bits();
        let all = u64::MAX >> (64 - bits.clamp(1, 64));
        let (Some(inst), Some(depth)) = (dfg.value_def(value).inst(), depth.checked_sub(1)) else {
            return all;
        };
        let most = |value| self.most(value, depth);
        // A sum or product that does not fit wraps, and may be anything.
        let fitting = |exact: Option<u64>| exact.filter(|&exact| exact <= all).unwrap_or(all);
        match dfg.insts[inst] {
            InstructionData::UnaryImm { opcode: Opcode::Iconst, .. } => {
                self.constant_of(value).unwrap_or(all)
            }
            InstructionData::Unary { opcode: Opcode::Uextend, arg } => most(arg),
            InstructionData::Load { opcode: Opcode::Uload8, .. } => 0xff,
            InstructionData::Load { opcode: Opcode::Uload16, .. } => 0xffff,
            InstructionData::Load { opcode: Opcode::Uload32, .. } => 0xffff_ffff,
            InstructionData::Binary { opcode, args: [a, b] } => match opcode {
                Opcode::Band => most(a).min(most(b)),
                Opcode::Iadd => fitting(most(a).checked_add(most(b))),
                Opcode::Imul => fitting(most(a).checked_mul(most(b))),
                Opcode::Urem => most(b).saturating_sub(1).min(most(a)),
                Opcode::Ushr => match self.constant_of(b) {
                    Some(by) => most(a) >> (by & u64::from(bits - 1)),
                    None => most(a),
                },
                Opcode::Ishl => match self.constant_of(b) {
                    Some(by) => fitting(most(a).checked_mul(1 << (by & u64::from(bits - 1)))),
                    None => all,
                },
                _ => all,
            },
            _ => all,
        }
    }

    /// In front of a loop: loads what its checks need, if nothing is called in the loop
    /// that could grow a memory, so that the loads in the loop are no more than these.
    pub(super) fn load_lengths(&mut self, number: u32) {
        let checked: Vec<MemIdx> = self.checked_memories().take(LOADED_EARLY).collect();
        let loaded = self.bounds.marks.last().is_some_and(|mark| mark.loaded);
        if checked.is_empty() || loaded || self.calls_in(number) {
            return;
        }
        if let Some(mark) = self.bounds.marks.last_mut() {
            mark.loaded = true;
        }
        // The code generator has to see that what may have written to the memories'
        // lengths did so before this, not in an outer loop.
        self.builder.ins().sequence_point();
        for memory in checked {
            self.memory_len(memory);
            self.memory_base(memory);
        }
    }

    /// The memories whose accesses are checked against a length that is no other
    /// thread's to change.
    fn checked_memories(&self) -> impl Iterator<Item = MemIdx> {
        let env = self.env;
        let memories = env.module.memories.iter().zip(&env.plans).enumerate();
        let checked = memories.filter(move |(_, (ty, plan))| {
            env.optimisations.early_lengths
                && !ty.shared
                && !(ty.addr == AddrType::I32 && plan.elides_check(0, 1))
        });
        checked.map(|(index, _)| MemIdx(index as u32))
    }

    /// Whether something may be called in a loop of the innermost body.
    fn calls_in(&mut self, number: u32) -> bool {
        let (module, defined) = (self.env.module, self.body.defined);
        let look = || module.calling_loops(defined).unwrap_or_default();
        let loops = self.body.calling_loops.get_or_insert_with(look);
        loops.get(number as usize).copied().unwrap_or(true)
    }
}
