//! Tests of the types of references.

use bimetal_core::index::TypeIdx;
use bimetal_core::ops::gc::{GcBuiltinOp, cast_imm};
use bimetal_core::types::{HeapType, RefType, ValType};
use bimetal_parser::walk::{BrOnCast, Control, Operand, Stack};
use bimetal_runtime::gc::layout::ObjectKind;
use bimetal_runtime::layout::{
    CX_STORE, FUNC_REF_TYPE_ID, OBJECT_KIND, STORE_TYPES, TYPE_SIZE_LOG2, TYPE_SUPERTYPES,
    object_kind_word,
};
use bimetal_runtime::types::INLINE_SUPERTYPES;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, InstBuilder, Value, types};

use super::{Label, Lower};
use crate::abi::PTR;
use crate::env::Region;

/// The bits of a reference that are zero in objects and null.
const TAG: i64 = 7;
/// What those bits are in host values.
const HOST_TAG: i64 = 2;

impl Lower<'_> {
    pub(super) fn br_on_cast(
        &mut self,
        stack: &Stack<Value>,
        target: &Control<Value, Label>,
        arity: usize,
        cast: BrOnCast,
    ) {
        if let [reference] = *stack.top(1) {
            let mut taken = self.has_type(cast.to, reference);
            if !cast.if_matches {
                taken = self.builder.ins().icmp_imm_u(IntCC::Equal, taken, 0);
            }
            let likely = self.seen_likely();
            self.br_if(stack, target, arity, taken, likely);
        }
    }

    /// Whether a reference is of a type, as 8 bits.
    pub(super) fn has_type(&mut self, to: RefType, operand: Operand<Value>) -> Value {
        let value = operand.value;
        let ins = self.builder.ins();
        match to.heap {
            HeapType::Any | HeapType::Extern | HeapType::Func | HeapType::Exn if to.nullable => {
                ins.iconst(types::I8, 1)
            }
            HeapType::Any | HeapType::Extern | HeapType::Func | HeapType::Exn => {
                ins.icmp_imm_u(IntCC::NotEqual, value, 0)
            }
            HeapType::None | HeapType::NoExtern | HeapType::NoFunc | HeapType::NoExn
                if to.nullable =>
            {
                ins.icmp_imm_u(IntCC::Equal, value, 0)
            }
            HeapType::None | HeapType::NoExtern | HeapType::NoFunc | HeapType::NoExn => {
                ins.iconst(types::I8, 0)
            }
            HeapType::I31 => {
                let bit = ins.ireduce(types::I8, value);
                let bit = self.builder.ins().band_imm_u(bit, 1);
                self.or_null(to, value, bit)
            }
            HeapType::Eq => {
                let tag = ins.band_imm_u(value, TAG);
                let guests = self.builder.ins().icmp_imm_u(IntCC::NotEqual, tag, HOST_TAG);
                if to.nullable {
                    return guests;
                }
                let some = self.builder.ins().icmp_imm_u(IntCC::NotEqual, value, 0);
                self.builder.ins().band(guests, some)
            }
            HeapType::Struct | HeapType::Array | HeapType::Concrete(_) => {
                self.is_object_of(to, operand)
            }
        }
    }

    /// The condition, or also that the reference is null if the type has null.
    fn or_null(&mut self, to: RefType, value: Value, condition: Value) -> Value {
        if !to.nullable {
            return condition;
        }
        let null = self.builder.ins().icmp_imm_u(IntCC::Equal, value, 0);
        self.builder.ins().bor(null, condition)
    }

    /// Whether a reference is to an object, or to a function, of a type.
    fn is_object_of(&mut self, to: RefType, operand: Operand<Value>) -> Value {
        let value = operand.value;
        let done = self.builder.create_block();
        let answer = self.builder.append_block_param(done, types::I8);
        let no = self.builder.ins().iconst(types::I8, 0);
        let (nullable, is_pointer) = known(operand.ty);
        if nullable {
            let null = self.builder.ins().iconst(types::I8, i64::from(to.nullable));
            let next = self.builder.create_block();
            self.builder.ins().brif(value, next, &[], done, &[null.into()]);
            self.continue_in(next);
        }
        if !is_pointer {
            let tag = self.builder.ins().band_imm_u(value, TAG);
            let next = self.builder.create_block();
            self.builder.ins().brif(tag, done, &[no.into()], next, &[]);
            self.continue_in(next);
        }
        match to.heap {
            HeapType::Concrete(index) => self.is_subtype(TypeIdx(index), value, done),
            HeapType::Array => self.is_kind(ObjectKind::Array, value, done),
            _ => self.is_kind(ObjectKind::Struct, value, done),
        }
        self.continue_in(done);
        answer
    }

    /// Ends in `done` with whether an object is of this kind.
    fn is_kind(&mut self, kind: ObjectKind, object: Value, done: Block) {
        let address = self.object_address(object);
        let flags = self.trusted(Region::ObjectHeaders);
        let word = self.builder.ins().load(types::I32, flags, address, OBJECT_KIND);
        let expected = i64::from(object_kind_word(kind));
        let same = self.builder.ins().icmp_imm_u(IntCC::Equal, word, expected);
        self.builder.ins().jump(done, &[same.into()]);
    }

    /// Ends in `done` with whether an object or function is of the type or of a
    /// subtype: the ids are the same, or the supertype at the type's depth is it.
    fn is_subtype(&mut self, ty: TypeIdx, value: Value, done: Block) {
        let found = if self.env.module.types[ty.index()].as_func().is_some() {
            let flags = self.trusted(Region::Vm);
            self.builder.ins().load(types::I32, flags, value, FUNC_REF_TYPE_ID)
        } else {
            let address = self.object_address(value);
            let flags = self.trusted(Region::ObjectHeaders);
            self.builder.ins().load(types::I32, flags, address, 0)
        };
        let wanted = self.cx_constant(types::I32, self.env.layout.type_id(ty) as i32);
        let same = self.builder.ins().icmp(IntCC::Equal, found, wanted);
        if self.env.module.types[ty.index()].is_final {
            self.builder.ins().jump(done, &[same.into()]);
            return;
        }
        let look = self.builder.create_block();
        self.builder.ins().brif(same, done, &[same.into()], look, &[]);
        self.continue_in(look);
        let answer = match self.depth(ty) {
            Some(depth) => self.supertype_is(found, depth, wanted),
            None => self.ask_type(ty, value),
        };
        self.builder.ins().jump(done, &[answer.into()]);
    }

    /// How many supertypes a type has, if records hold so many themselves.
    fn depth(&self, mut ty: TypeIdx) -> Option<usize> {
        let types = &self.env.module.types;
        for depth in 0..INLINE_SUPERTYPES {
            match types[ty.index()].supertype {
                Some(of) => ty = TypeIdx(of),
                None => return Some(depth),
            }
        }
        None
    }

    /// Whether the supertype at a depth of the type `found` is `wanted`.
    fn supertype_is(&mut self, found: Value, depth: usize, wanted: Value) -> Value {
        let store = self.cx_constant(PTR, CX_STORE);
        let flags = self.trusted(Region::Vm);
        let records = self.builder.ins().load(PTR, flags, store, STORE_TYPES);
        let found = self.builder.ins().uextend(types::I64, found);
        let offset = self.builder.ins().ishl_imm_u(found, i64::from(TYPE_SIZE_LOG2));
        let record = self.builder.ins().iadd(records, offset);
        let at = TYPE_SUPERTYPES + (depth * size_of::<u32>()) as i32;
        let supertype = self.builder.ins().load(types::I32, flags, record, at);
        self.builder.ins().icmp(IntCC::Equal, supertype, wanted)
    }

    /// Has the runtime test a reference, which is not null.
    fn ask_type(&mut self, ty: TypeIdx, value: Value) -> Value {
        let to = RefType { nullable: false, heap: HeapType::Concrete(ty.0) };
        let operand = Operand { ty: ValType::Ref(to), value, slot: 0 };
        let answer = self.gc_builtin(GcBuiltinOp::ref_test, cast_imm(to), &[operand]);
        self.builder.ins().ireduce(types::I8, answer)
    }
}

/// What the type of an operand says of it: whether it can be null, and whether it
/// is an object or a function if not.
pub(super) fn known(ty: ValType) -> (bool, bool) {
    let ValType::Ref(ty) = ty else { return (true, false) };
    let is_pointer = matches!(
        ty.heap,
        HeapType::Struct | HeapType::Array | HeapType::Func | HeapType::Concrete(_)
    );
    (ty.nullable, is_pointer)
}
