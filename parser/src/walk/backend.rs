//! The verbs that a tier must speak.

use bimetal_core::index::{FuncIdx, GlobalIdx, LocalIdx, MemIdx, TableIdx, TagIdx};
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_core::ops::run::MemoryRun;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::ops::wide::WideOp;
use bimetal_core::types::{FuncType, HeapType, ValType};
use bimetal_core::value::{Slot, V128};

use super::control::{BlockType, Control, Controls};
use super::exceptions::Catch;
use super::gc::{BrOnCast, GcOp};
use super::info::{Callee, FuncInfo, MemArg};
use super::stack::{Operand, Stack};

/// A tier's side of a walk: one method per verb.
///
/// The walker calls the verbs in program order and only for reachable code.
/// Operands that a verb consumes are popped before the call and passed by value,
/// except where a method says that they are still on the stack; results are
/// pushed by the walker after the call, with the value that the method returned.
/// `stack.next_slot()` during a call is the canonical slot of the (first) result.
pub trait Backend {
    /// What the tier knows an operand as.
    type Value: Copy;
    /// What the tier knows a control structure as.
    type Label;
    /// What the walk of a whole function gives.
    type Output;
    /// Why the tier refuses a function.
    type Error;

    /// The walk begins; nothing else has been called.
    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Self::Error>;
    /// The walk is over. `frame_slots` counts all canonical slots of the function.
    fn finish(self, info: &FuncInfo<'_>, frame_slots: u32) -> Result<Self::Output, Self::Error>;
    /// The byte offset in the module of the instruction whose verbs follow. `false` ends
    /// the walk, and `finish` says why.
    fn at(&mut self, offset: u32) -> bool;
    /// A constant of a number type; `bits` as in a slot.
    fn constant(&mut self, stack: &mut Stack<Self::Value>, ty: ValType, bits: Slot) -> Self::Value;
    /// A plain numeric instruction; `args` as its row says.
    fn num(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: NumOp,
        args: &[Operand<Self::Value>],
    ) -> Self::Value;
    /// An instruction with two results, the low half first; `args` as its row says.
    fn wide(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: WideOp,
        args: &[Operand<Self::Value>],
    ) -> [Self::Value; 2];
    /// `select`: `args` are the two values and the condition.
    fn select(
        &mut self,
        stack: &mut Stack<Self::Value>,
        args: [Operand<Self::Value>; 3],
    ) -> Self::Value;
    /// `drop`
    fn drop_operand(&mut self, stack: &mut Stack<Self::Value>, operand: Operand<Self::Value>);

    /// `local.get`
    fn local_get(
        &mut self,
        stack: &mut Stack<Self::Value>,
        local: LocalIdx,
        ty: ValType,
    ) -> Self::Value;
    /// `local.set`. Operands still on the stack may refer to the old value.
    fn local_set(
        &mut self,
        stack: &mut Stack<Self::Value>,
        local: LocalIdx,
        value: Operand<Self::Value>,
    );
    /// `local.tee`: as `local.set`, and the value stays an operand.
    fn local_tee(
        &mut self,
        stack: &mut Stack<Self::Value>,
        local: LocalIdx,
        value: Operand<Self::Value>,
    ) -> Self::Value;
    /// `global.get`
    fn global_get(
        &mut self,
        stack: &mut Stack<Self::Value>,
        global: GlobalIdx,
        ty: ValType,
    ) -> Self::Value;
    /// `global.set`
    fn global_set(
        &mut self,
        stack: &mut Stack<Self::Value>,
        global: GlobalIdx,
        value: Operand<Self::Value>,
    );

    /// A load.
    fn load(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: LoadOp,
        arg: MemArg,
        addr: Operand<Self::Value>,
    ) -> Self::Value;
    /// A store.
    fn store(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: StoreOp,
        arg: MemArg,
        addr: Operand<Self::Value>,
        value: Operand<Self::Value>,
    );
    /// An atomic access; `args` are the address and as many operands as its row says.
    /// The value if it has a result.
    fn atomic(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: AtomicOp,
        arg: MemArg,
        args: &[Operand<Self::Value>],
    ) -> Option<Self::Value>;
    /// Which outcome instructions have where the specification leaves it open: of those,
    /// [`Backend::vec`] is called for the chosen one, and one more for what may make a NaN.
    fn relaxed(&self) -> RelaxedChoice;
    /// Whether loops that copy or fill memory are looked for.
    fn byte_loops(&self) -> bool;
    /// The fewest iterations of a run that are done at once.
    fn min_run(&self, run: MemoryRun) -> u32;
    /// `v128.const`
    fn vec_const(&mut self, stack: &mut Stack<Self::Value>, vector: V128) -> Self::Value;
    /// A vector instruction that touches no memory; `args` as its row says.
    fn vec(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: VecOp,
        imm: VecImm,
        args: &[Operand<Self::Value>],
    ) -> Self::Value;
    /// A load of a vector.
    fn vec_load(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: VecLoadOp,
        arg: MemArg,
        addr: Operand<Self::Value>,
    ) -> Self::Value;
    /// A store of a whole vector.
    fn vec_store(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: VecStoreOp,
        arg: MemArg,
        addr: Operand<Self::Value>,
        vector: Operand<Self::Value>,
    );
    /// A load of one lane: the value is the vector with that lane replaced.
    fn vec_load_lane(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: LoadLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Operand<Self::Value>,
        vector: Operand<Self::Value>,
    ) -> Self::Value;
    /// A store of one lane.
    fn vec_store_lane(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: StoreLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Operand<Self::Value>,
        vector: Operand<Self::Value>,
    );
    /// `memory.size`, of the memory's address type.
    fn memory_size(&mut self, stack: &mut Stack<Self::Value>, memory: MemIdx) -> Self::Value;
    /// `table.get`
    fn table_get(
        &mut self,
        stack: &mut Stack<Self::Value>,
        table: TableIdx,
        index: Operand<Self::Value>,
    ) -> Self::Value;
    /// `table.set`
    fn table_set(
        &mut self,
        stack: &mut Stack<Self::Value>,
        table: TableIdx,
        index: Operand<Self::Value>,
        value: Operand<Self::Value>,
    );
    /// `table.size`, of the table's address type.
    fn table_size(&mut self, stack: &mut Stack<Self::Value>, table: TableIdx) -> Self::Value;
    /// An instruction that the runtime executes. The value returned counts only
    /// if there is a `result`.
    fn slow(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: SlowOp,
        imm: SlowImm,
        args: &[Operand<Self::Value>],
        result: Option<ValType>,
    ) -> Option<Self::Value>;

    /// `ref.null`
    fn ref_null(&mut self, stack: &mut Stack<Self::Value>, heap: HeapType) -> Self::Value;
    /// `ref.is_null`
    fn ref_is_null(
        &mut self,
        stack: &mut Stack<Self::Value>,
        operand: Operand<Self::Value>,
    ) -> Self::Value;
    /// `ref.func`
    fn ref_func(&mut self, stack: &mut Stack<Self::Value>, func: FuncIdx) -> Self::Value;
    /// `ref.as_non_null`: traps or gives the same reference.
    fn ref_as_non_null(
        &mut self,
        stack: &mut Stack<Self::Value>,
        operand: Operand<Self::Value>,
    ) -> Self::Value;

    /// An instruction on objects. The value returned counts only if there is a
    /// `result`.
    fn gc(
        &mut self,
        stack: &mut Stack<Self::Value>,
        op: GcOp,
        args: &[Operand<Self::Value>],
        result: Option<ValType>,
    ) -> Option<Self::Value>;
    /// `br_on_cast`, `br_on_cast_fail`: as [`Backend::br_if`]; the reference is
    /// the topmost operand and stays, whether the branch is taken or not.
    fn br_on_cast(
        &mut self,
        stack: &mut Stack<Self::Value>,
        target: &mut Control<Self::Value, Self::Label>,
        arity: usize,
        cast: BrOnCast,
    );

    /// A `block` begins. Its parameters are the topmost operands.
    fn block(&mut self, stack: &mut Stack<Self::Value>, ty: BlockType) -> Self::Label;
    /// A `loop` begins. Its parameters are the topmost operands; the tier may
    /// give them (and every other operand) new values here.
    fn loop_(&mut self, stack: &mut Stack<Self::Value>, ty: BlockType, number: u32) -> Self::Label;
    /// An `if` begins. Its parameters are the topmost operands. They are the
    /// operands of the `else` as well, with the values that they have after this
    /// call.
    fn if_(
        &mut self,
        stack: &mut Stack<Self::Value>,
        ty: BlockType,
        condition: Operand<Self::Value>,
    ) -> Self::Label;
    /// The `else` of an `if`, also where the text has none. If `reachable`, the
    /// end of the first arm was reached and its results are the topmost operands.
    fn else_(
        &mut self,
        stack: &mut Stack<Self::Value>,
        control: &mut Control<Self::Value, Self::Label>,
        reachable: bool,
    );
    /// A structure other than the function ends. If `reachable`, control falls
    /// into the end and the results are the topmost operands. Code follows the
    /// end if `reachable` or `control.end_reached`; [`Backend::block_result`]
    /// is then called for every result.
    fn end(
        &mut self,
        stack: &mut Stack<Self::Value>,
        control: &mut Control<Self::Value, Self::Label>,
        reachable: bool,
    );
    /// The value by which a result of the structure that just ended is known;
    /// `stack.next_slot()` is its slot.
    fn block_result(
        &mut self,
        stack: &mut Stack<Self::Value>,
        control: &Control<Self::Value, Self::Label>,
        index: usize,
        ty: ValType,
    ) -> Self::Value;

    /// `br` to a structure in the function. The operands that it takes along are
    /// the topmost `arity`.
    fn br(
        &mut self,
        stack: &mut Stack<Self::Value>,
        target: &mut Control<Self::Value, Self::Label>,
        arity: usize,
    );
    /// `br_if`: as `br`; the operands stay for the code that follows.
    /// `returns`: the target is the function itself.
    fn br_if(
        &mut self,
        stack: &mut Stack<Self::Value>,
        target: &mut Control<Self::Value, Self::Label>,
        arity: usize,
        condition: Operand<Self::Value>,
    );
    /// `br_on_null`: as `br_if`; the branch is taken if the reference is null, and
    /// otherwise it becomes an operand again, with the value returned.
    fn br_on_null(
        &mut self,
        stack: &mut Stack<Self::Value>,
        target: &mut Control<Self::Value, Self::Label>,
        arity: usize,
        reference: Operand<Self::Value>,
    ) -> Self::Value;
    /// `br_on_non_null`: the reference is the topmost operand and the last of the
    /// `arity` that the branch takes along, which are still on the stack. The
    /// walker drops it for the code that follows.
    fn br_on_non_null(
        &mut self,
        stack: &mut Stack<Self::Value>,
        target: &mut Control<Self::Value, Self::Label>,
        arity: usize,
    );
    /// `br_table`: relative depths of the targets, the default one last; each
    /// takes along the topmost `arity` operands. A target may be the function
    /// itself ([`Controls::is_return`]).
    fn br_table(
        &mut self,
        stack: &mut Stack<Self::Value>,
        controls: &mut Controls<Self::Value, Self::Label>,
        depths: &[u32],
        arity: usize,
        index: Operand<Self::Value>,
    );
    /// `return`, `br` to the function itself, or the function's end. The results
    /// are the topmost operands.
    fn return_(&mut self, stack: &mut Stack<Self::Value>);
    /// `unreachable`
    fn unreachable(&mut self, stack: &mut Stack<Self::Value>);

    /// `throw`: the payload is the topmost `params` operands, still on the stack;
    /// no code follows.
    fn throw(&mut self, stack: &mut Stack<Self::Value>, tag: TagIdx, params: usize);
    /// `throw_ref`: traps if the exception is null; no code follows.
    fn throw_ref(&mut self, stack: &mut Stack<Self::Value>, exception: Operand<Self::Value>);
    /// A `try_table` begins. Its parameters are the topmost operands. The first of
    /// the clauses that matches an exception thrown inside counts.
    fn try_table(
        &mut self,
        stack: &mut Stack<Self::Value>,
        ty: BlockType,
        catches: &[Catch],
    ) -> Self::Label;
    /// The body of a `try_table` is over, and what falls out of it has branched to
    /// its end: its landings follow, one per clause, then [`Backend::end`].
    fn end_try(
        &mut self,
        stack: &mut Stack<Self::Value>,
        control: &mut Control<Self::Value, Self::Label>,
    );
    /// The landing of a clause begins: its payload, of these types, becomes
    /// operands with the values that the tier adds to `values`, from
    /// `stack.next_slot()` on. A branch follows.
    fn landing(
        &mut self,
        stack: &mut Stack<Self::Value>,
        control: &mut Control<Self::Value, Self::Label>,
        clause: usize,
        types: &[ValType],
        values: &mut Vec<Self::Value>,
    );

    /// A call. The arguments are the topmost operands, still on the stack.
    /// [`Backend::call_result`] is then called for every result, after the
    /// arguments have been popped.
    fn call(&mut self, stack: &mut Stack<Self::Value>, callee: Callee<Self::Value>, ty: &FuncType);
    /// The value by which a result of the last call is known;
    /// `stack.next_slot()` is its slot.
    fn call_result(
        &mut self,
        stack: &mut Stack<Self::Value>,
        index: usize,
        ty: ValType,
    ) -> Self::Value;
    /// A tail call: the function returns what the callee returns, and its frame is
    /// gone when the callee begins. The arguments are the topmost operands, still
    /// on the stack; no code follows.
    fn return_call(
        &mut self,
        stack: &mut Stack<Self::Value>,
        callee: Callee<Self::Value>,
        ty: &FuncType,
    );
}
