//! Loops that copy or fill memory a few bytes at a time, as code without bulk memory
//! instructions does: in front of each, most of its iterations are done at once.
//!
//! Found on operators, once, for both tiers, and spoken to them in verbs that they
//! know, as if the module had these instructions in front of the `loop`:
//!
//! ```text
//! block
//!     if there are few iterations, leave
//!     memory_copy_run, or memory_fill_run; if it refuses, leave
//!     local := local + step * iterations, for every local that is counted
//! end
//! loop ...as it was
//! ```
//!
//! So the header of the loop is what it was, for counters and on-stack replacement as
//! for the loop's own traps. Most loops cost no more than a look at their first
//! operators.

mod linear;
mod plan;
mod scan;
#[cfg(test)]
mod tests;

use bimetal_core::ops::run::MemoryRun;
use bimetal_core::ops::slow::{SlowOp, SlowSig};
use bimetal_core::types::ValType;
use wasmparser::{BinaryReader, BlockType, Operator, OperatorsReader};

use self::linear::Linear;
use self::plan::{Count, Plan, Step, plan};
use self::scan::{Comparison, Test, Value};
use super::Walker;
use super::backend::Backend;
use crate::error::Error;

impl<B: Backend> Walker<'_, B> {
    /// What comes in front of a reachable `loop`, whose body `body` reads.
    pub(super) fn before_loop(
        &mut self,
        ty: BlockType,
        body: BinaryReader<'_>,
        offset: u64,
    ) -> Result<(), Error> {
        if !self.backend.byte_loops() || ty != BlockType::Empty || self.module.memories.is_empty() {
            return Ok(());
        }
        let found = scan::iteration(OperatorsReader::new(body), self.locals)
            .and_then(|iteration| plan(self.module, &iteration));
        match found {
            Some(plan) => Speaker { walker: self, plan: &plan, offset }.speak(),
            None => Ok(()),
        }
    }

    fn memory_run(&mut self, op: SlowOp, run: MemoryRun) {
        let iterations = if run.signed { ValType::I64 } else { ValType::I32 };
        let params = [ValType::I32, ValType::I32, iterations];
        self.slow_of(op, run.imm(), &SlowSig::new(&params, Some(ValType::I32)));
    }
}

/// Speaks the verbs of one run.
struct Speaker<'s, 'a, B: Backend> {
    walker: &'s mut Walker<'a, B>,
    plan: &'s Plan,
    offset: u64,
}

impl<B: Backend> Speaker<'_, '_, B> {
    fn speak(mut self) -> Result<(), Error> {
        self.op(Operator::Block { blockty: BlockType::Empty })?;
        self.leave_if_few()?;
        self.linear(self.plan.store)?;
        self.source()?;
        self.iterations()?;
        if let Some(direction) = self.plan.direction {
            self.op(Operator::I64ExtendI32U)?;
            self.local(direction)?;
            self.op(Operator::I64ExtendI32S)?;
            self.op(Operator::I64Mul)?;
        }
        self.walker.memory_run(self.plan.op, self.plan.run);
        self.leave_unless()?;
        self.update()?;
        self.op(Operator::End)
    }

    fn op(&mut self, op: Operator<'static>) -> Result<(), Error> {
        self.walker.op(&op, self.offset)
    }

    fn local(&mut self, local_index: u32) -> Result<(), Error> {
        self.op(Operator::LocalGet { local_index })
    }

    fn constant(&mut self, value: u32) -> Result<(), Error> {
        self.op(Operator::I32Const { value: value.cast_signed() })
    }

    fn leave_if(&mut self) -> Result<(), Error> {
        self.op(Operator::BrIf { relative_depth: 0 })
    }

    fn leave_unless(&mut self) -> Result<(), Error> {
        self.op(Operator::I32Eqz)?;
        self.leave_if()
    }

    /// Pushes a sum.
    fn linear(&mut self, sum: Linear) -> Result<(), Error> {
        let mut empty = true;
        // What is subtracted comes last.
        let (last, first): (Vec<_>, Vec<_>) =
            sum.terms().iter().copied().partition(|&(_, factor)| factor == u32::MAX);
        for (local, factor) in first.into_iter().chain(last) {
            let negative = factor == u32::MAX && !empty;
            self.local(local)?;
            if factor != 1 && !negative {
                self.constant(factor)?;
                self.op(Operator::I32Mul)?;
            }
            if !empty {
                self.op(if negative { Operator::I32Sub } else { Operator::I32Add })?;
            }
            empty = false;
        }
        if empty {
            self.constant(sum.constant)
        } else if sum.constant == 0 {
            Ok(())
        } else {
            self.constant(sum.constant)?;
            self.op(Operator::I32Add)
        }
    }

    fn source(&mut self) -> Result<(), Error> {
        match self.plan.source {
            Value::Linear(sum) => self.linear(sum),
            Value::Long(local) => self.local(local),
            Value::Bits(bits) => self.op(Operator::I64Const { value: bits.cast_signed() }),
            Value::Splat(byte) => {
                let bits = u64::from_ne_bytes([byte; 8]);
                self.op(Operator::I64Const { value: bits.cast_signed() })
            }
            Value::Loaded(_) | Value::Test(_) => unreachable!("not a value of a plan"),
        }
    }

