//! Exceptions: `throw`, `throw_ref` and the handlers of `try_table`, which itself
//! is no code at all.

use bimetal_core::index::TagIdx;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::types::ValType;
use bimetal_parser::walk::{Catch as Clause, Control, Stack};

use super::Translator;
use super::backend::NONE;
use super::branch::Structure;
use super::ir::{Op, TryTable};
use super::link::Linker;
use super::operands::Value;
use crate::fast::exec::exception::{Catch, Throw, ThrowRef};

impl Translator<'_> {
    /// `throw`
    pub(super) fn emit_throw(&mut self, stack: &mut Stack<Value>, tag: TagIdx, params: usize) {
        self.flush_top(stack, params);
        // The payload is the runtime's own affair.
        self.safepoint(&stack.all()[..stack.len() - params]);
        let base = stack.top(params).first().map_or(stack.next_slot(), |arg| arg.slot);
        self.emit(Op::Throw { tag, base }, NONE, 0);
        self.forget();
    }

    /// A `try_table` begins: what lies below its body is in its slots, where the
    /// handlers find it.
    pub(super) fn begin_try(&mut self, stack: &mut Stack<Value>) -> Structure {
        self.flush(stack);
        self.zero.open();
        let start = self.label();
        self.bind(start);
        Structure { target: self.label(), else_: None, start: Some(start) }
    }

    /// The body of a `try_table` ends.
    pub(super) fn end_try_body(&mut self, control: &Control<Value, Structure>) {
        self.all_flushed();
        let end = self.label();
        self.bind(end);
        let start = control.label().start.unwrap_or(end);
        let slot = control.base_slot;
        self.try_tables.push(TryTable { start, end, slot, clauses: Vec::new() });
    }

    /// The handler of a clause of the `try_table` whose body ended last.
    pub(super) fn emit_landing(&mut self, stack: &Stack<Value>, clause: Clause, types: &[ValType]) {
        self.all_flushed();
        let label = self.label();
        self.bind(label);
        if let Some(table) = self.try_tables.last_mut() {
            table.clauses.push((clause.tag, label));
        }
        // Validation has the operands of a label in canonical slots; the exception
        // itself may need one more than they take.
        let slots: u32 = types.iter().map(|ty| ty.slots()).sum();
        self.catch_slots = self.catch_slots.max(stack.next_slot() + slots.max(1));
        let (payload, with_ref) = (clause.tag.is_some(), clause.with_ref);
        self.emit(Op::Catch { payload, with_ref }, NONE, stack.next_slot());
        self.forget();
    }
}

pub(super) fn throw(l: &mut Linker<'_>, tag: TagIdx, base: u32) {
    l.handler::<Throw>();
    l.fields([0; 4]);
    l.bits(SlowImm { a: tag.0, b: 0 }.pack());
    l.halves(l.slot(base), 0);
}

pub(super) fn throw_ref(l: &mut Linker<'_>, exception: u16) {
    l.handler::<ThrowRef>();
    l.fields([0, exception, 0, 0]);
}

pub(super) fn catch(l: &mut Linker<'_>, slot: u32, payload: bool, with_ref: bool) {
    l.handler::<Catch>();
    l.fields([0; 4]);
    l.bits(SlowImm { a: payload.into(), b: with_ref.into() }.pack());
    l.halves(l.slot(slot), 0);
}
