//! Exceptions (spec: *Execution / Instructions / Control Instructions*).

use bimetal_core::index::TagIdx;
use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::types::ValType;
use bimetal_core::value::Slot;
use bimetal_parser::walk::Catch;

use super::machine::{Exit, Machine};

/// What most instructions on exceptions have no use for.
const NO_IMM: SlowImm = SlowImm { a: 0, b: 0 };

impl Machine<'_> {
    /// `throw`; the payload takes so many slots.
    pub(super) fn throw(&mut self, tag: TagIdx, slots: usize) -> Exit {
        let imm = SlowImm { a: tag.0, b: 0 };
        self.builtin(GcBuiltinOp::throw, imm, slots).err().unwrap_or(Exit::Unwind)
    }

    /// `throw_ref`
    pub(super) fn throw_ref(&mut self) -> Exit {
        self.builtin(GcBuiltinOp::throw_ref, NO_IMM, 1).err().unwrap_or(Exit::Unwind)
    }

    /// Goes on at the handler of the exception that is pending, if that is why the
    /// run would end and one of its functions has a handler.
    pub(super) fn land(&mut self, exit: Exit) -> Result<(), Exit> {
        let Exit::Unwind = exit else { return Err(exit) };
        let Some(frame) = self.frames.last() else { return Err(exit) };
        let Some(exception) = frame.cx.pending_exception() else { return Err(exit) };
        let landing = (1..=self.frames.len()).rev().find_map(|count| {
            let (height, pc) = self.handler(count - 1, exception)?;
            Some((count, height, pc))
        });
        let Some((count, height, pc)) = landing else { return Err(exit) };
        self.frames.truncate(count);
        let frame = self.frame_mut();
        frame.pc = pc;
        let bottom = frame.base + frame.code.locals + height;
        let cx = frame.cx;
        self.stack.truncate(bottom);
        self.stack.push_marked(exception, true);
        cx.clear_pending();
        Ok(())
    }

    /// The handler of an exception in one of the running functions: how many slots
    /// of operands it keeps, and where it is.
    fn handler(&self, index: usize, exception: Slot) -> Option<(usize, usize)> {
        let frame = self.frames[index];
        // It is on its way to the next instruction.
        let pc = frame.pc.saturating_sub(1);
        let around = frame.code.try_tables.iter().filter(|table| table.body.contains(&pc));
        around
            .flat_map(|table| table.clauses.iter().map(|clause| (table.height, clause)))
            .find(|(_, (catch, _))| catch.tag.is_none_or(|tag| frame.cx.has_tag(exception, tag)))
            .map(|(height, &(_, pc))| (height, pc))
    }

    /// The beginning of a handler: its operands take the exception's place.
    pub(super) fn catch(&mut self, catch: Catch) -> Result<(), Exit> {
        let module = self.frame().cx.module().module();
        let mut types = match catch.tag {
            Some(tag) => module.func_type(module.tags[tag.index()]).params.to_vec(),
            None => Vec::new(),
        };
        if catch.with_ref {
            types.push(ValType::EXNREF);
        }
        let start = self.stack.len() - 1;
        let slots = types.iter().map(|ty| ty.slots() as usize).sum::<usize>();
        // Room for the exception itself, at least.
        self.stack.resize(start + slots.max(1), Slot::ZERO);
        let imm = SlowImm { a: catch.tag.is_some().into(), b: catch.with_ref.into() };
        self.builtin(GcBuiltinOp::catch, imm, slots.max(1))?;
        self.stack.truncate(start + slots);
        self.stack.retype(start, module, &types);
        Ok(())
    }
}
