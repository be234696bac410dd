//! The cell of each instruction: handler and words, as the handlers' docstrings
//! say.

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx};
use bimetal_core::ops::num::NumOp;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_core::types::{AddrType, ValType};

use super::access::any_memory;
use super::bulk::bulk_handler;
use super::ir::{Class, Inst, Label, Op, Src};
use super::link::Linker;
use super::{calls, exception, gc};
use crate::fast::dispatch::Exec;
use crate::fast::exec::atomic::atomic_handler;
use crate::fast::exec::control::{Br, BrTable, RETURN, Return0, ReturnSpan, Unreachable};
use crate::fast::exec::data::{COPY, CopyImm, GLOBAL_GET, GLOBAL_SET, RefFunc, RefImport};
use crate::fast::exec::memory::MemorySize;
use crate::fast::exec::num::handlers;
use crate::fast::exec::object::{ArrayLen, I31Get, RefI31};
use crate::fast::exec::pair::opposite;
use crate::fast::exec::place::S;
use crate::fast::exec::slow::Slow;
use crate::fast::exec::table::{TableGet, TableSet, TableSize};
use crate::fast::exec::tail::NonNull;
use crate::fast::exec::wide::wide_handler;

/// The index of an operand's place in tables of handlers.
pub(super) fn place(src: Src) -> usize {
    match src {
        Src::Slot(_) => 0,
        Src::Acc => 1,
        Src::Const(_) | Src::Vector(_) => 2,
    }
}

/// A handler of a form that the first step may use: the tables and the first step
/// agree, which the tests of every row and place confirm.
pub(super) fn expect<T>(handler: Option<T>) -> T {
    handler.expect("the translator asks for forms that exist")
}

/// An instruction with the frame's slots of its operands and result.
pub(super) struct Cell<'i> {
    pub(super) args: &'i [Src; 3],
    /// The slots of the operands; anything for operands that are not in slots.
    pub(super) f: [u16; 3],
    /// The slot of the result.
    pub(super) d: u16,
    /// Which form of the handler: without or with the store to the slot.
    pub(super) form: usize,
    /// Where it is in the module.
    pub(super) offset: u32,
}

/// Appends an instruction's cell. `f` are the frame slots of the operands.
#[allow(clippy::too_many_lines, reason = "a switchboard, one short arm per instruction")]
pub(super) fn cell_of(l: &mut Linker<'_>, inst: &Inst, f: [u16; 3], dst: u32) {
    let form = usize::from(inst.to_slot);
    let c = Cell { args: &inst.args, f, d: dst as u16, form, offset: inst.offset };
    match inst.op {
        Op::Un(op) => c.unary(l, op),
        Op::Bin(op) => c.binary(l, op),
        Op::Wide { op, from } => {
            let [a, b, c, d] = from.map(|slot| l.slot(slot));
            l.push_handler(wide_handler(op));
            l.halves(a, b);
            l.halves(c, d);
            l.halves(dst, 0);
        }
        Op::BrUn { op, negate, target } => c.branch_unary(l, op, negate, target),
        Op::BrBin { op, negate, target } => c.branch_binary(l, op, negate, target),
        Op::AddBr { op, step, negate, target } => c.add_branch(l, op, step, negate, target),
        Op::Copy(class) => c.copy(l, class),
        Op::CopySpan { from, count } => {
            let from = l.slot(from);
            l.copy_span(from, dst, count);
        }
        Op::Select(class) => c.select(l, class),
        Op::GlobalGet(class, global) => c.global_get(l, class, global),
        Op::GlobalSet(class, global) => c.global_set(l, class, global),
        Op::RefFunc(func) => c.ref_func(l, func),
        Op::Load(op, arg) => c.load(l, op, arg),
        Op::Store(op, arg) => c.store(l, op, arg),
        Op::LoadSum(op, arg) => c.load_sum(l, op, arg),
        Op::StoreSum(op, arg) => c.store_sum(l, op, arg),
        Op::Atomic(op, arg) => {
            l.push_handler(atomic_handler(op));
            any_memory(l, [c.d, f[0], f[1], f[2]], arg);
        }
        Op::Vec(op, imm) => c.vector(l, op, imm),
        Op::VecLoad(op, arg) => c.vec_load(l, op, arg),
        Op::VecStore(op, arg) => c.vec_store(l, op, arg),
        Op::LoadLane(op, arg, lane) => c.load_lane(l, op, arg, lane),
        Op::StoreLane(op, arg, lane) => c.store_lane(l, op, arg, lane),
        Op::MemorySize(memory) => c.memory_size(l, memory),
        Op::TableGet(table) => c.table::<TableGet>(l, [c.d, f[0]], table),
        Op::TableSet(table) => c.table::<TableSet>(l, [f[1], f[0]], table),
        Op::TableSize(table) => c.table::<TableSize>(l, [c.d, 0], table),
        Op::GcCall { op, imm, base, top } => gc::gc_call(l, op, imm, base, top),
        Op::StructGet(field, signed) => c.struct_get(l, field, signed),
        Op::StructSet(field) => c.struct_set(l, field),
        Op::ArrayGet(element, signed) => c.array_get(l, element, signed),
        Op::ArraySet(element) => c.array_set(l, element),
        Op::ArrayLen => c.one_operand::<ArrayLen>(l),
        Op::RefI31 => c.one_operand::<RefI31>(l),
        Op::I31Get(true) => c.one_operand::<I31Get<true>>(l),
        Op::I31Get(false) => c.one_operand::<I31Get<false>>(l),
        Op::RefTest(to) => c.ref_test(l, to),
        Op::RefCast(to) => c.ref_cast(l, to),
        Op::Slow { op, imm, top } => c.slow(l, op, imm, top),
        Op::Call { func, base } => calls::call(l, func, base),
        Op::CallIndirect { table, ty, base } => calls::call_indirect(l, f[0], table, ty, base),
        Op::CallRef { ty, base } => calls::call_ref(l, f[0], ty, base),
        Op::ReturnCall { func, base } => calls::return_call(l, func, base),
        Op::ReturnCallIndirect { table, ty, base } => {
            calls::return_call_indirect(l, f[0], table, ty, base);
        }
        Op::ReturnCallRef { ty, base } => calls::return_call_ref(l, f[0], ty, base),
        Op::NonNull => c.one_operand::<NonNull>(l),
        Op::Throw { tag, base } => exception::throw(l, tag, base),
        Op::ThrowRef => exception::throw_ref(l, f[0]),
        Op::Catch { payload, with_ref } => exception::catch(l, inst.dst, payload, with_ref),
        Op::Br(label) => {
            l.branches.push((l.words.len() as u32, label));
            l.handler::<Br>();
            l.target(label);
        }
        Op::BrTable { first, count } => c.branch_table(l, first, count),
        Op::Unreachable => l.handler::<Unreachable>(),
        Op::Return0 => {
            l.handler::<Return0>();
            l.fields([l.ir.params as u16, 0, 0, 0]);
        }
        Op::Return(class) => c.return_one(l, class),
        Op::ReturnSpan { from, count } => {
            l.handler::<ReturnSpan>();
            l.fields([l.ir.params as u16, 0, 0, 0]);
            l.halves(l.slot(from), count);
        }
    }
}

