//! What the verbs are told: the function, the place of an access, the target of a
//! call.

use bimetal_core::index::{FuncIdx, MemIdx, TableIdx, TypeIdx};
use bimetal_core::types::{FuncType, ValType};

use super::stack::Operand;
use crate::module::Module;

/// The function being walked.
#[derive(Clone, Copy, Debug)]
pub struct FuncInfo<'a> {
    /// Its module.
    pub module: &'a Module,
    /// Its index.
    pub func: FuncIdx,
    /// Its type.
    pub ty: &'a FuncType,
    /// The types of all locals, parameters first.
    pub locals: &'a [ValType],
    /// The canonical slot of each local.
    pub local_slots: &'a [u32],
    /// The canonical slot of the bottom operand: the locals fill all below.
    pub first_operand_slot: u32,
}

/// The immediates of a load or store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemArg {
    /// The memory.
    pub memory: MemIdx,
    /// The constant added to the address operand.
    pub offset: u64,
}

/// Where a call goes.
#[derive(Clone, Copy, Debug)]
pub enum Callee<V> {
    /// To a function of the module's index space.
    Direct(FuncIdx),
    /// To the function in a table at an index, which must have this type.
    Indirect {
        /// The table.
        table: TableIdx,
        /// The required type.
        ty: TypeIdx,
        /// The index into the table.
        index: Operand<V>,
    },
    /// To the function of a reference that is null or to a function of this type.
    Ref {
        /// The type.
        ty: TypeIdx,
        /// The reference.
        func: Operand<V>,
    },
}
