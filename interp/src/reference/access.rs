//! Every raw pointer that the reference interpreter follows.
//!
//! **What must never happen here:** a reference to a memory, a table, a global or
//! the store outlives the function that made it, or an index is used that does
//! not come from validated code of the context's own module. The rest of the
//! interpreter is safe code on top of [`Context`] and [`Function`].
//!
//! The lifetime `'s` is that of one activation: instances, their contexts and
//! function records live as long as their store, and a store cannot be dropped
//! while guest code runs in it.

use std::marker::PhantomData;
use std::ptr::{NonNull, fn_addr_eq};

use bimetal_core::addr::{effective, effective_aligned};
use bimetal_core::index::{FuncIdx, GlobalIdx, MemIdx, TableIdx, TagIdx, TypeIdx};
use bimetal_core::ops::atomic::AtomicOp;
use bimetal_core::ops::mem::{LoadOp, StoreOp};
use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;
use bimetal_runtime::abi::{ArrayCall, Outcome};
use bimetal_runtime::memory::{atomic_access, load_bytes, store_bytes};
use bimetal_runtime::store::Store;
use bimetal_runtime::vmctx::{VmCtx, VmFuncRef, VmGlobal, VmMemory, VmStore, VmTable};

use super::ReferenceModule;
use super::code::Slow;
use super::entry::enter;

/// An instance of a module that the reference interpreter runs.
#[derive(Clone, Copy)]
pub(super) struct Context<'s> {
    cx: NonNull<VmCtx>,
    store: PhantomData<&'s VmStore>,
}

/// A function of any tier or of the host.
#[derive(Clone, Copy)]
pub(super) struct Function<'s> {
    record: NonNull<VmFuncRef>,
    store: PhantomData<&'s VmStore>,
}

/// Where a function's code is.
pub(super) enum Code<'s> {
    /// Here: the instance and the position among its module's defined functions.
    Reference(Context<'s>, usize),
    /// Behind an array entry.
    Foreign(ArrayCall),
}

