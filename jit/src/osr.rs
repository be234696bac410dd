//! Compiled code that takes over a frame of the interpreter at the header of a loop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bimetal_parser::Module;
use bimetal_runtime::osr::OsrEntry;
use bimetal_runtime::seen::Seen;

use crate::artifact::Artifact;
use crate::codemap::Registration;
use crate::codemem::CodeBlock;
use crate::compile::Compiler;
use crate::engine::JitEngine;
use crate::enter::replace;
use crate::env::{Calls, ModuleEnv};
use crate::error::JitError;
use crate::lower::Start;
use crate::profile::{Registered, register};
use crate::thread;

/// The code for one loop of one function. Whoever owns it outlives every frame that
/// runs in it.
#[derive(Debug)]
pub struct OsrCode {
    /// Where the stub that enters the function lies.
    entry: *const u8,
    compile_time: Duration,
    code_bytes: usize,
    /// Dropped before the code that it describes, as is `_registration`.
    _debugged: Option<Registered>,
    _registration: Registration,
    _block: CodeBlock,
}

// SAFETY: the entry is an address in the block, which is never written.
unsafe impl Send for OsrCode {}
// SAFETY: as above.
unsafe impl Sync for OsrCode {}

impl JitEngine {
    /// Compiles a defined function of a module for frames of the interpreter that
    /// stand at the header of the loop with this number. The functions of the module
    /// are called through their code slots, all of which must have native entries.
    /// `seen`: what an interpreter has seen of the module.
    ///
    /// # Errors
    /// If the function is invalid or beyond the limits of the code generator, its
    /// frame is too large, or there is no such loop that can be reached.
    pub fn compile_osr(
        &self,
        module: &Arc<Module>,
        defined: usize,
        number: u32,
        seen: Option<&dyn Seen>,
    ) -> Result<OsrCode, JitError> {
        // Never on the caller's thread, which may have little stack.
        thread::run(|| self.osr_on_worker(module, defined, number, seen))
    }

    fn osr_on_worker(
        &self,
        module: &Arc<Module>,
        defined: usize,
        number: u32,
        seen: Option<&dyn Seen>,
    ) -> Result<OsrCode, JitError> {
        let start = Instant::now();
        let env = ModuleEnv::new(module, &self.settings, Calls::Slots, seen);
        let code = Compiler::new().function(&env, &self.isas, defined, Start::Loop(number))?;
        let code_bytes = code.bytes.len();
        let helpers = self.helpers()?;
        let stubs = helpers.called();
        let (artifact, entry) =
            Artifact::single(module, (defined, code), stubs, &helpers.osr_entry)?;
        let block = artifact.linked.place()?;
        let debugged = self
            .debug_info
            .then(|| register(&artifact.index, block.address(), &artifact.linked.code));
        self.profiling.loaded(&artifact.index, block.address(), &artifact.linked.code);
        let registration = Registration::new(block.address(), block.len(), artifact.index);
        Ok(OsrCode {
            entry: block.at(entry),
            compile_time: start.elapsed(),
            code_bytes,
            _debugged: debugged,
            _registration: registration,
            _block: block,
        })
    }
}

impl OsrCode {
    /// What the interpreter enters at the loop's header.
    pub fn entry(&self) -> OsrEntry {
        OsrEntry { replace, code: self.entry }
    }

    /// How long the compilation took.
    pub fn compile_time(&self) -> Duration {
        self.compile_time
    }

    /// Bytes of machine code of the function.
    pub fn code_bytes(&self) -> usize {
        self.code_bytes
    }
}
