//! What the first step of translation makes and the second one links: a list of
//! instructions on canonical slots.

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx, TypeIdx};
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::ops::wide::{MAX_WIDE_OPERANDS, WideOp};
use bimetal_core::types::{AddrType, RefType, ValType};
use bimetal_core::value::V128;
use bimetal_parser::walk::MemArg;
use bimetal_runtime::gc::layout::Field;
use bimetal_runtime::osr::{self, HEADER_SLOTS};

use super::safepoint::FuncRoots;

/// How values of a type are moved, and which accumulator holds them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// The integer accumulator: integers and references.
    Int,
    /// The vector accumulator: floats.
    Float,
    /// The vector accumulator: vectors, which take two slots.
    Vec,
}

impl Class {
    /// The class of a type.
    pub(crate) fn of(ty: ValType) -> Class {
        match ty {
            ValType::I32 | ValType::I64 | ValType::Ref(_) => Class::Int,
            ValType::F32 | ValType::F64 => Class::Float,
            ValType::V128 => Class::Vec,
        }
    }

    /// The number of the accumulator.
    pub(crate) fn acc(self) -> usize {
        usize::from(self != Class::Int)
    }

    /// How many slots a value takes.
    pub(crate) fn slots(self) -> u32 {
        if self == Class::Vec { 2 } else { 1 }
    }
}

/// Where an instruction finds an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Src {
    /// In a canonical slot.
    Slot(u32),
    /// In the accumulator of its class.
    Acc,
    /// In the cell: the bits of a slot.
    Const(u64),
    /// In the cell: one of [`Ir::vectors`].
    Vector(u32),
}

/// Where a load or store finds its bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// The memory and the offset.
    pub(crate) arg: MemArg,
    /// The type of the address where the access has the short form; that of a memory with
    /// 64-bit addresses may have 32 bits.
    pub(crate) address: Option<AddrType>,
}

/// A position that branches lead to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Label(pub(crate) u32);

/// One instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inst {
    /// What it does.
    pub(crate) op: Op,
    /// Its operands; how many count depends on `op`.
    pub(crate) args: [Src; 3],
    /// The canonical slot of its result.
    pub(crate) dst: u32,
    /// Whether the result goes to the slot as well as to the accumulator.
    pub(crate) to_slot: bool,
    /// The module offset of the instruction that it comes from.
    pub(crate) offset: u32,
}

