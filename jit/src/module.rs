//! A compiled module.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bimetal_core::index::FuncIdx;
use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, ModuleCode};

use crate::artifact::Artifact;
use crate::codemap::Registration;
use crate::codemem::CodeBlock;
use crate::enter::array_call;
use crate::error::JitError;
use crate::stubcache::Stubs;

/// The machine code of a module and the code slots that lead to it.
pub struct JitModule {
    slots: Box<[CodeSlot]>,
    stats: Stats,
    /// Dropped before the code that it describes.
    registration: Registration,
    block: CodeBlock,
    /// Keeps the trampolines in `slots` alive.
    _stubs: Arc<Stubs>,
}

/// What the compilation of a module took and gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Wall-clock time of the compilation.
    pub compile_time: Duration,
    /// Bytes of machine code of each defined function.
    pub func_bytes: Box<[u32]>,
    /// Bytes of machine code in total, padding and stubs included.
    pub code_bytes: usize,
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
        Ok(JitModule { slots, stats, registration, block, _stubs: stubs })
    }

    /// What the compilation took and gave.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The module that was compiled.
    pub fn module(&self) -> &Arc<Module> {
        &self.registration.index().module
    }

    /// The machine code of a defined function, as it lies in memory.
    pub fn code(&self, defined: usize) -> Option<&[u8]> {
        let start = *self.registration.index().funcs.get(defined)? as usize;
        let len = *self.stats.func_bytes.get(defined)? as usize;
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
