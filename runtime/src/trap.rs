//! Traps: what went wrong and where the guest was.

use std::any::Any;
use std::fmt;

use bimetal_core::trap::TrapCode;
use bimetal_core::value::Slot;

use crate::abi::Outcome;
use crate::activation::GuestFrame;
use crate::store::Store;
use crate::vmctx::VmStore;

/// How many of the innermost frames a trap keeps.
pub const MAX_FRAMES: usize = 64;

/// Where the guest was.
#[derive(Clone, Debug, Default)]
pub struct Backtrace {
    /// The guest's frames, innermost first: at most [`MAX_FRAMES`].
    pub frames: Vec<GuestFrame>,
    /// How many frames further out were not kept.
    pub omitted: usize,
}

/// An abnormal end of guest code.
#[derive(Clone, Debug)]
pub struct Trap {
    /// The reason.
    pub code: TrapCode,
    /// The guest's frames, innermost first: at most [`MAX_FRAMES`].
    pub frames: Vec<GuestFrame>,
    /// How many frames further out were not kept.
    pub omitted: usize,
}

impl Trap {
    /// A trap outside guest code.
    pub fn new(code: TrapCode) -> Trap {
        Trap { code, frames: Vec::new(), omitted: 0 }
    }
}

impl From<TrapCode> for Trap {
    fn from(code: TrapCode) -> Trap {
        Trap::new(code)
    }
}

impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.frames.is_empty() {
            write!(f, "\nwasm backtrace:")?;
        }
        for (i, frame) in self.frames.iter().enumerate() {
            write!(f, "\n  {i:>3}: {:#8x} - ", frame.offset)?;
            if let Some(module) = frame.module.names.module(&frame.module) {
                write!(f, "{module}!")?;
            }
            match frame.module.func_name(frame.func) {
                Some(name) => write!(f, "{name} (function {})", frame.func.0)?,
                None => write!(f, "<wasm function {}>", frame.func.0)?,
            }
        }
        if self.omitted > 0 {
            write!(f, "\n  ... {} more frames", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Trap {}

/// Why a call did not return.
#[derive(Debug)]
pub enum Unwind {
    /// The guest trapped.
    Trap(Trap),
    /// A host function returned an error: the embedding's own value.
    Host(Box<dyn Any + Send + Sync>),
    /// An exception that nobody has caught yet.
    Exception {
        /// The reference to it.
        exception: Slot,
        /// Where it was thrown, as soon as it has got out of an activation.
        backtrace: Option<Box<Backtrace>>,
    },
    /// A host function panicked: what to resume the panic with.
    Panic(Box<dyn Any + Send>),
}

impl From<Trap> for Unwind {
    fn from(trap: Trap) -> Unwind {
        Unwind::Trap(trap)
    }
}

impl From<TrapCode> for Unwind {
    fn from(code: TrapCode) -> Unwind {
        Unwind::Trap(Trap::new(code))
    }
}

/// The frames of all the guest code that is running in the store, innermost
/// first, capped at [`MAX_FRAMES`], and how many were left out.
///
/// # Safety
/// `store` is valid and not borrowed; every activation in its list has current
/// exit fields.
pub unsafe fn capture(store: *mut VmStore) -> (Vec<GuestFrame>, usize) {
    let mut frames = Vec::new();
    let mut omitted = 0;
    // SAFETY: the caller vouches for the store. Activations live in the frames of
    // the entries that pushed them and leave the list before they die.
    unsafe {
        let mut next = (*store).activation;
        while let Some(activation) = next.as_ref() {
            (activation.walk)(activation, &mut |frame| {
                if frames.len() < MAX_FRAMES {
                    frames.push(frame);
                } else {
                    omitted += 1;
                }
            });
            next = activation.prev;
        }
    }
    (frames, omitted)
}

/// Remembers where the pending exception was thrown, if there is one that has found
/// no handler in the innermost activation: throwing alone does not look at frames
/// for it.
///
/// # Safety
/// As for [`capture`].
#[cold]
pub unsafe fn note_uncaught(store: *mut VmStore) {
    // SAFETY: the caller vouches for the store; each borrow of it ends at once.
    unsafe {
        let pending = &Store::from_vm(store).pending;
        if !matches!(pending, Some(Unwind::Exception { backtrace: None, .. })) {
            return;
        }
        let (frames, omitted) = capture(store);
        if let Some(Unwind::Exception { backtrace, .. }) = &mut Store::from_vm(store).pending {
            *backtrace = Some(Box::new(Backtrace { frames, omitted }));
        }
    }
}

/// Leaves a trap with the current backtrace in the store. A tier returns the
/// result from its entry.
///
/// # Safety
/// As for [`capture`].
#[cold]
pub unsafe fn raise(store: *mut VmStore, code: TrapCode) -> Outcome {
    // SAFETY: the caller vouches for the store.
    unsafe {
        let (frames, omitted) = capture(store);
        raise_unwind(store, Unwind::Trap(Trap { code, frames, omitted }))
    }
}

/// Leaves the reason of an unwind in the store.
///
/// # Safety
/// `store` is valid and not borrowed.
#[cold]
pub unsafe fn raise_unwind(store: *mut VmStore, unwind: Unwind) -> Outcome {
    // SAFETY: the caller vouches for the store.
    unsafe { Store::from_vm(store).pending = Some(unwind) };
    Outcome::UNWIND
}

#[cfg(test)]
mod tests;
