//! The switchboard: one line per verb.

use bimetal_core::index::{FuncIdx, GlobalIdx, LocalIdx, MemIdx, TableIdx, TagIdx};
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::gc::GcBuiltinOp;
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
use bimetal_parser::walk::{
    Backend, BlockType, BrOnCast, Callee, Catch, Control, Controls, FuncInfo, GcOp, MemArg,
    Operand, Stack,
};
use cranelift_codegen::ir::Value;

use super::{Label, Lower};
use crate::error::JitError;

impl Backend for Lower<'_> {
    type Value = Value;
    type Label = Label;
    type Output = ();
    type Error = JitError;

    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), JitError> {
        self.enter(info);
        Ok(())
    }
    fn finish(mut self, info: &FuncInfo<'_>, frame_slots: u32) -> Result<(), JitError> {
        self.check_osr(frame_slots);
        self.finish(frame_slots - info.first_operand_slot)
    }
    fn at(&mut self, offset: u32) -> bool {
        self.at(offset)
    }

    fn constant(&mut self, _: &mut Stack<Value>, ty: ValType, bits: Slot) -> Value {
        self.constant(ty, bits)
    }
    fn num(&mut self, _: &mut Stack<Value>, op: NumOp, args: &[Operand<Value>]) -> Value {
        self.num(op, args)
    }
    fn wide(&mut self, _: &mut Stack<Value>, op: WideOp, args: &[Operand<Value>]) -> [Value; 2] {
        self.wide(op, args)
    }
    fn select(&mut self, _: &mut Stack<Value>, args: [Operand<Value>; 3]) -> Value {
        let ty = args[0].ty;
        let [a, b, condition] = args.map(|arg| arg.value);
        let value = self.select(a, b, condition);
        self.rooted(ty, value)
    }
    fn drop_operand(&mut self, _: &mut Stack<Value>, _: Operand<Value>) {}

    fn local_get(&mut self, _: &mut Stack<Value>, local: LocalIdx, ty: ValType) -> Value {
        self.local_get(local, ty)
    }
    fn local_set(&mut self, _: &mut Stack<Value>, local: LocalIdx, value: Operand<Value>) {
        self.local_set(local, value.value);
    }
    fn local_tee(&mut self, _: &mut Stack<Value>, local: LocalIdx, value: Operand<Value>) -> Value {
        self.local_set(local, value.value);
        value.value
    }
    fn global_get(&mut self, _: &mut Stack<Value>, global: GlobalIdx, ty: ValType) -> Value {
        self.global_get(global, ty)
    }
    fn global_set(&mut self, _: &mut Stack<Value>, global: GlobalIdx, value: Operand<Value>) {
        self.global_set(global, value.value);
    }

    fn load(
        &mut self,
        _: &mut Stack<Value>,
        op: LoadOp,
        arg: MemArg,
        addr: Operand<Value>,
    ) -> Value {
        self.load(op, arg, addr)
    }
    fn store(
        &mut self,
        _: &mut Stack<Value>,
        op: StoreOp,
        arg: MemArg,
        addr: Operand<Value>,
        value: Operand<Value>,
    ) {
        self.store(op, arg, addr, value.value);
    }
    fn atomic(
        &mut self,
        _: &mut Stack<Value>,
        op: AtomicOp,
        arg: MemArg,
        args: &[Operand<Value>],
    ) -> Option<Value> {
        self.atomic(op, arg, args)
    }
    fn relaxed(&self) -> RelaxedChoice {
        self.env.relaxed
    }
    fn byte_loops(&self) -> bool {
        self.env.optimisations.byte_loops
    }
    fn min_run(&self, run: MemoryRun) -> u32 {
        self.min_run(run)
    }
    fn vec_const(&mut self, _: &mut Stack<Value>, vector: V128) -> Value {
        self.vec_const(vector)
    }
    fn vec(
        &mut self,
        _: &mut Stack<Value>,
        op: VecOp,
        imm: VecImm,
        args: &[Operand<Value>],
    ) -> Value {
        self.vec(op, imm, args)
    }
    fn vec_load(
        &mut self,
        _: &mut Stack<Value>,
        op: VecLoadOp,
        arg: MemArg,
        addr: Operand<Value>,
    ) -> Value {
        self.vec_load(op, arg, addr)
    }
    fn vec_store(
        &mut self,
        _: &mut Stack<Value>,
        op: VecStoreOp,
        arg: MemArg,
        addr: Operand<Value>,
        vector: Operand<Value>,
    ) {
        self.vec_store(op, arg, addr, vector.value);
    }
    fn vec_load_lane(
        &mut self,
        _: &mut Stack<Value>,
        op: LoadLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Operand<Value>,
        vector: Operand<Value>,
    ) -> Value {
        self.load_lane(op, arg, lane, addr, vector.value)
    }
    fn vec_store_lane(
        &mut self,
        _: &mut Stack<Value>,
        op: StoreLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Operand<Value>,
        vector: Operand<Value>,
    ) {
        self.store_lane(op, arg, lane, addr, vector.value);
    }
    fn memory_size(&mut self, _: &mut Stack<Value>, memory: MemIdx) -> Value {
        self.memory_size(memory)
    }
    fn table_get(&mut self, _: &mut Stack<Value>, table: TableIdx, index: Operand<Value>) -> Value {
        self.table_get(table, index)
    }
    fn table_set(
        &mut self,
        _: &mut Stack<Value>,
        table: TableIdx,
        index: Operand<Value>,
        value: Operand<Value>,
    ) {
        self.table_set(table, index, value.value);
    }
    fn table_size(&mut self, _: &mut Stack<Value>, table: TableIdx) -> Value {
        self.table_size(table)
    }
    fn slow(
        &mut self,
        _: &mut Stack<Value>,
        op: SlowOp,
        imm: SlowImm,
        args: &[Operand<Value>],
        result: Option<ValType>,
    ) -> Option<Value> {
        self.slow(op, imm, args, result)
    }

    fn ref_null(&mut self, _: &mut Stack<Value>, _: HeapType) -> Value {
        self.ref_null()
    }
    fn ref_is_null(&mut self, _: &mut Stack<Value>, operand: Operand<Value>) -> Value {
        self.ref_is_null(operand.value)
    }
    fn ref_func(&mut self, _: &mut Stack<Value>, func: FuncIdx) -> Value {
        self.ref_func(func)
    }

    fn ref_as_non_null(&mut self, _: &mut Stack<Value>, operand: Operand<Value>) -> Value {
        self.ref_as_non_null(operand.value)
    }
    fn gc(
        &mut self,
        _: &mut Stack<Value>,
        op: GcOp,
        args: &[Operand<Value>],
        result: Option<ValType>,
    ) -> Option<Value> {
        let value = self.gc(op, args);
        result.map(|ty| self.rooted(ty, value))
    }
    fn br_on_cast(
        &mut self,
        stack: &mut Stack<Value>,
        target: &mut Control<Value, Label>,
        arity: usize,
        cast: BrOnCast,
    ) {
        self.br_on_cast(stack, target, arity, cast);
    }

    fn block(&mut self, stack: &mut Stack<Value>, ty: BlockType) -> Label {
        self.begin_structure(stack, ty);
        self.block(ty)
    }
    fn loop_(&mut self, stack: &mut Stack<Value>, ty: BlockType, number: u32) -> Label {
        self.begin_structure(stack, ty);
        self.enter_loop(stack, number);
        self.load_lengths(number);
        self.loop_(stack, ty)
    }
    fn if_(&mut self, stack: &mut Stack<Value>, ty: BlockType, condition: Operand<Value>) -> Label {
        self.begin_structure(stack, ty);
        self.if_(ty, condition.value)
    }
    fn else_(
        &mut self,
        stack: &mut Stack<Value>,
        control: &mut Control<Value, Label>,
        reachable: bool,
    ) {
        self.else_(stack, control, reachable);
        self.bounds.turn();
        self.refresh_else(stack);
    }
    fn end(
        &mut self,
        stack: &mut Stack<Value>,
        control: &mut Control<Value, Label>,
        reachable: bool,
    ) {
        self.end(stack, control, reachable);
        self.end_structure(control);
        self.close(stack, reachable || control.end_reached);
    }
    fn block_result(
        &mut self,
        _: &mut Stack<Value>,
        _: &Control<Value, Label>,
        index: usize,
        _: ValType,
    ) -> Value {
        self.results[index]
    }

    fn br(&mut self, stack: &mut Stack<Value>, target: &mut Control<Value, Label>, arity: usize) {
        self.br(stack, target, arity);
    }
    fn br_if(
        &mut self,
        stack: &mut Stack<Value>,
        target: &mut Control<Value, Label>,
        arity: usize,
        condition: Operand<Value>,
    ) {
        let likely = self.likely();
        self.br_if(stack, target, arity, condition.value, likely);
    }
    fn br_on_null(
        &mut self,
        stack: &mut Stack<Value>,
        target: &mut Control<Value, Label>,
        arity: usize,
        reference: Operand<Value>,
    ) -> Value {
        let null = self.ref_is_null(reference.value);
        let likely = self.seen_likely();
        self.br_if(stack, target, arity, null, likely);
        reference.value
    }
    fn br_on_non_null(
        &mut self,
        stack: &mut Stack<Value>,
        target: &mut Control<Value, Label>,
        arity: usize,
    ) {
        if let [reference] = *stack.top(1) {
            let likely = self.seen_likely();
            self.br_if(stack, target, arity, reference.value, likely);
        }
    }
    fn br_table(
        &mut self,
        stack: &mut Stack<Value>,
        controls: &mut Controls<Value, Label>,
        depths: &[u32],
        arity: usize,
        index: Operand<Value>,
    ) {
        self.br_table(stack, controls, depths, arity, index.value);
    }
    fn return_(&mut self, stack: &mut Stack<Value>) {
        self.return_(stack);
    }
    fn unreachable(&mut self, _: &mut Stack<Value>) {
        self.unreachable();
    }

    fn throw(&mut self, stack: &mut Stack<Value>, tag: TagIdx, params: usize) {
        let payload: Vec<Value> = stack.top(params).iter().map(|operand| operand.value).collect();
        self.throw(GcBuiltinOp::throw, SlowImm { a: tag.0, b: 0 }, &payload);
    }
    fn throw_ref(&mut self, _: &mut Stack<Value>, exception: Operand<Value>) {
        self.throw(GcBuiltinOp::throw_ref, SlowImm { a: 0, b: 0 }, &[exception.value]);
    }
    fn try_table(&mut self, stack: &mut Stack<Value>, ty: BlockType, catches: &[Catch]) -> Label {
        self.begin_structure(stack, ty);
        self.begin_try(ty, catches)
    }
    fn end_try(&mut self, _: &mut Stack<Value>, _: &mut Control<Value, Label>) {
        self.end_try();
    }
    fn landing(
        &mut self,
        _: &mut Stack<Value>,
        control: &mut Control<Value, Label>,
        clause: usize,
        types: &[ValType],
        values: &mut Vec<Value>,
    ) {
        self.landing(control.catches()[clause], clause, types, values);
    }

    fn call(&mut self, stack: &mut Stack<Value>, callee: Callee<Value>, ty: &FuncType) {
        self.call(stack, callee, ty);
    }
    fn call_result(&mut self, _: &mut Stack<Value>, index: usize, ty: ValType) -> Value {
        self.rooted(ty, self.results[index])
    }
    fn return_call(&mut self, stack: &mut Stack<Value>, callee: Callee<Value>, ty: &FuncType) {
        self.return_call(stack, callee, ty);
    }
}
