//! Compiled modules as bytes: the code as it will lie in memory, a list of the few
//! addresses in it, and the flat tables of the code index.
//!
//! Functions may be absent. The bytes hold nothing that says which module, engine or
//! processor they are for: that is the business of whoever keeps them, see
//! [`JitEngine::load`].

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bimetal_core::index::TagIdx;
use bimetal_core::trap::TrapCode;
use bimetal_parser::Module;

use crate::abi::Shape;
use crate::artifact::Artifact;
use crate::code::{FuncStats, JitCode, Stats};
use crate::codemap::CodeIndex;
use crate::engine::JitEngine;
use crate::error::JitError;
use crate::handlers::CallSite;
use crate::link::{Fixed, Fixup, Linked};
use crate::module::escapes;
use crate::place::Place;
use crate::stackmap::StackMaps;
use crate::stubcache::Kind;
use crate::wire::{Reader, Writer};

/// Stands for "all tags" in a list of clauses.
const ANY_TAG: u32 = u32::MAX;

impl JitCode {
    /// The compiled functions as bytes, for [`JitEngine::load`]. The same functions
    /// of a module give the same bytes.
    pub fn image(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let index = self.index();
        out.bytes(&self.pristine_code());
        out.words(self.fixups().iter().map(|fixup| {
            let [kind, value] = fixed_words(fixup.target);
            [fixup.at, kind, value]
        }));
        out.words(self.stats().funcs.iter().map(|func| [func.code_bytes]));
        out.words(index.funcs.iter().map(|&(start, defined)| [start, defined]));
        out.words(index.traps.iter().map(|&(offset, code)| [offset, u32::from(code)]));
        out.words(index.positions.iter().map(|&(offset, position)| [offset, position]));
        out.words(index.places.iter().map(|place| [place.defined, place.offset, place.caller]));
        let (calls, distances) = index.stack_maps.parts();
        out.words(calls.iter().map(|&(offset, end)| [offset, end]));
        out.words(distances.iter().map(|&distance| [distance]));
        let mut end = 0;
        out.words(index.handlers.iter().map(|site| {
            end += site.clauses.len() as u32;
            [site.ret, site.frame, site.cx, end]
        }));
        let clauses = index.handlers.iter().flat_map(|site| &site.clauses);
        out.words(clauses.map(|&(tag, at)| [tag.map_or(ANY_TAG, |tag| tag.0), at]));
        out.u64(self.refused().len() as u64);
        for (defined, error) in self.refused() {
            out.u64(*defined as u64);
            out.bytes(error.message().as_bytes());
        }
        for shape in trampoline_shapes(index) {
            let code = self.stubs().code(Kind::Trampoline, &shape);
            out.bytes(code.expect("made with the code"));
        }
        out.finish()
    }
}

impl JitEngine {
    /// Puts compiled functions into memory that [`JitCode::image`] wrote.
    ///
    /// # Errors
    /// If the image is not one of this module in form, or there is no memory for the
    /// code.
    ///
    /// # Safety
    /// The image comes from `JitCode::image` of this very version, for the same
    /// module, an engine of the same settings and a processor with no feature that
    /// this one lacks: its code is run.
    pub unsafe fn load(&self, module: &Arc<Module>, image: &[u8]) -> Result<JitCode, JitError> {
        let mut reader = Reader::new(image);
        let code = reader.bytes()?.to_vec();
        let mut fixups = Vec::new();
        for [at, kind, value] in reader.words()? {
            let target = fixed(kind, value).ok_or_else(|| wrong("addresses"))?;
            fixups.push(Fixup { at, target });
        }
        let lens: Vec<u32> = reader.words()?.map(|[len]| len).collect();
        let index = read_index(&mut reader, module, code.len())?;
        let stats = stats(&index, &lens, code.len())?;
        let refused = read_refused(&mut reader, module)?;
        let shapes = trampoline_shapes(&index);
        let mut trampolines = Vec::with_capacity(shapes.len());
        for shape in &shapes {
            trampolines.push((shape, reader.bytes()?));
        }
        reader.finish()?;
        self.stubs().adopt(Kind::Trampoline, trampolines.into_iter())?;
        let artifact = Artifact { linked: Linked { code, fixups }, index };
        let mixed = !artifact.index.is_whole();
        self.place(artifact, stats, refused, mixed)
    }
}

/// The shapes of the functions that are called through a trampoline, each once, in
/// order.
fn trampoline_shapes(index: &CodeIndex) -> Vec<Shape> {
    let (module, mixed) = (&index.module, !index.is_whole());
    let mut seen = HashSet::new();
    let called = index.compiled().filter(|&(_, defined)| mixed || escapes(module, defined));
    let shapes = called.map(|(_, at)| Shape::new(module.type_of_func(module.func_at(at))));
    shapes.filter(|shape| seen.insert(shape.clone())).collect()
}

fn fixed_words(target: Fixed) -> [u32; 2] {
    match target {
        Fixed::Here(offset) => [0, offset],
        Fixed::Raise => [1, 0],
        Fixed::MemMove => [3, 0],
        Fixed::MemSet => [4, 0],
        Fixed::LibCall(number) => [2, u32::from(number)],
    }
}

