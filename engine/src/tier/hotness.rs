//! What a module knows about its hot code, and the answers that its counters get.

use std::collections::HashMap;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bimetal_parser::Module;
use bimetal_runtime::hot::{Counted, TierUp, Verdict};
use bimetal_runtime::osr::OsrEntry;
use bimetal_runtime::vmctx::VmCtx;

use super::mixed::Mixed;
use super::policy::Policy;
use super::queue::{Queue, Request};

/// Nobody has asked for a function to be compiled.
const COLD: u8 = 0;
/// It waits, or is being compiled.
const WAITING: u8 = 1;
/// It has been compiled, or never will be.
const DONE: u8 = 2;

/// The state of the functions and loops of a module that is compiled bit by bit.
pub(super) struct Hotness {
    /// Set as soon as there is one.
    pub(super) module: OnceLock<Weak<Mixed>>,
    policy: Policy,
    queue: Arc<Queue>,
    functions: Box<[AtomicU8]>,
    /// Those that have been asked about: `None` while they wait.
    loops: Mutex<HashMap<(usize, u32), LoopState>>,
}

/// A loop that was asked about.
#[derive(Clone, Copy)]
enum LoopState {
    Waiting,
    Done(Option<OsrEntry>),
}

impl Hotness {
    pub(super) fn new(module: &Module, policy: &Policy, queue: &Arc<Queue>) -> Hotness {
        Hotness {
            module: OnceLock::new(),
            policy: policy.clone(),
            queue: Arc::clone(queue),
            functions: module.bodies.iter().map(|_| AtomicU8::new(COLD)).collect(),
            loops: Mutex::default(),
        }
    }

    fn loops(&self) -> MutexGuard<'_, HashMap<(usize, u32), LoopState>> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A function has been compiled or refused.
    pub(super) fn function_is_done(&self, defined: usize) {
        self.functions[defined].store(DONE, Ordering::Release);
    }

    /// A loop has been compiled or refused.
    pub(super) fn loop_is_done(&self, defined: usize, number: u32, entry: Option<OsrEntry>) {
        self.loops().insert((defined, number), LoopState::Done(entry));
    }

    /// The module is gone: nothing of it is compiled any more.
    pub(super) fn cancel(&self) {
        self.queue.sweep();
    }

    /// Marks a function or loop as waiting. What it was before.
    fn wait(&self, defined: usize, counted: Counted) -> Before {
        match counted {
            Counted::Calls => {
                let state = &self.functions[defined];
                match state.compare_exchange(COLD, WAITING, Ordering::AcqRel, Ordering::Acquire) {
                    Ok(_) => Before::Cold,
                    Err(WAITING) => Before::Waiting,
                    Err(_) => Before::Done(None),
                }
            }
            Counted::Loop(number) => {
                let key = (defined, number);
                let mut loops = self.loops();
                match loops.get(&key) {
                    Some(LoopState::Waiting) => Before::Waiting,
                    Some(LoopState::Done(entry)) => Before::Done(*entry),
                    None => {
                        loops.insert(key, LoopState::Waiting);
                        Before::Cold
                    }
                }
            }
        }
    }

    /// There was no room for a request.
    fn forget(&self, defined: usize, counted: Counted) {
        match counted {
            Counted::Calls => self.functions[defined].store(COLD, Ordering::Release),
            Counted::Loop(number) => {
                self.loops().remove(&(defined, number));
            }
        }
    }

    /// Has a function compiled when nothing else is to be done, unless somebody has
    /// asked for it.
    pub(super) fn request_idly(&self, module: &Arc<Mixed>, defined: usize) {
        let counted = Counted::Calls;
        if let Before::Cold = self.wait(defined, counted) {
            let request = Request { module: Arc::downgrade(module), defined, counted };
            if !self.queue.push(request, 0) {
                self.forget(defined, counted);
            }
        }
    }

    /// Has something compiled, now or later.
    fn request(&self, module: &Arc<Mixed>, defined: usize, counted: Counted) -> Verdict {
        if let Some(reason) = self.policy.refuses(module.parsed(), defined) {
            module.refuse(defined, reason.to_owned());
            match counted {
                Counted::Calls => self.function_is_done(defined),
                Counted::Loop(number) => self.loop_is_done(defined, number, None),
            }
            return Verdict::Park;
        }
        if self.policy.threads == 0 {
            return done(module.compile(defined, counted));
        }
        let request = Request { module: Arc::downgrade(module), defined, counted };
        if !self.queue.push(request, 1) {
            self.forget(defined, counted);
        }
        Verdict::Again(self.policy.again(counted))
    }
}

/// What was known about code before somebody asked.
enum Before {
    Cold,
    Waiting,
    Done(Option<OsrEntry>),
}

/// The answer when there is nothing left to do.
fn done(entry: Option<OsrEntry>) -> Verdict {
    entry.map_or(Verdict::Park, Verdict::Enter)
}

/// Whom the counters of a module ask.
pub(super) struct Hook(pub(super) Arc<Hotness>);

impl TierUp for Hook {
    unsafe fn hot(&self, _: NonNull<VmCtx>, defined: usize, counted: Counted) -> Verdict {
        let hotness = &self.0;
        let again = Verdict::Again(hotness.policy.again(counted));
        let Some(module) = hotness.module.get().and_then(Weak::upgrade) else { return again };
        match hotness.wait(defined, counted) {
            Before::Cold => hotness.request(&module, defined, counted),
            Before::Waiting => {
                let module = Arc::downgrade(&module);
                hotness.queue.heat(&Request { module, defined, counted });
                again
            }
            Before::Done(entry) => done(entry),
        }
    }
}
