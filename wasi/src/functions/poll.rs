//! `poll_oneoff`: waiting for time to pass or descriptors to become ready.

use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clock::ClockId;
use crate::ctx::WasiCtx;
use crate::errno::Errno;
use crate::file::{Readiness, WasiFile};
use crate::flags::Rights;
use crate::memory::GuestMemory;
use crate::types::put;

/// The most subscriptions of one call.
const MAX_SUBSCRIPTIONS: u32 = 4096;

/// The sizes of the structures in guest memory.
const SUBSCRIPTION: u32 = 48;
const EVENT: u32 = 32;

/// How often a stream is asked that would wait but has no descriptor of the host.
const ASK_AGAIN: Duration = Duration::from_millis(1);

/// What a subscription waits for; the numbers are those of `eventtype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// So many nanoseconds after the call.
    Clock(u64),
    Read(u32),
    Write(u32),
}

#[derive(Debug, Clone, Copy)]
struct Subscription {
    userdata: u64,
    wait: Wait,
}

/// What became ready.
#[derive(Debug, Clone, Copy)]
struct Event {
    userdata: u64,
    kind: u8,
    bytes: u64,
    hangup: bool,
}

impl Event {
    fn encode(&self) -> [u8; EVENT as usize] {
        let mut bytes = [0; EVENT as usize];
        put(&mut bytes, 0, &self.userdata.to_le_bytes());
        put(&mut bytes, 10, &[self.kind]);
        put(&mut bytes, 16, &self.bytes.to_le_bytes());
        put(&mut bytes, 24, &u16::from(self.hangup).to_le_bytes());
        bytes
    }
}

impl WasiCtx {
    /// Waits until at least one of the subscriptions is due, and writes an event for
    /// each that is. A descriptor that cannot be waited for fails the call.
    pub fn poll_oneoff(
        &mut self,
        memory: &mut GuestMemory<'_>,
        subscriptions: u32,
        events: u32,
        nsubscriptions: u32,
        nevents: u32,
    ) -> Result<(), Errno> {
        if nsubscriptions == 0 || nsubscriptions > MAX_SUBSCRIPTIONS {
            return Err(Errno::Inval);
        }
        memory.check(nevents, 4)?;
        memory.check(subscriptions, nsubscriptions.saturating_mul(SUBSCRIPTION))?;
        memory.check(events, nsubscriptions.saturating_mul(EVENT))?;
        let mut waits = Vec::new();
        for index in 0..nsubscriptions {
            let at = subscriptions.saturating_add(index.saturating_mul(SUBSCRIPTION));
            waits.push(self.subscription(memory, at)?);
        }
        let due = self.wait_for(&waits)?;
        let mut at = events;
        for event in &due {
            memory.write(at, &event.encode())?;
            at = at.saturating_add(EVENT);
        }
        memory.write_u32(nevents, super::size(due.len())?)
    }

    fn subscription(&self, memory: &GuestMemory<'_>, at: u32) -> Result<Subscription, Errno> {
        let field = |offset: u32| at.saturating_add(offset);
        let userdata = memory.read_u64(at)?;
        let wait = match memory.read_u8(field(8))? {
            0 => {
                let id = ClockId::from_guest(memory.read_u32(field(16))?)?;
                let timeout = memory.read_u64(field(24))?;
                let absolute = match memory.read_u16(field(40))? {
                    0 => false,
                    1 => true,
                    _ => return Err(Errno::Inval),
                };
                let now = self.time(id).map_err(|_| Errno::Inval)?;
                Wait::Clock(if absolute { timeout.saturating_sub(now) } else { timeout })
            }
            1 => Wait::Read(memory.read_u32(field(16))?),
            2 => Wait::Write(memory.read_u32(field(16))?),
            _ => return Err(Errno::Inval),
        };
        Ok(Subscription { userdata, wait })
    }

    /// Waits until something is due.
    fn wait_for(&mut self, waits: &[Subscription]) -> Result<Vec<Event>, Errno> {
        let start = self.clocks.monotonic();
        let timeout = waits
            .iter()
            .filter_map(|subscription| match subscription.wait {
                Wait::Clock(timeout) => Some(timeout),
                Wait::Read(_) | Wait::Write(_) => None,
            })
            .min();
        loop {
            let elapsed = self.clocks.monotonic().saturating_sub(start);
            let due = self.due(waits, elapsed)?;
            if !due.is_empty() {
                return Ok(due);
            }
            self.pause(waits, timeout.map(|timeout| timeout.saturating_sub(elapsed)))?;
        }
    }

    /// What is due after `elapsed` nanoseconds.
    fn due(&mut self, waits: &[Subscription], elapsed: u64) -> Result<Vec<Event>, Errno> {
        let mut due = Vec::new();
        for &Subscription { userdata, wait } in waits {
            let (kind, readiness) = match wait {
                Wait::Clock(timeout) if timeout <= elapsed => {
                    (0, Readiness::Ready { bytes: 0, hangup: false })
                }
                Wait::Clock(_) => (0, Readiness::Pending),
                Wait::Read(fd) => (1, self.polled(fd)?.poll_read()?),
                Wait::Write(fd) => (2, self.polled(fd)?.poll_write()?),
            };
            if let Readiness::Ready { bytes, hangup } = readiness {
                due.push(Event { userdata, kind, bytes, hangup });
            }
        }
        Ok(due)
    }

    fn polled(&mut self, fd: u32) -> Result<&mut dyn WasiFile, Errno> {
        Ok(&mut *self.table.file(fd, Rights::POLL_FD_READWRITE)?.file)
    }

    /// Waits for the clock or, where time passes by itself, for the host.
    fn pause(&mut self, waits: &[Subscription], timeout: Option<u64>) -> Result<(), Errno> {
        let mut watched = Vec::new();
        for subscription in waits {
            let (fd, events) = match subscription.wait {
                Wait::Clock(_) => continue,
                Wait::Read(fd) => (fd, PollFlags::IN),
                Wait::Write(fd) => (fd, PollFlags::OUT),
            };
            watched.push((fd, events));
        }
        match timeout {
            Some(timeout) if watched.is_empty() || !self.clocks.passes() => {
                self.clocks.sleep(timeout);
                Ok(())
            }
            timeout => self.pause_on_host(&watched, timeout),
        }
    }

    fn pause_on_host(
        &self,
        watched: &[(u32, PollFlags)],
        timeout: Option<u64>,
    ) -> Result<(), Errno> {
        let mut fds = Vec::new();
        let mut timeout = timeout.map(Duration::from_nanos);
        for &(fd, events) in watched {
            let crate::table::Entry::File(entry) = self.table.get(fd)? else {
                return Err(Errno::Badf);
            };
            match entry.file.host_fd() {
                Some(host) => fds.push(PollFd::from_borrowed_fd(host, events)),
                None => timeout = Some(timeout.unwrap_or(ASK_AGAIN).min(ASK_AGAIN)),
            }
        }
        let timeout = timeout.map(Timespec::try_from).transpose().map_err(|_| Errno::Inval)?;
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
