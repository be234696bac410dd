//! Functions in the forms that the tiers give them: for people who look into the
//! engine, not for programs. The texts may change with every version.

use std::fmt;
use std::sync::Arc;

use bimetal_core::index::FuncIdx;
use bimetal_interp::fast;
use bimetal_jit::JitEngine;

use crate::error::{Error, Result};
use crate::module::Module;

/// A form of a function's code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// The code of the fast interpreter.
    Interpreter,
    /// Cranelift's intermediate form, before optimisation.
    Clif,
    /// The machine code, as assembly text.
    MachineCode,
}

/// The indices of the functions that the module defines.
pub fn defined(module: &Module) -> std::ops::Range<u32> {
    let parsed = module.parsed();
    let first = parsed.imported.funcs;
    first..first + parsed.bodies.len() as u32
}

/// The name of a function, by its index: from the name section or its export.
pub fn name(module: &Module, func: u32) -> Option<&str> {
    module.parsed().func_name(FuncIdx(func))
}

/// The index of the defined function with this index, export name or name.
pub fn find(module: &Module, text: &str) -> Option<u32> {
    let exported = || {
        module.parsed().exports.iter().find_map(|export| match export.entity {
            bimetal_parser::module::Entity::Func(func) if &*export.name == text => Some(func.0),
            _ => None,
        })
    };
    let index = text.parse().ok();
    let found = index
        .or_else(exported)
        .or_else(|| defined(module).find(|&func| name(module, func) == Some(text)))?;
    defined(module).contains(&found).then_some(found)
}

/// Shows functions of one module in one form.
pub struct Dump<'a> {
    module: &'a Module,
    form: Form,
    tier: Tier,
}

/// The tier that knows the form.
enum Tier {
    Fast(Arc<fast::FastModule>),
    Jit(Box<JitEngine>),
}

impl<'a> Dump<'a> {
    /// Prepares to show functions of this module in this form.
    ///
    /// # Errors
    /// If the compiler is not available on this machine.
    pub fn new(module: &'a Module, form: Form) -> Result<Dump<'a>> {
        let settings = &module.engine().config().settings;
        let tier = match form {
            Form::Interpreter => Tier::Fast(fast::FastModule::new(module.parsed(), settings)),
            Form::Clif | Form::MachineCode => Tier::Jit(Box::new(JitEngine::new(settings)?)),
        };
        Ok(Dump { module, form, tier })
    }

    /// A function as text.
    ///
    /// # Errors
    /// If the module defines no such function or the tier refuses it.
    pub fn function(&self, func: u32) -> Result<String> {
        let parsed = self.module.parsed();
        let defined = parsed
            .defined_index(FuncIdx(func))
            .filter(|&defined| defined < parsed.bodies.len())
            .ok_or_else(|| Error::msg(format!("the module defines no function {func}")))?;
        Ok(match &self.tier {
            Tier::Fast(tier) => fast::dump(tier, defined)?,
            Tier::Jit(jit) if self.form == Form::Clif => jit.clif(parsed, defined)?,
            Tier::Jit(jit) => jit.disassemble(parsed, defined)?,
        })
    }
}

impl fmt::Debug for Dump<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump").field("form", &self.form).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Engine;

    const WAT: &str = r#"(module
        (import "m" "f" (func))
        (func $double (export "twice") (param i32) (result i32)
            (i32.shl (local.get 0) (i32.const 1))))"#;

    #[test]
    fn a_function_is_found_by_index_export_and_name() {
        let module = Module::new(&Engine::default(), WAT).unwrap();
        for text in ["1", "twice", "double"] {
            assert_eq!(find(&module, text), Some(1), "{text}");
        }
        assert_eq!(find(&module, "0"), None, "an import has no code");
        assert_eq!(find(&module, "thrice"), None);
        assert_eq!(defined(&module), 1..2);
    }

    #[test]
    fn every_form_shows_the_shift() {
        let module = Module::new(&Engine::default(), WAT).unwrap();
        let show = |func, form| Dump::new(&module, form).unwrap().function(func);
        assert!(show(1, Form::Clif).unwrap().contains("ishl"));
        assert!(!show(1, Form::MachineCode).unwrap().is_empty());
        let code = show(1, Form::Interpreter).unwrap();
        assert!(code.contains("i32.shl"), "{code}");
        assert!(show(0, Form::Clif).is_err());
    }
}
