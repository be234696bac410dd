//! The tail calls of a body: for whoever thinks of making jumps of them.

use bimetal_core::index::{FuncIdx, TableIdx, TypeIdx};
use wasmparser::{BinaryReader, FunctionBody, Operator};

use crate::module::Module;

/// The tail calls of a body that name their callees, each callee as often as it is
/// called.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TailCalls {
    /// How many instructions the body has.
    pub instructions: u32,
    /// The functions that it goes on to directly.
    pub direct: Vec<FuncIdx>,
    /// The tables through which it goes on to functions of a type.
    pub indirect: Vec<(TableIdx, TypeIdx)>,
}

/// The opcodes of `return_call` and `return_call_indirect`.
const OPCODES: [u8; 2] = [0x12, 0x13];

impl Module {
    /// The tail calls of a defined function, valid or not; `None` if it has none or its
    /// body cannot be read.
    pub fn tail_calls(&self, defined: usize) -> Option<TailCalls> {
        let range = self.bodies.get(defined)?.range.clone();
        let bytes = self.bytes.get(range.clone())?;
        if !bytes.iter().any(|byte| OPCODES.contains(byte)) {
            return None;
        }
        let body = FunctionBody::new(BinaryReader::new(bytes, range.start as u64));
        let mut operators = body.get_operators_reader().ok()?;
        let mut calls = TailCalls::default();
        while !operators.eof() {
            calls.instructions += 1;
            match operators.read().ok()? {
                Operator::ReturnCall { function_index } => {
                    calls.direct.push(FuncIdx(function_index));
                }
                Operator::ReturnCallIndirect { type_index, table_index } => {
                    calls.indirect.push((TableIdx(table_index), TypeIdx(type_index)));
                }
                _ => {}
            }
        }
        let any = !calls.direct.is_empty() || !calls.indirect.is_empty();
        any.then_some(calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ParseOptions;

    fn tail_calls(body: &str) -> Option<TailCalls> {
        let text =
            format!("(module (type $t (func)) (table $t 1 funcref) (func $f) (func {body}))");
        Module::new(text.as_bytes(), &ParseOptions::default()).unwrap().tail_calls(1)
    }

    #[test]
    fn tail_calls_are_listed_wherever_they_are() {
        let calls = tail_calls(
            "(if (i32.const 0) (then (return_call $f)))
            (block (return_call_indirect (type $t) (i32.const 0))) (return_call $f)",
        );
        let direct = vec![FuncIdx(0), FuncIdx(0)];
        let indirect = vec![(TableIdx(0), TypeIdx(0))];
        assert_eq!(calls, Some(TailCalls { instructions: 10, direct, indirect }));
    }

    #[test]
    fn other_calls_and_numbers_like_their_opcodes_are_none() {
        assert_eq!(tail_calls("call $f (call_indirect (type $t) (i32.const 0))"), None);
        assert_eq!(tail_calls("(drop (i32.const 0x12)) (drop (i32.const 0x13))"), None);
    }
}
