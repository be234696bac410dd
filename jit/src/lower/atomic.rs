//! Atomic accesses: all sequentially consistent, as CLIF's are.

use bimetal_core::ops::atomic::{AtomicKind, AtomicOp};
use bimetal_core::types::ValType;
use bimetal_parser::walk::{MemArg, Operand};
use cranelift_codegen::ir::{AtomicRmwOp, InstBuilder, Type, Value, types};

use super::Lower;

impl Lower<'_> {
    /// What the access pushes, if anything. `args` are the address and the operands.
    pub(super) fn atomic(
        &mut self,
        op: AtomicOp,
        arg: MemArg,
        args: &[Operand<Value>],
    ) -> Option<Value> {
        let (at, flags) = self.aligned_address(arg, args[0], op.width());
        let ty = Type::int(op.width() as u16 * 8).unwrap_or(types::I64);
        let operands: Vec<Value> = args[1..].iter().map(|arg| self.wrapped(ty, *arg)).collect();
        let ins = self.builder.ins();
        let rmw = match op.kind() {
            AtomicKind::Load => {
                let found = ins.atomic_load(ty, flags, at);
                return Some(self.extended(op.value_type(), ty, found));
            }
            AtomicKind::Store => {
                ins.atomic_store(flags, operands[0], at);
                return None;
            }
            AtomicKind::Cmpxchg => {
                let found = ins.atomic_cas(flags, at, operands[0], operands[1]);
                return Some(self.extended(op.value_type(), ty, found));
            }
            AtomicKind::Add => AtomicRmwOp::Add,
            AtomicKind::Sub => AtomicRmwOp::Sub,
            AtomicKind::And => AtomicRmwOp::And,
            AtomicKind::Or => AtomicRmwOp::Or,
            AtomicKind::Xor => AtomicRmwOp::Xor,
            AtomicKind::Xchg => AtomicRmwOp::Xchg,
        };
        let found = ins.atomic_rmw(ty, flags, rmw, at, operands[0]);
        Some(self.extended(op.value_type(), ty, found))
    }

    /// The low bits of an operand.
    fn wrapped(&mut self, ty: Type, operand: Operand<Value>) -> Value {
        let whole = self.builder.func.dfg.value_type(operand.value);
        if whole == ty { operand.value } else { self.builder.ins().ireduce(ty, operand.value) }
    }

    fn extended(&mut self, to: ValType, from: Type, value: Value) -> Value {
        let to = if to == ValType::I64 { types::I64 } else { types::I32 };
        if to == from { value } else { self.builder.ins().uextend(to, value) }
    }
}
