//! Compiled code as text.

use bimetal_parser::Module;

use crate::compile::Compiler;
use crate::engine::JitEngine;
use crate::env::{Calls, ModuleEnv};
use crate::error::JitError;
use crate::lower::Start;

impl JitEngine {
    /// The CLIF of a defined function, before optimisation.
    ///
    /// # Errors
    /// If there is no such function or it cannot be translated.
    pub fn clif(&self, module: &Module, defined: usize) -> Result<String, JitError> {
        let env = ModuleEnv::new(module, &self.settings, Calls::Direct, None);
        check(module, defined)?;
        Compiler::new().guarded(&env, defined, |compiler| {
            compiler.translate(&env, self.isas.full(), defined, Start::Entry)?;
            Ok(compiler.context.func.display().to_string())
        })
    }

    /// The machine code of a defined function as assembly text.
    ///
    /// # Errors
    /// If there is no such function or it cannot be compiled.
    pub fn disassemble(&self, module: &Module, defined: usize) -> Result<String, JitError> {
        let env = ModuleEnv::new(module, &self.settings, Calls::Direct, None);
        check(module, defined)?;
        Compiler::new().guarded(&env, defined, |compiler| {
            compiler.translate(&env, self.isas.full(), defined, Start::Entry)?;
            compiler.context.set_disasm(true);
            let code = compiler.machine_code(self.isas.of(&compiler.context.func))?;
            code.vcode.ok_or_else(|| JitError::new("no assembly text was generated"))
        })
    }
}

fn check(module: &Module, defined: usize) -> Result<(), JitError> {
    if defined < module.bodies.len() {
        return Ok(());
    }
    Err(JitError::new(format!("the module defines no function {defined}")))
}
