//! Where the guest was: backtraces of guest code.

use std::fmt;
use std::sync::Arc;

use bimetal_core::index::FuncIdx;
use bimetal_runtime::activation::GuestFrame;
use bimetal_runtime::trap;

use crate::module::Module;
use crate::store::{AsContext, StoreOpaque};

/// The guest functions that were running, innermost first.
///
/// Traps and the errors of host functions that a guest called carry one: see
/// [`Error::downcast_ref`](crate::Error::downcast_ref). Very deep stacks are cut.
#[derive(Clone, Debug)]
pub struct WasmBacktrace {
    frames: Vec<FrameInfo>,
    omitted: usize,
}

/// A frame of a [`WasmBacktrace`].
#[derive(Clone, Debug)]
pub struct FrameInfo {
    module: Module,
    func: u32,
    offset: usize,
    start: Option<usize>,
}

impl WasmBacktrace {
    pub(crate) fn new(store: &StoreOpaque, frames: &[GuestFrame], omitted: usize) -> WasmBacktrace {
        let frames = frames.iter().filter_map(|frame| FrameInfo::new(store, frame)).collect();
        WasmBacktrace { frames, omitted }
    }

    /// The guest functions that are running now: none unless it is called by a
    /// host function that a guest has called.
    pub fn capture(store: impl AsContext) -> WasmBacktrace {
        let context = store.as_context();
        let store = context.opaque();
        // SAFETY: the store is borrowed, so no guest code of it runs: every
        // activation has been left for the host and has current exit fields.
        let (frames, omitted) = unsafe { trap::capture(store.runtime().vm()) };
        WasmBacktrace::new(store, &frames, omitted)
    }

    /// As the runtime keeps it.
    pub(crate) fn to_runtime(&self) -> trap::Backtrace {
        let frames = self.frames.iter().map(|frame| GuestFrame {
            module: Arc::clone(frame.module.parsed()),
            func: FuncIdx(frame.func),
            offset: frame.offset as u32,
        });
        trap::Backtrace { frames: frames.collect(), omitted: self.omitted }
    }

    /// The frames, innermost first.
    pub fn frames(&self) -> &[FrameInfo] {
        &self.frames
    }

    /// How many frames further out were left out.
    pub fn omitted(&self) -> usize {
        self.omitted
    }
}

impl fmt::Display for WasmBacktrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("error while executing at wasm backtrace:")?;
        for (i, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {i:>3}: {:#8x} - ", frame.offset)?;
            write!(f, "{}!", frame.module.name().unwrap_or("<unknown>"))?;
            match frame.func_name() {
                Some(name) => f.write_str(name)?,
                None => write!(f, "<wasm function {}>", frame.func)?,
            }
        }
        if self.omitted > 0 {
            write!(f, "\n  ... {} more frames", self.omitted)?;
        }
        Ok(())
    }
}

impl FrameInfo {
    fn new(store: &StoreOpaque, frame: &GuestFrame) -> Option<FrameInfo> {
        let module = store.module(&frame.module)?.clone();
        let defined = frame.module.defined_index(frame.func);
        let body = defined.and_then(|index| frame.module.bodies.get(index));
        let start = body.map(|body| body.range.start);
        Some(FrameInfo { module, func: frame.func.0, offset: frame.offset as usize, start })
    }

    /// The function's index in its module.
    pub fn func_index(&self) -> u32 {
        self.func
    }

    /// The module of the function.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The function's name: from the name section, else the name of an export.
    pub fn func_name(&self) -> Option<&str> {
        self.module.parsed().func_name(FuncIdx(self.func))
    }

    /// The byte offset in the module of the instruction that was running.
    pub fn module_offset(&self) -> Option<usize> {
        Some(self.offset)
    }

    /// The byte offset in the function's body of the instruction that was
    /// running.
    pub fn func_offset(&self) -> Option<usize> {
        self.offset.checked_sub(self.start?)
    }
}
