//! What all compilations share: the host's instruction set and the stubs.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bimetal_core::types::FuncType;
use bimetal_parser::Module;
use bimetal_runtime::limits::Settings;
use rayon::prelude::*;

use crate::abi::Shape;
use crate::codemap::{CodeIndex, Registration};
use crate::codemem::CodeBlock;
use crate::compile::{Compiler, FuncCode};
use crate::env::ModuleEnv;
use crate::error::JitError;
use crate::isa::Isas;
use crate::link::{Layout, link};
use crate::module::{JitModule, Stats, escapes};
use crate::stackmap::StackMaps;
use crate::{stub, unwind};

/// Compiles modules for the processor that it runs on.
///
/// Stubs that depend on a signature alone are made once and kept for the life
/// of the engine and of all modules that it compiled.
pub struct JitEngine {
    pub(crate) isas: Isas,
    pub(crate) settings: Settings,
    slow_call: FuncCode,
    throw: FuncCode,
    stubs: Arc<Stubs>,
}

/// Bytes of function bodies below which waking other threads takes longer than
/// they save.
const ALONE_BELOW: usize = 2048;

/// The stubs by signature.
#[derive(Default)]
pub(crate) struct Stubs(Mutex<StubCache>);

#[derive(Default)]
struct StubCache {
    /// Addresses by signature and by what a stub does ([`Kind`]).
    known: HashMap<Shape, [Option<usize>; 2]>,
    blocks: Vec<CodeBlock>,
}

/// What a stub does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Leads from slots to a native entry.
    Trampoline,
    /// Leads from a native call to a host function.
    HostThunk,
}

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
        Ok(JitEngine { isas, settings: settings.clone(), slow_call, throw, stubs: Arc::default() })
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
        let env = ModuleEnv::new(module, &self.settings);
        let mut funcs = self.compile_functions(&env)?;
        let func_bytes = funcs.iter().map(|func| func.bytes.len() as u32).collect();
        let defined = funcs.len();
        funcs.push(self.slow_call.clone());
        funcs.push(self.throw.clone());
        let layout = Layout::new(&funcs);
        let block = link(&funcs, &layout, Some([defined, defined + 1]))?;
        let index = code_index(module, &funcs[..defined], &layout);
        let trampolines = self.trampolines(&env)?;
        let stats = Stats { compile_time: start.elapsed(), func_bytes, code_bytes: layout.len };
        let registration = Registration::new(block.address(), block.len(), index);
        let stubs = self.stubs.clone();
        Ok(Arc::new(JitModule::new(block, registration, stats, &trampolines, stubs)))
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
                compiled.push((defined, compiler.function(env, &self.isas, defined)));
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

    /// The address of the trampoline of each defined function; zero for one that
    /// only compiled code of its own module calls.
    fn trampolines(&self, env: &ModuleEnv<'_>) -> Result<Vec<usize>, JitError> {
        let module = env.module;
        let shapes: Vec<Option<Shape>> = (0..module.bodies.len())
            .map(|defined| escapes(module, defined).then(|| Shape::new(env.defined_type(defined))))
            .collect();
        self.make_stubs(Kind::Trampoline, shapes.iter().flatten())?;
        let cache = self.stubs.lock();
        let address = |shape: &Option<Shape>| match shape {
            Some(shape) => cache.address(Kind::Trampoline, shape).unwrap_or(0),
            None => 0,
        };
        Ok(shapes.iter().map(address).collect())
    }

    /// The native entry of every host function of this type: what belongs into
    /// [`bimetal_runtime::code::CodeSlot::native`]. Valid as long as the engine
    /// and any module that it compiled.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub fn host_thunk(&self, ty: &FuncType) -> Result<*const u8, JitError> {
        let shape = Shape::new(ty);
        let known = || self.stubs.lock().address(Kind::HostThunk, &shape);
        if let Some(address) = known() {
            return Ok(address as *const u8);
        }
        rayon::scope(|_| self.make_stubs(Kind::HostThunk, std::iter::once(&shape)))?;
        let address = known().ok_or_else(|| JitError::new("no host thunk was made"))?;
        Ok(address as *const u8)
    }

    /// Compiles the stubs that are missing for these signatures, into one block.
    fn make_stubs<'a>(
        &self,
        kind: Kind,
        shapes: impl Iterator<Item = &'a Shape>,
    ) -> Result<(), JitError> {
        let mut cache = self.stubs.lock();
        let mut compiler = Compiler::new();
        let mut missing: HashMap<&Shape, usize> = HashMap::new();
        let mut funcs = Vec::new();
        for shape in shapes {
            if cache.address(kind, shape).is_some() || missing.contains_key(shape) {
                continue;
            }
            let code = match kind {
                Kind::Trampoline => stub::trampoline(&mut compiler, self.isas.full(), shape)?,
                Kind::HostThunk => stub::host_thunk(&mut compiler, self.isas.full(), shape)?,
            };
            missing.insert(shape, funcs.len());
            funcs.push(code);
        }
        if funcs.is_empty() {
            return Ok(());
        }
        let layout = Layout::new(&funcs);
        let block = link(&funcs, &layout, None)?;
        for (shape, position) in missing {
            let address = block.at(layout.offsets[position]) as usize;
            cache.known.entry(shape.clone()).or_default()[kind as usize] = Some(address);
        }
        cache.blocks.push(block);
        Ok(())
    }
}

impl Stubs {
    fn lock(&self) -> MutexGuard<'_, StubCache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StubCache {
    fn address(&self, kind: Kind, shape: &Shape) -> Option<usize> {
        self.known.get(shape)?[kind as usize]
    }
}

impl fmt::Debug for JitEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JitEngine").field("isa", &self.isas.full().name()).finish_non_exhaustive()
    }
}

/// The tables of a block that begins with the defined functions.
fn code_index(module: &Arc<Module>, funcs: &[FuncCode], layout: &Layout) -> CodeIndex {
    let mut starts: Vec<u32> = layout.offsets.iter().map(|&offset| offset as u32).collect();
    // The stub behind the last function marks its end.
    starts.truncate(funcs.len() + 1);
    let mut traps = Vec::new();
    let mut positions = Vec::new();
    let mut stack_maps = StackMaps::default();
    let mut handlers = Vec::new();
    for (func, &start) in funcs.iter().zip(&starts) {
        traps.extend(func.traps.iter().map(|&(offset, code)| (start + offset, code)));
        stack_maps.append(start, &func.stack_maps);
        handlers.extend(func.handlers.iter().map(|site| site.at(start)));
        let mut end = start;
        for &(from, to, position) in &func.positions {
            if start + from != end {
                positions.push((end, CodeIndex::NOWHERE));
            }
            positions.push((start + from, position));
            end = start + to;
        }
        positions.push((end, CodeIndex::NOWHERE));
    }
    CodeIndex {
        module: module.clone(),
        funcs: starts.into(),
        traps: traps.into(),
        positions: positions.into(),
        stack_maps,
        handlers: handlers.into(),
    }
}
