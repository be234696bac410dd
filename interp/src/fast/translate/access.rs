//! Loads and stores: which have a short form, and their cells.

use bimetal_core::index::MemIdx;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::types::AddrType;
use bimetal_parser::Module;
use bimetal_parser::walk::MemArg;

use super::cell::{Cell, place};
use super::ir::{Access, Src};
use super::link::Linker;
use crate::fast::exec::memory::{load_handlers, store_handlers};

/// The type of the address of an access that has the short form: to memory 0, which is
/// not shared, with a 32-bit offset.
pub(super) fn plain_address(module: &Module, arg: MemArg) -> Option<AddrType> {
    let memory = module.memories.first().filter(|_| arg.memory == MemIdx(0))?;
    (u32::try_from(arg.offset).is_ok() && !memory.shared).then_some(memory.addr)
}

/// Whether an access has the short form and a 32-bit address.
pub(super) fn is_plain(module: &Module, arg: MemArg) -> bool {
    plain_address(module, arg) == Some(AddrType::I32)
}

/// The words of an access that has no short form.
pub(super) fn any_memory(l: &mut Linker<'_>, fields: [u16; 4], arg: MemArg) {
    l.fields(fields);
    l.bits(arg.offset);
    let wide = l.tier.module.memories[arg.memory.index()].addr == AddrType::I64;
    l.halves(l.tier.layout.memory(arg.memory), u32::from(wide));
}

impl Cell<'_> {
    pub(super) fn load(&self, l: &mut Linker<'_>, op: LoadOp, access: Access) {
        let handlers = load_handlers(op);
        let Some(address) = access.address else {
            l.push_handler(handlers.any);
            return any_memory(l, [self.d, self.f[0], 0, 0], access.arg);
        };
        let at = place(self.args[0]);
        let handler = handlers.memory_0[address as usize][at][self.form];
        let handler = l.pinned_load(op, address, false, self, at).unwrap_or(handler);
        l.push_handler(handler);
        l.fields_imm([self.d, self.f[0]], self.offset(access.arg));
    }

    pub(super) fn store(&self, l: &mut Linker<'_>, op: StoreOp, access: Access) {
        let handlers = store_handlers(op);
        let [at, value, _] = *self.args;
        let Some(address) = access.address else {
            l.push_handler(handlers.any);
            return any_memory(l, [self.f[1], self.f[0], 0, 0], access.arg);
        };
        l.push_handler(handlers.memory_0[address as usize][place(at)][place(value)]);
        l.fields_imm([self.f[1], self.f[0]], self.offset(access.arg));
        self.wide_constant(l, 1);
    }

    /// The offset of an access to memory 0, with the address if that is a constant.
    fn offset(&self, arg: MemArg) -> u32 {
        match self.args[0] {
            Src::Const(address) => (address as u32).wrapping_add(arg.offset as u32),
            _ => arg.offset as u32,
        }
    }

    pub(super) fn load_sum(&self, l: &mut Linker<'_>, op: LoadOp, access: Access) {
        let address = access.address.unwrap_or(AddrType::I32);
        let summand = place(self.args[1]);
        let handler = load_handlers(op).sum[address as usize][summand][self.form];
        let handler = l.pinned_load(op, address, true, self, summand).unwrap_or(handler);
        l.push_handler(handler);
        self.sum(l, self.d, access.arg);
    }

    pub(super) fn store_sum(&self, l: &mut Linker<'_>, op: StoreOp, access: Access) {
        let address = access.address.unwrap_or(AddrType::I32);
        let forms = &store_handlers(op).sum[address as usize];
        l.push_handler(forms[place(self.args[1])][place(self.args[2])]);
        self.sum(l, self.f[2], access.arg);
        self.wide_constant(l, 2);
    }

    /// The words of an address that is a sum.
    fn sum(&self, l: &mut Linker<'_>, first: u16, arg: MemArg) {
        if let Src::Const(bits) = self.args[1] {
            l.fields_imm([first, self.f[0]], bits as u32);
            return l.halves(arg.offset as u32, 0);
        }
        l.fields([first, self.f[0], self.f[1], arg.offset as u16]);
    }
}
