//! Offsets of everything that compiled code and interpreter cells address by
//! number. The structures themselves stand in [`crate::vmctx`].

use std::mem::{align_of, offset_of, size_of};

use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx, TypeIdx};
use bimetal_parser::Module;

use crate::gc::layout::ObjectKind;
use crate::gc::object::header;
use crate::osr::OsrFrame;
use crate::types::VmType;
use crate::vmctx::{VmCtx, VmFuncRef, VmGlobal, VmMemory, VmTable};

/// Where the trailing arrays of a module's [`VmCtx`] lie: byte offsets from the
/// context's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VmLayout {
    memories: u32,
    memory_bases: u32,
    tables: u32,
    globals: u32,
    imports: u32,
    type_ids: u32,
    size: u32,
}

impl VmLayout {
    /// The layout of a module's contexts.
    ///
    /// # Panics
    /// If the context would exceed 4 GiB, which the limits of the binary format
    /// rule out.
    pub fn new(module: &Module) -> VmLayout {
        let mut at = size_of::<VmCtx>();
        let mut array = |count: usize, size: usize, align: usize| {
            let start = at.next_multiple_of(align);
            at = start + count * size;
            u32::try_from(start).expect("a context is far smaller than 4 GiB")
        };
        let word = size_of::<usize>();
        let memories = array(module.memories.len(), word, word);
        let memory_bases = array(module.memories.len(), word, word);
        let tables = array(module.tables.len(), word, word);
        let globals = array(module.globals.len(), word, word);
        let imports =
            array(module.imported.funcs as usize, size_of::<VmFuncRef>(), align_of::<VmFuncRef>());
        let type_ids = array(module.types.len(), size_of::<u32>(), align_of::<u32>());
        let size = array(0, 0, align_of::<VmCtx>());
        VmLayout { memories, memory_bases, tables, globals, imports, type_ids, size }
    }

    /// The size of the whole context in bytes.
    pub fn size(&self) -> u32 {
        self.size
    }
    /// Of the `*mut VmMemory` of a memory.
    pub fn memory(&self, index: MemIdx) -> u32 {
        self.memories + index.0 * size_of::<*mut VmMemory>() as u32
    }
    /// Of the base of a memory, which is right for ever if the memory never moves.
    pub fn memory_base(&self, index: MemIdx) -> u32 {
        self.memory_bases + index.0 * size_of::<*mut u8>() as u32
    }
    /// Of the `*mut VmTable` of a table.
    pub fn table(&self, index: TableIdx) -> u32 {
        self.tables + index.0 * size_of::<*mut VmTable>() as u32
    }
    /// Of the `*mut VmGlobal` of a global.
    pub fn global(&self, index: GlobalIdx) -> u32 {
        self.globals + index.0 * size_of::<*mut VmGlobal>() as u32
    }
    /// Of the `VmFuncRef` of an imported function.
    pub fn import(&self, index: FuncIdx) -> u32 {
        self.imports + index.0 * size_of::<VmFuncRef>() as u32
    }
    /// Of the canonical `u32` id of a type.
    pub fn type_id(&self, index: TypeIdx) -> u32 {
        self.type_ids + index.0 * size_of::<u32>() as u32
    }
}

