//! Vector instructions. A vector is two operands, the low half pushed first.

use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::types::ValType;
use bimetal_core::value::V128;

use super::code::Address;
use super::machine::{Exit, Machine};
use super::step::index;

impl Machine<'_> {
    fn push_vector(&mut self, vector: V128) {
        for half in vector.to_slots() {
            self.push(half);
        }
    }

    fn pop_vector(&mut self) -> V128 {
        V128::from_slots(self.pop_n())
    }

    /// An instruction that touches no memory.
    pub(super) fn vec(&mut self, op: VecOp, imm: VecImm) {
        let result = match op.param_slots() {
            1 => op.eval(&self.pop_n::<1>(), imm),
            2 => op.eval(&self.pop_n::<2>(), imm),
            3 => op.eval(&self.pop_n::<3>(), imm),
            4 => op.eval(&self.pop_n::<4>(), imm),
            _ => op.eval(&self.pop_n::<6>(), imm),
        };
        match op.result() {
            ValType::V128 => self.push_vector(V128::from_slots(result)),
            _ => self.push(result[0]),
        }
    }

    pub(super) fn vec_load(&mut self, op: VecLoadOp, address: Address) -> Result<(), Exit> {
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..op.width() as usize];
        self.read(address, bytes)?;
        self.push_vector(op.eval(bytes).expect("as many bytes as the load is wide"));
        Ok(())
    }

    pub(super) fn vec_store(&mut self, op: VecStoreOp, address: Address) -> Result<(), Exit> {
        let vector = self.pop_vector();
        self.write(address, &op.eval(vector)[..op.width() as usize])
    }

    pub(super) fn load_lane(
        &mut self,
        op: LoadLaneOp,
        address: Address,
        lane: u8,
    ) -> Result<(), Exit> {
        let vector = self.pop_vector();
        let mut bytes = [0; 16];
        let bytes = &mut bytes[..op.width() as usize];
        self.read(address, bytes)?;
        self.push_vector(op.eval(vector, bytes, lane).expect("as many bytes as the lane is wide"));
        Ok(())
    }

    pub(super) fn store_lane(
        &mut self,
        op: StoreLaneOp,
        address: Address,
        lane: u8,
    ) -> Result<(), Exit> {
        let vector = self.pop_vector();
        self.write(address, &op.eval(vector, lane)[..op.width() as usize])
    }

    /// Reads at the index on top of the stack.
    fn read(&mut self, address: Address, bytes: &mut [u8]) -> Result<(), Exit> {
        let index = index(address.index, self.pop());
        self.frame().cx.read(address.memory, index, address.offset, bytes)?;
        Ok(())
    }

    /// Writes at the index on top of the stack.
    fn write(&mut self, address: Address, bytes: &[u8]) -> Result<(), Exit> {
        let index = index(address.index, self.pop());
        self.frame().cx.write(address.memory, index, address.offset, bytes)?;
        Ok(())
    }
}