impl Cell<'_> {
    fn one_operand<E: Exec>(&self, l: &mut Linker<'_>) {
        l.handler::<E>();
        l.fields([self.d, self.f[0], 0, 0]);
    }

    fn unary(&self, l: &mut Linker<'_>, op: NumOp) {
        l.push_handler(expect(handlers(op).un[place(self.args[0])][self.form]));
        l.fields([self.d, self.f[0], 0, 0]);
    }

    fn binary(&self, l: &mut Linker<'_>, op: NumOp) {
        if let Some(bits) = l.step(op, self) {
            return bits.into_iter().for_each(|bits| l.bits(bits));
        }
        match l.pinned_binary(op, self) {
            Some(handler) => l.push_handler(handler),
            None => {
                let forms = &handlers(op).bin[place(self.args[0])][place(self.args[1])];
                l.push_handler(expect(forms[self.form]));
            }
        }
        if let Some(bits) = self.operands(l, op) {
            l.bits(bits);
        }
    }

    fn branch_unary(&self, l: &mut Linker<'_>, op: NumOp, negate: bool, target: Label) {
        l.push_handler(expect(handlers(op).br_un[place(self.args[0])][usize::from(negate)]));
        l.fields([0, self.f[0], 0, 0]);
        l.branch_target(target, self.offset);
    }

    fn branch_binary(&self, l: &mut Linker<'_>, op: NumOp, negate: bool, target: Label) {
        // Fewer handlers to be found behind others.
        let (op, negate) = match opposite(op) {
            Some(opposite) if negate => (opposite, false),
            _ => (op, negate),
        };
        let forms = &handlers(op).br_bin[place(self.args[0])][place(self.args[1])];
        l.push_handler(expect(forms[usize::from(negate)]));
        let wide = self.operands(l, op);
        l.branch_target(target, self.offset);
        if let Some(bits) = wide {
            l.bits(bits);
        }
    }

    fn add_branch(&self, l: &mut Linker<'_>, op: NumOp, step: i32, negate: bool, target: Label) {
        let op = if negate { expect(opposite(op)) } else { op };
        let constant = usize::from(matches!(self.args[0], Src::Const(_)));
        l.push_handler(l.add_branch(op, self)[constant]);
        l.fields_imm([self.d, self.f[0]], step as u32);
        l.branch_target(target, self.offset);
        self.wide_constant(l, 0);
    }

    /// The operand word of an instruction with two operands. Returns the constant
    /// that needs a word of its own.
    pub(super) fn operands(&self, l: &mut Linker<'_>, op: NumOp) -> Option<u64> {
        let (bits, slot) = match *self.args {
            [Src::Const(bits), _, _] => (bits, self.f[1]),
            [_, Src::Const(bits), _] => (bits, self.f[0]),
            _ => {
                l.fields([self.d, self.f[0], self.f[1], 0]);
                return None;
            }
        };
        if matches!(op.params()[0], ValType::F64 | ValType::I64) {
            l.fields([self.d, slot, 0, 0]);
            return Some(bits);
        }
        l.fields_imm([self.d, slot], bits as u32);
        None
    }

    /// The words of a constant operand where cells always keep it in such.
    pub(super) fn wide_constant(&self, l: &mut Linker<'_>, arg: usize) {
        match self.args[arg] {
            Src::Const(bits) => l.bits(bits),
            Src::Vector(vector) => l.vector(l.ir.vectors[vector as usize]),
            Src::Slot(_) | Src::Acc => {}
        }
    }

    fn copy(&self, l: &mut Linker<'_>, class: Class) {
        if let Some(handler) = l.copy_to_pin(self) {
            l.push_handler(handler);
            l.fields([self.d, self.f[0], 0, 0]);
            return self.wide_constant(l, 0);
        }
        match self.args[0] {
            Src::Const(bits) if bits as i64 == i64::from(bits as i32) => {
                l.handler::<CopyImm>();
                l.fields_imm([self.d, 0], bits as u32);
            }
            Src::Const(bits) => {
                l.push_handler(COPY[class as usize][2]);
                l.fields([self.d, 0, 0, 0]);
                l.bits(bits);
            }
            src => {
                l.by_class(&COPY, class, src);
                l.fields([self.d, self.f[0], 0, 0]);
                self.wide_constant(l, 0);
            }
        }
    }

    fn global_get(&self, l: &mut Linker<'_>, class: Class, global: GlobalIdx) {
        l.push_handler(GLOBAL_GET[class as usize][self.form]);
        l.fields_imm([self.d, 0], l.tier.layout.global(global));
    }

    fn global_set(&self, l: &mut Linker<'_>, class: Class, global: GlobalIdx) {
        l.by_class(&GLOBAL_SET, class, self.args[0]);
        l.fields_imm([0, self.f[0]], l.tier.layout.global(global));
        self.wide_constant(l, 0);
    }

    fn return_one(&self, l: &mut Linker<'_>, class: Class) {
        l.by_class(&RETURN, class, self.args[0]);
        l.fields([l.ir.params as u16, self.f[0], 0, 0]);
        self.wide_constant(l, 0);
    }

    fn slow(&self, l: &mut Linker<'_>, op: SlowOp, imm: SlowImm, top: u32) {
        if let (Some(handler), false) = (bulk_handler(l, op, imm), l.wide) {
            l.push_handler(handler);
            return l.fields([self.f[0], self.f[1], self.f[2], 0]);
        }
        l.handler::<Slow>();
        l.fields([self.d, self.f[0], self.f[1], self.f[2]]);
        l.bits(imm.pack());
        l.halves(op as u32, l.slot(top));
    }

    fn ref_func(&self, l: &mut Linker<'_>, func: FuncIdx) {
        match l.tier.module.escaping_index(func) {
            Some(position) => {
                l.handler::<RefFunc>();
                l.fields_imm([self.d, 0], position as u32);
            }
            None => {
                l.handler::<RefImport>();
                l.fields_imm([self.d, 0], l.tier.layout.import(func));
            }
        }
    }

    fn memory_size(&self, l: &mut Linker<'_>, memory: MemIdx) {
        l.handler::<MemorySize>();
        l.fields([self.d, 0, 0, 0]);
        let log2 = l.tier.module.memories[memory.index()].page_size_log2;
        l.halves(l.tier.layout.memory(memory), u32::from(log2));
    }

    fn table<E: Exec>(&self, l: &mut Linker<'_>, fields: [u16; 2], table: TableIdx) {
        l.handler::<E>();
        l.fields([fields[0], fields[1], 0, 0]);
        l.halves(l.tier.layout.table(table), wide_table(l, table));
    }

    fn branch_table(&self, l: &mut Linker<'_>, first: u32, count: u32) {
        l.handler::<BrTable<S>>();
        l.fields_imm([0, self.f[0]], count);
        l.branch_targets(first, count);
    }
}

pub(super) fn wide_table(l: &Linker<'_>, table: TableIdx) -> u32 {
    u32::from(l.tier.module.tables[table.index()].ty.addr == AddrType::I64)
}
