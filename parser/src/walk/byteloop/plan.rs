//! Which loops are runs, and what has to be computed in front of them.
//!
//! A run does some of the iterations that are certain to end at the header again, and
//! never the last of them. The loop itself does the rest: so it is the loop that ends,
//! that traps, and that leaves behind whatever its last whole iteration left in locals
//! that are not counted.

use bimetal_core::index::MemIdx;
use bimetal_core::ops::run::{MAX_SPREAD, MemoryRun};
use bimetal_core::ops::slow::SlowOp;
use bimetal_core::types::AddrType;

use super::linear::Linear;
use super::scan::{Access, Comparison, Iteration, Test, Value};
use crate::module::Module;

/// What one iteration adds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    /// A constant.
    By(i32),
    /// A local that does not change, or its negative.
    Along { local: u32, negative: bool },
}

/// A loop that is a run.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) op: SlowOp,
    pub(super) run: MemoryRun,
    /// The index of the lowest store of the first iteration.
    pub(super) store: Linear,
    /// The index of its lowest load, or the value that is stored.
    pub(super) source: Value,
    /// The local that must be 1 or -1, and is the step.
    pub(super) direction: Option<u32>,
    pub(super) count: Count,
    /// The locals that are counted, and their steps.
    pub(super) updates: Vec<(u32, Step)>,
}

/// How many iterations end at the header: at least `distance >> shift`, if `guard`
/// holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    pub(super) guard: Option<Test>,
    pub(super) distance: Linear,
    /// Whether the distance still has to be multiplied by the direction.
    pub(super) along: bool,
    pub(super) shift: u32,
}

/// How the locals change, if this is a run.
struct Steps<'a> {
    iteration: &'a Iteration,
    updates: Vec<(u32, Step)>,
}

/// The plan of a run, unless the iteration does anything else.
pub(super) fn plan(module: &Module, iteration: &Iteration) -> Option<Plan> {
    let steps = Steps::new(iteration)?;
    let first = iteration.accesses.first()?;
    let ty = module.memories.get(MemIdx(first.memory).index())?;
    if ty.addr != AddrType::I32 || ty.shared {
        return None;
    }
    let stores: Vec<&Access> = iteration.accesses.iter().filter(|a| a.stored.is_some()).collect();
    let loads: Vec<&Access> = iteration.accesses.iter().filter(|a| a.stored.is_none()).collect();
    let unit = first.width.checked_mul(u32::try_from(stores.len()).ok()?)?;
    let same = |a: &&Access| a.memory == first.memory && a.width == first.width;
    if unit == 0 || unit > MAX_SPREAD || !iteration.accesses.iter().all(|a| same(&a)) {
        return None;
    }
    let step = steps.of(stores.first()?.index)?;
    let (backward, direction) = match step {
        Step::By(by) if by.unsigned_abs() == unit => (by < 0, None),
        Step::Along { local, negative: false } if unit == 1 => (false, Some(local)),
        _ => return None,
    };
    let to = Side::new(&stores)?;
    let (op, source, load_offset, indices) = if loads.is_empty() {
        (SlowOp::memory_fill_run, steps.filler(&stores)?, 0, to.indices)
    } else {
        let from = Side::new(&loads)?;
        if !in_order(iteration) || steps.of(from.index)? != step {
            return None;
        }
        if !to.runs(backward) || !from.runs(backward) {
            return None;
        }
        let indices = to.indices || from.indices;
        (SlowOp::memory_copy_run, Value::Linear(from.index), from.offset, indices)
    };
    let run = MemoryRun {
        memory: u8::try_from(first.memory).ok()?,
        width_log2: first.width.trailing_zeros() as u8,
        accesses: u8::try_from(stores.len()).ok()?,
        backward,
        signed: direction.is_some(),
        indices,
        store_offset: to.offset,
        load_offset,
    };
    let count = steps.count(direction)?;
    Some(Plan { op, run, store: to.index, source, direction, count, updates: steps.updates })
}

/// Whether every value is stored before the next one is read.
fn in_order(iteration: &Iteration) -> bool {
    iteration.accesses.iter().enumerate().all(|(at, access)| match access.stored {
        None => at.is_multiple_of(2),
        Some(value) => !at.is_multiple_of(2) && value == Value::Loaded(at - 1),
    }) && iteration.accesses.len().is_multiple_of(2)
}

/// All stores of an iteration, or all loads.
struct Side {
    /// The index of the lowest one.
    index: Linear,
    offset: u16,
    /// Where the others are, counted in bytes from the lowest, in program order.
    places: Vec<i64>,
    width: i64,
    indices: bool,
}

impl Side {
    /// Those accesses, if they lie side by side.
    fn new(accesses: &[&Access]) -> Option<Side> {
        let first = accesses.first()?;
        let width = i64::from(first.width);
        let mut places = Vec::with_capacity(accesses.len());
        let (mut lowest, mut low) = (*first, 0);
        let (mut indices, mut offsets) = (false, false);
        for access in accesses {
            let apart = access.index.sub(first.index)?.as_constant()?.cast_signed();
            indices |= apart != 0;
            offsets |= access.offset != first.offset;
            let offset = u16::try_from(access.offset).ok()?;
            let place = i64::from(apart) + i64::from(offset) - i64::from(first.offset as u16);
            if apart.unsigned_abs() > MAX_SPREAD / 2 {
                return None;
            }
            if place < low {
                (lowest, low) = (access, place);
            }
            places.push(place);
        }
        places.iter_mut().for_each(|place| *place -= low);
        let mut sorted = places.clone();
        sorted.sort_unstable();
        let beside = sorted.iter().enumerate().all(|(at, &place)| place == at as i64 * width);
        let offset = u16::try_from(lowest.offset).ok()?;
        // With the same offset, all indices lie from the lowest on side by side.
        let indices = indices && offsets;
        let side = Side { index: lowest.index, offset, places, width, indices };
        beside.then_some(side)
    }

