//! What all compilations share: the host's instruction set and the stubs.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bimetal_core::types::{FuncType, SubType};
use bimetal_parser::Module;
use bimetal_runtime::HostFunc;
use bimetal_runtime::abi::InterpCall;
use bimetal_runtime::code::CodeSlot;
use bimetal_runtime::limits::Settings;
use bimetal_runtime::seen::Seen;
use rayon::prelude::*;

use crate::abi::Shape;
use crate::artifact::Artifact;
use crate::code::{FuncStats, JitCode, Stats};
use crate::compile::{Compiler, FuncCode};
use crate::env::{Calls, ModuleEnv};
use crate::error::JitError;
use crate::isa::{Isas, Target};
use crate::lower::Start;
use crate::module::{JitModule, escapes};
use crate::numbered::{NumberedEntries, missing_bridge};
use crate::profile::ProfilingStrategy;
use crate::stubcache::{Kind, Stubs};
use crate::{stub, thread, unwind};

/// Compiles modules for the processor that it runs on.
///
/// Stubs that depend on a signature alone are made once and kept for the life
/// of the engine and of all modules that it compiled.
pub struct JitEngine {
    pub(crate) isas: Isas,
    pub(crate) settings: Settings,
    helpers: OnceLock<Result<Helpers, JitError>>,
    stubs: Arc<Stubs>,
    pub(crate) profiling: ProfilingStrategy,
    pub(crate) debug_info: bool,
    interpreter: Option<InterpCall>,
}

/// Code that goes into blocks of functions, the same into all of them.
pub(crate) struct Helpers {
    pub(crate) slow_call: FuncCode,
    pub(crate) run_call: FuncCode,
    pub(crate) throw: FuncCode,
    pub(crate) osr_entry: FuncCode,
}

impl Helpers {
    /// What compiled functions call.
    pub(crate) fn called(&self) -> [&FuncCode; 3] {
        [&self.slow_call, &self.run_call, &self.throw]
    }
}

/// Bytes of function bodies below which waking other threads takes longer than
/// they save.
const ALONE_BELOW: usize = 2048;

