//! What all compilations share: the host's instruction set and the stubs.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
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
use crate::{stub, unwind};

/// Compiles modules for the processor that it runs on.
///
/// Stubs that depend on a signature alone are made once and kept for the life
/// of the engine and of all modules that it compiled.
pub struct JitEngine {
    pub(crate) isas: Isas,
    pub(crate) settings: Settings,
    slow_call: FuncCode,
    stubs: Arc<Stubs>,
}

/// The stubs by signature.
#[derive(Default)]
pub(crate) struct Stubs(Mutex<StubCache>);

#[derive(Default)]
struct StubCache {
    /// Addresses, by what a stub does and for which signature.
    known: HashMap<(Kind, Shape), usize>,
    blocks: Vec<CodeBlock>,
}

/// What a stub does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
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
        let slow_call = stub::slow_call(&mut Compiler::new(), isas.full())?;
        Ok(JitEngine { isas, settings: settings.clone(), slow_call, stubs: Arc::default() })
    }

    /// Compiles all functions of a module, on all processors.
    ///
    /// # Errors
    /// If a function is invalid or beyond the limits of the code generator, or
    /// there is no memory for the code.
    pub fn compile_module(&self, module: &Arc<Module>) -> Result<Arc<JitModule>, JitError> {
        let start = Instant::now();
        let env = ModuleEnv::new(module, &self.settings);
        let mut funcs = self.compile_functions(&env)?;
        let func_bytes = funcs.iter().map(|func| func.bytes.len() as u32).collect();
        let defined = funcs.len();
        funcs.push(self.slow_call.clone());
        let layout = Layout::new(&funcs);
        let block = link(&funcs, &layout, Some(defined))?;
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
        let compiled: Result<Vec<(usize, FuncCode)>, JitError> = order
            .into_par_iter()
            .with_max_len(1)
            .map_init(Compiler::new, |compiler, defined| {
                let code = compiler.function(env, &self.isas, defined)?;
                Ok((defined, code))
            })
            .collect();
        let mut compiled = compiled?;
        compiled.sort_unstable_by_key(|func| func.0);
        Ok(compiled.into_iter().map(|func| func.1).collect())
    }

    /// The trampoline of each defined function; null for one that only compiled
    /// code of its own module calls.
    fn trampolines(&self, env: &ModuleEnv<'_>) -> Result<Vec<*const u8>, JitError> {
        let module = env.module;
        let shapes: Vec<Option<Shape>> = (0..module.bodies.len())
            .map(|defined| escapes(module, defined).then(|| Shape::new(env.defined_type(defined))))
            .collect();
        let addresses = self.stub_addresses(Kind::Trampoline, shapes.iter().flatten())?;
        let mut addresses = addresses.into_iter();
        let null = std::ptr::null();
        Ok(shapes
            .iter()
            .map(|shape| shape.as_ref().and_then(|_| addresses.next()).unwrap_or(null))
            .collect())
    }

    /// The native entry of every host function of this type: what belongs into
    /// [`bimetal_runtime::code::CodeSlot::native`]. Valid as long as the engine
    /// and any module that it compiled.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub fn host_thunk(&self, ty: &FuncType) -> Result<*const u8, JitError> {
        let shape = Shape::new(ty);
        let addresses = self.stub_addresses(Kind::HostThunk, std::iter::once(&shape))?;
        addresses.first().copied().ok_or_else(|| JitError::new("no host thunk was made"))
    }

    /// The stubs for these signatures, in order; missing ones are compiled into
    /// one new block.
    fn stub_addresses<'a>(
        &self,
        kind: Kind,
        shapes: impl Iterator<Item = &'a Shape> + Clone,
    ) -> Result<Vec<*const u8>, JitError> {
        let mut cache = self.stubs.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut compiler = Compiler::new();
        let mut missing: HashMap<&Shape, usize> = HashMap::new();
        let mut funcs = Vec::new();
        for shape in shapes.clone() {
            if cache.known.contains_key(&(kind, shape.clone())) || missing.contains_key(shape) {
                continue;
            }
            let code = match kind {
                Kind::Trampoline => stub::trampoline(&mut compiler, self.isas.full(), shape)?,
                Kind::HostThunk => stub::host_thunk(&mut compiler, self.isas.full(), shape)?,
            };
            missing.insert(shape, funcs.len());
            funcs.push(code);
        }
        if !funcs.is_empty() {
            let layout = Layout::new(&funcs);
            let block = link(&funcs, &layout, None)?;
            for (shape, position) in missing {
                let address = block.at(layout.offsets[position]) as usize;
                cache.known.insert((kind, shape.clone()), address);
            }
            cache.blocks.push(block);
        }
        Ok(shapes.map(|shape| cache.known[&(kind, shape.clone())] as *const u8).collect())
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
    for (func, &start) in funcs.iter().zip(&starts) {
        traps.extend(func.traps.iter().map(|&(offset, code)| (start + offset, code)));
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
    }
}
