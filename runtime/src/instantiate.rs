//! Instantiation (spec: *Execution / Modules / Instantiation*).

mod error;

use std::sync::Arc;

use bimetal_core::index::{ElemIdx, FuncIdx};
use bimetal_core::trap::TrapCode;
use bimetal_core::types::ExternType;
use bimetal_core::value::Slot;
use bimetal_parser::Module;
use bimetal_parser::module::{ConstExpr, ElemItems, ElemMode, ElemSegment, Entity, Import};

pub use error::{ImportTypeError, InstantiateError};

use crate::code::ModuleCode;
use crate::constexpr::{address, eval};
use crate::instance::Instance;
use crate::limits::ResourceError;
use crate::memory::Images;
use crate::segment::Segments;
use crate::store::{Extern, InstanceId, Store};
use crate::template::Template;
use crate::types::{canonical_global_type, canonical_table_type};
use crate::vmctx::VmFuncRef;

impl Instance {
    /// Makes an instance of a module and writes its active segments. Does not
    /// run the start function ([`Instance::start`]).
    ///
    /// `code` is the code of this very module, the template was made with the store's
    /// registry, and every import belongs to the store.
    ///
    /// # Errors
    /// If imports do not match, resources are refused or a segment is out of
    /// bounds. The store keeps what was made until then, because functions of
    /// the instance may stand in tables already.
    pub fn instantiate(
        store: &mut Store,
        template: &Arc<Template>,
        code: Arc<dyn ModuleCode>,
        imports: &[Extern],
    ) -> Result<InstanceId, InstantiateError> {
        check_imports(store, template, imports)?;
        ResourceError::check("instances", store.instances.len(), store.limits.max_instances)?;
        if template.needs_heap {
            store.ensure_heap()?;
        }
        store.allocator.add_instance()?;
        store.refresh_types();
        let instance = Instance::allocate(store.vm(), template, code, &mut store.cells);
        let id = InstanceId(store.instances.push(instance, &mut store.cells));
        let address = store.instances.ptr(id.0);
        store.instances.get_mut(id.0).set_address(address);
        let images = if store.settings.memory_init_cow { Some(template.images()) } else { None };
        let images = images.filter(|images| images.hold_all());
        let (module, type_ids) = (template.module(), template.type_ids());
        let mut builder = Builder { store, template, module, type_ids, images, id };
        builder.number_functions();
        builder.link(imports);
        builder.tags()?;
        builder.memories()?;
        builder.globals()?;
        builder.tables()?;
        builder.segments()?;
        Ok(id)
    }
}

/// Checks that these are the imports that the module declares: as many, and of
/// matching types. Every import belongs to the store.
///
/// # Errors
/// [`InstantiateError::ImportCount`] and [`InstantiateError::ImportType`]
pub fn check_imports(
    store: &Store,
    template: &Template,
    imports: &[Extern],
) -> Result<(), InstantiateError> {
    let (module, type_ids) = (template.module(), template.type_ids());
    if imports.len() != module.imports.len() {
        let (expected, found) = (module.imports.len(), imports.len());
        return Err(InstantiateError::ImportCount { expected, found });
    }
    for (import, given) in module.imports.iter().zip(imports) {
        let expected = import_type(module, type_ids, import);
        let found = store.extern_type(given);
        if !store.types.extern_type_matches(&found, &expected) {
            return Err(InstantiateError::ImportType(Box::new(ImportTypeError {
                module: import.module.clone(),
                name: import.name.clone(),
                expected: store.types.describe(&expected),
                found: store.types.describe(&found),
            })));
        }
    }
    Ok(())
}

/// The type that an import declares, in canonical ids.
///
/// # Panics
/// If import or ids are those of another module.
fn import_type(module: &Module, type_ids: &[u32], import: &Import) -> ExternType {
    match import.entity {
        Entity::Func(index) => ExternType::Func(type_ids[module.funcs[index.index()].index()]),
        Entity::Table(index) => {
            ExternType::Table(canonical_table_type(type_ids, &module.tables[index.index()].ty))
        }
        Entity::Memory(index) => ExternType::Memory(module.memories[index.index()]),
        Entity::Global(index) => {
            ExternType::Global(canonical_global_type(type_ids, &module.globals[index.index()].ty))
        }
        Entity::Tag(index) => ExternType::Tag(type_ids[module.tags[index.index()].index()]),
    }
}

