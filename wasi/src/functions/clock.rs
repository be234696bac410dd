//! Clocks and random bytes.

use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::memory::GuestMemory;

/// How much `random_get` produces before it looks at the next part of the buffer.
const RANDOM_CHUNK: usize = 64 << 10;

/// The clocks that there are. Those of CPU time exist in the specification only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClockId {
    Realtime,
    Monotonic,
    CpuTime,
}

impl ClockId {
    pub(super) fn from_guest(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1 => Ok(Self::Monotonic),
            2 | 3 => Ok(Self::CpuTime),
            _ => Err(Errno::Inval),
        }
    }
}

impl WasiCtx {
    /// The present time of a clock.
    pub(super) fn time(&self, id: ClockId) -> Result<u64, Errno> {
        match id {
            ClockId::Realtime => Ok(self.clocks.realtime()),
            ClockId::Monotonic => Ok(self.clocks.monotonic()),
            ClockId::CpuTime => Err(Errno::Badf),
        }
    }

    /// Writes the smallest step of a clock, in nanoseconds.
    pub fn clock_res_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        id: u32,
        resolution: u32,
    ) -> Result<(), Errno> {
        self.time(ClockId::from_guest(id)?)?;
        memory.write_u64(resolution, self.clocks.resolution())
    }

    /// Writes the time of a clock, in nanoseconds.
    pub fn clock_time_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        id: u32,
        _precision: u64,
        time: u32,
    ) -> Result<(), Errno> {
        memory.check(time, 8)?;
        memory.write_u64(time, self.time(ClockId::from_guest(id)?)?)
    }

    /// Fills a buffer with random bytes.
    pub fn random_get(
        &mut self,
        memory: &mut GuestMemory<'_>,
        buf: u32,
        buf_len: u32,
    ) -> Result<(), Errno> {
        for chunk in memory.slice_mut(buf, buf_len)?.chunks_mut(RANDOM_CHUNK) {
            self.random.fill(chunk);
        }
        Ok(())
    }
}
