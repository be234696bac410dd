//! The process and its scheduling.

use crate::ctx::{I32Exit, WasiCtx};
use crate::errno::Errno;
use crate::memory::GuestMemory;

impl WasiCtx {
    /// Ends the guest with an exit code.
    pub fn proc_exit(&mut self, _memory: &mut GuestMemory<'_>, code: u32) -> Result<(), I32Exit> {
        Err(I32Exit(code.cast_signed()))
    }

    /// There are no signals: [`Errno::Notsup`].
    pub fn proc_raise(&mut self, _memory: &mut GuestMemory<'_>, _sig: u32) -> Result<(), Errno> {
        Err(Errno::Notsup)
    }

    /// Lets other threads of the host run.
    pub fn sched_yield(&mut self, _memory: &mut GuestMemory<'_>) -> Result<(), Errno> {
        std::thread::yield_now();
        Ok(())
    }
}
