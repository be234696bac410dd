//! From where an exception is thrown to where it is caught: by the chain of frame
//! pointers, as far as the innermost guard.

use std::arch::naked_asm;
use std::cell::Cell;

use bimetal_core::value::Slot;
use bimetal_runtime::store::{Store, TagId};
use bimetal_runtime::vmctx::{VmCtx, VmStore};

use crate::codemap::{Guess, Reader};
use crate::handlers::CallSite;

thread_local! {
    /// Where the last handler of the thread was: the next exception is likely to be
    /// thrown by the same code.
    static LANDED: Cell<Guess> = const { Cell::new(Guess::NONE) };
}

/// Where execution goes on.
struct Landing {
    pc: usize,
    sp: usize,
    fp: usize,
}

/// Goes on at the handler of the exception that is pending. Returns if the store
/// unwinds for another reason, or if the innermost activation has no handler.
///
/// # Safety
/// The store is not borrowed; its innermost activation is one of compiled code with
/// current exit fields, and no frame above holds anything that must be dropped.
pub(super) unsafe fn land(store: *mut VmStore) {
    // SAFETY: the caller's promise. What this function holds needs no dropping.
    unsafe {
        let Some(exception) = Store::from_vm(store).pending_exception() else { return };
        let Some(tag) = Store::from_vm(store).exception_tag(exception) else { return };
        if let Some(landing) = search(store, tag) {
            Store::from_vm(store).pending = None;
            let Landing { pc, sp, fp } = landing;
            resume(pc, sp, fp, exception);
        }
    }
}

/// The handler of exceptions of a tag.
///
/// # Safety
/// As for [`land`].
unsafe fn search(store: *mut VmStore, tag: TagId) -> Option<Landing> {
    // SAFETY: compiled code and stubs keep frame pointers: see `super::walk`.
    unsafe {
        let activation = (*store).activation;
        let (mut pc, mut fp) = ((*activation).exit_pc, (*activation).exit_fp);
        let mut reader = Reader::guessing(LANDED.get());
        while fp != (*activation).entry_fp && fp != 0 {
            if let Some((site, start)) = reader.call_site(pc)
                && let Some(landing) = handler(site, start, fp, tag)
            {
                LANDED.set(reader.guess());
                return Some(landing);
            }
            pc = *((fp + size_of::<usize>()) as *const usize);
            fp = *(fp as *const usize);
        }
    }
    None
}

/// The handler in one frame, which waits at this call.
///
/// # Safety
/// `fp` is the frame's pointer.
unsafe fn handler(site: &CallSite, start: usize, fp: usize, tag: TagId) -> Option<Landing> {
    let sp = fp - site.frame as usize;
    // SAFETY: the frame keeps its context there while the call is under way, and
    // the instance lives as long as its store.
    let tags = unsafe {
        let cx = *((sp + site.cx as usize) as *const *mut VmCtx);
        (*(*cx).instance).tags()
    };
    let catches =
        |of: &Option<_>| of.is_none_or(|of: bimetal_core::index::TagIdx| tags[of.index()] == tag);
    let (_, at) = site.clauses.iter().find(|(of, _)| catches(of))?;
    Some(Landing { pc: start + *at as usize, sp, fp })
}

/// Goes on in compiled code with an exception for its handler.
///
/// # Safety
/// The code at `pc` is a handler of the frame with these pointers.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn resume(pc: usize, sp: usize, fp: usize, exception: Slot) -> ! {
    naked_asm!("mov rsp, rsi", "mov rbp, rdx", "mov rax, rcx", "jmp rdi")
}

/// As on x86-64.
///
/// # Safety
/// As on x86-64.
#[cfg(target_arch = "aarch64")]
#[unsafe(naked)]
unsafe extern "C" fn resume(pc: usize, sp: usize, fp: usize, exception: Slot) -> ! {
    naked_asm!("mov x9, x0", "mov sp, x1", "mov x29, x2", "mov x0, x3", "br x9")
}
