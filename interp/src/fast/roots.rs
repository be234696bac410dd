//! The references in the frames of this tier.
//!
//! **What must never happen here:** a slot is taken for a reference that is none:
//! a collection would change it. The slots are those that translation says hold
//! references at the instruction where the frame waits.

use std::sync::PoisonError;

use bimetal_core::value::Slot;
use bimetal_runtime::activation::Activation;
use bimetal_runtime::gc::roots::RootVisitor;

use super::frames::{self, Frame};
use super::translate::safepoint;

/// Reports the references in the frames of an activation of this tier.
///
/// # Safety
/// As [`bimetal_runtime::gc::roots::WalkRoots`] says.
pub(super) unsafe fn visit(activation: &Activation, visit: &mut dyn RootVisitor) {
    // SAFETY: the same contract: nobody else looks at the frames; the slots are the
    // frame's own.
    unsafe {
        frames::each(activation, &mut |frame| {
            each(&frame, &mut |slot| visit.slot(&mut *frame.fp.add(slot).cast::<Slot>()));
        });
    }
}

/// Calls `visit` with every slot of a frame that holds a reference.
fn each(frame: &Frame<'_>, visit: &mut dyn FnMut(usize)) {
    let (defined, offset) = (frame.position.defined, frame.position.offset);
    let mut known = frame.tier.roots.lock().unwrap_or_else(PoisonError::into_inner);
    let func = known.entry(defined).or_default();
    if func.at(offset).is_none() {
        match safepoint::roots(frame.tier, defined, offset) {
            Ok(found) => func.add(found),
            // It has been translated before.
            Err(error) => unreachable!("{error}"),
        }
    }
    debug_assert!(func.at(offset).is_some(), "collections happen at safepoints only");
    func.at(offset).into_iter().flatten().for_each(|slot| visit(slot as usize));
}
