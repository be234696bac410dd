//! The structures that every tier reads.
//!
//! **What must never happen here:** a field moves without [`crate::layout`]
//! knowing, or a tier writes a field that is not documented as writable by it.
//! The interpreters use these structures directly; compiled code uses the
//! constants of [`crate::layout`], which are made from them by `offset_of!`.
//!
//! All pointers in these structures stay valid for the life of the store that
//! owns them, unless a field says otherwise; a store is used by one thread at a
//! time.

use std::marker::PhantomPinned;
use std::ptr::{null, null_mut};
use std::sync::atomic::{AtomicU64, Ordering};

use bimetal_core::value::Slot;

use crate::activation::Activation;
use crate::code::CodeSlot;
use crate::types::VmType;

/// What an instance is to the code that runs in it.
///
/// Allocated with trailing arrays, in this order, at the offsets that
/// [`crate::layout::VmLayout`] gives:
/// `[*mut VmMemory]`, `[*mut VmTable]`, `[*mut VmGlobal]` for whole index
/// spaces, `[VmFuncRef]` for imported functions, `[u32]` canonical type ids by
/// module type index. Everything but what the pointers lead to is constant once
/// the instance exists, so compiled code may hoist these loads.
#[repr(C)]
#[derive(Debug)]
pub struct VmCtx {
    /// The store that owns the instance.
    pub store: *mut VmStore,
    /// The functions behind slow ops, by [`bimetal_core::ops::slow::SlowOp`] number.
    pub builtins: *const Builtin,
    /// The functions behind instructions on objects, by
    /// [`bimetal_core::ops::gc::GcBuiltinOp`] number.
    pub gc_builtins: *const GcBuiltin,
    /// One code slot per defined function of the module.
    pub code: *const CodeSlot,
    /// The tier's own data for the module.
    pub tier: *const (),
    /// One function reference per escaping function of the module.
    pub func_refs: *const VmFuncRef,
    /// The instance that owns this context; null in [`VmStore::host`].
    pub instance: *mut crate::instance::Instance,
    /// Whether a function of one type can be called as one of another: see [`IsSubtype`].
    pub is_subtype: IsSubtype,
    /// Forbids moving a context out of its allocation.
    pub(crate) pin: PhantomPinned,
}

impl VmCtx {
    /// A context that leads to a store alone.
    pub(crate) fn of_host(store: *mut VmStore) -> VmCtx {
        VmCtx {
            store,
            builtins: null(),
            gc_builtins: null(),
            code: null(),
            tier: null(),
            func_refs: null(),
            instance: null_mut(),
            is_subtype: crate::types::is_subtype,
            pin: PhantomPinned,
        }
    }
}

/// Tells whether the type with canonical id `a` is a subtype of the one with id
/// `b`: what `call_indirect` asks when the two differ and `b` is not final. Not
/// zero if it is.
pub type IsSubtype = unsafe extern "C" fn(cx: *mut VmCtx, a: u32, b: u32) -> u32;

/// A function of the runtime behind a slow op: the context, the packed
/// immediates ([`bimetal_core::ops::slow::SlowImm::pack`]) and up to three
/// operands as raw slots.
pub type Builtin =
    unsafe extern "C-unwind" fn(cx: *mut VmCtx, imm: u64, a: u64, b: u64, c: u64) -> BuiltinResult;

/// A function of the runtime behind an instruction on objects: the context, the
/// packed immediates and the operands, one slot after another.
///
/// It may collect the heap: exit fields are current, and every reference of the
/// caller's that is not among the operands is in a root. The operands themselves
/// need not be.
pub type GcBuiltin =
    unsafe extern "C-unwind" fn(cx: *mut VmCtx, imm: u64, slots: *mut Slot) -> BuiltinResult;

/// What a [`Builtin`] returns: in two registers on every supported target.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct BuiltinResult {
    /// The result as a raw slot; zero if the op has none.
    pub value: u64,
    /// Zero, or the number of a [`bimetal_core::trap::TrapCode`]: then the op
    /// had no effect and the caller traps at the op's offset.
    pub trap: u64,
}

