//! Exceptions. A call inside a `try_table` is one that may also lead to the
//! handlers; outside of all of them calls are what they always are.

use bimetal_core::index::TagIdx;
use bimetal_core::ops::gc::GcBuiltinOp;
use bimetal_core::ops::slow::SlowImm;
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ValType;
use bimetal_parser::walk::{BlockType, Catch, Extend};
use bimetal_runtime::gc::layout::Field;
use bimetal_runtime::layout::CX_GC_BUILTINS;
use cranelift_codegen::ir::{
    Block, BlockArg, BlockCall, ExceptionTable, ExceptionTableData, ExceptionTableItem,
    ExceptionTag, FuncRef, InstBuilder, SigRef, Type, Value, types,
};

use super::gc_access::Place;
use super::{Label, Lower};
use crate::abi::{self, PTR, clif_trap, slots};
use crate::env::{CONSTANT, Symbol};
use crate::stub::store_slots;

/// A clause of a `try_table`: its tag, and the block that is given the exception.
pub(super) type Clause = (Option<TagIdx>, Block);

impl Lower<'_> {
    /// Whether a call can lead to a handler.
    pub(super) fn inside_try(&self) -> bool {
        self.tries.iter().any(|clauses| !clauses.is_empty())
    }

    pub(super) fn begin_try(&mut self, ty: BlockType, catches: &[Catch]) -> Label {
        let mut clauses = Vec::with_capacity(catches.len());
        for catch in catches {
            let block = self.block_with(&[ValType::I64]);
            self.builder.set_cold_block(block);
            clauses.push((catch.tag, block));
        }
        self.tries.push(clauses);
        self.block(ty)
    }

    pub(super) fn end_try(&mut self) {
        self.ended = self.tries.pop().unwrap_or_default();
    }

    /// The handler of a clause of the `try_table` whose body ended last.
    pub(super) fn landing(
        &mut self,
        catch: Catch,
        clause: usize,
        types: &[ValType],
        values: &mut Vec<Value>,
    ) {
        let (_, block) = self.ended[clause];
        self.continue_in(block);
        let exception = self.builder.block_params(block)[0];
        if let Some(tag) = catch.tag {
            let ty = self.env.module.tags[tag.index()];
            let address = self.object_address(exception);
            for &Field { offset, kind } in &self.env.objects[ty.index()].fields {
                let place = Place { address, offset: offset as i32, kind, null: None };
                values.push(self.read_place(&place, Extend::None));
            }
        }
        if catch.with_ref {
            values.push(exception);
        }
        for (&ty, value) in types.iter().zip(values) {
            *value = self.rooted(ty, *value);
        }
    }

    /// Throws: the builtin makes the exception from the operands.
    pub(super) fn throw(&mut self, op: GcBuiltinOp, imm: SlowImm, operands: &[Value]) {
        let count = operands.iter().map(|&v| slots(self.builder.func.dfg.value_type(v))).sum();
        let address = self.operands(count, operands);
        let builtin = self.builtin_address(op);
        let imm = self.builder.ins().iconst(types::I64, imm.pack() as i64);
        let args = [self.cx, builtin, imm, address];
        let stub = self.callee(Symbol::Throw, abi::throw);
        if self.inside_try() {
            self.try_call(stub, &args, &[]);
        } else {
            self.builder.ins().call(stub, &args);
        }
        // Nothing comes back.
        self.builder.ins().trap(clif_trap(TrapCode::Unreachable));
    }

    /// A place on the stack for so many slots that begins with these values.
    fn operands(&mut self, count: u32, values: &[Value]) -> Value {
        let slot = self.operand_area(8 * count.max(1));
        let address = self.builder.ins().stack_addr(PTR, slot, 0);
        store_slots(&mut self.builder, values, address);
        address
    }

    /// The address of a function of the runtime.
    fn builtin_address(&mut self, op: GcBuiltinOp) -> Value {
        let builtins = self.cx_constant(PTR, CX_GC_BUILTINS);
        let offset = op as i32 * PTR.bytes() as i32;
        self.builder.ins().load(PTR, CONSTANT, builtins, offset)
    }

    /// A direct call that leads to a handler if an exception comes out of it.
    pub(super) fn try_call(&mut self, callee: FuncRef, args: &[Value], results: &[Type]) {
        let sig = self.builder.func.dfg.ext_funcs[callee].signature;
        let (table, next) = self.handlers(sig, results);
        self.builder.ins().try_call(callee, args, table);
        self.returned(next);
    }

    /// The same for a call through an address.
    pub(super) fn try_call_indirect(
        &mut self,
        sig: SigRef,
        callee: Value,
        args: &[Value],
        results: &[Type],
    ) {
        let (table, next) = self.handlers(sig, results);
        self.builder.ins().try_call_indirect(callee, args, table);
        self.returned(next);
    }

    /// The clauses of all open `try_table`s, and the block that is given the
    /// results.
    fn handlers(&mut self, sig: SigRef, results: &[Type]) -> (ExceptionTable, Block) {
        let next = self.builder.create_block();
        for &ty in results {
            self.builder.append_block_param(next, ty);
        }
        let pool = &mut self.builder.func.dfg.value_lists;
        let mut items = vec![ExceptionTableItem::Context(self.cx)];
        'all: for clauses in self.tries.iter().rev() {
            for &(tag, block) in clauses {
                let call = BlockCall::new(block, [BlockArg::TryCallExn(0)], pool);
                match tag {
                    Some(tag) => {
                        let tag = ExceptionTag::from_u32(tag.0);
                        items.push(ExceptionTableItem::Tag(tag, call));
                    }
                    None => {
                        items.push(ExceptionTableItem::Default(call));
                        // Nothing gets past it.
                        break 'all;
                    }
                }
            }
        }
        let values = (0..results.len() as u32).map(BlockArg::TryCallRet);
        let normal = BlockCall::new(next, values, pool);
        let data = ExceptionTableData::new(sig, normal, items);
        (self.builder.func.dfg.exception_tables.push(data), next)
    }

    /// Goes on behind a call that has returned.
    fn returned(&mut self, next: Block) {
        self.continue_in(next);
        self.results.clear();
        self.results.extend_from_slice(self.builder.block_params(next));
    }
}