/// An instance under construction.
struct Builder<'a> {
    store: &'a mut Store,
    template: &'a Template,
    module: &'a Module,
    type_ids: &'a [u32],
    /// What stands for the effect of all active data segments.
    images: Option<&'a Images>,
    id: InstanceId,
}

impl Builder<'_> {
    fn instance(&mut self) -> &mut Instance {
        self.store.instances.get_mut(self.id.0)
    }

    fn eval(&mut self, expr: &ConstExpr) -> Result<[Slot; 2], TrapCode> {
        eval(expr, self.store, self.id, self.type_ids)
    }

    /// Gives the instance's functions their places in the slab.
    fn number_functions(&mut self) {
        let records = self.instance().func_refs();
        for position in 0..records.len() {
            // SAFETY: inside the array, which nobody reads or borrows yet.
            unsafe {
                let record = records.cast::<VmFuncRef>().add(position).as_ptr();
                (*record).slab = self.store.add_to_slab(record);
            }
        }
    }

    /// Sets the imports, which come first in every index space.
    fn link(&mut self, imports: &[Extern]) {
        let mut funcs = 0..;
        for import in imports {
            match *import {
                Extern::Func(record) => {
                    let index = FuncIdx(funcs.next().unwrap_or_default());
                    // SAFETY: the import is a record of this store, which keeps it.
                    let record = unsafe { record.as_ref() };
                    let own = self.instance().func_ref(index);
                    let slab = match own {
                        Some(own) if record.index == VmFuncRef::HOST => {
                            self.store.add_to_slab(own.as_ptr())
                        }
                        _ => 0,
                    };
                    self.instance().set_import(index, record, slab);
                }
                Extern::Table(id) => {
                    let vm = self.store.table(id).vm();
                    self.instance().add_table(id, vm);
                }
                Extern::Memory(id) => {
                    let vm = self.store.memory(id).vm();
                    self.instance().add_memory(id, vm);
                }
                Extern::Global(id) => {
                    let vm = self.store.global(id).vm();
                    self.instance().add_global(id, vm);
                }
                Extern::Tag(id) => self.instance().add_tag(id),
            }
        }
    }

    fn tags(&mut self) -> Result<(), InstantiateError> {
        for ty in self.module.tags.iter().skip(self.module.imported.tags as usize) {
            let id = self.store.new_tag(self.type_ids[ty.index()])?;
            self.instance().add_tag(id);
        }
        Ok(())
    }

    fn memories(&mut self) -> Result<(), InstantiateError> {
        let own = self.module.imported.memories as usize;
        for (index, ty) in self.module.memories.iter().enumerate().skip(own) {
            let image = self.images.and_then(|images| images.get(index));
            let id = self.store.new_memory_with(*ty, image)?;
            let vm = self.store.memory(id).vm();
            self.instance().add_memory(id, vm);
        }
        Ok(())
    }

    fn globals(&mut self) -> Result<(), InstantiateError> {
        for global in self.module.globals.iter().skip(self.module.imported.globals as usize) {
            let value = match &global.init {
                Some(init) => self.eval(init)?,
                None => [Slot::ZERO; 2],
            };
            let ty = canonical_global_type(self.type_ids, &global.ty);
            let id = self.store.new_global(ty, value);
            let vm = self.store.global(id).vm();
            self.instance().add_global(id, vm);
        }
        Ok(())
    }

    fn tables(&mut self) -> Result<(), InstantiateError> {
        for table in self.module.tables.iter().skip(self.module.imported.tables as usize) {
            let init = match &table.init {
                Some(init) => self.eval(init)?[0],
                None => Slot::ZERO,
            };
            let ty = canonical_table_type(self.type_ids, &table.ty);
            let id = self.store.new_table(ty, init)?;
            let vm = self.store.table(id).vm();
            self.instance().add_table(id, vm);
        }
        Ok(())
    }

    /// Evaluates passive segments, then writes active ones: element segments
    /// before data segments.
    fn segments(&mut self) -> Result<(), InstantiateError> {
        if self.template.has_passive {
            let segments = Segments::new(self.module, self.template.collected.clone());
            self.instance().segments = segments;
        }
        match (self.elements(), self.images) {
            (Ok(()), None) => self.datas(),
            (Ok(()), Some(_)) => Ok(()),
            (Err(error), images) => {
                // Functions of the instance may stand in tables already, and find the
                // memories without data.
                images.into_iter().for_each(|images| self.clear(images));
                Err(error)
            }
        }
    }

    fn elements(&mut self) -> Result<(), InstantiateError> {
        let module = self.module;
        for (index, elem) in (0..).zip(&module.elems) {
            if elem.mode == ElemMode::Passive {
                let items = self.items(index, elem)?;
                self.instance().segments.set_elem(ElemIdx(index as u32), items);
            }
        }
        for (index, elem) in module.elems.iter().enumerate() {
            if let ElemMode::Active { table, offset } = &elem.mode {
                let offset = self.eval(offset)?[0].bits();
                let offset = address(module.tables[table.index()].ty.addr, offset);
                let id = self.instance().tables()[table.index()];
                if let ElemItems::Funcs(funcs) = &elem.items {
                    let Store { instances, tables, .. } = &mut *self.store;
                    let instance = instances.get(self.id.0);
                    let items = funcs.iter().map(|&func| instance.func_slot(func));
                    tables.get_mut(id.0).init_with(offset, items)?;
                } else {
                    let items = self.items(index, elem)?;
                    self.store.table_mut(id).init(offset, &items, 0, items.len() as u64)?;
                }
            }
        }
        Ok(())
    }

    /// Makes everything zero that images have brought into memories.
    fn clear(&mut self, images: &Images) {
        for index in 0..self.module.memories.len() {
            if let Some(image) = images.get(index) {
                let id = self.instance().memories()[index];
                if let Some(bytes) = self.store.memory_mut(id).data_mut().get_mut(image.range()) {
                    bytes.fill(0);
                }
            }
        }
    }

    fn datas(&mut self) -> Result<(), InstantiateError> {
        let module = self.module;
        for data in &module.datas {
            if let Some((memory, offset)) = &data.active {
                let offset = self.eval(offset)?[0].bits();
                let offset = address(module.memories[memory.index()].addr, offset);
                let bytes = &module.bytes[data.range.clone()];
                let id = self.instance().memories()[memory.index()];
                let written = self.store.memory_mut(id).write(offset, bytes);
                written.map_err(|_| TrapCode::MemoryOutOfBounds)?;
            }
        }
        Ok(())
    }

    /// The references of an element segment.
    fn items(&mut self, index: usize, elem: &ElemSegment) -> Result<Box<[Slot]>, TrapCode> {
        match &elem.items {
            ElemItems::Funcs(funcs) => {
                let instance = self.store.instances.get(self.id.0);
                Ok(funcs.iter().map(|&func| instance.func_slot(func)).collect())
            }
            ElemItems::Exprs(exprs) if self.template.collected[index] => self.objects(exprs),
            ElemItems::Exprs(exprs) => exprs.iter().map(|expr| Ok(self.eval(expr)?[0])).collect(),
        }
    }

    /// The values of expressions of which each may move those before it.
    fn objects(&mut self, exprs: &[ConstExpr]) -> Result<Box<[Slot]>, TrapCode> {
        let scope = self.store.handles.open();
        let mut handles = Vec::with_capacity(exprs.len());
        let mut result = Ok(());
        for expr in exprs {
            match self.eval(expr) {
                Ok([reference, _]) => handles.push(self.store.handles.add(reference)),
                Err(trap) => {
                    result = Err(trap);
                    break;
                }
            }
        }
        let items = handles.iter().filter_map(|&handle| self.store.handles.get(handle)).collect();
        self.store.handles.close(scope);
        result.map(|()| items)
    }
}

#[cfg(test)]
mod tests;
