//! A function as the reference interpreter runs it: a flat list of instructions
//! of a stack machine.

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx, TypeIdx};
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::ops::wide::WideOp;
use bimetal_core::types::{AddrType, RefType};
use bimetal_core::value::Slot;
use bimetal_parser::walk::{Catch, GcOp};

/// One instruction. Operands come from the stack and results go there; a vector
/// is two operands.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Instr {
    /// A constant; also `ref.null`.
    Const(Slot),
    /// A plain numeric instruction.
    Num(NumOp),
    /// An instruction with two results.
    Wide(WideOp),
    /// `select` between two values of so many slots.
    Select(usize),
    /// `drop` of one slot.
    Drop,
    /// `local.get` of one slot.
    LocalGet(usize),
    /// `local.set` of one slot.
    LocalSet(usize),
    /// `global.get` of the low (0) or high (1) slot.
    GlobalGet(GlobalIdx, usize),
    /// `global.set` of the low (0) or high (1) slot.
    GlobalSet(GlobalIdx, usize),
    /// A load.
    Load(LoadOp, Address),
    /// A store.
    Store(StoreOp, Address),
    /// An atomic access.
    Atomic(AtomicOp, Address),
    /// A vector instruction that touches no memory.
    Vec(VecOp, VecImm),
    /// A load of a vector.
    VecLoad(VecLoadOp, Address),
    /// A store of a whole vector.
    VecStore(VecStoreOp, Address),
    /// A load of one lane.
    LoadLane(LoadLaneOp, Address, u8),
    /// A store of one lane.
    StoreLane(StoreLaneOp, Address, u8),
    /// `memory.size`
    MemorySize(MemIdx),
    /// `table.get`
    TableGet(TableIdx, AddrType),
    /// `table.set`
    TableSet(TableIdx, AddrType),
    /// `table.size`
    TableSize(TableIdx),
    /// An instruction that the runtime executes.
    Slow(Slow),
    /// `ref.is_null`
    RefIsNull,
    /// `ref.func`
    RefFunc(FuncIdx),
    /// An instruction on objects whose operands take so many slots.
    Gc(GcOp, usize),
    /// `br_on_cast` (true) and `br_on_cast_fail` (false).
    BrOnCast(Target, RefType, bool),
    /// `br`
    Br(Target),
    /// `br_if`
    BrIf(Target),
    /// The condition of an `if`: to the label if it is zero.
    BrUnless(Label),
    /// `br_table`: so many of [`FuncCode::tables`] from a position on, the
    /// default target last.
    BrTable {
        /// The first target.
        start: usize,
        /// How many targets there are.
        count: usize,
    },
    /// `return`, and the end of the function.
    Return,
    /// `unreachable`
    Unreachable,
    /// `call`
    Call(FuncIdx),
    /// `call_indirect`
    CallIndirect {
        /// The table.
        table: TableIdx,
        /// The type of the index.
        index: AddrType,
        /// The required type.
        ty: TypeIdx,
    },
    /// `call_ref` of a function of this type.
    CallRef(TypeIdx),
    /// `return_call`
    ReturnCall(FuncIdx),
    /// `return_call_indirect`
    ReturnCallIndirect {
        /// The table.
        table: TableIdx,
        /// The type of the index.
        index: AddrType,
        /// The required type.
        ty: TypeIdx,
    },
    /// `return_call_ref` of a function of this type.
    ReturnCallRef(TypeIdx),
    /// `throw` of a tag whose payload takes so many slots.
    Throw(TagIdx, usize),
    /// `throw_ref`
    ThrowRef,
    /// The beginning of a handler: replaces the exception by its operands.
    Catch(Catch),
    /// `ref.as_non_null`
    RefAsNonNull,
    /// `br_on_null`
    BrOnNull(Target),
    /// `br_on_non_null`
    BrOnNonNull(Target),
}

/// What a load or store adds its operand to.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Address {
    /// The memory.
    pub(super) memory: MemIdx,
    /// The type of the operand.
    pub(super) index: AddrType,
    /// The constant added to it.
    pub(super) offset: u64,
}

/// A call of the runtime.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Slow {
    /// What to do.
    pub(super) op: SlowOp,
    /// To what.
    pub(super) imm: SlowImm,
    /// How many operands it takes.
    pub(super) operands: usize,
    /// Whether it has a result.
    pub(super) result: bool,
}

/// A place in the code, found through [`FuncCode::labels`].
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Label(pub(super) usize);

/// Where a branch goes and what it does to the operand stack.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Target {
    /// Out of the function.
    Return,
    /// To a place in it.
    Block {
        /// The place.
        label: Label,
        /// How many slots the branch takes along.
        arity: usize,
        /// How many slots stay below them.
        height: usize,
    },
}

/// What a `try_table` catches.
#[derive(Clone, Debug)]
pub(super) struct TryTable {
    /// The instructions inside.
    pub(super) body: std::ops::Range<usize>,
    /// How many slots of operands lie below its parameters.
    pub(super) height: usize,
    /// The clauses and the instruction that each leads to.
    pub(super) clauses: Vec<(Catch, usize)>,
}

/// The code of one function.
#[derive(Debug)]
pub(super) struct FuncCode {
    /// The function.
    pub(super) func: FuncIdx,
    /// The instructions. The last one never falls through.
    pub(super) instrs: Box<[Instr]>,
    /// The byte offset in the module of each instruction.
    pub(super) offsets: Box<[u32]>,
    /// Where each label is in `instrs`.
    pub(super) labels: Box<[usize]>,
    /// The targets of every `br_table`.
    pub(super) tables: Box<[Target]>,
    /// Every `try_table`, inner ones before outer ones.
    pub(super) try_tables: Box<[TryTable]>,
    /// Slots of the parameters.
    pub(super) params: usize,
    /// Slots of all locals, parameters included.
    pub(super) locals: usize,
    /// Slots of the results.
    pub(super) results: usize,
    /// The most slots that locals and operands take together.
    pub(super) max_slots: usize,
}
