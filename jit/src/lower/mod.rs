//! From the walker's verbs to CLIF.
//!
//! [`Lower`] is the JIT's [`Backend`]: a switchboard to one file per family of
//! instructions. Operands are CLIF values, locals are variables of the frontend,
//! structures are blocks whose parameters carry the operands along.

mod atomic;
mod backend;
mod bounds;
mod bulk;
mod call;
mod control;
mod convert;
mod exception;
mod gc;
mod gc_access;
mod gc_alloc;
mod gc_cast;
mod global;
mod guess;
mod inline;
mod mem;
mod narrow;
mod num;
mod osr;
mod product;
mod reference;
mod run;
mod slow;
mod sums;
mod table;
mod tail;
mod vec;
mod vec_mem;
mod vec_steps;
mod wide;

use std::collections::HashMap;

use bimetal_core::index::LocalIdx;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_core::value::{Slot, V128};
use bimetal_parser::walk::{FuncInfo, Operand};
use cranelift_codegen::ir::immediates::{Ieee32, Ieee64};
use cranelift_codegen::ir::{
    self, Block, FuncRef, GlobalValueData, InstBuilder, MemFlagsData, SourceLoc, StackSlot, Type,
    Value, types,
};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, Variable};

use bimetal_runtime::layout::{CX_STORE, STORE_STACK_LIMIT};

use crate::abi::{PTR, clif_trap, clif_type};
use crate::budget::{MAX_ALIVE_WORK, MAX_HEADER_WORK, MAX_STACK_MAP_WORK, MAX_VALUES};
use crate::env::{CONSTANT, ModuleEnv, Region, Symbol};
use crate::error::JitError;
use crate::inline::Inlining;

pub(crate) use control::Label;

/// Where the code of a function begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Start {
    /// Where calls enter it.
    Entry,
    /// At the header of the loop with this number.
    Loop(u32),
}

/// The state of the translation of one function.
pub(crate) struct Lower<'a> {
    pub(crate) builder: FunctionBuilder<'a>,
    pub(crate) env: &'a ModuleEnv<'a>,
    config: TargetFrontendConfig,
    /// The context: the function's first parameter.
    cx: Value,
    entry: Block,
    /// What belongs to the innermost function whose body is open.
    body: inline::Body,
    /// Where tail calls jump to.
    tails: tail::Tails,
    /// What is taken into the function.
    inlining: &'a mut Inlining,
    /// Where operands of builtins are put that take them from memory.
    operands: Option<StackSlot>,
    /// The results of the last call or of the structure that just ended.
    results: Vec<Value>,
    /// The clauses of the open `try_table`s, outermost first.
    tries: Vec<Vec<exception::Clause>>,
    /// Those of the one whose body ended last.
    ended: Vec<exception::Clause>,
    /// Functions that are called directly.
    callees: HashMap<Symbol, FuncRef>,
    /// The byte offset of the current instruction.
    offset: u32,
    /// Its position, which is its offset unless its body stands in place of a call.
    position: u32,
    /// Variables, those of all bodies.
    variables: usize,
    /// Slots of bodies in place of calls.
    inlined_slots: u32,
    /// Loops that are open.
    loops: u32,
    /// Calls that are not tail calls.
    safepoints: u64,
    /// What is known of addresses.
    bounds: bounds::Bounds,
    /// Accesses at sums of 32 bits.
    sums: Vec<sums::AtSum>,
    /// What runs use, once there is one.
    run_slot: Option<StackSlot>,
    /// Locals that a collection follows.
    collected_locals: u64,
    /// Other values that a collection follows.
    collected_values: u64,
    /// Squares of the numbers of locals that loop headers were asked for.
    header_work: u64,
    /// Why the function cannot be compiled, if a verb that cannot fail found out.
    refused: Option<JitError>,
}

