//! What a module knows about its hot code, and the answers that its counters get.

use std::collections::{HashMap, HashSet};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Instant;

use bimetal_parser::Module;
use bimetal_runtime::hot::{Counted, Thresholds, TierUp, Verdict};
use bimetal_runtime::osr::OsrEntry;
use bimetal_runtime::vmctx::VmCtx;

use super::mixed::Mixed;
use super::policy::Policy;
use super::queue::{Queue, Request};
use crate::tiering::{Listener, TieringEvent, TieringStep};

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
    loops: Mutex<Loops>,
    /// What counters begin with.
    first: Thresholds,
    /// What counters have been given in all, where that is not what they began with.
    granted: Mutex<HashMap<(usize, Counted), u64>>,
    listener: Option<Listener>,
}

/// The loops that have been asked about.
#[derive(Default)]
struct Loops {
    states: HashMap<(usize, u32), LoopState>,
    /// The functions with a loop that waits: another one has to wait until that is
    /// compiled, because the code for it has all loops that are reached from it.
    busy: HashSet<usize>,
}

/// A loop that was asked about.
#[derive(Clone, Copy)]
enum LoopState {
    /// Something else is compiled in its place, since then.
    Postponed(Instant),
    Waiting,
    Done(Option<OsrEntry>),
}

impl Hotness {
    pub(super) fn new(
        module: &Module,
        policy: &Policy,
        queue: &Arc<Queue>,
        listener: Option<Listener>,
    ) -> Hotness {
        Hotness {
            module: OnceLock::new(),
            policy: policy.clone(),
            queue: Arc::clone(queue),
            functions: module.bodies.iter().map(|_| AtomicU8::new(COLD)).collect(),
            loops: Mutex::default(),
            first: policy.first(module),
            granted: Mutex::default(),
            listener,
        }
    }

