//! What waits for the compiler: the hottest first.
//!
//! A module of which nothing has been compiled for a while has settled: then its
//! functions are linked with each other.
//!
//! Threads that compile are started when there is something to do and end with the
//! engine. No request keeps a module alive; one that is being compiled does.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bimetal_runtime::hot::Counted;
use bimetal_runtime::osr::OsrEntry;

use super::mixed::Mixed;
use super::policy::SETTLED;
use crate::tiering::TieringStep;

/// How long nothing is to be done before what was compiled goes to the cache: the
/// guest has become steady.
const IDLE: Duration = Duration::from_secs(1);

/// The stack of a thread that compiles.
const STACK: usize = 8 << 20;

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

/// A request that nobody has begun with.
#[derive(Debug)]
struct Waiting {
    request: Request,
    /// How often it was made.
    heat: u32,
    /// When it was made last.
    asked: Instant,
}

#[derive(Default, Debug)]
struct State {
    /// In the order of arrival.
    waiting: Vec<Waiting>,
    threads: Vec<JoinHandle<()>>,
    /// Threads that do something.
    busy: usize,
    /// Threads that wait for something to do.
    idle: usize,
    /// Modules of which something has been compiled, and when the last time.
    settling: Vec<(Weak<Mixed>, Instant)>,
    /// Modules with code that is to be left in the cache.
    unsaved: Vec<Weak<Mixed>>,
    closed: bool,
}

/// What a thread does next.
enum Work {
    Compile(Request),
    Relink(Weak<Mixed>),
    Save(Vec<Weak<Mixed>>),
}

impl Queue {
    pub(super) fn new(max_waiting: usize, max_threads: usize) -> Queue {
        Queue { state: Mutex::default(), changed: Condvar::new(), max_waiting, max_threads }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a request that was made so often, unless too many wait already. Whether it
    /// waits now.
    pub(super) fn push(self: &Arc<Queue>, request: Request, heat: u32) -> bool {
        let mut state = self.lock();
        if state.closed || state.waiting.len() >= self.max_waiting {
            return false;
        }
        state.waiting.push(Waiting { request, heat, asked: Instant::now() });
        if state.idle == 0 && state.threads.len() < self.max_threads {
            let queue = Arc::clone(self);
            let thread = std::thread::Builder::new().name("bimetal-compiler".to_owned());
            // Otherwise what waits is compiled if another thread is there, or stays hot.
            if let Ok(thread) = thread.stack_size(STACK).spawn(move || queue.work()) {
                state.threads.push(thread);
            }
        }
        drop(state);
        self.changed.notify_one();
        true
    }

    /// A request that may be waiting was made once more. If that is so soon after the
    /// last time and all threads are busy, it waits no more: then the answer is true,
    /// and the caller compiles.
    pub(super) fn heat(&self, request: &Request, soon: Duration) -> bool {
        let mut state = self.lock();
        let busy = state.busy >= state.threads.len();
        let Some(at) = state.waiting.iter().position(|waiting| waiting.request.is(request)) else {
            return false;
        };
        let waiting = &mut state.waiting[at];
        waiting.heat = waiting.heat.saturating_add(1);
        let last = std::mem::replace(&mut waiting.asked, Instant::now());
        let taken = busy && last.elapsed() < soon;
        if taken {
            state.waiting.remove(at);
        }
        taken
    }

    /// Forgets a module, which is gone. What waited.
    pub(super) fn cancel(&self, module: &Weak<Mixed>) -> Vec<(usize, Counted)> {
        let mut state = self.lock();
        state.unsaved.retain(|known| !known.ptr_eq(module));
        state.settling.retain(|(known, _)| !known.ptr_eq(module));
        let own = |waiting: &mut Waiting| waiting.request.module.ptr_eq(module);
        let cancelled = state.waiting.extract_if(.., own);
        cancelled.map(|Waiting { request, .. }| (request.defined, request.counted)).collect()
    }

    /// Ends all threads, when they have compiled what they are at; what waits is
    /// forgotten.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let mut cancelled = Vec::new();
        state.waiting.retain(|Waiting { request, .. }| {
            let module = request.module.upgrade();
            cancelled.extend(module.map(|module| (module, request.defined, request.counted)));
            // Whoever is dropping the module sees to what waits of it.
            request.module.strong_count() == 0
        });
        state.settling.clear();
        let threads = std::mem::take(&mut state.threads);
        drop(state);
        self.changed.notify_all();
        for (module, defined, counted) in cancelled {
            module.tell(defined, counted, TieringStep::Cancelled);
        }
        let this = std::thread::current().id();
        for thread in threads {
            // A thread that compiles may be the last to hold what holds the engine.
            if thread.thread().id() != this {
                // A panic has been reported by the thread itself.
                let _ = thread.join();
            }
        }
    }

    /// Compiles until the queue is closed.
    fn work(self: &Arc<Queue>) {
        bimetal_jit::compile_on_this_thread();
        while let Some(work) = self.next() {
            match work {
                Work::Compile(request) => {
                    self.compile(&request);
                }
                Work::Relink(module) => {
                    if let Some(module) = module.upgrade() {
                        module.relink();
                    }
                }
                Work::Save(modules) => {
                    modules.iter().filter_map(Weak::upgrade).for_each(|module| module.save());
                }
            }
            self.lock().busy -= 1;
        }
    }

