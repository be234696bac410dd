//! Where an exception is caught: a search through the frames of an activation.

use bimetal_core::value::Slot;
use bimetal_runtime::store::Store;
use bimetal_runtime::vmctx::{VmCtx, VmStore};

use super::code::FastModule;
use super::dispatch::{Fp, Ip};
use super::frames::Cursor;

/// The handler of the exception that is pending in the store: its cell, frame and
/// context. The exception is where the handler expects it, and no longer pending.
/// `None` if the store unwinds for another reason, or no frame of the innermost
/// activation, which is one of this tier, has a handler.
///
/// # Safety
/// The store is valid and not borrowed, and the activation's exit fields are
/// those of the innermost frame.
pub(super) unsafe fn land(store: *mut VmStore) -> Option<(Ip, Fp, *mut VmCtx)> {
    // SAFETY: the caller's promise; frames are as `frames` says.
    unsafe {
        let exception = Store::from_vm(store).pending_exception()?;
        let mut next = Cursor::innermost(&*(*store).activation);
        while let Some(cursor) = next {
            if let Some((ip, slot)) = handler(&cursor, exception) {
                *cursor.fp.add(slot as usize) = exception.bits();
                Store::from_vm(store).pending = None;
                return Some((ip, cursor.fp, cursor.cx));
            }
            next = cursor.caller();
        }
        None
    }
}

/// The handler of an exception in one frame, and the slot in which it expects the
/// exception.
///
/// # Safety
/// The frame is one of the running store, which is not borrowed.
unsafe fn handler(cursor: &Cursor, exception: Slot) -> Option<(Ip, u32)> {
    // SAFETY: the caller's promise.
    unsafe {
        let tier = FastModule::of(cursor.cx);
        // A return position is behind the call.
        let at = if cursor.is_return { cursor.ip.sub(1) } else { cursor.ip };
        let (defined, at) = tier.locate(at)?;
        let code = tier.func(defined)?;
        let store = Store::from_vm((*cursor.cx).store);
        let thrown = store.exception_tag(exception);
        let tags = (*(*cursor.cx).instance).tags();
        for table in code.try_tables.iter().filter(|table| table.body.contains(&at)) {
            for &(tag, position) in &table.clauses {
                if tag.is_none_or(|tag| Some(tags[tag.index()]) == thrown) {
                    return Some((code.base.add(position as usize).cast_const(), table.slot));
                }
            }
        }
        None
    }
}
