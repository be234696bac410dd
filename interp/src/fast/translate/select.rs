//! `select`: from the walker's verb to instructions, and their cells.

use bimetal_core::types::ValType;
use bimetal_parser::walk::{Operand, Stack};

use super::Translator;
use super::cell::{Cell, place};
use super::ir::{Class, Op, Src};
use super::link::Linker;
use super::operands::Value;
use crate::fast::exec::select::{SELECT, SELECT_CONST};

/// Whether a constant is what a cell makes of its lower half.
fn is_short(ty: ValType, bits: u64) -> bool {
    match ty {
        ValType::I32 => true,
        ValType::I64 => bits as i64 == i64::from(bits as i32),
        _ => false,
    }
}

impl Translator<'_> {
    /// `select`
    pub(super) fn choose(
        &mut self,
        stack: &Stack<Value>,
        [a, b, condition]: [Operand<Value>; 3],
    ) -> Value {
        let mut choice = |operand: Operand<Value>| match operand.value {
            Value::Const(bits) if self.fusions.select_constant && is_short(a.ty, bits) => {
                Src::Const(bits)
            }
            _ => self.take_slot(operand),
        };
        let (first, second) = (choice(a), choice(b));
        let condition = self.take(condition, false);
        let op = Op::Select(Class::of(a.ty));
        self.result(op, [first, second, condition], stack.next_slot(), a.ty, true)
    }
}

/// Whether an operand is a constant.
fn is_constant(src: Src) -> bool {
    matches!(src, Src::Const(_))
}

/// The lower half of a constant.
fn constant(src: Src) -> u32 {
    match src {
        Src::Const(bits) => bits as u32,
        _ => 0,
    }
}

impl Cell<'_> {
    pub(super) fn select(&self, l: &mut Linker<'_>, class: Class) {
        let [a, b, condition] = *self.args;
        let fields = [self.d, self.f[0], self.f[1], self.f[2]];
        if is_constant(a) || is_constant(b) {
            let forms = &SELECT_CONST[place(condition)];
            l.push_handler(forms[usize::from(is_constant(a))][usize::from(is_constant(b))]);
            l.fields(fields);
            return l.halves(constant(a), constant(b));
        }
        l.push_handler(SELECT[class as usize][place(condition)][self.form]);
        l.fields(fields);
    }
}
