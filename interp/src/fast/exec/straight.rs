//! Handlers that do not branch: what they do is written once, for a cell that stands
//! alone and for the first of two cells that one handler does ([`super::both`]).

use bimetal_core::trap::TrapCode;

use crate::fast::dispatch::{Exec, Flow, Regs};

/// The body of a handler that always goes on with the cell behind its own.
pub(crate) trait Straight: 'static {
    /// Executes the cell at `r.ip`. Returns the registers for the cell behind it.
    ///
    /// # Safety
    /// As for [`Exec::exec`].
    ///
    /// # Errors
    /// If it traps.
    unsafe fn straight(r: Regs) -> Result<Regs, TrapCode>;
}

impl<X: Straight> Exec for X {
    #[inline(always)] // the whole body of a handler
    unsafe fn exec(r: Regs) -> Flow {
        // SAFETY: the same contract.
        unsafe {
            match X::straight(r) {
                Ok(r) => r.next(0),
                Err(code) => r.trap(code),
            }
        }
    }
}
