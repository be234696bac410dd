//! Threads that wait for a notification, by address in their memory.
//!
//! The lock of the list is held from the comparison of the number in memory to the
//! entry in the list, so that no notification between the two is lost. Who waits is
//! woken by a notification or by its deadline and by nothing else.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a wait ended. The numbers are what the instruction pushes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum WaitResult {
    /// Notified.
    Ok = 0,
    /// Another number than the expected one was in memory.
    Mismatch = 1,
    /// Not notified in time.
    TimedOut = 2,
}

/// One waiting thread.
#[derive(Debug, Default)]
struct Waiter {
    wake: Condvar,
    /// Written while the list is locked.
    notified: AtomicBool,
}

type Lists = BTreeMap<u64, VecDeque<Arc<Waiter>>>;

/// The waiting threads of one memory. No list is empty.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<Lists>);

impl Waiters {
    fn lock(&self) -> MutexGuard<'_, Lists> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits at an address, for ever without a timeout, if `expected` says that memory
    /// holds what it should.
    pub(super) fn wait(
        &self,
        address: u64,
        timeout: Option<Duration>,
        expected: impl FnOnce() -> bool,
    ) -> WaitResult {
        // A deadline beyond the clock's range is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut lists = self.lock();
        if !expected() {
            return WaitResult::Mismatch;
        }
        let waiter = Arc::new(Waiter::default());
        lists.entry(address).or_default().push_back(waiter.clone());
        loop {
            if waiter.notified.load(Ordering::Relaxed) {
                return WaitResult::Ok;
            }
            lists = match deadline.map(|deadline| deadline.checked_duration_since(Instant::now())) {
                None => waiter.wake.wait(lists).unwrap_or_else(PoisonError::into_inner),
                Some(Some(left)) if !left.is_zero() => {
                    let woken = waiter.wake.wait_timeout(lists, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                Some(_) => {
                    remove(&mut lists, address, &waiter);
                    return WaitResult::TimedOut;
                }
            };
        }
    }

    /// Wakes up to `count` threads, those first that have waited longest. How many.
    pub(super) fn notify(&self, address: u64, count: u32) -> u32 {
        let mut lists = self.lock();
        let Some(list) = lists.get_mut(&address) else { return 0 };
        let mut woken = 0;
        while woken < count
            && let Some(waiter) = list.pop_front()
        {
            waiter.notified.store(true, Ordering::Relaxed);
            waiter.wake.notify_one();
            woken += 1;
        }
        if list.is_empty() {
            lists.remove(&address);
        }
        woken
    }
}

fn remove(lists: &mut Lists, address: u64, waiter: &Arc<Waiter>) {
    if let Some(list) = lists.get_mut(&address) {
        list.retain(|other| !Arc::ptr_eq(other, waiter));
        if list.is_empty() {
            lists.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn waiting(waiters: &Waiters, address: u64) -> usize {
        waiters.lock().get(&address).map_or(0, VecDeque::len)
    }

    #[test]
    fn a_notification_wakes_as_many_as_it_says_at_its_address() {
        let waiters = Waiters::default();
        thread::scope(|scope| {
            let wait = |address| {
                let waiters = &waiters;
                scope.spawn(move || waiters.wait(address, None, || true))
            };
            let threads = [wait(8), wait(8), wait(8), wait(16)];
            while waiting(&waiters, 8) < 3 || waiting(&waiters, 16) < 1 {
                thread::yield_now();
            }
            assert_eq!(waiters.notify(0, u32::MAX), 0);
            assert_eq!((waiters.notify(8, 0), waiters.notify(8, 2)), (0, 2));
            assert_eq!(waiting(&waiters, 8), 1);
            assert_eq!((waiters.notify(8, u32::MAX), waiters.notify(16, 1)), (1, 1));
            for thread in threads {
                assert_eq!(thread.join().unwrap(), WaitResult::Ok);
            }
        });
        assert!(waiters.lock().is_empty());
    }

    #[test]
    fn who_waits_too_long_or_for_another_number_leaves_no_trace() {
        let waiters = Waiters::default();
        assert_eq!(waiters.wait(0, None, || false), WaitResult::Mismatch);
        assert_eq!(waiters.wait(0, Some(Duration::ZERO), || true), WaitResult::TimedOut);
        let begin = Instant::now();
        let timeout = Duration::from_millis(20);
        assert_eq!(waiters.wait(0, Some(timeout), || true), WaitResult::TimedOut);
        assert!(begin.elapsed() >= timeout);
        assert!(waiters.lock().is_empty());
        assert_eq!(waiters.notify(0, 1), 0);
    }
}
