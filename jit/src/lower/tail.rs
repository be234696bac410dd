//! Tail calls: the callee takes the place of the function's frame, whatever room
//! the arguments of either need on the stack.
//!
//! A function that calls itself so is a loop. Its header lies behind the entry: there
//! the parameters are what the call passes, and all other locals become zero again.
//! Handlers need no thought: each call names those of the `try_table`s around it.

use bimetal_core::index::FuncIdx;
use bimetal_core::types::FuncType;
use bimetal_parser::walk::{Callee, FuncInfo, Stack};
use cranelift_codegen::ir::{Block, InstBuilder, Value};

use super::Lower;
use super::call::Entry;
use crate::abi::Shape;
use crate::env::Symbol;

/// The opcode of `return_call`.
const RETURN_CALL: u8 = 0x12;

/// Where tail calls of a function to itself go.
#[derive(Clone, Copy)]
pub(super) struct Restart {
    func: FuncIdx,
    header: Block,
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
        if self.restart(callee, &values[1..]) {
            return;
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

    /// The parameters have their values: if the function may call itself, its loop
    /// begins. What begins at one of its inner loops leaves tail calls to the
    /// interpreter.
    pub(super) fn begin_restart(&mut self, info: &FuncInfo<'_>) {
        let enabled = self.env.optimisations.tail_loops && self.body.osr.is_none();
        if !enabled || !may_tail_call_itself(info) {
            return;
        }
        let header = self.builder.create_block();
        self.builder.ins().jump(header, &[]);
        self.builder.switch_to_block(header);
        self.body.restart = Some(Restart { func: info.func, header });
    }

    /// All tail calls have been seen.
    pub(super) fn end_restart(&mut self) {
        if let Some(Restart { header, .. }) = self.body.restart {
            self.check_budget(header);
            self.seal(header);
        }
    }

    /// Jumps to the beginning with these arguments if the function calls itself.
    fn restart(&mut self, callee: Callee<Value>, args: &[Value]) -> bool {
        match (self.body.restart, callee) {
            (Some(Restart { func, header }), Callee::Direct(callee)) if callee == func => {
                for (&variable, &arg) in self.body.locals.iter().zip(args) {
                    self.builder.def_var(variable, arg);
                }
                self.builder.ins().jump(header, &[]);
                true
            }
            _ => false,
        }
    }
}

/// Whether the bytes of the body look as if there were such a call: the header comes
/// before any instruction is read. Where there is none, the frontend removes it.
fn may_tail_call_itself(info: &FuncInfo<'_>) -> bool {
    let module = info.module;
    let Some(defined) = module.defined_index(info.func) else { return false };
    let body = &module.bytes[module.bodies[defined].range.clone()];
    let mut calls = body.iter().enumerate().filter(|byte| *byte.1 == RETURN_CALL);
    calls.any(|(at, _)| leading_u32(&body[at + 1..]) == Some(info.func.0))
}

/// The LEB128 number that bytes begin with.
fn leading_u32(bytes: &[u8]) -> Option<u32> {
    let len = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let low = |value, (index, &byte): (usize, &u8)| value | u32::from(byte & 0x7f) << (7 * index);
    Some(bytes[..len].iter().enumerate().fold(0, low))
}

#[cfg(test)]
mod tests {
    use super::leading_u32;

    #[test]
    fn numbers_are_read_in_any_length() {
        assert_eq!(leading_u32(&[5, 0xff]), Some(5));
        assert_eq!(leading_u32(&[0x80, 1]), Some(128));
        assert_eq!(leading_u32(&[0x83, 0x80, 0x80, 0x80, 0]), Some(3));
        assert_eq!(leading_u32(&[0xff, 0xff, 0xff, 0xff, 0xf]), Some(u32::MAX));
        assert_eq!(leading_u32(&[0x80]), None);
    }
}
