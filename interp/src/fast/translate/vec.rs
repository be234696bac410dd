//! Vector instructions: from verbs to instructions, and their cells.

use bimetal_core::ops::vec::{VecImm, VecOp};
use bimetal_core::ops::vec_mem::{LoadLaneOp, StoreLaneOp, VecLoadOp, VecStoreOp};
use bimetal_core::value::V128;
use bimetal_parser::walk::{MemArg, Operand, Stack};

use super::Translator;
use super::access::{any_memory, is_plain};
use super::cell::{Cell, expect, place};
use super::ir::{Op, Src};
use super::link::Linker;
use super::operands::Value;
use crate::fast::exec::vec::vec_handlers;
use crate::fast::exec::vec_mem::{
    AccessHandlers, load_lane_handlers, store_lane_handlers, vec_load_handlers, vec_store_handlers,
};

impl Translator<'_> {
    /// A vector instruction that touches no memory.
    pub(super) fn vector(
        &mut self,
        stack: &mut Stack<Value>,
        op: VecOp,
        imm: VecImm,
        args: &[Operand<Value>],
    ) -> Value {
        let mut srcs = [Src::Acc; 3];
        // Which operands may be constants is the same in all tables.
        let handlers = vec_handlers(op, false);
        let second = args.get(1).map(|operand| operand.value);
        for (i, (src, operand)) in srcs.iter_mut().zip(args).enumerate() {
            let both = i == 0 && matches!(second, Some(Value::Vector(_)));
            *src = self.take(*operand, !both && handlers.takes_constant(i));
        }
        self.result(Op::Vec(op, imm), srcs, stack.next_slot(), op.result(), true)
    }
}

impl Cell<'_> {
    pub(super) fn vector(&self, l: &mut Linker<'_>, op: VecOp, imm: VecImm) {
        let places = self.args.map(place);
        l.push_handler(expect(vec_handlers(op, l.tier.fusions.extensions).find(places, self.form)));
        let [a, b, c] = self.f;
        if op == VecOp::i8x16_shuffle {
            l.fields([self.d, a, b, 0]);
            return l.vector(V128(imm.lanes()));
        }
        match self.args[1] {
            Src::Const(bits) => l.fields_imm([self.d, a], bits as u32),
            // An instruction with a lane has no third operand.
            _ if op.params().len() < 3 => l.fields([self.d, a, b, imm.lane().into()]),
            _ => l.fields([self.d, a, b, c]),
        }
        for arg in 0..2 {
            if matches!(self.args[arg], Src::Vector(_)) {
                self.wide_constant(l, arg);
            }
        }
    }

    pub(super) fn vec_load(&self, l: &mut Linker<'_>, op: VecLoadOp, arg: MemArg) {
        if self.short_access(l, vec_load_handlers(op), [self.d, self.f[0]], arg) {
            return;
        }
        any_memory(l, [self.d, self.f[0], 0, 0], arg);
    }

    pub(super) fn vec_store(&self, l: &mut Linker<'_>, op: VecStoreOp, arg: MemArg) {
        if self.short_access(l, vec_store_handlers(op), [self.f[1], self.f[0]], arg) {
            return;
        }
        any_memory(l, [self.f[1], self.f[0], 0, 0], arg);
    }

    pub(super) fn load_lane(&self, l: &mut Linker<'_>, op: LoadLaneOp, arg: MemArg, lane: u8) {
        let [addr, vector, _] = self.f;
        if self.short_access(l, load_lane_handlers(op), [self.d, addr], arg) {
            return l.fields([vector, 0, lane.into(), 0]);
        }
        any_memory(l, [self.d, addr, vector, lane.into()], arg);
    }

    pub(super) fn store_lane(&self, l: &mut Linker<'_>, op: StoreLaneOp, arg: MemArg, lane: u8) {
        let [addr, vector, _] = self.f;
        if self.short_access(l, store_lane_handlers(op), [vector, addr], arg) {
            return l.fields([0, 0, lane.into(), 0]);
        }
        any_memory(l, [vector, addr, 0, lane.into()], arg);
    }

    /// Appends the handler, and the operand word if the access has the short form.
    fn short_access(
        &self,
        l: &mut Linker<'_>,
        handlers: &AccessHandlers,
        fields: [u16; 2],
        arg: MemArg,
    ) -> bool {
        let short = is_plain(&l.tier.module, arg);
        if short {
            let [addr, vector, _] = self.args.map(place);
            l.push_handler(handlers.memory_0[addr][vector][self.form]);
            l.fields_imm(fields, arg.offset as u32);
        } else {
            l.push_handler(handlers.any);
        }
        short
    }
}
