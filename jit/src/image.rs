//! Compiled modules as bytes: the code as it will lie in memory, a list of the few
//! addresses in it, and the flat tables of the code index.
//!
//! A function may be absent: it has no bytes. The bytes hold nothing that says which
//! module, engine or processor they are for: that is the business of whoever keeps
//! them, see [`JitEngine::load`].

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bimetal_core::index::TagIdx;
use bimetal_core::trap::TrapCode;
use bimetal_parser::Module;

use crate::abi::Shape;
use crate::artifact::Artifact;
use crate::code::{FuncStats, Stats};
use crate::codemap::CodeIndex;
use crate::engine::JitEngine;
use crate::error::JitError;
use crate::handlers::CallSite;
use crate::link::{Fixed, Fixup, Linked};
use crate::module::{JitModule, escapes};
use crate::stackmap::StackMaps;
use crate::stubcache::Kind;
use crate::wire::{Reader, Writer};

/// Stands for "all tags" in a list of clauses.
const ANY_TAG: u32 = u32::MAX;

impl JitModule {
    /// The compiled module as bytes, for [`JitEngine::load`].
    pub fn image(&self) -> Vec<u8> {
        let mut out = Writer::default();
        let index = self.all().index();
        out.bytes(&self.all().pristine_code());
        out.words(self.all().fixups().iter().map(|fixup| {
            let [kind, value] = fixed_words(fixup.target);
            [fixup.at, kind, value]
        }));
        write_stats(&mut out, self.stats());
        out.words(index.funcs.iter().map(|&(start, _)| [start]));
        out.words(index.traps.iter().map(|&(offset, code)| [offset, u32::from(code)]));
        out.words(index.positions.iter().map(|&(offset, position)| [offset, position]));
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
        for shape in trampoline_shapes(self.module()) {
            let code = self.all().stubs().code(Kind::Trampoline, &shape);
            out.bytes(code.expect("made with the module"));
        }
        out.finish()
    }
}

impl JitEngine {
    /// Puts a compiled module into memory that [`JitModule::image`] wrote.
    ///
    /// # Errors
    /// If the image is not one of this module in form, lacks a function, or there is
    /// no memory for the code.
    ///
    /// # Safety
    /// The image comes from `JitModule::image` of this very version, for the same
    /// module, an engine of the same settings and a processor with no feature that
    /// this one lacks: its code is run.
    pub unsafe fn load(
        &self,
        module: &Arc<Module>,
        image: &[u8],
    ) -> Result<Arc<JitModule>, JitError> {
        let mut reader = Reader::new(image);
        let code = reader.bytes()?.to_vec();
        let mut fixups = Vec::new();
        for [at, kind, value] in reader.words()? {
            let target = fixed(kind, value).ok_or_else(|| wrong("addresses"))?;
            fixups.push(Fixup { at, target });
        }
        let stats = read_stats(&mut reader, code.len())?;
        let index = read_index(&mut reader, module, code.len())?;
        check_funcs(&index, &stats)?;
        let shapes = trampoline_shapes(module);
        let mut trampolines = Vec::with_capacity(shapes.len());
        for shape in &shapes {
            trampolines.push((shape, reader.bytes()?));
        }
        reader.finish()?;
        self.stubs().adopt(Kind::Trampoline, trampolines.into_iter())?;
        let artifact = Artifact { linked: Linked { code, fixups }, index };
        Ok(self.place(artifact, stats, Vec::new(), false)?.into_module())
    }
}

/// The shapes of the functions that need a trampoline, each once, in order.
pub(crate) fn trampoline_shapes(module: &Module) -> Vec<Shape> {
    let mut seen = HashSet::new();
    let escaping = (0..module.bodies.len()).filter(|&defined| escapes(module, defined));
    let ty = |defined| module.type_of_func(module.func_at(defined));
    let shapes = escaping.map(|defined| Shape::new(ty(defined)));
    shapes.filter(|shape| seen.insert(shape.clone())).collect()
}

