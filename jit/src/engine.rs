//! What all compilations share: the host's instruction set and the stubs.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bimetal_core::types::FuncType;
use bimetal_parser::Module;
use bimetal_runtime::limits::Settings;
use rayon::prelude::*;

use crate::abi::Shape;
use crate::artifact::Artifact;
use crate::compile::{Compiler, FuncCode};
use crate::env::{Calls, ModuleEnv};
use crate::error::JitError;
use crate::image::trampoline_shapes;
use crate::isa::{Isas, Target};
use crate::lower::Start;
use crate::module::{FuncStats, JitModule, Stats, escapes};
use crate::stubcache::{Kind, Stubs};
use crate::{stub, unwind};

/// Compiles modules for the processor that it runs on.
///
/// Stubs that depend on a signature alone are made once and kept for the life
/// of the engine and of all modules that it compiled.
pub struct JitEngine {
    pub(crate) isas: Isas,
    pub(crate) settings: Settings,
    pub(crate) slow_call: FuncCode,
    pub(crate) throw: FuncCode,
    pub(crate) osr_entry: FuncCode,
    stubs: Arc<Stubs>,
}

/// Bytes of function bodies below which waking other threads takes longer than
/// they save.
const ALONE_BELOW: usize = 2048;

impl JitEngine {
    /// An engine for modules whose instances are made with these settings.
    /// Installs the process's signal handlers, once.
    ///
    /// # Errors
    /// If the processor or the system is not supported, or the processor lacks what
    /// the settings ask of it.
    pub fn new(settings: &Settings) -> Result<JitEngine, JitError> {
        unwind::install()?;
        let isas = Isas::new(settings.relaxed)?;
        // Not on the caller's thread: as in `compile_module`.
        let slow_call = rayon::scope(|_| stub::slow_call(&mut Compiler::new(), isas.full()))?;
        let throw = rayon::scope(|_| stub::throw(&mut Compiler::new(), isas.full()))?;
        let osr_entry = rayon::scope(|_| stub::osr_entry(&mut Compiler::new(), isas.full()))?;
        let (settings, stubs) = (settings.clone(), Arc::default());
        Ok(JitEngine { isas, settings, slow_call, throw, osr_entry, stubs })
    }

    /// The processor that code is made for.
    pub fn target(&self) -> Target {
        self.isas.target()
    }

    /// Compiles all functions of a module, on all processors.
    ///
    /// # Errors
    /// If a function is invalid or beyond the limits of the code generator, or
    /// there is no memory for the code.
    pub fn compile_module(&self, module: &Arc<Module>) -> Result<Arc<JitModule>, JitError> {
        // Never on the caller's thread, which may have little stack.
        rayon::scope(|_| self.compile_on_worker(module))
    }

    fn compile_on_worker(&self, module: &Arc<Module>) -> Result<Arc<JitModule>, JitError> {
        let start = Instant::now();
        let env = ModuleEnv::new(module, &self.settings, Calls::Direct);
        let funcs = self.compile_functions(&env)?;
        let stats = |func: &FuncCode| FuncStats {
            code_bytes: func.bytes.len() as u32,
            compile_time: func.compile_time,
        };
        let stats = funcs.iter().map(stats).collect();
        let artifact = Artifact::new(module, funcs, [&self.slow_call, &self.throw])?;
        let shapes = trampoline_shapes(module);
        self.stubs.make(Kind::Trampoline, self.isas.full(), shapes.iter())?;
        let code_bytes = artifact.linked.code.len();
        let stats = Stats { compile_time: start.elapsed(), funcs: stats, code_bytes };
        self.place(artifact, stats)
    }

    /// Puts a module into memory whose trampolines have been made.
    ///
    /// # Errors
    /// If the system refuses the memory.
    pub(crate) fn place(
        &self,
        artifact: Artifact,
        stats: Stats,
    ) -> Result<Arc<JitModule>, JitError> {
        let module = &artifact.index.module;
        // Zero for a function that only compiled code of its own module calls.
        let trampoline = |defined| {
            let ty = module.type_of_func(module.func_at(defined));
            let address = || self.stubs.address(Kind::Trampoline, &Shape::new(ty));
            escapes(module, defined).then(address).flatten().unwrap_or(0)
        };
        let trampolines: Vec<usize> = (0..module.bodies.len()).map(trampoline).collect();
        Ok(Arc::new(JitModule::new(artifact, stats, &trampolines, self.stubs.clone())?))
    }

    /// The code of every defined function, in order.
    fn compile_functions(&self, env: &ModuleEnv<'_>) -> Result<Vec<FuncCode>, JitError> {
        let bodies = &env.module.bodies;
        // The largest first: they take longest, and one left for last would keep
        // all other processors waiting.
        let mut order: Vec<usize> = (0..bodies.len()).collect();
        order.sort_by_key(|&defined| std::cmp::Reverse(bodies[defined].range.len()));
        let next = AtomicUsize::new(0);
        let worker = || {
            let mut compiler = Compiler::new();
            let mut compiled = Vec::new();
            while let Some(&defined) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                compiled.push((defined, compiler.function(env, &self.isas, defined, Start::Entry)));
            }
            compiled
        };
        let bytes: usize = bodies.iter().map(|body| body.range.len()).sum();
        let mut compiled: Vec<_> = if bytes < ALONE_BELOW {
            worker()
        } else {
            let workers = rayon::current_num_threads().min(bodies.len());
            (0..workers).into_par_iter().with_max_len(1).flat_map_iter(|_| worker()).collect()
        };
        // In order, so that the error is always that of the first bad function.
        compiled.sort_unstable_by_key(|func| func.0);
        compiled.into_iter().map(|func| func.1).collect()
    }

    pub(crate) fn stubs(&self) -> &Stubs {
        &self.stubs
    }

    /// The native entry of every host function of this type: what belongs into
    /// [`bimetal_runtime::code::CodeSlot::native`]. Valid as long as the engine
    /// and any module that it compiled.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub fn host_thunk(&self, ty: &FuncType) -> Result<*const u8, JitError> {
        let shape = Shape::new(ty);
        let known = || self.stubs.address(Kind::HostThunk, &shape);
        if let Some(address) = known() {
            return Ok(address as *const u8);
        }
        let isa = self.isas.full();
        rayon::scope(|_| self.stubs.make(Kind::HostThunk, isa, std::iter::once(&shape)))?;
        let address = known().ok_or_else(|| JitError::new("no host thunk was made"))?;
        Ok(address as *const u8)
    }
}

impl fmt::Debug for JitEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitEngine").field("isa", &self.isas.full().name()).finish_non_exhaustive()
    }
}
