//! Compiled functions of one module.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bimetal_parser::Module;
use bimetal_runtime::code::{CodeSlot, FuncReport};

use crate::artifact::Artifact;
use crate::codemap::{CodeIndex, Registration};
use crate::codemem::CodeBlock;
use crate::compile::FuncCode;
use crate::enter::array_call;
use crate::error::JitError;
use crate::link::Fixup;
use crate::module::JitModule;
use crate::profile::{ProfilingStrategy, Registered, register};
use crate::stubcache::{Stubs, Trampolines};

/// Functions of one module that were compiled together: their machine code, and
/// which of those that were wanted could not be compiled.
pub struct JitCode {
    /// By function of the code's index; null for one that only compiled code of its
    /// own module calls.
    trampolines: Box<[*const Trampolines]>,
    refused: Vec<(usize, JitError)>,
    /// The code of each function, if it can be linked with other code later.
    pub(crate) pieces: Vec<(usize, FuncCode)>,
    stats: Stats,
    /// Dropped before the code that it describes, as is `registration`.
    _debugged: Option<Registered>,
    registration: Registration,
    block: CodeBlock,
    /// Where the code holds addresses.
    fixups: Vec<Fixup>,
    /// Keeps the trampolines alive.
    stubs: Arc<Stubs>,
}

// SAFETY: the trampolines live as long as the stubs that the code keeps alive, and
// are written atomically.
unsafe impl Send for JitCode {}
// SAFETY: as above.
unsafe impl Sync for JitCode {}

/// What the compilation of a module or of some of its functions took and gave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Wall-clock time; zero if the code was loaded.
    pub compile_time: Duration,
    /// Each function that was compiled, in order: all defined ones of a module.
    pub funcs: Box<[FuncStats]>,
    /// Bytes of machine code in total, padding and stubs included.
    pub code_bytes: usize,
}

/// What the compilation of a function took and gave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FuncStats {
    /// Bytes of machine code.
    pub code_bytes: u32,
    /// Time that one thread took; zero if the code was loaded.
    pub compile_time: Duration,
}

impl JitCode {
    /// Puts compiled code into memory. `trampolines` are those of its functions, in
    /// order.
    ///
    /// # Errors
    /// If the system refuses the memory.
    pub(crate) fn new(
        artifact: Artifact,
        stats: Stats,
        refused: Vec<(usize, JitError)>,
        trampolines: Vec<*const Trampolines>,
        stubs: Arc<Stubs>,
        (profiling, debug_info): (ProfilingStrategy, bool),
    ) -> Result<JitCode, JitError> {
        let block = artifact.linked.place()?;
        let debugged =
            debug_info.then(|| register(&artifact.index, block.address(), &artifact.linked.code));
        profiling.loaded(&artifact.index, block.address(), &artifact.linked.code);
        let registration = Registration::new(block.address(), block.len(), artifact.index);
        let (fixups, trampolines) = (artifact.linked.fixups, trampolines.into());
        Ok(JitCode {
            trampolines,
            refused,
            pieces: Vec::new(),
            stats,
            registration,
            block,
            fixups,
            stubs,
            _debugged: debugged,
        })
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

    /// The module that the functions belong to.
    pub fn module(&self) -> &Arc<Module> {
        &self.index().module
    }

    /// What the compilation took and gave.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// The functions that were compiled, as positions among the defined ones,
    /// ascending.
    pub fn compiled(&self) -> impl Iterator<Item = usize> {
        self.index().compiled().map(|(_, defined)| defined)
    }

    /// The functions that were wanted but could not be compiled, and why.
    pub fn refused(&self) -> &[(usize, JitError)] {
        &self.refused
    }

    /// The functions that were wanted: those that were compiled, then the others.
    pub fn known(&self) -> impl Iterator<Item = usize> {
        self.compiled().chain(self.refused.iter().map(|refused| refused.0))
    }

    /// Whether every function of the module is compiled.
    pub fn is_whole(&self) -> bool {
        self.index().is_whole()
    }

    /// The code of a module that needs no other tier.
    ///
    /// # Panics
    /// Unless [`JitCode::is_whole`].
    pub fn into_module(self) -> Arc<JitModule> {
        assert!(self.is_whole(), "nobody runs the functions that are not compiled");
        Arc::new(JitModule::new(self))
    }

    /// Leads compiled callers and the host to the compiled functions, from now on, by
    /// the module's code slots, which must not outlive this value's code.
    pub fn install(&self, slots: &[CodeSlot]) {
        for ((start, defined), trampolines) in self.index().compiled().zip(&self.trampolines) {
            let slot = &slots[defined];
            slot.trampoline.store(trampolines.cast_mut().cast(), Ordering::Release);
            slot.native.store(self.block.at(start), Ordering::Release);
            slot.set_array(array_call);
        }
    }

    /// What is to be said about a defined function that was wanted.
    pub fn report(&self, defined: usize) -> Option<FuncReport> {
        if let Some(FuncStats { code_bytes, compile_time }) =
            self.position(defined).map(|at| self.stats.funcs[at])
        {
            let code_bytes = code_bytes as usize;
            let report =
                FuncReport { compiled: true, code_bytes, compile_time, ..FuncReport::default() };
            return Some(report);
        }
        let (_, error) = self.refused.iter().find(|refused| refused.0 == defined)?;
        let reason = Some(error.message().to_owned());
        Some(FuncReport { reason, ..FuncReport::default() })
    }

    /// Where a function is among those of this code.
    fn position(&self, defined: usize) -> Option<usize> {
        let funcs = &self.index().funcs[..self.stats.funcs.len()];
        funcs.binary_search_by_key(&(defined as u32), |func| func.1).ok()
    }

    /// The machine code of a defined function, as it lies in memory.
    pub fn code(&self, defined: usize) -> Option<&[u8]> {
        let at = self.position(defined)?;
        let (start, len) = (self.index().funcs[at].0 as usize, self.stats.funcs[at].code_bytes);
        let len = len as usize;
        assert!(start + len <= self.block.len(), "functions lie inside the block");
        // SAFETY: inside the block, which is readable and never written again.
        Some(unsafe { std::slice::from_raw_parts(self.block.at(start), len) })
    }
}

impl fmt::Debug for JitCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitCode").field("stats", &self.stats).finish_non_exhaustive()
    }
}
