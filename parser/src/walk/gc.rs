//! The switchboard's part for objects: structures, arrays, `i31` and casts.

use bimetal_core::index::{DataIdx, ElemIdx, TypeIdx};
use bimetal_core::types::{CompositeType, FieldType, HeapType, RefType, StorageType, ValType};
use wasmparser::Operator;

use super::Walker;
use super::backend::Backend;
use crate::error::Error;
use crate::module::Module;
use crate::types::{heap_type, ref_type};

/// How an access extends a packed field to 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extend {
    /// The field is not packed.
    None,
    /// By its sign bit.
    Signed,
    /// With zeros.
    Unsigned,
}

/// An instruction on objects, `i31` or references of any type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GcOp {
    /// `struct.new`
    StructNew(TypeIdx),
    /// `struct.new_default`
    StructNewDefault(TypeIdx),
    /// `struct.get`, `struct.get_s`, `struct.get_u` of a field.
    StructGet(TypeIdx, u32, Extend),
    /// `struct.set` of a field.
    StructSet(TypeIdx, u32),
    /// `array.new`
    ArrayNew(TypeIdx),
    /// `array.new_default`
    ArrayNewDefault(TypeIdx),
    /// `array.new_fixed` of so many elements.
    ArrayNewFixed(TypeIdx, u32),
    /// `array.new_data`
    ArrayNewData(TypeIdx, DataIdx),
    /// `array.new_elem`
    ArrayNewElem(TypeIdx, ElemIdx),
    /// `array.get`, `array.get_s`, `array.get_u`
    ArrayGet(TypeIdx, Extend),
    /// `array.set`
    ArraySet(TypeIdx),
    /// `array.len`
    ArrayLen,
    /// `array.fill`
    ArrayFill(TypeIdx),
    /// `array.copy`: the type that is written, and the type that is read.
    ArrayCopy(TypeIdx, TypeIdx),
    /// `array.init_data`
    ArrayInitData(TypeIdx, DataIdx),
    /// `array.init_elem`
    ArrayInitElem(TypeIdx, ElemIdx),
    /// `ref.i31`
    RefI31,
    /// `i31.get_s`
    I31GetS,
    /// `i31.get_u`
    I31GetU,
    /// `ref.eq`
    RefEq,
    /// `ref.test`
    RefTest(RefType),
    /// `ref.cast`
    RefCast(RefType),
    /// `any.convert_extern`
    AnyConvertExtern,
    /// `extern.convert_any`
    ExternConvertAny,
}

/// What `br_on_cast` and `br_on_cast_fail` ask of a reference.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BrOnCast {
    /// The type in question.
    pub to: RefType,
    /// Whether the branch is taken if the reference is of that type
    /// (`br_on_cast`), or if it is not (`br_on_cast_fail`).
    pub if_matches: bool,
}