    /// Who is told of what happens to the module's code.
    pub(super) fn listener(&self) -> Option<&(dyn Fn(&TieringEvent<'_>) + Send + Sync)> {
        self.listener.as_ref().map(|listener| &*listener.0)
    }

    /// Changes what the counter of some code has been given, and gives the outcome.
    fn grant(&self, code: (usize, Counted), change: impl FnOnce(u64) -> u64) -> u64 {
        let first = match code.1 {
            Counted::Calls => self.first.calls,
            Counted::Loop(_) => self.first.iterations,
        };
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        let granted = granted.entry(code).or_insert(u64::from(first.max(1)));
        *granted = change(*granted);
        *granted
    }

    /// How often counted code ran while it was interpreted: `left` is what its counter
    /// says, if there is one.
    pub(super) fn count(&self, defined: usize, counted: Counted, left: Option<u32>) -> u64 {
        let Some(left) = left else { return 0 };
        let granted = self.grant((defined, counted), |granted| granted);
        // A counter that is not used any more is set to the highest number.
        granted.checked_sub(u64::from(left)).unwrap_or(granted)
    }

    /// The answer to whom is to ask again.
    fn again(&self, defined: usize, counted: Counted) -> Verdict {
        let count = self.policy.again(counted);
        self.grant((defined, counted), |granted| granted.saturating_add(u64::from(count)));
        Verdict::Again(count)
    }

    fn loops(&self) -> MutexGuard<'_, Loops> {
        self.loops.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A function has been compiled or refused.
    pub(super) fn function_is_done(&self, defined: usize) {
        self.functions[defined].store(DONE, Ordering::Release);
    }

    /// A loop has been compiled or refused.
    pub(super) fn loop_is_done(&self, defined: usize, number: u32, entry: Option<OsrEntry>) {
        let mut loops = self.loops();
        loops.states.insert((defined, number), LoopState::Done(entry));
        loops.busy.remove(&defined);
    }

    /// The module is gone: nothing of it is compiled any more. What was waiting.
    pub(super) fn cancel(&self) -> Vec<(usize, Counted)> {
        self.module.get().map(|module| self.queue.cancel(module)).unwrap_or_default()
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
                match loops.states.get(&key).copied() {
                    Some(LoopState::Waiting) => Before::Waiting,
                    Some(LoopState::Done(entry)) => Before::Done(entry),
                    _ if !loops.busy.insert(defined) => Before::Waiting,
                    _ => {
                        loops.states.insert(key, LoopState::Waiting);
                        Before::Cold
                    }
                }
            }
        }
    }

    /// What to compile when a loop is asked about: that loop, the function, another
    /// loop, or nothing yet.
    fn choose(&self, module: &Mixed, defined: usize, number: u32) -> Option<Counted> {
        let own = Counted::Loop(number);
        let known = self.loops().states.get(&(defined, number)).copied();
        match known {
            Some(LoopState::Waiting | LoopState::Done(_)) => Some(own),
            Some(LoopState::Postponed(since)) => {
                (since.elapsed() >= self.policy.patience()).then_some(own)
            }
            None => {
                let called_again = module.fast.was_called_again(defined);
                let around = module.fast.loops_around(defined, number);
                let choice = self.policy.instead_of(number, called_again, &around);
                if choice != own {
                    let state = LoopState::Postponed(Instant::now());
                    self.loops().states.insert((defined, number), state);
                }
                Some(choice)
            }
        }
    }

    /// There was no room for a request.
    fn forget(&self, defined: usize, counted: Counted) {
        match counted {
            Counted::Calls => self.functions[defined].store(COLD, Ordering::Release),
            Counted::Loop(number) => {
                let mut loops = self.loops();
                loops.states.remove(&(defined, number));
                loops.busy.remove(&defined);
            }
        }
    }

    /// Has a function compiled when nothing else is to be done, unless somebody has
    /// asked for it.
    pub(super) fn request_idly(&self, module: &Arc<Mixed>, defined: usize) {
        let counted = Counted::Calls;
        if let Before::Cold = self.wait(defined, counted) {
            self.enqueue(module, (defined, counted), 0);
        }
    }

    fn enqueue(&self, module: &Arc<Mixed>, (defined, counted): (usize, Counted), heat: u32) {
        module.tell(defined, counted, TieringStep::Queued);
        let request = Request { module: Arc::downgrade(module), defined, counted };
        if !self.queue.push(request, heat) {
            self.forget(defined, counted);
            module.tell(defined, counted, TieringStep::Cancelled);
        }
    }

    /// Has something compiled that has not been, now or later.
    fn ask(&self, module: &Arc<Mixed>, defined: usize, counted: Counted) -> Verdict {
        match self.wait(defined, counted) {
            Before::Cold => self.request(module, defined, counted),
            Before::Waiting => {
                let request = Request { module: Arc::downgrade(module), defined, counted };
                let soon = self.policy.soon(module.parsed(), defined);
                if self.queue.heat(&request, soon) {
                    return done(self.queue.compile(&request));
                }
                self.again(defined, counted)
            }
            Before::Done(entry) => done(entry),
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
            let entry = module.compile(defined, counted);
            module.relink();
            return done(entry);
        }
        if let Counted::Loop(_) = counted {
            // The code for the loop serves the frames that run in it: who calls the
            // function once more will want it from its beginning.
            let left = u64::from(module.fast.ask_at_next_call(defined));
            self.grant((defined, Counted::Calls), |granted| granted.saturating_sub(left));
        }
        self.enqueue(module, (defined, counted), 1);
        self.again(defined, counted)
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
        let again = || hotness.again(defined, counted);
        let Some(module) = hotness.module.get().and_then(Weak::upgrade) else { return again() };
        let choice = match counted {
            Counted::Calls => Some(counted),
            Counted::Loop(number) => hotness.choose(&module, defined, number),
        };
        let Some(choice) = choice else { return again() };
        let verdict = hotness.ask(&module, defined, choice);
        if choice != counted {
            return again();
        }
        if let Verdict::Enter(_) = verdict {
            module.tell(defined, counted, TieringStep::Entered);
        }
        verdict
    }
}