/// What an instruction does. Slots and counts of slots are canonical.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    /// A numeric instruction with one operand.
    Un(NumOp),
    /// A numeric instruction with two operands.
    Bin(NumOp),
    /// An instruction with two results, from these slots to `dst` and the next one.
    Wide { op: WideOp, from: [u32; MAX_WIDE_OPERANDS] },
    /// A branch taken when the test gives zero (if `negate`) or not zero.
    BrUn { op: NumOp, negate: bool, target: Label },
    /// The same for a test of two operands.
    BrBin { op: NumOp, negate: bool, target: Label },
    /// `dst` plus a constant, to `dst`; then as `BrBin` on the sum and an operand.
    AddBr { op: NumOp, step: i32, negate: bool, target: Label },
    /// One value; leaves the accumulators alone.
    Copy(Class),
    /// Several slots to `dst`, ascending.
    CopySpan { from: u32, count: u32 },
    /// `select`: values and condition.
    Select(Class),
    /// `global.get`
    GlobalGet(Class, GlobalIdx),
    /// `global.set`
    GlobalSet(Class, GlobalIdx),
    /// `ref.func`
    RefFunc(FuncIdx),
    /// A load: address.
    Load(LoadOp, Access),
    /// A store: address, value.
    Store(StoreOp, Access),
    /// A load from the sum of two operands.
    LoadSum(LoadOp, Access),
    /// A store to the sum of two operands: the parts of the sum, value.
    StoreSum(StoreOp, Access),
    /// An atomic access: address, up to two operands.
    Atomic(AtomicOp, MemArg),
    /// A vector instruction that touches no memory: up to three operands.
    Vec(VecOp, VecImm),
    /// A load of a vector: address.
    VecLoad(VecLoadOp, MemArg),
    /// A store of a whole vector: address, vector.
    VecStore(VecStoreOp, MemArg),
    /// A load of a lane: address, vector.
    LoadLane(LoadLaneOp, MemArg, u8),
    /// A store of a lane: address, vector.
    StoreLane(StoreLaneOp, MemArg, u8),
    /// `memory.size`
    MemorySize(MemIdx),
    /// `table.get`: index.
    TableGet(TableIdx),
    /// `table.set`: index, value.
    TableSet(TableIdx),
    /// `table.size`
    TableSize(TableIdx),
    /// An instruction on objects that the runtime executes: operands and result are
    /// at `base`, slots from `top` on are unused.
    GcCall { op: GcBuiltinOp, imm: SlowImm, base: u32, top: u32 },
    /// `struct.get`: object. Whether a packed field is extended by its sign.
    StructGet(Field, bool),
    /// `struct.set`: object, value.
    StructSet(Field),
    /// `array.get`: array, index. As for `StructGet`; the field is the first element.
    ArrayGet(Field, bool),
    /// `array.set`: array, index, value.
    ArraySet(Field),
    /// `array.len`: array.
    ArrayLen,
    /// `ref.i31`: number.
    RefI31,
    /// `i31.get_s` or `i31.get_u`: reference. Whether it is signed.
    I31Get(bool),
    /// `ref.test`: reference.
    RefTest(RefType),
    /// `ref.cast`: the reference, which stays where it is.
    RefCast(RefType),
    /// An instruction of the runtime; slots from `top` on are unused.
    Slow { op: SlowOp, imm: SlowImm, top: u32 },
    /// A call; the arguments begin at slot `base`.
    Call { func: FuncIdx, base: u32 },
    /// `call_indirect`: index.
    CallIndirect { table: TableIdx, ty: TypeIdx, base: u32 },
    /// `call_ref`: the reference.
    CallRef { ty: TypeIdx, base: u32 },
    /// `return_call`; the arguments begin at slot `base`.
    ReturnCall { func: FuncIdx, base: u32 },
    /// `return_call_indirect`: index.
    ReturnCallIndirect { table: TableIdx, ty: TypeIdx, base: u32 },
    /// `return_call_ref`: the reference.
    ReturnCallRef { ty: TypeIdx, base: u32 },
    /// `throw`; the payload begins at slot `base`.
    Throw { tag: TagIdx, base: u32 },
    /// `throw_ref`: the exception.
    ThrowRef,
    /// The beginning of a handler: the exception in `dst` is replaced by the
    /// operands that the handler takes.
    Catch { payload: bool, with_ref: bool },
    /// `ref.as_non_null`: the reference, which stays where it is.
    NonNull,
    /// `br`
    Br(Label),
    /// `br_table`: index; targets as a range of [`Ir::targets`].
    BrTable { first: u32, count: u32 },
    /// `unreachable`
    Unreachable,
    /// `return` without results.
    Return0,
    /// `return` of one result.
    Return(Class),
    /// `return` of several slots.
    ReturnSpan { from: u32, count: u32 },
}

impl Op {
    /// Whether the instruction can trap or leave the function, so that its
    /// position must lead back to the module.
    #[allow(clippy::too_many_lines, reason = "a table, one line per instruction")]
    pub(crate) fn has_position(&self) -> bool {
        match self {
            Op::Un(op) | Op::Bin(op) => op.traps(),
            Op::Load(..)
            | Op::Store(..)
            | Op::LoadSum(..)
            | Op::StoreSum(..)
            | Op::Atomic(..)
            | Op::VecLoad(..)
            | Op::VecStore(..)
            | Op::LoadLane(..)
            | Op::StoreLane(..)
            | Op::TableGet(_)
            | Op::TableSet(_)
            | Op::Slow { .. }
            | Op::GcCall { .. }
            | Op::StructGet(..)
            | Op::StructSet(_)
            | Op::ArrayGet(..)
            | Op::ArraySet(_)
            | Op::ArrayLen
            | Op::I31Get(_)
            | Op::RefCast(_)
            | Op::Call { .. }
            | Op::CallIndirect { .. }
            | Op::CallRef { .. }
            | Op::ReturnCall { .. }
            | Op::ReturnCallIndirect { .. }
            | Op::ReturnCallRef { .. }
            | Op::NonNull
            | Op::Throw { .. }
            | Op::ThrowRef
            | Op::Unreachable => true,
            Op::Wide { .. }
            | Op::BrUn { .. }
            | Op::BrBin { .. }
            | Op::AddBr { .. }
            | Op::Copy(_)
            | Op::CopySpan { .. }
            | Op::Vec(..)
            | Op::Select(_)
            | Op::GlobalGet(..)
            | Op::GlobalSet(..)
            | Op::RefFunc(_)
            | Op::RefI31
            | Op::RefTest(_)
            | Op::MemorySize(_)
            | Op::TableSize(_)
            | Op::Br(_)
            | Op::BrTable { .. }
            | Op::Catch { .. }
            | Op::Return0
            | Op::Return(_)
            | Op::ReturnSpan { .. } => false,
        }
    }

