//! Instructions on objects: what compiled code does itself, and what it has the
//! runtime do.
//!
//! **What must never happen here:** the address of an object lives across a call.
//! A collection moves objects and updates references, not addresses; each access
//! makes its own from the reference.

use bimetal_core::index::TypeIdx;
use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_parser::walk::{GcOp, Operand};
use bimetal_runtime::layout::CX_GC_BUILTINS;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    InstBuilder, MemFlagsData, StackSlot, StackSlotData, StackSlotKind, Value, types,
};

use super::Lower;
use crate::abi::{PTR, clif_trap, clif_type, slots};

impl Lower<'_> {
    /// An instruction on objects; what it gives counts only if it has a result.
    pub(super) fn gc(&mut self, op: GcOp, args: &[Operand<Value>]) -> Value {
        use GcBuiltinOp::*;
        let imm = |ty: TypeIdx, b| SlowImm { a: ty.0, b };
        match op {
            GcOp::StructNew(ty) => self.struct_new(ty, args),
            GcOp::StructNewDefault(ty) => self.struct_new_default(ty),
            GcOp::StructGet(ty, field, extend) => self.struct_get(ty, field, extend, args[0]),
            GcOp::StructSet(ty, field) => self.struct_set(ty, field, args),
            GcOp::ArrayNew(ty) => self.gc_builtin(array_new, imm(ty, 0), args),
            GcOp::ArrayNewDefault(ty) => self.gc_builtin(array_new_default, imm(ty, 0), args),
            GcOp::ArrayNewFixed(ty, length) => self.array_new_fixed(ty, length, args),
            GcOp::ArrayNewData(ty, data) => self.gc_builtin(array_new_data, imm(ty, data.0), args),
            GcOp::ArrayNewElem(ty, elem) => self.gc_builtin(array_new_elem, imm(ty, elem.0), args),
            GcOp::ArrayGet(ty, extend) => self.array_get(ty, extend, args),
            GcOp::ArraySet(ty) => self.array_set(ty, args),
            GcOp::ArrayLen => self.array_len(args[0]),
            GcOp::ArrayFill(ty) => self.gc_builtin(array_fill, imm(ty, 0), args),
            GcOp::ArrayCopy(to, _) => self.array_copy(to, args),
            GcOp::ArrayInitData(ty, data) => {
                self.gc_builtin(array_init_data, imm(ty, data.0), args)
            }
            GcOp::ArrayInitElem(ty, elem) => {
                self.gc_builtin(array_init_elem, imm(ty, elem.0), args)
            }
            GcOp::RefI31 => self.ref_i31(args[0].value),
            GcOp::I31GetS => self.i31_get(args[0].value, true),
            GcOp::I31GetU => self.i31_get(args[0].value, false),
            GcOp::RefEq => self.icmp(IntCC::Equal, args[0].value, args[1].value),
            GcOp::RefTest(to) => {
                let has = self.has_type(to, args[0]);
                self.builder.ins().uextend(types::I32, has)
            }
            GcOp::RefCast(to) => {
                let has = self.has_type(to, args[0]);
                self.builder.ins().trapz(has, clif_trap(TrapCode::CastFailure));
                args[0].value
            }
            // One representation serves both hierarchies.
            GcOp::AnyConvertExtern | GcOp::ExternConvertAny => args[0].value,
        }
    }

    /// Has the runtime execute an instruction on objects.
    ///
    /// The function takes one operand less than the stub passes: whoever is called
    /// ignores what is in the registers of further arguments.
    pub(super) fn gc_builtin(
        &mut self,
        op: GcBuiltinOp,
        imm: SlowImm,
        args: &[Operand<Value>],
    ) -> Value {
        let operands = self.put_operands(args);
        let unused = self.builder.ins().iconst(types::I64, 0);
        self.call_builtin(CX_GC_BUILTINS, op as usize, imm, [operands, unused, unused])
    }

    /// Puts operands into memory, one slot after another; gives the first's address.
    fn put_operands(&mut self, args: &[Operand<Value>]) -> Value {
        let sizes = args.iter().map(|arg| 8 * slots(clif_type(arg.ty)));
        let slot = self.operand_area(sizes.sum());
        let base = self.builder.ins().stack_addr(PTR, slot, 0);
        // A vector's slots are aligned like any other.
        let flags = MemFlagsData::new().with_notrap();
        let mut offset = 0;
        for arg in args {
            self.builder.ins().store(flags, arg.value, base, offset);
            offset += 8 * slots(clif_type(arg.ty)) as i32;
        }
        base
    }

    /// The part of the frame where operands are put: of at least this size.
    pub(super) fn operand_area(&mut self, size: u32) -> StackSlot {
        match self.operands {
            Some(slot) => {
                let area = &mut self.builder.func.sized_stack_slots[slot];
                area.size = area.size.max(size);
                slot
            }
            None => {
                let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3);
                *self.operands.insert(self.builder.create_sized_stack_slot(data))
            }
        }
    }

    fn ref_i31(&mut self, value: Value) -> Value {
        let shifted = self.builder.ins().ishl_imm_u(value, 1);
        let tagged = self.builder.ins().bor_imm_u(shifted, 1);
        self.builder.ins().uextend(types::I64, tagged)
    }

    fn i31_get(&mut self, reference: Value, signed: bool) -> Value {
        self.builder.ins().trapz(reference, clif_trap(TrapCode::NullI31Reference));
        let bits = self.builder.ins().ireduce(types::I32, reference);
        match signed {
            true => self.builder.ins().sshr_imm_u(bits, 1),
            false => self.builder.ins().ushr_imm_u(bits, 1),
        }
    }
}
