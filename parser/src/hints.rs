//! The section `metadata.code.branch_hint` (spec: *Appendix / Custom Sections /
//! Branch Hint Section*).

use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

use wasmparser::{BinaryReader, BranchHintSectionReader, FunctionBody, Operator};

use crate::error::{Error, ErrorKind};
use crate::module::Module;

/// The section's name.
pub(crate) const NAME: &str = "metadata.code.branch_hint";

/// Whether conditional branches are likely to be taken, decoded when first asked
/// for.
///
/// Hints change no meaning. A section with a fault in its format counts as absent,
/// and a hint that names no conditional branch is never asked for.
#[derive(Debug, Default)]
pub struct BranchHints {
    section: Option<Range<usize>>,
    decoded: OnceLock<HashMap<u64, bool>>,
}

/// A function of the section: its position among the defined ones, and per hint
/// the offset in the module and whether the branch is taken.
type HintedFunc = (usize, Vec<(u64, bool)>);

impl BranchHints {
    /// The hints in the section with these contents, if there is one.
    pub(crate) fn new(section: Option<Range<usize>>) -> BranchHints {
        BranchHints { section, decoded: OnceLock::new() }
    }

    /// What is said about the `if` or `br_if` at this byte offset of the module:
    /// whether its condition is likely to hold. `module` must be the one that holds
    /// `self`.
    pub fn at(&self, module: &Module, offset: u32) -> Option<bool> {
        self.section.as_ref()?;
        let decode = || {
            let funcs = self.decode(module).unwrap_or_default();
            funcs.into_iter().flat_map(|(_, hints)| hints).collect()
        };
        self.decoded.get_or_init(decode).get(&u64::from(offset)).copied()
    }

    /// Checks what loading a module passes over: the section's format, and that
    /// every hint names an `if` or `br_if`. `module` must be the one that holds
    /// `self`.
    ///
    /// # Errors
    /// The first fault.
    pub fn check(&self, module: &Module) -> Result<(), Error> {
        for (defined, hints) in self.decode(module)? {
            let branches = conditional_branches(module, defined).map_err(Error::malformed)?;
            for (offset, _) in hints {
                if branches.binary_search(&offset).is_err() {
                    return Err(fault("a branch hint at no conditional branch", offset));
                }
            }
        }
        Ok(())
    }

    fn decode(&self, module: &Module) -> Result<Vec<HintedFunc>, Error> {
        let Some(section) = self.section.clone() else { return Ok(Vec::new()) };
        let start = section.start as u64;
        if module.bodies.first().is_some_and(|body| body.range.start < section.start) {
            return Err(fault("branch hints behind the code section", start));
        }
        let reader = BinaryReader::new(&module.bytes[section], start);
        let reader = BranchHintSectionReader::new(reader).map_err(Error::malformed)?;
        let mut funcs: Vec<HintedFunc> = Vec::new();
        for func in reader {
            let func = func.map_err(Error::malformed)?;
            let defined = func.func.checked_sub(module.imported.funcs).map(|at| at as usize);
            let Some((defined, body)) = defined.and_then(|at| Some((at, module.bodies.get(at)?)))
            else {
                return Err(fault("branch hints for a function without a body", start));
            };
            let hints = func.hints.into_iter().map(|hint| {
                let hint = hint.map_err(Error::malformed)?;
                Ok((body.range.start as u64 + u64::from(hint.func_offset), hint.taken))
            });
            let hints = hints.collect::<Result<Vec<_>, Error>>()?;
            let sorted = hints.is_sorted_by(|a, b| a.0 < b.0);
            if !sorted || funcs.last().is_some_and(|last| last.0 >= defined) {
                return Err(fault("branch hints out of order", start));
            }
            funcs.push((defined, hints));
        }
        Ok(funcs)
    }
}

/// The offsets of a function's `if` and `br_if` instructions, in order.
fn conditional_branches(module: &Module, defined: usize) -> wasmparser::Result<Vec<u64>> {
    let range = module.bodies[defined].range.clone();
    let start = range.start as u64;
    let body = FunctionBody::new(BinaryReader::new(&module.bytes[range], start));
    let mut branches = Vec::new();
    for op in body.get_operators_reader()?.into_iter_with_offsets() {
        if let (Operator::If { .. } | Operator::BrIf { .. }, offset) = op? {
            branches.push(offset);
        }
    }
    Ok(branches)
}

fn fault(message: &str, offset: u64) -> Error {
    Error::new(ErrorKind::Malformed, message, Some(offset))
}