macro_rules! offsets {
    ($($(#[$doc:meta])* $name:ident = $ty:ty, $field:ident $(. $inner:ident)?;)*) => {$(
        $(#[$doc])*
        pub const $name: i32 = offset_of!($ty, $field $(. $inner)?) as i32;
    )*};
}

offsets! {
    /// [`VmCtx::store`]
    CX_STORE = VmCtx, store;
    /// [`VmCtx::builtins`]
    CX_BUILTINS = VmCtx, builtins;
    /// [`VmCtx::gc_builtins`]
    CX_GC_BUILTINS = VmCtx, gc_builtins;
    /// [`VmCtx::code`]
    CX_CODE = VmCtx, code;
    /// [`VmCtx::tier`]
    CX_TIER = VmCtx, tier;
    /// [`VmCtx::func_refs`]
    CX_FUNC_REFS = VmCtx, func_refs;
    /// [`VmCtx::is_subtype`]
    CX_IS_SUBTYPE = VmCtx, is_subtype;
    /// [`crate::vmctx::VmStore::stack_limit`]
    STORE_STACK_LIMIT = crate::vmctx::VmStore, stack_limit;
    /// [`crate::vmctx::VmStore::activation`]
    STORE_ACTIVATION = crate::vmctx::VmStore, activation;
    /// [`crate::vmctx::VmValueStack::top`]
    STORE_VALUES_TOP = crate::vmctx::VmStore, values.top;
    /// [`crate::vmctx::VmValueStack::end`]
    STORE_VALUES_END = crate::vmctx::VmStore, values.end;
    /// [`crate::vmctx::VmTail::code`]
    STORE_TAIL_CODE = crate::vmctx::VmStore, tail.code;
    /// [`crate::vmctx::VmTail::cx`]
    STORE_TAIL_CX = crate::vmctx::VmStore, tail.cx;
    /// [`crate::vmctx::VmStore::callee`]
    STORE_CALLEE = crate::vmctx::VmStore, callee;
    /// [`crate::vmctx::VmHeap::base`]
    STORE_HEAP_BASE = crate::vmctx::VmStore, heap.base;
    /// [`crate::vmctx::VmHeap::bump`]
    STORE_HEAP_BUMP = crate::vmctx::VmStore, heap.bump;
    /// [`crate::vmctx::VmHeap::limit`]
    STORE_HEAP_LIMIT = crate::vmctx::VmStore, heap.limit;
    /// [`crate::vmctx::VmStore::types`]
    STORE_TYPES = crate::vmctx::VmStore, types;
    /// [`crate::vmctx::VmStore::funcs`]
    STORE_FUNCS = crate::vmctx::VmStore, funcs;
    /// [`VmType::supertypes`]
    TYPE_SUPERTYPES = VmType, supertypes;
    /// [`crate::activation::Activation::exit_pc`]
    ACTIVATION_EXIT_PC = crate::activation::Activation, exit_pc;
    /// [`crate::activation::Activation::exit_fp`]
    ACTIVATION_EXIT_FP = crate::activation::Activation, exit_fp;
    /// [`crate::code::CodeSlot::native`]
    CODE_NATIVE = crate::code::CodeSlot, native;
    /// The array entry of a [`crate::code::CodeSlot`].
    CODE_ARRAY = crate::code::CodeSlot, array;
    /// [`crate::code::CodeSlot::trampoline`]
    CODE_TRAMPOLINE = crate::code::CodeSlot, trampoline;
    /// [`crate::code::CodeSlot::bridge`]
    CODE_BRIDGE = crate::code::CodeSlot, bridge;
    /// The [`crate::abi::RegisterCall`] behind the code slot of a host function that has
    /// one.
    CODE_REGISTERS = crate::host::HostFunc, registers;
    /// [`VmFuncRef::code`]
    FUNC_REF_CODE = VmFuncRef, code;
    /// [`VmFuncRef::cx`]
    FUNC_REF_CX = VmFuncRef, cx;
    /// [`VmFuncRef::caller`]
    FUNC_REF_CALLER = VmFuncRef, caller;
    /// [`VmFuncRef::type_id`]
    FUNC_REF_TYPE_ID = VmFuncRef, type_id;
    /// [`VmFuncRef::slab`]
    FUNC_REF_SLAB = VmFuncRef, slab;
    /// [`VmMemory::base`]
    MEMORY_BASE = VmMemory, base;
    /// [`VmMemory::len`]
    MEMORY_LEN = VmMemory, len;
    /// [`VmTable::base`]
    TABLE_BASE = VmTable, base;
    /// [`VmTable::len`]
    TABLE_LEN = VmTable, len;
    /// [`VmGlobal::value`]
    GLOBAL_VALUE = VmGlobal, value;
    /// [`OsrFrame::slots`]
    OSR_SLOTS = OsrFrame, slots;
    /// [`OsrFrame::callee`]
    OSR_CALLEE = OsrFrame, callee;
    /// [`OsrFrame::func`]
    OSR_FUNC = OsrFrame, func;
    /// [`OsrFrame::params`]
    OSR_PARAMS = OsrFrame, params;
    /// [`OsrFrame::results`]
    OSR_RESULTS = OsrFrame, results;
}

/// The size of a [`crate::code::CodeSlot`]: the stride of [`VmCtx::code`].
pub const CODE_SLOT_SIZE: i32 = size_of::<crate::code::CodeSlot>() as i32;
/// The size of a [`VmFuncRef`]: the stride of [`VmCtx::func_refs`].
pub const FUNC_REF_SIZE: i32 = size_of::<VmFuncRef>() as i32;
/// The size of a [`VmType`], by its binary logarithm: the stride of
/// [`crate::vmctx::VmStore::types`].
pub const TYPE_SIZE_LOG2: u32 = size_of::<VmType>().trailing_zeros();
const _: () = assert!(size_of::<VmType>().is_power_of_two());

/// Where the upper half of an object's header stands, which says its kind.
pub const OBJECT_KIND: i32 = 4;

/// What stands at [`OBJECT_KIND`] in objects of a kind.
pub const fn object_kind_word(kind: ObjectKind) -> u32 {
    (header(0, kind) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_tier::{instantiate, module, store};
    use bimetal_core::index::{MemIdx, TypeIdx};

    #[test]
    fn constants_lead_to_the_fields_they_name() {
        let memory = VmMemory { base: 8 as *mut u8, len: 9.into() };
        let at = |offset: i32| {
            // SAFETY: both fields of the structure are words.
            unsafe { std::ptr::from_ref(&memory).byte_add(offset as usize).cast::<u64>().read() }
        };
        assert_eq!((at(MEMORY_BASE), at(MEMORY_LEN)), (8, 9));
        assert_eq!((CX_STORE, STORE_STACK_LIMIT, FUNC_REF_CODE), (0, 0, 0));
        assert_eq!(CODE_SLOT_SIZE as usize % size_of::<usize>(), 0);
    }

    #[test]
    fn arrays_follow_the_context_in_order_and_do_not_overlap() {
        let module = module(
            r#"(module (import "" "f" (func)) (import "" "g" (func)) (type (func (param i32)))
                (memory 1) (table 1 funcref) (global i32 (i32.const 0)))"#,
        );
        let layout = VmLayout::new(&module);
        let word = size_of::<usize>() as u32;
        assert_eq!(layout.memory(MemIdx(0)), size_of::<VmCtx>() as u32);
        assert_eq!(layout.table(TableIdx(0)), layout.memory_base(MemIdx(0)) + word);
        assert_eq!(layout.memory_base(MemIdx(0)), layout.memory(MemIdx(0)) + word);
        assert_eq!(layout.global(GlobalIdx(0)), layout.table(TableIdx(0)) + word);
        assert_eq!(layout.import(FuncIdx(0)), layout.global(GlobalIdx(0)) + word);
        let stride = layout.import(FuncIdx(1)) - layout.import(FuncIdx(0));
        assert_eq!(stride, FUNC_REF_SIZE as u32);
        assert_eq!(layout.type_id(TypeIdx(0)), layout.import(FuncIdx(2)));
        assert!(layout.size() >= layout.type_id(TypeIdx(module.types.len() as u32)));
    }

    #[test]
    fn an_instance_has_everything_where_the_layout_says() {
        let mut store = store();
        let wat = r#"(module (type (func (param i64))) (memory 1) (table 1 funcref)
            (global i32 (i32.const 7)))"#;
        let instance = instantiate(&mut store, wat, &[]).unwrap();
        let instance = store.instance(instance);
        let (cx, layout) = (instance.cx(), instance.layout());
        // SAFETY: the context is alive, and the layout is its own.
        unsafe {
            let word = |offset: u32| cx.byte_add(offset as usize).cast::<usize>().read();
            let memory = store.memory(instance.memories()[0]).vm();
            let table = store.table(instance.tables()[0]).vm();
            let global = store.global(instance.globals()[0]).vm();
            assert_eq!(word(layout.memory(MemIdx(0))), memory as usize);
            assert_eq!(word(layout.memory_base(MemIdx(0))), (*memory).base as usize);
            assert_eq!(word(layout.table(TableIdx(0))), table as usize);
            assert_eq!(word(layout.global(GlobalIdx(0))), global as usize);
            assert_eq!(word(CX_STORE as u32), store.vm() as usize);
            let id = cx.byte_add(layout.type_id(TypeIdx(0)) as usize).cast::<u32>().read();
            assert_eq!(store.types.register(instance.module())[0], id);
        }
    }
}
