//! Constant expressions (spec: *Validation / Instructions / Constant Expressions*).

use bimetal_core::index::{FuncIdx, GlobalIdx, TypeIdx};
use bimetal_core::ops::num::NumOp;
use bimetal_core::value::{Slot, V128};
use wasmparser::Operator;

use crate::error::{Error, ErrorKind};
use crate::module::{ConstExpr, ConstOp};
use crate::types;

/// Converts an expression that the validator has accepted as constant.
pub(crate) fn convert(expr: &wasmparser::ConstExpr<'_>) -> Result<ConstExpr, Error> {
    let mut ops = Vec::new();
    let mut reader = expr.get_operators_reader();
    while !reader.is_end_then_eof() {
        let offset = reader.original_position();
        let op = reader.read().map_err(Error::malformed)?;
        ops.push(convert_op(&op, offset)?);
    }
    Ok(ConstExpr(ops.into()))
}

fn convert_op(op: &Operator<'_>, offset: u64) -> Result<ConstOp, Error> {
    Ok(match op {
        Operator::I32Const { value } => ConstOp::Const(Slot::from_i32(*value)),
        Operator::I64Const { value } => ConstOp::Const(Slot::from_i64(*value)),
        Operator::F32Const { value } => ConstOp::Const(Slot::from_bits(value.bits().into())),
        Operator::F64Const { value } => ConstOp::Const(Slot::from_bits(value.bits())),
        Operator::V128Const { value } => ConstOp::V128(V128(*value.bytes())),
        Operator::GlobalGet { global_index } => ConstOp::GlobalGet(GlobalIdx(*global_index)),
        Operator::RefNull { hty } => ConstOp::RefNull(types::heap_type(*hty, offset)?),
        Operator::RefFunc { function_index } => ConstOp::RefFunc(FuncIdx(*function_index)),
        Operator::I32Add => ConstOp::Num(NumOp::i32_add),
        Operator::I32Sub => ConstOp::Num(NumOp::i32_sub),
        Operator::I32Mul => ConstOp::Num(NumOp::i32_mul),
        Operator::I64Add => ConstOp::Num(NumOp::i64_add),
        Operator::I64Sub => ConstOp::Num(NumOp::i64_sub),
        Operator::I64Mul => ConstOp::Num(NumOp::i64_mul),
        Operator::StructNew { struct_type_index: ty } => ConstOp::StructNew(TypeIdx(*ty)),
        Operator::StructNewDefault { struct_type_index: ty } => {
            ConstOp::StructNewDefault(TypeIdx(*ty))
        }
        Operator::ArrayNew { array_type_index: ty } => ConstOp::ArrayNew(TypeIdx(*ty)),
        Operator::ArrayNewDefault { array_type_index: ty } => {
            ConstOp::ArrayNewDefault(TypeIdx(*ty))
        }
        Operator::ArrayNewFixed { array_type_index: ty, array_size } => {
            ConstOp::ArrayNewFixed(TypeIdx(*ty), *array_size)
        }
        Operator::RefI31 => ConstOp::RefI31,
        Operator::AnyConvertExtern => ConstOp::AnyConvertExtern,
        Operator::ExternConvertAny => ConstOp::ExternConvertAny,
        other => {
            let message = format!("{other:?} is not supported in constant expressions");
            return Err(Error::new(ErrorKind::Unsupported, message, Some(offset)));
        }
    })
}
