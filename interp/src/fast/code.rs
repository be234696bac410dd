//! The code of a module: made per function at its first call, shared by all
//! instances and threads, never moved and never freed before the module.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use bimetal_core::index::TagIdx;
use bimetal_core::ops::relaxed::RelaxedChoice;
use bimetal_parser::{Error, Module, OnceTable};
use bimetal_runtime::code::{CodeSlot, ModuleCode};
use bimetal_runtime::hot::{Thresholds, TierUp};
use bimetal_runtime::layout::VmLayout;
use bimetal_runtime::limits::Settings;
use bimetal_runtime::vmctx::VmCtx;

use super::branches::BranchSite;
use super::dispatch::{Handler, Ip, Word, handler};
use super::entry::array_call;
use super::exec::call::Translate;
use super::hot::{CallSite, Hot, LoopSite};
use super::layouts::Layouts;
use super::translate::Fusions;
use super::translate::safepoint::FuncRoots;

/// The words in front of a function's entry cell: the size of its frame.
pub(super) const PREFIX_WORDS: usize = 1;

/// The code of one function.
pub(super) struct FuncCode {
    /// The records of its branches (`super::exec::sample`), the frame's size in bytes,
    /// then the cells.
    ///
    /// A vector, not a box: moving a box would take back the right to use the
    /// addresses in it.
    pub(super) words: Vec<Word>,
    /// The word with the frame's size, from which positions count: where every address
    /// in code comes from, because some words are replaced while code runs
    /// (`super::hot`).
    pub(super) base: *mut Word,
    /// The module offset of each cell that can trap or call, by its position,
    /// ascending.
    pub(super) offsets: Box<[(u32, u32)]>,
    /// The calls that note what they do, in the order of the code.
    pub(super) sites: Box<[CallSite]>,
    /// The conditional branches that are watched while they are new.
    pub(super) branches: Box<[BranchSite]>,
    /// Every `try_table`, inner ones before outer ones.
    pub(super) try_tables: Box<[TryTable]>,
    /// The loops whose iterations are counted. A vector for the same reason.
    pub(super) loops: Vec<LoopSite>,
}

/// What a `try_table` catches; positions count from the function's base.
pub(super) struct TryTable {
    /// The cells inside.
    pub(super) body: std::ops::Range<u32>,
    /// The slot of the frame in which a handler expects the exception.
    pub(super) slot: u32,
    /// The tags of the clauses, `None` for all, and their handlers.
    pub(super) clauses: Box<[(Option<TagIdx>, u32)]>,
}

// SAFETY: the pointers in code lead to code, code slots and handlers, all of
// which live as long as the module's code and may be used from any thread.
unsafe impl Send for FuncCode {}
// SAFETY: as above; words are written after the code is made as `super::hot` says.
unsafe impl Sync for FuncCode {}

impl FuncCode {
    /// The entry cell.
    pub(super) fn entry(&self) -> Ip {
        self.base.wrapping_add(PREFIX_WORDS)
    }
}

/// The entry cell of a function before it is translated: frame size, handler,
/// position among the defined functions.
#[repr(transparent)]
struct Stub([Word; 3]);

// SAFETY: a stub is never written.
unsafe impl Send for Stub {}
// SAFETY: as above.
unsafe impl Sync for Stub {}

impl Stub {
    fn new(defined: usize) -> Stub {
        Stub([
            Word { bits: 0 },
            Word { handler: handler::<Translate> as Handler },
            Word { bits: defined as u64 },
        ])
    }

    fn entry(&self) -> Ip {
        self.0[PREFIX_WORDS..].as_ptr()
    }
}

/// The entry cell of a compiled function: `super::exec::native`. A vector for the
/// reason given at [`FuncCode::words`].
pub(super) struct NativeEntry(
    #[expect(dead_code, reason = "owns the words that code slots lead to")] pub(super) Vec<Word>,
);

// SAFETY: as for `FuncCode`; the words are never written.
unsafe impl Send for NativeEntry {}

/// What has been translated so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// How many functions.
    pub functions: u64,
    /// The bytes of their code.
    pub code_bytes: u64,
    /// The bytes of their bodies.
    pub body_bytes: u64,
    /// Nanoseconds spent.
    pub nanos: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    pub(super) functions: AtomicU64,
    pub(super) code_bytes: AtomicU64,
    pub(super) body_bytes: AtomicU64,
    pub(super) nanos: AtomicU64,
}

/// Where a position in code is.
pub(super) struct Position {
    /// The function, as a position among the defined ones.
    pub(super) defined: usize,
    /// The byte offset in the module.
    pub(super) offset: u32,
}

/// A module as the fast interpreter runs it.
pub struct FastModule {
    pub(super) module: Arc<Module>,
    pub(super) layout: VmLayout,
    pub(super) fusions: Fusions,
    pub(super) relaxed: RelaxedChoice,
    pub(super) slots: Box<[CodeSlot]>,
    /// A vector for the reason given at [`FuncCode::words`].
    stubs: Vec<Stub>,
    pub(super) funcs: OnceTable<Result<FuncCode, Error>>,
    /// Of the functions that have been compiled.
    pub(super) natives: Mutex<Vec<NativeEntry>>,
    /// The translated functions by the address of their code.
    pub(super) ranges: RwLock<BTreeMap<usize, usize>>,
    pub(super) counters: Counters,
    pub(super) layouts: Layouts,
    /// Whom counters ask; without it nothing is counted.
    pub(super) hot: Option<Hot>,
    /// Whether conditional branches are counted as well.
    seen_branches: bool,
    /// Where references are, of the functions that a collection has met.
    pub(super) roots: Mutex<HashMap<usize, FuncRoots>>,
}

