//! What is the same for all instances of a module in an engine, found once.

use std::sync::{Arc, OnceLock};

use bimetal_core::types::ValType;
use bimetal_parser::Module;
use bimetal_parser::module::ElemMode;

use crate::layout::VmLayout;
use crate::memory::Images;
use crate::types::{TypeRegistry, canonical_val_type};

/// A module as its instances are made of it.
#[derive(Debug)]
pub struct Template {
    module: Arc<Module>,
    /// The canonical id of each of the module's types.
    type_ids: Box<[u32]>,
    layout: VmLayout,
    /// Whether its instances may have objects.
    pub(crate) needs_heap: bool,
    /// Whether a collection follows the references of each element segment.
    pub(crate) collected: Box<[bool]>,
    /// Whether there are segments that instructions may read.
    pub(crate) has_passive: bool,
    /// Made for the first instance that may have them.
    images: OnceLock<Images>,
}

impl Template {
    /// Registers the types of a module.
    pub fn new(module: Arc<Module>, types: &TypeRegistry) -> Template {
        let type_ids = types.register(&module);
        let is_collected = |ty| types.is_collected(canonical_val_type(&type_ids, ty));
        Template {
            layout: VmLayout::new(&module),
            needs_heap: !module.tags.is_empty()
                || module.types.iter().any(|ty| ty.as_func().is_none()),
            collected: module
                .elems
                .iter()
                .map(|elem| is_collected(ValType::Ref(elem.ty)))
                .collect(),
            has_passive: module.elems.iter().any(|elem| elem.mode == ElemMode::Passive)
                || module.datas.iter().any(|data| data.active.is_none()),
            images: OnceLock::new(),
            type_ids,
            module,
        }
    }

    /// The module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// The canonical id of each of the module's types.
    pub fn type_ids(&self) -> &[u32] {
        &self.type_ids
    }

    /// Where things lie in a context.
    pub fn layout(&self) -> &VmLayout {
        &self.layout
    }

    /// The first contents of the module's memories.
    pub(crate) fn images(&self) -> &Images {
        self.images.get_or_init(|| Images::new(&self.module))
    }
}
