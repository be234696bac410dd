//! Tail calls: the callee takes the place of the function's frame, whatever room
//! the arguments of either need on the stack.

use bimetal_core::types::FuncType;
use bimetal_parser::walk::{Callee, Stack};
use cranelift_codegen::ir::{InstBuilder, Value};

use super::Lower;
use super::call::Entry;
use crate::abi::Shape;
use crate::env::Symbol;

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
}
