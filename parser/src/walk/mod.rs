//! One walker for every tier: from a function body to the verbs of a
//! [`Backend`].
//!
//! The walker keeps the types, the control stack, reachability, loop numbers and
//! the **canonical slot** of every local and operand. Slots are 64 bits wide:
//! locals come first, in order, then the operands from the bottom of the stack;
//! a vector takes two. Because this code alone assigns them, every tier can
//! describe a frame at a call or a loop header in the same terms.
//!
//! Unreachable code is decoded but no verb is called for it.

mod atomic;
mod backend;
mod blocks;
mod body;
mod byteloop;
mod calls;
mod control;
mod exceptions;
mod gc;
mod info;
mod ops;
mod outline;
mod rows;
mod stack;
#[cfg(test)]
mod tests;
mod vec;

pub use backend::Backend;
pub use control::{BlockType, Control, ControlKind, Controls};
pub use exceptions::Catch;
pub use gc::{BrOnCast, Extend, GcOp};
pub use info::{Callee, FuncInfo, MemArg};
pub use outline::Outline;
pub use stack::{Operand, Stack};

use std::convert::Infallible;

use bimetal_core::index::FuncIdx;
use bimetal_core::types::ValType;
use wasmparser::{Operator, OperatorsReader};

use crate::error::{Error, ErrorKind};
use crate::module::Module;

/// The most slots that locals and operands may take together: far beyond any
/// stack, but few enough that bodies which push a thousand operands with every
/// call cost neither time nor memory.
const MAX_SLOTS: u32 = 1 << 20;

/// Why a walk ended early.
#[derive(Debug)]
pub enum WalkError<E> {
    /// The body is not valid: only for a module loaded lazily.
    Module(Error),
    /// The tier refused the function.
    Backend(E),
}

/// Walks the body of a defined function; `defined` is its position among the
/// module's defined functions. A body that has not been validated yet is
/// validated first.
///
/// # Errors
/// If the body is invalid or the tier refuses it.
///
/// # Panics
/// If the module defines no such function.
pub fn walk<B: Backend>(
    module: &Module,
    defined: usize,
    mut backend: B,
) -> Result<B::Output, WalkError<B::Error>> {
    with_body(module, defined, |info, operators| {
        backend.begin(info).map_err(WalkError::Backend)?;
        let frame_slots = verbs(info, operators, &mut backend).map_err(WalkError::Module)?;
        backend.finish(info, frame_slots).map_err(WalkError::Backend)
    })
}

/// The same for a body that the tier puts in place of a call, while another walk goes
/// on: `begin` stands for [`Backend::begin`], and nothing for [`Backend::finish`].
/// How many canonical slots the function has.
///
/// # Errors
/// If the body is invalid.
///
/// # Panics
/// If the module defines no such function.
pub fn walk_inlined<B: Backend>(
    module: &Module,
    defined: usize,
    backend: &mut B,
    begin: impl FnOnce(&mut B, &FuncInfo<'_>),
) -> Result<u32, Error> {
    let walked = with_body(module, defined, |info, operators| {
        begin(backend, info);
        verbs(info, operators, backend).map_err(WalkError::<Infallible>::Module)
    });
    walked.map_err(|error| match error {
        WalkError::Module(error) => error,
        WalkError::Backend(never) => match never {},
    })
}

/// Reads the head of a body for a walk over its operators.
fn with_body<R, E>(
    module: &Module,
    defined: usize,
    walk: impl FnOnce(&FuncInfo<'_>, OperatorsReader<'_>) -> Result<R, WalkError<E>>,
) -> Result<R, WalkError<E>> {
    module.ensure_valid(defined).map_err(WalkError::Module)?;
    let func = module.func_at(defined);
    let ty = module.type_of_func(func);
    let body = body::Locals::read(module, defined, ty).map_err(WalkError::Module)?;
    let info = FuncInfo {
        module,
        func,
        ty,
        locals: &body.types,
        local_slots: &body.slots,
        first_operand_slot: body.end_slot,
    };
    walk(&info, body.operators)
}

/// Calls the verbs of all operators. How many canonical slots the function has.
fn verbs<B: Backend>(
    info: &FuncInfo<'_>,
    operators: OperatorsReader<'_>,
    backend: &mut B,
) -> Result<u32, Error> {
    let mut walker = Walker::new(info, backend);
    walker.run(operators)?;
    Ok(walker.stack.max_slots())
}

/// The state of one walk.
struct Walker<'a, B: Backend> {
    module: &'a Module,
    func: FuncIdx,
    locals: &'a [ValType],
    backend: &'a mut B,
    stack: Stack<B::Value>,
    controls: Controls<B::Value, B::Label>,
    /// Whether the next instruction can be reached.
    reachable: bool,
    next_loop: u32,
    /// Reused for the targets of `br_table`.
    depths: Vec<u32>,
}

impl<'a, B: Backend> Walker<'a, B> {
    fn new(info: &FuncInfo<'a>, backend: &'a mut B) -> Walker<'a, B> {
        let ty = BlockType::Func(info.module.funcs[info.func.index()]);
        let stack = Stack::new(info.first_operand_slot);
        let outermost = Control {
            kind: ControlKind::Func,
            ty,
            height: 0,
            base_slot: info.first_operand_slot,
            end_reached: false,
            else_params: Box::default(),
            catches: Box::default(),
            label: None,
        };
        Walker {
            module: info.module,
            func: info.func,
            locals: info.locals,
            backend,
            stack,
            controls: Controls { frames: vec![outermost] },
            reachable: true,
            next_loop: 0,
            depths: Vec::new(),
        }
    }

    #[cold]
    fn too_deep(&self, offset: u64) -> Error {
        let message = format!("locals and operands take more than {MAX_SLOTS} slots");
        Error::new(ErrorKind::Limit, message, Some(offset)).in_func(self.func.0)
    }

    fn run(&mut self, mut operators: OperatorsReader<'_>) -> Result<(), Error> {
        while !operators.eof() {
            let offset = operators.original_position();
            // Looked at where it was made: to move it would wait for it to be written.
            let read = operators.read();
            let op = match &read {
                Ok(op) => op,
                Err(error) => return Err(body::decode_error(error, self.func)),
            };
            if self.reachable {
                if !self.backend.at(offset as u32) {
                    return Ok(());
                }
                if let Operator::Loop { blockty } = *op {
                    self.before_loop(blockty, operators.get_binary_reader(), offset)?;
                }
                self.op(op, offset)?;
                if self.stack.next_slot() > MAX_SLOTS {
                    return Err(self.too_deep(offset));
                }
            } else {
                self.skip(op);
            }
        }
        Ok(())
    }
}
