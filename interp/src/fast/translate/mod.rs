//! Translation of one function: from the walker's verbs to instructions on slots
//! ([`ir`]), then to linked code ([`link`]).

mod access;
mod address;
mod assign;
mod backend;
mod branch;
mod bulk;
mod calls;
mod cell;
mod combine;
mod combine_vec;
mod complete;
mod counting;
mod exception;
mod fuse;
mod fusions;
mod gc;
pub(super) mod ir;
mod link;
mod live;
mod load_store;
mod mul_add;
mod neighbours;
mod operands;
mod pins;
mod plain;
mod rotate;
pub(super) mod safepoint;
mod sampling;
mod scratch;
mod select;
mod test_branch;
pub(super) mod text;
mod vec;
mod wide;
mod zero;

use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_core::types::ValType;
use bimetal_core::value::V128;
use bimetal_parser::walk::{WalkError, walk};
use bimetal_parser::{Error, Module};

use super::code::{FastModule, FuncCode};
use super::layouts::Layouts;
use ir::{Inst, Ir, Label, TryTable};
use operands::Acc;
use rotate::LoopTest;
use safepoint::Listener;
use zero::ZeroLocals;

pub use fusions::Fusions;

/// Translates the body of a defined function.
pub(super) fn translate(tier: &FastModule, defined: usize) -> Result<FuncCode, Error> {
    let ir = lower(tier, defined)?;
    let code = link::link(tier, &ir, defined).0;
    scratch::keep_insts(ir.insts);
    Ok(code)
}

/// The first step of translation.
pub(super) fn lower(tier: &FastModule, defined: usize) -> Result<Ir, Error> {
    run(tier, defined, Translator::new(tier))
}

fn run(tier: &FastModule, defined: usize, translator: Translator<'_>) -> Result<Ir, Error> {
    walk(&tier.module, defined, translator).map_err(|error| match error {
        WalkError::Module(error) | WalkError::Backend(error) => error,
    })
}

/// The second step of translation. Also returns the position in the code of each
/// instruction.
pub(super) fn link(tier: &FastModule, ir: &Ir, defined: usize) -> (FuncCode, Vec<u32>) {
    link::link(tier, ir, defined)
}

/// The state of the first step.
pub(super) struct Translator<'a> {
    module: &'a Module,
    fusions: Fusions,
    relaxed: RelaxedChoice,
    insts: Vec<Inst>,
    labels: Vec<u32>,
    targets: Vec<Label>,
    vectors: Vec<V128>,
    /// Inner ones before outer ones.
    try_tables: Vec<TryTable>,
    /// The headers of loops with their numbers.
    loops: Vec<(Label, u32)>,
    /// The tests that loops begin with, ascending.
    tests: Vec<LoopTest>,
    /// The labels behind tests that are done again, and the headers of their loops.
    rotated: Vec<(Label, Label)>,
    /// The position behind the last branch out of a loop that follows such a test.
    exit: usize,
    /// The labels behind what conditional branches of the module lead to.
    skips: Vec<Label>,
    /// One more than the highest slot that a handler needs for its exception.
    catch_slots: u32,
    /// The position of the last label.
    barrier: usize,
    /// What the accumulators hold, by [`ir::Class::acc`].
    acc: [Option<Acc>; 2],
    /// The last instruction, if its destination may still change.
    last: Option<usize>,
    /// Per local, how many operands are its value: a generation and a count that
    /// is good in that generation only.
    pending: Vec<(u32, u32)>,
    generation: u32,
    /// All operands below this position are in their slots.
    flushed: usize,
    zero: ZeroLocals,
    local_slots: Vec<u32>,
    local_types: Vec<ValType>,
    /// How many results the function has.
    results: usize,
    /// The module offset of the instruction being translated.
    offset: u32,
    layouts: &'a Layouts,
    /// Who wants to know where references are.
    listener: Option<Listener>,
}

impl<'a> Translator<'a> {
    fn new(tier: &'a FastModule) -> Translator<'a> {
        Translator {
            module: &tier.module,
            fusions: Fusions { rotate: tier.fusions.rotate && tier.hot.is_none(), ..tier.fusions },
            relaxed: tier.relaxed,
            insts: scratch::insts(),
            labels: Vec::new(),
            targets: Vec::new(),
            vectors: Vec::new(),
            try_tables: Vec::new(),
            loops: Vec::new(),
            tests: Vec::new(),
            rotated: Vec::new(),
            exit: 0,
            skips: Vec::new(),
            catch_slots: 0,
            barrier: 0,
            acc: [None; 2],
            last: None,
            pending: Vec::new(),
            generation: 1,
            flushed: 0,
            zero: ZeroLocals::default(),
            local_slots: Vec::new(),
            local_types: Vec::new(),
            results: 0,
            offset: 0,
            layouts: &tier.layouts,
            listener: None,
        }
    }
}
