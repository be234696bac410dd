//! Runs ([`bimetal_core::ops::run`]): few bytes are moved here, by vectors, and many by
//! the runtime.
//!
//! **What must never happen here:** a byte is accessed outside the memory, or a run does
//! what the loop behind it would not have done. So both ranges are checked against the
//! memory's length, none of whose indices then wraps, and bytes that the loop would
//! store before it loads them are left to it. As in [`super::mem`], addresses are formed
//! from 64-bit sums of 32-bit indices.

use bimetal_core::index::MemIdx;
use bimetal_core::ops::run::MemoryRun;
use bimetal_core::ops::slow::{SlowImm, SlowOp};
use bimetal_runtime::layout::CX_BUILTINS;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    Block, InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value, types,
};

use super::Lower;
use crate::abi::{PTR, RUN_CALL_WORDS, run_call};
use crate::env::{Region, Symbol};

/// From how many stores on a call of the runtime is faster than a loop.
const MIN_CALLED: u32 = 36;
/// Bytes of a vector.
const CHUNK: u32 = 16;
/// From how many bytes on vectors are faster than a loop of so wide accesses: by the
/// binary logarithm of the width.
const MIN_IN_PLACE: [u32; 4] = [16, 32, 48, 80];
/// The most bytes that are moved in place.
const MAX_IN_PLACE: u32 = 768;

/// A run of few bytes, all values of 64 bits.
#[derive(Clone, Copy)]
struct Few {
    run: MemoryRun,
    /// The index of the first iteration's lowest store.
    to: Value,
    /// How many bytes there are.
    bytes: Value,
    /// Where to go if the loop must do it.
    refused: Block,
}