// SAFETY: one slot per defined function, made once; the value lives in an `Arc`
// and the array in a box of it; the entries of this tier expect the address of
// the value itself.
unsafe impl ModuleCode for FastModule {
    fn slots(&self) -> &[CodeSlot] {
        &self.slots
    }

    fn tier(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }
}

impl FastModule {
    /// Makes a module ready to run. Translates nothing yet.
    pub fn new(module: &Arc<Module>, settings: &Settings) -> Arc<FastModule> {
        FastModule::with_fusions(module, settings, Fusions::default())
    }

    /// As [`FastModule::new`], with only some of the translator's fusions.
    pub fn with_fusions(
        module: &Arc<Module>,
        settings: &Settings,
        fusions: Fusions,
    ) -> Arc<FastModule> {
        FastModule::make(module, settings, fusions, None)
    }

    /// A module whose calls and iterations are counted; `hook` is asked when counters
    /// run out, which they do for the first time after `first`.
    pub fn tiered(
        module: &Arc<Module>,
        settings: &Settings,
        first: Thresholds,
        hook: Box<dyn TierUp>,
    ) -> Arc<FastModule> {
        FastModule::make(module, settings, Fusions::default(), Some(Hot { hook, first }))
    }

    pub(super) fn make(
        module: &Arc<Module>,
        settings: &Settings,
        mut fusions: Fusions,
        hot: Option<Hot>,
    ) -> Arc<FastModule> {
        fusions.byte_loops &= settings.optimisations.byte_loops;
        let count = module.bodies.len();
        let stubs: Vec<Stub> = (0..count).map(Stub::new).collect();
        let slots = stubs.iter().map(|stub| {
            let mut slot = CodeSlot::new(array_call);
            slot.interp = AtomicPtr::new(stub.entry().cast_mut().cast());
            slot
        });
        Arc::new(FastModule {
            module: Arc::clone(module),
            layout: VmLayout::new(module),
            fusions,
            relaxed: settings.relaxed,
            slots: slots.collect(),
            stubs,
            funcs: OnceTable::new(count),
            natives: Mutex::default(),
            ranges: RwLock::default(),
            counters: Counters::default(),
            layouts: Layouts::default(),
            hot,
            seen_branches: settings.optimisations.seen_branches,
            roots: Mutex::default(),
        })
    }

    /// The module.
    pub fn module(&self) -> &Arc<Module> {
        &self.module
    }

    /// What has been translated so far.
    pub fn stats(&self) -> Stats {
        let Counters { functions, code_bytes, body_bytes, nanos } = &self.counters;
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            functions: load(functions),
            code_bytes: load(code_bytes),
            body_bytes: load(body_bytes),
            nanos: load(nanos),
        }
    }

    /// Whether somebody wants to know what conditional branches do.
    pub(super) fn watches_branches(&self) -> bool {
        self.hot.is_some() && self.seen_branches
    }

    /// The entry cell of a function before it is translated.
    pub(super) fn untranslated(&self, defined: usize) -> Ip {
        self.stubs[defined].entry()
    }

    /// The code of a function that has been translated.
    pub(super) fn func(&self, defined: usize) -> Option<&FuncCode> {
        self.funcs.get(defined)?.as_ref().ok()
    }

    /// The module code that runs in a context.
    ///
    /// # Safety
    /// The context's code is this tier's and outlives the result.
    pub(super) unsafe fn of<'a>(cx: *const VmCtx) -> &'a FastModule {
        // SAFETY: `tier` is the address of the `FastModule`, which the instance
        // keeps alive.
        unsafe { &*(*cx).tier.cast::<FastModule>() }
    }

    /// The function whose translated code a position is in, as a position among the
    /// defined ones, and the position in its words.
    pub(super) fn locate(&self, ip: Ip) -> Option<(usize, u32)> {
        let address = ip as usize;
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        let (&start, &defined) = ranges.range(..=address).next_back()?;
        Some((defined, ((address - start) / size_of::<Word>()) as u32))
    }

    /// Where in the module a position in its code is. A return position is behind
    /// the call that it belongs to.
    pub(super) fn position(&self, ip: Ip, is_return: bool) -> Option<Position> {
        let address = ip as usize;
        let stubs = self.stubs.as_ptr_range();
        if (stubs.start as usize..stubs.end as usize).contains(&address) {
            let defined = (address - stubs.start as usize) / size_of::<Stub>();
            return Some(Position {
                defined,
                offset: self.module.bodies[defined].range.start as u32,
            });
        }
        let ranges = self.ranges.read().unwrap_or_else(PoisonError::into_inner);
        let (&start, &defined) = ranges.range(..=address).next_back()?;
        let code = self.func(defined)?;
        let index = ((address - start) / size_of::<Word>()) as u32;
        let after = code
            .offsets
            .partition_point(|&(cell, _)| if is_return { cell < index } else { cell <= index });
        let offset = match after.checked_sub(1) {
            Some(last) => code.offsets[last].1,
            None => self.module.bodies[defined].range.start as u32,
        };
        Some(Position { defined, offset })
    }
}

impl fmt::Debug for FastModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FastModule").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
