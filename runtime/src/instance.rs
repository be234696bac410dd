//! Instances: the context that guest code runs in and everything it names.
//!
//! **What must never happen here:** the context or a function reference moves or
//! dies before the store, or is written after instantiation.

use std::alloc::Layout;
use std::marker::PhantomPinned;
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx, TypeIdx};
use bimetal_core::value::Slot;
use bimetal_parser::Module;
use bimetal_parser::module::Entity;

use crate::builtins::{BUILTINS, GC_BUILTINS};
use crate::cells::{CellList, Cells};
use crate::code::ModuleCode;
use crate::layout::VmLayout;
use crate::segment::Segments;
use crate::store::{Extern, GlobalId, MemoryId, TableId, TagId};
use crate::template::Template;
use crate::vmctx::{VmCtx, VmFuncRef, VmGlobal, VmMemory, VmStore, VmTable};

/// An instance of a module.
pub struct Instance {
    template: Arc<Template>,
    code: Arc<dyn ModuleCode>,
    cx: NonNull<VmCtx>,
    /// One record per escaping function.
    func_refs: NonNull<[VmFuncRef]>,
    memories: CellList<MemoryId>,
    tables: CellList<TableId>,
    globals: CellList<GlobalId>,
    tags: CellList<TagId>,
    pub(crate) segments: Segments,
}

impl Instance {
    /// An instance without imports, memories, tables, globals and segments.
    pub(crate) fn allocate(
        store: *mut VmStore,
        template: &Arc<Template>,
        code: Arc<dyn ModuleCode>,
        cells: &mut Cells,
    ) -> Instance {
        let (module, layout, type_ids) =
            (template.module(), template.layout(), template.type_ids());
        let room = Layout::from_size_align(layout.size() as usize, align_of::<VmCtx>())
            .expect("a layout's size is below 4 GiB");
        let cx = cells.room(room).cast::<VmCtx>();
        // SAFETY: all of the cell, whose parts are so all initialised.
        unsafe { cx.cast::<u8>().write_bytes(0, room.size()) };
        let func_refs = func_refs(module, &*code, cx.as_ptr(), type_ids, cells);
        // SAFETY: the allocation has the size and alignment of the layout, and the
        // template has as many type ids as the array in it.
        unsafe {
            cx.write(VmCtx {
                store,
                builtins: BUILTINS.as_ptr(),
                gc_builtins: GC_BUILTINS.as_ptr(),
                code: code.slots().as_ptr(),
                tier: code.tier(),
                func_refs: func_refs.as_ptr().cast(),
                instance: null_mut(),
                is_subtype: crate::types::is_subtype,
                pin: PhantomPinned,
            });
            let ids = cx.as_ptr().byte_add(layout.type_id(TypeIdx(0)) as usize).cast::<u32>();
            ids.copy_from_nonoverlapping(type_ids.as_ptr(), type_ids.len());
        }
        Instance {
            template: Arc::clone(template),
            code,
            cx,
            func_refs,
            memories: CellList::new(module.memories.len(), cells),
            tables: CellList::new(module.tables.len(), cells),
            globals: CellList::new(module.globals.len(), cells),
            tags: CellList::new(module.tags.len(), cells),
            segments: Segments::default(),
        }
    }

    /// The module.
    pub fn module(&self) -> &Arc<Module> {
        self.template.module()
    }

    /// The code of the module's functions.
    pub fn code(&self) -> &Arc<dyn ModuleCode> {
        &self.code
    }

    /// The context that the instance's code runs in: valid as long as the store.
    pub fn cx(&self) -> *mut VmCtx {
        self.cx.as_ptr()
    }

    /// Where things lie in the context.
    pub fn layout(&self) -> &VmLayout {
        self.template.layout()
    }

    /// The memories, by index.
    pub fn memories(&self) -> &[MemoryId] {
        self.memories.as_slice()
    }

    /// The tables, by index.
    pub fn tables(&self) -> &[TableId] {
        self.tables.as_slice()
    }

    /// The globals, by index.
    pub fn globals(&self) -> &[GlobalId] {
        self.globals.as_slice()
    }

    /// The tags, by index.
    pub fn tags(&self) -> &[TagId] {
        self.tags.as_slice()
    }

    /// The reference to a function: valid as long as the store. `None` for
    /// functions that neither are imported nor escape.
    pub fn func_ref(&self, func: FuncIdx) -> Option<NonNull<VmFuncRef>> {
        if func.0 < self.module().imported.funcs {
            // SAFETY: the array of imports holds a record at this index.
            return Some(unsafe { self.cx.byte_add(self.layout().import(func) as usize).cast() });
        }
        let position = self.module().escaping_index(func)?;
        assert!(position < self.func_refs.len(), "no such function reference");
        // SAFETY: inside the array, by the assertion.
        Some(unsafe { self.func_refs.cast::<VmFuncRef>().add(position) })
    }

    /// The start function, which the embedding runs after instantiation.
    pub fn start(&self) -> Option<NonNull<VmFuncRef>> {
        self.func_ref(self.module().start?)
    }

