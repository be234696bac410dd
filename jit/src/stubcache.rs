//! The stubs that depend on a signature alone: made once for an engine, and kept as
//! long as it or any module that it compiled.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cranelift_codegen::isa::TargetIsa;

use crate::abi::Shape;
use crate::codemem::CodeBlock;
use crate::compile::{Compiler, FuncCode};
use crate::error::JitError;
use crate::link::{Layout, Linked};
use crate::stub;

/// What a stub does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Leads from slots to a native entry.
    Trampoline,
    /// Leads from a native call to a host function.
    HostThunk,
}

impl Kind {
    /// The code of such a stub.
    fn compile(
        self,
        compiler: &mut Compiler,
        isa: &dyn TargetIsa,
        shape: &Shape,
    ) -> Result<FuncCode, JitError> {
        match self {
            Kind::Trampoline => stub::trampoline(compiler, isa, shape),
            Kind::HostThunk => stub::host_thunk(compiler, isa, shape),
        }
    }
}

/// The stubs by signature.
#[derive(Default)]
pub(crate) struct Stubs(Mutex<StubCache>);

#[derive(Default)]
struct StubCache {
    /// Where stubs are, by signature and by what they do ([`Kind`]).
    known: HashMap<Shape, [Option<Place>; 2]>,
    blocks: Vec<CodeBlock>,
}

/// Where a stub lies in memory, for as long as the cache lives.
#[derive(Clone, Copy)]
struct Place {
    address: usize,
    len: usize,
}

impl Stubs {
    fn lock(&self) -> MutexGuard<'_, StubCache> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let block = Linked::new(&funcs, &layout, None)?.place()?;
        for (shape, position) in missing {
            let address = block.at(layout.offsets[position]) as usize;
            let place = Place { address, len: funcs[position].bytes.len() };
            cache.known.entry(shape.clone()).or_default()[kind as usize] = Some(place);
        }
        cache.blocks.push(block);
        Ok(())
    }
}

impl StubCache {
    fn place(&self, kind: Kind, shape: &Shape) -> Option<Place> {
        self.known.get(shape)?[kind as usize]
    }
}
