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
    /// How many of them are likely to be reached when it is called.
    pub likely: u32,
    /// Whether one of them is a tail call: it ends the frame that it is in.
    pub tail_calls: bool,
    /// Whether one of those that are likely to be reached begins a loop.
    pub loops: bool,
    /// The functions that it calls directly, once for each call.
    pub calls: Vec<FuncIdx>,
}

impl Module {
    /// What the body of a defined function looks like; `None` if it is not valid.
    /// `likely` says of the conditional branch at an offset whether its condition is
    /// likely to hold, or nothing.
    pub fn outline(
        &self,
        defined: usize,
        mut likely: impl FnMut(u32) -> Option<bool>,
    ) -> Option<Outline> {
        self.ensure_valid(defined).ok()?;
        let ty = self.type_of_func(self.func_at(defined));
        let mut operators = Locals::read(self, defined, ty).ok()?.operators;
        let mut outline = Outline {
            instructions: 0,
            likely: 0,
            tail_calls: false,
            loops: false,
            calls: Vec::new(),
        };
        let mut ways = Ways::default();
        while !operators.eof() {
            let offset = u32::try_from(operators.original_position()).ok()?;
            let operator = operators.read().ok()?;
            let is_likely = ways.pass(&operator, || likely(offset));
            outline.instructions += 1;
            outline.likely += u32::from(is_likely);
            match operator {
                Operator::Call { function_index } => outline.calls.push(FuncIdx(function_index)),
                Operator::ReturnCall { .. }
                | Operator::ReturnCallIndirect { .. }
                | Operator::ReturnCallRef { .. } => outline.tail_calls = true,
                Operator::Loop { .. } => outline.loops |= is_likely,
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

/// Which instructions are unlikely to be reached, as far as that can be told from one
/// structure to the next.
#[derive(Default)]
struct Ways {
    /// For each structure that is open, whether its second arm is unlikely.
    open: Vec<bool>,
    /// How many structures are open around the end of what is unlikely.
    unlikely: Option<usize>,
}

impl Ways {
    fn unlikely(&self) -> bool {
        self.unlikely.is_some()
    }

    /// Goes on behind an instruction. Whether that is likely to be reached.
    fn pass(&mut self, operator: &Operator<'_>, mut likely: impl FnMut() -> Option<bool>) -> bool {
        let (depth, before) = (self.open.len(), self.unlikely());
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::TryTable { .. } => {
                self.open.push(false);
            }
            Operator::If { .. } => {
                let likely = if self.unlikely() { None } else { likely() };
                self.open.push(likely == Some(true));
                if likely == Some(false) {
                    self.unlikely = Some(depth + 1);
                }
            }
            Operator::Else => {
                self.unlikely.take_if(|within| *within == depth);
                if self.open.last() == Some(&true) {
                    self.unlikely = Some(depth);
                }
            }
            Operator::End => {
                self.open.pop();
                self.unlikely.take_if(|within| *within == depth);
            }
            Operator::BrIf { .. }
            | Operator::BrOnNull { .. }
            | Operator::BrOnNonNull { .. }
            | Operator::BrOnCast { .. }
            | Operator::BrOnCastFail { .. }
                if !self.unlikely() && likely() == Some(true) =>
            {
                self.unlikely = Some(depth);
            }
            _ => {}
        }
        !(before && self.unlikely())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::load::ParseOptions;

    /// The outline of a body with conditional branches that are likely or not, one after
    /// the other.
    fn with(body: &str, likely: &[Option<bool>]) -> Outline {
        let text = format!("(module (func $a) (func $b (export \"b\") {body}))");
        let module = Module::new(text.as_bytes(), &ParseOptions::default()).unwrap();
        let asked = Cell::new(0);
        let next = |_| likely.get(asked.replace(asked.get() + 1)).copied().flatten();
        module.outline(1, next).unwrap()
    }

    fn outline(body: &str) -> Outline {
        with(body, &[])
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

    #[test]
    fn what_is_unlikely_to_be_reached_does_not_count() {
        let likely = |body, likely: &[_]| with(body, likely).likely;
        let arms = "(if (i32.const 1) (then nop nop) (else nop nop nop)) nop";
        assert_eq!(likely(arms, &[]), 11);
        assert_eq!(likely(arms, &[Some(false)]), 9);
        assert_eq!(likely(arms, &[Some(true)]), 8);
        let block = "(block (br_if 0 (i32.const 1)) nop (block nop) nop) nop";
        assert_eq!((likely(block, &[Some(false)]), likely(block, &[Some(true)])), (11, 6));
        let inner = "(if (i32.const 1) (then (if (i32.const 1) (then nop)) nop)) nop";
        assert_eq!(likely(inner, &[Some(false), Some(false)]), 5);
        assert!(!with("(if (i32.const 1) (then (loop)))", &[Some(false)]).loops);
        assert!(with("(if (i32.const 1) (then)) (loop)", &[Some(false)]).loops);
    }
}
