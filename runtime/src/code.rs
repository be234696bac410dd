//! Where a function's code is found, whichever tier it is in.

use std::any::Any;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::time::Duration;

use crate::abi::ArrayCall;
use crate::seen::SeenBranch;

/// The entries of one function's code: the only place that names them.
///
/// Nobody asks which tier a function is in: a caller takes the entry of its own
/// calling convention, behind which stands the code or a bridge to the other
/// tier. A new entry is published by one release store.
#[repr(C)]
#[derive(Debug)]
pub struct CodeSlot {
    /// For compiled callers: machine code, `CallConv::Tail`, the callee's
    /// [`crate::vmctx::VmFuncRef::cx`] first, then the parameters.
    pub native: AtomicPtr<u8>,
    /// For the fast interpreter: the entry cell of its code.
    pub interp: AtomicPtr<u64>,
    /// For everyone else: arguments and results in an array of slots.
    pub(crate) array: AtomicPtr<u8>,
    /// Data of the tier behind `array`: the JIT keeps the machine code of its
    /// entry trampolines here.
    pub trampoline: AtomicPtr<u8>,
    /// As long as an interpreted function has compiled callers: machine code that
    /// leads from the signature of `native` to the fast interpreter.
    pub bridge: AtomicPtr<u8>,
}

impl CodeSlot {
    /// A slot with an array entry only.
    pub const fn new(array: ArrayCall) -> CodeSlot {
        CodeSlot {
            native: AtomicPtr::new(null_mut()),
            interp: AtomicPtr::new(null_mut()),
            array: AtomicPtr::new(array as *mut u8),
            trampoline: AtomicPtr::new(null_mut()),
            bridge: AtomicPtr::new(null_mut()),
        }
    }

    /// The array entry.
    #[inline]
    pub fn array(&self) -> ArrayCall {
        let entry = self.array.load(Ordering::Acquire);
        // SAFETY: the field is only ever written from an `ArrayCall`.
        unsafe { std::mem::transmute::<*mut u8, ArrayCall>(entry) }
    }

    /// Publishes another array entry.
    pub fn set_array(&self, entry: ArrayCall) {
        self.array.store(entry as *mut u8, Ordering::Release);
    }
}

/// What became of a function: for people, and for programs that watch.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FuncReport {
    /// Whether calls of it enter machine code.
    pub compiled: bool,
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Time that one thread took to compile it; zero if its code was loaded.
    pub compile_time: Duration,
    /// Why it is interpreted although it was to be compiled.
    pub reason: Option<String>,
    /// Calls while it was interpreted, where somebody counts them.
    pub calls: u64,
    /// The loops whose iterations are counted.
    pub loops: Vec<LoopReport>,
    /// The calls in it that note what they do, ascending by their offsets.
    pub sites: Vec<SiteReport>,
    /// What its conditional branches did, ascending by their offsets.
    pub branches: Vec<SeenBranch>,
}

/// What a call has noted while the function around it was interpreted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SiteReport {
    /// Its byte offset in the module.
    pub offset: u32,
    /// Whether it names its callee; then it is counted only so far.
    pub direct: bool,
    /// How often it was done.
    pub calls: u64,
    /// The functions of the same instance that it reached most, as positions among the
    /// defined ones, and how often; the first one most.
    pub callees: Vec<(u32, u64)>,
}

/// The same of a loop: what was compiled for frames that run in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LoopReport {
    /// Its number in the function.
    pub number: u32,
    /// Iterations while it was interpreted.
    pub iterations: u64,
    /// Whether frames that run in it go on in machine code.
    pub compiled: bool,
    /// Bytes of machine code.
    pub code_bytes: usize,
    /// Time that it took to compile it.
    pub compile_time: Duration,
    /// Why it is interpreted although it was to be compiled.
    pub reason: Option<String>,
}

/// The code of one module as a tier made it: shared by all its instances and
/// kept alive by each of them.
///
/// # Safety
/// `slots` returns the same array, one slot per defined function, on every call,
/// and it stays in place for as long as the value lives; `tier` returns what the
/// array entries of these slots expect in [`crate::vmctx::VmCtx::tier`].
pub unsafe trait ModuleCode: Any + Send + Sync {
    /// One slot per defined function.
    fn slots(&self) -> &[CodeSlot];
    /// The tier's data for the module.
    fn tier(&self) -> *const ();

    /// What became of a defined function so far.
    fn report(&self, _defined: usize) -> FuncReport {
        FuncReport::default()
    }

    /// What belongs into [`CodeSlot::bridge`] of a function: asked for when compiled
    /// code first calls it while it is interpreted.
    ///
    /// # Errors
    /// If there is no memory for the code, or the tier has no such callers.
    fn bridge(&self, _defined: usize) -> Result<*const u8, Box<dyn Any + Send + Sync>> {
        Err(Box::new("a function that compiled code cannot call"))
    }
}
