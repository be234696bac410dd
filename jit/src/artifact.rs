//! A compiled module that has no place in memory yet.

use std::collections::{BTreeSet, HashMap, hash_map};
use std::sync::Arc;

use bimetal_parser::Module;

use crate::abi::Shape;
use crate::codemap::CodeIndex;
use crate::compile::{FuncCode, Target};
use crate::env::Symbol;
use crate::error::JitError;
use crate::link::{Layout, Linked};
use crate::numbered::through_slot;
use crate::place::Place;
use crate::stackmap::StackMaps;

/// What the compiler makes of a module, what is kept on disk, and what is loaded.
#[derive(Debug)]
pub(crate) struct Artifact {
    /// The code of the defined functions in order, then that of the stubs they call.
    pub(crate) linked: Linked,
    /// What is known about it.
    pub(crate) index: CodeIndex,
}

impl Artifact {
    /// Links the code of functions, each with its position among the defined ones, of
    /// the stubs that stand behind slow calls and throws, and of what leads to
    /// functions that are called but not among them.
    ///
    /// # Errors
    /// If the code is too long.
    pub(crate) fn new(
        module: &Arc<Module>,
        funcs: &[(usize, FuncCode)],
        stubs: [&FuncCode; 3],
    ) -> Result<Artifact, JitError> {
        let (defined, mut funcs): (Vec<usize>, Vec<&FuncCode>) =
            funcs.iter().map(|(defined, func)| (*defined, func)).unzip();
        let names = defined.iter().enumerate();
        let mut names = names.map(|(at, &func)| (Symbol::Defined(func as u32), at)).collect();
        add_stubs(&mut funcs, &mut names, stubs);
        let mut elsewhere = Vec::new();
        for func in callees(&funcs) {
            if let hash_map::Entry::Vacant(name) = names.entry(Symbol::Defined(func)) {
                name.insert(funcs.len() + elsewhere.len());
                let shape = Shape::new(module.type_of_func(module.func_at(func as usize)));
                elsewhere.push(FuncCode::plain(&through_slot(func, shape.shifts_context())));
            }
        }
        funcs.extend(&elsewhere);
        let layout = Layout::new(&funcs);
        let linked = Linked::new(&funcs, &layout, &names)?;
        let index = code_index(module, &defined, &funcs, &layout);
        Ok(Artifact { linked, index })
    }

    /// The same for one function that calls none directly, and for what enters it by
    /// the name of the first one. Also gives the offset of that.
    ///
    /// # Errors
    /// If the code is too long.
    pub(crate) fn single(
        module: &Arc<Module>,
        (defined, func): (usize, FuncCode),
        stubs: [&FuncCode; 3],
        entry: &FuncCode,
    ) -> Result<(Artifact, usize), JitError> {
        let mut funcs = vec![&func];
        let mut names = HashMap::from([(Symbol::Defined(0), 0)]);
        add_stubs(&mut funcs, &mut names, stubs);
        funcs.push(entry);
        let layout = Layout::new(&funcs);
        let linked = Linked::new(&funcs, &layout, &names)?;
        let index = code_index(module, &[defined], &funcs, &layout);
        let last = layout.offsets.last().copied().unwrap_or(0);
        Ok((Artifact { linked, index }, last))
    }
}

/// Adds the stubs that stand behind slow calls, runs and throws.
fn add_stubs<'a>(
    funcs: &mut Vec<&'a FuncCode>,
    names: &mut HashMap<Symbol, usize>,
    stubs: [&'a FuncCode; 3],
) {
    let symbols = [Symbol::SlowCall, Symbol::RunCall, Symbol::Throw];
    for (symbol, stub) in symbols.into_iter().zip(stubs) {
        names.insert(symbol, funcs.len());
        funcs.push(stub);
    }
}

/// The defined functions that code calls directly.
fn callees(funcs: &[&FuncCode]) -> BTreeSet<u32> {
    let targets = funcs.iter().flat_map(|func| &func.relocs).map(|reloc| reloc.target);
    let defined = |target| match target {
        Target::Symbol(Symbol::Defined(func)) => Some(func),
        _ => None,
    };
    targets.filter_map(defined).collect()
}

/// The tables of a block that begins with functions at these positions among the
/// defined ones.
fn code_index(
    module: &Arc<Module>,
    defined: &[usize],
    funcs: &[&FuncCode],
    layout: &Layout,
) -> CodeIndex {
    // The stub behind the last function marks its end.
    let positions = defined.iter().map(|&func| func as u32).chain([CodeIndex::NO_FUNC]);
    let starts: Vec<(u32, u32)> =
        layout.offsets.iter().map(|&offset| offset as u32).zip(positions).collect();
    let mut traps = Vec::new();
    let mut positions = Vec::new();
    let mut stack_maps = StackMaps::default();
    let mut handlers = Vec::new();
    let mut places = Vec::new();
    for (func, &(start, _)) in funcs.iter().zip(&starts).take(defined.len()) {
        traps.extend(func.traps.iter().map(|&(offset, code)| (start + offset, code)));
        stack_maps.append(start, &func.stack_maps);
        handlers.extend(func.handlers.iter().map(|site| site.at(start)));
        let others = places.len();
        places.extend(func.places.iter().map(|place| place.behind_all(others)));
        let mut end = start;
        for &(from, to, position) in &func.positions {
            if start + from != end {
                positions.push((end, CodeIndex::NOWHERE));
            }
            positions.push((start + from, Place::behind(position, others)));
            end = start + to;
        }
        positions.push((end, CodeIndex::NOWHERE));
    }
    CodeIndex {
        module: module.clone(),
        funcs: starts.into(),
        traps: traps.into(),
        positions: positions.into(),
        places: places.into(),
        stack_maps,
        handlers: handlers.into(),
    }
}