    /// The bits of a reference to a function. Null for functions that do not
    /// escape, of which validation lets nobody take a reference.
    pub(crate) fn func_slot(&self, func: FuncIdx) -> Slot {
        self.func_ref(func)
            .map_or(Slot::ZERO, |func| Slot::from_bits(func.as_ptr().expose_provenance() as u64))
    }

    /// The export of this name.
    #[inline]
    pub fn export(&self, name: &str) -> Option<Extern> {
        self.resolve(self.module().export(name)?.entity)
    }

    /// What an export of this entity is.
    #[inline]
    pub fn resolve(&self, entity: Entity) -> Option<Extern> {
        match entity {
            Entity::Func(index) => self.func_ref(index).map(Extern::Func),
            Entity::Table(index) => self.tables().get(index.index()).copied().map(Extern::Table),
            Entity::Memory(index) => {
                self.memories().get(index.index()).copied().map(Extern::Memory)
            }
            Entity::Global(index) => self.globals().get(index.index()).copied().map(Extern::Global),
            Entity::Tag(index) => self.tags().get(index.index()).copied().map(Extern::Tag),
        }
    }

    /// Writes something of the context before any code has seen it.
    ///
    /// # Safety
    /// A `T` stands at this offset of the context.
    unsafe fn write<T>(&mut self, offset: u32, value: T) {
        // SAFETY: the caller's promise.
        unsafe { self.cx.byte_add(offset as usize).cast::<T>().write(value) };
    }

    /// Tells the context its instance: the address of `self` in the store.
    pub(crate) fn set_address(&mut self, address: *mut Instance) {
        // SAFETY: the context is valid and not yet used.
        unsafe { (*self.cx.as_ptr()).instance = address };
    }

    /// Sets an imported function: a copy of the exporter's record. A host
    /// function's gets to know its importer, and its own place in the slab.
    pub(crate) fn set_import(&mut self, index: FuncIdx, record: &VmFuncRef, slab: u32) {
        assert!(index.0 < self.module().imported.funcs, "no such import");
        let offset = self.layout().import(index);
        let mut record = record.clone();
        if record.index == VmFuncRef::HOST {
            record.slab = slab;
            // SAFETY: inside the context, by the assertion.
            record.cx = unsafe { self.cx.byte_add(offset as usize).as_ptr() };
            record.caller = self.cx.as_ptr();
        }
        // SAFETY: the import's record stands at this offset.
        unsafe { self.write(offset, record) };
    }

    /// The records of the module's escaping functions, and which they are.
    pub(crate) fn func_refs(&self) -> NonNull<[VmFuncRef]> {
        self.func_refs
    }

    /// Adds the next memory.
    pub(crate) fn add_memory(&mut self, id: MemoryId, vm: *mut VmMemory) {
        let index = self.memories().len();
        assert!(index < self.module().memories.len(), "one memory too many");
        let index = MemIdx(index as u32);
        // SAFETY: the memory's pointer and its base stand at these offsets; the store keeps
        // the memory.
        unsafe {
            self.write(self.layout().memory(index), vm);
            self.write(self.layout().memory_base(index), (*vm).base);
        }
        self.memories.push(id);
    }

    /// Adds the next table.
    pub(crate) fn add_table(&mut self, id: TableId, vm: *mut VmTable) {
        let index = self.tables().len();
        assert!(index < self.module().tables.len(), "one table too many");
        // SAFETY: the table's pointer stands at this offset.
        unsafe { self.write(self.layout().table(TableIdx(index as u32)), vm) };
        self.tables.push(id);
    }

    /// Adds the next tag.
    pub(crate) fn add_tag(&mut self, id: TagId) {
        self.tags.push(id);
    }

    /// Adds the next global.
    pub(crate) fn add_global(&mut self, id: GlobalId, vm: *mut VmGlobal) {
        let index = self.globals().len();
        assert!(index < self.module().globals.len(), "one global too many");
        // SAFETY: the global's pointer stands at this offset.
        unsafe { self.write(self.layout().global(GlobalIdx(index as u32)), vm) };
        self.globals.push(id);
    }
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Instance").field("cx", &self.cx).finish_non_exhaustive()
    }
}

/// The records of the module's escaping functions.
fn func_refs(
    module: &Module,
    code: &dyn ModuleCode,
    cx: *mut VmCtx,
    type_ids: &[u32],
    cells: &mut Cells,
) -> NonNull<[VmFuncRef]> {
    let room = Layout::array::<VmFuncRef>(module.escaping.len())
        .expect("a module has fewer functions than fit in memory");
    let records = cells.room(room).cast::<VmFuncRef>();
    let mut count = 0;
    for &func in &module.escaping {
        let Some(index) = module.defined_index(func) else { continue };
        let record = VmFuncRef {
            code: &raw const code.slots()[index],
            cx,
            caller: null_mut(),
            type_id: type_ids[module.funcs[func.index()].index()],
            index: index as u32,
            slab: 0,
        };
        // SAFETY: there is room for as many records as functions escape.
        unsafe { records.add(count).write(record) };
        count += 1;
    }
    NonNull::slice_from_raw_parts(records, count)
}
