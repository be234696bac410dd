//! Cells of a multiplication of floats and what is done with the product.

use bimetal_core::ops::num::NumOp;

use super::cell::place;
use super::ir::{Inst, Op, Src};
use super::link::Linker;
use crate::fast::exec::mul_add::mul_then;

impl Linker<'_> {
    /// A product with the accumulator that nothing else uses, and the addition of it or its
    /// subtraction from something.
    pub(super) fn mul_add(&mut self, first: &Inst, second: &Inst) -> bool {
        let (Op::Bin(NumOp::f64_mul), Op::Bin(op), false) = (first.op, second.op, first.to_slot)
        else {
            return false;
        };
        let x = match (first.args[0], first.args[1]) {
            (x, Src::Acc) | (Src::Acc, x) => x,
            _ => return false,
        };
        let z = match (second.args[0], second.args[1]) {
            (Src::Slot(z), Src::Acc) => z,
            (Src::Acc, Src::Slot(z)) if op == NumOp::f64_add => z,
            _ => return false,
        };
        let Some(forms) = mul_then(op) else { return false };
        let pin = |slot| self.pins.float(slot);
        let (x_form, x_field) = match x {
            Src::Slot(slot) => (pin(slot).map_or(0, |pin| 3 + pin), self.slot(slot) as u16),
            src => (place(src), 0),
        };
        let z_form = pin(z).map_or(0, |pin| 1 + pin);
        let to_pin = pin(second.dst).filter(|_| second.to_slot);
        let result = to_pin.map_or(usize::from(second.to_slot), |pin| 2 + pin);
        if to_pin.is_some() {
            self.pins.write();
        }
        self.push_handler(forms[x_form][z_form][result]);
        self.fields([self.slot(second.dst) as u16, x_field, self.slot(z) as u16, 0]);
        if let Src::Const(bits) = x {
            self.bits(bits);
        }
        true
    }
}
