//! What waits for the compiler: the hottest first.
//!
//! Threads that compile are started when there is something to do and end with the
//! engine. They keep no module alive that nobody else uses.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use bimetal_runtime::hot::Counted;

use super::mixed::Mixed;

/// Something to compile.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) module: Weak<Mixed>,
    /// The function, as a position among the defined ones.
    pub(super) defined: usize,
    /// From its beginning, or for frames that run in one of its loops.
    pub(super) counted: Counted,
}

impl Request {
    fn is(&self, other: &Request) -> bool {
        self.defined == other.defined
            && self.counted == other.counted
            && Weak::ptr_eq(&self.module, &other.module)
    }
}

/// The requests of all modules of an engine.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
    max_waiting: usize,
    max_threads: usize,
}

#[derive(Default, Debug)]
struct State {
    /// How often each was asked for, in the order of arrival.
    waiting: Vec<(Request, u32)>,
    threads: usize,
    /// Threads that wait for something to do.
    idle: usize,
    closed: bool,
}

impl Queue {
    pub(super) fn new(max_waiting: usize, max_threads: usize) -> Queue {
        Queue { state: Mutex::default(), changed: Condvar::new(), max_waiting, max_threads }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request, unless too many wait already. Whether it waits now.
    pub(super) fn push(self: &Arc<Queue>, request: Request) -> bool {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.max_waiting {
            return false;
        }
        state.waiting.push((request, 1));
        let start = state.idle == 0 && state.threads < self.max_threads;
        state.threads += usize::from(start);
        drop(state);
        self.changed.notify_one();
        if start {
            let queue = Arc::clone(self);
            let thread = std::thread::Builder::new().name("bimetal-compiler".to_owned());
            if thread.spawn(move || queue.work()).is_err() {
                // What waits is compiled if another thread is there, or stays hot.
                self.lock().threads -= 1;
            }
        }
        true
    }

    /// A request that may be waiting was made once more.
    pub(super) fn heat(&self, request: &Request) {
        let mut state = self.lock();
        if let Some((_, heat)) = state.waiting.iter_mut().find(|(known, _)| known.is(request)) {
            *heat = heat.saturating_add(1);
        }
    }

    /// Drops the requests of modules that are gone.
    pub(super) fn sweep(&self) {
        self.lock().waiting.retain(|(request, _)| request.module.strong_count() > 0);
    }

    /// Ends all threads; what waits is forgotten.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.waiting.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Compiles until the queue is closed.
    fn work(&self) {
        while let Some(Request { module, defined, counted }) = self.next() {
            if let Some(module) = module.upgrade() {
                module.compile(defined, counted);
            }
        }
    }

    /// The hottest request, of several the oldest; waits for one if there is none.
    /// `None` when the queue is closed.
    fn next(&self) -> Option<Request> {
        let mut state = self.lock();
        loop {
            if state.closed {
                state.threads -= 1;
                return None;
            }
            let hottest = state.waiting.iter().map(|&(_, heat)| heat).max();
            let at = state.waiting.iter().position(|&(_, heat)| Some(heat) == hottest);
            if let Some(at) = at {
                return Some(state.waiting.remove(at).0);
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(defined: usize) -> Request {
        Request { module: Weak::new(), defined, counted: Counted::Calls }
    }

    /// A queue that starts no thread.
    fn queue(max_waiting: usize) -> Arc<Queue> {
        Arc::new(Queue::new(max_waiting, 0))
    }

    #[test]
    fn the_hottest_request_is_next_and_then_the_oldest() {
        let queue = queue(10);
        (0..4).for_each(|defined| assert!(queue.push(request(defined))));
        queue.heat(&request(2));
        queue.heat(&request(9));
        let order: Vec<_> = (0..4).filter_map(|_| queue.next()).map(|next| next.defined).collect();
        assert_eq!(order, [2, 0, 1, 3]);
    }

    #[test]
    fn a_full_or_closed_queue_takes_nothing() {
        let queue = queue(2);
        assert!(queue.push(request(0)) && queue.push(request(1)) && !queue.push(request(2)));
        queue.close();
        assert!(!queue.push(request(3)));
        assert!(queue.next().is_none());
    }

    #[test]
    fn requests_of_modules_that_are_gone_are_swept() {
        let queue = queue(2);
        assert!(queue.push(request(0)) && queue.push(request(1)));
        queue.sweep();
        assert!(queue.push(request(2)), "there is room again");
    }
}
