//! Instrumenting one function.
//!
//! Operands are kept in new locals while a trace function is told of them; what
//! lies below them on the stack is not touched. The whole body becomes a block,
//! so that its label is the function's own and `return` a branch to it.

use wasm_encoder::reencode::Reencode as _;
use wasm_encoder::{BlockType, Function, Instruction, ValType};
use wasmparser::{FunctionBody, MemArg, MemArgTarget, Operator};

use super::instrument::{ReencodeResult, Rewriter};
use super::point::Kind;

/// A function body with its points.
pub(super) fn instrument(
    rewriter: &mut Rewriter,
    func: u32,
    body: &FunctionBody<'_>,
) -> ReencodeResult<Function> {
    let mut writer = Writer::new(rewriter, func, Some(body))?;
    let params = writer.params;
    let (start, end) = (body.range().start, body.range().end);
    writer.tell_locals(Kind::Enter, start, 0..params)?;
    let block = writer.rewriter.results_type(func);
    writer.emit(Instruction::Block(BlockType::FunctionType(block)));
    let mut reader = body.get_operators_reader()?;
    let mut depth = 0_u32;
    while !reader.eof() {
        let (operator, offset) = reader.read_with_offset()?;
        match &operator {
            Operator::Block { .. }
            | Operator::Loop { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. } => depth += 1,
            // The last one ends the block around the body.
            Operator::End => depth = depth.saturating_sub(1),
            Operator::Return => {
                writer.emit(Instruction::Br(depth));
                continue;
            }
            _ => writer.tell_write(&operator, offset)?,
        }
        let instruction = writer.rewriter.instruction(operator)?;
        writer.emit(instruction);
    }
    writer.tell_results(Kind::Exit, end.saturating_sub(1))?;
    writer.emit(Instruction::End);
    Ok(writer.function)
}

/// The function that stands for an imported one.
pub(super) fn wrapper(rewriter: &mut Rewriter, import: u32) -> ReencodeResult<Function> {
    let mut writer = Writer::new(rewriter, import, None)?;
    let params = writer.params;
    writer.tell_locals(Kind::HostEnter, 0, 0..params)?;
    writer.call("host_begin");
    (0..params).for_each(|param| writer.emit(Instruction::LocalGet(param)));
    writer.emit(Instruction::Call(import));
    writer.tell_results(Kind::HostExit, 0)?;
    writer.call("host_end");
    writer.emit(Instruction::End);
    Ok(writer.function)
}

struct Writer<'a> {
    rewriter: &'a mut Rewriter,
    func: u32,
    function: Function,
    params: u32,
    /// The first of the locals that hold results.
    results: u32,
    /// The type of every local.
    types: Vec<ValType>,
}

/// Types of the locals that hold operands: three of each, for a bulk instruction
/// takes three.
const SCRATCH: [ValType; 5] =
    [ValType::I32, ValType::I64, ValType::F32, ValType::F64, ValType::V128];

