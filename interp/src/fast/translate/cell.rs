//! The cell of each instruction: handler and words, as the handlers' docstrings
//! say.

use bimetal_core::index::MemIdx;
use bimetal_core::types::{AddrType, ValType};
use bimetal_parser::Module;
use bimetal_parser::walk::MemArg;

use super::ir::{Inst, Op, Src};
use super::link::Linker;
use crate::fast::dispatch::Handler;
use crate::fast::exec::call::{Call, CallImport, CallIndirect};
use crate::fast::exec::control::{Br, BrTable, RETURN, Return0, ReturnSpan, Unreachable};
use crate::fast::exec::data::{COPY, CopySpan, GLOBAL_GET, GLOBAL_SET, RefFunc, RefImport, SELECT};
use crate::fast::exec::memory::{MemorySize, load_handlers, store_handlers};
use crate::fast::exec::num::handlers;
use crate::fast::exec::slow::Slow;
use crate::fast::exec::table::{TableGet, TableSet, TableSize};

/// The index of an operand's place in tables of handlers.
pub(super) fn place(src: Src) -> usize {
    match src {
        Src::Slot(_) => 0,
        Src::Acc => 1,
        Src::Const(_) => 2,
    }
}

/// Whether an access has the short form: memory 0, 32-bit address and offset.
pub(super) fn is_plain(module: &Module, arg: MemArg) -> bool {
    arg.memory == MemIdx(0)
        && u32::try_from(arg.offset).is_ok()
        && module.memories.first().is_some_and(|memory| memory.addr == AddrType::I32)
}

/// The constant among two operands.
fn constant(args: &[Src; 3]) -> Option<u64> {
    args[..2].iter().find_map(|src| match src {
        Src::Const(bits) => Some(*bits),
        _ => None,
    })
}

/// A handler of a form that the first step may use: the tables and the first step
/// agree, which the tests of every row and place confirm.
fn expect(handler: Option<Handler>) -> Handler {
    handler.expect("the translator asks for forms that exist")
}

/// Appends an instruction's cell. `f` are the frame slots of the operands.
pub(super) fn cell_of(l: &mut Linker<'_>, inst: &Inst, f: [u16; 3], dst: u32) {
    let d = dst as u16;
    let args = &inst.args;
    let form = usize::from(inst.to_slot);
    match inst.op {
        Op::Un(op) => {
            l.push_handler(expect(handlers(op).un[place(args[0])][form]));
            l.fields([d, f[0], 0, 0]);
        }
        Op::Bin(op) => {
            l.push_handler(expect(handlers(op).bin[place(args[0])][place(args[1])][form]));
            if let Some(bits) = binary(l, args, f, d, op.params()) {
                l.bits(bits);
            }
        }
        Op::BrUn { op, negate, target } => {
            l.push_handler(expect(handlers(op).br_un[place(args[0])][usize::from(negate)]));
            l.fields([0, f[0], 0, 0]);
            l.target(target);
        }
        Op::BrBin { op, negate, target } => {
            let forms = &handlers(op).br_bin[place(args[0])][place(args[1])];
            l.push_handler(expect(forms[usize::from(negate)]));
            let wide = binary(l, args, f, 0, op.params());
            l.target(target);
            if let Some(bits) = wide {
                l.bits(bits);
            }
        }
        Op::Load(op, arg) if is_plain(&l.tier.module, arg) => {
            l.push_handler(load_handlers(op).memory_0[place(args[0])][form]);
            l.fields_imm([d, f[0]], arg.offset as u32);
        }
        Op::Load(op, arg) => {
            l.push_handler(load_handlers(op).any);
            any_memory(l, [d, f[0]], arg);
        }
        Op::Store(op, arg) if is_plain(&l.tier.module, arg) => {
            l.push_handler(store_handlers(op).memory_0[place(args[0])][place(args[1])]);
            l.fields_imm([f[1], f[0]], arg.offset as u32);
            if let Src::Const(bits) = args[1] {
                l.bits(bits);
            }
        }
        Op::Store(op, arg) => {
            l.push_handler(store_handlers(op).any);
            any_memory(l, [f[1], f[0]], arg);
        }
        Op::Call { .. } | Op::CallIndirect { .. } => call(l, inst, f),
        _ => other(l, inst, f, dst),
    }
}

