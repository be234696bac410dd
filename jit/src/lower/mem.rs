//! Loads and stores of linear memory.
//!
//! **What must never happen here:** an address is formed that is neither checked
//! against the memory's current length nor certain to lie in the memory's
//! reservation or its guard ([`MemoryPlan::elides_check`], [`super::bounds`]). No other
//! file of this crate forms addresses in linear memory. This is the mirror in CLIF of
//! [`bimetal_core::addr::effective`].
//!
//! [`MemoryPlan::elides_check`]: bimetal_runtime::memory::MemoryPlan::elides_check

use bimetal_core::index::MemIdx;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_parser::walk::{MemArg, Operand};
use bimetal_runtime::layout::{MEMORY_BASE, MEMORY_LEN};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

use super::Lower;
use crate::abi::PTR;
use crate::env::{CONSTANT, Region};

/// Whether a store across the end of a page may have written to one page when the other
/// one faults. x86-64 excludes that; others do not, or do not say.
const WRITES_BEFORE_FAULTS: bool = !cfg!(target_arch = "x86_64");

/// Where an access goes: an address, a constant displacement and its flags.
pub(super) struct Place {
    pub(super) address: Value,
    pub(super) displacement: i32,
    pub(super) flags: MemFlagsData,
}

impl Lower<'_> {
    /// The place of an access, checked as far as the memory's plan asks for it.
    pub(super) fn place(&mut self, arg: MemArg, addr: Operand<Value>, width: u32) -> Place {
        let index = self.index(addr);
        let elided = self.env.plans[arg.memory.index()].elides_check(arg.offset, width);
        if !(elided && addr.ty == ValType::I32) {
            self.check_bounds(arg, addr, index, width);
        }
        let base = self.memory_base(arg.memory);
        let mut address = self.builder.ins().iadd(base, index);
        if arg.offset == 0 && self.only_pages_check(arg.memory, addr.ty, width) {
            self.note_sum(address, base, addr.value);
        }
        let displacement = i32::try_from(arg.offset).unwrap_or_else(|_| {
            // Checked above: the sum lies inside the memory and does not wrap.
            let offset = self.builder.ins().iconst(types::I64, arg.offset as i64);
            address = self.builder.ins().iadd(address, offset);
            0
        });
        let region = Region::of_memory(self.env, arg.memory);
        Place { address, displacement, flags: region.guest(self.builder.func) }
    }

    /// The place of a store of any alignment, which writes all its bytes or none.
    pub(super) fn place_to_write(
        &mut self,
        arg: MemArg,
        addr: Operand<Value>,
        width: u32,
    ) -> Place {
        let place = self.place(arg, addr, width);
        let can_fault = self.env.plans[arg.memory.index()].guard > 0;
        if WRITES_BEFORE_FAULTS && can_fault && width > 1 {
            // What lies before this byte is in the memory if it is: it faults for all.
            let Place { address, displacement, flags } = place;
            let last = self.builder.ins().iadd_imm_s(address, i64::from(width - 1));
            self.builder.ins().uload8(types::I32, flags, last, displacement);
        }
        place
    }

    /// The address of an access that must be aligned, checked for that and then as any
    /// other.
    pub(super) fn aligned_address(
        &mut self,
        arg: MemArg,
        addr: Operand<Value>,
        width: u32,
    ) -> (Value, MemFlagsData) {
        let low = i64::from(width - 1);
        if low != 0 {
            // Of a sum that wraps, the low bits are right all the same.
            let index = self.index(addr);
            let sum = self.builder.ins().iadd_imm_s(index, arg.offset as i64 & low);
            let misaligned = self.builder.ins().band_imm_u(sum, low);
            self.trap_if(misaligned, TrapCode::UnalignedAtomic);
        }
        let Place { address, displacement, flags } = self.place(arg, addr, width);
        let address = match displacement {
            0 => address,
            by => self.builder.ins().iadd_imm_s(address, i64::from(by)),
        };
        (address, flags)
    }

    /// Whether accesses without constant offset have no check, in a memory that is a
    /// circle.
    fn only_pages_check(&self, memory: MemIdx, ty: ValType, width: u32) -> bool {
        let plan = &self.env.plans[memory.index()];
        ty == ValType::I32 && plan.circular && plan.elides_check(0, width)
    }

    fn memory_header(&mut self, memory: MemIdx) -> Value {
        self.cx_constant(PTR, self.env.layout.memory(memory) as i32)
    }

    pub(super) fn memory_base(&mut self, memory: MemIdx) -> Value {
        let moves = self.env.plans[memory.index()].can_move;
        if !moves && self.env.optimisations.near_bases {
            return self.cx_constant(PTR, self.env.layout.memory_base(memory) as i32);
        }
        let header = self.memory_header(memory);
        let flags = if moves { self.trusted(Region::MemoryHeader) } else { CONSTANT };
        self.builder.ins().load(PTR, flags, header, MEMORY_BASE)
    }

    pub(super) fn memory_len(&mut self, memory: MemIdx) -> Value {
        let header = self.memory_header(memory);
        let flags = self.trusted(Region::MemoryHeader);
        if self.env.module.memories[memory.index()].shared {
            // Another thread may have grown it since: no earlier load will do.
            let at = self.builder.ins().iadd_imm_s(header, i64::from(MEMORY_LEN));
            return self.builder.ins().atomic_load(types::I64, flags, at);
        }
        self.builder.ins().load(types::I64, flags, header, MEMORY_LEN)
    }

    pub(super) fn memory_size(&mut self, memory: MemIdx) -> Value {
        let ty = &self.env.module.memories[memory.index()];
        let len = self.memory_len(memory);
        let pages = self.builder.ins().ushr_imm_u(len, i64::from(ty.page_size_log2));
        self.length_as(pages, ty.addr.val_type())
    }

    pub(super) fn load(&mut self, op: LoadOp, arg: MemArg, addr: Operand<Value>) -> Value {
        use LoadOp::*;
        let Place { address: at, displacement: by, flags } = self.place(arg, addr, op.width());
        let ins = self.builder.ins();
        match op {
            i32_load => ins.load(types::I32, flags, at, by),
            i64_load => ins.load(types::I64, flags, at, by),
            f32_load => ins.load(types::F32, flags, at, by),
            f64_load => ins.load(types::F64, flags, at, by),
            i32_load8_s => ins.sload8(types::I32, flags, at, by),
            i32_load8_u => ins.uload8(types::I32, flags, at, by),
            i32_load16_s => ins.sload16(types::I32, flags, at, by),
            i32_load16_u => ins.uload16(types::I32, flags, at, by),
            i64_load8_s => ins.sload8(types::I64, flags, at, by),
            i64_load8_u => ins.uload8(types::I64, flags, at, by),
            i64_load16_s => ins.sload16(types::I64, flags, at, by),
            i64_load16_u => ins.uload16(types::I64, flags, at, by),
            i64_load32_s => ins.sload32(flags, at, by),
            i64_load32_u => ins.uload32(flags, at, by),
        }
    }

    pub(super) fn store(&mut self, op: StoreOp, arg: MemArg, addr: Operand<Value>, value: Value) {
        use StoreOp::*;
        let place = self.place_to_write(arg, addr, op.width());
        let Place { address: at, displacement: by, flags } = place;
        match op {
            i32_store | i64_store | f32_store | f64_store => {
                self.builder.ins().store(flags, value, at, by);
            }
            i32_store8 | i64_store8 => self.store_low(types::I8, flags, value, (at, by)),
            i32_store16 | i64_store16 => self.store_low(types::I16, flags, value, (at, by)),
            i64_store32 => {
                self.builder.ins().istore32(flags, value, at, by);
            }
        }
    }
}
