//! Exceptions: `throw`, `throw_ref` and the handlers of `try_table`.
//!
//! A clause of a `try_table` becomes a *landing*: code behind the structure's body
//! that begins with the payload as operands and branches to the clause's label
//! like any other code. So a tier need only say where a landing is.

use bimetal_core::index::TagIdx;
use bimetal_core::types::{HeapType, RefType, ValType};

use super::Walker;
use super::backend::Backend;
use super::blocks::mark_end;
use super::control::{ControlKind, block_type};
use crate::error::Error;

/// A clause of a `try_table`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Catch {
    /// The tag of the exceptions that it catches; `None` for all.
    pub tag: Option<TagIdx>,
    /// Whether the exception itself is the last operand.
    pub with_ref: bool,
    /// The label, counted from outside of the `try_table`.
    pub(super) depth: u32,
}

impl Catch {
    fn new(catch: &wasmparser::Catch) -> Catch {
        let some = |tag: u32| Some(TagIdx(tag));
        let (tag, with_ref, depth) = match *catch {
            wasmparser::Catch::One { tag, label } => (some(tag), false, label),
            wasmparser::Catch::OneRef { tag, label } => (some(tag), true, label),
            wasmparser::Catch::All { label } => (None, false, label),
            wasmparser::Catch::AllRef { label } => (None, true, label),
        };
        Catch { tag, with_ref, depth }
    }
}

impl<B: Backend> Walker<'_, B> {
    pub(super) fn throw(&mut self, tag: TagIdx) {
        let params = self.module.func_type(self.module.tags[tag.index()]).params.len();
        self.backend.throw(&mut self.stack, tag, params);
        self.reachable = false;
    }

    pub(super) fn throw_ref(&mut self) {
        let exception = self.stack.pop();
        self.backend.throw_ref(&mut self.stack, exception);
        self.reachable = false;
    }

    pub(super) fn try_table(
        &mut self,
        table: &wasmparser::TryTable,
        offset: u64,
    ) -> Result<(), Error> {
        let ty = block_type(table.ty, offset)?;
        let catches: Box<[Catch]> = table.catches.iter().map(Catch::new).collect();
        let label = self.backend.try_table(&mut self.stack, ty, &catches);
        self.open(ControlKind::TryTable, ty, label);
        if let Some(control) = self.controls.frames.last_mut() {
            control.catches = catches;
        }
        Ok(())
    }

    /// The end of the innermost structure, a `try_table` whose beginning was
    /// reachable: its landings. Nothing falls into its end afterwards.
    pub(super) fn landings(&mut self) {
        if self.reachable {
            self.br(0);
        }
        self.reachable = false;
        let Some(mut control) = self.controls.frames.pop() else { return };
        self.stack.truncate(control.height);
        self.backend.end_try(&mut self.stack, &mut control);
        for index in 0..control.catches.len() {
            let catch = control.catches[index];
            let types = self.payload(catch);
            let mut values = Vec::with_capacity(types.len());
            self.backend.landing(&mut self.stack, &mut control, index, &types, &mut values);
            for (&ty, value) in types.iter().zip(values) {
                self.stack.push(ty, value);
            }
            if self.controls.is_return(catch.depth) {
                self.backend.return_(&mut self.stack);
            } else {
                let target = self.controls.target_mut(catch.depth);
                mark_end(target);
                self.backend.br(&mut self.stack, target, types.len());
            }
            self.stack.truncate(control.height);
        }
        self.controls.frames.push(control);
    }

    /// The types of the operands of a clause's label.
    fn payload(&self, catch: Catch) -> Vec<ValType> {
        let mut types = match catch.tag {
            Some(tag) => self.module.func_type(self.module.tags[tag.index()]).params.to_vec(),
            None => Vec::new(),
        };
        if catch.with_ref {
            types.push(ValType::Ref(RefType { nullable: false, heap: HeapType::Exn }));
        }
        types
    }
}