    fn test(&mut self, test: Test) -> Result<(), Error> {
        self.linear(test.left)?;
        self.linear(test.right)?;
        self.op(match test.op {
            Comparison::Eq => Operator::I32Eq,
            Comparison::Ne => Operator::I32Ne,
            Comparison::LtU => Operator::I32LtU,
            Comparison::LeU => Operator::I32LeU,
            Comparison::LtS => Operator::I32LtS,
            Comparison::LeS => Operator::I32LeS,
        })
    }

    /// Pushes how far the end is; every iteration takes `1 << shift` off.
    fn distance(&mut self) -> Result<(), Error> {
        self.linear(self.plan.count.distance)?;
        match self.plan.direction {
            Some(direction) if self.plan.count.along => {
                self.local(direction)?;
                self.op(Operator::I32Mul)
            }
            _ => Ok(()),
        }
    }

    /// How many iterations the run has, if that is a sum.
    fn iterations_sum(&self) -> Option<Linear> {
        let Count { distance, along, shift, .. } = self.plan.count;
        (!along && shift == 0).then(|| distance.sub(Linear::constant(1)))?
    }

    /// Pushes the distance and the least that it must be. Of a sum with something
    /// subtracted, that is added to the other side: what would wrap is then too small.
    fn compared(&mut self, least: u32) -> Result<(), Error> {
        let mut count = self.plan.count;
        let less = count.distance.constant.wrapping_neg();
        if !count.along && less < 1 << 16 {
            count.distance.constant = 0;
            self.linear(count.distance)?;
            return self.constant(least + less);
        }
        self.distance()?;
        self.constant(least)
    }

    /// Pushes how many iterations the run has: all that end at the header but one.
    fn iterations(&mut self) -> Result<(), Error> {
        if let Some(sum) = self.iterations_sum() {
            return self.linear(sum);
        }
        self.distance()?;
        if self.plan.count.shift != 0 {
            self.constant(self.plan.count.shift)?;
            self.op(Operator::I32ShrU)?;
        }
        self.constant(u32::MAX)?;
        self.op(Operator::I32Add)
    }

    /// Leaves unless the run is worth it, and its premises hold.
    fn leave_if_few(&mut self) -> Result<(), Error> {
        if let Some(direction) = self.plan.direction {
            self.local(direction)?;
            self.constant(1)?;
            self.op(Operator::I32Add)?;
            self.constant(!2)?;
            self.op(Operator::I32And)?;
            self.leave_if()?;
        }
        let iterations = self.walker.backend.min_run(self.plan.run) + 1;
        self.compared(iterations << self.plan.count.shift)?;
        let Some(guard) = self.plan.count.guard else {
            self.op(Operator::I32LtU)?;
            return self.leave_if();
        };
        // Signed, so that most loops that are over already need no second test.
        self.op(Operator::I32LtS)?;
        self.leave_if()?;
        self.test(guard)?;
        self.leave_unless()
    }

    /// Gives every local that is counted its value after the run: those that say how
    /// many iterations there are come last, and all at once.
    fn update(&mut self) -> Result<(), Error> {
        let counting = |local| self.plan.count.distance.terms().iter().any(|term| term.0 == local);
        let (last, first): (Vec<_>, Vec<_>) =
            self.plan.updates.iter().partition(|update| counting(update.0));
        for &(local, step) in &first {
            self.advanced(local, step)?;
            self.op(Operator::LocalSet { local_index: local })?;
        }
        for &(local, step) in &last {
            self.advanced(local, step)?;
        }
        for &(local_index, _) in last.iter().rev() {
            self.op(Operator::LocalSet { local_index })?;
        }
        Ok(())
    }

    /// Pushes what a local is after the run.
    fn advanced(&mut self, local: u32, step: Step) -> Result<(), Error> {
        if let Step::By(by) = step
            && let Some(iterations) = self.iterations_sum()
            && let Some(added) = iterations.times(by.cast_unsigned())
            && let Some(sum) = Linear::local(local).add(added)
        {
            return self.linear(sum);
        }
        self.local(local)?;
        let stride = 1 << self.plan.count.shift;
        if step == Step::By(stride) || step == Step::By(-stride) {
            // As the number of iterations, without a shift to and fro.
            self.distance()?;
            self.constant((-stride).cast_unsigned())?;
            self.op(Operator::I32And)?;
            self.constant((-stride).cast_unsigned())?;
            self.op(Operator::I32Add)?;
            let rises = step == Step::By(stride);
            return self.op(if rises { Operator::I32Add } else { Operator::I32Sub });
        }
        self.iterations()?;
        let subtract = match step {
            Step::By(-1) => true,
            Step::By(by) => {
                if by != 1 {
                    self.constant(by.cast_unsigned())?;
                    self.op(Operator::I32Mul)?;
                }
                false
            }
            Step::Along { local, negative } => {
                self.local(local)?;
                self.op(Operator::I32Mul)?;
                negative
            }
        };
        self.op(if subtract { Operator::I32Sub } else { Operator::I32Add })
    }
}
