//! Where the parts of a module's objects lie.

use std::sync::OnceLock;

use bimetal_core::types::{RefType, ValType};
use bimetal_parser::Module;
use bimetal_runtime::gc::layout::ObjectLayout;

/// The layouts of a module's types, made when the first is asked for.
#[derive(Debug, Default)]
pub(super) struct Layouts(OnceLock<Box<[ObjectLayout]>>);

impl Layouts {
    /// The layouts of the types of `module`, which is the same at every call, by
    /// type index.
    pub(super) fn get(&self, module: &Module) -> &[ObjectLayout] {
        let is_func = |heap| !module.is_collected(ValType::Ref(RefType { nullable: true, heap }));
        let layout = |ty: &bimetal_core::types::SubType| ObjectLayout::new(&ty.composite, &is_func);
        self.0.get_or_init(|| module.types.iter().map(layout).collect())
    }
}
