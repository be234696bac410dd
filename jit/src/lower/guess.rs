//! Indirect calls that are guessed to reach certain functions of the module: where the
//! record is such a function's own, its body stands in place of the call. In a table whose
//! elements never change, the index says as much as the record.

use bimetal_core::index::TypeIdx;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::FuncType;
use bimetal_parser::walk::Callee;
use bimetal_runtime::limits::Optimisations;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, Value};

use super::Lower;
use crate::abi::clif_trap;

impl Lower<'_> {
    /// Calls a function that is not known yet, but likely. `values`: the context and the
    /// arguments. `limit`: how large a body may be that is put here. Nothing happens if
    /// there is no guess that is worth it.
    pub(super) fn guess(
        &mut self,
        callee: Callee<Value>,
        values: &[Value],
        ty: &FuncType,
        limit: u32,
    ) -> bool {
        let guesses = match callee {
            Callee::Indirect { ty, .. } | Callee::Ref { ty, .. } => self.guesses(ty, limit),
            Callee::Direct(_) => return false,
        };
        if guesses.is_empty() {
            return false;
        }
        let next = self.block_with(&ty.results);
        let mut others = Vec::new();
        for guess in guesses {
            match self.is_at_its_place(&callee, guess) {
                Some(same) => self.compare(same, (guess, limit), values, ty, next),
                None => others.push(guess),
            }
        }
        self.be_cold(others.is_empty());
        let record = match callee {
            Callee::Indirect { table, index, .. } => self.element(table, index),
            Callee::Ref { func, .. } => func.value,
            Callee::Direct(_) => return false,
        };
        for &guess in &others {
            let own = self.ref_func(self.env.module.func_at(guess as usize));
            let same = self.builder.ins().icmp(IntCC::Equal, record, own);
            self.compare(same, (guess, limit), values, ty, next);
        }
        self.be_cold(!others.is_empty());
        match callee {
            Callee::Indirect { ty, .. } => self.check_element(record, ty),
            _ => {
                let null = clif_trap(TrapCode::NullFunctionReference);
                self.builder.ins().trapz(record, null);
            }
        }
        let entry = self.record_entry(record, callee);
        self.call_entry(entry, values.to_vec(), ty);
        self.go_on(next);
        self.continue_in(next);
        self.results.clear();
        self.results.extend_from_slice(self.builder.block_params(next));
        true
    }

    /// The functions that a call of this type is compared with: those whose bodies are
    /// worth having in its place.
    fn guesses(&mut self, ty: TypeIdx, limit: u32) -> Vec<u32> {
        let Optimisations { inline_guesses, seen_callees, .. } = self.env.optimisations;
        if !inline_guesses || self.is_cold_here() {
            return Vec::new();
        }
        let seen =
            if seen_callees { self.inlining.seen_callees(self.env, self.offset) } else { None };
        let mut guesses = seen.unwrap_or_else(|| self.env.guesses.of(ty));
        guesses.retain(|&guess| {
            let func = self.env.module.func_at(guess as usize);
            // What was seen is not relied on: not for a function's type.
            self.env.module.funcs[func.index()] == ty
                && self.env.module.escaping_index(func).is_some()
        });
        self.inlining.retain_small(self.env, &mut guesses, limit);
        guesses
    }

    /// Whether an indirect call is one of this function, by its index: where that is
    /// enough to know.
    fn is_at_its_place(&mut self, callee: &Callee<Value>, guess: u32) -> Option<Value> {
        let Callee::Indirect { table, index, .. } = *callee else { return None };
        let func = self.env.module.func_at(guess as usize);
        let place = match self.env.optimisations.fixed_tables {
            true => self.env.module.fixed_place(table, func)?,
            false => return None,
        };
        Some(self.builder.ins().icmp_imm_u(IntCC::Equal, index.value, i64::from(place)))
    }

    /// The current block is unlikely to be reached, if so.
    fn be_cold(&mut self, cold: bool) {
        if let Some(block) = self.builder.current_block().filter(|_| cold) {
            self.builder.set_cold_block(block);
        }
    }

    /// The body of a function if the call is `same`: one of it. Goes on where it is not.
    fn compare(
        &mut self,
        same: Value,
        (guess, limit): (u32, u32),
        values: &[Value],
        ty: &FuncType,
        next: Block,
    ) {
        let (hit, miss) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(same, hit, &[], miss, &[]);
        self.continue_in(hit);
        if self.inline(guess, &values[1..], ty, limit) {
            self.go_on(next);
        } else {
            self.builder.ins().jump(miss, &[]);
        }
        self.continue_in(miss);
    }

    /// Goes on behind the call with the results of one of its ways.
    fn go_on(&mut self, next: Block) {
        let results: Vec<BlockArg> = self.results.iter().map(|&value| value.into()).collect();
        self.builder.ins().jump(next, &results);
    }
}
