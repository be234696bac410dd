//! The verbs of the walker.

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
use bimetal_parser::Error;
use bimetal_parser::walk::{
    Backend, BlockType, BrOnCast, Callee, Catch, Control, Controls, FuncInfo, GcOp, MemArg,
    Operand, Stack,
};

use super::Translator;
use super::access::plain_address;
use super::branch::Structure;
use super::ir::{Access, Class, Ir, Op, Src};
use super::operands::Value;

/// Operands that an instruction does not have.
pub(super) const NONE: [Src; 3] = [Src::Acc; 3];

type St = Stack<Value>;
type Ctl = Control<Value, Structure>;
type Arg = Operand<Value>;

/// From how many stores on a call of the runtime is faster than a loop.
const MIN_RUN: u32 = 10;

impl Backend for Translator<'_> {
    type Value = Value;
    type Label = Structure;
    type Output = Ir;
    type Error = Error;

    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Error> {
        self.start(info);
        Ok(())
    }

    fn finish(self, info: &FuncInfo<'_>, frame_slots: u32) -> Result<Ir, Error> {
        self.complete(info, frame_slots)
    }

    fn at(&mut self, offset: u32) -> bool {
        self.offset = offset;
        true
    }

    fn constant(&mut self, stack: &mut St, _: ValType, bits: Slot) -> Value {
        self.symbolic(stack, Value::Const(bits.bits()))
    }

    fn num(&mut self, stack: &mut St, op: NumOp, args: &[Arg]) -> Value {
        self.numeric(stack, op, args)
    }

    fn wide(&mut self, stack: &mut St, op: WideOp, args: &[Arg]) -> [Value; 2] {
        self.wide_op(stack.next_slot(), op, args)
    }

    fn select(&mut self, stack: &mut St, args: [Arg; 3]) -> Value {
        self.choose(stack, args)
    }

    fn drop_operand(&mut self, _: &mut St, operand: Arg) {
        self.discard(operand);
    }

    fn local_get(&mut self, stack: &mut St, local: LocalIdx, _: ValType) -> Value {
        self.zero.read(local.index());
        self.symbolic(stack, Value::Local(local.0))
    }

    fn local_set(&mut self, stack: &mut St, local: LocalIdx, value: Arg) {
        self.assign(stack, local, value);
    }

    fn local_tee(&mut self, stack: &mut St, local: LocalIdx, value: Arg) -> Value {
        self.assign(stack, local, value);
        self.symbolic(stack, Value::Local(local.0))
    }

    fn global_get(&mut self, stack: &mut St, global: GlobalIdx, ty: ValType) -> Value {
        let op = Op::GlobalGet(Class::of(ty), global);
        self.result(op, NONE, stack.next_slot(), ty, true)
    }

    fn global_set(&mut self, _: &mut St, global: GlobalIdx, value: Arg) {
        let src = self.take(value, true);
        self.emit(Op::GlobalSet(Class::of(value.ty), global), [src, Src::Acc, Src::Acc], 0);
    }

    fn load(&mut self, stack: &mut St, op: LoadOp, arg: MemArg, addr: Arg) -> Value {
        if let Some(value) = self.load_parts(stack, op, arg, addr) {
            return value;
        }
        let access = Access { arg, address: plain_address(self.module, arg) };
        self.access(Op::Load(op, access), arg, &[addr], Some((stack.next_slot(), op.value_type())))
    }

    fn store(&mut self, _: &mut St, op: StoreOp, arg: MemArg, addr: Arg, value: Arg) {
        if self.store_parts(op, arg, addr, value) {
            return;
        }
        let access = Access { arg, address: plain_address(self.module, arg) };
        self.access(Op::Store(op, access), arg, &[addr, value], None);
    }

    fn atomic(&mut self, stack: &mut St, op: AtomicOp, arg: MemArg, args: &[Arg]) -> Option<Value> {
        let result = op.kind().has_result().then(|| (stack.next_slot(), op.value_type()));
        self.atomic_access(op, arg, args, result)
    }

    fn relaxed(&self) -> RelaxedChoice {
        self.relaxed
    }
    fn byte_loops(&self) -> bool {
        self.fusions.byte_loops
    }
    fn min_run(&self, run: MemoryRun) -> u32 {
        run.iterations_of(MIN_RUN)
    }

    fn vec_const(&mut self, stack: &mut St, vector: V128) -> Value {
        self.vectors.push(vector);
        self.symbolic(stack, Value::Vector(self.vectors.len() as u32 - 1))
    }

    fn vec(&mut self, stack: &mut St, op: VecOp, imm: VecImm, args: &[Arg]) -> Value {
        self.vector(stack, op, imm, args)
    }

    fn vec_load(&mut self, stack: &mut St, op: VecLoadOp, arg: MemArg, addr: Arg) -> Value {
        self.access(Op::VecLoad(op, arg), arg, &[addr], Some((stack.next_slot(), ValType::V128)))
    }

    fn vec_store(&mut self, _: &mut St, op: VecStoreOp, arg: MemArg, addr: Arg, vector: Arg) {
        self.access(Op::VecStore(op, arg), arg, &[addr, vector], None);
    }

    fn vec_load_lane(
        &mut self,
        stack: &mut St,
        op: LoadLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Arg,
        vector: Arg,
    ) -> Value {
        let op = Op::LoadLane(op, arg, lane);
        self.access(op, arg, &[addr, vector], Some((stack.next_slot(), ValType::V128)))
    }

    fn vec_store_lane(
        &mut self,
        _: &mut St,
        op: StoreLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Arg,
        vector: Arg,
    ) {
        self.access(Op::StoreLane(op, arg, lane), arg, &[addr, vector], None);
    }

    fn memory_size(&mut self, stack: &mut St, memory: MemIdx) -> Value {
        let ty = self.module.memories[memory.index()].addr.val_type();
        self.result(Op::MemorySize(memory), NONE, stack.next_slot(), ty, false)
    }

    fn table_get(&mut self, stack: &mut St, table: TableIdx, index: Arg) -> Value {
        let args = [self.take_slot(index), Src::Acc, Src::Acc];
        self.result(Op::TableGet(table), args, stack.next_slot(), ValType::FUNCREF, false)
    }

    fn table_set(&mut self, _: &mut St, table: TableIdx, index: Arg, value: Arg) {
        let args = [self.take_slot(index), self.take_slot(value), Src::Acc];
        self.emit(Op::TableSet(table), args, 0);
    }

    fn table_size(&mut self, stack: &mut St, table: TableIdx) -> Value {
        self.result(Op::TableSize(table), NONE, stack.next_slot(), ValType::I64, false)
    }

    fn slow(
        &mut self,
        stack: &mut St,
        op: SlowOp,
        imm: SlowImm,
        args: &[Arg],
        _: Option<ValType>,
    ) -> Option<Value> {
        Some(self.runtime_op(stack, op, imm, args))
    }

    fn ref_null(&mut self, stack: &mut St, _: HeapType) -> Value {
        self.symbolic(stack, Value::Const(0))
    }

    fn ref_is_null(&mut self, stack: &mut St, operand: Arg) -> Value {
        self.num(stack, NumOp::i64_eqz, &[operand])
    }

    fn ref_func(&mut self, stack: &mut St, func: FuncIdx) -> Value {
        self.result(Op::RefFunc(func), NONE, stack.next_slot(), ValType::FUNCREF, false)
    }

    fn ref_as_non_null(&mut self, _: &mut St, operand: Arg) -> Value {
        self.check_non_null(operand)
    }

    fn gc(&mut self, stack: &mut St, op: GcOp, args: &[Arg], ty: Option<ValType>) -> Option<Value> {
        self.object_op(stack, op, args, ty)
    }

    fn br_on_cast(&mut self, stack: &mut St, target: &mut Ctl, arity: usize, cast: BrOnCast) {
        self.branch_on_cast(stack, target, arity, cast);
    }

    fn block(&mut self, stack: &mut St, _: BlockType) -> Structure {
        self.flush(stack);
        self.zero.open();
        Structure { target: self.label(), else_: None, start: None }
    }

    fn loop_(&mut self, stack: &mut St, _: BlockType, number: u32) -> Structure {
        self.flush(stack);
        self.zero.open();
        let target = self.label();
        self.loops.push((target, number));
        self.bind(target);
        Structure { target, else_: None, start: None }
    }

    fn if_(&mut self, stack: &mut St, _: BlockType, condition: Arg) -> Structure {
        let else_ = self.branch_to_else(stack, condition);
        self.zero.open();
        Structure { target: self.label(), else_: Some(else_), start: None }
    }

    fn else_(&mut self, stack: &mut St, control: &mut Ctl, reachable: bool) {
        self.second_arm(stack, control, reachable);
    }

    fn end(&mut self, stack: &mut St, control: &mut Ctl, reachable: bool) {
        self.close(stack, control, reachable);
    }

    fn block_result(&mut self, _: &mut St, _: &Ctl, _: usize, _: ValType) -> Value {
        Value::Temp
    }

    fn br(&mut self, stack: &mut St, target: &mut Ctl, arity: usize) {
        self.branch(stack, target, arity);
    }

    fn br_if(&mut self, stack: &mut St, target: &mut Ctl, arity: usize, condition: Arg) {
        self.branch_if(stack, target, arity, condition);
    }

    fn br_on_null(
        &mut self,
        stack: &mut St,
        target: &mut Ctl,
        arity: usize,
        reference: Arg,
    ) -> Value {
        self.branch_on_null(stack, target, arity, reference)
    }

    fn br_on_non_null(&mut self, stack: &mut St, target: &mut Ctl, arity: usize) {
        self.branch_on_non_null(stack, target, arity);
    }

    fn br_table(
        &mut self,
        stack: &mut St,
        controls: &mut Controls<Value, Structure>,
        depths: &[u32],
        arity: usize,
        index: Arg,
    ) {
        self.branch_table(stack, controls, depths, arity, index);
    }

    fn return_(&mut self, stack: &mut St) {
        let arity = self.results;
        self.emit_return(stack, arity, true);
        self.forget();
    }

    fn unreachable(&mut self, _: &mut St) {
        self.emit(Op::Unreachable, NONE, 0);
    }

    fn throw(&mut self, stack: &mut St, tag: TagIdx, params: usize) {
        self.emit_throw(stack, tag, params);
    }

    fn throw_ref(&mut self, _: &mut St, exception: Arg) {
        let args = [self.take_slot(exception), Src::Acc, Src::Acc];
        self.emit(Op::ThrowRef, args, 0);
        self.forget();
    }

    fn try_table(&mut self, stack: &mut St, _: BlockType, _: &[Catch]) -> Structure {
        self.begin_try(stack)
    }

    fn end_try(&mut self, _: &mut St, control: &mut Ctl) {
        self.end_try_body(control);
    }

    fn landing(
        &mut self,
        stack: &mut St,
        control: &mut Ctl,
        clause: usize,
        types: &[ValType],
        values: &mut Vec<Value>,
    ) {
        self.emit_landing(stack, control.catches()[clause], types);
        values.resize(types.len(), Value::Temp);
    }

    fn call(&mut self, stack: &mut St, callee: Callee<Value>, ty: &FuncType) {
        self.emit_call(stack, callee, ty);
    }

    fn call_result(&mut self, _: &mut St, _: usize, _: ValType) -> Value {
        Value::Temp
    }
    fn return_call(&mut self, stack: &mut St, callee: Callee<Value>, ty: &FuncType) {
        self.emit_return_call(stack, callee, ty);
    }
}
