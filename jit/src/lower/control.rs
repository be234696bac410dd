//! Structured control flow as blocks.

use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_parser::walk::{BlockType, Control, ControlKind, Controls, Operand, Stack};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, BlockCall, InstBuilder, JumpTableData, Value};
use std::collections::HashMap;

use super::Lower;
use crate::abi::{clif_trap, clif_type};

/// Entries of one jump table; a longer `br_table` is split. Cranelift has an
/// implementation limit of about twice as many.
const MAX_JUMP_TABLE: usize = 1 << 15;

/// The blocks of a structure.
#[derive(Debug)]
pub(crate) struct Label {
    /// Where branches go: a loop's beginning, the end of anything else. Its
    /// parameters are what a branch takes along.
    target: Block,
    /// The `else` of an `if`.
    otherwise: Option<Block>,
    /// How many loops are open there, that of the structure included.
    loops: u32,
}

impl Lower<'_> {
    pub(super) fn block_with(&mut self, params: &[ValType]) -> Block {
        let block = self.builder.create_block();
        for &ty in params {
            let param = self.builder.append_block_param(block, clif_type(ty));
            self.rooted(ty, param);
        }
        block
    }

    /// Continues in a block that nothing else will branch to.
    pub(super) fn continue_in(&mut self, block: Block) {
        self.builder.switch_to_block(block);
        self.seal(block);
    }

    pub(super) fn block(&mut self, ty: BlockType) -> Label {
        let target = self.block_inside(ty.results(self.env.module));
        Label { target, otherwise: None, loops: self.loops }
    }

    pub(super) fn loop_(&mut self, stack: &mut Stack<Value>, ty: BlockType) -> Label {
        let params = ty.params(self.env.module);
        let header = self.block_with(params);
        let operands = stack.top_mut(params.len());
        let args = Self::block_args(operands);
        self.builder.ins().jump(header, &args);
        self.builder.switch_to_block(header);
        for (operand, &param) in operands.iter_mut().zip(self.builder.block_params(header)) {
            operand.value = param;
        }
        self.loops += 1;
        Label { target: header, otherwise: None, loops: self.loops }
    }

    pub(super) fn if_(&mut self, ty: BlockType, condition: Value) -> Label {
        let target = self.block_inside(ty.results(self.env.module));
        let (then, otherwise) = (self.block_inside(&[]), self.block_inside(&[]));
        self.builder.ins().brif(condition, then, &[], otherwise, &[]);
        if let Some(likely) = self.likely() {
            self.builder.set_cold_block(if likely { otherwise } else { then });
        }
        self.continue_in(then);
        Label { target, otherwise: Some(otherwise), loops: self.loops }
    }

    pub(super) fn else_(
        &mut self,
        stack: &Stack<Value>,
        control: &mut Control<Value, Label>,
        reachable: bool,
    ) {
        if reachable {
            self.fall_into_end(stack, control);
        }
        if let Some(otherwise) = control.label_mut().otherwise.take() {
            self.continue_in(otherwise);
        }
    }

    /// Whether the condition of the current branch is likely to hold: as the module says,
    /// or as was seen.
    pub(super) fn likely(&mut self) -> Option<bool> {
        self.env.hint(self.offset).or_else(|| self.seen_likely())
    }

    /// Whether the current branch was seen to be taken nearly always, or nearly never.
    pub(super) fn seen_likely(&mut self) -> Option<bool> {
        self.inlining.seen_branch(self.env, self.offset)
    }

    /// A block that is unlikely to be reached if the current one is.
    fn block_inside(&mut self, params: &[ValType]) -> Block {
        let block = self.block_with(params);
        if self.is_cold_here() {
            self.builder.set_cold_block(block);
        }
        block
    }

    fn fall_into_end(&mut self, stack: &Stack<Value>, control: &Control<Value, Label>) {
        let arity = control.ty.results(self.env.module).len();
        let args = Self::block_args(stack.top(arity));
        self.builder.ins().jump(control.label().target, &args);
    }

    pub(super) fn end(
        &mut self,
        stack: &Stack<Value>,
        control: &Control<Value, Label>,
        reachable: bool,
    ) {
        let target = control.label().target;
        self.results.clear();
        if matches!(control.kind, ControlKind::Loop(_)) {
            self.loops -= 1;
            self.check_budget(target);
            self.seal(target);
            if reachable {
                let arity = control.ty.results(self.env.module).len();
                self.results.extend(stack.top(arity).iter().map(|operand| operand.value));
            }
            return;
        }
        if reachable {
            self.fall_into_end(stack, control);
        }
        self.seal(target);
        if reachable || control.end_reached {
            self.builder.switch_to_block(target);
            self.results.extend_from_slice(self.builder.block_params(target));
        }
    }

    pub(super) fn br(
        &mut self,
        stack: &Stack<Value>,
        target: &Control<Value, Label>,
        arity: usize,
    ) {
        let args = Self::block_args(stack.top(arity));
        self.builder.ins().jump(target.label().target, &args);
    }

    pub(super) fn br_if(
        &mut self,
        stack: &Stack<Value>,
        target: &Control<Value, Label>,
        arity: usize,
        condition: Value,
        likely: Option<bool>,
    ) {
        let next = self.block_inside(&[]);
        if likely == Some(true) {
            self.builder.set_cold_block(next);
        }
        let returns = target.kind == ControlKind::Func;
        // The target has other ways in, so an unlikely way gets a block of its own. Within a
        // loop it does so only if the module says that it is unlikely: what was not seen
        // yet may still become common, and would take one jump more each time.
        let own = || self.loops > target.label().loops || self.env.hint(self.offset).is_some();
        if returns || (likely == Some(false) && own()) {
            let leave = self.block_inside(&[]);
            self.builder.ins().brif(condition, leave, &[], next, &[]);
            if likely == Some(false) {
                self.builder.set_cold_block(leave);
            }
            self.continue_in(leave);
            if returns {
                self.return_(stack);
            } else {
                self.br(stack, target, arity);
            }
        } else {
            let args = Self::block_args(stack.top(arity));
            self.builder.ins().brif(condition, target.label().target, &args, next, &[]);
        }
        self.continue_in(next);
    }

    pub(super) fn br_table(
        &mut self,
        stack: &Stack<Value>,
        controls: &Controls<Value, Label>,
        depths: &[u32],
        arity: usize,
        index: Value,
    ) {
        let Some((&default, depths)) = depths.split_last() else {
            return self.refuse("a br_table without a default target");
        };
        let mut targets = Targets { arity, edges: HashMap::new() };
        let default = targets.block(self, controls, default);
        let blocks: Vec<Block> =
            depths.iter().map(|&depth| targets.block(self, controls, depth)).collect();
        self.jump_tables(&blocks, default, index);
        let mut edges: Vec<(u32, Block)> = targets.edges.into_iter().collect();
        edges.sort_unstable();
        for (depth, edge) in edges {
            self.continue_in(edge);
            if controls.is_return(depth) {
                self.return_(stack);
            } else {
                self.br(stack, controls.target(depth), arity);
            }
        }
    }

    /// Jumps to the block with this index, or the default one.
    pub(super) fn jump_tables(&mut self, blocks: &[Block], default: Block, mut index: Value) {
        let mut chunks = blocks.chunks(MAX_JUMP_TABLE).peekable();
        if blocks.is_empty() {
            self.builder.ins().jump(default, &[]);
        }
        while let Some(chunk) = chunks.next() {
            let last = chunks.peek().is_none();
            let beyond = if last { default } else { self.builder.create_block() };
            let table = self.jump_table(chunk, beyond);
            self.builder.ins().br_table(index, table);
            if !last {
                self.continue_in(beyond);
                let count = chunk.len() as i64;
                // An index below the chunk's end never gets here.
                index = self.builder.ins().iadd_imm_s(index, -count);
            }
        }
    }

    fn jump_table(&mut self, blocks: &[Block], default: Block) -> cranelift_codegen::ir::JumpTable {
        let pool = &mut self.builder.func.dfg.value_lists;
        let no_args: [BlockArg; 0] = [];
        let mut call = |block| BlockCall::new(block, no_args.iter().copied(), pool);
        let default = call(default);
        let entries: Vec<BlockCall> = blocks.iter().map(|&block| call(block)).collect();
        self.builder.create_jump_table(JumpTableData::new(default, &entries))
    }

    pub(super) fn return_(&mut self, stack: &Stack<Value>) {
        let top = stack.top(self.body.arity).iter();
        let values: Vec<Value> = top.map(|operand| operand.value).collect();
        if !self.return_to_caller(&values) && !self.return_to_frame(&values) {
            self.builder.ins().return_(&values);
        }
    }

    pub(super) fn unreachable(&mut self) {
        if let Some(block) = self.builder.current_block()
            && block != self.entry
        {
            self.builder.set_cold_block(block);
        }
        // Keeps the optimiser from making the branch to this block trap in its
        // place: the trap would then be said to be where the branch is.
        self.builder.ins().sequence_point();
        self.builder.ins().trap(clif_trap(TrapCode::Unreachable));
    }

    pub(super) fn select(&mut self, a: Value, b: Value, condition: Value) -> Value {
        self.builder.ins().select(condition, a, b)
    }

    /// Traps if an index operand is not below a 64-bit length.
    pub(super) fn check_index(
        &mut self,
        index: Operand<Value>,
        len: Value,
        code: TrapCode,
    ) -> Value {
        let index = self.index(index);
        let outside = self.builder.ins().icmp(IntCC::UnsignedGreaterThanOrEqual, index, len);
        self.trap_if(outside, code);
        index
    }
}

/// The blocks that a `br_table` jumps to: one of its own for each target that
/// returns or takes operands along, made once however often the target occurs.
struct Targets {
    arity: usize,
    edges: HashMap<u32, Block>,
}

impl Targets {
    fn block(
        &mut self,
        lower: &mut Lower<'_>,
        controls: &Controls<Value, Label>,
        depth: u32,
    ) -> Block {
        if self.arity == 0 && !controls.is_return(depth) {
            return controls.target(depth).label().target;
        }
        *self.edges.entry(depth).or_insert_with(|| lower.builder.create_block())
    }
}
