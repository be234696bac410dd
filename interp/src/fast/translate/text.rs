//! Instructions as text.

use std::fmt;

use bimetal_core::ops::vec::{VecImm, VecOp};

use super::ir::{Access, Inst, Label, Op, Src};

impl fmt::Display for Src {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Src::Slot(slot) => write!(f, "s{slot}"),
            Src::Acc => f.write_str("acc"),
            Src::Const(bits) if *bits as i64 == i64::from(*bits as i32) => {
                write!(f, "{}", *bits as i32)
            }
            Src::Const(bits) => write!(f, "{bits:#x}"),
            Src::Vector(vector) => write!(f, "vector {vector}"),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.0)
    }
}

impl fmt::Display for Inst {
    #[allow(clippy::too_many_lines, reason = "one arm per instruction")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c] = &self.args;
        if has_result(&self.op) {
            if self.to_slot { write!(f, "s{} = ", self.dst)? } else { write!(f, "acc = ")? }
        }
        match self.op {
            Op::Un(op) => write!(f, "{} {a}", op.name()),
            Op::Bin(op) => write!(f, "{} {a}, {b}", op.name()),
            Op::Wide { op, from } => {
                let [a, b, c, d] = from;
                write!(f, "{} s{a}, s{b}, s{c}, s{d}", op.name())
            }
            Op::BrUn { op, negate, target } => {
                write!(f, "br_{} {} {a} -> {target}", sense(negate), op.name())
            }
            Op::BrBin { op, negate, target } => {
                write!(f, "br_{} {} {a}, {b} -> {target}", sense(negate), op.name())
            }
            Op::AddBr { op, step, negate, target } => write!(
                f,
                "add s{}, {step}; br_{} {} acc, {a} -> {target}",
                self.dst,
                sense(negate),
                op.name()
            ),
            Op::Copy(_) => write!(f, "copy {a}"),
            Op::CopySpan { from, count } => write!(f, "copy_span s{from}, {count} slots"),
            Op::Select(_) => write!(f, "select {a}, {b}, {c}"),
            Op::GlobalGet(_, global) => write!(f, "global.get {}", global.0),
            Op::GlobalSet(_, global) => write!(f, "global.set {}, {a}", global.0),
            Op::RefFunc(func) => write!(f, "ref.func {}", func.0),
            Op::Load(op, Access { arg, .. }) => {
                write!(f, "{} [{}: {a} + {}]", op.name(), arg.memory.0, arg.offset)
            }
            Op::Store(op, Access { arg, .. }) => {
                write!(f, "{} [{}: {a} + {}], {b}", op.name(), arg.memory.0, arg.offset)
            }
            Op::LoadSum(op, Access { arg, .. }) => {
                write!(f, "{} [{}: {a} + {b} + {}]", op.name(), arg.memory.0, arg.offset)
            }
            Op::StoreSum(op, Access { arg, .. }) => {
                write!(f, "{} [{}: {a} + {b} + {}], {c}", op.name(), arg.memory.0, arg.offset)
            }
            Op::Atomic(op, arg) => {
                write!(f, "{} [{}: {a} + {}]", op.name(), arg.memory.0, arg.offset)?;
                [b, c][..op.kind().operands()].iter().try_for_each(|arg| write!(f, ", {arg}"))
            }
            Op::Vec(op, imm) => vector(f, op, imm, &self.args),
            Op::VecLoad(op, arg) => {
                write!(f, "{} [{}: {a} + {}]", op.name(), arg.memory.0, arg.offset)
            }
            Op::VecStore(op, arg) => {
                write!(f, "{} [{}: {a} + {}], {b}", op.name(), arg.memory.0, arg.offset)
            }
            Op::LoadLane(op, arg, lane) => {
                write!(f, "{} [{}: {a} + {}], {b} {lane}", op.name(), arg.memory.0, arg.offset)
            }
            Op::StoreLane(op, arg, lane) => {
                write!(f, "{} [{}: {a} + {}], {b} {lane}", op.name(), arg.memory.0, arg.offset)
            }
            Op::MemorySize(memory) => write!(f, "memory.size {}", memory.0),
            Op::TableGet(table) => write!(f, "table.get {}[{a}]", table.0),
            Op::TableSet(table) => write!(f, "table.set {}[{a}], {b}", table.0),
            Op::TableSize(table) => write!(f, "table.size {}", table.0),
            Op::GcCall { op, imm, base, .. } => {
                write!(f, "{} {} {}, operands from s{base}", op.name(), imm.a, imm.b)
            }
            Op::StructGet(field, _) => write!(f, "struct.get {a} + {}", field.offset),
            Op::StructSet(field) => write!(f, "struct.set {a} + {}, {b}", field.offset),
            Op::ArrayGet(..) => write!(f, "array.get {a}[{b}]"),
            Op::ArraySet(_) => write!(f, "array.set {a}[{b}], {c}"),
            Op::ArrayLen => write!(f, "array.len {a}"),
            Op::RefI31 => write!(f, "ref.i31 {a}"),
            Op::I31Get(true) => write!(f, "i31.get_s {a}"),
            Op::I31Get(false) => write!(f, "i31.get_u {a}"),
            Op::RefTest(to) => write!(f, "ref.test {to} {a}"),
            Op::RefCast(to) => write!(f, "ref.cast {to} {a}"),
            Op::Slow { op, imm, .. } => {
                write!(f, "{} {} {}: {a}, {b}, {c}", op.name(), imm.a, imm.b)
            }
            Op::Call { func, base } => write!(f, "call {}, arguments from s{base}", func.0),
            Op::CallIndirect { table, ty, base } => {
                write!(f, "call_indirect {}[{a}] of type {}, arguments from s{base}", table.0, ty.0)
            }
            Op::CallRef { base, .. } => write!(f, "call_ref {a}, arguments from s{base}"),
            Op::ReturnCall { func, base } => {
                write!(f, "return_call {}, arguments from s{base}", func.0)
            }
            Op::ReturnCallIndirect { table, ty, base } => {
                let (table, ty) = (table.0, ty.0);
                write!(f, "return_call_indirect {table}[{a}] of type {ty}, arguments from s{base}")
            }
            Op::ReturnCallRef { base, .. } => {
                write!(f, "return_call_ref {a}, arguments from s{base}")
            }
            Op::Throw { tag, base } => write!(f, "throw {}, payload from s{base}", tag.0),
            Op::ThrowRef => write!(f, "throw_ref {a}"),
            Op::Catch { .. } => write!(f, "catch s{}", self.dst),
            Op::NonNull => write!(f, "ref.as_non_null {a}"),
            Op::Br(target) => write!(f, "br -> {target}"),
            Op::BrTable { count, .. } => write!(f, "br_table {a}, {count} targets"),
            Op::Unreachable => write!(f, "unreachable"),
            Op::Return0 => write!(f, "return"),
            Op::Return(_) => write!(f, "return {a}"),
            Op::ReturnSpan { from, count } => write!(f, "return {count} slots from s{from}"),
        }
    }
}