impl<'a> Writer<'a> {
    fn new(
        rewriter: &'a mut Rewriter,
        func: u32,
        body: Option<&FunctionBody<'_>>,
    ) -> ReencodeResult<Writer<'a>> {
        let ty = rewriter.plan.func_type(func).cloned();
        let (params, results) = match &ty {
            Some(ty) => (ty.params().to_vec(), ty.results().to_vec()),
            None => (Vec::new(), Vec::new()),
        };
        let mut types = rewriter.val_types(params)?;
        let params = types.len() as u32;
        if let Some(body) = body {
            for local in body.get_locals_reader()? {
                let (count, ty) = local?;
                let ty = rewriter.val_type(ty)?;
                types.extend(std::iter::repeat_n(ty, count as usize));
            }
        }
        for ty in SCRATCH {
            types.extend([ty; 3]);
        }
        let first_result = types.len() as u32;
        types.extend(rewriter.val_types(results)?);
        let function = Function::new_with_locals_types(types[params as usize..].iter().copied());
        Ok(Writer { rewriter, func, function, params, results: first_result, types })
    }

    fn emit(&mut self, instruction: Instruction<'_>) {
        self.function.instruction(&instruction);
    }

    fn call(&mut self, trace: &str) {
        let trace = self.rewriter.trace(trace);
        self.emit(Instruction::Call(trace));
    }

    /// A local for the operand at this place of an instruction.
    fn scratch(&self, ty: ValType, place: u32) -> u32 {
        let kind = SCRATCH.iter().position(|&scratch| scratch == ty).unwrap_or(0) as u32;
        self.results - SCRATCH.len() as u32 * 3 + kind * 3 + place
    }

    fn tell_locals(
        &mut self,
        kind: Kind,
        offset: u64,
        locals: impl IntoIterator<Item = u32>,
    ) -> ReencodeResult<()> {
        let point = self.rewriter.point(kind, self.func, offset);
        self.emit(Instruction::I32Const(point));
        self.call("point");
        for local in locals {
            self.emit(Instruction::LocalGet(local));
            let trace = match self.types[local as usize] {
                ValType::I32 => "i32",
                ValType::I64 => "i64",
                ValType::F32 => "f32",
                ValType::F64 => "f64",
                ValType::V128 => "v128",
                ValType::Ref(_) => {
                    self.emit(Instruction::RefIsNull);
                    "null"
                }
            };
            self.call(trace);
        }
        Ok(())
    }

    /// Tells the values on the stack that are the function's results.
    fn tell_results(&mut self, kind: Kind, offset: u64) -> ReencodeResult<()> {
        let results = self.results..self.types.len() as u32;
        for local in results.clone().rev() {
            self.emit(Instruction::LocalSet(local));
        }
        self.tell_locals(kind, offset, results.clone())?;
        results.for_each(|local| self.emit(Instruction::LocalGet(local)));
        Ok(())
    }

    /// Tells the operands on the stack, which stay there.
    fn tell_operands(&mut self, kind: Kind, offset: u64, types: &[ValType]) -> ReencodeResult<()> {
        let locals: Vec<u32> =
            types.iter().enumerate().map(|(at, &ty)| self.scratch(ty, at as u32)).collect();
        locals.iter().rev().for_each(|&local| self.emit(Instruction::LocalSet(local)));
        self.tell_locals(kind, offset, locals.iter().copied())?;
        locals.iter().for_each(|&local| self.emit(Instruction::LocalGet(local)));
        Ok(())
    }

    /// Tells what an instruction is about to write, if it writes.
    fn tell_write(&mut self, operator: &Operator<'_>, offset: u64) -> ReencodeResult<()> {
        if let Some((arg, value)) = store(operator) {
            let MemArgTarget::Memory(memory) = arg.target else { return Ok(()) };
            let kind = Kind::Store { memory, static_offset: arg.offset };
            let address = self.address(memory)?;
            return self.tell_operands(kind, offset, &[address, value]);
        }
        match *operator {
            Operator::GlobalSet { global_index } => {
                let global = self.rewriter.plan.globals.get(global_index as usize);
                let Some(ty) = global.map(|global| global.content_type) else { return Ok(()) };
                let ty = self.rewriter.val_type(ty)?;
                if matches!(ty, ValType::Ref(_)) {
                    return Ok(());
                }
                self.tell_operands(Kind::Global(global_index), offset, &[ty])
            }
            Operator::MemoryGrow { mem } => {
                let address = self.address(mem)?;
                self.tell_operands(Kind::Grow, offset, &[address])
            }
            Operator::MemoryFill { mem } => {
                let address = self.address(mem)?;
                self.tell_operands(Kind::Bulk, offset, &[address, ValType::I32, address])
            }
            Operator::MemoryInit { mem, .. } => {
                let address = self.address(mem)?;
                self.tell_operands(Kind::Bulk, offset, &[address, ValType::I32, ValType::I32])
            }
            Operator::MemoryCopy { dst_mem, src_mem } => {
                let (to, from) = (self.address(dst_mem)?, self.address(src_mem)?);
                let len = if to == ValType::I64 { from } else { to };
                self.tell_operands(Kind::Bulk, offset, &[to, from, len])
            }
            _ => Ok(()),
        }
    }

    fn address(&mut self, memory: u32) -> ReencodeResult<ValType> {
        self.rewriter.val_type(self.rewriter.plan.address(memory))
    }
}

/// The memory argument and the type of the value of a store.
fn store(operator: &Operator<'_>) -> Option<(MemArg, ValType)> {
    Some(match *operator {
        Operator::I32Store { memarg }
        | Operator::I32Store8 { memarg }
        | Operator::I32Store16 { memarg }
        | Operator::I32AtomicStore { memarg }
        | Operator::I32AtomicStore8 { memarg }
        | Operator::I32AtomicStore16 { memarg } => (memarg, ValType::I32),
        Operator::I64Store { memarg }
        | Operator::I64Store8 { memarg }
        | Operator::I64Store16 { memarg }
        | Operator::I64Store32 { memarg }
        | Operator::I64AtomicStore { memarg }
        | Operator::I64AtomicStore8 { memarg }
        | Operator::I64AtomicStore16 { memarg }
        | Operator::I64AtomicStore32 { memarg } => (memarg, ValType::I64),
        Operator::F32Store { memarg } => (memarg, ValType::F32),
        Operator::F64Store { memarg } => (memarg, ValType::F64),
        Operator::V128Store { memarg }
        | Operator::V128Store8Lane { memarg, .. }
        | Operator::V128Store16Lane { memarg, .. }
        | Operator::V128Store32Lane { memarg, .. }
        | Operator::V128Store64Lane { memarg, .. } => (memarg, ValType::V128),
        _ => return None,
    })
}