/// What a store is to the code that runs in it.
#[repr(C)]
#[derive(Debug)]
pub struct VmStore {
    /// Guest frames on the native stack stay above this address. Written when
    /// the outermost activation is entered.
    pub stack_limit: usize,
    /// The innermost activation; null while no guest code runs.
    pub activation: *mut Activation,
    /// The value stack of the interpreters.
    pub values: VmValueStack,
    /// The heap of objects; all zero as long as there is none.
    pub heap: VmHeap,
    /// The records of the types of everything that runs in the store, by
    /// canonical id. Changes when a module is instantiated.
    pub types: *const VmType,
    /// The store's functions, by [`VmFuncRef::slab`]: the first is null. Changes
    /// when a module is instantiated or a host function made.
    pub funcs: *const *const VmFuncRef,
    /// The runtime's store.
    pub store: *mut crate::store::Store,
    /// Written by whoever returns [`crate::abi::Outcome::TAIL`].
    pub tail: VmTail,
    /// The position among the defined functions of the interpreted one that
    /// compiled code is calling: written and read on the way there.
    pub callee: u32,
    /// The context of host functions that no instance imports: no code runs in it, and
    /// all that it leads to is the store.
    pub host: VmCtx,
}

/// A function that is to be called as soon as the frame of its caller is gone.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmTail {
    /// Entries of the function's code.
    pub code: *const CodeSlot,
    /// The instance that it belongs to.
    pub cx: *mut VmCtx,
}

/// The heap, as compiled code allocates in it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmHeap {
    /// What references are offsets from. Constant once a module that may use the
    /// heap is instantiated.
    pub base: *mut u8,
    /// The offset of the next object. Written by whoever allocates.
    pub bump: u64,
    /// No object may end behind this offset.
    pub limit: u64,
}

/// The value stack: one reserved mapping per store that never moves.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct VmValueStack {
    /// The first slot.
    pub base: *mut Slot,
    /// Behind the last slot.
    pub end: *mut Slot,
    /// Where the next activation of an interpreter starts. The fast interpreter
    /// moves it up before it calls out of its dispatch loop and back after.
    pub top: *mut Slot,
}

/// A function reference: what a table element, a `ref.func` and an import hold.
///
/// A null reference is a null pointer. References are pointers to these
/// records; two records may name the same function.
#[repr(C)]
#[derive(Clone, Debug)]
pub struct VmFuncRef {
    /// Entries of the function's code.
    pub code: *const CodeSlot,
    /// The first argument of every native entry. For a guest function its
    /// instance's context; for a host function the address of this very record.
    pub cx: *mut VmCtx,
    /// For a host function the context of the instance that imported it, or else
    /// [`VmStore::host`]; for a guest function unused.
    pub caller: *mut VmCtx,
    /// The canonical id of the function's type.
    pub type_id: u32,
    /// The function's position among its module's defined functions;
    /// [`VmFuncRef::HOST`] for a host function.
    pub index: u32,
    /// What stands for the reference in objects: the place in [`VmStore::funcs`] of
    /// a record of the same function.
    pub slab: u32,
}

impl VmFuncRef {
    /// The index of every host function.
    pub const HOST: u32 = u32::MAX;
}

/// A memory. The length changes when the memory grows; the base only if its
/// plan says so ([`crate::memory::plan`]). That of a shared memory belongs to the
/// memory, which the store keeps alive.
#[repr(C)]
#[derive(Debug)]
pub struct VmMemory {
    /// The first byte.
    pub base: *mut u8,
    /// Length in bytes. Atomic for the sake of shared memories, which any thread may
    /// grow at any time.
    pub len: AtomicU64,
}

impl VmMemory {
    /// The current length in bytes. Pages were made accessible before the length
    /// that covers them was written, and by a system call.
    #[inline(always)] // in every memory access of the interpreters
    pub fn byte_len(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }
}

/// A table. Both fields change when the table grows.
#[repr(C)]
#[derive(Debug)]
pub struct VmTable {
    /// The first element: a reference in one slot.
    pub base: *mut Slot,
    /// Length in elements.
    pub len: u64,
}

/// The value of a global, at its own address. A vector uses both halves.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug, Default)]
pub struct VmGlobal {
    /// The value; the low half alone for everything but vectors.
    pub value: [Slot; 2],
}