fn vector(f: &mut fmt::Formatter<'_>, op: VecOp, imm: VecImm, args: &[Src; 3]) -> fmt::Result {
    f.write_str(op.name())?;
    for (i, arg) in args[..op.params().len()].iter().enumerate() {
        write!(f, "{} {arg}", if i == 0 { "" } else { "," })?;
    }
    if imm == VecImm::NONE { Ok(()) } else { write!(f, " {:?}", imm.lanes()) }
}

fn sense(negate: bool) -> &'static str {
    if negate { "unless" } else { "if" }
}

/// Whether the instruction writes a slot or an accumulator.
#[allow(clippy::too_many_lines, reason = "a table, one line per instruction")]
pub(super) fn has_result(op: &Op) -> bool {
    match op {
        Op::Atomic(op, _) => op.kind().has_result(),
        Op::Un(_)
        | Op::Bin(_)
        | Op::Wide { .. }
        | Op::Copy(_)
        | Op::CopySpan { .. }
        | Op::Select(_)
        | Op::GlobalGet(..)
        | Op::RefFunc(_)
        | Op::Load(..)
        | Op::LoadSum(..)
        | Op::VecLoad(..)
        | Op::LoadLane(..)
        | Op::Vec(..)
        | Op::MemorySize(_)
        | Op::TableGet(_)
        | Op::TableSize(_)
        | Op::StructGet(..)
        | Op::ArrayGet(..)
        | Op::ArrayLen
        | Op::RefI31
        | Op::I31Get(_)
        | Op::RefTest(_)
        | Op::Slow { .. } => true,
        Op::BrUn { .. }
        | Op::BrBin { .. }
        | Op::AddBr { .. }
        | Op::GlobalSet(..)
        | Op::Store(..)
        | Op::StoreSum(..)
        | Op::VecStore(..)
        | Op::StoreLane(..)
        | Op::TableSet(_)
        | Op::Call { .. }
        | Op::CallIndirect { .. }
        | Op::CallRef { .. }
        | Op::ReturnCall { .. }
        | Op::ReturnCallIndirect { .. }
        | Op::ReturnCallRef { .. }
        | Op::Throw { .. }
        | Op::ThrowRef
        | Op::Catch { .. }
        | Op::NonNull
        | Op::Br(_)
        | Op::BrTable { .. }
        | Op::Unreachable
        | Op::Return0
        | Op::Return(_)
        | Op::GcCall { .. }
        | Op::StructSet(_)
        | Op::ArraySet(_)
        | Op::RefCast(_)
        | Op::ReturnSpan { .. } => false,
    }
}