/// The cells of the rest.
fn other(l: &mut Linker<'_>, inst: &Inst, f: [u16; 3], dst: u32) {
    let d = dst as u16;
    let args = &inst.args;
    let form = usize::from(inst.to_slot);
    let params = l.ir.params as u16;
    match inst.op {
        Op::Copy(class) => match args[0] {
            Src::Const(bits) if bits as i64 == i64::from(bits as i32) => {
                l.push_handler(COPY[0][2]);
                l.fields_imm([d, 0], bits as u32);
            }
            Src::Const(bits) => {
                l.push_handler(COPY[1][2]);
                l.fields([d, 0, 0, 0]);
                l.bits(bits);
            }
            src => {
                l.by_class(&COPY, class, src);
                l.fields([d, f[0], 0, 0]);
            }
        },
        Op::CopySpan { from, count } => {
            l.handler::<CopySpan>();
            l.fields([0; 4]);
            l.halves(dst, l.slot(from));
            l.halves(count, 0);
        }
        Op::Select(class) => {
            l.push_handler(SELECT[class as usize][place(args[2])][form]);
            l.fields([d, f[0], f[1], f[2]]);
        }
        Op::GlobalGet(class, global) => {
            l.push_handler(GLOBAL_GET[class as usize][form]);
            l.fields_imm([d, 0], l.tier.layout.global(global));
        }
        Op::GlobalSet(class, global) => {
            l.by_class(&GLOBAL_SET, class, args[0]);
            l.fields_imm([0, f[0]], l.tier.layout.global(global));
            if let Src::Const(bits) = args[0] {
                l.bits(bits);
            }
        }
        Op::RefFunc(func) => match l.tier.module.escaping_index(func) {
            Some(position) => {
                l.handler::<RefFunc>();
                l.fields_imm([d, 0], position as u32);
            }
            None => {
                l.handler::<RefImport>();
                l.fields_imm([d, 0], l.tier.layout.import(func));
            }
        },
        Op::MemorySize(memory) => {
            l.handler::<MemorySize>();
            l.fields([d, 0, 0, 0]);
            let log2 = l.tier.module.memories[memory.index()].page_size_log2;
            l.halves(l.tier.layout.memory(memory), u32::from(log2));
        }
        Op::TableGet(table) => {
            l.handler::<TableGet>();
            l.fields([d, f[0], 0, 0]);
            l.halves(l.tier.layout.table(table), wide_table(l, table));
        }
        Op::TableSet(table) => {
            l.handler::<TableSet>();
            l.fields([f[1], f[0], 0, 0]);
            l.halves(l.tier.layout.table(table), wide_table(l, table));
        }
        Op::TableSize(table) => {
            l.handler::<TableSize>();
            l.fields([d, 0, 0, 0]);
            l.halves(l.tier.layout.table(table), 0);
        }
        Op::Slow { op, imm, top } => {
            l.handler::<Slow>();
            l.fields([d, f[0], f[1], f[2]]);
            l.bits(imm.pack());
            l.halves(op as u32, l.slot(top));
        }
        Op::Br(label) => {
            l.handler::<Br>();
            l.target(label);
        }
        Op::BrTable { first, count } => {
            l.handler::<BrTable>();
            l.fields_imm([0, f[0]], count);
            for i in first..first + count {
                l.target(l.ir.targets[i as usize]);
            }
        }
        Op::Unreachable => l.handler::<Unreachable>(),
        Op::Return0 => {
            l.handler::<Return0>();
            l.fields([params, 0, 0, 0]);
        }
        Op::Return(class) => {
            l.by_class(&RETURN, class, args[0]);
            l.fields([params, f[0], 0, 0]);
            if let Src::Const(bits) = args[0] {
                l.bits(bits);
            }
        }
        Op::ReturnSpan { from, count } => {
            l.handler::<ReturnSpan>();
            l.fields([params, 0, 0, 0]);
            l.halves(l.slot(from), count);
        }
        Op::Un(_)
        | Op::Bin(_)
        | Op::BrUn { .. }
        | Op::BrBin { .. }
        | Op::Load(..)
        | Op::Store(..)
        | Op::Call { .. }
        | Op::CallIndirect { .. } => unreachable!("the caller has made these cells"),
    }
}

/// The operand word of an instruction with two operands. Returns the constant
/// that needs a word of its own.
fn binary(
    l: &mut Linker<'_>,
    args: &[Src; 3],
    f: [u16; 3],
    d: u16,
    params: &[ValType],
) -> Option<u64> {
    let Some(bits) = constant(args) else {
        l.fields([d, f[0], f[1], 0]);
        return None;
    };
    let slot = if matches!(args[0], Src::Const(_)) { f[1] } else { f[0] };
    if params[0] == ValType::F64 {
        l.fields([d, slot, 0, 0]);
        return Some(bits);
    }
    l.fields_imm([d, slot], bits as u32);
    None
}

fn any_memory(l: &mut Linker<'_>, fields: [u16; 2], arg: MemArg) {
    l.fields([fields[0], fields[1], 0, 0]);
    l.bits(arg.offset);
    let wide = l.tier.module.memories[arg.memory.index()].addr == AddrType::I64;
    l.halves(l.tier.layout.memory(arg.memory), u32::from(wide));
}

fn wide_table(l: &Linker<'_>, table: bimetal_core::index::TableIdx) -> u32 {
    u32::from(l.tier.module.tables[table.index()].ty.addr == AddrType::I64)
}

fn call(l: &mut Linker<'_>, inst: &Inst, f: [u16; 3]) {
    let tier = l.tier;
    let module = &tier.module;
    match inst.op {
        Op::Call { func, base } => {
            let ty = module.type_of_func(func);
            let params = ty.param_slots() as u16;
            let base = l.slot(base);
            if let Some(defined) = module.defined_index(func) {
                l.handler::<Call>();
                l.fields_imm([params, 0], base);
                l.pointer((&raw const tier.slots[defined]).cast());
            } else {
                l.handler::<CallImport>();
                l.fields_imm([params, 0], base);
                l.halves(tier.layout.import(func), 0);
                l.halves(ty.result_slots(), 0);
            }
        }
        Op::CallIndirect { table, ty, base } => {
            let func_ty = module.func_type(ty);
            l.handler::<CallIndirect>();
            l.fields_imm([func_ty.param_slots() as u16, f[0]], l.slot(base));
            l.halves(tier.layout.table(table), tier.layout.type_id(ty));
            l.halves(func_ty.result_slots(), wide_table(l, table));
        }
        _ => unreachable!("the caller passes calls only"),
    }
}