/// Functions that were compiled, with their positions among the defined ones.
type Compiled = Vec<(usize, FuncCode)>;
/// Those that could not be compiled, and why.
type Refused = Vec<(usize, JitError)>;

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
        let (settings, stubs) = (settings.clone(), Arc::default());
        let (interpreter, profiling) = (None, ProfilingStrategy::None);
        Ok(JitEngine {
            isas,
            settings,
            helpers: OnceLock::new(),
            stubs,
            profiling,
            debug_info: false,
            interpreter,
        })
    }

    /// The same for modules of which the fast interpreter, entered in this way, runs
    /// some functions.
    ///
    /// # Errors
    /// As [`JitEngine::new`].
    pub fn with_interpreter(
        settings: &Settings,
        interpreter: InterpCall,
    ) -> Result<JitEngine, JitError> {
        Ok(JitEngine { interpreter: Some(interpreter), ..JitEngine::new(settings)? })
    }

    /// Tells a profiler about all code from now on.
    ///
    /// # Errors
    /// If the profiler's file cannot be made.
    pub fn profile(&mut self, profiling: ProfilingStrategy) -> Result<(), JitError> {
        profiling.start()?;
        self.profiling = profiling;
        Ok(())
    }

    /// Tells debuggers about all code of functions from now on.
    pub fn debug_info(&mut self, enable: bool) {
        self.debug_info = enable;
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
        let all: Vec<usize> = (0..module.bodies.len()).collect();
        let code = self.compile(module, &all)?;
        match code.refused().first() {
            Some((_, error)) => Err(error.clone()),
            None => Ok(Arc::new(JitModule::new(code))),
        }
    }

    /// Compiles functions of a module, named by their positions among the defined
    /// ones, on all processors. Those that go beyond the limits of the code generator
    /// are left out ([`JitCode::refused`]).
    ///
    /// # Errors
    /// If a function is invalid, or there is no memory for the code.
    pub fn compile_most(
        &self,
        module: &Arc<Module>,
        wanted: &[usize],
    ) -> Result<JitCode, JitError> {
        self.compile(module, wanted)
    }

    /// The same for functions that are interpreted until their code is installed, even
    /// if they are all of the module's.
    ///
    /// The code calls functions that are not among them through their code slots, so
    /// it runs where [`JitEngine::lead_to_interpreter`] has been. It can be linked with
    /// what is compiled later ([`JitEngine::relink`]). `seen`: what an interpreter has
    /// seen of the module.
    ///
    /// # Errors
    /// If a function is invalid, or there is no memory for the code.
    pub fn compile_functions(
        &self,
        module: &Arc<Module>,
        wanted: &[usize],
        seen: Option<&dyn Seen>,
    ) -> Result<JitCode, JitError> {
        thread::run(|| {
            let start = Instant::now();
            let (funcs, refused) = self.compile_all(module, wanted, seen)?;
            self.link(module, funcs, refused, start)
        })
    }

    /// Leads compiled callers of a module's functions to the interpreter.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub fn lead_to_interpreter(&self, module: &Module, slots: &[CodeSlot]) -> Result<(), JitError> {
        if !self.stubs.expects_interpreted() {
            // Not on the caller's thread: as in `compile`.
            thread::run(|| self.stubs.expect_interpreted(self.isas.full()))?;
        }
        let shifted = |ty: &SubType| ty.as_func().is_some_and(|ty| Shape::new(ty).shifts_context());
        let shifted: Vec<bool> = module.types.iter().map(shifted).collect();
        let count = |kind| if shifted.contains(&kind) { slots.len() } else { 0 };
        let entries =
            [NumberedEntries::new(count(false), false)?, NumberedEntries::new(count(true), true)?];
        for (defined, slot) in slots.iter().enumerate() {
            let ty = module.funcs[module.func_at(defined).index()];
            let entry = entries[usize::from(shifted[ty.index()])].at(defined);
            slot.bridge.store(missing_bridge().cast_mut(), Ordering::Release);
            slot.native.store(entry, Ordering::Release);
        }
        Ok(())
    }

    /// What belongs into [`CodeSlot::bridge`] of interpreted functions of this type.
    /// Valid as long as the engine and any module that it compiled.
    ///
    /// # Errors
    /// If there is no memory for the code, or no interpreter.
    pub fn bridge(&self, ty: &FuncType) -> Result<*const u8, JitError> {
        let none = || JitError::new("the engine has no interpreter");
        self.stub(Kind::Bridge(self.interpreter.ok_or_else(none)?), ty)
    }

    fn compile(&self, module: &Arc<Module>, wanted: &[usize]) -> Result<JitCode, JitError> {
        // Never on the caller's thread, which may have little stack.
        thread::run(|| {
            let start = Instant::now();
            let (funcs, refused) = self.compile_all(module, wanted, None)?;
            let mixed = funcs.len() < module.bodies.len();
            let (artifact, stats) = self.artifact(module, &funcs, start)?;
            self.place(artifact, stats, refused, mixed)
        })
    }

    /// Compiles functions, without a place in memory: those that could be compiled, and
    /// the others. Both ascending.
    ///
    /// # Errors
    /// If a function is invalid.
    fn compile_all(
        &self,
        module: &Arc<Module>,
        wanted: &[usize],
        seen: Option<&dyn Seen>,
    ) -> Result<(Compiled, Refused), JitError> {
        let env = ModuleEnv::new(module, &self.settings, Calls::Direct, seen);
        let (mut funcs, mut refused) = (Vec::new(), Vec::new());
        for (defined, result) in self.compile_each(&env, wanted) {
            match result {
                Ok(func) => funcs.push((defined, func)),
                // The first one, so that the error is always the same.
                Err(error) if error.is_invalid() => return Err(error),
                Err(error) => refused.push((defined, error)),
            }
        }
        Ok((funcs, refused))
    }

    /// Links functions of a module, ascending.
    ///
    /// # Errors
    /// If the code is too long.
    pub(crate) fn artifact(
        &self,
        module: &Arc<Module>,
        funcs: &[(usize, FuncCode)],
        start: Instant,
    ) -> Result<(Artifact, Stats), JitError> {
        let stats = funcs.iter().map(|(_, func)| FuncStats {
            code_bytes: func.bytes.len() as u32,
            compile_time: func.compile_time,
        });
        let helpers = self.helpers()?;
        let artifact = Artifact::new(module, funcs, helpers.called())?;
        let code_bytes = artifact.linked.code.len();
        let stats = Stats { compile_time: start.elapsed(), funcs: stats.collect(), code_bytes };
        Ok((artifact, stats))
    }

    /// Puts compiled code into memory. `mixed` if functions of the module are
    /// interpreted: they may call all of these.
    ///
    /// # Errors
    /// If the system refuses the memory.
    pub(crate) fn place(
        &self,
        artifact: Artifact,
        stats: Stats,
        refused: Vec<(usize, JitError)>,
        mixed: bool,
    ) -> Result<JitCode, JitError> {
        let module = &artifact.index.module;
        let called = |(_, defined)| {
            let ty = module.type_of_func(module.func_at(defined));
            (mixed || escapes(module, defined)).then(|| Shape::new(ty))
        };
        let shapes: Vec<Option<Shape>> = artifact.index.compiled().map(called).collect();
        let trampolines = self.stubs.trampolines(self.isas.full(), &shapes)?;
        JitCode::new(
            artifact,
            stats,
            refused,
            trampolines,
            self.stubs.clone(),
            (self.profiling, self.debug_info),
        )
    }

    /// The code of each of these functions, in order.
    fn compile_each(
        &self,
        env: &ModuleEnv<'_>,
        wanted: &[usize],
    ) -> Vec<(usize, Result<FuncCode, JitError>)> {
        let bodies = &env.module.bodies;
        // The largest first: they take longest, and one left for last would keep
        // all other processors waiting.
        let mut order = wanted.to_vec();
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
        let bytes: usize = order.iter().map(|&defined| bodies[defined].range.len()).sum();
        let mut compiled: Vec<_> = if bytes < ALONE_BELOW || thread::compiles() {
            worker()
        } else {
            let workers = rayon::current_num_threads().min(order.len());
            (0..workers).into_par_iter().with_max_len(1).flat_map_iter(|_| worker()).collect()
        };
        compiled.sort_unstable_by_key(|func| func.0);
        compiled
    }

    /// Compiled when they are needed first: by a thread with stack enough.
    ///
    /// # Errors
    /// If the code generator fails.
    pub(crate) fn helpers(&self) -> Result<&Helpers, JitError> {
        let helpers = self.helpers.get_or_init(|| {
            let (mut compiler, isa) = (Compiler::new(), self.isas.full());
            Ok(Helpers {
                slow_call: stub::slow_call(&mut compiler, isa)?,
                run_call: stub::run_call(&mut compiler, isa)?,
                throw: stub::throw(&mut compiler, isa)?,
                osr_entry: stub::osr_entry(&mut compiler, isa)?,
            })
        });
        helpers.as_ref().map_err(Clone::clone)
    }

    pub(crate) fn stubs(&self) -> &Stubs {
        &self.stubs
    }

    /// The native entry of a host function, and of all others of its type and kind:
    /// what belongs into [`bimetal_runtime::code::CodeSlot::native`]. Valid as long as
    /// the engine and any module that it compiled.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub fn host_thunk(&self, host: &HostFunc) -> Result<*const u8, JitError> {
        let kind = if host.takes_registers() { Kind::RegisterThunk } else { Kind::HostThunk };
        self.stub(kind, host.ty())
    }

    fn stub(&self, kind: Kind, ty: &FuncType) -> Result<*const u8, JitError> {
        let shape = Shape::new(ty);
        let known = || self.stubs.address(kind, &shape);
        if let Some(address) = known() {
            return Ok(address as *const u8);
        }
        // Not on the caller's thread: as in `compile`.
        thread::run(|| self.stubs.make(kind, self.isas.full(), std::iter::once(&shape)))?;
        let address = known().ok_or_else(|| JitError::new("no stub was made"))?;
        Ok(address as *const u8)
    }
}

impl fmt::Debug for JitEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitEngine").field("isa", &self.isas.full().name()).finish_non_exhaustive()
    }
}
