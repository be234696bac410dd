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
