//! The control stack of a walk.

use bimetal_core::index::TypeIdx;
use bimetal_core::types::ValType;

use super::exceptions::Catch;
use super::stack::Operand;
use crate::error::Error;
use crate::module::Module;
use crate::types::val_type;

/// The type of a block: its parameters and results.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BlockType {
    /// Nothing to nothing.
    Empty,
    /// Nothing to one value.
    Result(ValType),
    /// As the function type with this index.
    Func(TypeIdx),
}

impl BlockType {
    /// The parameter types.
    pub fn params(self, module: &Module) -> &[ValType] {
        match self {
            BlockType::Func(ty) => &module.func_type(ty).params,
            _ => &[],
        }
    }

    /// The result types. `single` is where a lone result is kept.
    pub fn results<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self {
            BlockType::Empty => &[],
            BlockType::Result(ty) => std::slice::from_ref(ty),
            BlockType::Func(ty) => &module.func_type(*ty).results,
        }
    }
}

/// The type of a block from its wasmparser counterpart.
pub(super) fn block_type(ty: wasmparser::BlockType, offset: u64) -> Result<BlockType, Error> {
    Ok(match ty {
        wasmparser::BlockType::Empty => BlockType::Empty,
        wasmparser::BlockType::Type(ty) => BlockType::Result(val_type(ty, offset)?),
        wasmparser::BlockType::FuncType(index) => BlockType::Func(TypeIdx(index)),
    })
}

/// What kind of structure a control frame is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ControlKind {
    /// The function's body: a branch to it returns.
    Func,
    /// `block`
    Block,
    /// `loop`, with its number: loops are numbered in the order of their
    /// beginnings, unreachable ones included, the same for every tier.
    Loop(u32),
    /// `if` before its `else`, `cond` being reachable or not.
    If,
    /// `else`
    Else,
    /// `try_table`
    TryTable,
}

/// A structure that is open at the current instruction.
#[derive(Debug)]
pub struct Control<V, L> {
    /// What it is.
    pub kind: ControlKind,
    /// Its type.
    pub ty: BlockType,
    /// How many operands lie below its parameters.
    pub height: usize,
    /// The canonical slot of its first parameter and of its first result.
    pub base_slot: u32,
    /// Whether a branch to its end has been seen.
    pub end_reached: bool,
    /// The parameters of an `if`, kept for its `else`.
    pub(crate) else_params: Box<[Operand<V>]>,
    /// The clauses of a `try_table`.
    pub(crate) catches: Box<[Catch]>,
    /// What the tier knows it as; `None` when it began in unreachable code.
    pub(crate) label: Option<L>,
}

impl<V, L> Control<V, L> {
    /// The types that a branch to this structure takes along.
    pub fn branch_types<'a>(&'a self, module: &'a Module) -> &'a [ValType] {
        match self.kind {
            ControlKind::Loop(_) => self.ty.params(module),
            _ => self.ty.results(module),
        }
    }

    /// The clauses of a `try_table`.
    pub fn catches(&self) -> &[Catch] {
        &self.catches
    }

    /// What the tier knows it as.
    ///
    /// # Panics
    /// If the structure began in unreachable code, where nothing can branch.
    pub fn label(&self) -> &L {
        self.label.as_ref().expect("a branch target began in reachable code")
    }

    /// What the tier knows it as, to change it.
    ///
    /// # Panics
    /// As [`Control::label`].
    pub fn label_mut(&mut self) -> &mut L {
        self.label.as_mut().expect("a branch target began in reachable code")
    }
}

/// The open structures, outermost (the function itself) first.
#[derive(Debug)]
pub struct Controls<V, L> {
    pub(crate) frames: Vec<Control<V, L>>,
}

impl<V, L> Controls<V, L> {
    /// The target of a branch with this relative depth.
    ///
    /// # Panics
    /// If there is none: validation has ruled that out.
    pub fn target(&self, depth: u32) -> &Control<V, L> {
        &self.frames[self.frames.len() - 1 - depth as usize]
    }

    /// The target of a branch with this relative depth, to change its label.
    ///
    /// # Panics
    /// If there is none: validation has ruled that out.
    pub fn target_mut(&mut self, depth: u32) -> &mut Control<V, L> {
        let index = self.frames.len() - 1 - depth as usize;
        &mut self.frames[index]
    }

    /// Whether a branch with this relative depth leaves the function.
    pub fn is_return(&self, depth: u32) -> bool {
        self.target(depth).kind == ControlKind::Func
    }

    /// The open structures, outermost first.
    pub fn all(&self) -> &[Control<V, L>] {
        &self.frames
    }
}