    /// Compiles on this thread. The code for a loop, if it was one.
    pub(super) fn compile(self: &Arc<Queue>, request: &Request) -> Option<OsrEntry> {
        let module = request.module.upgrade()?;
        let entry = module.compile(request.defined, request.counted);
        self.lock().unsettle(&request.module);
        if !module.is_kept() {
            return entry;
        }
        if let (Some(_), Some(hotness)) = (entry, &module.hotness) {
            // For the next run, in which calls then enter it at once.
            hotness.request_idly(&module, request.defined);
        }
        let mut state = self.lock();
        if !state.unsaved.iter().any(|known| known.ptr_eq(&request.module)) {
            state.unsaved.push(request.module.clone());
        }
        entry
    }

    /// The hottest request, of several the oldest; if there is none, a module that has
    /// settled. Waits for either. `None` when the queue is closed.
    fn next(&self) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            let hottest = state.waiting.iter().map(|waiting| waiting.heat).max();
            let at = state.waiting.iter().position(|waiting| Some(waiting.heat) == hottest);
            if let Some(at) = at {
                state.busy += 1;
                return Some(Work::Compile(state.waiting.remove(at).request));
            }
            let settling = state.until_settled();
            if settling == Some(Duration::ZERO) {
                state.busy += 1;
                return Some(Work::Relink(state.settling.remove(0).0));
            }
            state.idle += 1;
            let idle = if state.unsaved.is_empty() { Duration::MAX } else { IDLE };
            let timeout = settling.unwrap_or(idle);
            let waited = self.changed.wait_timeout(state, timeout);
            let (again, result) = waited.unwrap_or_else(PoisonError::into_inner);
            state = again;
            state.idle -= 1;
            if settling.is_none()
                && result.timed_out()
                && state.waiting.is_empty()
                && !state.unsaved.is_empty()
            {
                state.busy += 1;
                return Some(Work::Save(std::mem::take(&mut state.unsaved)));
            }
        }
    }
}

impl State {
    /// Something of a module has been compiled.
    fn unsettle(&mut self, module: &Weak<Mixed>) {
        self.settling.retain(|(known, _)| !Weak::ptr_eq(known, module));
        self.settling.push((Weak::clone(module), Instant::now()));
    }

    /// How long it takes until the first module has settled, if nothing is asked for.
    fn until_settled(&self) -> Option<Duration> {
        let (_, since) = self.settling.first()?;
        Some(SETTLED.saturating_sub(since.elapsed()))
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
        assert!(queue.push(request(4), 0));
        (0..4).for_each(|defined| assert!(queue.push(request(defined), 1)));
        assert!(![2, 9].iter().any(|&other| queue.heat(&request(other), Duration::ZERO)));
        let next = |_| match queue.next() {
            Some(Work::Compile(next)) => next.defined,
            _ => panic!("something waits"),
        };
        let order: Vec<_> = (0..5).map(next).collect();
        assert_eq!(order, [2, 0, 1, 3, 4], "what was asked for by nobody is last");
    }

    #[test]
    fn who_asks_again_soon_while_all_threads_are_busy_compiles() {
        let queue = queue(10);
        let hour = Duration::from_secs(3600);
        assert!(queue.push(request(0), 1) && queue.push(request(1), 2));
        queue.lock().threads.push(std::thread::spawn(|| ()));
        assert!(!queue.heat(&request(1), hour), "a thread is about to begin");
        assert!(matches!(queue.next(), Some(Work::Compile(next)) if next.defined == 1));
        assert!(!queue.heat(&request(1), hour), "it has begun with this one");
        assert!(!queue.heat(&request(0), Duration::ZERO), "not soon enough");
        assert!(queue.heat(&request(0), hour));
        assert!(!queue.heat(&request(0), hour), "it waits no more");
    }

    #[test]
    fn a_full_or_closed_queue_takes_nothing() {
        let queue = queue(2);
        assert!(
            queue.push(request(0), 1) && queue.push(request(1), 1) && !queue.push(request(2), 1)
        );
        queue.close();
        assert!(!queue.push(request(3), 1));
        assert!(queue.next().is_none());
    }

    #[test]
    fn requests_of_modules_that_are_gone_are_swept() {
        let queue = queue(2);
        assert!(queue.push(request(0), 1) && queue.push(request(1), 1));
        queue.lock().unsaved.push(Weak::new());
        assert_eq!(queue.cancel(&Weak::new()).len(), 2);
        assert!(queue.lock().unsaved.is_empty());
        assert!(queue.push(request(2), 1), "there is room again");
    }

    #[test]
    fn a_module_settles_when_nothing_was_compiled_for_a_while() {
        let queue = queue(2);
        let before = Instant::now();
        queue.lock().unsettle(&Weak::new());
        assert!(queue.push(request(0), 1));
        assert!(matches!(queue.next(), Some(Work::Compile(_))));
        assert!(matches!(queue.next(), Some(Work::Relink(_))));
        assert!(before.elapsed() >= SETTLED);
    }
}
