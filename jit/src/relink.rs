//! Functions that are compiled one by one, and linked with each other later.
//!
//! A call of a function in another block of code goes through that function's code
//! slot. When the functions of a module that are hot have been compiled, all of them
//! are put into one block once more, where they call each other directly. Machine
//! code refers to other functions by distances alone, so nothing is compiled again.

use std::sync::Arc;
use std::time::Instant;

use bimetal_parser::Module;

use crate::code::JitCode;
use crate::compile::FuncCode;
use crate::engine::JitEngine;
use crate::error::JitError;
use crate::thread;

impl JitEngine {
    /// Puts the functions of several pieces of code, which
    /// [`JitEngine::compile_functions`] or this function made and no two of which have
    /// a function in common, into one. The old code stays where it is, for those who run
    /// in it or are going to.
    ///
    /// # Errors
    /// If there is no memory for the code, or it is too long. Then it cannot be linked
    /// any more.
    pub fn relink(&self, module: &Arc<Module>, codes: &mut [JitCode]) -> Result<JitCode, JitError> {
        let start = Instant::now();
        let mut refused: Vec<_> = codes.iter().flat_map(|code| code.refused().to_vec()).collect();
        let pieces = codes.iter_mut().flat_map(|code| std::mem::take(&mut code.pieces));
        let mut funcs: Vec<_> = pieces.collect();
        funcs.sort_unstable_by_key(|func| func.0);
        refused.sort_unstable_by_key(|func| func.0);
        // Stubs may be compiled: never on the caller's thread.
        thread::run(|| self.link(module, funcs, refused, start))
    }

    /// Links functions, ascending, so that it can be done again.
    pub(crate) fn link(
        &self,
        module: &Arc<Module>,
        funcs: Vec<(usize, FuncCode)>,
        refused: Vec<(usize, JitError)>,
        start: Instant,
    ) -> Result<JitCode, JitError> {
        let (artifact, stats) = self.artifact(module, &funcs, start)?;
        let mut code = self.place(artifact, stats, refused, true)?;
        code.pieces = funcs;
        Ok(code)
    }
}

impl JitCode {
    /// How many bytes of machine code can be linked with other code.
    pub fn linkable(&self) -> usize {
        self.pieces.iter().map(|(_, func)| func.bytes.len()).sum()
    }
}
