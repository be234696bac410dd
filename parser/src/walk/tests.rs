//! The walk as a trace of verbs.

use std::convert::Infallible;
use std::fmt::Write as _;

use bimetal_core::index::{FuncIdx, GlobalIdx, LocalIdx, MemIdx, TableIdx};
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::ops::wide::WideOp;
use bimetal_core::types::{FuncType, HeapType, ValType};
use bimetal_core::value::{Slot, V128};

use super::*;
use crate::load::ParseOptions;

/// Writes every verb down; a value is the number of the verb that made it.
#[derive(Default)]
struct Trace {
    text: String,
    next: u32,
}

type Value = u32;
type St = Stack<Value>;
type Op = Operand<Value>;
type Ctl = Control<Value, u32>;

impl Trace {
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
    fn at(&mut self, _: u32) {}
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
    fn relaxed(&self) -> RelaxedChoice {
        RelaxedChoice { fmadd: true, ..RelaxedChoice::DETERMINISTIC }
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

fn trace(wat: &str) -> Vec<String> {
    let module = Module::new(wat.as_bytes(), &ParseOptions::default()).unwrap();
    let text = walk(&module, 0, Trace::default()).unwrap();
    text.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn operands_get_the_slots_behind_the_locals() {
    let trace = trace(
        "(module (func (param i32 i64) (result i32) (local f32)
            local.get 0 i32.const 7 i32.add))",
    );
    assert_eq!(
        trace,
        [
            "begin locals [0, 1, 2]",
            "1 local.get 0 @3",
            "2 const 7 @4",
            "3 i32.add 1@3 2@4 @3",
            "4 return 3@3 @4",
            "finish 5",
        ]
    );
}

#[test]
fn unreachable_code_gives_no_verbs_but_its_loops_are_counted() {
    let trace = trace(
        "(module (func
            (block (br 0) (loop (br 0)) (if (i32.const 1) (then) (else)))
            (loop)))",
    );
    assert_eq!(
        trace,
        [
            "begin locals []",
            "1 block @0",
            "2 br to 1  @0",
            "3 end of 1 false @0",
            "4 loop #1 @0",
            "5 end of 4 true @0",
            "6 return  @0",
            "finish 0",
        ]
    );
}

#[test]
fn an_if_without_else_gets_one_and_its_parameters_are_its_results() {
    let trace = trace(
        "(module (func (param i32) (result i32)
            i32.const 5
            local.get 0
            (if (param i32) (result i32) (then drop i32.const 9))))",
    );
    assert_eq!(
        trace[3..],
        [
            "3 if 2@2 @2",
            "4 drop 1@1 @1",
            "5 const 9 @1",
            "6 else of 3 true @2",
            "7 end of 3 true @2",
            "8 result 0 @1",
            "9 return 8@1 @2",
            "finish 3",
        ]
    );
}

#[test]
fn a_block_whose_end_nothing_reaches_makes_the_rest_unreachable() {
    let trace = trace("(module (func (block (return)) (drop (i32.const 1))))");
    assert_eq!(trace[1..], ["1 block @0", "2 return  @0", "3 end of 1 false @0", "finish 0"]);
}

#[test]
fn calls_leave_their_results_where_the_arguments_began() {
    let trace = trace(
        "(module (func (export \"f\") (result i32 i32)
            i32.const 1
            (call $g (i32.const 2) (i64.const 3))
            i32.add)
          (func $g (param i32 i64) (result i32 i32) unreachable))",
    );
    assert_eq!(
        trace[4..],
        [
            "4 call 1 [2@1 3@2] @3",
            "5 call result 0 @1",
            "6 call result 1 @2",
            "7 i32.add 5@1 6@2 @1",
            "8 return 1@0 7@1 @2",
            "finish 3",
        ]
    );
}

#[test]
fn branches_to_the_function_are_returns() {
    let trace = trace(
        "(module (func (param i32) (result i32)
            i32.const 1
            local.get 0
            br_if 0
            (block (br 1 (i32.const 4)))
            ))",
    );
    assert!(trace.iter().any(|line| line.starts_with("3 br_if Func [1@1] 2@2")), "{trace:?}");
    assert!(trace.iter().any(|line| line.starts_with("6 return")), "{trace:?}");
}

#[test]
fn nothing_follows_a_tail_call() {
    let trace = trace(
        "(module (type $t (func (param i32) (result i32)))
          (func (param (ref null $t)) (result i32)
            (return_call_ref $t (i32.const 1) (local.get 0))
            (drop (i32.const 2))))",
    );
    assert_eq!(trace[3..], ["3 return_call ref 2@2 [1@1] @2", "finish 3"]);
}

#[test]
fn a_reference_that_is_not_null_stays_and_one_that_is_null_goes() {
    let trace = trace(
        "(module (type $t (func))
          (func (param (ref null $t)) (result i32)
            (block (result i32)
              i32.const 7
              local.get 0
              br_on_null 0
              ref.as_non_null
              drop)))",
    );
    assert_eq!(
        trace[2..8],
        [
            "2 const 7 @1",
            "3 local.get 0 @2",
            "4 br_on_null [2@1] 3@2 @2",
            "5 ref.as_non_null 4@2 @2",
            "6 drop 5@2 @2",
            "7 end of 1 true @2",
        ]
    );
}

#[test]
fn a_branch_on_a_reference_that_is_not_null_takes_it_along() {
    let trace = trace(
        "(module (type $t (func))
          (func (param (ref null $t))
            (block (result i32 (ref $t))
              i32.const 7
              local.get 0
              br_on_non_null 0
              drop
              unreachable)
            drop drop))",
    );
    assert_eq!(
        trace[4..8],
        [
            "4 br_on_non_null [2@1 3@2] @3",
            "5 drop 2@1 @1",
            "6 unreachable @1",
            "7 end of 1 false @1",
        ]
    );
}