impl<'a> Lower<'a> {
    pub(crate) fn new(
        builder: FunctionBuilder<'a>,
        env: &'a ModuleEnv<'a>,
        config: TargetFrontendConfig,
        start: Start,
        inlining: &'a mut Inlining,
    ) -> Lower<'a> {
        let osr = match start {
            Start::Entry => None,
            Start::Loop(number) => Some(osr::Osr::new(number)),
        };
        Lower {
            builder,
            env,
            config,
            cx: Value::from_u32(0),
            entry: Block::from_u32(0),
            body: inline::Body { osr, ..inline::Body::default() },
            tails: tail::Tails::default(),
            inlining,
            operands: None,
            results: Vec::new(),
            tries: Vec::new(),
            ended: Vec::new(),
            callees: HashMap::new(),
            offset: 0,
            position: 0,
            variables: 0,
            inlined_slots: 0,
            loops: 0,
            safepoints: 0,
            bounds: bounds::Bounds::default(),
            sums: Vec::new(),
            run_slot: None,
            collected_locals: 0,
            collected_values: 0,
            header_work: 0,
            refused: None,
        }
    }

    /// Makes the entry block: the context, the parameters, zeroed locals.
    fn enter(&mut self, info: &FuncInfo<'_>) {
        let entry = self.builder.create_block();
        self.entry = entry;
        self.builder.append_block_params_for_function_params(entry);
        self.builder.switch_to_block(entry);
        self.builder.seal_block(entry);
        self.declare_stack_limit();
        self.cx = self.builder.block_params(entry)[0];
        self.body.arity = info.ty.results.len();
        self.body.defined = self.env.module.defined_index(info.func).unwrap_or_default();
        self.begin_osr(info);
        let params = if self.body.osr.is_some() { 0 } else { info.ty.params.len() };
        for (index, &ty) in info.locals[..params].iter().enumerate() {
            let value = self.builder.block_params(entry)[index + 1];
            self.declare_local(ty, value);
        }
        self.begin_tails(info);
        self.declare_zeros(&info.locals[params..]);
    }

    /// Locals that begin as zero.
    fn declare_zeros(&mut self, locals: &[ValType]) {
        let mut zeros: [Option<(Type, Value)>; 5] = [None; 5];
        for &ty in locals {
            let zero = self.zero(clif_type(ty), &mut zeros);
            self.declare_local(ty, zero);
        }
    }

    /// The next local, with the value that it has in the current block.
    fn declare_local(&mut self, ty: ValType, value: Value) {
        let variable = self.variable(ty);
        self.builder.def_var(variable, value);
        self.body.locals.push(variable);
    }

    /// A variable that has no value yet.
    fn variable(&mut self, ty: ValType) -> Variable {
        let variable = self.builder.declare_var(clif_type(ty));
        if self.env.module.is_collected(ty) {
            self.builder.declare_var_needs_stack_map(variable);
            self.collected_locals += 1;
        }
        self.variables += 1;
        variable
    }

    /// The zero of a type, made once per function.
    fn zero(&mut self, ty: Type, zeros: &mut [Option<(Type, Value)>]) -> Value {
        if let Some(known) = zeros.iter().flatten().find(|zero| zero.0 == ty) {
            return known.1;
        }
        let value = match ty {
            types::F32 => self.builder.ins().f32const(Ieee32::with_bits(0)),
            types::F64 => self.builder.ins().f64const(Ieee64::with_bits(0)),
            types::I8X16 => self.vec_const(V128::default()),
            _ => self.builder.ins().iconst(ty, 0),
        };
        if let Some(free) = zeros.iter_mut().find(|zero| zero.is_none()) {
            *free = Some((ty, value));
        }
        value
    }

    /// Has the prologue compare the stack pointer with the store's limit.
    fn declare_stack_limit(&mut self) {
        let func = &mut self.builder.func;
        let constant = func.dfg.mem_flags.insert_unchecked(CONSTANT);
        let flags = Region::Vm.trusted(func);
        let mutable = func.dfg.mem_flags.insert_unchecked(flags);
        let cx = func.create_global_value(GlobalValueData::VMContext);
        let load = |base, offset: i32, flags| GlobalValueData::Load {
            base,
            offset: offset.into(),
            global_type: PTR,
            flags,
        };
        let store = func.create_global_value(load(cx, CX_STORE, constant));
        let limit = func.create_global_value(load(store, STORE_STACK_LIMIT, mutable));
        func.stack_limit = Some(limit);
    }

    /// A load from the context of something that never changes.
    fn cx_constant(&mut self, ty: Type, offset: i32) -> Value {
        self.builder.ins().load(ty, CONSTANT, self.cx, offset)
    }

    /// Flags of an access to a part of memory that cannot fault.
    fn trusted(&mut self, region: Region) -> MemFlagsData {
        region.trusted(self.builder.func)
    }

    fn constant(&mut self, ty: ValType, bits: Slot) -> Value {
        let ins = self.builder.ins();
        match ty {
            ValType::I32 => ins.iconst(types::I32, i64::from(bits.u32())),
            ValType::F32 => ins.f32const(Ieee32::with_bits(bits.u32())),
            ValType::F64 => ins.f64const(Ieee64::with_bits(bits.bits())),
            _ => ins.iconst(types::I64, bits.bits() as i64),
        }
    }

    /// A value of this type: if it is a reference that a collection follows, every
    /// call on its way is told where it is kept meanwhile.
    fn rooted(&mut self, ty: ValType, value: Value) -> Value {
        if self.env.module.is_collected(ty) {
            self.builder.declare_value_needs_stack_map(value);
            self.collected_values += 1;
        }
        value
    }

    /// Traps if the condition is not zero.
    fn trap_if(&mut self, condition: Value, code: TrapCode) {
        self.builder.ins().trapnz(condition, clif_trap(code));
    }

    /// An index or length operand as 64 bits: 32-bit ones are unsigned.
    fn index(&mut self, operand: Operand<Value>) -> Value {
        match operand.ty {
            ValType::I32 => self.builder.ins().uextend(types::I64, operand.value),
            _ => operand.value,
        }
    }

    /// A 64-bit length as the type of an index.
    fn length_as(&mut self, value: Value, ty: ValType) -> Value {
        match ty {
            ValType::I32 => self.builder.ins().ireduce(types::I32, value),
            _ => value,
        }
    }

    fn local_get(&mut self, local: LocalIdx, ty: ValType) -> Value {
        if self.refused.is_some() {
            // Would only add to what is too much already.
            return self.zero(clif_type(ty), &mut [None; 5]);
        }
        self.builder.use_var(self.body.locals[local.index()])
    }

    fn local_set(&mut self, local: LocalIdx, value: Value) {
        self.builder.def_var(self.body.locals[local.index()], value);
    }

    /// Declares that all branches to the block have been made. Not for a function
    /// that is refused: this is what adds parameters to blocks.
    fn seal(&mut self, block: Block) {
        if self.refused.is_none() {
            self.builder.seal_block(block);
        }
    }

    /// Refuses the function if its CLIF has grown, or is about to grow, beyond all
    /// measure. Called before the header of a loop is sealed: that is when the
    /// frontend finds out which locals need a parameter there, and removing the
    /// others takes time quadratic in their number.
    fn check_budget(&mut self, header: Block) {
        let params = self.builder.block_params(header).len() as u64;
        self.header_work += params * params;
        if self.header_work > MAX_HEADER_WORK {
            self.refuse("the function is too complex");
        }
    }

    /// Refuses the function; the walk ends before its next instruction.
    fn refuse(&mut self, message: impl Into<String>) {
        let error = JitError::new(message).at(self.offset);
        self.refused.get_or_insert(error);
    }

    /// Refuses the function if stack maps would grow beyond all measure: the frontend
    /// lists what is alive at every call and every block.
    fn check_stack_maps(&mut self, operand_slots: u32) {
        let alive = self.collected_values.min(operand_slots.into()) + self.collected_locals;
        let blocks = self.builder.func.dfg.num_blocks() as u64;
        if (self.safepoints + blocks).saturating_mul(alive) > MAX_STACK_MAP_WORK {
            self.refuse("the function keeps too many references across calls");
        }
    }

    fn finish(mut self, operand_slots: u32) -> Result<(), JitError> {
        self.end_tails();
        self.check_stack_maps(operand_slots + self.inlined_slots);
        if let Some(error) = self.refused {
            return Err(error);
        }
        self.take_sums_apart();
        self.builder.finalize(self.config);
        Ok(())
    }

    /// Whether the function is still worth going on.
    fn at(&mut self, offset: u32) -> bool {
        self.offset = offset;
        self.position = self.position_of(offset);
        self.builder.set_srcloc(SourceLoc::new(self.position));
        let (blocks, values) =
            (self.builder.func.dfg.num_blocks(), self.builder.func.dfg.num_values());
        if values > MAX_VALUES || (blocks * self.variables) as u64 > MAX_ALIVE_WORK {
            self.refuse("the function is too complex");
        }
        self.refused.is_none()
    }

    /// The values of operands as arguments of a branch.
    fn block_args(operands: &[Operand<Value>]) -> Vec<ir::BlockArg> {
        operands.iter().map(|operand| operand.value.into()).collect()
    }
}
