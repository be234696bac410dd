//! The switchboard's part for threads: atomic accesses, waiting, notifying and the
//! fence.

use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::slow::{SlowImm, SlowOp, SlowSig};
use bimetal_core::types::ValType;
use wasmparser::{MemArg, Operator};

use super::Walker;
use super::backend::Backend;
use super::ops::mem_arg;
use crate::error::Error;

macro_rules! atomic_op_of {
    ($($name:ident $operator:ident $mem:ident $value:ident $kind:ident;)*) => {
        /// The row of an atomic access and its immediates.
        fn atomic_op(op: &Operator<'_>) -> Option<(AtomicOp, MemArg)> {
            match op {
                $(Operator::$operator { memarg } => Some((AtomicOp::$name, *memarg)),)*
                _ => None,
            }
        }
    };
}
bimetal_core::for_each_atomic_op!(atomic_op_of);

impl<B: Backend> Walker<'_, B> {
    /// Calls the verb of an operator of the proposal. Whether it is one.
    pub(super) fn atomic(&mut self, op: &Operator<'_>, offset: u64) -> Result<bool, Error> {
        match op {
            Operator::AtomicFence { ordering: _ } => {
                let sig = SlowSig::new(&[], None);
                self.slow_of(SlowOp::atomic_fence, SlowImm::default(), &sig);
            }
            Operator::MemoryAtomicNotify { memarg } => {
                self.parking(SlowOp::memory_atomic_notify, memarg, &[ValType::I32], offset)?;
            }
            Operator::MemoryAtomicWait32 { memarg } => {
                let operands = [ValType::I32, ValType::I64];
                self.parking(SlowOp::memory_atomic_wait32, memarg, &operands, offset)?;
            }
            Operator::MemoryAtomicWait64 { memarg } => {
                let operands = [ValType::I64, ValType::I64];
                self.parking(SlowOp::memory_atomic_wait64, memarg, &operands, offset)?;
            }
            _ => return self.atomic_access(op, offset),
        }
        Ok(true)
    }

    fn atomic_access(&mut self, op: &Operator<'_>, offset: u64) -> Result<bool, Error> {
        let Some((op, arg)) = atomic_op(op) else { return Ok(false) };
        let arg = mem_arg(&arg, offset)?;
        let mut args: Vec<_> = (0..=op.kind().operands()).map(|_| self.stack.pop()).collect();
        args.reverse();
        if let Some(value) = self.backend.atomic(&mut self.stack, op, arg, &args) {
            self.stack.push(op.value_type(), value);
        }
        Ok(true)
    }

    /// Waiting and notifying: these operands follow the address.
    fn parking(
        &mut self,
        op: SlowOp,
        arg: &MemArg,
        operands: &[ValType],
        offset: u64,
    ) -> Result<(), Error> {
        let arg = mem_arg(arg, offset)?;
        let address = self.module.memories[arg.memory.index()].addr.val_type();
        let operands: Vec<_> = std::iter::once(address).chain(operands.iter().copied()).collect();
        let imm = SlowImm::access(arg.memory.0, arg.offset);
        self.slow_of(op, imm, &SlowSig::new(&operands, Some(ValType::I32)));
        Ok(())
    }
}