#[allow(clippy::too_many_lines, reason = "a switchboard, one short arm per operator")]
fn gc_op(op: &Operator<'_>, offset: u64) -> Result<Option<GcOp>, Error> {
    use Operator as O;
    let ty = TypeIdx;
    let cast = |nullable, heap| Ok(RefType { nullable, heap: heap_type(heap, offset)? });
    Ok(Some(match *op {
        O::StructNew { struct_type_index } => GcOp::StructNew(ty(struct_type_index)),
        O::StructNewDefault { struct_type_index } => GcOp::StructNewDefault(ty(struct_type_index)),
        O::StructGet { struct_type_index, field_index } => {
            GcOp::StructGet(ty(struct_type_index), field_index, Extend::None)
        }
        O::StructGetS { struct_type_index, field_index } => {
            GcOp::StructGet(ty(struct_type_index), field_index, Extend::Signed)
        }
        O::StructGetU { struct_type_index, field_index } => {
            GcOp::StructGet(ty(struct_type_index), field_index, Extend::Unsigned)
        }
        O::StructSet { struct_type_index, field_index } => {
            GcOp::StructSet(ty(struct_type_index), field_index)
        }
        O::ArrayNew { array_type_index } => GcOp::ArrayNew(ty(array_type_index)),
        O::ArrayNewDefault { array_type_index } => GcOp::ArrayNewDefault(ty(array_type_index)),
        O::ArrayNewFixed { array_type_index, array_size } => {
            GcOp::ArrayNewFixed(ty(array_type_index), array_size)
        }
        O::ArrayNewData { array_type_index, array_data_index } => {
            GcOp::ArrayNewData(ty(array_type_index), DataIdx(array_data_index))
        }
        O::ArrayNewElem { array_type_index, array_elem_index } => {
            GcOp::ArrayNewElem(ty(array_type_index), ElemIdx(array_elem_index))
        }
        O::ArrayGet { array_type_index } => GcOp::ArrayGet(ty(array_type_index), Extend::None),
        O::ArrayGetS { array_type_index } => GcOp::ArrayGet(ty(array_type_index), Extend::Signed),
        O::ArrayGetU { array_type_index } => GcOp::ArrayGet(ty(array_type_index), Extend::Unsigned),
        O::ArraySet { array_type_index } => GcOp::ArraySet(ty(array_type_index)),
        O::ArrayLen => GcOp::ArrayLen,
        O::ArrayFill { array_type_index } => GcOp::ArrayFill(ty(array_type_index)),
        O::ArrayCopy { array_type_index_dst, array_type_index_src } => {
            GcOp::ArrayCopy(ty(array_type_index_dst), ty(array_type_index_src))
        }
        O::ArrayInitData { array_type_index, array_data_index } => {
            GcOp::ArrayInitData(ty(array_type_index), DataIdx(array_data_index))
        }
        O::ArrayInitElem { array_type_index, array_elem_index } => {
            GcOp::ArrayInitElem(ty(array_type_index), ElemIdx(array_elem_index))
        }
        O::RefI31 => GcOp::RefI31,
        O::I31GetS => GcOp::I31GetS,
        O::I31GetU => GcOp::I31GetU,
        O::RefEq => GcOp::RefEq,
        O::RefTestNonNull { hty } => GcOp::RefTest(cast(false, hty)?),
        O::RefTestNullable { hty } => GcOp::RefTest(cast(true, hty)?),
        O::RefCastNonNull { hty } => GcOp::RefCast(cast(false, hty)?),
        O::RefCastNullable { hty } => GcOp::RefCast(cast(true, hty)?),
        O::AnyConvertExtern => GcOp::AnyConvertExtern,
        O::ExternConvertAny => GcOp::ExternConvertAny,
        _ => return Ok(None),
    }))
}

impl GcOp {
    /// How many operands it takes.
    pub fn arity(self, module: &Module) -> usize {
        match self {
            GcOp::StructNew(ty) => fields(module, ty).len(),
            GcOp::ArrayNewFixed(_, count) => count as usize,
            GcOp::StructNewDefault(_) => 0,
            GcOp::StructGet(..)
            | GcOp::ArrayNewDefault(_)
            | GcOp::ArrayLen
            | GcOp::RefI31
            | GcOp::I31GetS
            | GcOp::I31GetU
            | GcOp::RefTest(_)
            | GcOp::RefCast(_)
            | GcOp::AnyConvertExtern
            | GcOp::ExternConvertAny => 1,
            GcOp::StructSet(..)
            | GcOp::ArrayNew(_)
            | GcOp::ArrayNewData(..)
            | GcOp::ArrayNewElem(..)
            | GcOp::ArrayGet(..)
            | GcOp::RefEq => 2,
            GcOp::ArraySet(_) => 3,
            GcOp::ArrayFill(_) | GcOp::ArrayInitData(..) | GcOp::ArrayInitElem(..) => 4,
            GcOp::ArrayCopy(..) => 5,
        }
    }

