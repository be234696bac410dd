//! Clocks: the host's, and one that moves only when told to or slept on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// Where a guest's time comes from. All times are nanoseconds.
pub trait Clocks: Send {
    /// The time since 1970.
    fn realtime(&self) -> u64;

    /// The time since some fixed moment; never goes back.
    fn monotonic(&self) -> u64;

    /// The smallest step of either clock.
    fn resolution(&self) -> u64;

    /// Waits until the monotonic clock has advanced by `duration`.
    fn sleep(&mut self, duration: u64);

    /// Whether time passes by itself. If it does not, `poll_oneoff` never waits for
    /// the host: it looks at the descriptors once and then sleeps on this clock.
    fn passes(&self) -> bool {
        true
    }
}

/// The clocks of the host.
#[derive(Debug, Clone)]
pub struct HostClocks {
    start: Instant,
}

impl HostClocks {
    /// Clocks whose monotonic time counts from now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for HostClocks {
    fn default() -> Self {
        Self::new()
    }
}

impl Clocks for HostClocks {
    fn realtime(&self) -> u64 {
        host_realtime()
    }

    fn monotonic(&self) -> u64 {
        saturate(self.start.elapsed())
    }

    fn resolution(&self) -> u64 {
        1
    }

    fn sleep(&mut self, duration: u64) {
        std::thread::sleep(Duration::from_nanos(duration));
    }
}

/// The host's time since 1970; zero if its clock stands before that.
pub(crate) fn host_realtime() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, saturate)
}

fn saturate(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Clocks for tests and replays: they stand still except that sleeping and
/// [`ManualClocks::advance`] move them. Clones share the same time.
#[derive(Debug, Clone)]
pub struct ManualClocks {
    start: u64,
    elapsed: Arc<AtomicU64>,
}

impl ManualClocks {
    /// Clocks that show `realtime` nanoseconds since 1970.
    pub fn new(realtime: u64) -> Self {
        Self { start: realtime, elapsed: Arc::default() }
    }

    /// Moves both clocks forward.
    pub fn advance(&self, nanoseconds: u64) {
        let elapsed = self.elapsed.load(Ordering::Relaxed);
        self.elapsed.store(elapsed.saturating_add(nanoseconds), Ordering::Relaxed);
    }
}

impl Clocks for ManualClocks {
    fn realtime(&self) -> u64 {
        self.start.saturating_add(self.monotonic())
    }

    fn monotonic(&self) -> u64 {
        self.elapsed.load(Ordering::Relaxed)
    }

    fn resolution(&self) -> u64 {
        1
    }

    fn sleep(&mut self, duration: u64) {
        self.advance(duration);
    }

    fn passes(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manual_clocks_move_only_by_sleeping_and_advancing() {
        let clock = ManualClocks::new(1_000);
        let mut other = clock.clone();
        assert_eq!((clock.realtime(), clock.monotonic()), (1_000, 0));
        other.sleep(5);
        clock.advance(2);
        assert_eq!((clock.realtime(), clock.monotonic()), (1_007, 7));
        clock.advance(u64::MAX);
        assert_eq!(clock.realtime(), u64::MAX);
    }

    #[test]
    fn host_clocks_go_forward() {
        let mut clock = HostClocks::new();
        let before = clock.monotonic();
        clock.sleep(1_000_000);
        assert!(clock.monotonic() - before >= 1_000_000);
        assert!(clock.realtime() > 1_600_000_000_000_000_000);
    }
}