    /// Whether the program accesses them from one end to the other.
    fn runs(&self, backward: bool) -> bool {
        let step = if backward { -self.width } else { self.width };
        self.places.windows(2).all(|pair| pair[1] - pair[0] == step)
    }
}

impl<'a> Steps<'a> {
    /// The locals that are counted; `None` if others keep what they are from one
    /// iteration to the next.
    fn new(iteration: &'a Iteration) -> Option<Steps<'a>> {
        let mut steps = Steps { iteration, updates: Vec::new() };
        for &(local, value) in &iteration.written {
            if let Value::Linear(end) = value
                && let Some(step) = steps.simple(end.sub(Linear::local(local))?)
            {
                steps.updates.push((local, step));
            }
        }
        let known = iteration.written.iter().all(|&(local, value)| {
            steps.updates.iter().any(|&(counted, _)| counted == local) || steps.is_fresh(value)
        });
        known.then_some(steps)
    }

    fn is_written(&self, local: u32) -> bool {
        self.iteration.written.iter().any(|&(written, _)| written == local)
    }

    fn is_known(&self, local: u32) -> bool {
        !self.is_written(local) || self.updates.iter().any(|&(counted, _)| counted == local)
    }

    /// Whether a value depends only on what this iteration knows.
    fn is_fresh(&self, value: Value) -> bool {
        match value {
            Value::Linear(sum) => sum.terms().iter().all(|&(local, _)| self.is_known(local)),
            Value::Test(test) => {
                self.is_fresh(Value::Linear(test.left)) && self.is_fresh(Value::Linear(test.right))
            }
            Value::Long(local) => !self.is_written(local),
            Value::Bits(_) | Value::Splat(_) | Value::Loaded(_) => true,
        }
    }

    /// A difference as a step.
    fn simple(&self, difference: Linear) -> Option<Step> {
        match (difference.constant, difference.terms()) {
            (by, []) => Some(Step::By(by.cast_signed())),
            (0, &[(local, factor)]) if !self.is_written(local) => match factor {
                1 => Some(Step::Along { local, negative: false }),
                u32::MAX => Some(Step::Along { local, negative: true }),
                _ => None,
            },
            _ => None,
        }
    }

    /// What an iteration adds to a sum.
    fn of(&self, sum: Linear) -> Option<Step> {
        let mut difference = Linear::default();
        for &(local, factor) in sum.terms() {
            if !self.is_known(local) {
                return None;
            }
            let step = self.updates.iter().find(|&&(counted, _)| counted == local);
            let by = match step {
                None => continue,
                Some(&(_, Step::By(by))) => Linear::constant(by.cast_unsigned()),
                Some(&(_, Step::Along { local, negative: false })) => Linear::local(local),
                Some(&(_, Step::Along { local, negative: true })) => {
                    Linear::local(local).times(u32::MAX)?
                }
            };
            difference = difference.add(by.times(factor)?)?;
        }
        self.simple(difference)
    }

    /// The value that all stores write, in every iteration.
    fn filler(&self, stores: &[&Access]) -> Option<Value> {
        let value = stores.first()?.stored?;
        let same = stores.iter().all(|store| store.stored == Some(value));
        let fixed = match value {
            Value::Linear(sum) => sum.terms().iter().all(|&(local, _)| !self.is_written(local)),
            Value::Long(local) => !self.is_written(local),
            Value::Bits(_) | Value::Splat(_) => true,
            Value::Loaded(_) | Value::Test(_) => false,
        };
        (same && fixed).then_some(value)
    }

    /// How many iterations end at the header.
    fn count(&self, direction: Option<u32>) -> Option<Count> {
        let Test { op, left, right } = self.iteration.test;
        let rising = left.sub(right)?;
        let falling = right.sub(left)?;
        match op {
            Comparison::Eq => None,
            Comparison::Ne => match self.of(rising)? {
                Step::By(0) => None,
                Step::By(by) => {
                    let distance = if by < 0 { rising } else { falling };
                    Count::new(None, distance, by.unsigned_abs())
                }
                Step::Along { local, negative } if direction == Some(local) => {
                    let distance = if negative { rising } else { falling };
                    Some(Count { guard: None, distance, along: true, shift: 0 })
                }
                Step::Along { .. } => None,
            },
            _ => {
                let fixed = self.of(left)? == Step::By(0) || self.of(right)? == Step::By(0);
                match self.of(falling)? {
                    Step::By(by) if by < 0 && fixed => {
                        Count::new(Some(self.iteration.test), falling, by.unsigned_abs())
                    }
                    _ => None,
                }
            }
        }
    }
}

impl Count {
    fn new(guard: Option<Test>, distance: Linear, step: u32) -> Option<Count> {
        let shift = step.trailing_zeros();
        (step.is_power_of_two() && step <= MAX_SPREAD).then_some(Count {
            guard,
            distance,
            along: false,
            shift,
        })
    }
}