    /// The type of its result; `operand` is the type of its first operand.
    fn result(self, module: &Module, operand: Option<ValType>) -> Option<ValType> {
        let object = |ty: TypeIdx| reference(false, HeapType::Concrete(ty.0));
        let nullable = match operand {
            Some(ValType::Ref(ty)) => ty.nullable,
            _ => true,
        };
        match self {
            GcOp::StructNew(ty)
            | GcOp::StructNewDefault(ty)
            | GcOp::ArrayNew(ty)
            | GcOp::ArrayNewDefault(ty)
            | GcOp::ArrayNewFixed(ty, _)
            | GcOp::ArrayNewData(ty, _)
            | GcOp::ArrayNewElem(ty, _) => object(ty),
            GcOp::StructGet(ty, field, _) => {
                Some(unpacked(fields(module, ty)[field as usize].storage))
            }
            GcOp::ArrayGet(ty, _) => Some(unpacked(fields(module, ty)[0].storage)),
            GcOp::StructSet(..)
            | GcOp::ArraySet(_)
            | GcOp::ArrayFill(_)
            | GcOp::ArrayCopy(..)
            | GcOp::ArrayInitData(..)
            | GcOp::ArrayInitElem(..) => None,
            GcOp::ArrayLen | GcOp::I31GetS | GcOp::I31GetU | GcOp::RefEq | GcOp::RefTest(_) => {
                Some(ValType::I32)
            }
            GcOp::RefI31 => reference(false, HeapType::I31),
            GcOp::RefCast(to) => Some(ValType::Ref(to)),
            GcOp::AnyConvertExtern => reference(nullable, HeapType::Any),
            GcOp::ExternConvertAny => reference(nullable, HeapType::Extern),
        }
    }
}

fn reference(nullable: bool, heap: HeapType) -> Option<ValType> {
    Some(ValType::Ref(RefType { nullable, heap }))
}

/// The type of a field's value on the operand stack.
fn unpacked(storage: StorageType) -> ValType {
    match storage {
        StorageType::I8 | StorageType::I16 => ValType::I32,
        StorageType::Val(ty) => ty,
    }
}

/// The fields of a structure, or the elements of an array as one field.
fn fields(module: &Module, ty: TypeIdx) -> &[FieldType] {
    match &module.types[ty.index()].composite {
        CompositeType::Struct(fields) => fields,
        CompositeType::Array(element) => std::slice::from_ref(element),
        // Validation has ruled it out.
        CompositeType::Func(_) => &[],
    }
}

impl<B: Backend> Walker<'_, B> {
    /// Calls the verb of an operator on objects; says whether it was one.
    pub(super) fn gc(&mut self, op: &Operator<'_>, offset: u64) -> Result<bool, Error> {
        match *op {
            Operator::BrOnCast { relative_depth, to_ref_type, .. } => {
                let to = ref_type(to_ref_type, offset)?;
                self.br_on_cast(relative_depth, BrOnCast { to, if_matches: true });
            }
            Operator::BrOnCastFail { relative_depth, to_ref_type, .. } => {
                let to = ref_type(to_ref_type, offset)?;
                self.br_on_cast(relative_depth, BrOnCast { to, if_matches: false });
            }
            _ => {
                let Some(op) = gc_op(op, offset)? else { return Ok(false) };
                let mut args: Vec<_> =
                    (0..op.arity(self.module)).map(|_| self.stack.pop()).collect();
                args.reverse();
                let result = op.result(self.module, args.first().map(|arg| arg.ty));
                let value = self.backend.gc(&mut self.stack, op, &args, result);
                if let (Some(ty), Some(value)) = (result, value) {
                    self.stack.push(ty, value);
                }
            }
        }
        Ok(true)
    }

    fn br_on_cast(&mut self, depth: u32, cast: BrOnCast) {
        let target = self.controls.target_mut(depth);
        let arity = target.branch_types(self.module).len();
        super::blocks::mark_end(target);
        self.backend.br_on_cast(&mut self.stack, target, arity, cast);
    }
}
