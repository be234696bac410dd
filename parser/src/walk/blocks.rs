//! Control flow: the bookkeeping around the structured verbs.

use wasmparser::{BrTable, Operator};

use super::Walker;
use super::backend::Backend;
use super::body::decode_error;
use super::control::{BlockType, Control, ControlKind, block_type};
use crate::error::Error;

impl<B: Backend> Walker<'_, B> {
    pub(super) fn block(&mut self, ty: wasmparser::BlockType, offset: u64) -> Result<(), Error> {
        let ty = block_type(ty, offset)?;
        let label = self.backend.block(&mut self.stack, ty);
        self.open(ControlKind::Block, ty, label);
        Ok(())
    }

    pub(super) fn loop_(&mut self, ty: wasmparser::BlockType, offset: u64) -> Result<(), Error> {
        let ty = block_type(ty, offset)?;
        let number = self.next_loop;
        self.next_loop += 1;
        let label = self.backend.loop_(&mut self.stack, ty, number);
        self.open(ControlKind::Loop(number), ty, label);
        Ok(())
    }

    pub(super) fn if_(&mut self, ty: wasmparser::BlockType, offset: u64) -> Result<(), Error> {
        let ty = block_type(ty, offset)?;
        let condition = self.stack.pop();
        let label = self.backend.if_(&mut self.stack, ty, condition);
        self.open(ControlKind::If, ty, label);
        let params = ty.params(self.module).len();
        if let Some(control) = self.controls.frames.last_mut() {
            control.else_params = self.stack.top(params).into();
        }
        Ok(())
    }

    pub(super) fn open(&mut self, kind: ControlKind, ty: BlockType, label: B::Label) {
        let params = ty.params(self.module).len();
        let height = self.stack.len() - params;
        let base_slot = match self.stack.all().get(height) {
            Some(first) => first.slot,
            None => self.stack.next_slot(),
        };
        self.controls.frames.push(Control {
            kind,
            ty,
            height,
            base_slot,
            end_reached: false,
            else_params: Box::default(),
            catches: Box::default(),
            label: Some(label),
        });
    }

    /// Starts the second arm of the innermost structure, which is an `if` whose
    /// beginning was reachable.
    pub(super) fn else_(&mut self) {
        let reachable = self.reachable;
        let mut control = self.pop_control();
        self.backend.else_(&mut self.stack, &mut control, reachable);
        control.end_reached |= reachable;
        control.kind = ControlKind::Else;
        self.stack.truncate(control.height);
        for param in &control.else_params {
            self.stack.push(param.ty, param.value);
        }
        self.controls.frames.push(control);
        self.reachable = true;
    }

    /// Ends the innermost structure, whose beginning was reachable.
    pub(super) fn end(&mut self) {
        if self.controls.frames.last().is_some_and(|control| control.kind == ControlKind::If) {
            self.else_();
        }
        if self.controls.frames.last().is_some_and(|control| control.kind == ControlKind::TryTable)
        {
            self.landings();
        }
        let mut control = self.pop_control();
        if control.kind == ControlKind::Func {
            if self.reachable {
                self.backend.return_(&mut self.stack);
            }
            return;
        }
        let fallthrough = self.reachable;
        self.backend.end(&mut self.stack, &mut control, fallthrough);
        self.reachable = fallthrough || control.end_reached;
        self.stack.truncate(control.height);
        if self.reachable {
            for (index, &ty) in control.ty.results(self.module).iter().enumerate() {
                let value = self.backend.block_result(&mut self.stack, &control, index, ty);
                self.stack.push(ty, value);
            }
        }
    }

    fn pop_control(&mut self) -> Control<B::Value, B::Label> {
        self.controls.frames.pop().expect("validated: structures are balanced")
    }

    /// Follows the structure of unreachable code until it becomes reachable.
    pub(super) fn skip(&mut self, op: &Operator<'_>) {
        match op {
            Operator::Block { .. } | Operator::TryTable { .. } => {
                self.open_unreachable(ControlKind::Block);
            }
            Operator::If { .. } => self.open_unreachable(ControlKind::If),
            Operator::Loop { .. } => {
                self.open_unreachable(ControlKind::Loop(self.next_loop));
                self.next_loop += 1;
            }
            Operator::Else if self.innermost_is_open() => self.else_(),
            Operator::End if self.innermost_is_open() => self.end(),
            Operator::End => {
                self.pop_control();
            }
            _ => {}
        }
    }

    /// Whether the innermost structure began in reachable code.
    fn innermost_is_open(&self) -> bool {
        self.controls
            .frames
            .last()
            .is_some_and(|control| control.label.is_some() || control.kind == ControlKind::Func)
    }

    fn open_unreachable(&mut self, kind: ControlKind) {
        self.controls.frames.push(Control {
            kind,
            ty: BlockType::Empty,
            height: self.stack.len(),
            base_slot: self.stack.next_slot(),
            end_reached: false,
            else_params: Box::default(),
            catches: Box::default(),
            label: None,
        });
    }

    pub(super) fn unreachable(&mut self) {
        self.backend.unreachable(&mut self.stack);
        self.reachable = false;
    }

    pub(super) fn return_(&mut self) {
        self.backend.return_(&mut self.stack);
        self.reachable = false;
    }

    pub(super) fn br(&mut self, depth: u32) {
        if self.controls.is_return(depth) {
            return self.return_();
        }
        let target = self.controls.target_mut(depth);
        let arity = target.branch_types(self.module).len();
        mark_end(target);
        self.backend.br(&mut self.stack, target, arity);
        self.reachable = false;
    }

    pub(super) fn br_if(&mut self, depth: u32) {
        let condition = self.stack.pop();
        let target = self.controls.target_mut(depth);
        let arity = target.branch_types(self.module).len();
        mark_end(target);
        self.backend.br_if(&mut self.stack, target, arity, condition);
    }

    pub(super) fn br_table(&mut self, table: &BrTable<'_>) -> Result<(), Error> {
        let index = self.stack.pop();
        self.depths.clear();
        for depth in table.targets() {
            self.depths.push(depth.map_err(|error| decode_error(&error, self.func))?);
        }
        self.depths.push(table.default());
        for &depth in &self.depths {
            mark_end(self.controls.target_mut(depth));
        }
        let arity = self.controls.target(table.default()).branch_types(self.module).len();
        let controls = &mut self.controls;
        self.backend.br_table(&mut self.stack, controls, &self.depths, arity, index);
        self.reachable = false;
        Ok(())
    }
}

pub(super) fn mark_end<V, L>(target: &mut Control<V, L>) {
    if !matches!(target.kind, ControlKind::Loop(_)) {
        target.end_reached = true;
    }
}
