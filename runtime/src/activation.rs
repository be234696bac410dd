//! Activations: the unbroken runs of guest frames between two frames of the
//! host.
//!
//! Every entry into a tier pushes an [`Activation`] that lives in the entry's
//! own Rust frame. Whoever walks the guest's stack (backtraces, later roots and
//! exceptions) follows this list and asks each activation's tier for its frames.

use std::sync::Arc;

use bimetal_core::index::FuncIdx;
use bimetal_parser::Module;

use crate::gc::roots::WalkRoots;
use crate::native_stack::lowest_guest_address;
use crate::vmctx::VmStore;

/// One frame of guest code.
#[derive(Clone, Debug)]
pub struct GuestFrame {
    /// The module whose function runs.
    pub module: Arc<Module>,
    /// The function.
    pub func: FuncIdx,
    /// The byte offset in the module of the instruction that runs.
    pub offset: u32,
}

/// Reports the frames of one activation, innermost first.
///
/// # Safety
/// The activation is in its store's list and its exit fields are current.
pub type WalkFrames = unsafe fn(activation: &Activation, visit: &mut dyn FnMut(GuestFrame));

/// A run of guest frames of one tier.
#[repr(C)]
#[derive(Debug)]
pub struct Activation {
    /// The activation below; null for the outermost.
    pub prev: *mut Activation,
    /// How to enumerate the frames.
    pub walk: WalkFrames,
    /// How to find the references in them.
    pub roots: WalkRoots,
    /// Where the innermost frame is: program counter or code pointer. Written by
    /// the tier before it leaves for the host, a builtin or a trap; for host functions
    /// that never ask ([`crate::HostFunc::detached`]), only if they fail.
    pub exit_pc: usize,
    /// The innermost frame itself, written together with `exit_pc`.
    pub exit_fp: usize,
    /// The first frame's caller: where a walk ends. Owned by the tier.
    pub entry_fp: usize,
    /// A word of the tier's own.
    pub entry_sp: usize,
}

impl Activation {
    /// An activation that is in no list yet.
    pub fn new(walk: WalkFrames, roots: WalkRoots) -> Activation {
        Activation {
            prev: std::ptr::null_mut(),
            walk,
            roots,
            exit_pc: 0,
            exit_fp: 0,
            entry_fp: 0,
            entry_sp: 0,
        }
    }
}

/// Runs `body` with `activation` as the innermost of its store.
///
/// Sets the native stack limit when it is the outermost: as the settings say, but
/// never below what the thread has. Returns `None` without
/// running `body` if the native stack is used up already: the caller then
/// raises [`bimetal_core::trap::TrapCode::StackOverflow`].
///
/// `body` gets a plain pointer, because whoever walks the list reads the
/// activation while `body` runs.
///
/// # Safety
/// `store` is valid, and no Rust reference to it is live across the call.
#[inline]
pub unsafe fn enter<R>(
    store: *mut VmStore,
    activation: &mut Activation,
    body: impl FnOnce(*mut Activation) -> R,
) -> Option<R> {
    let here = std::ptr::from_mut(activation) as usize;
    // SAFETY: the caller vouches for `store`; only this thread uses it.
    let prev = unsafe { (*store).activation };
    if prev.is_null() {
        // SAFETY: as above; `Store` outlives its `VmStore`.
        unsafe {
            let wanted = here.saturating_sub((*(*store).store).settings.max_wasm_stack);
            (*store).stack_limit = wanted.max(lowest_guest_address());
        }
    }
    if here <= stack_limit(store) {
        return None;
    }
    activation.prev = prev;
    let activation: *mut Activation = activation;
    // SAFETY: as above; the guard takes the activation out of the list before
    // the borrow of `activation` ends, also when `body` panics.
    let _guard = unsafe {
        (*store).activation = activation;
        Leave { store, prev }
    };
    Some(body(activation))
}

fn stack_limit(store: *mut VmStore) -> usize {
    // SAFETY: called by `enter` only, whose caller vouches for `store`.
    unsafe { (*store).stack_limit }
}

/// Takes the innermost activation out of the list.
struct Leave {
    store: *mut VmStore,
    prev: *mut Activation,
}

impl Drop for Leave {
    fn drop(&mut self) {
        // SAFETY: made by `enter` only, whose caller vouches for the store.
        unsafe { (*self.store).activation = self.prev };
    }
}
