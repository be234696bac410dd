//! What one iteration of a loop does, as far as it is a single way from the header
//! back to it: which bytes it reads and writes, and what becomes of the locals, all
//! in terms of the locals' values at the header.

use bimetal_core::types::ValType;
use wasmparser::{BlockType, MemArg, MemArgTarget, Operator, OperatorsReader};

use super::super::rows::{load_op, store_op};
use super::linear::Linear;

/// How many operators a body may have: enough for eight copies with sums as addresses.
const MAX_OPERATORS: usize = 128;

/// What an operand or a local holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Value {
    /// An `i32`.
    Linear(Linear),
    /// What a local of type `i64` held at the header.
    Long(u32),
    /// A constant of another type: its bits.
    Bits(u64),
    /// A vector of equal bytes.
    Splat(u8),
    /// What this access read.
    Loaded(usize),
    /// Whether a comparison holds.
    Test(Test),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Comparison {
    Eq,
    Ne,
    LtU,
    LeU,
    LtS,
    LeS,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Test {
    pub(super) op: Comparison,
    pub(super) left: Linear,
    pub(super) right: Linear,
}

impl Test {
    fn not(self) -> Test {
        let Test { op, left, right } = self;
        match op {
            Comparison::Eq => Test { op: Comparison::Ne, left, right },
            Comparison::Ne => Test { op: Comparison::Eq, left, right },
            Comparison::LtU => Test { op: Comparison::LeU, left: right, right: left },
            Comparison::LeU => Test { op: Comparison::LtU, left: right, right: left },
            Comparison::LtS => Test { op: Comparison::LeS, left: right, right: left },
            Comparison::LeS => Test { op: Comparison::LtS, left: right, right: left },
        }
    }
}

/// A load, or a store of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) stored: Option<Value>,
    pub(super) width: u32,
    pub(super) memory: u32,
    pub(super) offset: u64,
    pub(super) index: Linear,
}

/// One iteration.
#[derive(Debug)]
pub(super) struct Iteration {
    /// In order.
    pub(super) accesses: Vec<Access>,
    /// The locals that are written, and what they hold at the end.
    pub(super) written: Vec<(u32, Value)>,
    /// What must hold for the iteration to end at the header, the only way that leads
    /// elsewhere being out of it.
    pub(super) test: Test,
}

/// Reads the body of a loop without parameters, as far as its back-edge. `None` if
/// anything in it is not simple.
pub(super) fn iteration(
    mut operators: OperatorsReader<'_>,
    locals: &[ValType],
) -> Option<Iteration> {
    let mut scan = Scan { locals, ..Scan::default() };
    for _ in 0..MAX_OPERATORS {
        match scan.operator(&operators.read().ok()?)? {
            Next::Operator => {}
            Next::Header => {
                let Scan { accesses, written, .. } = scan;
                return Some(Iteration { accesses, written, test: scan.test? });
            }
        }
    }
    None
}

enum Next {
    Operator,
    Header,
}

#[derive(Default)]
struct Scan<'a> {
    locals: &'a [ValType],
    operands: Vec<Value>,
    accesses: Vec<Access>,
    written: Vec<(u32, Value)>,
    test: Option<Test>,
    /// How many structures are open inside the loop.
    depth: u32,
}

