//! The segments of an instance: what `memory.init` and `table.init` read until
//! the segment is dropped.

use bimetal_core::index::{DataIdx, ElemIdx};
use bimetal_core::value::Slot;
use bimetal_parser::Module;

use crate::gc::roots::RootVisitor;

/// The segments of one instance.
///
/// Active and declared segments count as dropped: instantiation ends with that.
#[derive(Debug, Default)]
pub(crate) struct Segments {
    /// The references of each passive element segment; empty once dropped.
    elems: Box<[Box<[Slot]>]>,
    /// Whether a collection follows the references of each element segment.
    collected: Box<[bool]>,
    /// Whether each data segment can still be read.
    datas: Box<[bool]>,
}

impl Segments {
    /// The segments of a new instance, the element segments being empty yet;
    /// `collected` says which of them hold other references than to functions.
    pub(crate) fn new(module: &Module, collected: Box<[bool]>) -> Segments {
        let datas = module.datas.iter().map(|data| data.active.is_none()).collect();
        let elems = module.elems.iter().map(|_| Box::default()).collect();
        Segments { elems, collected, datas }
    }

    /// Fills a passive element segment.
    pub(crate) fn set_elem(&mut self, index: ElemIdx, items: Box<[Slot]>) {
        if let Some(elem) = self.elems.get_mut(index.index()) {
            *elem = items;
        }
    }

    /// The references of an element segment, none if it was dropped.
    pub(crate) fn elem(&self, index: ElemIdx) -> &[Slot] {
        self.elems.get(index.index()).map_or(&[], |items| items)
    }

    /// Reports the references of all element segments that are not to functions.
    pub(crate) fn visit(&mut self, visit: &mut dyn RootVisitor) {
        for (items, &collected) in self.elems.iter_mut().zip(&self.collected) {
            if collected {
                visit.slots(items);
            }
        }
    }

    /// The bytes of a data segment, none if it was dropped.
    pub(crate) fn data<'m>(&self, module: &'m Module, index: DataIdx) -> &'m [u8] {
        match self.datas.get(index.index()) {
            Some(true) => module.data(index),
            _ => &[],
        }
    }

    /// `elem.drop`
    pub(crate) fn drop_elem(&mut self, index: ElemIdx) {
        if let Some(items) = self.elems.get_mut(index.index()) {
            *items = Box::default();
        }
    }

    /// `data.drop`
    pub(crate) fn drop_data(&mut self, index: DataIdx) {
        if let Some(data) = self.datas.get_mut(index.index()) {
            *data = false;
        }
    }
}
