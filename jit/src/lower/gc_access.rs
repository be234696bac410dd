//! Fields of structures and elements of arrays.

use bimetal_core::index::TypeIdx;
use bimetal_core::trap::TrapCode;
use bimetal_parser::walk::{Extend, Operand};
use bimetal_runtime::gc::layout::{ARRAY_LENGTH, Field, FieldKind};
use bimetal_runtime::layout::{CX_STORE, FUNC_REF_SLAB, STORE_FUNCS, STORE_HEAP_BASE};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

use super::Lower;
use crate::abi::{PTR, clif_trap};
use crate::env::{CONSTANT, Region};

/// A part of an object: an address that no call may come after, and what is there.
pub(super) struct Place {
    pub(super) address: Value,
    pub(super) offset: i32,
    pub(super) kind: FieldKind,
}

impl Lower<'_> {
    /// The address of an object.
    pub(super) fn object_address(&mut self, reference: Value) -> Value {
        let store = self.cx_constant(PTR, CX_STORE);
        let flags = if self.env.has_heap { CONSTANT } else { self.trusted(Region::Vm) };
        let base = self.builder.ins().load(PTR, flags, store, STORE_HEAP_BASE);
        self.builder.ins().iadd(base, reference)
    }

    /// A field of a structure type, or the first element of an array type.
    fn field(&mut self, ty: TypeIdx, index: u32) -> Field {
        self.env.objects[ty.index()].fields[index as usize]
    }

    fn struct_place(&mut self, ty: TypeIdx, index: u32, object: Value) -> Place {
        self.builder.ins().trapz(object, clif_trap(TrapCode::NullStructureReference));
        let Field { offset, kind } = self.field(ty, index);
        Place { address: self.object_address(object), offset: offset as i32, kind }
    }

    pub(super) fn struct_get(
        &mut self,
        ty: TypeIdx,
        index: u32,
        extend: Extend,
        object: Value,
    ) -> Value {
        let place = self.struct_place(ty, index, object);
        self.read_place(&place, extend)
    }

    /// Gives the value that was written, which counts as no result.
    pub(super) fn struct_set(&mut self, ty: TypeIdx, index: u32, args: &[Operand<Value>]) -> Value {
        let place = self.struct_place(ty, index, args[0].value);
        self.write_place(&place, args[1].value)
    }

    /// The address and the length of an array.
    fn array(&mut self, array: Value) -> (Value, Value) {
        self.builder.ins().trapz(array, clif_trap(TrapCode::NullArrayReference));
        let address = self.object_address(array);
        let flags = self.trusted(Region::ObjectHeaders);
        let length = self.builder.ins().load(types::I32, flags, address, ARRAY_LENGTH as i32);
        (address, length)
    }

    pub(super) fn array_len(&mut self, array: Value) -> Value {
        self.array(array).1
    }

    fn element_place(&mut self, ty: TypeIdx, array: Value, index: Value) -> Place {
        let (address, length) = self.array(array);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.trap_if(outside, TrapCode::ArrayOutOfBounds);
        let Field { offset, kind } = self.field(ty, 0);
        let index = self.builder.ins().uextend(types::I64, index);
        let scaled = self.builder.ins().ishl_imm_u(index, i64::from(kind.size_log2()));
        let address = self.builder.ins().iadd(address, scaled);
        Place { address, offset: offset as i32, kind }
    }

    pub(super) fn array_get(
        &mut self,
        ty: TypeIdx,
        extend: Extend,
        args: &[Operand<Value>],
    ) -> Value {
        let place = self.element_place(ty, args[0].value, args[1].value);
        self.read_place(&place, extend)
    }

    /// Gives the value that was written, which counts as no result.
    pub(super) fn array_set(&mut self, ty: TypeIdx, args: &[Operand<Value>]) -> Value {
        let place = self.element_place(ty, args[0].value, args[1].value);
        self.write_place(&place, args[2].value)
    }

    /// Flags of an access to a part of an object.
    fn place_flags(&mut self, kind: FieldKind) -> MemFlagsData {
        match kind {
            // Aligned by 8 bytes only.
            FieldKind::V128 => Region::Objects.guest(self.builder.func).with_notrap(),
            _ => self.trusted(Region::Objects),
        }
    }

    pub(super) fn read_place(
        &mut self,
        &Place { address, offset, kind }: &Place,
        extend: Extend,
    ) -> Value {
        let flags = self.place_flags(kind);
        let signed = extend == Extend::Signed;
        let ins = self.builder.ins();
        match kind {
            FieldKind::I8 if signed => ins.sload8(types::I32, flags, address, offset),
            FieldKind::I8 => ins.uload8(types::I32, flags, address, offset),
            FieldKind::I16 if signed => ins.sload16(types::I32, flags, address, offset),
            FieldKind::I16 => ins.uload16(types::I32, flags, address, offset),
            FieldKind::I32 => ins.load(types::I32, flags, address, offset),
            FieldKind::I64 => ins.load(types::I64, flags, address, offset),
            FieldKind::F32 => ins.load(types::F32, flags, address, offset),
            FieldKind::F64 => ins.load(types::F64, flags, address, offset),
            FieldKind::V128 => ins.load(types::I8X16, flags, address, offset),
            FieldKind::Ref => ins.uload32(flags, address, offset),
            FieldKind::Func => {
                let place = ins.uload32(flags, address, offset);
                self.func_at(place)
            }
        }
    }

    pub(super) fn write_place(
        &mut self,
        &Place { address, offset, kind }: &Place,
        value: Value,
    ) -> Value {
        let flags = self.place_flags(kind);
        let stored = match kind {
            FieldKind::Func => self.slab_index(value),
            _ => value,
        };
        let ins = self.builder.ins();
        match kind {
            FieldKind::I8 => ins.istore8(flags, stored, address, offset),
            FieldKind::I16 => ins.istore16(flags, stored, address, offset),
            FieldKind::Ref => ins.istore32(flags, stored, address, offset),
            _ => ins.store(flags, stored, address, offset),
        };
        value
    }

    /// The function reference at a place of the store's slab.
    fn func_at(&mut self, place: Value) -> Value {
        let store = self.cx_constant(PTR, CX_STORE);
        let flags = self.trusted(Region::Vm);
        let funcs = self.builder.ins().load(PTR, flags, store, STORE_FUNCS);
        let offset = self.builder.ins().ishl_imm_u(place, 3);
        let at = self.builder.ins().iadd(funcs, offset);
        self.builder.ins().load(PTR, flags, at, 0)
    }

    /// The place in the store's slab of a function reference.
    fn slab_index(&mut self, func: Value) -> Value {
        let (some, done) = (self.builder.create_block(), self.builder.create_block());
        let index = self.builder.append_block_param(done, types::I32);
        let null = self.builder.ins().iconst(types::I32, 0);
        self.builder.ins().brif(func, some, &[], done, &[null.into()]);
        self.continue_in(some);
        let flags = self.trusted(Region::Vm);
        let slab = self.builder.ins().load(types::I32, flags, func, FUNC_REF_SLAB);
        self.builder.ins().jump(done, &[slab.into()]);
        self.continue_in(done);
        index
    }
}
