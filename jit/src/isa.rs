//! The host's instruction set with our code generation settings.

use cranelift_codegen::ir::Function;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};

use crate::budget::deserves_full_effort;
use crate::error::JitError;

/// What every function is compiled with.
const COMMON: [(&str, &str); 8] = [
    ("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }),
    ("preserve_frame_pointers", "true"),
    ("unwind_info", "false"),
    ("enable_probestack", "true"),
    ("probestack_strategy", "inline"),
    ("enable_multi_ret_implicit_sret", "true"),
    ("is_pic", "false"),
    ("use_colocated_libcalls", "false"),
];

/// The settings by the effort that a function deserves. Their code mixes freely.
pub(crate) struct Isas {
    full: OwnedTargetIsa,
    least: OwnedTargetIsa,
}

impl Isas {
    /// For the processor that this runs on, with all that it can do.
    pub(crate) fn new() -> Result<Isas, JitError> {
        Ok(Isas {
            full: host_isa(&[("opt_level", "speed"), ("regalloc_algorithm", "backtracking")])?,
            least: host_isa(&[("opt_level", "none"), ("regalloc_algorithm", "single_pass")])?,
        })
    }

    /// For functions of ordinary size.
    pub(crate) fn full(&self) -> &dyn TargetIsa {
        &*self.full
    }

    /// For this function, by its size.
    pub(crate) fn of(&self, func: &Function) -> &dyn TargetIsa {
        if deserves_full_effort(func) { &*self.full } else { &*self.least }
    }
}

fn host_isa(effort: &[(&str, &str)]) -> Result<OwnedTargetIsa, JitError> {
    let mut flags = settings::builder();
    for (name, value) in COMMON.iter().chain(effort) {
        flags.set(name, value).map_err(|error| JitError::new(format!("{name}: {error}")))?;
    }
    let builder = cranelift_native::builder().map_err(JitError::new)?;
    let isa = builder.finish(settings::Flags::new(flags));
    isa.map_err(|error| JitError::new(error.to_string()))
}
