//! Constant expressions (spec: *Validation / Instructions / Expressions*).

use bimetal_core::trap::TrapCode;
use bimetal_core::types::AddrType;
use bimetal_core::value::Slot;
use bimetal_parser::module::{ConstExpr, ConstOp};

use crate::arena::Arena;
use crate::global::Global;
use crate::instance::Instance;

/// The value of an expression in an instance whose functions, and globals as far
/// as the expression uses them, exist.
///
/// Validation has checked the stack; a missing operand reads as zero.
///
/// # Errors
/// If a numeric instruction traps; none that validation admits today does.
pub(crate) fn eval(
    expr: &ConstExpr,
    instance: &Instance,
    globals: &Arena<Global>,
) -> Result<[Slot; 2], TrapCode> {
    let mut stack: Vec<[Slot; 2]> = Vec::new();
    for op in &expr.0 {
        let value = match *op {
            ConstOp::Const(slot) => [slot, Slot::ZERO],
            ConstOp::V128(vector) => vector.to_slots(),
            ConstOp::GlobalGet(index) => {
                let id = instance.globals().get(index.index());
                id.map_or([Slot::ZERO; 2], |id| globals.get(id.0).get())
            }
            ConstOp::RefNull(_) => [Slot::ZERO; 2],
            ConstOp::RefFunc(func) => [instance.func_slot(func), Slot::ZERO],
            ConstOp::Num(op) => {
                let mut args = [Slot::ZERO; 2];
                let arity = op.params().len();
                for arg in args[..arity].iter_mut().rev() {
                    *arg = stack.pop().unwrap_or_default()[0];
                }
                [op.eval(&args[..arity])?, Slot::ZERO]
            }
        };
        stack.push(value);
    }
    Ok(stack.pop().unwrap_or_default())
}

/// An operand that is an index or a length in an address space: 32 bits of it,
/// or all.
pub(crate) fn address(ty: AddrType, operand: u64) -> u64 {
    match ty {
        AddrType::I32 => u64::from(operand as u32),
        AddrType::I64 => operand,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_tier::{instantiate, store};
    use ConstOp::{Const, Num, V128};
    use bimetal_core::ops::num::NumOp;

    fn value(ops: &[ConstOp]) -> [u64; 2] {
        let mut store = store();
        let id = instantiate(&mut store, "(module)", &[]).unwrap();
        let expr = ConstExpr(ops.into());
        eval(&expr, store.instance(id), &store.globals).unwrap().map(Slot::bits)
    }

    #[test]
    fn numeric_instructions_take_their_operands_in_order() {
        let [a, b, c] = [10, 3, 2].map(|number| Const(Slot::from_i32(number)));
        // 10 - 3 * 2
        assert_eq!(value(&[a, b, c, Num(NumOp::i32_mul), Num(NumOp::i32_sub)]), [4, 0]);
    }

    #[test]
    fn a_vector_takes_both_slots() {
        let vector = bimetal_core::value::V128::from_u128(1 | 2 << 64);
        assert_eq!(value(&[V128(vector)]), [1, 2]);
    }

    #[test]
    fn an_address_of_32_bits_ignores_the_upper_half() {
        assert_eq!(address(AddrType::I32, u64::MAX), 0xffff_ffff);
        assert_eq!(address(AddrType::I64, u64::MAX), u64::MAX);
    }
}
