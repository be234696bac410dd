//! Addresses: what makes them becomes part of the cell of the load or store.

use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::types::AddrType;
use bimetal_parser::walk::{MemArg, Operand, Stack};

use super::Translator;
use super::access::plain_address;
use super::ir::{Access, Class, Inst, Op, Src};
use super::operands::Value;

/// How many instructions may make the value that is stored, behind the one that makes the
/// address: the bound that keeps translation linear.
const REACH: usize = 16;

/// An address: its first part, and the second one of a sum.
struct Parts {
    ty: AddrType,
    first: Src,
    second: Option<Src>,
}

/// Whether an instruction writes nothing but its result, so that what comes before it can
/// as well come behind it if that does not concern this result.
fn is_pure(op: &Op) -> bool {
    matches!(
        op,
        Op::Un(_)
            | Op::Bin(_)
            | Op::Load(..)
            | Op::LoadSum(..)
            | Op::Copy(_)
            | Op::Select(_)
            | Op::GlobalGet(..)
    )
}

impl Translator<'_> {
    /// A load from memory 0 at an address of which the last instruction makes parts, if it
    /// does.
    pub(super) fn load_parts(
        &mut self,
        stack: &Stack<Value>,
        op: LoadOp,
        arg: MemArg,
        addr: Operand<Value>,
    ) -> Option<Value> {
        let Parts { ty, first, second } = self.take_parts(arg, addr)?;
        let access = Access { arg, address: Some(ty) };
        let (inst, args) = match second {
            Some(second) => (Op::LoadSum(op, access), [first, second, Src::Acc]),
            None => (Op::Load(op, access), [first, Src::Acc, Src::Acc]),
        };
        Some(self.result(inst, args, stack.next_slot(), op.value_type(), true))
    }

    /// The same for a store. Returns whether it did.
    pub(super) fn store_parts(
        &mut self,
        op: StoreOp,
        arg: MemArg,
        addr: Operand<Value>,
        value: Operand<Value>,
    ) -> bool {
        if value.value == Value::Temp && !self.fusions.late_address {
            return false;
        }
        let Some(Parts { ty, first, second }) = self.take_parts(arg, addr) else { return false };
        let access = Access { arg, address: Some(ty) };
        let value = self.take(value, true);
        match second {
            Some(second) => self.emit(Op::StoreSum(op, access), [first, second, value], 0),
            None => self.emit(Op::Store(op, access), [first, value, Src::Acc], 0),
        };
        true
    }

    /// The parts of an address that an instruction makes, which then is no more.
    fn take_parts(&mut self, arg: MemArg, addr: Operand<Value>) -> Option<Parts> {
        let memory = plain_address(self.module, arg)?;
        let made = self.fusions.address && addr.value == Value::Temp;
        let at = self.maker(addr.slot).filter(|_| made)?;
        let inst = self.insts[at];
        let (ty, sum) = match (inst.op, memory) {
            (Op::Bin(NumOp::i32_add), AddrType::I32) => (memory, Some(at)),
            (Op::Bin(NumOp::i64_add), AddrType::I64) => (memory, Some(at)),
            (Op::Un(NumOp::i64_extend_i32_u), AddrType::I64) => (AddrType::I32, None),
            _ => return None,
        };
        if sum.is_some() {
            let (first, second) = self.summands(at, arg)?;
            self.remove(at);
            return Some(Parts { ty, first, second: Some(second) });
        }
        let (last, first) = (at + 1 == self.insts.len(), inst.args[0]);
        // A sum that nothing else uses.
        let before = at.checked_sub(1).filter(|&before| before >= self.barrier);
        if let (Some(before), Src::Acc, true) = (before, first, last)
            && let Inst { op: Op::Bin(NumOp::i32_add), to_slot: false, .. } = self.insts[before]
            && let Some((first, second)) = self.summands(before, arg)
        {
            self.remove(at);
            self.remove(before);
            return Some(Parts { ty, first, second: Some(second) });
        }
        let first = if last { first } else { self.in_slot(at, 0)? };
        if !last && self.is_written(at, first) {
            return None;
        }
        self.remove(at);
        Some(Parts { ty, first, second: None })
    }

    /// The instruction that makes an operand in a slot, if what comes behind it could as
    /// well come before it.
    fn maker(&self, slot: u32) -> Option<usize> {
        for at in (self.barrier..self.insts.len()).rev().take(REACH) {
            let inst = &self.insts[at];
            if !is_pure(&inst.op) {
                return None;
            }
            if inst.dst == slot {
                return inst.to_slot.then_some(at);
            }
        }
        None
    }

    /// An operand of an instruction that may move behind those that follow it: in a slot
    /// or constant.
    fn in_slot(&self, at: usize, index: usize) -> Option<Src> {
        let src = self.insts[at].args[index];
        if src != Src::Acc {
            return Some(src);
        }
        let before = &self.insts[at.checked_sub(1).filter(|&before| before >= self.barrier)?];
        let integer = match before.op {
            Op::Un(op) | Op::Bin(op) => Class::of(op.result()) == Class::Int,
            Op::Load(op, _) | Op::LoadSum(op, _) => Class::of(op.value_type()) == Class::Int,
            _ => false,
        };
        (integer && before.to_slot).then_some(Src::Slot(before.dst))
    }

    /// Whether an instruction behind a position writes a slot.
    fn is_written(&self, at: usize, src: Src) -> bool {
        let Src::Slot(slot) = src else { return false };
        let writes = |inst: &Inst| slot.wrapping_sub(inst.dst) < inst.op.result_slots();
        self.insts[at + 1..].iter().any(writes)
    }

    /// The operands of an addition that becomes part of an access behind what follows it:
    /// a slot, and another one or a constant. The second one may be in the accumulator if
    /// nothing follows.
    fn summands(&self, at: usize, arg: MemArg) -> Option<(Src, Src)> {
        let last = at + 1 == self.insts.len();
        let Inst { op, args: [a, b, _], .. } = self.insts[at];
        let parts = match (a, b) {
            (Src::Slot(_), Src::Acc) if last => (a, b),
            (Src::Acc, Src::Slot(_)) if last => (b, a),
            (_, Src::Const(_)) => (self.in_slot(at, 0)?, b),
            (Src::Const(_), _) => (self.in_slot(at, 1)?, a),
            _ => (self.in_slot(at, 0)?, self.in_slot(at, 1)?),
        };
        let fits = match parts.1 {
            // The cell has 32 bits for it.
            Src::Const(bits) => {
                matches!(op, Op::Bin(NumOp::i32_add)) || bits as i64 == i64::from(bits as i32)
            }
            _ => arg.offset <= u64::from(u16::MAX),
        };
        let written = !last && (self.is_written(at, parts.0) || self.is_written(at, parts.1));
        (matches!(parts.0, Src::Slot(_)) && fits && !written).then_some(parts)
    }

    /// Takes an instruction away, whose result nobody needs any more.
    fn remove(&mut self, at: usize) {
        let slot = self.insts.remove(at).dst;
        self.wrote(slot);
        for acc in self.acc.iter_mut().flatten() {
            match &mut acc.producer {
                Some(producer) if *producer > at => *producer -= 1,
                _ => {}
            }
        }
        self.last = None;
    }
}
