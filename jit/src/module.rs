//! A compiled module.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bimetal_core::index::FuncIdx;
use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, ModuleCode};

use crate::artifact::Artifact;
use crate::codemap::{CodeIndex, Registration};
use crate::codemem::CodeBlock;
use crate::enter::array_call;
use crate::error::JitError;
use crate::link::Fixup;
use crate::stubcache::Stubs;

/// The machine code of a module and the code slots that lead to it.
pub struct JitModule {
    slots: Box<[CodeSlot]>,
    stats: Stats,
    /// Dropped before the code that it describes.
    registration: Registration,
    block: CodeBlock,
    /// Where the code holds addresses.
    fixups: Vec<Fixup>,
    /// Keeps the trampolines in `slots` alive.
    stubs: Arc<Stubs>,
}

/// What the compilation of a module took and gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Wall-clock time of the compilation.
    pub compile_time: Duration,
    /// Each defined function.
    pub funcs: Box<[FuncStats]>,
    /// Bytes of machine code in total, padding and stubs included.
    pub code_bytes: usize,
}

/// What the compilation of a function took and gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FuncStats {
    /// Bytes of machine code.
    pub code_bytes: u32,
    /// Time of one thread; that of the first compilation if the code was loaded.
    pub compile_time: Duration,
}

impl JitModule {
    /// Puts the code of a module into memory. `trampolines` are the addresses of
    /// those of its functions, zero for one that needs none.
    ///
    /// # Errors
    /// If the system refuses the memory.
    pub(crate) fn new(
        artifact: Artifact,
        stats: Stats,
        trampolines: &[usize],
        stubs: Arc<Stubs>,
    ) -> Result<JitModule, JitError> {
        let block = artifact.linked.place()?;
        let registration = Registration::new(block.address(), block.len(), artifact.index);
        let starts = &registration.index().funcs;
        let slots = trampolines.iter().zip(starts).map(|(&trampoline, &start)| {
            let slot = CodeSlot::new(array_call);
            slot.native.store(block.at(start as usize), Ordering::Release);
            slot.trampoline.store(trampoline as *mut u8, Ordering::Release);
            slot
        });
        let slots = slots.collect();
        let fixups = artifact.linked.fixups;
        Ok(JitModule { slots, stats, registration, block, fixups, stubs })
    }

    /// What the compilation took and gave.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The module that was compiled.
    pub fn module(&self) -> &Arc<Module> {
        &self.index().module
    }

    pub(crate) fn index(&self) -> &CodeIndex {
        self.registration.index()
    }

    pub(crate) fn fixups(&self) -> &[Fixup] {
        &self.fixups
    }

    pub(crate) fn stubs(&self) -> &Stubs {
        &self.stubs
    }

    /// The code as it was before addresses were put into it.
    pub(crate) fn pristine_code(&self) -> Vec<u8> {
        assert!(self.stats.code_bytes <= self.block.len(), "the code lies inside the block");
        // SAFETY: inside the block, which is readable and never written again.
        let code = unsafe { std::slice::from_raw_parts(self.block.at(0), self.stats.code_bytes) };
        let mut code = code.to_vec();
        for fixup in &self.fixups {
            code[fixup.at as usize..][..8].fill(0);
        }
        code
    }

    /// The machine code of a defined function, as it lies in memory.
    pub fn code(&self, defined: usize) -> Option<&[u8]> {
        let start = *self.index().funcs.get(defined)? as usize;
        let len = self.stats.funcs.get(defined)?.code_bytes as usize;
        assert!(start + len <= self.block.len(), "functions lie inside the block");
        // SAFETY: inside the block, which is readable and never written again.
        Some(unsafe { std::slice::from_raw_parts(self.block.at(start), len) })
    }
}

impl fmt::Debug for JitModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitModule").field("stats", &self.stats).finish_non_exhaustive()
    }
}

// SAFETY: the slots are made once and live in a box of their own. The array
// entry expects nothing in `VmCtx::tier`.
unsafe impl ModuleCode for JitModule {
    fn slots(&self) -> &[CodeSlot] {
        &self.slots
    }
    fn tier(&self) -> *const () {
        std::ptr::null()
    }
}

/// Whether the host or another module can call the function: only then does it
/// need a trampoline.
pub(crate) fn escapes(module: &Module, defined: usize) -> bool {
    let func: FuncIdx = module.func_at(defined);
    module.escaping_index(func).is_some()
}
