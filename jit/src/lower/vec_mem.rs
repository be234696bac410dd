//! Loads and stores of vectors. Where they go is [`super::mem`]'s to say.

use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_parser::walk::{MemArg, Operand};
use cranelift_codegen::ir::{InstBuilder, Type, Value, types};

use super::Lower;
use super::mem::Place;

impl Lower<'_> {
    pub(super) fn vec_load(&mut self, op: VecLoadOp, arg: MemArg, addr: Operand<Value>) -> Value {
        use VecLoadOp::*;
        let place = self.place(arg, addr, op.width());
        let Place { address: at, displacement: by, flags } = place;
        let ins = self.builder.ins();
        let value = match op {
            v128_load => return ins.load(types::I8X16, flags, at, by),
            v128_load8x8_s => ins.sload8x8(flags, at, by),
            v128_load8x8_u => ins.uload8x8(flags, at, by),
            v128_load16x4_s => ins.sload16x4(flags, at, by),
            v128_load16x4_u => ins.uload16x4(flags, at, by),
            v128_load32x2_s => ins.sload32x2(flags, at, by),
            v128_load32x2_u => ins.uload32x2(flags, at, by),
            v128_load8_splat => self.load_splat(types::I8X16, &place),
            v128_load16_splat => self.load_splat(types::I16X8, &place),
            v128_load32_splat => self.load_splat(types::I32X4, &place),
            v128_load64_splat => self.load_splat(types::I64X2, &place),
            v128_load32_zero => self.load_zero(types::I32X4, &place),
            v128_load64_zero => self.load_zero(types::I64X2, &place),
        };
        self.bits(value)
    }

    fn load_lane_type(&mut self, vector: Type, place: &Place) -> Value {
        let Place { address, displacement, flags } = *place;
        self.builder.ins().load(vector.lane_type(), flags, address, displacement)
    }

    fn load_splat(&mut self, vector: Type, place: &Place) -> Value {
        let lane = self.load_lane_type(vector, place);
        self.builder.ins().splat(vector, lane)
    }

    /// One lane from memory, zeros in the others.
    fn load_zero(&mut self, vector: Type, place: &Place) -> Value {
        let lane = self.load_lane_type(vector, place);
        self.builder.ins().scalar_to_vector(vector, lane)
    }

    pub(super) fn vec_store(
        &mut self,
        op: VecStoreOp,
        arg: MemArg,
        addr: Operand<Value>,
        vector: Value,
    ) {
        let place = self.place_to_write(arg, addr, op.width());
        let Place { address, displacement, flags } = place;
        self.builder.ins().store(flags, vector, address, displacement);
    }

    pub(super) fn load_lane(
        &mut self,
        op: LoadLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Operand<Value>,
        vector: Value,
    ) -> Value {
        let ty = lanes_of(op.width());
        let place = self.place(arg, addr, op.width());
        let loaded = self.load_lane_type(ty, &place);
        let vector = self.lanes(ty, vector);
        let value = self.builder.ins().insertlane(vector, loaded, lane);
        self.bits(value)
    }

    pub(super) fn store_lane(
        &mut self,
        op: StoreLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Operand<Value>,
        vector: Value,
    ) {
        let ty = lanes_of(op.width());
        let place = self.place_to_write(arg, addr, op.width());
        let Place { address, displacement, flags } = place;
        // The first lane of floats is stored from where it is.
        let ty = match (ty, lane) {
            (types::I32X4, 0) if self.env.optimisations.narrow => types::F32X4,
            (types::I64X2, 0) if self.env.optimisations.narrow => types::F64X2,
            _ => ty,
        };
        let vector = self.lanes(ty, vector);
        let lane = self.builder.ins().extractlane(vector, lane);
        self.builder.ins().store(flags, lane, address, displacement);
    }
}

/// The vector whose lanes have this many bytes.
fn lanes_of(width: u32) -> Type {
    match width {
        1 => types::I8X16,
        2 => types::I16X8,
        4 => types::I32X4,
        _ => types::I64X2,
    }
}
