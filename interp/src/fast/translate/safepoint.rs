//! Which slots hold references where a function may be interrupted by a
//! collection.
//!
//! Translation records nothing of it. A collection that meets a function for the
//! first time translates it once more, to the same instructions, and listens: an
//! operand that is in its slot is a root there, a local is one in its own slot
//! whoever names it, and a constant reference is null.

use std::collections::HashMap;

use bimetal_core::types::ValType;
use bimetal_parser::walk::Operand;
use bimetal_parser::{Error, Module};

use super::Translator;
use super::operands::Value;
use crate::fast::code::FastModule;

/// How many operands are looked at for positions that nobody has asked for yet:
/// the bound that keeps this linear.
const BUDGET: usize = 1 << 16;

/// The slots of one function that hold references.
#[derive(Debug, Default)]
pub(in crate::fast) struct FuncRoots {
    /// The locals that are references.
    locals: Box<[u32]>,
    /// The operands that are, by module offset of the instruction.
    operands: HashMap<u32, Box<[u32]>>,
}

impl FuncRoots {
    /// Adds what was found later, of the same function.
    pub(in crate::fast) fn add(&mut self, found: FuncRoots) {
        self.locals = found.locals;
        self.operands.extend(found.operands);
    }

    /// The slots at an instruction, if they are known.
    pub(in crate::fast) fn at(&self, offset: u32) -> Option<impl Iterator<Item = u32>> {
        let operands = self.operands.get(&offset)?;
        Some(self.locals.iter().chain(operands).copied())
    }
}

/// Listens to a translation.
pub(super) struct Listener {
    /// The instruction that must not be missed.
    wanted: u32,
    budget: usize,
    found: HashMap<u32, Box<[u32]>>,
}

impl Listener {
    fn hear(&mut self, module: &Module, offset: u32, live: &[Operand<Value>]) {
        if offset != self.wanted && live.len() >= self.budget {
            return;
        }
        self.budget = self.budget.saturating_sub(live.len() + 1);
        let in_slot = |arg: &&Operand<Value>| arg.value == Value::Temp;
        let roots = live.iter().filter(in_slot).filter(|arg| module.is_collected(arg.ty));
        self.found.insert(offset, roots.map(|arg| arg.slot).collect());
    }
}

impl Translator<'_> {
    /// What is about to be emitted may collect; `live` are the operands that
    /// outlive it.
    pub(super) fn safepoint(&mut self, live: &[Operand<Value>]) {
        if let Some(listener) = &mut self.listener {
            listener.hear(self.module, self.offset, live);
        }
    }
}

/// Finds the roots of a function: those at an instruction, and at others as long
/// as they come cheap.
///
/// # Errors
/// As for translation; not for a function that has been translated.
pub(in crate::fast) fn roots(
    tier: &FastModule,
    defined: usize,
    wanted: u32,
) -> Result<FuncRoots, Error> {
    let mut translator = Translator::new(tier);
    translator.listener = Some(Listener { wanted, budget: BUDGET, found: HashMap::new() });
    let mut ir = super::run(tier, defined, translator)?;
    let FuncRoots { mut locals, mut operands } = ir.roots.take().unwrap_or_default();
    for slot in operands.values_mut().chain([&mut locals]).flatten() {
        *slot = ir.frame_slot(*slot);
    }
    Ok(FuncRoots { locals, operands })
}

impl Listener {
    /// What was heard, in canonical slots, of a function with these locals.
    pub(super) fn finish(self, module: &Module, types: &[ValType], slots: &[u32]) -> FuncRoots {
        let locals = types.iter().zip(slots).filter(|(ty, _)| module.is_collected(**ty));
        FuncRoots { locals: locals.map(|(_, &slot)| slot).collect(), operands: self.found }
    }
}