    /// How many slots the result takes, if there is one.
    pub(crate) fn result_slots(&self) -> u32 {
        match self {
            Op::Vec(op, _) => op.result().slots(),
            Op::VecLoad(..) | Op::LoadLane(..) => 2,
            Op::StructGet(field, _) | Op::ArrayGet(field, _) => field.kind.slots() as u32,
            Op::Copy(class) | Op::Select(class) | Op::GlobalGet(class, _) => class.slots(),
            _ => 1,
        }
    }
}

/// What a `try_table` catches.
#[derive(Debug)]
pub(crate) struct TryTable {
    /// Where its body begins.
    pub(crate) start: Label,
    /// Where its body ends.
    pub(crate) end: Label,
    /// The canonical slot in which a handler expects the exception.
    pub(crate) slot: u32,
    /// The tags of the clauses, `None` for all, and their handlers.
    pub(crate) clauses: Vec<(Option<TagIdx>, Label)>,
}

/// A function before it is linked.
pub(crate) struct Ir {
    /// The instructions.
    pub(crate) insts: Vec<Inst>,
    /// The instruction that each label stands in front of.
    pub(crate) labels: Vec<u32>,
    /// The vectors among the constants.
    pub(crate) vectors: Vec<V128>,
    /// The targets of all branch tables.
    pub(crate) targets: Vec<Label>,
    /// Where references are, if somebody listened.
    pub(crate) roots: Option<FuncRoots>,
    /// Runs of canonical slots to zero on entry: start and length.
    pub(crate) zero: Vec<(u32, u32)>,
    /// Every `try_table`, inner ones before outer ones.
    pub(crate) try_tables: Vec<TryTable>,
    /// The headers of loops with their numbers. Nothing but back-edges leads to these
    /// labels.
    pub(crate) loops: Vec<(Label, u32)>,
    /// Labels that back-edges lead to instead of a header, and the header. Ascending.
    pub(crate) rotated: Vec<(Label, Label)>,
    /// The labels behind what a conditional branch in the module leads to: branches to
    /// them are taken when that one is not. Ascending.
    pub(crate) skips: Vec<Label>,
    /// The slots of locals that are floats, and of those that are integers.
    pub(crate) floats: Vec<u32>,
    pub(crate) ints: Vec<u32>,
    /// Slots of the parameters.
    pub(crate) params: u32,
    /// Slots of the results.
    pub(crate) results: u32,
    /// All canonical slots.
    pub(crate) slots: u32,
}

/// Slots of a frame's header.
pub(super) const HEADER: u32 = HEADER_SLOTS;
/// Scratch slots of a frame too large for cells: two per operand, two for the
/// result.
pub(super) const SCRATCH: u32 = 8;

impl Ir {
    /// Whether the frame has more slots than cells can name.
    pub(super) fn is_wide(&self) -> bool {
        self.slots + HEADER > u32::from(u16::MAX)
    }

    /// The slot of the frame for a canonical slot.
    pub(super) fn frame_slot(&self, canonical: u32) -> u32 {
        let slot = osr::frame_slot(self.params, canonical);
        if canonical >= self.params && self.is_wide() { slot + SCRATCH } else { slot }
    }
}
