//! One instruction: the switchboard, and the families that need more than a line.

use bimetal_core::index::{GlobalIdx, MemIdx, TableIdx};
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::wide::WideOp;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::AddrType;
use bimetal_core::value::Slot;

use super::code::{Address, Instr, Label, Slow, Target};
use super::machine::{Exit, Machine};

impl Machine<'_> {
    /// Executes the next instruction (spec: *Execution / Instructions*).
    pub(super) fn step(&mut self) -> Result<(), Exit> {
        match self.fetch() {
            Instr::Const(value) => self.push(value),
            Instr::Num(op) => self.num(op)?,
            Instr::Wide(op) => self.wide(op),
            Instr::Select(slots) => self.select(slots),
            Instr::Drop => drop(self.pop()),
            Instr::LocalGet(slot) => self.local_get(slot),
            Instr::LocalSet(slot) => self.local_set(slot),
            Instr::GlobalGet(global, half) => self.global_get(global, half),
            Instr::GlobalSet(global, half) => self.global_set(global, half),
            Instr::Load(op, address) => self.load(op, address)?,
            Instr::Store(op, address) => self.store(op, address)?,
            Instr::Atomic(op, address) => self.atomic(op, address)?,
            Instr::Vec(op, imm) => self.vec(op, imm),
            Instr::VecLoad(op, address) => self.vec_load(op, address)?,
            Instr::VecStore(op, address) => self.vec_store(op, address)?,
            Instr::LoadLane(op, address, lane) => self.load_lane(op, address, lane)?,
            Instr::StoreLane(op, address, lane) => self.store_lane(op, address, lane)?,
            Instr::MemorySize(memory) => self.memory_size(memory),
            Instr::TableGet(table, index) => self.table_get(table, index)?,
            Instr::TableSet(table, index) => self.table_set(table, index)?,
            Instr::TableSize(table) => self.table_size(table),
            Instr::Slow(slow) => self.slow(slow)?,
            Instr::RefIsNull => self.ref_is_null(),
            Instr::RefFunc(func) => self.push(self.frame().cx.func_ref(func)),
            Instr::Gc(op, slots) => self.gc(op, slots)?,
            Instr::BrOnCast(target, to, if_matches) => self.br_on_cast(target, to, if_matches)?,
            Instr::Br(target) => self.branch(target),
            Instr::BrIf(target) => self.br_if(target),
            Instr::BrUnless(label) => self.br_unless(label),
            Instr::BrTable { start, count } => self.br_table(start, count),
            Instr::Return => self.pop_frame(),
            Instr::Unreachable => return Err(TrapCode::Unreachable.into()),
            Instr::Call(func) => self.call(func)?,
            Instr::CallIndirect { table, index, ty } => self.call_indirect(table, index, ty)?,
            Instr::CallRef(ty) => self.call_ref(ty)?,
            Instr::ReturnCall(func) => self.return_call(func)?,
            Instr::ReturnCallIndirect { table, index, ty } => {
                self.return_call_indirect(table, index, ty)?;
            }
            Instr::ReturnCallRef(ty) => self.return_call_ref(ty)?,
            Instr::Throw(tag, slots) => return Err(self.throw(tag, slots)),
            Instr::ThrowRef => return Err(self.throw_ref()),
            Instr::Catch(catch) => self.catch(catch)?,
            Instr::RefAsNonNull => self.ref_as_non_null()?,
            Instr::BrOnNull(target) => self.br_on_null(target),
            Instr::BrOnNonNull(target) => self.br_on_non_null(target),
        }
        Ok(())
    }

    fn num(&mut self, op: NumOp) -> Result<(), Exit> {
        let result = match op.params().len() {
            1 => op.eval(&self.pop_n::<1>())?,
            _ => op.eval(&self.pop_n::<2>())?,
        };
        self.push(result);
        Ok(())
    }

    fn wide(&mut self, op: WideOp) {
        let results = match op.arity() {
            2 => op.eval(&self.pop_n::<2>()),
            _ => op.eval(&self.pop_n::<4>()),
        };
        results.into_iter().for_each(|half| self.push(half));
    }

    fn select(&mut self, slots: usize) {
        let first = self.pop().i32() != 0;
        let second = self.stack.len() - slots;
        if first {
            self.stack.truncate(second);
        } else {
            self.stack.drain(second - slots..second);
        }
    }

    fn local_get(&mut self, slot: usize) {
        let position = self.local(slot);
        self.stack.push_copy(position);
    }

    fn local_set(&mut self, slot: usize) {
        let position = self.local(slot);
        self.stack.pop_into(position);
    }

    fn global_set(&mut self, global: GlobalIdx, half: usize) {
        let value = self.pop();
        self.frame().cx.global_set(global, half, value);
    }

    fn load(&mut self, op: LoadOp, address: Address) -> Result<(), Exit> {
        let index = index(address.index, self.pop());
        let cx = self.frame().cx;
        self.push(cx.load(op, address.memory, index, address.offset)?);
        Ok(())
    }

    fn store(&mut self, op: StoreOp, address: Address) -> Result<(), Exit> {
        let value = self.pop();
        let index = index(address.index, self.pop());
        let cx = self.frame().cx;
        cx.store_value(op, address.memory, index, address.offset, value)?;
        Ok(())
    }

    fn atomic(&mut self, op: AtomicOp, address: Address) -> Result<(), Exit> {
        let mut args = [Slot::ZERO; 2];
        for arg in args.iter_mut().take(op.kind().operands()).rev() {
            *arg = self.pop();
        }
        let index = index(address.index, self.pop());
        let cx = self.frame().cx;
        let found = cx.atomic(op, address.memory, index, address.offset, args)?;
        if op.kind().has_result() {
            self.push(found);
        }
        Ok(())
    }

    fn memory_size(&mut self, memory: MemIdx) {
        let cx = self.frame().cx;
        let page = cx.module().module().memories[memory.index()].page_size();
        self.push(Slot::from_bits(cx.memory_len(memory) / page));
    }

    fn table_get(&mut self, table: TableIdx, ty: AddrType) -> Result<(), Exit> {
        let index = index(ty, self.pop());
        let cx = self.frame().cx;
        self.stack.push_marked(cx.table_get(table, index)?, cx.table_is_collected(table));
        Ok(())
    }

    fn table_set(&mut self, table: TableIdx, ty: AddrType) -> Result<(), Exit> {
        let value = self.pop();
        let index = index(ty, self.pop());
        self.frame().cx.table_set(table, index, value)?;
        Ok(())
    }

    fn table_size(&mut self, table: TableIdx) {
        self.push(Slot::from_bits(self.frame().cx.table_len(table)));
    }

    fn slow(&mut self, slow: Slow) -> Result<(), Exit> {
        let mut args = [Slot::ZERO; 3];
        for arg in args.iter_mut().take(slow.operands).rev() {
            *arg = self.pop();
        }
        self.leave();
        let result = self.frame().cx.slow(slow, args)?;
        if slow.result {
            self.push(result);
        }
        Ok(())
    }

    fn ref_is_null(&mut self) {
        let null = self.pop() == Slot::ZERO;
        self.push(Slot::from_i32(i32::from(null)));
    }

    /// Whether the topmost operand, which stays where a collection finds it, is null.
    fn top_is_null(&self) -> bool {
        let position = self.stack.len() - 1;
        self.stack[position] == Slot::ZERO
    }

    fn ref_as_non_null(&mut self) -> Result<(), Exit> {
        if self.top_is_null() { Err(TrapCode::NullReference.into()) } else { Ok(()) }
    }

    fn br_on_null(&mut self, target: Target) {
        if self.top_is_null() {
            self.pop();
            self.branch(target);
        }
    }

    fn br_on_non_null(&mut self, target: Target) {
        if self.top_is_null() {
            self.pop();
        } else {
            self.branch(target);
        }
    }

    fn br_if(&mut self, target: Target) {
        if self.pop().i32() != 0 {
            self.branch(target);
        }
    }

    fn br_unless(&mut self, label: Label) {
        if self.pop().i32() == 0 {
            self.jump(label);
        }
    }

    fn br_table(&mut self, start: usize, count: usize) {
        let targets = &self.frame().code.tables[start..start + count];
        let chosen = (self.pop().u32() as usize).min(count - 1);
        self.branch(targets[chosen]);
    }
}

/// An index operand of this type.
pub(super) fn index(ty: AddrType, operand: Slot) -> u64 {
    match ty {
        AddrType::I32 => u64::from(operand.u32()),
        AddrType::I64 => operand.bits(),
    }
}