fn fixed(kind: u32, value: u32) -> Option<Fixed> {
    Some(match kind {
        0 => Fixed::Here(value),
        1 => Fixed::Raise,
        2 => Fixed::LibCall(u8::try_from(value).ok()?),
        3 => Fixed::MemMove,
        4 => Fixed::MemSet,
        _ => return None,
    })
}

fn wrong(what: &str) -> JitError {
    JitError::new(format!("an image of code has impossible {what}"))
}

/// What is known about functions of these lengths.
fn stats(index: &CodeIndex, lens: &[u32], code_bytes: usize) -> Result<Stats, JitError> {
    if index.funcs.len() != lens.len() + 1 {
        return Err(wrong("functions"));
    }
    let mut ranges = index.funcs.windows(2).zip(lens);
    if ranges.any(|(range, &code_bytes)| code_bytes > range[1].0 - range[0].0) {
        return Err(wrong("functions"));
    }
    let compile_time = Duration::ZERO;
    let funcs = lens.iter().map(|&code_bytes| FuncStats { code_bytes, compile_time }).collect();
    Ok(Stats { compile_time, funcs, code_bytes })
}

/// The functions that could not be compiled.
fn read_refused(
    reader: &mut Reader<'_>,
    module: &Module,
) -> Result<Vec<(usize, JitError)>, JitError> {
    let mut refused = Vec::new();
    for _ in 0..reader.u64()? {
        let defined = usize::try_from(reader.u64()?).ok();
        let defined = defined.filter(|&defined| defined < module.bodies.len());
        let message = String::from_utf8_lossy(reader.bytes()?);
        refused.push((defined.ok_or_else(|| wrong("functions"))?, JitError::new(message)));
    }
    Ok(refused)
}

fn read_index(
    reader: &mut Reader<'_>,
    module: &Arc<Module>,
    code_bytes: usize,
) -> Result<CodeIndex, JitError> {
    let funcs: Box<[(u32, u32)]> = reader.words()?.map(|[start, at]| (start, at)).collect();
    let Some((&(end, CodeIndex::NO_FUNC), compiled)) = funcs.split_last() else {
        return Err(wrong("functions"));
    };
    let fits = funcs.is_sorted_by_key(|func| func.0)
        && compiled.is_sorted_by(|a, b| a.1 < b.1)
        && compiled.iter().all(|func| (func.1 as usize) < module.bodies.len())
        && end as usize <= code_bytes;
    if !fits {
        return Err(wrong("functions"));
    }
    let mut traps = Vec::new();
    for [offset, code] in reader.words()? {
        let known = u8::try_from(code).ok().filter(|&code| TrapCode::from_u8(code).is_some());
        traps.push((offset, known.ok_or_else(|| wrong("traps"))?));
    }
    let positions: Box<[(u32, u32)]> = reader.words()?.map(|[at, from]| (at, from)).collect();
    let places = read_places(reader, module)?;
    let calls = reader.words()?.map(|[offset, end]| (offset, end)).collect();
    let distances = reader.words()?.map(|[distance]| distance).collect();
    let stack_maps = StackMaps::from_parts(calls, distances);
    let index = CodeIndex {
        module: module.clone(),
        funcs,
        traps: traps.into(),
        positions,
        places,
        stack_maps: stack_maps.ok_or_else(|| wrong("stack maps"))?,
        handlers: read_handlers(reader)?,
    };
    let sorted = index.traps.is_sorted_by_key(|trap| trap.0)
        && index.positions.is_sorted_by_key(|range| range.0)
        && index.handlers.is_sorted_by_key(|site| site.ret);
    if sorted { Ok(index) } else { Err(wrong("order")) }
}

fn read_places(reader: &mut Reader<'_>, module: &Module) -> Result<Box<[Place]>, JitError> {
    let mut places = Vec::new();
    for [defined, offset, caller] in reader.words()? {
        // A chain of callers ends.
        let earlier = caller < Place::FIRST || Place::at(&places, caller).is_some();
        if !earlier || defined as usize >= module.bodies.len() {
            return Err(wrong("places"));
        }
        places.push(Place { defined, offset, caller });
    }
    Ok(places.into())
}

fn read_handlers(reader: &mut Reader<'_>) -> Result<Box<[CallSite]>, JitError> {
    let sites: Vec<[u32; 4]> = reader.words()?.collect();
    let tag = |tag| (tag != ANY_TAG).then_some(TagIdx(tag));
    let clauses: Vec<_> = reader.words()?.map(|[index, at]| (tag(index), at)).collect();
    let mut start = 0;
    let mut handlers = Vec::with_capacity(sites.len());
    for [ret, frame, cx, end] in sites {
        let own = clauses.get(start..end as usize).ok_or_else(|| wrong("handlers"))?;
        handlers.push(CallSite { ret, frame, cx, clauses: own.into() });
        start = end as usize;
    }
    Ok(handlers.into())
}
