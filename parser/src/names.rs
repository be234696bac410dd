//! The name section (spec: *Appendix / Custom Sections / Name Section*).

use std::ops::Range;
use std::sync::OnceLock;

use bimetal_core::index::{FuncIdx, LocalIdx};
use wasmparser::{BinaryReader, Name, NameMap, NameSectionReader};

use crate::module::Module;

/// The names that a module gives to its parts, decoded when first asked for.
///
/// Names help people only: what is malformed in the section is ignored, and what
/// stands before the fault is kept.
#[derive(Debug, Default)]
pub struct Names {
    section: Option<Range<usize>>,
    decoded: OnceLock<Decoded>,
}

/// Lists are sorted by index: the section's order, which the decoder checks.
#[derive(Debug, Default)]
struct Decoded {
    module: Option<Box<str>>,
    funcs: Vec<(u32, Box<str>)>,
    locals: Vec<((u32, u32), Box<str>)>,
}

impl Names {
    /// The names in the name section with these contents, if there is one.
    pub(crate) fn new(section: Option<Range<usize>>) -> Names {
        Names { section, decoded: OnceLock::new() }
    }

    /// The module's name. `module` must be the one that holds `self`.
    pub fn module<'m>(&'m self, module: &Module) -> Option<&'m str> {
        self.decoded(module).module.as_deref()
    }

    /// The name of a function. `module` must be the one that holds `self`.
    pub fn func<'m>(&'m self, module: &Module, func: FuncIdx) -> Option<&'m str> {
        find(&self.decoded(module).funcs, func.0)
    }

    /// The name of a function's local. `module` must be the one that holds `self`.
    pub fn local<'m>(&'m self, module: &Module, func: FuncIdx, local: LocalIdx) -> Option<&'m str> {
        find(&self.decoded(module).locals, (func.0, local.0))
    }

    fn decoded(&self, module: &Module) -> &Decoded {
        self.decoded.get_or_init(|| {
            let section = self.section.clone().and_then(|range| module.bytes.get(range));
            section.map(decode).unwrap_or_default()
        })
    }
}

fn find<K: Ord + Copy>(list: &[(K, Box<str>)], key: K) -> Option<&str> {
    let at = list.binary_search_by_key(&key, |entry| entry.0).ok()?;
    Some(&list[at].1)
}

fn decode(section: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    for name in NameSectionReader::new(BinaryReader::new(section, 0)).map_while(Result::ok) {
        match name {
            Name::Module { name, .. } => decoded.module = Some(name.into()),
            Name::Function(map) => decoded.funcs = entries(map).collect(),
            Name::Local(map) => {
                decoded.locals = map
                    .map_while(Result::ok)
                    .flat_map(|of| entries(of.names).map(move |(i, name)| ((of.index, i), name)))
                    .collect();
            }
            _ => {}
        }
    }
    decoded
}

fn entries(map: NameMap<'_>) -> impl Iterator<Item = (u32, Box<str>)> {
    map.map_while(Result::ok).map(|naming| (naming.index, naming.name.into()))
}
