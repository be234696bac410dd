//! A backend that writes every verb down.

use std::convert::Infallible;
use std::fmt::Write as _;

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

use super::super::*;

/// Writes every verb down; a value is the number of the verb that made it.
#[derive(Default)]
pub(in crate::walk) struct Trace {
    text: String,
    next: u32,
    runs: bool,
}

type Value = u32;
type St = Stack<Value>;
type Op = Operand<Value>;
type Ctl = Control<Value, u32>;

impl Trace {
    /// One that has runs in front of loops.
    pub(in crate::walk) fn with_runs() -> Trace {
        Trace { runs: true, ..Trace::default() }
    }

    fn verb(&mut self, stack: &St, text: impl std::fmt::Display) -> Value {
        self.next += 1;
        writeln!(self.text, "{} {text} @{}", self.next, stack.next_slot()).unwrap();
        self.next
    }
}

fn list(operands: &[Op]) -> String {
    let items: Vec<_> = operands.iter().map(|o| format!("{}@{}", o.value, o.slot)).collect();
    items.join(" ")
}

impl Backend for Trace {
    type Value = Value;
    type Label = u32;
    type Output = String;
    type Error = Infallible;

    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Infallible> {
        writeln!(self.text, "begin locals {:?}", info.local_slots).unwrap();
        Ok(())
    }
    fn finish(mut self, _: &FuncInfo<'_>, frame_slots: u32) -> Result<String, Infallible> {
        writeln!(self.text, "finish {frame_slots}").unwrap();
        Ok(self.text)
    }
    fn at(&mut self, _: u32) -> bool {
        true
    }
    fn constant(&mut self, stack: &mut St, _: ValType, bits: Slot) -> Value {
        self.verb(stack, format_args!("const {}", bits.bits()))
    }
    fn num(&mut self, stack: &mut St, op: NumOp, args: &[Op]) -> Value {
        self.verb(stack, format_args!("{} {}", op.name(), list(args)))
    }
    fn wide(&mut self, stack: &mut St, op: WideOp, args: &[Op]) -> [Value; 2] {
        let low = self.verb(stack, format_args!("{} {}", op.name(), list(args)));
        self.next += 1;
        [low, self.next]
    }
    fn select(&mut self, stack: &mut St, args: [Op; 3]) -> Value {
        self.verb(stack, format_args!("select {}", list(&args)))
    }
    fn drop_operand(&mut self, stack: &mut St, operand: Op) {
        self.verb(stack, format_args!("drop {}", list(&[operand])));
    }
    fn local_get(&mut self, stack: &mut St, local: LocalIdx, _: ValType) -> Value {
        self.verb(stack, format_args!("local.get {}", local.0))
    }
    fn local_set(&mut self, stack: &mut St, local: LocalIdx, value: Op) {
        self.verb(stack, format_args!("local.set {} {}", local.0, list(&[value])));
    }
    fn local_tee(&mut self, stack: &mut St, local: LocalIdx, value: Op) -> Value {
        self.verb(stack, format_args!("local.tee {} {}", local.0, list(&[value])))
    }
    fn global_get(&mut self, stack: &mut St, global: GlobalIdx, _: ValType) -> Value {
        self.verb(stack, format_args!("global.get {}", global.0))
    }
    fn global_set(&mut self, stack: &mut St, global: GlobalIdx, value: Op) {
        self.verb(stack, format_args!("global.set {} {}", global.0, list(&[value])));
    }
    fn load(&mut self, stack: &mut St, op: LoadOp, arg: MemArg, addr: Op) -> Value {
        self.verb(stack, format_args!("{} +{} {}", op.name(), arg.offset, list(&[addr])))
    }
    fn store(&mut self, stack: &mut St, op: StoreOp, arg: MemArg, addr: Op, value: Op) {
        self.verb(stack, format_args!("{} +{} {}", op.name(), arg.offset, list(&[addr, value])));
    }
    fn byte_loops(&self) -> bool {
        self.runs
    }
    fn min_run(&self, run: MemoryRun) -> u32 {
        run.iterations_of(16)
    }
    fn relaxed(&self) -> RelaxedChoice {
        RelaxedChoice { fmadd: true, any_nan: true, ..RelaxedChoice::DETERMINISTIC }
    }
    fn vec_const(&mut self, stack: &mut St, vector: V128) -> Value {
        self.verb(stack, format_args!("v128.const {}", vector.to_u128()))
    }
    fn vec(&mut self, stack: &mut St, op: VecOp, imm: VecImm, args: &[Op]) -> Value {
        self.verb(stack, format_args!("{} #{} {}", op.name(), imm.lane(), list(args)))
    }
    fn vec_load(&mut self, stack: &mut St, op: VecLoadOp, arg: MemArg, addr: Op) -> Value {
        self.verb(stack, format_args!("{} +{} {}", op.name(), arg.offset, list(&[addr])))
    }
    fn vec_store(&mut self, stack: &mut St, op: VecStoreOp, arg: MemArg, addr: Op, vector: Op) {
        self.verb(stack, format_args!("{} +{} {}", op.name(), arg.offset, list(&[addr, vector])));
    }
    fn vec_load_lane(
        &mut self,
        stack: &mut St,
        op: LoadLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Op,
        vector: Op,
    ) -> Value {
        let args = list(&[addr, vector]);
        self.verb(stack, format_args!("{} +{} #{lane} {args}", op.name(), arg.offset))
    }
    fn vec_store_lane(
        &mut self,
        stack: &mut St,
        op: StoreLaneOp,
        arg: MemArg,
        lane: u8,
        addr: Op,
        vector: Op,
    ) {
        let args = list(&[addr, vector]);
        self.verb(stack, format_args!("{} +{} #{lane} {args}", op.name(), arg.offset));
    }
    fn memory_size(&mut self, stack: &mut St, _: MemIdx) -> Value {
        self.verb(stack, "memory.size")
    }
    fn table_get(&mut self, stack: &mut St, _: TableIdx, index: Op) -> Value {
        self.verb(stack, format_args!("table.get {}", list(&[index])))
    }
    fn table_set(&mut self, stack: &mut St, _: TableIdx, index: Op, value: Op) {
        self.verb(stack, format_args!("table.set {}", list(&[index, value])));
    }
    fn table_size(&mut self, stack: &mut St, _: TableIdx) -> Value {
        self.verb(stack, "table.size")
    }
    fn atomic(&mut self, stack: &mut St, op: AtomicOp, arg: MemArg, args: &[Op]) -> Option<Value> {
        let MemArg { memory, offset } = arg;
        let value =
            self.verb(stack, format_args!("{} {} {offset} {}", op.name(), memory.0, list(args)));
        op.kind().has_result().then_some(value)
    }
    fn slow(
        &mut self,
        stack: &mut St,
        op: SlowOp,
        imm: SlowImm,
        args: &[Op],
        result: Option<ValType>,
    ) -> Option<Value> {
        let text = format!("{} {} {} {}", op.name(), imm.a, imm.b, list(args));
        let value = self.verb(stack, text);
        result.map(|_| value)
    }
    fn ref_null(&mut self, stack: &mut St, heap: HeapType) -> Value {
        self.verb(stack, format_args!("ref.null {heap}"))
    }
    fn ref_is_null(&mut self, stack: &mut St, operand: Op) -> Value {
        self.verb(stack, format_args!("ref.is_null {}", list(&[operand])))
    }
    fn ref_func(&mut self, stack: &mut St, func: FuncIdx) -> Value {
        self.verb(stack, format_args!("ref.func {}", func.0))
    }
    fn ref_as_non_null(&mut self, stack: &mut St, operand: Op) -> Value {
        self.verb(stack, format_args!("ref.as_non_null {}", list(&[operand])))
    }
    fn br_on_null(&mut self, stack: &mut St, _: &mut Ctl, arity: usize, operand: Op) -> Value {
        let args = list(stack.top(arity));
        self.verb(stack, format_args!("br_on_null [{args}] {}", list(&[operand])))
    }
    fn br_on_non_null(&mut self, stack: &mut St, _: &mut Ctl, arity: usize) {
        self.verb(stack, format_args!("br_on_non_null [{}]", list(stack.top(arity))));
    }
    fn gc(
        &mut self,
        stack: &mut St,
        op: GcOp,
        args: &[Op],
        result: Option<ValType>,
    ) -> Option<Value> {
        let value = self.verb(stack, format_args!("{op:?} {}", list(args)));
        result.map(|_| value)
    }
    fn br_on_cast(&mut self, stack: &mut St, _: &mut Ctl, arity: usize, cast: BrOnCast) {
        let args = list(stack.top(arity));
        self.verb(stack, format_args!("br_on_cast {} {} [{args}]", cast.to, cast.if_matches));
    }
    fn block(&mut self, stack: &mut St, _: BlockType) -> u32 {
        self.verb(stack, "block")
    }
    fn loop_(&mut self, stack: &mut St, _: BlockType, number: u32) -> u32 {
        self.verb(stack, format_args!("loop #{number}"))
    }
    fn if_(&mut self, stack: &mut St, _: BlockType, condition: Op) -> u32 {
        self.verb(stack, format_args!("if {}", list(&[condition])))
    }
    fn else_(&mut self, stack: &mut St, control: &mut Ctl, reachable: bool) {
        self.verb(stack, format_args!("else of {} {reachable}", control.label()));
    }
    fn end(&mut self, stack: &mut St, control: &mut Ctl, reachable: bool) {
        self.verb(stack, format_args!("end of {} {reachable}", control.label()));
    }
    fn block_result(&mut self, stack: &mut St, _: &Ctl, index: usize, _: ValType) -> Value {
        self.verb(stack, format_args!("result {index}"))
    }
    fn br(&mut self, stack: &mut St, target: &mut Ctl, arity: usize) {
        self.verb(stack, format_args!("br to {} {}", target.label(), list(stack.top(arity))));
    }
    fn br_if(&mut self, stack: &mut St, target: &mut Ctl, arity: usize, condition: Op) {
        let args = list(stack.top(arity));
        let kind = target.kind;
        self.verb(stack, format_args!("br_if {kind:?} [{args}] {}", list(&[condition])));
    }
    fn br_table(
        &mut self,
        stack: &mut St,
        _: &mut Controls<Value, u32>,
        depths: &[u32],
        arity: usize,
        index: Op,
    ) {
        let args = list(stack.top(arity));
        self.verb(stack, format_args!("br_table {depths:?} [{args}] {}", list(&[index])));
    }
    fn return_(&mut self, stack: &mut St) {
        self.verb(stack, format_args!("return {}", list(stack.all())));
    }
    fn unreachable(&mut self, stack: &mut St) {
        self.verb(stack, "unreachable");
    }
    fn throw(&mut self, stack: &mut St, tag: TagIdx, params: usize) {
        let args = list(stack.top(params));
        self.verb(stack, format_args!("throw {} [{args}]", tag.0));
    }
    fn throw_ref(&mut self, stack: &mut St, exception: Op) {
        self.verb(stack, format_args!("throw_ref {}", list(&[exception])));
    }
    fn try_table(&mut self, stack: &mut St, _: BlockType, catches: &[Catch]) -> u32 {
        self.verb(stack, format_args!("try_table of {}", catches.len()))
    }
    fn end_try(&mut self, stack: &mut St, control: &mut Ctl) {
        self.verb(stack, format_args!("end of try {}", control.label()));
    }
    fn landing(
        &mut self,
        stack: &mut St,
        control: &mut Ctl,
        clause: usize,
        types: &[ValType],
        values: &mut Vec<Value>,
    ) {
        let landing = self.verb(stack, format_args!("landing {clause} of {}", control.label()));
        values.extend(types.iter().map(|_| landing));
    }
    fn call(&mut self, stack: &mut St, callee: Callee<Value>, ty: &FuncType) {
        let args = list(stack.top(ty.params.len()));
        self.verb(stack, format_args!("call {} [{args}]", name(callee)));
    }
    fn return_call(&mut self, stack: &mut St, callee: Callee<Value>, ty: &FuncType) {
        let args = list(stack.top(ty.params.len()));
        self.verb(stack, format_args!("return_call {} [{args}]", name(callee)));
    }
    fn call_result(&mut self, stack: &mut St, index: usize, _: ValType) -> Value {
        self.verb(stack, format_args!("call result {index}"))
    }
}

fn name(callee: Callee<Value>) -> String {
    match callee {
        Callee::Direct(func) => format!("{}", func.0),
        Callee::Indirect { index, .. } => format!("indirect {}", list(&[index])),
        Callee::Ref { func, .. } => format!("ref {}", list(&[func])),
    }
}
