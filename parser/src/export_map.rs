//! Exports by name.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::module::Export;

/// How many names are remembered. A power of two.
const RECENT: usize = 8;

/// Finds exports by their names. Host functions ask for the same few names over and
/// over, so that those asked for last are compared before anything is hashed.
#[derive(Debug, Default)]
pub struct ExportMap {
    positions: HashMap<Box<str>, u32>,
    /// Positions of exports, by what [`place`] makes of their names: any value is good.
    recent: [AtomicU32; RECENT],
}

/// Where a name is remembered.
fn place(name: &str) -> usize {
    let last = name.as_bytes().last().copied().unwrap_or_default();
    (name.len() ^ usize::from(last)) % RECENT
}

impl ExportMap {
    /// The map of these exports, no two of which have the same name.
    pub(crate) fn new(exports: &[Export]) -> ExportMap {
        let positions = exports.iter().map(|export| export.name.clone()).zip(0..);
        ExportMap { positions: positions.collect(), recent: Default::default() }
    }

    /// The export of this name among those that the map was made of.
    #[inline]
    pub(crate) fn find<'a>(&self, exports: &'a [Export], name: &str) -> Option<&'a Export> {
        let recent = &self.recent[place(name)];
        match exports.get(recent.load(Ordering::Relaxed) as usize) {
            Some(export) if *export.name == *name => Some(export),
            _ => {
                let position = *self.positions.get(name)?;
                recent.store(position, Ordering::Relaxed);
                exports.get(position as usize)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module::Entity;
    use bimetal_core::index::FuncIdx;

    #[test]
    fn every_export_is_found_in_any_order_and_no_other() {
        // Many share their place.
        let name = |i: u32| format!("{}x", i * 1_000);
        let export = |i| Export { name: name(i).into(), entity: Entity::Func(FuncIdx(i)) };
        let exports: Vec<Export> = (0..40).map(export).collect();
        let map = ExportMap::new(&exports);
        for i in (0..40).chain((0..40).rev()).flat_map(|i| [i, i, 7]) {
            let found = map.find(&exports, &name(i)).map(|export| export.entity);
            assert_eq!(found, Some(Entity::Func(FuncIdx(i))));
            assert!(map.find(&exports, "").is_none());
            assert!(map.find(&exports, &name(i + 40)).is_none());
        }
        assert!(ExportMap::new(&[]).find(&[], "").is_none());
    }
}