fn fixed_words(target: Fixed) -> [u32; 2] {
    match target {
        Fixed::Here(offset) => [0, offset],
        Fixed::Raise => [1, 0],
        Fixed::MemMove => [3, 0],
        Fixed::LibCall(number) => [2, u32::from(number)],
    }
}

fn fixed(kind: u32, value: u32) -> Option<Fixed> {
    Some(match kind {
        0 => Fixed::Here(value),
        1 => Fixed::Raise,
        2 => Fixed::LibCall(u8::try_from(value).ok()?),
        3 => Fixed::MemMove,
        _ => return None,
    })
}

fn wrong(what: &str) -> JitError {
    JitError::new(format!("an image of code has impossible {what}"))
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn write_stats(out: &mut Writer, stats: &Stats) {
    out.u64(nanos(stats.compile_time));
    out.words(stats.funcs.iter().map(|func| {
        let nanos = nanos(func.compile_time);
        [func.code_bytes, nanos as u32, (nanos >> 32) as u32]
    }));
}

fn read_stats(reader: &mut Reader<'_>, code_bytes: usize) -> Result<Stats, JitError> {
    let compile_time = Duration::from_nanos(reader.u64()?);
    let funcs = reader.words()?.map(|[code_bytes, low, high]| {
        let nanos = u64::from(low) | u64::from(high) << 32;
        FuncStats { code_bytes, compile_time: Duration::from_nanos(nanos) }
    });
    Ok(Stats { compile_time, funcs: funcs.collect(), code_bytes })
}

fn read_index(
    reader: &mut Reader<'_>,
    module: &Arc<Module>,
    code_bytes: usize,
) -> Result<CodeIndex, JitError> {
    let starts: Vec<u32> = reader.words()?.map(|[start]| start).collect();
    let ends_inside = starts.last().is_some_and(|&end| end as usize <= code_bytes);
    let defined = module.bodies.len();
    if starts.len() != defined + 1 || !starts.is_sorted() || !ends_inside {
        return Err(wrong("functions"));
    }
    let positions = (0..defined as u32).chain([CodeIndex::NO_FUNC]);
    let funcs = starts.into_iter().zip(positions).collect();
    let mut traps = Vec::new();
    for [offset, code] in reader.words()? {
        let known = u8::try_from(code).ok().filter(|&code| TrapCode::from_u8(code).is_some());
        traps.push((offset, known.ok_or_else(|| wrong("traps"))?));
    }
    let positions: Box<[(u32, u32)]> = reader.words()?.map(|[at, from]| (at, from)).collect();
    let calls = reader.words()?.map(|[offset, end]| (offset, end)).collect();
    let distances = reader.words()?.map(|[distance]| distance).collect();
    let stack_maps = StackMaps::from_parts(calls, distances);
    let index = CodeIndex {
        module: module.clone(),
        funcs,
        traps: traps.into(),
        positions,
        stack_maps: stack_maps.ok_or_else(|| wrong("stack maps"))?,
        handlers: read_handlers(reader)?,
    };
    let sorted = index.traps.is_sorted_by_key(|trap| trap.0)
        && index.positions.is_sorted_by_key(|range| range.0)
        && index.handlers.is_sorted_by_key(|site| site.ret);
    if sorted { Ok(index) } else { Err(wrong("order")) }
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

/// Every function is there and lies where the index says.
fn check_funcs(index: &CodeIndex, stats: &Stats) -> Result<(), JitError> {
    let ranges = index.funcs.windows(2);
    let fits = |(range, func): (&[(u32, u32)], &FuncStats)| {
        func.code_bytes != 0 && func.code_bytes <= range[1].0 - range[0].0
    };
    let same = ranges.len() == stats.funcs.len();
    if same && ranges.zip(&stats.funcs).all(fits) { Ok(()) } else { Err(wrong("functions")) }
}