impl Lower<'_> {
    /// The fewest iterations that are worth a look at their number.
    pub(super) fn min_run(&self, run: MemoryRun) -> u32 {
        match self.min_in_place(run) {
            Some(bytes) => bytes.div_ceil(run.unit()),
            None => run.iterations_of(MIN_CALLED),
        }
    }

    /// How many bytes are worth to be moved in place, if any are. In front of a loop in
    /// another one none are: what that keeps in registers would make room.
    fn min_in_place(&self, run: MemoryRun) -> Option<u32> {
        let wanted = self.env.optimisations.inline_runs && self.loops == 0;
        let bytes = MIN_IN_PLACE.get(usize::from(run.width_log2)).copied();
        bytes.filter(|_| wanted && !run.signed && !run.indices)
    }

    /// Does a run, if it can: whether it did.
    pub(super) fn run(&mut self, op: SlowOp, imm: SlowImm, operands: [Value; 3]) -> Value {
        let run = MemoryRun::from_imm(imm);
        if self.min_in_place(run).is_none() {
            if let Some(block) = self.builder.current_block() {
                self.builder.set_cold_block(block);
            }
            return self.call_run(op, imm, operands);
        }
        let [to, source, iterations] = operands;
        let [few, many, refused, done] = [(); 4].map(|()| self.builder.create_block());
        let whether = self.builder.append_block_param(done, types::I64);
        let bytes = self.builder.ins().imul_imm_u(iterations, i64::from(run.unit()));
        let limit = i64::from(MAX_IN_PLACE);
        let is_few = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, bytes, limit);
        self.builder.set_cold_block(many);
        self.builder.ins().brif(is_few, few, &[], many, &[]);

        self.continue_in(many);
        let called = self.call_run(op, imm, operands);
        self.builder.ins().jump(done, &[called.into()]);

        self.continue_in(few);
        let few = Few { run, to, bytes, refused };
        match op {
            SlowOp::memory_fill_run => self.fill_in_place(few, source),
            _ => self.copy_in_place(few, source),
        }
        let one = self.builder.ins().iconst(types::I64, 1);
        self.builder.ins().jump(done, &[one.into()]);

        self.continue_in(refused);
        let zero = self.builder.ins().iconst(types::I64, 0);
        self.builder.ins().jump(done, &[zero.into()]);
        self.continue_in(done);
        whether
    }

    /// Goes on if the condition holds.
    fn go_on_if(&mut self, few: Few, condition: Value) {
        let next = self.builder.create_block();
        self.builder.ins().brif(condition, next, &[], few.refused, &[]);
        self.continue_in(next);
    }

    /// Goes on if ranges lie inside the memory and no index of theirs wraps. They are
    /// given by the index of the first iteration and the constant offset, and returned
    /// as where they begin in memory.
    fn inside<const N: usize>(&mut self, few: Few, ranges: [(Value, u16); N]) -> [Value; N] {
        let Few { run, bytes, .. } = few;
        let places =
            ranges.map(|(index, offset)| self.builder.ins().iadd_imm_u(index, i64::from(offset)));
        let unit = i64::from(run.unit());
        let highest = places.into_iter().reduce(|a, b| self.builder.ins().umax(a, b));
        if let Some(highest) = highest {
            // An index below 2^32, an offset and few bytes: nothing wraps.
            let end = match run.backward {
                true => self.builder.ins().iadd_imm_u(highest, unit),
                false => self.builder.ins().iadd(highest, bytes),
            };
            let len = self.memory_len(MemIdx(run.memory.into()));
            let inside = self.builder.ins().icmp(IntCC::UnsignedLessThanOrEqual, end, len);
            self.go_on_if(few, inside);
        }
        if !run.backward {
            return places;
        }
        let before = self.builder.ins().iadd_imm_s(bytes, -unit);
        let lowest = ranges.map(|range| range.0).into_iter();
        if let Some(lowest) = lowest.reduce(|a, b| self.builder.ins().umin(a, b)) {
            let inside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, lowest, before);
            self.go_on_if(few, inside);
        }
        places.map(|place| self.builder.ins().isub(place, before))
    }

    /// The flags of an access to what has been checked.
    fn unaligned(&mut self, few: Few) -> MemFlagsData {
        let region = Region::of_memory(self.env, MemIdx(few.run.memory.into()));
        region.guest(self.builder.func).with_notrap()
    }

    fn copy_in_place(&mut self, few: Few, from: Value) {
        let run = few.run;
        let (to, from) = ((few.to, run.store_offset), (from, run.load_offset));
        let [to, from] = self.inside(few, [to, from]);
        // How far the loop stores in front of where it loads, modulo 2^64.
        let ahead = match run.backward {
            true => self.builder.ins().isub(from, to),
            false => self.builder.ins().isub(to, from),
        };
        let apart = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, ahead, few.bytes);
        self.go_on_if(few, apart);
        let from = self.last_chunk(few, from);
        let flags = self.unaligned(few);
        self.chunks(few, to, &mut |lower, at| {
            let at = lower.builder.ins().iadd(from, at);
            lower.builder.ins().load(types::I8X16, flags, at, 0)
        });
    }

    fn fill_in_place(&mut self, few: Few, value: Value) {
        let run = few.run;
        let [to] = self.inside(few, [(few.to, run.store_offset)]);
        let vector = self.pattern(run.width_log2, value);
        self.chunks(few, to, &mut |_, _| vector);
    }

    /// A vector of copies of a value's low bytes.
    fn pattern(&mut self, width_log2: u8, value: Value) -> Value {
        let (lane, vector) = match width_log2 {
            0 => (types::I8, types::I8X16),
            1 => (types::I16, types::I16X8),
            2 => (types::I32, types::I32X4),
            // What is 16 bytes wide has 16 equal bytes.
            _ => (types::I64, types::I64X2),
        };
        let lane = match lane {
            types::I64 => value,
            _ => self.builder.ins().ireduce(lane, value),
        };
        self.builder.ins().splat(vector, lane)
    }

    /// The address of the last chunk of a range that begins at an index.
    fn last_chunk(&mut self, few: Few, start: Value) -> Value {
        let base = self.memory_base(MemIdx(few.run.memory.into()));
        let address = self.builder.ins().iadd(base, start);
        if few.run.backward {
            return address;
        }
        let end = self.builder.ins().iadd(address, few.bytes);
        self.builder.ins().iadd_imm_s(end, -i64::from(CHUNK))
    }

    /// Stores vectors over all of a range that begins at an index, in the direction of
    /// the loop. `get` gives them for a distance from the last one, which also covers
    /// bytes that were stored before it, and is had before any of them.
    fn chunks(&mut self, few: Few, to: Value, get: &mut dyn FnMut(&mut Self, Value) -> Value) {
        let flags = self.unaligned(few);
        let to = self.last_chunk(few, to);
        let [body, end] = [(); 2].map(|()| self.builder.create_block());
        let zero = self.builder.ins().iconst(types::I64, 0);
        let last = get(self, zero);
        let chunk = i64::from(CHUNK);
        let (first, step, more) = if few.run.backward {
            let first = self.builder.ins().iadd_imm_s(few.bytes, -chunk);
            (first, -chunk, IntCC::SignedGreaterThan)
        } else {
            let chunk_size = self.builder.ins().iconst(types::I64, chunk);
            (self.builder.ins().isub(chunk_size, few.bytes), chunk, IntCC::SignedLessThan)
        };
        let at = self.builder.append_block_param(body, types::I64);
        self.builder.ins().jump(body, &[first.into()]);

        self.builder.switch_to_block(body);
        let vector = get(self, at);
        let address = self.builder.ins().iadd(to, at);
        self.builder.ins().store(flags, vector, address, 0);
        let next = self.builder.ins().iadd_imm_s(at, step);
        let more = self.builder.ins().icmp(more, next, zero);
        self.builder.ins().brif(more, body, &[next.into()], end, &[]);
        self.seal(body);

        self.continue_in(end);
        self.builder.ins().store(flags, last, to, 0);
    }

    /// Calls a builtin that neither traps nor looks at frames, in front of a loop that
    /// often is too short for that.
    fn call_run(&mut self, op: SlowOp, imm: SlowImm, operands: [Value; 3]) -> Value {
        let builtin = self.builtin(CX_BUILTINS, op as usize);
        let imm = self.builder.ins().iconst(types::I64, imm.pack() as i64);
        self.safepoints += 1;
        let stub = self.callee(Symbol::RunCall, run_call);
        let slot = *self.run_slot.get_or_insert_with(|| {
            let size = PTR.bytes() * RUN_CALL_WORDS as u32;
            let data = StackSlotData::new(StackSlotKind::ExplicitSlot, size, 3);
            self.builder.create_sized_stack_slot(data)
        });
        let flags = self.trusted(Region::Vm);
        let words = self.builder.ins().stack_addr(PTR, slot, 0);
        let [a, b, c] = operands;
        for (position, value) in [builtin, imm, a, b, c].into_iter().enumerate() {
            let offset = position as i32 * PTR.bytes() as i32;
            self.builder.ins().store(flags, value, words, offset);
        }
        self.builder.ins().call(stub, &[self.cx, words]);
        self.builder.ins().load(types::I64, flags, words, 0)
    }
}
