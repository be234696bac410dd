//! New objects whose size is known: compiled code takes the room itself as long as
//! there is some, and calls the runtime otherwise.

use bimetal_core::index::TypeIdx;
use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_parser::walk::Operand;
use bimetal_runtime::gc::layout::{ARRAY_LENGTH, Field, FieldKind, ObjectKind};
use bimetal_runtime::layout::{
    CX_STORE, OBJECT_KIND, STORE_HEAP_BUMP, STORE_HEAP_LIMIT, object_kind_word,
};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Lower;
use super::gc_access::Place;
use crate::abi::PTR;
use crate::env::Region;

/// Objects with more parts than this are left to the runtime.
const MAX_PARTS: usize = 32;

/// An object to be made.
struct New<'a> {
    ty: TypeIdx,
    kind: ObjectKind,
    /// Bytes of all of it.
    size: u64,
    /// Of an array.
    length: u32,
    fields: &'a [Field],
    /// What makes it if there is no room.
    builtin: (GcBuiltinOp, SlowImm),
}

impl Lower<'_> {
    pub(super) fn struct_new(&mut self, ty: TypeIdx, args: &[Operand<Value>]) -> Value {
        let builtin = (GcBuiltinOp::struct_new, SlowImm { a: ty.0, b: 0 });
        self.new_struct(ty, builtin, args)
    }

    pub(super) fn struct_new_default(&mut self, ty: TypeIdx) -> Value {
        let builtin = (GcBuiltinOp::struct_new_default, SlowImm { a: ty.0, b: 0 });
        self.new_struct(ty, builtin, &[])
    }

    fn new_struct(
        &mut self,
        ty: TypeIdx,
        builtin: (GcBuiltinOp, SlowImm),
        args: &[Operand<Value>],
    ) -> Value {
        let layout = &self.env.objects[ty.index()];
        let (size, fields) = (layout.size.into(), &layout.fields[..]);
        let kind = ObjectKind::Struct;
        self.new_object(&New { ty, kind, size, length: 0, fields, builtin }, args)
    }

    pub(super) fn array_new_fixed(
        &mut self,
        ty: TypeIdx,
        length: u32,
        args: &[Operand<Value>],
    ) -> Value {
        let builtin = (GcBuiltinOp::array_new_fixed, SlowImm { a: ty.0, b: length });
        let layout = &self.env.objects[ty.index()];
        let Field { offset, kind } = layout.element();
        let count = length.min(MAX_PARTS as u32 + 1);
        let element = |index| Field { offset: offset + (index << kind.size_log2()), kind };
        let fields: Vec<Field> = (0..count).map(element).collect();
        let size = layout.size_with(length);
        let kind = ObjectKind::Array;
        self.new_object(&New { ty, kind, size, length, fields: &fields, builtin }, args)
    }

    /// An object with these operands as its parts; with zeros if there are none.
    fn new_object(&mut self, new: &New<'_>, args: &[Operand<Value>]) -> Value {
        if new.fields.len() > MAX_PARTS {
            return self.gc_builtin(new.builtin.0, new.builtin.1, args);
        }
        let [room, full, done] = [(); 3].map(|()| self.builder.create_block());
        let object = self.builder.append_block_param(done, types::I64);
        let store = self.cx_constant(PTR, CX_STORE);
        let flags = self.trusted(Region::Vm);
        let bump = self.builder.ins().load(types::I64, flags, store, STORE_HEAP_BUMP);
        let limit = self.builder.ins().load(types::I64, flags, store, STORE_HEAP_LIMIT);
        let end = self.builder.ins().iadd_imm_u(bump, new.size as i64);
        let fits = self.builder.ins().icmp(IntCC::UnsignedLessThanOrEqual, end, limit);
        self.builder.set_cold_block(full);
        self.builder.ins().brif(fits, room, &[], full, &[]);

        self.continue_in(room);
        self.builder.ins().store(flags, end, store, STORE_HEAP_BUMP);
        self.initialise(new, bump, args);
        self.builder.ins().jump(done, &[bump.into()]);

        self.continue_in(full);
        let made = self.gc_builtin(new.builtin.0, new.builtin.1, args);
        self.builder.ins().jump(done, &[made.into()]);
        self.continue_in(done);
        object
    }

    /// Writes all parts of an object for which there is room.
    fn initialise(&mut self, new: &New<'_>, object: Value, args: &[Operand<Value>]) {
        let address = self.object_address(object);
        let flags = self.trusted(Region::ObjectHeaders);
        let id = self.cx_constant(types::I32, self.env.layout.type_id(new.ty) as i32);
        let kind = i64::from(object_kind_word(new.kind));
        let kind = self.builder.ins().iconst(types::I32, kind);
        self.builder.ins().store(flags, id, address, 0);
        self.builder.ins().store(flags, kind, address, OBJECT_KIND);
        if new.kind == ObjectKind::Array {
            let length = self.builder.ins().iconst(types::I32, i64::from(new.length));
            self.builder.ins().store(flags, length, address, ARRAY_LENGTH as i32);
        }
        let mut zeros = [None; 5];
        for (position, &Field { offset, kind }) in new.fields.iter().enumerate() {
            let (value, kind) = match args.get(position) {
                Some(arg) => (arg.value, kind),
                None => {
                    let (ty, kind) = zero_of(kind);
                    (self.zero(ty, &mut zeros), kind)
                }
            };
            self.write_place(&Place { address, offset: offset as i32, kind, null: None }, value);
        }
    }
}

/// As what to write the zero of a kind, and of which type.
fn zero_of(kind: FieldKind) -> (Type, FieldKind) {
    match kind {
        FieldKind::I8 | FieldKind::I16 | FieldKind::I32 => (types::I32, kind),
        // A null function has the number 0 in objects.
        FieldKind::F32 | FieldKind::Ref | FieldKind::Func => (types::I32, FieldKind::I32),
        FieldKind::I64 | FieldKind::F64 => (types::I64, FieldKind::I64),
        FieldKind::V128 => (types::I8X16, kind),
    }
}
