//! The stubs that depend on a signature alone: made once for an engine, and kept as
//! long as it or any module that it compiled.

use std::collections::HashMap;
use std::ptr::null;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bimetal_runtime::abi::InterpCall;
use cranelift_codegen::isa::TargetIsa;

use crate::abi::Shape;
use crate::codemem::CodeBlock;
use crate::compile::{Compiler, FuncCode};
use crate::error::JitError;
use crate::link::{Layout, Linked};
use crate::{bridge, stub};

/// What a stub does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// Leads from slots to a native entry.
    Trampoline,
    /// Leads from slots to a native entry that takes the caller's place.
    TailTrampoline,
    /// Leads from a native call to a host function.
    HostThunk,
    /// Leads from a native call to a host function that takes registers.
    RegisterThunk,
    /// Leads from a native call to an interpreted function.
    Bridge(InterpCall),
}

/// The ways from slots to native entries of a signature: what a code slot's
/// `trampoline` leads to.
#[repr(C)]
#[derive(Default, Debug)]
pub(crate) struct Trampolines {
    /// For calls by the host and the interpreter.
    pub(crate) array: AtomicPtr<u8>,
    /// For tail calls by interpreted functions that compiled code has called. Null as
    /// long as nothing of the engine's is interpreted.
    pub(crate) tail: AtomicPtr<u8>,
}

impl Kind {
    fn index(self) -> usize {
        match self {
            Kind::Trampoline => 0,
            Kind::TailTrampoline => 1,
            Kind::HostThunk => 2,
            Kind::RegisterThunk => 3,
            Kind::Bridge(_) => 4,
        }
    }

    /// The code of such a stub.
    fn compile(
        self,
        compiler: &mut Compiler,
        isa: &dyn TargetIsa,
        shape: &Shape,
    ) -> Result<FuncCode, JitError> {
        match self {
            Kind::Trampoline => stub::trampoline(compiler, isa, shape),
            Kind::TailTrampoline => bridge::tail_trampoline(compiler, isa, shape),
            Kind::HostThunk => stub::host_thunk(compiler, isa, shape),
            Kind::RegisterThunk => stub::register_thunk(compiler, isa, shape),
            Kind::Bridge(interpreter) => bridge::bridge(compiler, isa, shape, interpreter),
        }
    }
}

/// The stubs by signature.
#[derive(Default)]
pub(crate) struct Stubs {
    cache: Mutex<StubCache>,
    /// Whether the first tail trampolines have been made.
    expected: Mutex<bool>,
}

#[derive(Default)]
struct StubCache {
    /// Where stubs are, by signature and by what they do ([`Kind`]).
    known: HashMap<Shape, [Option<Place>; 5]>,
    blocks: Vec<CodeBlock>,
    /// In boxes, because code slots lead to them.
    trampolines: HashMap<Shape, Box<Trampolines>>,
    /// Whether tail trampolines are needed.
    mixed: bool,
}

/// Where a stub lies in memory, for as long as the cache lives.
#[derive(Clone, Copy)]
struct Place {
    address: usize,
    len: usize,
}

impl Stubs {
    fn lock(&self) -> MutexGuard<'_, StubCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The address of a stub, if it has been made.
    pub(crate) fn address(&self, kind: Kind, shape: &Shape) -> Option<usize> {
        Some(self.lock().place(kind, shape)?.address)
    }

    /// The code of a stub, if it has been made.
    pub(crate) fn code(&self, kind: Kind, shape: &Shape) -> Option<&[u8]> {
        let place = self.lock().place(kind, shape)?;
        // SAFETY: the place lies in a block of the cache, which is readable, never
        // written again and kept for as long as `self`.
        Some(unsafe { std::slice::from_raw_parts(place.address as *const u8, place.len) })
    }

