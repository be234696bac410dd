//! The reference interpreter: obviously right, slow, and the answer in any
//! dispute.
//!
//! It lowers a function to a flat list of instructions at its first call
//! ([`code`], [`lower`]) and executes them one by one on an explicit stack
//! ([`machine`], [`step`], [`call`]). What an instruction computes is
//! [`bimetal_core::sem`]'s to say. It shares the walker with the other tiers but
//! not their canonical slots: operands are pushed and popped. Guest calls use no
//! native stack.
//!
//! All of it is safe code but [`access`], which follows the runtime's pointers,
//! and [`entry`], the border to the host.

use std::sync::{Arc, OnceLock};

use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_parser::{Error, Module};
use bimetal_runtime::code::{CodeSlot, ModuleCode};
use bimetal_runtime::layout::VmLayout;
use bimetal_runtime::limits::Settings;

use self::code::FuncCode;

mod access;
mod call;
mod code;
mod entry;
mod exception;
mod gc;
mod lower;
mod lowering;
mod machine;
mod objects;
mod stack;
mod step;
mod vec;

/// A module as the reference interpreter runs it.
#[derive(Debug)]
pub struct ReferenceModule {
    module: Arc<Module>,
    layout: VmLayout,
    relaxed: RelaxedChoice,
    slots: Box<[CodeSlot]>,
    /// By defined function, from its first call on.
    codes: Box<[OnceLock<Result<FuncCode, Error>>]>,
}

impl ReferenceModule {
    /// A module whose functions are lowered when they are called.
    pub fn new(module: &Arc<Module>, settings: &Settings) -> Arc<ReferenceModule> {
        let bodies = || module.bodies.iter();
        Arc::new(ReferenceModule {
            module: Arc::clone(module),
            layout: VmLayout::new(module),
            relaxed: settings.relaxed,
            slots: bodies().map(|_| CodeSlot::new(entry::enter)).collect(),
            codes: bodies().map(|_| OnceLock::new()).collect(),
        })
    }

    /// The module itself.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// The code of the function at this position among the defined ones.
    fn code(&self, defined: usize) -> Result<&FuncCode, Error> {
        let code =
            self.codes[defined].get_or_init(|| lower::lower(&self.module, self.relaxed, defined));
        code.as_ref().map_err(Clone::clone)
    }
}

// SAFETY: the slots are allocated once and never replaced; what their entries
// expect to find in `VmCtx::tier` is the `ReferenceModule` (`access::Context`).
unsafe impl ModuleCode for ReferenceModule {
    fn slots(&self) -> &[CodeSlot] {
        &self.slots
    }

    fn tier(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }
}

#[cfg(test)]
mod tests;
