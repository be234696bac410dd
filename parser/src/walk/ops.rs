//! The switchboard: from operators to verbs.

use bimetal_core::index::{FuncIdx, GlobalIdx, LocalIdx, MemIdx, TableIdx, TagIdx};
use bimetal_core::ops::slow::{SlowImm, SlowOp, SlowSig};
use bimetal_core::ops::wide::WideOp;
use bimetal_core::types::{AddrType, HeapType, RefType, ValType};
use bimetal_core::value::Slot;
use wasmparser::{MemArgTarget, Operator};

use super::Walker;
use super::backend::Backend;
use super::info::MemArg;
use super::rows::{load_op, num_op, store_op, wide_op};
use crate::error::{Error, ErrorKind};
use crate::types::heap_type;

impl<B: Backend> Walker<'_, B> {
    /// Calls the verbs of one reachable operator.
    #[allow(clippy::too_many_lines, reason = "a switchboard, one short arm per operator")]
    pub(super) fn op(&mut self, op: &Operator<'_>, offset: u64) -> Result<(), Error> {
        use SlowOp::*;
        match *op {
            Operator::Nop => {}
            Operator::Unreachable => self.unreachable(),
            Operator::Block { blockty } => self.block(blockty, offset)?,
            Operator::Loop { blockty } => self.loop_(blockty, offset)?,
            Operator::If { blockty } => self.if_(blockty, offset)?,
            Operator::Else => self.else_(),
            Operator::End => self.end(),
            Operator::Br { relative_depth } => self.br(relative_depth),
            Operator::BrIf { relative_depth } => self.br_if(relative_depth),
            Operator::BrTable { ref targets } => self.br_table(targets)?,
            Operator::Return => self.return_(),
            Operator::Call { function_index } => self.call(FuncIdx(function_index)),
            Operator::CallIndirect { type_index, table_index } => {
                self.call_indirect(table_index, type_index);
            }
            Operator::CallRef { type_index } => self.call_ref(type_index),
            Operator::ReturnCall { function_index } => self.return_call(FuncIdx(function_index)),
            Operator::ReturnCallIndirect { type_index, table_index } => {
                self.return_call_indirect(table_index, type_index);
            }
            Operator::ReturnCallRef { type_index } => self.return_call_ref(type_index),
            Operator::RefAsNonNull => self.ref_as_non_null(),
            Operator::BrOnNull { relative_depth } => self.br_on_null(relative_depth),
            Operator::BrOnNonNull { relative_depth } => self.br_on_non_null(relative_depth),
            Operator::Throw { tag_index } => self.throw(TagIdx(tag_index)),
            Operator::ThrowRef => self.throw_ref(),
            Operator::TryTable { ref try_table } => self.try_table(try_table, offset)?,
            Operator::Drop => {
                let operand = self.stack.pop();
                self.backend.drop_operand(&mut self.stack, operand);
            }
            Operator::Select | Operator::TypedSelect { .. } => self.select(),
            Operator::LocalGet { local_index } => self.local_get(LocalIdx(local_index)),
            Operator::LocalSet { local_index } => {
                let value = self.stack.pop();
                self.backend.local_set(&mut self.stack, LocalIdx(local_index), value);
            }
            Operator::LocalTee { local_index } => {
                let value = self.stack.pop();
                let local = LocalIdx(local_index);
                let kept = self.backend.local_tee(&mut self.stack, local, value);
                self.stack.push(self.locals[local.index()], kept);
            }
            Operator::GlobalGet { global_index } => {
                let global = GlobalIdx(global_index);
                let ty = self.module.globals[global.index()].ty.content;
                let value = self.backend.global_get(&mut self.stack, global, ty);
                self.stack.push(ty, value);
            }
            Operator::GlobalSet { global_index } => {
                let value = self.stack.pop();
                self.backend.global_set(&mut self.stack, GlobalIdx(global_index), value);
            }
            Operator::I32Const { value } => self.constant(ValType::I32, Slot::from_i32(value)),
            Operator::I64Const { value } => self.constant(ValType::I64, Slot::from_i64(value)),
            Operator::F32Const { value } => {
                self.constant(ValType::F32, Slot::from_bits(u64::from(value.bits())));
            }
            Operator::F64Const { value } => {
                self.constant(ValType::F64, Slot::from_bits(value.bits()));
            }
            Operator::MemorySize { mem } => {
                let memory = MemIdx(mem);
                let value = self.backend.memory_size(&mut self.stack, memory);
                self.stack.push(self.memory_addr(mem).val_type(), value);
            }
            Operator::TableSize { table } => {
                let value = self.backend.table_size(&mut self.stack, TableIdx(table));
                self.stack.push(self.table_addr(table).val_type(), value);
            }
            Operator::TableGet { table } => {
                let index = self.stack.pop();
                let value = self.backend.table_get(&mut self.stack, TableIdx(table), index);
                self.stack.push(ValType::Ref(self.module.tables[table as usize].ty.element), value);
            }
            Operator::TableSet { table } => {
                let value = self.stack.pop();
                let index = self.stack.pop();
                self.backend.table_set(&mut self.stack, TableIdx(table), index, value);
            }
            Operator::MemoryGrow { mem } => self.slow(memory_grow, mem, 0),
            Operator::MemoryFill { mem } => self.slow(memory_fill, mem, 0),
            Operator::MemoryCopy { dst_mem, src_mem } => self.slow(memory_copy, dst_mem, src_mem),
            Operator::MemoryInit { data_index, mem } => self.slow(memory_init, mem, data_index),
            Operator::DataDrop { data_index } => self.slow(data_drop, data_index, 0),
            Operator::TableGrow { table } => self.slow(table_grow, table, 0),
            Operator::TableFill { table } => self.slow(table_fill, table, 0),
            Operator::TableCopy { dst_table, src_table } => {
                self.slow(table_copy, dst_table, src_table);
            }
            Operator::TableInit { elem_index, table } => self.slow(table_init, table, elem_index),
            Operator::ElemDrop { elem_index } => self.slow(elem_drop, elem_index, 0),
            Operator::RefNull { hty } => {
                let heap = heap_type(hty, offset)?;
                let value = self.backend.ref_null(&mut self.stack, heap);
                self.stack.push(ValType::Ref(RefType { nullable: true, heap }), value);
            }
            Operator::RefIsNull => {
                let operand = self.stack.pop();
                let value = self.backend.ref_is_null(&mut self.stack, operand);
                self.stack.push(ValType::I32, value);
            }
            Operator::RefFunc { function_index } => {
                let func = FuncIdx(function_index);
                let value = self.backend.ref_func(&mut self.stack, func);
                let heap = HeapType::Concrete(self.module.funcs[func.index()].0);
                self.stack.push(ValType::Ref(RefType { nullable: false, heap }), value);
            }
            ref other => self.plain(other, offset)?,
        }
        Ok(())
    }

    /// An operator that has a row.
    fn plain(&mut self, op: &Operator<'_>, offset: u64) -> Result<(), Error> {
        if let Some(op) = num_op(op) {
            let value = if op.params().len() == 2 {
                let b = self.stack.pop();
                let a = self.stack.pop();
                self.backend.num(&mut self.stack, op, &[a, b])
            } else {
                let a = self.stack.pop();
                self.backend.num(&mut self.stack, op, &[a])
            };
            self.stack.push(op.result(), value);
            if let Some(follower) = op.canonical_nan()
                && !self.backend.relaxed().any_nan
            {
                let result = self.stack.pop();
                let value = self.backend.num(&mut self.stack, follower, &[result]);
                self.stack.push(op.result(), value);
            }
        } else if let Some((op, arg)) = load_op(op) {
            let addr = self.stack.pop();
            let value = self.backend.load(&mut self.stack, op, mem_arg(&arg, offset)?, addr);
            self.stack.push(op.value_type(), value);
        } else if let Some((op, arg)) = store_op(op) {
            let value = self.stack.pop();
            let addr = self.stack.pop();
            self.backend.store(&mut self.stack, op, mem_arg(&arg, offset)?, addr, value);
        } else if let Some(op) = wide_op(op) {
            self.wide(op);
        } else if !self.vec(op, offset)? && !self.gc(op, offset)? && !self.atomic(op, offset)? {
            let message = format!("instruction {op:?} is not supported");
            let error = Error::new(ErrorKind::Unsupported, message, Some(offset));
            return Err(error.in_func(self.func.0));
        }
        Ok(())
    }

    fn wide(&mut self, op: WideOp) {
        let mut args: Vec<_> = (0..op.arity()).map(|_| self.stack.pop()).collect();
        args.reverse();
        for value in self.backend.wide(&mut self.stack, op, &args) {
            self.stack.push(ValType::I64, value);
        }
    }

    fn constant(&mut self, ty: ValType, bits: Slot) {
        let value = self.backend.constant(&mut self.stack, ty, bits);
        self.stack.push(ty, value);
    }

    fn local_get(&mut self, local: LocalIdx) {
        let ty = self.locals[local.index()];
        let value = self.backend.local_get(&mut self.stack, local, ty);
        self.stack.push(ty, value);
    }

    fn select(&mut self) {
        let condition = self.stack.pop();
        let b = self.stack.pop();
        let a = self.stack.pop();
        let value = self.backend.select(&mut self.stack, [a, b, condition]);
        self.stack.push(a.ty, value);
    }

    fn slow(&mut self, op: SlowOp, a: u32, b: u32) {
        self.slow_of(op, SlowImm { a, b }, &self.slow_sig(op, a, b));
    }

    /// A slow op of this signature.
    pub(super) fn slow_of(&mut self, op: SlowOp, imm: SlowImm, sig: &SlowSig) {
        let mut args: Vec<_> = (0..sig.arity).map(|_| self.stack.pop()).collect();
        args.reverse();
        let value = self.backend.slow(&mut self.stack, op, imm, &args, sig.result);
        if let (Some(ty), Some(value)) = (sig.result, value) {
            self.stack.push(ty, value);
        }
    }

    fn slow_sig(&self, op: SlowOp, a: u32, b: u32) -> SlowSig {
        const I32: ValType = ValType::I32;
        let memory = |index| self.memory_addr(index);
        let table = |index| self.table_addr(index);
        match op {
            SlowOp::memory_grow => {
                let at = memory(a).val_type();
                SlowSig::new(&[at], Some(at))
            }
            SlowOp::memory_fill => {
                let at = memory(a).val_type();
                SlowSig::new(&[at, I32, at], None)
            }
            SlowOp::memory_copy => copy_sig(memory(a), memory(b)),
            SlowOp::memory_init => SlowSig::new(&[memory(a).val_type(), I32, I32], None),
            SlowOp::table_grow => {
                let at = table(a).val_type();
                SlowSig::new(&[self.element(a), at], Some(at))
            }
            SlowOp::table_fill => {
                let at = table(a).val_type();
                SlowSig::new(&[at, self.element(a), at], None)
            }
            SlowOp::table_copy => copy_sig(table(a), table(b)),
            SlowOp::table_init => SlowSig::new(&[table(a).val_type(), I32, I32], None),
            SlowOp::data_drop | SlowOp::elem_drop => SlowSig::new(&[], None),
            SlowOp::memory_atomic_notify
            | SlowOp::memory_atomic_wait32
            | SlowOp::memory_atomic_wait64
            | SlowOp::atomic_fence
            | SlowOp::memory_copy_run
            | SlowOp::memory_fill_run => unreachable!("not among those that name indices"),
        }
    }

    fn memory_addr(&self, memory: u32) -> AddrType {
        self.module.memories[memory as usize].addr
    }

    fn table_addr(&self, table: u32) -> AddrType {
        self.module.tables[table as usize].ty.addr
    }

    fn element(&self, table: u32) -> ValType {
        ValType::Ref(self.module.tables[table as usize].ty.element)
    }
}

fn copy_sig(to: AddrType, from: AddrType) -> SlowSig {
    let count = SlowSig::narrower(to, from);
    SlowSig::new(&[to.val_type(), from.val_type(), count.val_type()], None)
}

pub(super) fn mem_arg(arg: &wasmparser::MemArg, offset: u64) -> Result<MemArg, Error> {
    match arg.target {
        MemArgTarget::Memory(memory) => Ok(MemArg { memory: MemIdx(memory), offset: arg.offset }),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "memory accesses to arrays are not supported",
            Some(offset),
        )),
    }
}