    /// Compiles the stubs that are missing for these signatures.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub(crate) fn make<'a>(
        &self,
        kind: Kind,
        isa: &dyn TargetIsa,
        shapes: impl Iterator<Item = &'a Shape>,
    ) -> Result<(), JitError> {
        let mut compiler = Compiler::new();
        let with_code = shapes.map(|shape| (shape, ()));
        self.add(kind, with_code, |shape, ()| kind.compile(&mut compiler, isa, shape))
    }

    /// Takes over stubs that were compiled earlier, but for those that are there.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub(crate) fn adopt<'a>(
        &self,
        kind: Kind,
        stubs: impl Iterator<Item = (&'a Shape, &'a [u8])>,
    ) -> Result<(), JitError> {
        self.add(kind, stubs, |_, code| Ok(FuncCode::plain(code)))
    }

    /// The trampolines of these signatures: valid as long as the stubs.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub(crate) fn trampolines(
        &self,
        isa: &dyn TargetIsa,
        shapes: &[Option<Shape>],
    ) -> Result<Vec<*const Trampolines>, JitError> {
        self.make(Kind::Trampoline, isa, shapes.iter().flatten())?;
        let mut cache = self.lock();
        for shape in shapes.iter().flatten() {
            if !cache.trampolines.contains_key(shape) {
                cache.trampolines.insert(shape.clone(), Box::default());
            }
        }
        let mixed = cache.mixed;
        drop(cache);
        if mixed {
            self.make(Kind::TailTrampoline, isa, shapes.iter().flatten())?;
        }
        let cache = self.lock();
        shapes.iter().flatten().for_each(|shape| cache.fill(shape));
        let record = |shape: &Shape| cache.trampolines.get(shape).map(|record| &raw const **record);
        let record = |shape: &Option<Shape>| shape.as_ref().and_then(record).unwrap_or(null());
        Ok(shapes.iter().map(record).collect())
    }

    /// Whether every signature has a tail trampoline from now on, and nothing has to be
    /// compiled for that.
    pub(crate) fn expects_interpreted(&self) -> bool {
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        let mut cache = self.lock();
        if cache.trampolines.is_empty() {
            cache.mixed = true;
            *expected = true;
        }
        *expected
    }

    /// From now on every signature has a tail trampoline, because some function is
    /// interpreted.
    ///
    /// # Errors
    /// If there is no memory for the code.
    pub(crate) fn expect_interpreted(&self, isa: &dyn TargetIsa) -> Result<(), JitError> {
        // Nobody goes on before all of them are there.
        let mut expected = self.expected.lock().unwrap_or_else(PoisonError::into_inner);
        if *expected {
            return Ok(());
        }
        let mut cache = self.lock();
        cache.mixed = true;
        let all: Vec<Shape> = cache.trampolines.keys().cloned().collect();
        drop(cache);
        self.make(Kind::TailTrampoline, isa, all.iter())?;
        let cache = self.lock();
        all.iter().for_each(|shape| cache.fill(shape));
        *expected = true;
        Ok(())
    }

    /// Adds the stubs that are missing, all in one block.
    fn add<'a, T>(
        &self,
        kind: Kind,
        stubs: impl Iterator<Item = (&'a Shape, T)>,
        mut code: impl FnMut(&Shape, T) -> Result<FuncCode, JitError>,
    ) -> Result<(), JitError> {
        let mut cache = self.lock();
        let mut missing: HashMap<&Shape, usize> = HashMap::new();
        let mut funcs = Vec::new();
        for (shape, source) in stubs {
            if cache.place(kind, shape).is_some() || missing.contains_key(shape) {
                continue;
            }
            missing.insert(shape, funcs.len());
            funcs.push(code(shape, source)?);
        }
        if funcs.is_empty() {
            return Ok(());
        }
        let layout = Layout::new(&funcs);
        let block = Linked::new(&funcs, &layout, &HashMap::new())?.place()?;
        for (shape, position) in missing {
            let address = block.at(layout.offsets[position]) as usize;
            let place = Place { address, len: funcs[position].bytes.len() };
            cache.known.entry(shape.clone()).or_default()[kind.index()] = Some(place);
        }
        cache.blocks.push(block);
        Ok(())
    }
}

impl StubCache {
    /// Enters what has been made for a signature into its record.
    fn fill(&self, shape: &Shape) {
        let Some(record) = self.trampolines.get(shape) else { return };
        let address = |kind| self.place(kind, shape).map_or(0, |place| place.address);
        record.array.store(address(Kind::Trampoline) as *mut u8, Ordering::Release);
        record.tail.store(address(Kind::TailTrampoline) as *mut u8, Ordering::Release);
    }

    fn place(&self, kind: Kind, shape: &Shape) -> Option<Place> {
        self.known.get(shape)?[kind.index()]
    }
}
