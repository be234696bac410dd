//! Fields of structures and elements of arrays.
//!
//! Null is the heap's first offset, where nothing is accessible: an access through it
//! faults, and that is the trap.

use bimetal_core::index::TypeIdx;
use bimetal_core::trap::TrapCode;
use bimetal_parser::walk::{Extend, Operand};
use bimetal_runtime::gc::layout::{ARRAY_LENGTH, Field, FieldKind, NULL_GUARD};
use bimetal_runtime::layout::{CX_STORE, FUNC_REF_SLAB, STORE_FUNCS, STORE_HEAP_BASE};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

use super::Lower;
use super::gc_cast::known;
use crate::abi::{PTR, clif_trap, host};
use crate::env::{CONSTANT, Region, Symbol};

/// A part of an object: an address that no call may come after, and what is there.
pub(super) struct Place {
    pub(super) address: Value,
    pub(super) offset: i32,
    pub(super) kind: FieldKind,
    /// What a fault means, if there can be one.
    pub(super) null: Option<TrapCode>,
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

    fn struct_place(&mut self, ty: TypeIdx, index: u32, object: Operand<Value>) -> Place {
        let Field { offset, kind } = self.field(ty, index);
        let mut null = known(object.ty).0.then_some(TrapCode::NullStructureReference);
        if offset > NULL_GUARD - kind.size()
            && let Some(code) = null.take()
        {
            self.builder.ins().trapz(object.value, clif_trap(code));
        }
        let address = self.object_address(object.value);
        Place { address, offset: offset as i32, kind, null }
    }

    pub(super) fn struct_get(
        &mut self,
        ty: TypeIdx,
        index: u32,
        extend: Extend,
        object: Operand<Value>,
    ) -> Value {
        let place = self.struct_place(ty, index, object);
        self.read_place(&place, extend)
    }

    /// Gives the value that was written, which counts as no result.
    pub(super) fn struct_set(&mut self, ty: TypeIdx, index: u32, args: &[Operand<Value>]) -> Value {
        let place = self.struct_place(ty, index, args[0]);
        self.write_place(&place, args[1].value)
    }

    /// The address and the length of an array.
    fn array(&mut self, array: Operand<Value>) -> (Value, Value) {
        let address = self.object_address(array.value);
        let mut flags = self.trusted(Region::ObjectHeaders);
        if known(array.ty).0 {
            flags = flags.with_trap_code(Some(clif_trap(TrapCode::NullArrayReference)));
        }
        let length = self.builder.ins().load(types::I32, flags, address, ARRAY_LENGTH as i32);
        (address, length)
    }

    /// The address of an element, whose offset is yet to be added.
    fn at_index(&mut self, array: Value, index: Value, kind: FieldKind) -> Value {
        let index = self.builder.ins().uextend(types::I64, index);
        let scaled = self.builder.ins().ishl_imm_u(index, i64::from(kind.size_log2()));
        self.builder.ins().iadd(array, scaled)
    }

    /// The address of elements, of which so many follow.
    fn elements(
        &mut self,
        first: Field,
        array: Operand<Value>,
        start: Value,
        count: Value,
    ) -> Value {
        let (address, length) = self.array(array);
        let [from, count, length] =
            [start, count, length].map(|value| self.builder.ins().uextend(types::I64, value));
        let end = self.builder.ins().iadd(from, count);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThan, end, length);
        self.trap_if(outside, TrapCode::ArrayOutOfBounds);
        let address = self.at_index(address, start, first.kind);
        self.builder.ins().iadd_imm_u(address, i64::from(first.offset))
    }

    /// Gives what counts as no result.
    pub(super) fn array_copy(&mut self, ty: TypeIdx, args: &[Operand<Value>]) -> Value {
        let first = self.field(ty, 0);
        let count = args[4].value;
        let to = self.elements(first, args[0], args[1].value, count);
        let from = self.elements(first, args[2], args[3].value, count);
        let count = self.builder.ins().uextend(types::I64, count);
        let bytes = self.builder.ins().ishl_imm_u(count, i64::from(first.kind.size_log2()));
        let callee = self.callee(Symbol::MemMove, || host(&[PTR, PTR, types::I64], &[PTR]));
        self.safepoints += 1;
        self.builder.ins().call(callee, &[to, from, bytes]);
        to
    }

    pub(super) fn array_len(&mut self, array: Operand<Value>) -> Value {
        self.array(array).1
    }

    fn element_place(&mut self, ty: TypeIdx, array: Operand<Value>, index: Value) -> Place {
        let (address, length) = self.array(array);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, length);
        self.trap_if(outside, TrapCode::ArrayOutOfBounds);
        let Field { offset, kind } = self.field(ty, 0);
        let address = self.at_index(address, index, kind);
        Place { address, offset: offset as i32, kind, null: None }
    }

    pub(super) fn array_get(
        &mut self,
        ty: TypeIdx,
        extend: Extend,
        args: &[Operand<Value>],
    ) -> Value {
        let place = self.element_place(ty, args[0], args[1].value);
        self.read_place(&place, extend)
    }

    /// Gives the value that was written, which counts as no result.
    pub(super) fn array_set(&mut self, ty: TypeIdx, args: &[Operand<Value>]) -> Value {
        let place = self.element_place(ty, args[0], args[1].value);
        self.write_place(&place, args[2].value)
    }

    /// Flags of an access to a part of an object.
    fn place_flags(&mut self, place: &Place) -> MemFlagsData {
        let flags = match place.kind {
            // Aligned by 8 bytes only.
            FieldKind::V128 => Region::Objects.guest(self.builder.func),
            _ => self.trusted(Region::Objects),
        };
        flags.with_trap_code(place.null.map(clif_trap))
    }

    pub(super) fn read_place(&mut self, place: &Place, extend: Extend) -> Value {
        let flags = self.place_flags(place);
        let &Place { address, offset, kind, .. } = place;
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

    pub(super) fn write_place(&mut self, place: &Place, value: Value) -> Value {
        let flags = self.place_flags(place);
        let &Place { address, offset, kind, .. } = place;
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
