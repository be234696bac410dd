//! From the walker's verbs to a flat list of instructions.

use std::convert::Infallible;

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
use bimetal_parser::Module;
use bimetal_parser::walk::{
    self, Backend, BlockType, BrOnCast, Callee, Catch, Control, Controls, FuncInfo, GcOp, MemArg,
    WalkError,
};

use super::code::{FuncCode, Instr, Slow, TryTable};
use super::lowering::{Labels, Lowering, Operand, Stack, slots};

/// The code of the function at this position among the module's defined ones.
///
/// # Errors
/// If the body is invalid: only for a module loaded lazily.
pub(super) fn lower(
    module: &Module,
    relaxed: RelaxedChoice,
    defined: usize,
) -> Result<FuncCode, bimetal_parser::Error> {
    let lowering = Lowering {
        module,
        relaxed,
        instrs: Vec::new(),
        offsets: Vec::new(),
        labels: Vec::new(),
        tables: Vec::new(),
        try_tables: Vec::new(),
        offset: 0,
        locals: Vec::new(),
        first_operand: 0,
    };
    walk::walk(module, defined, lowering).map_err(|error| match error {
        WalkError::Module(error) => error,
        WalkError::Backend(never) => match never {},
    })
}

impl Backend for Lowering<'_> {
    type Value = ();
    type Label = Labels;
    type Output = FuncCode;
    type Error = Infallible;

    fn begin(&mut self, info: &FuncInfo<'_>) -> Result<(), Infallible> {
        self.locals = info.local_slots.to_vec();
        self.first_operand = info.first_operand_slot;
        Ok(())
    }
    fn finish(self, info: &FuncInfo<'_>, frame_slots: u32) -> Result<FuncCode, Infallible> {
        Ok(FuncCode {
            func: info.func,
            instrs: self.instrs.into(),
            offsets: self.offsets.into(),
            labels: self.labels.into(),
            tables: self.tables.into(),
            try_tables: self.try_tables.into(),
            params: info.ty.param_slots() as usize,
            locals: info.first_operand_slot as usize,
            results: info.ty.result_slots() as usize,
            max_slots: frame_slots as usize,
        })
    }
    fn at(&mut self, offset: u32) -> bool {
        self.offset = offset;
        true
    }

    fn constant(&mut self, _: &mut Stack, _: ValType, bits: Slot) {
        self.emit(Instr::Const(bits));
    }
    fn num(&mut self, _: &mut Stack, op: NumOp, _: &[Operand]) {
        self.emit(Instr::Num(op));
    }
    fn wide(&mut self, _: &mut Stack, op: WideOp, _: &[Operand]) -> [(); 2] {
        self.emit(Instr::Wide(op));
        [(), ()]
    }
    fn select(&mut self, _: &mut Stack, [value, ..]: [Operand; 3]) {
        self.emit(Instr::Select(value.ty.slots() as usize));
    }
    fn drop_operand(&mut self, _: &mut Stack, operand: Operand) {
        for _ in 0..operand.ty.slots() {
            self.emit(Instr::Drop);
        }
    }

    fn local_get(&mut self, _: &mut Stack, local: LocalIdx, ty: ValType) {
        for slot in self.local(local, ty) {
            self.emit(Instr::LocalGet(slot));
        }
    }
    fn local_set(&mut self, _: &mut Stack, local: LocalIdx, value: Operand) {
        for slot in self.local(local, value.ty).rev() {
            self.emit(Instr::LocalSet(slot));
        }
    }
    fn local_tee(&mut self, stack: &mut Stack, local: LocalIdx, value: Operand) {
        self.local_set(stack, local, value);
        self.local_get(stack, local, value.ty);
    }
    fn global_get(&mut self, _: &mut Stack, global: GlobalIdx, ty: ValType) {
        for half in 0..ty.slots() as usize {
            self.emit(Instr::GlobalGet(global, half));
        }
    }
    fn global_set(&mut self, _: &mut Stack, global: GlobalIdx, value: Operand) {
        for half in (0..value.ty.slots() as usize).rev() {
            self.emit(Instr::GlobalSet(global, half));
        }
    }

    fn load(&mut self, _: &mut Stack, op: LoadOp, arg: MemArg, _: Operand) {
        self.emit(Instr::Load(op, self.address(arg)));
    }
    fn store(&mut self, _: &mut Stack, op: StoreOp, arg: MemArg, _: Operand, _: Operand) {
        self.emit(Instr::Store(op, self.address(arg)));
    }
    fn atomic(&mut self, _: &mut Stack, op: AtomicOp, arg: MemArg, _: &[Operand]) -> Option<()> {
        self.emit(Instr::Atomic(op, self.address(arg)));
        op.kind().has_result().then_some(())
    }
    fn relaxed(&self) -> RelaxedChoice {
        self.relaxed
    }
    fn byte_loops(&self) -> bool {
        false
    }
    fn min_run(&self, _: MemoryRun) -> u32 {
        u32::MAX
    }
    fn vec_const(&mut self, _: &mut Stack, vector: V128) {
        for half in vector.to_slots() {
            self.emit(Instr::Const(half));
        }
    }
    fn vec(&mut self, _: &mut Stack, op: VecOp, imm: VecImm, _: &[Operand]) {
        self.emit(Instr::Vec(op, imm));
    }
    fn vec_load(&mut self, _: &mut Stack, op: VecLoadOp, arg: MemArg, _: Operand) {
        self.emit(Instr::VecLoad(op, self.address(arg)));
    }
    fn vec_store(&mut self, _: &mut Stack, op: VecStoreOp, arg: MemArg, _: Operand, _: Operand) {
        self.emit(Instr::VecStore(op, self.address(arg)));
    }
    fn vec_load_lane(
        &mut self,
        _: &mut Stack,
        op: LoadLaneOp,
        arg: MemArg,
        lane: u8,
        _: Operand,
        _: Operand,
    ) {
        self.emit(Instr::LoadLane(op, self.address(arg), lane));
    }
    fn vec_store_lane(
        &mut self,
        _: &mut Stack,
        op: StoreLaneOp,
        arg: MemArg,
        lane: u8,
        _: Operand,
        _: Operand,
    ) {
        self.emit(Instr::StoreLane(op, self.address(arg), lane));
    }
    fn memory_size(&mut self, _: &mut Stack, memory: MemIdx) {
        self.emit(Instr::MemorySize(memory));
    }
    fn table_get(&mut self, _: &mut Stack, table: TableIdx, _: Operand) {
        self.emit(Instr::TableGet(table, self.module.tables[table.index()].ty.addr));
    }
    fn table_set(&mut self, _: &mut Stack, table: TableIdx, _: Operand, _: Operand) {
        self.emit(Instr::TableSet(table, self.module.tables[table.index()].ty.addr));
    }
    fn table_size(&mut self, _: &mut Stack, table: TableIdx) {
        self.emit(Instr::TableSize(table));
    }
    fn slow(
        &mut self,
        _: &mut Stack,
        op: SlowOp,
        imm: SlowImm,
        args: &[Operand],
        result: Option<ValType>,
    ) -> Option<()> {
        self.emit(Instr::Slow(Slow { op, imm, operands: args.len(), result: result.is_some() }));
        Some(())
    }

    fn ref_null(&mut self, _: &mut Stack, _: HeapType) {
        self.emit(Instr::Const(Slot::ZERO));
    }
    fn ref_is_null(&mut self, _: &mut Stack, _: Operand) {
        self.emit(Instr::RefIsNull);
    }
    fn ref_func(&mut self, _: &mut Stack, func: FuncIdx) {
        self.emit(Instr::RefFunc(func));
    }
    fn ref_as_non_null(&mut self, _: &mut Stack, _: Operand) {
        self.emit(Instr::RefAsNonNull);
    }

    fn gc(&mut self, _: &mut Stack, op: GcOp, args: &[Operand], _: Option<ValType>) -> Option<()> {
        self.emit(Instr::Gc(op, slots(args)));
        Some(())
    }
    fn br_on_cast(
        &mut self,
        stack: &mut Stack,
        target: &mut Control<(), Labels>,
        arity: usize,
        cast: BrOnCast,
    ) {
        let target = self.any_target(stack, target, arity);
        self.emit(Instr::BrOnCast(target, cast.to, cast.if_matches));
    }

    fn block(&mut self, _: &mut Stack, _: BlockType) -> Labels {
        Labels { branch: self.label(), otherwise: None, start: self.instrs.len() }
    }
    fn loop_(&mut self, _: &mut Stack, _: BlockType, _: u32) -> Labels {
        let branch = self.label();
        self.bind(branch);
        Labels { branch, otherwise: None, start: self.instrs.len() }
    }
    fn if_(&mut self, _: &mut Stack, _: BlockType, _: Operand) -> Labels {
        let (branch, otherwise) = (self.label(), self.label());
        self.emit(Instr::BrUnless(otherwise));
        Labels { branch, otherwise: Some(otherwise), start: self.instrs.len() }
    }
    fn else_(&mut self, stack: &mut Stack, control: &mut Control<(), Labels>, reachable: bool) {
        if reachable {
            let arity = control.ty.results(self.module).len();
            let target = self.target(stack, control, arity);
            self.emit(Instr::Br(target));
        }
        if let Some(otherwise) = control.label().otherwise {
            self.bind(otherwise);
        }
    }
    fn end(&mut self, _: &mut Stack, control: &mut Control<(), Labels>, _: bool) {
        // The label of a loop is its beginning.
        if !matches!(control.kind, walk::ControlKind::Loop(_)) {
            self.bind(control.label().branch);
        }
    }
    fn block_result(&mut self, _: &mut Stack, _: &Control<(), Labels>, _: usize, _: ValType) {}

    fn br(&mut self, stack: &mut Stack, target: &mut Control<(), Labels>, arity: usize) {
        let target = self.target(stack, target, arity);
        self.emit(Instr::Br(target));
    }
    fn br_if(
        &mut self,
        stack: &mut Stack,
        target: &mut Control<(), Labels>,
        arity: usize,
        _: Operand,
    ) {
        let target = self.any_target(stack, target, arity);
        self.emit(Instr::BrIf(target));
    }
    fn br_on_null(
        &mut self,
        stack: &mut Stack,
        target: &mut Control<(), Labels>,
        arity: usize,
        _: Operand,
    ) {
        let target = self.any_target(stack, target, arity);
        self.emit(Instr::BrOnNull(target));
    }
    fn br_on_non_null(
        &mut self,
        stack: &mut Stack,
        target: &mut Control<(), Labels>,
        arity: usize,
    ) {
        let target = self.any_target(stack, target, arity);
        self.emit(Instr::BrOnNonNull(target));
    }
    fn br_table(
        &mut self,
        stack: &mut Stack,
        controls: &mut Controls<(), Labels>,
        depths: &[u32],
        arity: usize,
        _: Operand,
    ) {
        let start = self.tables.len();
        for &depth in depths {
            let target = self.any_target(stack, controls.target(depth), arity);
            self.tables.push(target);
        }
        self.emit(Instr::BrTable { start, count: depths.len() });
    }
    fn return_(&mut self, _: &mut Stack) {
        self.emit(Instr::Return);
    }
    fn unreachable(&mut self, _: &mut Stack) {
        self.emit(Instr::Unreachable);
    }

    fn throw(&mut self, stack: &mut Stack, tag: TagIdx, params: usize) {
        self.emit(Instr::Throw(tag, slots(stack.top(params))));
    }
    fn throw_ref(&mut self, _: &mut Stack, _: Operand) {
        self.emit(Instr::ThrowRef);
    }
    fn try_table(&mut self, stack: &mut Stack, ty: BlockType, _: &[Catch]) -> Labels {
        self.block(stack, ty)
    }
    fn end_try(&mut self, _: &mut Stack, control: &mut Control<(), Labels>) {
        let height = (control.base_slot - self.first_operand) as usize;
        let body = control.label().start..self.instrs.len();
        self.try_tables.push(TryTable { body, height, clauses: Vec::new() });
    }
    fn landing(
        &mut self,
        _: &mut Stack,
        control: &mut Control<(), Labels>,
        clause: usize,
        types: &[ValType],
        values: &mut Vec<()>,
    ) {
        let (catch, at) = (control.catches()[clause], self.instrs.len());
        if let Some(table) = self.try_tables.last_mut() {
            table.clauses.push((catch, at));
        }
        self.emit(Instr::Catch(catch));
        values.resize(types.len(), ());
    }

    fn call(&mut self, _: &mut Stack, callee: Callee<()>, _: &FuncType) {
        self.emit(match callee {
            Callee::Direct(func) => Instr::Call(func),
            Callee::Indirect { table, ty, .. } => {
                let index = self.module.tables[table.index()].ty.addr;
                Instr::CallIndirect { table, index, ty }
            }
            Callee::Ref { ty, .. } => Instr::CallRef(ty),
        });
    }
    fn call_result(&mut self, _: &mut Stack, _: usize, _: ValType) {}
    fn return_call(&mut self, _: &mut Stack, callee: Callee<()>, _: &FuncType) {
        self.emit(match callee {
            Callee::Direct(func) => Instr::ReturnCall(func),
            Callee::Indirect { table, ty, .. } => {
                let index = self.module.tables[table.index()].ty.addr;
                Instr::ReturnCallIndirect { table, index, ty }
            }
            Callee::Ref { ty, .. } => Instr::ReturnCallRef(ty),
        });
    }
}
