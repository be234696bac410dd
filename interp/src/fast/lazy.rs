//! Translation at the first call.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use bimetal_parser::Error;
use bimetal_runtime::abi::NativeCall;
use bimetal_runtime::trap::{Unwind, raise_unwind};
use bimetal_runtime::vmctx::VmCtx;

use super::code::{FastModule, FuncCode, NativeEntry, PREFIX_WORDS};
use super::dispatch::{Ip, Word};
use super::exec::native;
use super::translate;

impl FastModule {
    /// Translates every function now, for those who want no pauses later.
    ///
    /// # Errors
    /// The first function that cannot be translated.
    pub fn translate_all(&self) -> Result<(), Error> {
        (0..self.funcs.len()).try_for_each(|defined| self.translate(defined).map(|_| ()))
    }

    /// The code of a function, translated now unless that has been done. Threads
    /// that ask for the same function wait for one translation.
    ///
    /// # Errors
    /// If the module was loaded lazily and the body turns out invalid, or if the
    /// function goes beyond a limit: the same error at every call.
    pub(super) fn translate(&self, defined: usize) -> Result<&FuncCode, Error> {
        let result = self.funcs.get_or_init(defined, || {
            let start = Instant::now();
            let code = translate::translate(self, defined)?;
            self.count(defined, &code, start);
            let mut ranges = self.ranges.write().unwrap_or_else(PoisonError::into_inner);
            ranges.insert(code.base as usize, defined);
            // Whoever loads the entry sees the code behind it; that of compiled code
            // stays.
            let entry = code.entry().cast_mut().cast();
            let untranslated = self.untranslated(defined).cast_mut().cast();
            let _ = self.slots[defined].interp.compare_exchange(
                untranslated,
                entry,
                Ordering::Release,
                Ordering::Relaxed,
            );
            Ok(code)
        });
        result.as_ref().map_err(Clone::clone)
    }

    /// Has interpreted callers of a function call its compiled code from now on: by
    /// this function, which finds it in the code slot.
    pub fn enter_native(&self, defined: usize, call: NativeCall) {
        let ty = self.module.type_of_func(self.module.func_at(defined));
        let slot = &self.slots[defined];
        let words = native::entry(ty, slot, call);
        let entry = words[PREFIX_WORDS..].as_ptr();
        self.natives.lock().unwrap_or_else(PoisonError::into_inner).push(NativeEntry(words));
        // Whoever loads the entry sees the cell behind it.
        slot.interp.store(entry.cast_mut().cast(), Ordering::Release);
    }

    fn count(&self, defined: usize, code: &FuncCode, start: Instant) {
        let add = |counter: &std::sync::atomic::AtomicU64, amount: usize| {
            counter.fetch_add(amount as u64, Ordering::Relaxed);
        };
        add(&self.counters.functions, 1);
        add(&self.counters.code_bytes, code.words.len() * size_of::<Word>());
        add(&self.counters.body_bytes, self.module.bodies[defined].range.len());
        add(&self.counters.nanos, start.elapsed().as_nanos() as usize);
    }
}

/// Translates a function for a guest that calls it: its entry cell, or null with
/// the error in the store.
///
/// # Safety
/// `cx` is the context of a running instance of this tier, and `defined` one of
/// its module's functions; the store is not borrowed.
pub(super) unsafe fn translate_for(cx: *mut VmCtx, defined: usize) -> Ip {
    // SAFETY: by this function's contract.
    unsafe {
        match FastModule::of(cx).translate(defined) {
            Ok(code) => code.entry(),
            Err(error) => {
                let _ = raise_unwind((*cx).store, Unwind::Host(Box::new(error)));
                std::ptr::null()
            }
        }
    }
}