impl<'s> Context<'s> {
    fn cx(self) -> &'s VmCtx {
        // SAFETY: made by `Function::context` only, for a function of this tier;
        // the fields of a context never change, so sharing it is sound.
        unsafe { self.cx.as_ref() }
    }

    /// The module that the context is an instance of.
    pub(super) fn module(self) -> &'s ReferenceModule {
        // SAFETY: `ModuleCode::tier` of `ReferenceModule` is its own address, and
        // the instance keeps its code alive.
        unsafe { &*self.cx().tier.cast::<ReferenceModule>() }
    }

    /// The context's address.
    pub(super) fn as_ptr(self) -> *mut VmCtx {
        self.cx.as_ptr()
    }

    /// The store that owns the instance.
    pub(super) fn vm_store(self) -> *mut VmStore {
        self.cx().store
    }

    /// The exception that is pending in the store, if there is one; it remains so.
    pub(super) fn pending_exception(self) -> Option<Slot> {
        // SAFETY: the store is valid; the borrow ends in this statement.
        unsafe { Store::from_vm(self.vm_store()).pending_exception() }
    }

    /// The unwinding is over.
    pub(super) fn clear_pending(self) {
        // SAFETY: as in `pending_exception`.
        unsafe { Store::from_vm(self.vm_store()).pending = None };
    }

    /// Whether an exception is one of a tag of the module.
    pub(super) fn has_tag(self, exception: Slot, tag: TagIdx) -> bool {
        // SAFETY: as in `pending_exception`; the instance lives as long as its store.
        unsafe {
            let tag = (*self.cx().instance).tags()[tag.index()];
            Store::from_vm(self.vm_store()).exception_tag(exception) == Some(tag)
        }
    }

    /// The canonical id of a type of the module.
    pub(super) fn type_id(self, ty: TypeIdx) -> u32 {
        // SAFETY: an initialised entry, see `trailing`; never written again.
        unsafe { *self.trailing::<u32>(self.module().layout.type_id(ty)) }
    }

    /// The entry of a trailing array at a byte offset from the layout.
    fn trailing<T>(self, offset: u32) -> *mut T {
        // SAFETY: the offset is from the module's layout for an index that
        // validation has bounded, so it lies inside the context's allocation.
        unsafe { self.cx.as_ptr().cast::<u8>().add(offset as usize).cast::<T>() }
    }

    fn memory(self, memory: MemIdx) -> *mut VmMemory {
        // SAFETY: an initialised entry, see `trailing`.
        unsafe { *self.trailing(self.module().layout.memory(memory)) }
    }

    fn table(self, table: TableIdx) -> *mut VmTable {
        // SAFETY: an initialised entry, see `trailing`.
        unsafe { *self.trailing(self.module().layout.table(table)) }
    }

    fn global(self, global: GlobalIdx) -> *mut VmGlobal {
        // SAFETY: an initialised entry, see `trailing`.
        unsafe { *self.trailing(self.module().layout.global(global)) }
    }

    /// The length of a memory in bytes.
    pub(super) fn memory_len(self, memory: MemIdx) -> u64 {
        // SAFETY: memories live as long as the store.
        unsafe { (*self.memory(memory)).byte_len() }
    }

    /// What a load at `index + offset` pushes.
    pub(super) fn load(
        self,
        op: LoadOp,
        memory: MemIdx,
        index: u64,
        offset: u64,
    ) -> Result<Slot, TrapCode> {
        let mut bytes = [0; 8];
        let bytes = &mut bytes[..op.width() as usize];
        self.read(memory, index, offset, bytes)?;
        Ok(op.eval(bytes).expect("as many bytes as the load is wide"))
    }

    /// Stores a value at `index + offset`.
    pub(super) fn store_value(
        self,
        op: StoreOp,
        memory: MemIdx,
        index: u64,
        offset: u64,
        value: Slot,
    ) -> Result<(), TrapCode> {
        self.write(memory, index, offset, &op.eval(value)[..op.width() as usize])
    }

    /// Reads the bytes at `index + offset`.
    pub(super) fn read(
        self,
        memory: MemIdx,
        index: u64,
        offset: u64,
        bytes: &mut [u8],
    ) -> Result<(), TrapCode> {
        let at = effective(index, offset, bytes.len() as u64, self.memory_len(memory))?;
        // SAFETY: `effective` has checked that all bytes lie inside the memory.
        unsafe { load_bytes((*self.memory(memory)).base.add(at as usize), bytes) };
        Ok(())
    }

    /// Writes bytes at `index + offset`: all, or none if it traps.
    pub(super) fn write(
        self,
        memory: MemIdx,
        index: u64,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), TrapCode> {
        let at = effective(index, offset, bytes.len() as u64, self.memory_len(memory))?;
        // SAFETY: as in `read`.
        unsafe { store_bytes((*self.memory(memory)).base.add(at as usize), bytes) };
        Ok(())
    }

    /// Executes an atomic access at `index + offset`. What it found there.
    pub(super) fn atomic(
        self,
        op: AtomicOp,
        memory: MemIdx,
        index: u64,
        offset: u64,
        args: [Slot; 2],
    ) -> Result<Slot, TrapCode> {
        let width = u64::from(op.width());
        let at = effective_aligned(index, offset, width, self.memory_len(memory))?;
        // SAFETY: `effective_aligned` has checked that the bytes lie inside the memory,
        // whose base is aligned, and their alignment.
        let found = unsafe {
            let at = (*self.memory(memory)).base.add(at as usize);
            atomic_access(op, at, args.map(Slot::bits))
        };
        Ok(Slot::from_bits(found))
    }

    /// The length of a table in elements.
    pub(super) fn table_len(self, table: TableIdx) -> u64 {
        // SAFETY: tables live as long as the store.
        unsafe { (*self.table(table)).len }
    }

    /// The address of an element, if the index is inside the table.
    fn element(self, table: TableIdx, index: u64) -> Option<*mut Slot> {
        if index >= self.table_len(table) {
            return None;
        }
        // SAFETY: just checked that the element exists.
        Some(unsafe { (*self.table(table)).base.add(index as usize) })
    }

    /// `table.get`
    pub(super) fn table_get(self, table: TableIdx, index: u64) -> Result<Slot, TrapCode> {
        let element = self.element(table, index).ok_or(TrapCode::TableOutOfBounds)?;
        // SAFETY: the address of an element.
        Ok(unsafe { *element })
    }

    /// `table.set`
    pub(super) fn table_set(
        self,
        table: TableIdx,
        index: u64,
        value: Slot,
    ) -> Result<(), TrapCode> {
        let element = self.element(table, index).ok_or(TrapCode::TableOutOfBounds)?;
        // SAFETY: the address of an element.
        unsafe { *element = value };
        Ok(())
    }

    /// The function that `call_indirect` finds at an index: there, not null, and
    /// of the right type, in this order.
    pub(super) fn table_function(
        self,
        table: TableIdx,
        index: u64,
        ty: TypeIdx,
    ) -> Result<Function<'s>, TrapCode> {
        let element = self.element(table, index).ok_or(TrapCode::UndefinedElement)?;
        // SAFETY: the address of an element.
        let reference = unsafe { *element };
        let function = self.function(reference).ok_or(TrapCode::UninitializedElement)?;
        // SAFETY: a record lives as long as the store; type ids are never written
        // once the instance exists.
        let matches = unsafe {
            let wanted: *const u32 = self.trailing(self.module().layout.type_id(ty));
            let (actual, wanted) = (function.record.as_ref().type_id, *wanted);
            actual == wanted || (self.cx().is_subtype)(self.cx.as_ptr(), actual, wanted) != 0
        };
        if matches { Ok(function) } else { Err(TrapCode::IndirectCallTypeMismatch) }
    }

    /// The function of a reference to one, or of an element of a table of them,
    /// which validation says the operand is. `None` for null.
    pub(super) fn function(self, reference: Slot) -> Option<Function<'s>> {
        let record = NonNull::new(reference.bits() as usize as *mut VmFuncRef)?;
        Some(Function { record, store: PhantomData })
    }

    /// One slot of a global: the low one (0) or the high one (1).
    pub(super) fn global_get(self, global: GlobalIdx, half: usize) -> Slot {
        // SAFETY: globals live as long as the store.
        unsafe { (*self.global(global)).value[half] }
    }

    /// Sets one slot of a global.
    pub(super) fn global_set(self, global: GlobalIdx, half: usize, value: Slot) {
        // SAFETY: globals live as long as the store.
        unsafe { (*self.global(global)).value[half] = value };
    }

    /// A function that the module imports.
    pub(super) fn import(self, func: FuncIdx) -> Function<'s> {
        let record: *mut VmFuncRef = self.trailing(self.module().layout.import(func));
        let record = NonNull::new(record).expect("inside the context");
        Function { record, store: PhantomData }
    }

    /// The reference to a function that the module says can be taken.
    pub(super) fn func_ref(self, func: FuncIdx) -> Slot {
        let module = self.module().module();
        let record = match module.defined_index(func) {
            None => self.import(func).record.as_ptr().cast_const(),
            Some(_) => {
                let index = module.escaping_index(func).expect("validated: declared");
                self.cx().func_refs.wrapping_add(index)
            }
        };
        Slot::from_bits(record as usize as u64)
    }

    /// Has the runtime execute an instruction; `args` beyond its operands are zero.
    pub(super) fn slow(self, slow: Slow, args: [Slot; 3]) -> Result<Slot, TrapCode> {
        let [a, b, c] = args.map(Slot::bits);
        // SAFETY: there is one builtin per slow op; the immediates come from
        // validated code of this module, the operands are of the op's types.
        let result = unsafe {
            let builtin = *self.cx().builtins.add(slow.op as usize);
            builtin(self.cx.as_ptr(), slow.imm.pack(), a, b, c)
        };
        // A number that is no trap's is zero: there was none.
        match TrapCode::from_u8(result.trap as u8) {
            Some(trap) => Err(trap),
            None => Ok(Slot::from_bits(result.value)),
        }
    }
}

