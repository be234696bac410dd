//! Tail calls: the callee takes the place of the function's frame, whatever room
//! the arguments of either need on the stack.
//!
//! A function that goes on to itself is a loop. So are several that go on to each other:
//! then the bodies of the others follow in the code of each. Headers lie where a body
//! begins: there the parameters are what the call passes, and all other locals become
//! zero again. Handlers need no thought: each call names those of the `try_table`s
//! around it.

use bimetal_core::index::{TableIdx, TypeIdx};
use bimetal_core::types::{FuncType, ValType};
use bimetal_parser::walk::{Callee, FuncInfo, Operand, Stack, walk_inlined};
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use cranelift_frontend::Variable;

use super::Lower;
use super::call::Entry;
use super::inline::Body;
use crate::abi::Shape;
use crate::env::Symbol;
use crate::tails::{self, MAX_CHOICES};

/// Where tail calls of a function jump to.
#[derive(Default)]
pub(super) struct Tails {
    /// The functions that they may jump to.
    set: Vec<u32>,
    /// Those that they do, and where their bodies begin; the function itself first.
    headers: Vec<(u32, Block)>,
    /// The parameters of functions, which those of equal types share.
    params: Vec<(Box<[ValType]>, Vec<Variable>)>,
    /// Elements that jumps through tables choose from.
    choices: usize,
}

impl Lower<'_> {
    pub(super) fn return_call(
        &mut self,
        stack: &Stack<Value>,
        callee: Callee<Value>,
        ty: &FuncType,
    ) {
        if self.tail_call_in_frame(stack, callee, ty) {
            return;
        }
        let mut values = self.arguments(stack, ty);
        match callee {
            Callee::Direct(func) if let Some(header) = self.header(self.env.defined(func)) => {
                self.pass(ty, &values[1..]);
                self.builder.ins().jump(header, &[]);
                return;
            }
            Callee::Indirect { table, ty: of, index } => {
                self.choose((table, of), index, ty, &values[1..]);
            }
            _ => {}
        }
        match self.entry(callee) {
            Entry::Defined(defined) => {
                let callee = self.callee(Symbol::Defined(defined), || Shape::new(ty).native());
                self.builder.ins().return_call(callee, &values);
            }
            Entry::Slot { code, cx } => {
                let native = self.native(code);
                values[0] = cx;
                let sig = self.builder.import_signature(Shape::new(ty).native());
                self.builder.ins().return_call_indirect(sig, native, &values);
            }
        }
    }

    /// The parameters have their values: if the function may go on to itself, its loop
    /// begins. What begins at one of its inner loops leaves tail calls to the
    /// interpreter.
    pub(super) fn begin_tails(&mut self, info: &FuncInfo<'_>) {
        let Some(itself) = self.env.defined(info.func).filter(|_| self.body.osr.is_none()) else {
            return;
        };
        let set = self.inlining.tails(self.env);
        if set.is_empty() {
            return;
        }
        let header = self.builder.create_block();
        self.builder.ins().jump(header, &[]);
        self.builder.switch_to_block(header);
        let params = vec![(info.ty.params.clone(), self.body.locals.clone())];
        self.tails = Tails { set, headers: vec![(itself, header)], params, choices: 0 };
    }

    /// The function's own body is complete: those follow that its tail calls and theirs
    /// jump to.
    pub(super) fn end_tails(&mut self) {
        let mut next = 1;
        while let Some(&(defined, header)) = self.tails.headers.get(next)
            && self.refused.is_none()
        {
            next += 1;
            self.inlining.goes_on_to(self.env, defined);
            self.builder.switch_to_block(header);
            let begin = |lower: &mut Self, info: &FuncInfo<'_>| lower.enter_gone_on_to(info);
            match walk_inlined(self.env.module, defined as usize, self, begin) {
                Ok(slots) => self.inlined_slots += slots,
                Err(error) => self.refuse(error.to_string()),
            }
        }
        for (_, header) in std::mem::take(&mut self.tails).headers {
            self.check_budget(header);
            self.seal(header);
        }
    }

    /// The locals of a body that tail calls jump to.
    fn enter_gone_on_to(&mut self, info: &FuncInfo<'_>) {
        let locals = self.params(&info.ty.params).to_vec();
        let others = &info.locals[locals.len()..];
        let arity = info.ty.results.len();
        let defined = self.env.module.defined_index(info.func).unwrap_or_default();
        self.body = Body { locals, arity, defined, gone_on_to: true, ..Body::default() };
        // Many places lead here, none of them through the body that came before.
        self.bounds.forget();
        self.declare_zeros(others);
    }

    /// Where the body of a function begins, if tail calls jump there.
    fn header(&mut self, defined: Option<u32>) -> Option<Block> {
        let defined = defined?;
        let known = self.tails.headers.iter().find(|header| header.0 == defined);
        if known.is_some() || !self.tails.set.contains(&defined) {
            return known.map(|header| header.1);
        }
        let header = self.builder.create_block();
        self.tails.headers.push((defined, header));
        Some(header)
    }

    /// What a header takes for the parameters of a function of these types.
    fn params(&mut self, types: &[ValType]) -> &[Variable] {
        let known = self.tails.params.iter().position(|of| *of.0 == *types);
        let at = known.unwrap_or_else(|| {
            let variables = types.iter().map(|&ty| self.variable(ty)).collect();
            self.tails.params.push((types.into(), variables));
            self.tails.params.len() - 1
        });
        &self.tails.params[at].1
    }

    /// Makes the arguments the parameters of a function that is jumped to.
    fn pass(&mut self, ty: &FuncType, args: &[Value]) {
        let params = self.params(&ty.params).to_vec();
        for (variable, &arg) in params.into_iter().zip(args) {
            self.builder.def_var(variable, arg);
        }
    }

    /// Jumps to the function of a table at an index if there is a header for it; goes on
    /// where there is none. Elements that never change tell by the index alone.
    fn choose(
        &mut self,
        (table, of): (TableIdx, TypeIdx),
        index: Operand<Value>,
        ty: &FuncType,
        args: &[Value],
    ) {
        let fixed = self.env.optimisations.fixed_tables && index.ty == ValType::I32;
        if self.tails.set.is_empty() || !fixed {
            return;
        }
        let elements = tails::elements(self.env.module, table, of);
        let choices = self.tails.choices + elements.len();
        let in_set = |func: &u32| self.tails.set.contains(func);
        if choices > MAX_CHOICES || !elements.iter().flatten().any(in_set) {
            return;
        }
        self.tails.choices = choices;
        let miss = self.builder.create_block();
        self.builder.set_cold_block(miss);
        let headers = elements.into_iter().map(|func| self.header(func).unwrap_or(miss));
        let headers: Vec<Block> = headers.collect();
        self.pass(ty, args);
        self.jump_tables(&headers, miss, index.value);
        self.continue_in(miss);
    }
}
