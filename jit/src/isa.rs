//! The host's instruction set with our code generation settings.

use bimetal_core::ops::relaxed::RelaxedChoice;
use cranelift_codegen::ir::{Function, types};
use cranelift_codegen::isa::{OwnedTargetIsa, TargetIsa};
use cranelift_codegen::settings::{self, Configurable};

use crate::budget::deserves_full_effort;
use crate::error::JitError;

/// What every function is compiled with.
const COMMON: [(&str, &str); 9] = [
    ("machine_code_cfg_info", "true"),
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
    ///
    /// # Errors
    /// If it lacks instructions that vectors need, or those for the outcomes that
    /// are chosen for the relaxed ones.
    pub(crate) fn new(relaxed: RelaxedChoice) -> Result<Isas, JitError> {
        let full = host_isa(&[("opt_level", "speed"), ("regalloc_algorithm", "backtracking")])?;
        check_vectors(&*full, relaxed)?;
        let least = host_isa(&[("opt_level", "none"), ("regalloc_algorithm", "single_pass")])?;
        Ok(Isas { full, least })
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

/// The processor that code is made for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Architecture, vendor and system.
    pub triple: String,
    /// What the code may ask of the processor beyond its architecture: sorted.
    pub features: Vec<String>,
}

impl Isas {
    /// The processor that code is made for.
    pub(crate) fn target(&self) -> Target {
        let isa = self.full();
        let flags = isa.isa_flags();
        let named = flags.iter().filter_map(|flag| match flag.as_bool() {
            Some(false) => None,
            Some(true) => Some(flag.name.to_owned()),
            None => Some(flag.to_string()),
        });
        let mut features: Vec<String> = named.collect();
        features.sort_unstable();
        Target { triple: isa.triple().to_string(), features }
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

fn check_vectors(isa: &dyn TargetIsa, relaxed: RelaxedChoice) -> Result<(), JitError> {
    let x64 = isa.name() == "x64";
    if x64 && !isa.has_x86_pshufb_lowering() {
        return Err(JitError::new("the processor lacks SSSE3, which vector instructions need"));
    }
    let lacking = [
        ("swizzle", relaxed.swizzle && !isa.has_x86_pshufb_lowering()),
        ("trunc_s", relaxed.trunc_s && !x64),
        ("fmadd", relaxed.fmadd && !isa.has_native_fma()),
        ("laneselect", relaxed.laneselect && !isa.has_blendv_lowering(types::I8X16)),
        ("q15mulr", relaxed.q15mulr && !isa.has_x86_pmulhrsw_lowering()),
        ("dot", relaxed.dot && !isa.has_x86_pmaddubsw_lowering()),
    ];
    match lacking.iter().find(|(_, lacks)| *lacks) {
        Some((name, _)) => {
            let message = format!("the processor lacks the relaxed outcome chosen for `{name}`");
            Err(JitError::new(message))
        }
        None => Ok(()),
    }
}