impl<'s> Function<'s> {
    /// The function of a record.
    ///
    /// # Safety
    /// The record is valid for `'s`.
    pub(super) unsafe fn new(record: *const VmFuncRef) -> Function<'s> {
        let record = NonNull::new(record.cast_mut()).expect("a record is never null");
        Function { record, store: PhantomData }
    }

    /// Where its code is.
    pub(super) fn code(self) -> Code<'s> {
        // SAFETY: records and code slots live as long as the store.
        let entry = unsafe { (*self.record.as_ref().code).array() };
        if !fn_addr_eq(entry, enter as ArrayCall) {
            return Code::Foreign(entry);
        }
        // SAFETY: the entry is that of this tier.
        let (cx, defined) = unsafe { self.context() };
        Code::Reference(cx, defined)
    }

    /// The instance and the position among its module's defined functions.
    ///
    /// # Safety
    /// The function is of this tier.
    pub(super) unsafe fn context(self) -> (Context<'s>, usize) {
        // SAFETY: records live as long as the store.
        let record = unsafe { self.record.as_ref() };
        let cx = NonNull::new(record.cx).expect("a guest function has a context");
        (Context { cx, store: PhantomData }, record.index as usize)
    }

    /// Calls the function through its array entry.
    ///
    /// # Safety
    /// `entry` is from [`Function::code`] of this function; `slots` holds
    /// arguments of its type and is as long as [`bimetal_runtime::abi`] asks;
    /// `store` is the store that runs, and the activation's exit fields are set.
    pub(super) unsafe fn call(
        self,
        entry: ArrayCall,
        store: *mut VmStore,
        slots: &mut [Slot],
    ) -> Outcome {
        // SAFETY: the caller's promise; no reference to the store is live.
        unsafe { entry(store, self.record.as_ptr(), slots.as_mut_ptr()) }
    }
}
