//! What a body looks like from afar: for whoever thinks of putting it in place of a
//! call.

use bimetal_core::index::FuncIdx;
use wasmparser::Operator;

use super::body::Locals;
use crate::module::Module;

/// A body that may take the place of calls.
#[derive(Clone, Debug)]
pub struct Outline {
    /// How many instructions it has.
    pub instructions: u32,
    /// Whether one of them is a tail call: it ends the frame that it is in.
    pub tail_calls: bool,
    /// Whether one of them begins a loop.
    pub loops: bool,
    /// The functions that it calls directly, once for each call.
    pub calls: Vec<FuncIdx>,
}

impl Module {
    /// What the body of a defined function looks like; `None` if it is not valid.
    pub fn outline(&self, defined: usize) -> Option<Outline> {
        self.ensure_valid(defined).ok()?;
        let ty = self.type_of_func(self.func_at(defined));
        let mut operators = Locals::read(self, defined, ty).ok()?.operators;
        let mut outline =
            Outline { instructions: 0, tail_calls: false, loops: false, calls: Vec::new() };
        while !operators.eof() {
            outline.instructions += 1;
            match operators.read().ok()? {
                Operator::Call { function_index } => outline.calls.push(FuncIdx(function_index)),
                Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => outline.tail_calls = true,
                Operator::Loop { .. } => outline.loops = true,
                _ => {}
            }
        }
        Some(outline)
    }

    /// Of each loop in the body of a defined function, in their order: whether an
    /// instruction in it may call something, be it a part of the runtime. `None` if the
    /// body is not valid.
    pub fn calling_loops(&self, defined: usize) -> Option<Vec<bool>> {
        self.ensure_valid(defined).ok()?;
        let ty = self.type_of_func(self.func_at(defined));
        let mut operators = Locals::read(self, defined, ty).ok()?.operators;
        let mut loops = Vec::new();
        // Of each open structure, whether it is a loop; and the numbers of those.
        let (mut open, mut around) = (Vec::new(), Vec::new());
        while !operators.eof() {
            match operators.read().ok()? {
                Operator::Loop { .. } => {
                    open.push(true);
                    around.push(loops.len());
                    loops.push(false);
                }
                Operator::Block { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    open.push(false);
                }
                Operator::End => {
                    let ended = open.pop();
                    if ended == Some(true) {
                        around.pop();
                    }
                }
                op if may_call(&op) => {
                    // Outer loops call what inner ones call, so they know it already
                    // where one inside them does.
                    for &number in around.iter().rev() {
                        if std::mem::replace(&mut loops[number], true) {
                            break;
                        }
                    }
                }
                _ => {}
            }
        }
        Some(loops)
    }
}

/// Whether the instruction calls another function, or the runtime in most cases.
fn may_call(op: &Operator<'_>) -> bool {
    matches!(
        op,
        Operator::Call { .. }
            | Operator::CallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::MemoryGrow { .. }
            | Operator::MemoryInit { .. }
            | Operator::MemoryCopy { .. }
            | Operator::MemoryFill { .. }
            | Operator::TableGrow { .. }
            | Operator::TableInit { .. }
            | Operator::TableCopy { .. }
            | Operator::TableFill { .. }
            | Operator::MemoryAtomicWait32 { .. }
            | Operator::MemoryAtomicWait64 { .. }
            | Operator::MemoryAtomicNotify { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::ParseOptions;

    fn outline(body: &str) -> Outline {
        let text = format!("(module (func $a) (func $b (export \"b\") {body}))");
        Module::new(text.as_bytes(), &ParseOptions::default()).unwrap().outline(1).unwrap()
    }

    #[test]
    fn an_outline_counts_instructions_and_names_callees() {
        let seen = outline("call $a (block (call $b)) call $a");
        assert_eq!((seen.instructions, seen.tail_calls), (6, false));
        assert_eq!(seen.calls, [FuncIdx(0), FuncIdx(1), FuncIdx(0)]);
    }

    #[test]
    fn a_loop_calls_what_the_loops_in_it_call() {
        let body = "(loop (loop) (block (loop call $a)) i32.const 0 drop)
            (loop (if (i32.const 1) (then (loop)))) call $a (loop)";
        let text = format!("(module (func $a) (func $b {body}))");
        let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
        let loops = module.calling_loops(1).unwrap();
        assert_eq!(loops, [true, false, true, false, false, false]);
    }

    #[test]
    fn tail_calls_and_loops_are_seen_wherever_they_are() {
        let seen = outline("(loop (if (i32.const 0) (then (return_call $a))))");
        assert!(seen.tail_calls && seen.loops);
    }
}
