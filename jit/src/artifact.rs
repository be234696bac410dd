//! A compiled module that has no place in memory yet.

use std::sync::Arc;

use bimetal_parser::Module;

use crate::codemap::CodeIndex;
use crate::compile::FuncCode;
use crate::error::JitError;
use crate::link::{Layout, Linked};
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
    /// Links the code of the defined functions, in order, and of the stubs that
    /// stand behind slow calls and throws.
    ///
    /// # Errors
    /// If the code is too long.
    pub(crate) fn new(
        module: &Arc<Module>,
        funcs: Vec<FuncCode>,
        stubs: [&FuncCode; 2],
    ) -> Result<Artifact, JitError> {
        Ok(Artifact::part(module, 0, funcs, &stubs)?.0)
    }

    /// The same for some functions, those from `first` on in order, that call no
    /// function directly, and for these and other stubs. Also gives the offset of
    /// the last one.
    ///
    /// # Errors
    /// If the code is too long.
    pub(crate) fn part(
        module: &Arc<Module>,
        first: usize,
        mut funcs: Vec<FuncCode>,
        stubs: &[&FuncCode],
    ) -> Result<(Artifact, usize), JitError> {
        let defined = funcs.len();
        funcs.extend(stubs.iter().map(|&stub| stub.clone()));
        let layout = Layout::new(&funcs);
        let linked = Linked::new(&funcs, &layout, Some([defined, defined + 1]))?;
        let index = code_index(module, first, &funcs[..defined], &layout);
        let last = layout.offsets.last().copied().unwrap_or(0);
        Ok((Artifact { linked, index }, last))
    }
}

/// The tables of a block that begins with the defined functions.
fn code_index(
    module: &Arc<Module>,
    first: usize,
    funcs: &[FuncCode],
    layout: &Layout,
) -> CodeIndex {
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
        first,
        funcs: starts.into(),
        traps: traps.into(),
        positions: positions.into(),
        stack_maps,
        handlers: handlers.into(),
    }
}
