//! The body of a function in place of a call to it: its locals are variables of the
//! caller's, its results parameters of the block behind it. Whatever it calls,
//! throws or traps on is said to be in a frame of its own: see [`crate::place`].

use bimetal_core::types::FuncType;
use bimetal_parser::walk::{FuncInfo, walk_inlined};
use cranelift_codegen::ir::{Block, InstBuilder, SourceLoc, Value};
use cranelift_frontend::Variable;

use super::{Lower, osr};
use crate::place::Place;

/// What belongs to one of the functions whose bodies are open.
#[derive(Default)]
pub(super) struct Body {
    /// Its locals.
    pub(super) locals: Vec<Variable>,
    /// How many results it has.
    pub(super) arity: usize,
    /// Its number among the defined functions.
    pub(super) defined: usize,
    /// Whether something may be called in each of its loops, once that was asked.
    pub(super) calling_loops: Option<Vec<bool>>,
    /// For a function that begins at one of its loops.
    pub(super) osr: Option<osr::Osr>,
    /// Whether it stands where tail calls jump to.
    pub(super) gone_on_to: bool,
    /// For a body in place of a call: where returns go, and the call's position.
    pub(super) replaced: Option<Replaced>,
}

/// A call that a body stands for.
#[derive(Clone, Copy)]
pub(super) struct Replaced {
    /// What follows the call; its parameters are the results.
    next: Block,
    /// The call's position.
    caller: u32,
}

impl Lower<'_> {
    /// Puts the body of a defined function in place of a call with these arguments, if
    /// that is worth it and, for another function than the one that is compiled, it is
    /// within the `limit`. The call's results are known then.
    pub(super) fn inline(
        &mut self,
        defined: u32,
        args: &[Value],
        ty: &FuncType,
        limit: u32,
    ) -> bool {
        if self.is_cold_here()
            || self.refused.is_some()
            || !self.inlining.open(self.env, defined, limit)
        {
            return false;
        }
        let (offset, caller) = (self.offset, self.position);
        let next = self.block_with(&ty.results);
        let replaced = Some(Replaced { next, caller });
        let defined = defined as usize;
        let body = Body { arity: ty.results.len(), defined, replaced, ..Body::default() };
        let outer = std::mem::replace(&mut self.body, body);
        self.bounds.open();
        let begin = |lower: &mut Self, info: &FuncInfo<'_>| lower.enter_inlined(info, args);
        match walk_inlined(self.env.module, defined, self, begin) {
            Ok(slots) => self.inlined_slots += slots,
            Err(error) => self.refuse(error.to_string()),
        }
        self.bounds.close(false);
        self.body = outer;
        self.inlining.close();
        (self.offset, self.position) = (offset, caller);
        self.builder.set_srcloc(SourceLoc::new(caller));
        self.results.clear();
        if self.refused.is_some() {
            // Nobody asks what the values are.
            self.results.resize(ty.results.len(), self.cx);
            return true;
        }
        self.continue_in(next);
        self.results.extend_from_slice(self.builder.block_params(next));
        true
    }

    /// Whether the current block is unlikely to be reached.
    pub(super) fn is_cold_here(&self) -> bool {
        let block = self.builder.current_block();
        block.is_some_and(|block| self.builder.func.layout.is_cold(block))
    }

    /// The locals of a body in place of a call: the arguments, then zeros.
    fn enter_inlined(&mut self, info: &FuncInfo<'_>, args: &[Value]) {
        let (params, others) = info.locals.split_at(args.len().min(info.locals.len()));
        for (&ty, &arg) in params.iter().zip(args) {
            self.declare_local(ty, arg);
        }
        self.declare_zeros(others);
    }

    /// Whether the innermost body stands in place of a call: then it returns to what
    /// follows.
    pub(super) fn return_to_caller(&mut self, results: &[Value]) -> bool {
        let Some(Replaced { next, .. }) = self.body.replaced else { return false };
        let args: Vec<_> = results.iter().map(|&value| value.into()).collect();
        self.builder.ins().jump(next, &args);
        true
    }

    /// The position of an instruction of the innermost body.
    pub(super) fn position_of(&mut self, offset: u32) -> u32 {
        match self.body.replaced {
            Some(Replaced { caller, .. }) => self.inlining.place(caller, offset),
            None if self.body.gone_on_to => self.inlining.place(Place::NO_CALLER, offset),
            None => offset,
        }
    }
}