impl Scan<'_> {
    fn operator(&mut self, op: &Operator<'_>) -> Option<Next> {
        match *op {
            Operator::Nop => {}
            Operator::Block { blockty: BlockType::Empty } => self.depth += 1,
            Operator::If { blockty: BlockType::Empty } => {
                let condition = self.condition()?;
                self.decide(condition)?;
                self.depth += 1;
            }
            Operator::End => self.depth = self.depth.checked_sub(1)?,
            Operator::Br { relative_depth } if relative_depth == self.depth => {
                return Some(Next::Header);
            }
            Operator::BrIf { relative_depth } => {
                let condition = self.condition()?;
                if relative_depth == self.depth {
                    self.decide(condition)?;
                    return Some(Next::Header);
                }
                self.decide(condition.not())?;
            }
            Operator::LocalGet { local_index } => {
                let value = self.local(local_index)?;
                self.operands.push(value);
            }
            Operator::LocalSet { local_index } => {
                let value = self.operands.pop()?;
                self.write(local_index, value);
            }
            Operator::LocalTee { local_index } => {
                let value = *self.operands.last()?;
                self.write(local_index, value);
            }
            Operator::I32Const { value } => self.push(Linear::constant(value as u32)),
            Operator::I64Const { value } => self.operands.push(Value::Bits(value as u64)),
            Operator::F32Const { value } => self.operands.push(Value::Bits(value.bits().into())),
            Operator::F64Const { value } => self.operands.push(Value::Bits(value.bits())),
            Operator::V128Const { value } => {
                let [first, rest @ ..] = value.bytes();
                let equal = rest.iter().all(|byte| byte == first);
                self.operands.push(equal.then_some(Value::Splat(*first))?);
            }
            Operator::V128Load { memarg } => self.load(&memarg, 16)?,
            Operator::V128Store { memarg } => self.store(&memarg, 16)?,
            ref other => self.plain(other)?,
        }
        Some(Next::Operator)
    }

    fn plain(&mut self, op: &Operator<'_>) -> Option<()> {
        use Comparison::*;
        match op {
            Operator::I32Add => self.binary(Linear::add),
            Operator::I32Sub => self.binary(Linear::sub),
            Operator::I32Mul => self.binary(|a, b| a.times(b.as_constant()?)),
            Operator::I32Shl => self.binary(|a, b| a.times(1u32.wrapping_shl(b.as_constant()?))),
            Operator::I32Eqz => {
                let test = self.condition()?.not();
                self.operands.push(Value::Test(test));
                Some(())
            }
            Operator::I32Eq => self.compare(Eq, false),
            Operator::I32Ne => self.compare(Ne, false),
            Operator::I32LtU => self.compare(LtU, false),
            Operator::I32LeU => self.compare(LeU, false),
            Operator::I32LtS => self.compare(LtS, false),
            Operator::I32LeS => self.compare(LeS, false),
            Operator::I32GtU => self.compare(LtU, true),
            Operator::I32GeU => self.compare(LeU, true),
            Operator::I32GtS => self.compare(LtS, true),
            Operator::I32GeS => self.compare(LeS, true),
            other => {
                if let Some((op, arg)) = load_op(other) {
                    return self.load(&arg, op.width());
                }
                let (op, arg) = store_op(other)?;
                self.store(&arg, op.width())
            }
        }
    }

    fn push(&mut self, value: Linear) {
        self.operands.push(Value::Linear(value));
    }

    fn pop(&mut self) -> Option<Linear> {
        match self.operands.pop()? {
            Value::Linear(value) => Some(value),
            _ => None,
        }
    }

    fn binary(&mut self, sum: impl FnOnce(Linear, Linear) -> Option<Linear>) -> Option<()> {
        let b = self.pop()?;
        let a = self.pop()?;
        self.push(sum(a, b)?);
        Some(())
    }

    fn compare(&mut self, op: Comparison, swap: bool) -> Option<()> {
        let b = self.pop()?;
        let a = self.pop()?;
        let (left, right) = if swap { (b, a) } else { (a, b) };
        self.operands.push(Value::Test(Test { op, left, right }));
        Some(())
    }

    /// The topmost operand as a condition.
    fn condition(&mut self) -> Option<Test> {
        match self.operands.pop()? {
            Value::Test(test) => Some(test),
            Value::Linear(left) => {
                Some(Test { op: Comparison::Ne, left, right: Linear::default() })
            }
            _ => None,
        }
    }

    /// The iteration goes on only if this holds; there may be one such place.
    fn decide(&mut self, test: Test) -> Option<()> {
        self.test.replace(test).is_none().then_some(())
    }

    fn local(&self, local: u32) -> Option<Value> {
        if let Some((_, value)) = self.written.iter().find(|(written, _)| *written == local) {
            return Some(*value);
        }
        match self.locals.get(local as usize)? {
            ValType::I32 => Some(Value::Linear(Linear::local(local))),
            ValType::I64 => Some(Value::Long(local)),
            _ => None,
        }
    }

    fn write(&mut self, local: u32, value: Value) {
        match self.written.iter_mut().find(|(written, _)| *written == local) {
            Some((_, old)) => *old = value,
            None => self.written.push((local, value)),
        }
    }

    fn load(&mut self, arg: &MemArg, width: u32) -> Option<()> {
        let index = self.pop()?;
        self.access(arg, width, index, None)?;
        self.operands.push(Value::Loaded(self.accesses.len() - 1));
        Some(())
    }

    fn store(&mut self, arg: &MemArg, width: u32) -> Option<()> {
        let value = self.operands.pop()?;
        let index = self.pop()?;
        self.access(arg, width, index, Some(value))
    }

    fn access(
        &mut self,
        arg: &MemArg,
        width: u32,
        index: Linear,
        stored: Option<Value>,
    ) -> Option<()> {
        let MemArgTarget::Memory(memory) = arg.target else { return None };
        self.accesses.push(Access { stored, width, memory, offset: arg.offset, index });
        Some(())
    }
}
