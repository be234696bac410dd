//! Instructions with two results.

use bimetal_core::ops::wide::{MAX_WIDE_OPERANDS, WideOp};
use bimetal_parser::walk::Operand;

use super::Translator;
use super::ir::{Op, Src};
use super::operands::Value;

impl Translator<'_> {
    /// Appends an instruction that leaves its results in `dst` and the next slot.
    pub(super) fn wide_op(&mut self, dst: u32, op: WideOp, args: &[Operand<Value>]) -> [Value; 2] {
        // Operands that the instruction does not have name a slot that exists.
        let mut from = [dst; MAX_WIDE_OPERANDS];
        for (to, operand) in from.iter_mut().zip(args) {
            if let Src::Slot(slot) = self.take_slot(*operand) {
                *to = slot;
            }
        }
        self.emit(Op::Wide { op, from }, [Src::Acc; 3], dst);
        self.wrote(dst);
        self.wrote(dst + 1);
        [Value::Temp; 2]
    }
}
